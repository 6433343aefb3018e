#!/bin/bash
# SPDX-License-Identifier: MIT
# `make demo' does what it shows, with a directory of awkward names too, and leaves nothing behind.
cd "$(dirname "$0")/../.." || exit 1
if [ "$(id -u)" != 0 ] || ! unshare --net --mount --pid --fork true 2>/dev/null; then
	echo "1..0 # SKIP needs root and namespaces"
	exit 0
fi
n=0
show() { # show STATUS TEXT FILE
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		tail -n 60 "$3" | sed 's/^/# /'
	fi
}
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
mkdir "$top/tmp" && export TMPDIR=$top/tmp

mkdir -p "$top/a dir/sub" && echo x >"$top/a dir/sub/-n" && echo y >"$top/a dir/ü \"q\""
ln -s /nonexistent "$top/a dir/dangling"
BUILD=${BUILD:-build} scripts/demo "$top/a dir" >"$top/out" 2>&1
show $? "it goes through with a directory of one's own" "$top/out"
grep -q '2 files, all the same' "$top/out"
show $? "it compares the whole directory" "$top/out"

BUILD=${BUILD:-build} scripts/demo "$top/missing" >"$top/out" 2>&1
[ $? = 1 ] && grep -q 'not a directory' "$top/out"
show $? "a directory that is missing is told" "$top/out"

# Interrupted half-way it goes away too: its first process in a host ends with everything in it.
BUILD=${BUILD:-build} setsid scripts/demo "$top/a dir" >"$top/out" 2>&1 &
pid=$!
for _ in $(seq 200); do
	grep -q 'fs export' "$top/out" && break
	sleep 0.05
done
kill -TERM $pid
wait $pid
! pgrep -s $pid >"$top/left"
show $? "interrupted, it leaves no process" "$top/left"
ls -A "$top/tmp" >"$top/left"
[ ! -s "$top/left" ]
show $? "and no files" "$top/left"
echo "1..$n"
