#!/bin/bash
# SPDX-License-Identifier: MIT
# A change made on one host is seen on the other within a second, whatever was cached there; and what
# did not change is not asked for again.
. "$(dirname "$0")/lib.sh"
hosts_up

ROUNDS=${ROUNDS:-1000}
src=$TOP/a/tree
mkdir -p "$src/warm" "$src/changes" "$TOP/b/one" "$TOP/b/two"
ref=$(metac_a fs export --persistent "local:$src")
one=$TOP/b/one
two=$TOP/b/two
check "a mount" metac_b fs mount --persistent "$ref" "$one"
check "a second one of the same tree" metac_b fs mount --persistent "$ref" "$two"

changes() { # changes TEXT WRITER READER ROUNDS
	local text=$1 said
	if said=$("$BUILD/test/system/coherence" "$2/changes" "$3/changes" "$4"); then
		ok 0 "$text: $(tail -n 1 <<<"$said")"
	else
		ok 1 "$text"
		head -n 30 <<<"$said" | sed 's/^#* */# /'
	fi
	rm -rf "$src/changes"/*
}

changes "from the exporter to an importer" "$src" "$one" "$ROUNDS"
changes "from an importer to the exporter" "$one" "$src" $((ROUNDS / 2))
changes "from one importer to another" "$one" "$two" $((ROUNDS / 2))

# ---- 50,000 entries, kept warm

make_tree() {
	local d
	for d in $(seq 100); do
		mkdir "$src/warm/d$d" && (cd "$src/warm/d$d" && seq -f f%g 500 | xargs touch) || return
	done
}

workers() { # of the mounts on host b
	pgrep -f 'metacd: mount|role=9p-mount' -P "$(pgrep -P "${DAEMON[b]}" -f -- '--role=fs')"
}

taken_in() { # what they have read, from the kernel and from their servers
	local pid sum=0
	for pid in $(workers); do
		sum=$((sum + $(sed -n 's/syscr: //p' "/proc/$pid/io")))
	done
	echo $sum
}

stat_all() { # all names of the list, as find sees them
	[ "$(cd "$one/warm" && xargs -a "$TOP/names" stat -c '%n %s %Y' | wc -l)" = 50000 ]
}

older_than_unwatched() { # what nobody watches is believed for a second at most
	sleep 1.2
}

check "a tree of 50,000 files is made" make_tree
(cd "$one/warm" && find . -type f) >"$TOP/names"
check "both mounts have a worker" test "$(workers | wc -l)" = 2
idle=$(taken_in)
check "they are looked at" stat_all
check "which asked for each" test $(($(taken_in) - idle)) -gt 5000
older_than_unwatched
before=$(taken_in)
check "and once more" stat_all
asked=$(($(taken_in) - before))
check "which asked nobody ($asked messages)" test $asked -lt 500
for f in d7/f1 d7/f500 d100/f250 d1/f1; do
	echo changed >"$src/warm/$f"
	check "a change of $f among them is seen" wait_until 1 grep -q changed "$one/warm/$f"
done
mv "$src/warm/d50" "$src/warm/moved"
check "so is a directory's new name" wait_until 1 test -e "$one/warm/moved/f1"
check "the old one is gone" test ! -e "$one/warm/d50"

# ---- nothing of that survives the connection

stat_all_but_moved() { (cd "$one/warm" && grep -v '/d50/' "$TOP/names" | xargs stat -c %s >/dev/null); }
check "all are looked at again" stat_all_but_moved
stop_node a KILL
for i in $(seq 20 40); do
	rm "$src/warm/d$i/f7"
	echo longer than before >"$src/warm/d$i/f8"
	mv "$src/warm/d$i/f9" "$src/warm/d$i/new"
done
start_node a
ok $? "the exporter is back, with another tree"
all_seen() {
	local i
	for i in $(seq 20 40); do
		[ ! -e "$one/warm/d$i/f7" ] && [ "$(cat "$one/warm/d$i/f8")" = "longer than before" ] &&
			[ ! -e "$one/warm/d$i/f9" ] && [ -e "$one/warm/d$i/new" ] || return
	done
}
check "what changed meanwhile is seen" wait_until 60 all_seen
echo later >"$src/warm/d1/f2"
check "and what changes from then on" wait_until 2 grep -q later "$one/warm/d1/f2"
done_testing
