#!/bin/sh
# SPDX-License-Identifier: MIT
# Random messages of every kind of type as text and as JSON, from the library and from the capnp
# command: the same bytes. SEED and N (messages of each type) may be set.
# shellcheck source=test/gen/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$root/test/schema" || exit 1
seed=${SEED:-$(date +%s)} count=${N:-200}
echo "# SEED=$seed N=$count"

compare() { # schema, type, format, capnp's format and options
	schema=$1 type=$2 format=$3
	shift 3
	: >"$out/theirs"
	"$PRINT_TOOL" print "$out/request" "$type" "$format" <"$out/messages" >"$out/ours" 2>"$out/log" &&
		"$CAPNP" convert "binary:$@" -I"$root/schema" "$schema" "$type" <"$out/messages" \
			>"$out/theirs" 2>"$out/log" && cmp "$out/ours" "$out/theirs" >>"$out/log"
	status=$?
	if [ $status -ne 0 ]; then
		head -3 "$out/log" | sed 's/^/# /'
		diff "$out/theirs" "$out/ours" | head -6 | cut -c1-300 | sed 's/^/# /'
	fi
	result $status "$type of $schema as $format"
}

# The random messages' JSON, read by the library and by the command, is the same messages again.
parse() { # schema, type
	# The command takes the letters in \u001f for other digits, and two slashes for a comment.
	"$PRINT_TOOL" print "$out/request" "$2" json <"$out/messages" |
		sed 's/\\u001f/\\u0011/g; s/\\u000b/\\u0010/g; s,/,A,g' >"$out/json"
	"$PRINT_TOOL" parse "$out/request" "$2" json <"$out/json" >"$out/parsed" 2>"$out/log" &&
		"$PRINT_TOOL" print "$out/request" "$2" json <"$out/parsed" >"$out/ours" &&
		"$CAPNP" convert json:binary -I"$root/schema" "$1" "$2" <"$out/json" >"$out/parsed" \
			2>"$out/log" &&
		"$PRINT_TOOL" print "$out/request" "$2" json <"$out/parsed" >"$out/theirs" &&
		cmp "$out/ours" "$out/theirs" >>"$out/log"
	status=$?
	if [ $status -ne 0 ]; then
		head -3 "$out/log" | sed 's/^/# /'
		diff "$out/theirs" "$out/ours" | head -6 | cut -c1-300 | sed 's/^/# /'
	fi
	result $status "$2 of $1 read from JSON"
}

check() { # schema, types... ; those that end in + as JSON too
	schema=$1
	shift
	"$CAPNP" compile -o- -I"$root/schema" "$schema" >"$out/request" || exit 1
	for t; do
		type=${t%+}
		"$PRINT_TOOL" random "$out/request" "$type" "$seed" "$count" >"$out/messages" ||
			exit 1
		compare "$schema" "$type" text text --short
		compare "$schema" "$type" text-pretty text
		[ "$t" = "$type" ] && continue
		compare "$schema" "$type" json json --short
		compare "$schema" "$type" json-pretty json
		parse "$schema" "$type"
	done
}

check alltypes.capnp AllTypes+ Inner+
check constructs.capnp Scalars+ Defaults+ Pointers Lists Unions Groups+ Branded Brands Deep \
	NanDefaults+
[ ! -e /usr/include/capnp/compat/json.capnp ] || check json.capnp Json+

finish
