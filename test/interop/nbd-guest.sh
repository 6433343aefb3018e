# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What host B of nbd-kernel.sh does, run by busybox's shell in the guest.  A line that begins with "guest-ok" or
# "guest-not-ok" is a test; one that begins with "please-" asks host A for something, whose effect is then waited for.
# Set: A4 and PORT, where an NBD server of host A's listens; FILE and DEVICE, references to a file, to a device of host
# A's; NODE, the process of this host's node, and B, its address.

check() { # check TEXT COMMAND...
	text=$1
	shift
	if "$@" >/tmp/output 2>&1; then
		echo "guest-ok $text"
	else
		echo "guest-not-ok $text"
		echo "# command: $*"
		{ tail -n 8 /tmp/output; metac block ls; ls -l /dev/metac; dmesg | tail -n 4; } 2>&1 | sed 's/^/# /'
	fi
}

wait_until() { # wait_until SECONDS COMMAND...
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.1
	done
}

size_is() { # size_is /dev/X MIB
	[ "$(cat "/sys/block/${1##*/}/size")" = $(($2 * 2048)) ]
}

fails() { ! "$@"; }
says() { # says PATTERN COMMAND...: it fails, and says so
	pattern=$1
	shift
	! "$@" >/tmp/said 2>&1 && cat /tmp/said && grep -q "$pattern" /tmp/said
}

seq 1 1100000 >/tmp/pattern # seven megabytes

file_system() { # file_system DEVICE NAME: made, used, found again
	mkfs.ext4 -q "$1" && mount -t ext4 "$1" /mnt && cp /tmp/pattern "/mnt/$2" && sync && umount /mnt &&
		mount -t ext4 -o ro "$1" /mnt && cmp /tmp/pattern "/mnt/$2" && umount /mnt
}

# ---- the server under Debian's client
check "nbd-client(8) connects by netlink" nbd-client "$A4" "$PORT" /dev/nbd5 -N "" -b 4096
check "the disk has its size" wait_until 10 size_is /dev/nbd5 64
check "its caches are said to need flushing" grep -q "write back" /sys/block/nbd5/queue/write_cache
check "a file system on it" file_system /dev/nbd5 by-nbd-client
check "nbd-client(8) disconnects" nbd-client -d /dev/nbd5
check "two connections to one export" nbd-client "$A4" "$PORT" /dev/nbd6 -N "" -b 512 -C 2
check "the file system is there" sh -c 'mount -t ext4 /dev/nbd6 /mnt && cmp /tmp/pattern /mnt/by-nbd-client; umount /mnt'
check "they disconnect" nbd-client -d /dev/nbd6

# ---- the node's own attachments, by netlink
up() { metac node services 2>/dev/null | grep -q block && metac node services | grep -q persistence; }
check "the node is up" wait_until 60 up
attach() { # attach ARGUMENTS: DEV is the device
	DEV=$(metac block attach "$@" 2>/tmp/output) || { cat /tmp/output; DEV=/dev/none; return 1; }
	case $DEV in /dev/nbd*) ;; *) echo "$DEV"; false ;; esac
}
check "block attach uses the kernel's nbd" attach --name data "$DEVICE"
check "the device has its size" size_is "$DEV" 64
check "its link leads to it" test "$(readlink -f /dev/metac/data)" = "$DEV"
check "its caches are said to need flushing" grep -q "write back" "/sys/block/${DEV##*/}/queue/write_cache"
check "a file system on it" file_system /dev/metac/data by-attach
check "block ls shows it" sh -c "metac block ls | grep -q 'data .*M connected .* nbd'"
mount -t ext4 /dev/metac/data /mnt
check "mounted, it is not detached, and the mount is named" says "in use by the mount on /mnt" metac block detach data

# What is written while host A's node is killed and started again
(seq 1 1100000 >/mnt/ridden && sync && echo written >/tmp/ridden) &
echo please-kill
check "a program writes on" wait_until 120 test -s /tmp/ridden
umount /mnt
check "what it wrote is there" sh -c 'mount -t ext4 /dev/metac/data /mnt && cmp /tmp/pattern /mnt/ridden; r=$?; umount /mnt; exit $r'
echo please-grow
check "it grows with the file" wait_until 60 size_is "$DEV" 96
check "it is detached" metac block detach data
check "then it has no size" wait_until 10 size_is "$DEV" 0
check "nor a link" test ! -e /dev/metac/data
check "block ls shows nothing" sh -c '[ -z "$(metac block ls)" ]'

