#!/bin/bash
# SPDX-License-Identifier: MIT
# What a mount costs: the same work on a directory and on its mount on another host (both here, a veth
# pair between them). Prints a table; fails only if something cannot be done at all.
. "$(dirname "$0")/../system/lib.sh"
hosts_up

MB=${MB:-256}
src=$TOP/a/src
mkdir -p "$src"
ref=$(metac_a fs export "local:$src")
mount_it() { metac_b fs mount "$ref" "$TOP/b/mnt"; }
remount() { # what the mount's kernel has cached is gone afterwards
	metac_b fs umount "$TOP/b/mnt" && mount_it
}
mount_it || { echo "not ok 1 - the mount"; echo "1..1"; exit 1; }

seconds() { # seconds COMMAND...
	local start end
	start=$(date +%s.%N)
	"$@" >/dev/null 2>"$TOP/error" || { echo "# $*: $(head -n 1 "$TOP/error")" >&2; echo 0; return; }
	end=$(date +%s.%N)
	awk "BEGIN { print $end - $start }"
}
row() { # row NAME UNIT AMOUNT SECONDS-LOCAL SECONDS-MOUNTED
	awk -v name="$1" -v unit="$2" -v n="$3" -v a="$4" -v b="$5" 'BEGIN {
		if (a <= 0 || b <= 0) { printf "# %-34s failed\n", name; exit 1 }
		printf "# %-34s %10.0f %10.0f %s\n", name, n / a, n / b, unit }'
	ok $? "$1"
}
create() { (cd "$1" && mkdir many && for ((i = 0; i < 2000; i++)); do echo $i >many/$i; done); }
look() { find "$1/many" -type f -size -2 -newermt 2000-01-01; }
read_many() { cat "$1"/many/*; }
remove() { rm -r "$1/many"; }

printf '# %-34s %10s %10s\n' "" here mounted
write_local=$(seconds dd if=/dev/zero of="$src/local" bs=1M count="$MB" conv=fsync)
write_mounted=$(seconds dd if=/dev/zero of="$TOP/b/mnt/mounted" bs=1M count="$MB" conv=fsync)
row "sequential write, synced" MiB/s "$MB" "$write_local" "$write_mounted"
remount
row "sequential read" MiB/s "$MB" "$(seconds dd if="$src/local" of=/dev/null bs=1M)" \
	"$(seconds dd if="$TOP/b/mnt/mounted" of=/dev/null bs=1M)"
row "creating small files" files/s 2000 "$(seconds create "$src")" \
	"$(mv "$src/many" "$src/old"; seconds create "$TOP/b/mnt")"
rm -rf "$src/old"
remount
row "looking at each" files/s 2000 "$(seconds look "$src")" "$(seconds look "$TOP/b/mnt")"
row "reading each" files/s 2000 "$(seconds read_many "$src")" "$(seconds read_many "$TOP/b/mnt")"
cp -r "$src/many" "$TOP/a/copy" && mkdir "$TOP/a/copied" && mv "$TOP/a/copy" "$TOP/a/copied/many"
row "removing each" files/s 2000 "$(seconds remove "$TOP/a/copied")" "$(seconds remove "$TOP/b/mnt")"
row "metac commands" commands/s 1 "$(seconds metac_a node address)" "$(seconds metac_b fs ls "$ref")"
metac_b fs umount "$TOP/b/mnt"
done_testing
