#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The Linux kernel's 9P client against our server: a Debian kernel boots under QEMU (emulated, no
# KVM wanted) with a small initial file system, mounts the server over TCP and runs 9p-guest.c; then the
# thousands of system calls of test/integration/posix, whose answers are compared with those on the directory
# itself; and in the end the server is killed and started again under a mount.
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
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

. "$here/guest-kernel.sh"

# The initial file system: busybox, the modules in their order, the test.
root=$work/root
mkdir -p "$root"/{bin,dev,proc,lib}
cp "$(command -v busybox)" "$root/bin/busybox" || exit 1
cc -O1 -static -D_GNU_SOURCE -std=gnu17 -o "$root/bin/9p-guest" "$here/9p-guest.c" 2>"$work/cc.log" ||
	skip "cannot link statically: $(tail -n 1 "$work/cc.log")"
posix=$here/../integration/posix
cc -O1 -static -D_GNU_SOURCE -std=gnu17 -I"$here/../../src" -o "$root/bin/posix" "$posix"/*.c 2>"$work/cc.log" ||
	skip "cannot link statically: $(tail -n 1 "$work/cc.log")"
for m in virtio_pci virtio_net 9pnet_fd 9p; do
	modprobe -d . -S "$release" --show-depends $m
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$work/modules"
while read -r m; do
	cp "$m" "$root/lib/" && echo "insmod /lib/$(basename "$m")"
done <"$work/modules" >"$work/insmods"

chmod 755 "$work"
mkdir "$work/tree" "$work/here"
serve() { # serve PORT
	: >"$work/port"
	"$serve" "127.0.0.1:$1" "$work/tree" >"$work/port" 2>>"$work/serve.log" &
	server=$!
	for _ in $(seq 100); do
		[ -s "$work/port" ] && break
		sleep 0.05
	done
	port=$(cat "$work/port")
	[ -n "$port" ] || { echo "1..1"; echo "not ok 1 - the server does not start"; exit 1; }
}
serve 0

# Left out: what would take the emulated processor minutes, what needs several programs at a time, and what 9P2000.L or
# this client cannot at all (asking for holes, times below a second, group members of the client's own, taking
# set-id bits away itself, one cache for mappings and descriptors).
groups="open-kinds calls-on-kinds bad-paths rename-kinds rename-more links odd-names sizes appending read-write \
times nlinks sticky unlinked file-modes dir-modes errors-of-permission new-owners \
sockets fifos devices xattrs synced"

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
mkdir /p /q
again() { # again DIRECTORY
	mount -t 9p -o trans=tcp,port=$port,version=9p2000.L,uname=root,access=user,cache=mmap,nosuid,nodev 10.0.2.2 \$1
}
again /p
mkdir /p/posix && chmod 755 /p/posix
posix /p/posix $groups >/answers
cp /answers /p/answers && rm -rf /p/posix
echo kept >/p/kept && sync
echo posix-ended
touch /waiting
# A request that was on its way may wait for ever, as this client does; forced unmounting ends it.
(sleep 15; [ ! -e /waiting ] || umount -f /p) &
while [ -e /p/answers ] 2>/dev/null; do sleep 0.1; done
rm /waiting
cat /p/kept >/dev/null 2>&1 || echo cut-off
# This client may wait for ever in unmounting what has no connection: nobody waits for it.
umount -f -l /p &
until again /q; do sleep 0.1; done
echo "found: \$(cat /q/kept)"
rm /q/kept
echo ended
poweroff -f
END
cp "$work/insmods" "$root/insmods"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd" || exit 1

timeout 300 qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -m 384 -smp 1 -nographic \
	-nodefaults -serial stdio -no-reboot -kernel "$kernel" -initrd "$work/initrd" \
	-append "console=ttyS0 quiet reboot=t panic=-1 mitigations=off random.trust_cpu=1" \
	-netdev user,id=n -device virtio-net-pci,netdev=n,romfile= \
	</dev/null >"$work/console" 2>"$work/qemu.log" &
qemu=$!

said() { # said WORD: waits until the guest says so; false when it has ended without
	until grep -q "^$1" "$work/console"; do
		kill -0 $qemu 2>/dev/null || { grep -q "^$1" "$work/console"; return; }
		sleep 0.1
	done
}

# The worker serves a connection, and does not outlive the program that accepted it.
restarted=
if said posix-ended; then
	mount --bind "$work/here" "$work/here" && mount -o remount,bind,nosuid,nodev "$work/here"
	"$root/bin/posix" "$work/here" $groups >"$work/on-directory"
	umount "$work/here"
	cp "$work/tree/answers" "$work/on-mount"
	old=$port
	kill -KILL "$server"
	wait "$server" 2>/dev/null
	serve "$old"
	# Not waiting for the guest to switch itself off: its unmounting may never end.
	said ended && restarted=yes && kill "$qemu"
	rm -f "$work/tree/answers"
fi
wait "$qemu"

tr -d '\r' <"$work/console" | grep -E '^(1\.\.|ok |not ok |# )' | sed 's/^1\.\./# before: /'
n=$(grep -c -E '^(ok|not ok) ' "$work/console")
failed=$(grep -c '^not ok' "$work/console")
check() { # check STATUS TEXT
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; failed=$((failed + 1)); fi
}
grep -q 9p-guest-ended "$work/console"
check $? "the guest came to the end of its own tests"

# Lines that are known to differ, each with the reason, are left out on both sides, and the line after them that
# tells what is there then.
known_out() {
	LC_ALL=C awk 'NR == FNR { pattern[n++] = $0; next }
		{ skip = 0; for (i = 0; i < n; i++) if ($0 ~ pattern[i]) skip = 1 }
		skip { after = 1; next }
		after && /^[a-z-]*: leaves = / { next }
		{ after = 0; print }' "$work/known" -
}
sed '/^#/d; /^$/d; s/\t.*//' "$posix/known" "$posix/known-v9fs" >"$work/known"
for group in $groups; do
	for side in on-directory on-mount; do
		grep -a "^$group: " "$work/$side" | known_out >"$work/$side.$group"
	done
	diff -a -U0 "$work/on-directory.$group" "$work/on-mount.$group" | grep -a '^[-+][^-+]' >"$work/difference"
	lines=$(wc -l <"$work/on-directory.$group")
	[ ! -s "$work/difference" ] && [ "$lines" -gt 0 ]
	check $? "v9fs: $group: the answers to $lines questions are the same"
	head -n 30 "$work/difference" | tr -c '[:print:]\n' '?' | sed 's/^/# /'
done
[ -n "$restarted" ] && grep -q '^cut-off' "$work/console" && grep -q '^found: kept' "$work/console"
check $? "after the server was killed and started again, the kernel mounts it again and finds its file"

if [ -z "$restarted" ]; then
	tail -n 20 "$work/console" "$work/qemu.log" "$work/serve.log" | sed 's/^/# /'
fi
left=$(ls -A "$work/tree")
[ -z "$left" ]
check $? "nothing is left behind: $left"
# A worker that was killed for what it did would have said so.
! grep -q "AddressSanitizer\|runtime error" "$work/serve.log"
check $? "the server has nothing to complain of" || sed 's/^/# /' "$work/serve.log"
echo "1..$n"
[ "$failed" = 0 ]
