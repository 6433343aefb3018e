#!/bin/sh
# SPDX-License-Identifier: MIT
# The generator's output for test/schema/constructs*.capnp, compared byte for byte with
# test/gen/golden/.  With --accept (ninja golden) the golden files are replaced by the present output.
# shellcheck source=test/gen/lib.sh
. "$(dirname "$0")/lib.sh"
schemas="constructs constructs-other"

cd "$root/test/schema" || exit 1
for s in $schemas; do set -- "$@" "$s.capnp"; done
accept=
[ "${1-}" = --accept ] && accept=yes && shift
"$CAPNP" compile -o"$CAPNPC_VAT:$out" -I"$root/schema" "$@"
status=$?
if [ -n "$accept" ]; then
	[ $status -eq 0 ] || exit 1
	mkdir -p "$root/test/gen/golden" && cp "$out"/*.capnp.[ch] "$root/test/gen/golden/"
	exit
fi

result $status "the constructs are generated"
for s in $schemas; do
	for e in h c; do
		diff -u "$root/test/gen/golden/$s.capnp.$e" "$out/$s.capnp.$e" >"$out/diff"
		status=$?
		head -40 "$out/diff" | sed 's/^/# /'
		result $status "$s.capnp.$e is as it was (ninja golden accepts a change)"
	done
done

mkdir "$out/again"
"$CAPNP" compile -o"$CAPNPC_VAT:$out/again" -I"$root/schema" "$@" &&
	cmp "$out/constructs.capnp.h" "$out/again/constructs.capnp.h"
result $? "a second run writes the same"

# Files one at a time: what is generated does not depend on what else is asked for.
mkdir "$out/single"
"$CAPNP" compile -o"$CAPNPC_VAT:$out/single" -I"$root/schema" constructs.capnp &&
	cmp "$out/constructs.capnp.h" "$out/single/constructs.capnp.h" &&
	cmp "$out/constructs.capnp.c" "$out/single/constructs.capnp.c"
result $? "a file generated alone is the same"

finish
