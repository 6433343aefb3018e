#!/bin/sh
# SPDX-License-Identifier: MIT
# The generated code under every compiler that is here: the sources as C11 and C17, the headers
# alone and as C++17, with all warnings as errors.
# shellcheck source=test/gen/lib.sh
. "$(dirname "$0")/lib.sh"

# What a user of the generator may compile with; the project's own build adds its own flags to this.
warnings="-Wall -Wextra -Wpedantic -Werror -Wshadow -Wundef -Wvla -Wwrite-strings -Wcast-align
	-Wformat=2 -Wimplicit-fallthrough -Wredundant-decls"
c_warnings="-Wstrict-prototypes -Wmissing-prototypes -fno-common"

# A compiler that is there, and not the same one under another name.
seen=
here() {
	path=$(readlink -f "$(command -v "$1")") || return 1
	case "$seen" in *":$path:"*) return 1 ;; esac
	seen="$seen:$path:"
}

generate() { # source prefix, files
	prefix=$1
	shift
	"$CAPNP" compile -o"$CAPNPC_VAT:$out" --src-prefix="$prefix" -I"$root/schema" "$@"
}

compile() { # compiler, options, files...
	compiler=$1 options=$2
	shift 2
	# shellcheck disable=SC2086
	"$compiler" -fsyntax-only -I"$root/include" -I"$out" $options "$@" >"$out/log" 2>&1
	status=$?
	head -20 "$out/log" | sed 's/^/# /'
	return $status
}

generate "$root/test/schema" "$root"/test/schema/constructs.capnp \
	"$root"/test/schema/constructs-other.capnp
result $? "test/schema is generated"
generate "$root/schema" "$root"/schema/block.capnp "$root"/schema/fs.capnp "$root"/schema/metac.capnp \
	"$root"/schema/persistence.capnp "$root"/schema/stream.capnp
result $? "schema is generated"

system=/usr/include/capnp
if [ -e $system/rpc.capnp ]; then
	generate /usr/include $system/c++.capnp $system/persistent.capnp $system/rpc.capnp \
		$system/rpc-twoparty.capnp $system/schema.capnp $system/stream.capnp \
		$system/compat/json.capnp &&
		mv "$out"/capnp/compat/* "$out"/capnp/
	result $? "the schemas that come with Cap'n Proto are generated"
fi

for compiler in gcc clang-14 clang; do
	here "$compiler" || continue
	for std in c11 c17 gnu17; do
		# shellcheck disable=SC2046
		compile "$compiler" "-std=$std $warnings $c_warnings" $(find "$out" -name "*.capnp.c")
		result $? "sources as $std with $compiler"
	done
done
find "$out" -name "*.capnp.h" | while read -r h; do
	echo "#include \"${h##*/}\"" >"${h%.h}.cc"
done
seen=
for compiler in g++ clang++-14 clang++; do
	here "$compiler" || continue
	# shellcheck disable=SC2046
	# -Wshadow takes the library's functions named like their structs for hidden constructors.
	compile "$compiler" "-std=c++17 -x c++ $warnings -Wno-shadow" $(find "$out" -name "*.capnp.cc")
	result $? "headers as c++17 with $compiler"
	# shellcheck disable=SC2046
	compile "$compiler" "-std=c++17 -x c++ $warnings -Wno-shadow" $(find "$out" -name "*.capnp.c")
	result $? "sources as c++17 with $compiler"
done

finish
