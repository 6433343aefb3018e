#!/bin/bash
# SPDX-License-Identifier: MIT
# metac fs cp: between hosts, without a mount.
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/src
dst=$TOP/b/dst
mkdir -p "$src/dir/deep/empty" "$dst"
echo hello >"$src/file"
: >"$src/nothing"
head -c 20000000 /dev/urandom >"$src/big"
head -c 65536 /dev/urandom >"$src/edge"
head -c 65537 /dev/urandom >"$src/edge1"
truncate -s 300M "$src/sparse"
printf 'data in the middle' | dd of="$src/sparse" bs=1 seek=150000000 conv=notrunc 2>/dev/null
for i in $(seq 300); do echo "$i" >"$src/dir/deep/f$i"; done
ln -s "../file" "$src/dir/link"
ln -s nowhere "$src/dangling"
ln "$src/big" "$src/dir/hard"
ln "$src/big" "$src/dir/hard2"
mkfifo "$src/fifo"
mknod "$src/null" c 1 3
printf x >"$src/dir/"$'new\nline\xff'
chown 12:34 "$src/file" "$src/dir" && chmod 4711 "$src/big" && chmod 2770 "$src/dir"
setfattr -n user.note -v "some text" "$src/big" && setfattr -n user.note -v dir "$src/dir"
touch -d @1000000000.123456789 "$src/file" "$src/dir/deep" "$src"
touch -h -d @1000000001.987654321 "$src/dangling"
ref=$(metac_a fs export "local:$src")

look() { # everything about a tree that a copy keeps
	(cd "$1" && find . -printf '%P %M %U %G %s %y %l %T@ %n\n' | grep -v '^ *d' | sort &&
		find . -type d -printf '%P %M %U %G %T@\n' | sort && getfattr -R -d -m - . 2>/dev/null &&
		find . -type f -exec sha256sum {} + | sort -k 2)
}
same() { diff <(look "$1") <(look "$2"); }
json() { # json EXPRESSION TEXT
	python3 -c 'import json,sys; d=json.loads(sys.argv[2]); assert eval(sys.argv[1]), d' "$@"
}
blocks() { stat -c %b "$1"; }
no_leftovers() { ! find "$1" -name '.metac-*' | grep -q .; }

# ---- from there
check "a tree is copied to a new name" metac_b fs cp -r "$ref/" "$dst/tree"
check "all of it is the same" same "$src" "$dst/tree"
check "holes stay holes" test "$(blocks "$dst/tree/sparse")" -lt 100
check "nothing is left over" no_leftovers "$dst"
check "one file into a directory" metac_b fs cp "$ref/big" "$dst"
check "it is the same" cmp "$src/big" "$dst/big"
check "one file to a new name" metac_b fs cp "$ref/dir/deep/f7" "$dst/seven"
check "it is the same as well" cmp "$src/dir/deep/f7" "$dst/seven"
echo old >"$dst/seven"
check "what is there is replaced" metac_b fs cp "$ref/dir/deep/f7" "$dst/seven"
check "by the new content" cmp "$src/dir/deep/f7" "$dst/seven"
check "several into a directory" metac_b fs cp "$ref/file" "$ref/edge" "$dst/tree/dir"
check "both are there" cmp "$src/edge" "$dst/tree/dir/edge"
check "a directory goes into a directory by its name" metac_b fs cp -r "$ref/dir/deep" "$dst"
check "as it is" same "$src/dir/deep" "$dst/deep"
check "local: is the node's host" metac_b fs cp -r "$ref/dir" "local:$dst/by-node"
check "by way of the node it is the same" diff -r "$src/dir/deep" "$dst/by-node/deep"

# ---- to there, and there
check "a tree is copied to a reference" metac_b fs cp -r "$dst/tree/" "$ref/back"
check "it came back the same" same "$dst/tree" "$src/back"
check "inside one reference" metac_b fs cp -r "$ref/back" "$ref/again"
check "it is the same there" same "$src/back" "$src/again"
other=$(metac_b fs export "local:$dst")
check "from one reference to another" metac_a fs cp -r "$ref/again" "$other/third"
check "it is the same on the third" same "$src/again" "$dst/third"
rm -rf "$src/back" "$src/again" "$dst/third"

