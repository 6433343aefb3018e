#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Block devices with the Linux kernel's own NBD client, which the kernel that tests run on need not have: host B is a
# Debian kernel under QEMU (emulated, no KVM wanted) whose only file system is in memory and holds the node, the
# command and what else is run, joined to host A's network by a bridge.
#
#	nbd-kernel.sh CACHE-DIRECTORY NBD-SERVE
#
# Skips when the kernel package or QEMU can not be had, or this is not root.
cache=$1 serve=$(readlink -f "$2")
mkdir -p "$cache" && cache=$(cd "$cache" && pwd)
here=$(dirname "$(readlink -f "$0")")
. "$here/../system/lib.sh"

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

PATH=$PATH:/sbin:/usr/sbin
for tool in qemu-system-x86_64 busybox cpio depmod modprobe dpkg-deb xz nbd-client mkfs.ext4 debugfs; do
	command -v $tool >/dev/null || skip "no $tool"
done
[ -c /dev/net/tun ] || skip "no tap devices here"
network_up || skip "no network namespaces here"
work=$TOP/guest root=$TOP/guest/root
mkdir -p "$root"/{bin,dev,proc,sys,run,tmp,mnt,lib,etc,root,var/lib}
cd "$cache" || exit 1
. "$here/guest-kernel.sh"

# ---- host B's file system
put() { # put PROGRAM...: with the libraries it wants, where it wants them
	local p l
	for p; do
		cp "$p" "$root/bin/" && ldd "$p" 2>/dev/null |
			sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[ \t]*\(\/lib[^ ]*ld-[^ ]*\).*/\1/p' |
			while read -r l; do
				[ -e "$root$l" ] || install -D "$l" "$root$l"
			done
	done
}
put "$(command -v busybox)" "$(command -v nbd-client)" "$(command -v mkfs.ext4)" "$BUILD/metac" "$BUILD/metacd" \
	"$BUILD/metacd-worker"
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
for m in virtio_pci virtio_net nbd loop fuse ext4 crc32c_generic; do
	modprobe -d . -S "$release" --show-depends $m
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$work/modules"
while read -r m; do
	cp "$m" "$root/lib/" && echo "insmod /lib/$(basename "$m")"
done <"$work/modules" >"$root/insmods"
cp "$here/nbd-guest.sh" "$root/test.sh"

cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root METAC_ADDRESS=$B ASAN_OPTIONS=detect_leaks=0
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
. /insmods
hostname hostb
ifconfig lo 127.0.0.1 up
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ip link set eth0 up
ip addr add $B/64 dev eth0
ip addr add 10.98.0.2/24 dev eth0
metacd --address $B >/tmp/log 2>&1 &
NODE=\$! B=$B
. /settings
echo
. /test.sh
echo guest-ended
poweroff -f
END
chmod +x "$root/init"

# ---- host A, and the bridge between them
A4=10.98.0.1
ip -n ${NS}b addr flush dev v0 && ip -n ${NS}b link add br0 type bridge && ip -n ${NS}b tuntap add t0 mode tap &&
	ip -n ${NS}b link set v0 master br0 && ip -n ${NS}b link set t0 master br0 &&
	ip -n ${NS}b link set t0 up && ip -n ${NS}b link set br0 up && ip -n ${NS}a addr add $A4/24 dev v0 ||
	skip "no bridge here"
start_node a || { show_logs; echo "not ok 1 - node a starts"; echo "1..1"; exit 1; }
data=$TOP/a/data
mkdir "$data"
for f in alone file device; do truncate -s 64M "$data/$f"; done
file=$(metac_a file export --persistent "local:$data/file")
device=$(metac_a block export --persistent "local:$data/device")
nsenter --net=/run/netns/${NS}a "$serve" $A4:0 "$data/alone" >"$TOP/port" 2>"$TOP/serve.log" &
server=$!
wait_until 10 test -s "$TOP/port"
cat >"$root/settings" <<END
A=$A A4=$A4 PORT=$(cat "$TOP/port")
FILE=$file
DEVICE=$device
VERBOSE=${VERBOSE:-}
END
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd" || exit 1

# ---- the guest
nsenter --net=/run/netns/${NS}b timeout "${GUEST_SECONDS:-400}" qemu-system-x86_64 -M q35 -accel tcg,thread=multi \
	-cpu max -m 1024 -smp 1 -nographic -nodefaults -serial stdio -no-reboot -kernel "$cache/$kernel" \
	-initrd "$work/initrd" \
	-append "console=ttyS0 quiet reboot=t panic=-1 mitigations=off random.trust_cpu=1" \
	-netdev tap,id=n,ifname=t0,script=no,downscript=no -device virtio-net-pci,netdev=n,romfile= \
	</dev/null >"$work/console" 2>"$work/qemu.log" &
qemu=$!

said() { # said WORD: waits until the guest says so; false when it has ended without
	until grep -q "^$1" "$work/console"; do
		kill -0 $qemu 2>/dev/null || { grep -q "^$1" "$work/console"; return; }
		sleep 0.1
	done
}
if said please-kill; then
	stop_node a KILL
	start_node a
fi
said please-grow && truncate -s 96M "$data/device"
if said please-restart; then # as another machine would: with another boot id
	stop_node a KILL
	cat /proc/sys/kernel/random/uuid >"$TOP/boot_id"
	mount --bind "$TOP/boot_id" /proc/sys/kernel/random/boot_id
	start_node a
fi
said please-revoke && metac_a ref rm "$file"
said guest-ended
ended=$?
wait $qemu
kill $server
wait $server 2>/dev/null

while read -r word text; do
	case $word in
	guest-ok) ok 0 "$text" ;;
	guest-not-ok) ok 1 "$text" ;;
	\#) echo "# $text" ;;
	esac
done < <(tr -d '\r' <"$work/console")
ok $ended "the guest came to its end"
[ $ended = 0 ] && [ $failures = 0 ] || tail -n 30 "$work/console" "$work/qemu.log" | tr -d '\r' | sed 's/^/# /'

# ---- what is left on host A
whole() { # whole IMAGE NAME: the file system is clean, and the file in it what was written
	e2fsck -fn "$1" && debugfs -R "dump /$2 $TOP/dumped" "$1" && cmp "$TOP/dumped" <(seq 1 1100000)
}
check "the file that nbd-client(8) was given is a clean file system" whole "$data/alone" by-nbd-client
check "and the one that was attached" whole "$data/device" by-attach
check "with what was written while its node was killed" whole "$data/device" ridden
! grep -q "AddressSanitizer\|runtime error" "$TOP/serve.log"
ok $? "the server has nothing to complain of"
done_testing
