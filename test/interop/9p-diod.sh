#!/bin/bash
# SPDX-License-Identifier: MIT
#
# diod's own client tools against our server: listing, reading, other users, errors.
#
#	9p-diod.sh 9P-SERVE
set -u
serve=$1
PATH=$PATH:/usr/sbin
if ! command -v diodls >/dev/null || ! command -v diodcat >/dev/null; then
	echo "1..0 # SKIP diod's tools are not installed"
	exit 0
fi

work=$(mktemp -d) || exit 1
server=
trap '[ -n "$server" ] && kill "$server"; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/tree/dir/sub"
head -c 3000000 /dev/urandom >"$work/tree/big"
echo hello >"$work/tree/dir/hello"
echo secret >"$work/tree/secret" && chmod 600 "$work/tree/secret"
ln -s hello "$work/tree/dir/link"
for i in $(seq 1000); do : >"$work/tree/dir/sub/entry-$i"; done

"$serve" 127.0.0.1:0 "$work/tree" >"$work/port" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
	[ -s "$work/port" ] && break
	sleep 0.05
done
at="-s 127.0.0.1:$(cat "$work/port") -a / -t 20"

n=0 failed=0
check() { # name, command...
	local name=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		head -n 5 "$work/out" | sed 's/^/# /'
	fi
}

lists_root() { [ "$(diodls $at | sort | tr '\n' ' ')" = "big dir secret " ]; }
lists_long() { diodls $at -l dir | grep -q 'hello'; }
lists_many() { [ "$(diodls $at dir/sub | sort)" = "$(ls "$work/tree/dir/sub" | sort)" ]; }
lists_many_slowly() { [ "$(diodls $at -m 4096 dir/sub | wc -l)" = 1000 ]; }
reads() { [ "$(diodcat $at dir/hello)" = hello ]; }
reads_big() { diodcat $at "$@" big | cmp - "$work/tree/big"; }
reads_two() { [ "$(diodcat $at dir/hello secret | tr '\n' ' ')" = "hello secret " ]; }
refuses_user() { diodcat $at -u 1000 dir/hello | grep -q hello && ! diodcat $at -u 1000 secret; }
refuses_missing() { ! diodcat $at missing 2>"$work/err" && grep -qi 'no such file' "$work/err"; }
refuses_directory() { ! diodcat $at dir; }
refuses_other_tree() { ! diodls -s "127.0.0.1:$(cat "$work/port")" -a /etc; }
no_complaint() { ! grep -q "AddressSanitizer\|runtime error\|cannot" "$work/log"; }

echo 1..13
check "diodls lists the root" lists_root
check "diodls -l" lists_long
check "diodls lists a thousand entries" lists_many
check "diodls with messages of 4 KiB" lists_many_slowly
check "diodcat reads a file" reads
check "diodcat reads 3 MB" reads_big
check "diodcat reads 3 MB in messages of 1 MiB" reads_big -m 1048576
check "diodcat reads two files" reads_two
check "another user has his own rights" refuses_user
check "a missing file" refuses_missing
check "a directory can not be read" refuses_directory
check "there is but one tree" refuses_other_tree
check "the server has nothing to complain of" no_complaint
exit $failed
