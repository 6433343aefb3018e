# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What host B of nbd-kernel.sh does, run by busybox's shell in the guest.  A line that begins with "guest-ok" or
# "guest-not-ok" is a test; one that begins with "please-" asks host A for something, whose effect is then waited for.
# Set: A4 and PORT, where an NBD server of host A's listens.

check() { # check TEXT COMMAND...
	text=$1
	shift
	if "$@" >/tmp/output 2>&1; then
		echo "guest-ok $text"
	else
		echo "guest-not-ok $text"
		echo "# command: $*"
		tail -n 8 /tmp/output | sed 's/^/# /'
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
