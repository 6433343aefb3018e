#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The Linux kernel's 9P client against our server: a Debian kernel boots under QEMU (emulated, no
# KVM wanted) with a small initial file system, mounts the server over TCP and runs 9p-guest.c.
#
#	9p-kernel.sh CACHE-DIRECTORY 9P-SERVE
#
# Skips when the kernel package, QEMU or a static C library can not be had.
set -u
cache=$1 serve=$(readlink -f "$2")
here=$(dirname "$(readlink -f "$0")")

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

for tool in qemu-system-x86_64 busybox cpio depmod modprobe dpkg-deb xz cc; do
	PATH=$PATH:/sbin:/usr/sbin command -v $tool >/dev/null || skip "no $tool"
done
PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$cache" && cd "$cache" || exit 1
work=$(mktemp -d) || exit 1
server=
trap '[ -n "$server" ] && kill "$server"; rm -rf "$work"' EXIT

. "$here/guest-kernel.sh"

# The initial file system: busybox, the modules in their order, the test.
root=$work/root
mkdir -p "$root"/{bin,dev,proc,lib}
cp "$(command -v busybox)" "$root/bin/busybox" || exit 1
cc -O1 -static -D_GNU_SOURCE -std=gnu17 -o "$root/bin/9p-guest" "$here/9p-guest.c" 2>"$work/cc.log" ||
	skip "cannot link statically: $(tail -n 1 "$work/cc.log")"
for m in virtio_pci virtio_net 9pnet_fd 9p; do
	modprobe -d . -S "$release" --show-depends $m
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$work/modules"
while read -r m; do
	cp "$m" "$root/lib/" && echo "insmod /lib/$(basename "$m")"
done <"$work/modules" >"$work/insmods"

mkdir "$work/tree"
"$serve" 127.0.0.1:0 "$work/tree" >"$work/port" 2>"$work/serve.log" &
server=$!
for _ in $(seq 100); do
	[ -s "$work/port" ] && break
	sleep 0.05
done
port=$(cat "$work/port")
[ -n "$port" ] || { echo "1..1"; echo "not ok 1 - the server does not start"; exit 1; }

cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
. /insmods
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
9p-guest $port
echo 9p-guest-ended
poweroff -f
END
cp "$work/insmods" "$root/insmods"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd" || exit 1

timeout 100 qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -m 384 -smp 1 -nographic \
	-nodefaults -serial stdio -no-reboot -kernel "$kernel" -initrd "$work/initrd" \
	-append "console=ttyS0 quiet reboot=t panic=-1 mitigations=off random.trust_cpu=1" \
	-netdev user,id=n -device virtio-net-pci,netdev=n,romfile= \
	</dev/null >"$work/console" 2>"$work/qemu.log"

tr -d '\r' <"$work/console" | grep -E '^(1\.\.|ok |not ok |# )'
if ! grep -q 9p-guest-ended "$work/console"; then
	echo "not ok - the guest did not come to its end"
	tail -n 20 "$work/console" "$work/qemu.log" "$work/serve.log" | sed 's/^/# /'
	exit 1
fi
left=$(ls -A "$work/tree")
[ -z "$left" ] || { echo "# left behind: $left"; exit 1; }
# A worker that was killed for what it did would have said so.
grep -q "AddressSanitizer\|runtime error" "$work/serve.log" && { sed 's/^/# /' "$work/serve.log"; exit 1; }
! grep -q '^not ok' "$work/console"
