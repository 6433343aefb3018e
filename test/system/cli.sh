#!/bin/bash
# SPDX-License-Identifier: MIT
# The command's own manners: which node it uses, what it prints, how it fails and ends.
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/src
mkdir -p "$src/dir" && printf 'content\n' >"$src/file" && ln -s file "$src/link"
printf x >"$src/"$'new\nline' && printf x >"$src/"$'latin\xe4'
mkfifo "$src/fifo"
json() { # json EXPRESSION COMMAND...: the JSON printed, as `d', makes the expression true
	local expression=$1
	shift
	"$@" | python3 -c 'import json,sys; d=json.load(sys.stdin); assert eval(sys.argv[1]), d' "$expression"
}
status_is() { # status_is STATUS COMMAND...
	local want=$1 r
	shift
	"$@"
	r=$?
	[ $r = "$want" ] || { echo "status $r"; false; }
}

# ---- which node
check "the only node is found" env METAC_RUNTIME_DIR="$TOP/a/run" "$BUILD/metac" node address
mkdir -p "$TOP/both" && ln -s "$TOP"/a/run/* "$TOP"/b/run/* "$TOP/both/"
both() { env -u METAC_ADDRESS METAC_RUNTIME_DIR="$TOP/both" "$BUILD/metac" "$@"; }
fails_with "two nodes need a choice" 1 "several nodes .*$A, $B" both fs mounts
check "--node chooses" test "$(both node address --node $B)" = $B
check "METAC_ADDRESS chooses" test "$(METAC_ADDRESS=$A env METAC_RUNTIME_DIR="$TOP/both" "$BUILD/metac" node address)" = $A
check "node ls lists both" json 'len(d) == 2 and all(n["running"] and n["pid"] > 0 for n in d)' both node ls --json
fails_with "no node at all" 1 'start metacd' env METAC_RUNTIME_DIR="$TOP/none" "$BUILD/metac" fs mounts
fails_with "a node that is not here" 1 'no node fd00::77 on this host' both fs mounts --node fd00::77

# ---- use
fails_with "a missing argument" 2 'fs mount: missing PATH .*--help' metac_a fs mount x
fails_with "an option that does not belong" 2 'fs mounts: takes no --timeout' metac_a fs mounts --timeout 1s
fails_with "a time that is none" 2 'no length of time' metac_a fs export -t soon "local:$src"
fails_with "a URI that is none" 1 'neither local:/PATH nor a reference' metac_a fs export "$src"
fails_with "secrets do not show" 2 "unexpected argument .ref://\[$A\]/\.\.\.'" metac_a ref rm 1 "ref://[$A]/MQECAf9secret"
check "help on everything" bash -c '[[ $1 == *"fs mount URI PATH"*Example* ]]' _ "$("$BUILD/metac" --help)"
check "help on a verb" bash -c '[[ $1 == *Example* ]]' _ "$("$BUILD/metac" stream run --help)"

# ---- listings
ref=$(metac_a fs export "local:$src")
check "fs ls prints names as they are" cmp <(metac_b fs ls "$ref") <(cd "$src" && LC_ALL=C ls -1A --show-control-chars)
check "fs ls --json keeps every byte" json \
	'{e["name"] for e in d} >= {"dir","file","new\nline"} and [e for e in d if e.get("nameHex") == b"latin\xe4".hex()]' \
	metac_b fs ls --json "$ref"
check "fs ls -l has modes, sizes and targets" json \
	'[e for e in d if e["name"]=="file" and e["size"]==8 and e["mode"]==0o100644] and [e for e in d if e["name"]=="link" and e["target"]=="file"] and [e for e in d if e["type"]=="fifo"]' \
	metac_b fs ls -l --json "$ref"
check "fs ls -l as a table" bash -c 'grep -Eq "^-rw-r--r-- +1 +0 +0 +8 .* file$" <<<"$1"' _ "$(metac_b fs ls -l "$ref")"
check "fs ls of one file" test "$(metac_b fs ls "$ref" file)" = file
fails_with "fs ls of what is not there" 1 'nowhere: No such file' metac_b fs ls "$ref" dir/nowhere
check "a path in a reference" test "$(metac_b fs ls "$ref/dir/..//" 2>&1 | grep -c 'has .\.\.. in it')" = 1
printf 'deep' >"$src/dir/deep"
check "fs ls of a directory in a reference" test "$(metac_b fs ls "$ref/dir/")" = deep
check "fs ls of a file in a reference" test "$(metac_b fs ls "$ref/dir/deep")" = dir/deep
check "fs ls of a file here" test "$(metac_a fs ls "local:$src/dir/deep")" = deep
check "file cat of a file in a reference" test "$(metac_b file cat "$ref/dir/deep")" = deep
check "file write to a file in a reference" metac_b file write "$ref/dir/new" <"$src/file"
check "the file has what was written" cmp "$src/file" "$src/dir/new"
check "file cat from an offset" test "$(metac_b file cat --offset 5 "$ref/file")" = nt
check "file cat of a part" test "$(metac_b file cat --offset 1 --length 3 "$ref/file")" = ont
check "file cat past the end" test -z "$(metac_b file cat --offset 1G "$ref/file")"
fails_with "an offset that is none" 2 'no number of bytes' metac_b file cat --offset 1x "$ref/file"
check "file stat" json 'd[0]["size"] == 8 and d[0]["mode"] & 0o777 == 0o644' metac_b file stat --json "$ref/file"
fails_with "file stat of nothing" 1 'nowhere: No such file' metac_b file stat "$ref/nowhere"
fails_with "a path that is not there" 1 'nowhere: No such file' metac_b file cat "$ref/nowhere"
inner=$(metac_b fs export "$ref/dir")
check "fs export of a directory in a reference" test "$(metac_b fs ls "$inner")" = $'deep\nnew'
fails_with "a path where no file system is" 1 'a path follows' metac_a ref rm "$ref/dir"
rm -r "$src/dir/deep" "$src/dir/new"
many=$TOP/a/many
mkdir "$many" && (cd "$many" && seq -f 'entry-with-a-long-name-%05g' 6000 | xargs touch)
check "fs ls of very many" test "$(metac_a fs ls "local:$many" | wc -l)" = 6000
check "fs ls -l of very many" json 'len(d) == 6000 and all(e["mode"] == 0o100644 for e in d)' metac_a fs ls -l --json "local:$many"
metac_a fs ls "local:$many" 2>"$TOP/said" | head -n 1 >/dev/null
ok $((PIPESTATUS[0] != 141)) "a reader that has seen enough ends it quietly"
check "without a word" test ! -s "$TOP/said"
for listing in "fs mounts" "obj ls" "ref ls" "node ls" "node services"; do
	# shellcheck disable=SC2086 # words
	check "$listing --json is a list" json 'isinstance(d, list)' metac_a $listing --json
done

# ---- the wrong kind of thing
file=$(metac_a file export "local:$src/file")
fails_with "fs mount of a file" 1 'this is a file, not a directory' metac_b fs mount "$file" "$TOP/b/mnt"
fails_with "file cat of a directory's reference" 1 'this is a directory, not a file' metac_b file cat "$ref"
fails_with "stream cat of a file" 1 'this is a file, not a stream' metac_b stream cat "$file"
fails_with "a mount point that is not there" 1 'mount /nowhere: mount point: No such file' metac_b fs mount "$ref" /nowhere
fails_with "a reference to the other family" 1 'this node has an IPv6 address, that one IPv4' metac_b fs ls "${ref/\[$A\]/[192.0.2.1]}"
metac_a ref rm "$file"
export_to_full_disk() { metac_b fs export "local:$TOP/b" >/dev/full; }
fails_with "an export nobody sees" 1 'standard output: No space left' export_to_full_disk
check "leaves no reference behind" json 'd == []' metac_b ref ls --json

# ---- objects and references
id=$(metac_a ref ls --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
obj=$(metac_a obj ls --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
check "obj show by the beginning of its id" json "d['id'] == '$obj' and d['references'] == ['$id']" metac_a obj show --json "${obj:0:6}"
check "ref ls of one object" json "[r['id'] for r in d] == ['$id']" metac_a ref ls --json "${obj:0:6}"
fails_with "an id that is none" 1 'there is no such reference' metac_a ref rm 00ff00ff
fails_with "ref rm of another node's reference" 1 "belongs to node $A" metac_b ref rm "$ref"
new=$(metac_a ref rotate "${id:0:5}")
fails_with "a rotated reference is dead" 1 'no such reference' metac_b fs ls "$ref"
check "the new one works" metac_b fs ls "$new"
check "ref rm from standard input" metac_a ref rm - <<<"  $new  "
fails_with "and it is dead" 1 'no such reference' metac_b fs ls - <<<"$new"
short=$(metac_a fs export -t 1s "local:$src")
expired() { ! metac_b fs ls "$short" 2>/dev/null; }
check "--timeout ends a reference" wait_until 5 expired
keep=$(metac_a fs export --persistent "local:$src")
id=$(metac_a obj ls --json | python3 -c 'import json,sys; print([o["id"] for o in json.load(sys.stdin) if o["persistent"]][0])')
check "obj rm takes the references along" metac_a obj rm "$id"
fails_with "they are gone" 1 'no such reference' metac_b fs ls "$keep"

# ---- files
file=$(metac_a file export "local:$src/file")
check "file cat" test "$(metac_b file cat "$file")" = content
check "file write" metac_b file write "$file" < <(printf 'one\n')
check "file write --append" metac_b file write -a "$file" < <(printf 'two\n')
check "the content is there" test "$(cat "$src/file")" = $'one\ntwo'
check "reference and content from one standard input" metac_b file write - < <(printf '%s\nthree' "$file")
check "the first line is not content" test "$(cat "$src/file")" = three
head -c 20000000 /dev/urandom >"$TOP/a/big"
check "a large file is copied whole" cmp "$TOP/a/big" <(metac_b file cat "$(metac_a file export "local:$TOP/a/big")")
fails_with "file cat of what is not there" 1 'nowhere: No such file' metac_a file cat "local:$src/nowhere"
fails_with "file cat of a directory" 1 'Is a directory' metac_a file cat "local:$src/dir"
fails_with "file write of a read-only one" 1 'Read-only' metac_a file write "local:ro,$src/file" <<<x
to_full_disk() { metac_a file cat "local:$TOP/a/big" >/dev/full; }
fails_with "a full output" 1 'standard output: No space left' to_full_disk

# ---- streams
s=$(metac_a file open "local:$src/file")
w=$(metac_b file open --write "local:$TOP/b/copy")
check "stream cat" test "$(metac_b stream cat "$s" </dev/null)" = three
check "stream run ends with the command's status" status_is 7 metac_b stream run "$s" sh -c 'exit 7'
check "stream run tells of a signal" status_is 137 metac_b stream run "$s" sh -c 'kill -9 $$'
check "the stream is the command's input" test "$(metac_b stream run "$s" sh -c 'cat >&2' 2>&1)" = three
fails_with "a command that is not there" 1 'no-such-command: No such file' metac_b stream run "$s" no-such-command
check "stream bind ends when both have" metac_b stream bind "$s" "$w"
check "and has copied" cmp "$src/file" "$TOP/b/copy"

# ---- interrupts
mkfifo "$TOP/slow"
METAC_RUNTIME_DIR="$TOP/a/run" "$BUILD/metac" file write "local:$TOP/a/slow" <"$TOP/slow" &
pid=$!
exec 5>"$TOP/slow"
check "the file is opened" wait_until 10 test -e "$TOP/a/slow"
kill -TERM $pid
wait $pid
ok $(($? != 143)) "SIGTERM ends a copy at once"
exec 5>&-
done_testing
