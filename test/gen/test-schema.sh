#!/bin/sh
# SPDX-License-Identifier: MIT
# What schemas at run time cost: nothing in a program that asks for none, if the linker drops
# unreferenced sections, and nothing at all with -DVAT_NO_SCHEMAS.
# shellcheck source=test/gen/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$out" || exit 1

"$CAPNP" compile -o"$CAPNPC_VAT:$out" --src-prefix="$root/test/schema" -I"$root/schema" \
	"$root/test/schema/alltypes.capnp" || exit 1
echo '#include "alltypes.capnp.h"
const void *volatile kept;
int main(void) { kept = alltypes_inner_schema().file; return !kept; }' >with.c
echo 'int main(void) { return 0; }' >without.c

for options in "-O0 -fPIE -pie" "-O2 -fno-pie -no-pie" "-O2 -fPIE -pie"; do
	for program in with without; do
		# shellcheck disable=SC2086
		$CC $options -Wl,--gc-sections -I"$root/include" -I. -o $program $program.c \
			alltypes.capnp.c || exit 1
	done
	nm with | grep -q alltypes_schema_file_words_
	result $? "the schema is in a program that asks for it ($options)"
	! nm without | grep -q alltypes_schema_file
	result $? "it is dropped from one that does not ($options)"
done
$CC -DVAT_NO_SCHEMAS -I"$root/include" -I. -c alltypes.capnp.c &&
	! nm alltypes.capnp.o | grep -q schema_file
result $? "it can be left out"

finish