# A file system leaves room for a partition table.
partition() { # partition DEVICE: one of 4 MiB
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\040\0\0' | dd of="$1" bs=1 seek=446 conv=notrunc &&
		printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc,fsync
}
parted_as() { # parted_as DISK PARTITION: opened, as udev does with each disk, it is looked for
	: <"$1" && [ "$(cat "/sys/block/${1##*/}/${2##*/}/size")" = 8192 ]
}
check "to be parted" attach "$DEVICE"
check "it has a partition table" partition "$DEV"
check "it is detached" metac block detach "$DEV"
check "attached again" attach "$DEVICE"
check "its partition is a device" wait_until 10 parted_as "$DEV" "${DEV}p1"
check "it is detached with it" metac block detach "$DEV"
DEV=$(metac block attach --transport loop "$DEVICE")
check "by a loop device its partition is one, too" parted_as "$DEV" "${DEV}p1"
check "which goes with it" metac block detach "$DEV"
check "at once" test ! -e "${DEV}p1"

check "read-only" attach --readonly "$DEVICE"
check "it is not written to" fails dd if=/bin/busybox of="$DEV" bs=4k count=1 conv=fsync
check "but read" sh -c "mount -t ext4 -o ro,noload $DEV /mnt && cmp /tmp/pattern /mnt/by-attach; r=\$?; umount /mnt; exit \$r"
check "it is detached, too" metac block detach "$DEV"

# The block service of this host is killed, and then its whole node
check "a persistent one" attach --persistent --name kept "$DEVICE"
kept() { metac block ls | grep -q 'kept .*M connected '; }
mount -t ext4 /dev/metac/kept /mnt
for p in /proc/[0-9]*; do
	grep -q '^metacd: block' "$p/cmdline" && kill -KILL "${p#/proc/}"
done 2>/dev/null
check "the block service comes back, and what it had attached" wait_until 60 kept
check "which can be read, mounted as it is" cmp /tmp/pattern /mnt/by-attach
check "and written" sh -c 'cp /tmp/pattern /mnt/after && sync'
umount /mnt
kill -TERM "$NODE"
wait "$NODE" 2>/dev/null
check "the node has taken the device with it" test ! -e /dev/metac/kept
metacd --address "$B" >>/tmp/log 2>&1 &
NODE=$!
check "started again, the node attaches it again" wait_until 60 kept
check "and its content is there" sh -c 'mount -t ext4 /dev/metac/kept /mnt && cmp /tmp/pattern /mnt/after; r=$?; umount /mnt; exit $r'
check "it is detached" metac block detach kept

# By force, from under a mount
check "one more" attach --name forced "$DEVICE"
mount -t ext4 /dev/metac/forced /mnt
check "it is detached by force" metac block detach --force forced
check "what was not read yet is not to be read" fails cmp /tmp/pattern /mnt/ridden
umount /mnt
check "then there is nothing" sh -c '[ -z "$(metac block ls)" ]'

# Served, and by nbd-client(8) made a device
served() {
	metac block serve "$DEVICE" --fork --json --tcp 127.0.0.1:0 >/tmp/served || return
	port=$(sed -n 's/.*"nbd:\/\/127.0.0.1:\([0-9]*\)".*/\1/p' /tmp/served)
	nbd-client 127.0.0.1 "$port" /dev/nbd7 -N "" -b 512
}
check "block serve for nbd-client(8)" served
check "the file system is there" sh -c 'mount -t ext4 /dev/nbd7 /mnt && cmp /tmp/pattern /mnt/after; r=$?; umount /mnt; exit $r'
nbd-client -d /dev/nbd7 >/dev/null
kill "$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' /tmp/served)"

# Host A is started again as another: what was written and not flushed may be lost
check "a read-only one" attach --readonly --name looked-at "$DEVICE"
check "one that is not written to" attach --name untouched "$FILE"
check "one that is" attach --name touched "$DEVICE"
check "it is, behind the file system" dd if=/bin/busybox of=/dev/metac/touched bs=4k count=1 seek=20000 oflag=direct
reads() { [ "$(dd if="$1" bs=4k count=1 iflag=direct | wc -c)" = 4096 ]; }
echo please-restart
is() { metac block ls | grep -q "$1 .* $2 "; }
check "restarted, it has failed the one that was written to" wait_until 90 is touched gone
check "and says why" sh -c 'metac block ls --json | grep -q "restarted: what was written to it and not flushed may be lost"'
check "which is read no more" wait_until 20 fails reads /dev/metac/touched
check "the read-only one goes on" wait_until 60 is looked-at connected
check "and is read" reads /dev/metac/looked-at
check "and so does that which was not written to" wait_until 60 is untouched connected
check "and is read" reads /dev/metac/untouched
check "it can be written to now" dd if=/bin/busybox of=/dev/metac/untouched bs=4k count=1 oflag=direct
check "they are detached" sh -c 'metac block detach touched && metac block detach looked-at && metac block detach untouched'

# Taken back
check "a reference to a file" attach "$FILE"
check "is read like one to a device" reads "$DEV"
echo please-revoke
check "revoked, it is not any more" wait_until 60 fails reads "$DEV"
check "its state says so" sh -c "metac block ls | grep -q gone"
check "it can be detached" metac block detach "$DEV"

# Without the kernel's nbd
loop() { DEV=$(metac block attach --transport loop "$DEVICE") && size_is "$DEV" 96; }
check "a loop device does it as well" loop
check "with the same content" sh -c "mount -t ext4 -o ro $DEV /mnt && cmp /tmp/pattern /mnt/after; r=\$?; umount /mnt; exit \$r"
check "and is detached" metac block detach "$DEV"
grep -q "AddressSanitizer\|runtime error" /tmp/log && echo "guest-not-ok the node has nothing to complain of"
if [ -n "$VERBOSE" ]; then sed 's/^/# log: /' /tmp/log; fi
