#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Mounting with the kernel's own 9P client over a connection that is handed to it (fs_mount_v9fs), in a
# guest that has one: a Debian kernel under QEMU, whose root is this machine's, read-only.
#
#	v9fs.sh CACHE-DIRECTORY 9P-MOUNT
#
# Skips when the kernel package or QEMU can not be had.
set -u
cache=$1 tool=$(readlink -f "$2")
here=$(dirname "$(readlink -f "$0")")/../interop

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

PATH=$PATH:/sbin:/usr/sbin
for t in qemu-system-x86_64 busybox cpio depmod modprobe dpkg-deb xz; do
	command -v $t >/dev/null || skip "no $t"
done
mkdir -p "$cache" && cd "$cache" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
. "$here/guest-kernel.sh"

root=$work/root
mkdir -p "$root"/{bin,dev,proc,lib,host}
cp "$(command -v busybox)" "$root/bin/busybox" || exit 1
for m in virtio_pci 9pnet_virtio 9pnet_fd 9p; do
	modprobe -d . -S "$release" --show-depends $m
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$work/modules"
while read -r m; do
	cp "$m" "$root/lib/" && echo "insmod /lib/$(basename "$m")"
done <"$work/modules" >"$root/insmods"

cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
. /insmods
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,ro,cache=loose host /host
mount --bind /dev /host/dev
mount -t proc proc /host/proc
mount -t sysfs sys /host/sys
mount -t tmpfs tmp /host/mnt
mkdir /host/mnt/tree /host/mnt/m
cp /guest /host/mnt/guest
chroot /host /usr/bin/env PATH=/usr/bin:/bin:/usr/sbin:/sbin /bin/bash /mnt/guest
echo guest-ended
poweroff -f
END

cat >"$root/guest" <<END
echo # after what the firmware wrote
N=0
check() {
	N=\$((N + 1))
	if eval "\$2" >/mnt/out 2>&1; then
		echo "ok \$N - \$1"
	else
		echo "not ok \$N - \$1"
		sed 's/^/# /' /mnt/out
	fi
}
export ASAN_OPTIONS=detect_leaks=0
coproc TOOL { exec "$tool" \$1 --v9fs /mnt/tree /mnt/m 2>/mnt/log; }
while read -r -t 60 line <&\${TOOL[0]}; do [ "\$line" = ready ] && break; done
check "the kernel takes the connection" 'grep " /mnt/m " /proc/self/mountinfo | grep -q "9p metac:test .*trans=fd"'
check "without set-user-id programs and devices" 'grep " /mnt/m " /proc/self/mountinfo | grep nosuid | grep -q nodev'
check "files are written and read" 'echo hello >/mnt/m/f && grep -q hello /mnt/tree/f && grep -q hello /mnt/m/f'
check "directories, links, renaming" 'mkdir /mnt/m/d && ln /mnt/m/f /mnt/m/d/g && mv /mnt/m/d /mnt/m/e && grep -q hello /mnt/tree/e/g'
check "large files" 'head -c 5000000 /dev/urandom >/mnt/m/big && cmp /mnt/m/big /mnt/tree/big'
check "locks" 'flock -n /mnt/m/f true'
check "each user is himself" 'chmod 777 /mnt/m/e && setpriv --reuid 1001 --regid 1001 --clear-groups touch /mnt/m/e/mine && test "\$(stat -c %u:%g /mnt/tree/e/mine)" = 1001:1001'
eval "exec \${TOOL[1]}>&-"
wait \$TOOL_PID
check "unmounting ends the server" "test \$? = 0 || cat /mnt/log"
check "and leaves nothing" '! grep " /mnt/m " /proc/self/mountinfo'
echo "1..\$N"
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd" || exit 1

timeout 240 qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -m 1024 -smp 1 -nographic \
	-nodefaults -serial stdio -no-reboot -kernel "$kernel" -initrd "$work/initrd" \
	-append "console=ttyS0 quiet reboot=t panic=-1 mitigations=off random.trust_cpu=1" \
	-fsdev local,id=h,path=/,security_model=none,readonly=on,multidevs=remap \
	-device virtio-9p-pci,fsdev=h,mount_tag=host \
	</dev/null >"$work/console" 2>"$work/qemu.log"

tr -d '\r' <"$work/console" | grep -E '^(1\.\.|ok |not ok |# )'
if ! grep -q guest-ended "$work/console"; then
	echo "not ok - the guest did not come to its end"
	tail -n 20 "$work/console" "$work/qemu.log" | sed 's/^/# /'
	exit 1
fi
! grep -q '^not ok' "$work/console"
