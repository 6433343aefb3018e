#!/bin/bash
# SPDX-License-Identifier: MIT
# libvat as a stranger gets it: installed below a prefix, used by a project outside this tree.  The project
# is the one that docs/ten-minutes.md tells how to write; its commands are run as they stand there.
# BUILD: the build folder.  SANITIZE: flags that the library was built with.
set -u
tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
n=0
result() { # result STATUS TEXT
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$work/log" | tail -n 40
	fi
}

pc() { # pc VARIABLE
	PKG_CONFIG_PATH=$BUILD/dist/libvat pkg-config --variable="$1" vat
}
meson install -C "$BUILD" --no-rebuild --tags libvat --destdir "$work/root" >"$work/log" 2>&1
result $? "installs alone"
root=$work/root$(pc prefix)
export LD_LIBRARY_PATH=$work/root$(pc libdir)
export PATH=$root/bin:$PATH
export PKG_CONFIG_PATH=$LD_LIBRARY_PATH/pkgconfig
sed -i "s|^prefix=|&$work/root|" "$PKG_CONFIG_PATH/vat.pc" # where it would be without --destdir

(cd "$work/root" && find . -type f -o -type l | sort) >"$work/log"
for f in bin/capnpc-vat include/vat.capnp include/vat/rpc.h include/vat/loop.h include/vat/io.h; do
	[ -f "$root/$f" ]
	result $? "has $f"
done
[ -L "$LD_LIBRARY_PATH/libvat.so" ] && [ -L "$LD_LIBRARY_PATH/libvat.so.0" ]
result $? "has libvat.so and libvat.so.0"

# What the headers declare is what the library has, in both forms.
sed '/^#/d' "$root"/include/vat/*.h | sed 's/^VAT_SLOW_/VAT_API/' | tr '\n' ' ' | tr -s ' \t' ' ' | grep -o 'VAT_API [^;{]*[;{]' |
	sed 's/(.*//; s/[;{].*//; s/\[.*//; s/ *$//; s/.*[ *]//' | grep '^vat_' |
	sort -u >"$work/declared"
nm -D --defined-only "$LD_LIBRARY_PATH/libvat.so" | awk '$2 ~ /[TDBRVW]/ { print $3 }' |
	grep -v '^__odr_asan' | sort -u >"$work/exported"
sed -i '/^LIBVAT_/d' "$work/exported"
grep -v '@@LIBVAT_' "$work/exported" >"$work/log"
[ -s "$work/exported" ] && [ ! -s "$work/log" ]
result $? "every exported symbol has a version"
sed 's/@.*//' "$work/exported" | diff "$work/declared" - >"$work/log"
result $? "libvat.so exports what the headers declare, and nothing else"
nm -g --defined-only "$LD_LIBRARY_PATH/libvat.a" | awk 'NF == 3 { print $3 }' |
	grep -v '^__odr_asan' | sort -u | diff "$work/declared" - >"$work/log"
result $? "so does libvat.a"
[ "$(wc -l <"$work/declared")" -gt 100 ]
result $? "the headers declare something"
objdump -p "$LD_LIBRARY_PATH/libvat.so" >"$work/log"
grep -q 'SONAME *libvat\.so\.0$' "$work/log"
result $? "the soname is libvat.so.0"
! grep 'NEEDED' "$work/log" | grep -v 'libc\.so\|libasan\|libubsan\|ld-linux\|libm\.so\|libgcc' >"$work/log2"
result $? "needs the C library only"

# The page, as it stands.
mkdir "$work/page"
python3 "$tree/test/install/page.py" extract "$tree/docs/ten-minutes.md" "$work/page"
export CFLAGS="-O1 -g -Wall -Wextra -Werror -Wno-unused-parameter $SANITIZE"
export LDFLAGS="$SANITIZE"
python3 "$tree/test/install/page.py" run "$tree/docs/ten-minutes.md" "$work/page" >"$work/log" 2>&1
result $? "the commands of docs/ten-minutes.md do what it says"

# The same project in each language and against each library.
try() { # try NAME COMMAND...: builds, then client (and server) talk
	local name=$1
	shift
	rm -f "$work/s"
	if (cd "$work/page" && "$@") >"$work/log" 2>&1; then
		(cd "$work/page" && exec ./server "unix:$work/s") >"$work/server.log" 2>&1 &
		local pid=$!
		for _ in $(seq 100); do [ -S "$work/s" ] && break || sleep 0.05; done
		(cd "$work/page" && ./client "unix:$work/s") >"$work/log" 2>&1
		local status=$?
		kill "$pid" && wait "$pid" 2>/dev/null
		grep -q '^Hello, ' "$work/log" && [ $status = 0 ]
		result $? "$name"
	else
		result 1 "$name"
	fi
}
for cc in gcc clang; do
	if ! command -v $cc >/dev/null || { [ -n "$SANITIZE" ] && [ $cc = clang ]; }; then
		continue # the sanitizers of two compilers do not mix
	fi
	for std in c11 c17; do
		try "$cc -std=$std, shared" make -B CC=$cc CFLAGS="$CFLAGS -std=$std -pedantic $(pkg-config --cflags vat)"
	done
	try "$cc, static" make -B CC=$cc LDLIBS="$LD_LIBRARY_PATH/libvat.a"
	ldd "$work/page/client" >"$work/log" 2>&1
	! grep -q libvat "$work/log"
	result $? "$cc, static: no libvat.so needed"
done
cxx() {
	# shellcheck disable=SC2086 # lists of words
	g++ -std=c++17 -pedantic $CFLAGS $(pkg-config --cflags vat) -I. "$tree/test/install/client.cpp" \
		hello.capnp.o -o client $(pkg-config --libs vat)
}
try "g++ -std=c++17" cxx
echo "1..$n"
