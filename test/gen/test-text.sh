#!/bin/sh
# SPDX-License-Identifier: MIT
# Generated accessors against the capnp command: text/NAME.txt is what `capnp decode` must print of the
# message that text-tool writes, and what `capnp encode` makes the message of that text-tool reads.
# shellcheck source=test/gen/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root/test/schema" || exit 1

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

finish
