#!/bin/sh
# SPDX-License-Identifier: MIT
# What metacd-worker loads: each library is time and private memory of each transfer.  WORKER is the program.
n=0
for lib in $(readelf -d "$WORKER" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
	n=$((n + 1))
	case $lib in
	libc.so.* | libseccomp.so.* | libfuse3.so.* | ld-linux* | libpthread.so.*) echo "ok $n - $lib" ;;
	libasan.so.* | libubsan.so.* | libtsan.so.* | libgcov* | libm.so.* | libgcc_s.so.*) echo "ok $n - $lib" ;; # sanitizers
	*) echo "not ok $n - $lib: what of it do the roles in src/role/worker.c need?" ;;
	esac
done
echo "1..$n"
[ $n -gt 1 ]
