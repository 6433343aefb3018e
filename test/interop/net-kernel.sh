#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Joined interfaces under the kernel that Debian has: two hosts in two network namespaces of a guest, under QEMU
# (emulated, no KVM wanted), whose only file system is in memory and holds nodes, the command and what else is run.
#
#	net-kernel.sh CACHE-DIRECTORY
#
# Skips when the kernel package or QEMU can not be had, or this is not root.
cache=$1
mkdir -p "$cache" && cache=$(cd "$cache" && pwd)
here=$(dirname "$(readlink -f "$0")")
. "$here/../system/lib.sh"

skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

PATH=$PATH:/sbin:/usr/sbin
for tool in qemu-system-x86_64 busybox cpio depmod modprobe dpkg-deb xz ip bridge nft; do
	command -v $tool >/dev/null || skip "no $tool"
done
work=$TOP/guest root=$TOP/guest/root
mkdir -p "$root"/{bin,dev,proc,sys,run,tmp,mnt,lib,etc,root,var/lib}
cd "$cache" || exit 1
. "$here/guest-kernel.sh"

put() { # put PROGRAM...: with the libraries it wants, where it wants them
	local p l
	for p; do
		cp -L "$p" "$root/bin/" && ldd "$p" 2>/dev/null |
			sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[ \t]*\(\/lib[^ ]*ld-[^ ]*\).*/\1/p' |
			while read -r l; do
				[ -e "$root$l" ] || install -D "$l" "$root$l"
			done
	done
}
put "$(command -v busybox)" "$(command -v ip)" "$(command -v bridge)" "$(command -v nft)" "$BUILD/metac" "$BUILD/metacd" \
	"$BUILD/metacd-worker"
for t in guard guard-port guard-link guard-allow; do # with packets, so they say what this kernel does
	[ -x "$BUILD/src/test-net-$t" ] && put "$BUILD/src/test-net-$t"
done
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
for m in veth vxlan bridge 8021q tun nf_tables nft_limit nft_objref nft_counter nft_ct nft_masq nft_chain_nat cls_bpf sch_ingress fuse; do
	modprobe -d . -S "$release" --show-depends $m 2>/dev/null
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$work/modules"
while read -r m; do
	cp "$m" "$root/lib/" && echo "insmod /lib/$(basename "$m")"
done <"$work/modules" >"$root/insmods"
cp "$here/net-guest.sh" "$root/test.sh"
cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox --install -s /tmp
for f in /tmp/*; do [ -e "/bin/\${f##*/}" ] || ln -s busybox "/bin/\${f##*/}"; done
export PATH=/bin HOME=/root ASAN_OPTIONS=detect_leaks=0
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
. /insmods
hostname guest
VERBOSE=${VERBOSE:-}
echo
. /test.sh
echo guest-ended
poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd" || exit 1

timeout "${GUEST_SECONDS:-400}" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -m 1024 -smp 1 -nographic \
	-nodefaults -serial stdio -no-reboot -kernel "$cache/$kernel" -initrd "$work/initrd" \
	-append "console=ttyS0 quiet reboot=t panic=-1 mitigations=off random.trust_cpu=1" -nic none \
	</dev/null >"$work/console" 2>"$work/qemu.log"
grep -q ^guest-ended "$work/console"
ended=$?
while read -r word text; do
	case $word in
	guest-ok) ok 0 "$text" ;;
	guest-not-ok) ok 1 "$text" ;;
	\#) echo "# $text" ;;
	esac
done < <(tr -d '\r' <"$work/console")
ok $ended "the guest came to its end"
[ $ended = 0 ] && [ $failures = 0 ] || tail -n 30 "$work/console" "$work/qemu.log" | tr -d '\r' | sed 's/^/# /'
done_testing