# ---- what goes wrong
fails_with "a directory without -r" 1 'is a directory \(use -r\)' metac_b fs cp "$ref/dir" "$dst/x"
fails_with "what is not there" 1 'nowhere: No such file' metac_b fs cp "$ref/nowhere" "$dst/x"
fails_with "neither side is a reference" 1 'use cp' metac_b fs cp "$dst/seven" "$dst/eight"
fails_with "into itself" 1 'inside the source' metac_b fs cp -r "$ref/dir" "$ref/dir/deep"
fails_with "several onto a file" 1 'destination: Not a directory' metac_b fs cp "$ref/file" "$ref/big" "$dst/seven"
mkdir -p "$dst/clash/file"
fails_with "a file where a directory is" 1 'file: Is a directory' metac_b fs cp "$ref/file" "$dst/clash"
check "leaves nothing behind" no_leftovers "$dst"
ro=$(metac_a fs export "local:ro,$src")
fails_with "to a read-only reference" 1 'Read-only file system' metac_b fs cp "$dst/seven" "$ro/x"
mkdir "$dst/guard" "$dst/outside" && ln -s ../outside "$dst/guard/dir"
metac_b fs cp -r "$ref/dir" "$dst/guard" >"$TOP/output" 2>&1
ok $(($? != 1)) "a link in the way is not followed"
check "nothing is written through it" test -z "$(ls -A "$dst/outside")"

mkdir "$dst/little" && mount -t tmpfs -o size=2m tmpfs "$dst/little"
fails_with "a full disk ends it" 1 'No space left on device' metac_b fs cp -r "$ref/" "$dst/little/tree"
check "without a leftover of what cannot be continued there" test ! -e "$dst/little/tree/big"
umount "$dst/little"

# ---- one that cannot be read does not stop the rest
limited=$(metac_a fs export "local:uid=65534,gid=65534,$src")
chmod 755 "$src" "$src/dir" && chmod 000 "$src/dir/deep/f13"
out=$(metac_b fs cp -r "$limited/dir/deep" "$dst/partial" 2>&1)
ok $(($? != 1)) "a file that cannot be read makes the status 1"
check "it is named" test "$out" = "metac: fs cp: partial/f13: Permission denied"
check "the others are there" test "$(find "$dst/partial" -type f | wc -l)" = 299
chmod 644 "$src/dir/deep/f13"

# ---- again
out=$(metac_b fs cp -r --resume --json "$ref/" "$dst/tree")
check "--resume copies only what is not there" json 'd["skipped"] > 300 and d["files"] <= 3 and d["errors"] == 0' "$out"
echo changed >"$src/dir/deep/f9"
out=$(metac_b fs cp -r --resume --json "$ref/dir/deep/" "$dst/tree/dir/deep")
check "and what has changed" json 'd["files"] == 1' "$out"
check "which is so brought up to date" cmp "$src/dir/deep/f9" "$dst/tree/dir/deep/f9"
head -c 400000000 /dev/zero | tr '\0' 'x' >"$src/huge"
interrupted() { # a copy is interrupted in the middle
	(exec_on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" \
		fs cp "$ref/huge" "$dst/huge") &
	local pid=$!
	wait_until 20 bash -c "[ \$(stat -c %s $dst/.metac-*.part) -gt 30000000 ]" || return
	kill -TERM "$pid"
	wait "$pid"
	[ $? = 143 ]
}
check "an interrupted copy" interrupted
check "leaves what it has" bash -c "[ -f $dst/.metac-*.part ] && ! [ -e $dst/huge ]"
printf MARK | dd of="$(echo "$dst"/.metac-*.part)" conv=notrunc 2>/dev/null
check "and is continued" metac_b fs cp --resume "$ref/huge" "$dst/huge"
check "not from the start" test "$(head -c 4 "$dst/huge")" = MARK
check "to the end" cmp <(tail -c +5 "$src/huge") <(tail -c +5 "$dst/huge")
check "nothing is left over then" no_leftovers "$dst"

# ---- the exporter is killed meanwhile
rm "$dst/huge"
rides_through() {
	metac_b fs cp -r "$ref/" "$dst/ride" &
	local pid=$!
	wait_until 20 bash -c "[ \$(stat -c %s $dst/ride/.metac-*.part | sort -n | tail -n 1) -gt 30000000 ]" || return
	stop_node a KILL
	start_node a
	wait "$pid"
}
persistent=$(metac_a fs export --persistent "local:$src")
ref=$persistent
check "a copy goes on when the exporter was killed and is back" rides_through
check "and all is there" same "$src" "$dst/ride"

done_testing
