#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages: mandoc finds nothing to complain about, and their synopses say what the command's
# own tables say.  METAC is the command.
set -u
cd "$(dirname "$0")/../../man" || exit 1
n=0
result() { # result STATUS TEXT REMARK
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		echo "$3" | sed 's/^/# /'
	fi
}

for page in *.[1-9]; do
	if ! command -v mandoc >/dev/null; then
		n=$((n + 1))
		echo "ok $n - $page # SKIP there is no mandoc"
		continue
	fi
	out=$(mandoc -Tlint -Wstyle "$page" 2>&1)
	[ -z "$out" ]
	result $? "$page is clean mdoc" "$out"
done

for noun in fs file block net stream obj ref node; do
	page=metac-$noun.1
	want=$("${METAC:-../build/metac}" --synopsis "$noun")
	have=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$page" | sed '1d;$d')
	[ -n "$want" ] && [ "$want" = "$have" ]
	result $? "$page has the synopsis of the verb table" "wanted: $want"
done
echo "1..$n"
