#!/bin/bash
# SPDX-License-Identifier: MIT
# mount.metac: mount -t metac, fstab, units of systemd.
. "$(dirname "$0")/lib.sh"
hosts_up

# mount(8) looks for helpers in /sbin; this mount namespace gets one of its own.
mkdir -p "$TOP/sbin/upper" "$TOP/sbin/work"
if ! mount -t overlay overlay -o "lowerdir=/usr/sbin,upperdir=$TOP/sbin/upper,workdir=$TOP/sbin/work" /usr/sbin; then
	echo "1..0 # SKIP no overlayfs here"
	exit 0
fi
ln -sfn "$BUILD/metac" /usr/sbin/mount.metac

src=$TOP/a/src
mnt=$TOP/b/mnt
mkdir -p "$src/sub" && echo hello >"$src/file" && printf '#!/bin/sh\n' >"$src/run" && chmod 755 "$src/run"
file=$TOP/b/photos.ref
(umask 077 && metac_a fs export "local:$src" >"$file")
on_b() { on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$@"; }

check "mount -t metac" on_b mount -t metac "$file" "$mnt"
check "it shows what is there" cmp "$src/file" "$mnt/file"
check "it can be written" bash -c "echo new >$mnt/new"
fails_with "mounting there again" 32 'there already' on_b mount -t metac "$file" "$mnt"
check "umount" on_b umount "$mnt"
check "nothing is mounted then" bash -c "! mountpoint -q $mnt"
check "the node knows that" wait_until 10 bash -c '! grep -q "$2" <<<"$(METAC_RUNTIME_DIR=$1 METAC_ADDRESS=$3 nsenter --net=$4 "$5" fs mounts)"' \
	_ "$TOP/b/run" "$mnt" $B /run/netns/${NS}b "$BUILD/metac"
check "options" on_b mount -t metac -o ro,noexec,timeout=30,x-systemd.automount,_netdev "$file" "$mnt"
check "ro, noexec, nosuid, nodev hold" bash -c "o=\$(findmnt -no VFS-OPTIONS $mnt); for w in ro noexec nosuid nodev; do [[ ,\$o, == *,\$w,* ]] || exit 1; done"
fails_with "nothing is written" 1 'Read-only file system' bash -c "echo x >$mnt/x"
check "umount by the command" metac_b fs umount "$mnt"
check "a reference itself" on_b mount -t metac "$(cat "$file")/sub" "$mnt"
check "umount again" on_b umount "$mnt"
fails_with "an option nobody knows" 1 'unknown option .frobnicate' on_b mount -t metac -o frobnicate "$file" "$mnt"
check "unless mount is told to be sloppy" on_b mount -s -t metac -o frobnicate "$file" "$mnt"
check "umount once more" on_b umount "$mnt"
check "-f does not mount" on_b mount -f -t metac "$file" "$mnt"
check "truly" bash -c "! mountpoint -q $mnt"
fails_with "a file that is not there" 32 'No such file' on_b /usr/sbin/mount.metac "$TOP/nothing" "$mnt"
echo nonsense >"$TOP/b/bad.ref"
fails_with "a file without a reference" 32 'neither local:/PATH nor a reference' bash -c "chmod 600 $TOP/b/bad.ref; METAC_RUNTIME_DIR=$TOP/b/run METAC_ADDRESS=$B nsenter --net=/run/netns/${NS}b /usr/sbin/mount.metac $TOP/b/bad.ref $mnt"
fails_with "no directory" 1 'usage' on_b /usr/sbin/mount.metac "$file"
chmod 644 "$file"
check "a warning that others may read the file" bash -c 'grep -q "others may read" <<<"$1"' _ \
	"$(on_b mount -t metac "$file" "$mnt" 2>&1)"
check "it is mounted all the same" cmp "$src/file" "$mnt/file"
umount "$mnt"
chmod 600 "$file"

# ---- fstab
fstab=$TOP/fstab
echo "$file $mnt metac ro,_netdev,nofail,x-systemd.automount 0 0" >"$fstab"
check "mount -a" on_b mount -a -T "$fstab"
check "the line is mounted" cmp "$src/file" "$mnt/file"
check "umount by its directory" on_b umount "$mnt"
check "mount by its directory" on_b mount -T "$fstab" "$mnt"
check "umount in the end" on_b umount "$mnt"

# ---- systemd
units_of_the_manual() { # the example units, as they stand in mount.metac(8)
	python3 - "$1" "$2" <<-'EOF'
	import re, sys
	page, target = sys.argv[1:]
	blocks = re.findall(r'^\.Bd -literal\n(.*?)^\.Ed', open(page).read(), re.S | re.M)
	mount = next(b for b in blocks if '[Mount]' in b)
	auto = next(b for b in blocks if '[Automount]' in b)
	open(target + '/mnt-photos.mount', 'w').write(mount)
	open(target + '/mnt-photos.automount', 'w').write(auto)
	EOF
}
if command -v systemd-analyze >/dev/null; then
	root=$(cd "$(dirname "$0")/../.." && pwd)
	mkdir "$TOP/units" && cp "$root/dist/systemd/metacd@.service" "$TOP/units"
	sed -i "s#/usr/sbin/metacd#$BUILD/metacd#" "$TOP/units/metacd@.service"
	check "the units of the manual page" units_of_the_manual "$root/man/mount.metac.8" "$TOP/units"
	out=$(SYSTEMD_UNIT_PATH="$TOP/units:" systemd-analyze verify --man=no "$TOP/units/mnt-photos.mount" \
		"$TOP/units/mnt-photos.automount" 2>&1 | grep mnt-photos)
	check "systemd has nothing to say against them" test -z "$out"
	[ -z "$out" ] || echo "# $out"
fi

done_testing
