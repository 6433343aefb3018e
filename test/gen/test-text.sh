#!/bin/sh
# SPDX-License-Identifier: MIT
# Generated accessors against the capnp command: text/NAME.txt is what `capnp decode` must print of the
# message that text-tool writes, and what `capnp encode` makes the message of that text-tool reads.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root/test/schema" || exit 1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

n=0 failed=0
result() { # status, name
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

for text in "$root"/test/gen/text/*.txt; do
	name=$(basename "$text" .txt)
	type=${name%-*}
	"$TEXT_TOOL" write "$name" >"$out/message" &&
		"$CAPNP" decode -I"$root/schema" constructs.capnp "$type" <"$out/message" >"$out/text" &&
		diff -u "$text" "$out/text" >"$out/diff"
	status=$?
	sed 's/^/# /' "$out/diff"
	result $status "capnp decode shows what the setters of $name wrote"
	"$CAPNP" encode -I"$root/schema" constructs.capnp "$type" <"$text" >"$out/message" &&
		"$TEXT_TOOL" read "$name" <"$out/message"
	result $? "the getters of $name read what capnp encode made"
	"$CAPNP" encode --segment-size=1 -I"$root/schema" constructs.capnp "$type" <"$text" \
		>"$out/message" && "$TEXT_TOOL" read "$name" <"$out/message"
	result $? "the same with $name in many segments"
done

echo "1..$n"
exit $failed
