#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd's unit lets metacd have every capability that one of its roles keeps.  METACD is the program.
unit=$(dirname "$0")/../../dist/systemd/metacd@.service
n=0
for cap in $("$METACD" --roles | awk -F' [|] ' 'NR > 2 && $3 != "none" { print $3 }' | tr ' ' '\n' | sort -u); do
	n=$((n + 1))
	if grep -q "^CapabilityBoundingSet=.*\<CAP_$cap\>" "$unit"; then
		echo "ok $n - $cap"
	else
		echo "not ok $n - $cap: a role keeps it, but the unit takes it away"
	fi
done
echo "1..$n"
[ $n -gt 5 ]
