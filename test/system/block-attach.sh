#!/bin/bash
# SPDX-License-Identifier: MIT
# Files of one host as block devices of another (loop devices here), and what may happen to them: network, nodes
# and workers that go away, references that are revoked, users that are in the way.
. "$(dirname "$0")/lib.sh"

for tool in losetup mkfs.ext4 e2fsck fio blockdev; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
[ -e /dev/loop-control ] && [ -e /dev/fuse ] || { echo "1..0 # SKIP no loop devices or no FUSE"; exit 0; }

hosts_up
T=t$$ # names in /dev/metac are shared by all nodes of this machine

role_pid() { pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"; }
worker_pid() { # worker_pid a|b SERVICE ROLE: the first one
	pgrep -P "$(role_pid "$1" "$2")" -f -- "role=$3" | head -n 1 | grep .
}
dev() { readlink "/dev/metac/$T-$1"; }
# Others on this machine use loop devices, too: one that is free may be theirs the next moment.
declare -A seq=()
remember() { seq[$1]=$(cat "/sys/block/$(basename "$1")/diskseq"); }
cleared() { # cleared DEVICE: it is not the disk that was remembered
	local at=/sys/block/$(basename "$1")
	[ ! -e "$at/loop/backing_file" ] || [ "$(cat "$at/diskseq")" != "${seq[$1]:-none}" ]
}
attach() { # attach NAME REFERENCE [options]
	local name=$1
	shift
	metac_b block attach "$@" --transport loop --name "$T-$name" >/dev/null
}
detach() { metac_b block detach "$T-$1" "${@:2}"; }
row() { metac_b block ls | grep -- " $T-$1 "; }
state_is() { row "$1" | grep -qw "$2"; }
size_is() { [ "$(blockdev --getsize64 "$1")" = "$2" ]; }
fails() { ! "$@"; }
same() { cmp <(head -c "$3" "$1") <(head -c "$3" "$2"); }

truncate -s 64M "$TOP/disk.raw"
ref=$(metac_a file export "local:$TOP/disk.raw" --persistent)

# ---- a disk like any other

check "it is attached" attach disk "$ref"
disk=$(dev disk) && remember "$disk"
check "with the size of the file" size_is "$disk" $((64 << 20))
check "past the page cache of the loop device" grep -qx 1 "/sys/block/$(basename "$disk")/loop/dio"
check "a file system is made" mkfs.ext4 -q "$disk"
mkdir -p "$TOP/m"
check "and mounted" mount "$disk" "$TOP/m"
check "files are written" cp -r "$(dirname "$0")" "$TOP/m/files"
check "another node's name is refused" fails attach disk "$ref"
fails_with "in use, it stays, and the mount is named" 1 "in use by .*mount on $TOP/m" \
	metac_b block detach "$T-disk"
umount "$TOP/m"
check "the file system is sound" e2fsck -fn "$disk"
mount -o ro "$disk" "$TOP/m"
check "and the files are as they were" diff -r "$(dirname "$0")" "$TOP/m/files"
umount "$TOP/m"
sleep 1000 <"$disk" &
holder=$!
fails_with "in use by a process, it stays, and that is named" 1 "in use by .*sleep .*$holder" \
	metac_b block detach "$T-disk"
kill $holder
wait $holder 2>/dev/null
printf 'last words' | dd of="$disk" bs=4096 seek=16383 conv=notrunc status=none # in the page cache
check "it is detached" detach disk
check "the device is free again" cleared "$disk"
check "the link is gone" fails test -L "/dev/metac/$T-disk"
check "what was written is in the file" grep -q "last words" "$TOP/disk.raw"
check "which has the file system" e2fsck -fn "$TOP/disk.raw"

# ---- what is not allowed, what cannot be

check "read-only, it is attached" attach ro "$ref" --readonly
check "and says so" size_is "$(dev ro)" $((64 << 20))
check "writing is refused" fails dd if=/dev/zero of="$(dev ro)" bs=4096 count=1 conv=fsync status=none
check "reading is not" same "$(dev ro)" "$TOP/disk.raw" $((1 << 20))
check "a second one of the same file" attach too "$ref"
printf 'seen by both' | dd of="$(dev too)" bs=512 seek=1 conv=notrunc,fsync status=none
both() { dd if="$(dev ro)" bs=512 skip=1 count=1 iflag=direct status=none | grep -q "seen by both"; }
check "shows what is written to the other" both
check "both are detached" eval "detach ro && detach too"
fails_with "a name that cannot be one is refused" 2 "cannot be a name|name" \
	metac_b block attach "$ref" --name ../x
truncate -s 100 "$TOP/tiny"
fails_with "nor can a file be a device that is no whole number of sectors" 1 "no multiple of 512" \
	metac_b block attach "$(metac_a file export "local:$TOP/tiny")" --transport loop
fails_with "a directory is no device" 1 "." metac_b block attach "$(metac_a fs export "local:$TOP")"

# ---- resizing

check "attached once more" attach disk "$ref"
disk=$(dev disk) && remember "$disk"
truncate -s 96M "$TOP/disk.raw"
check "it grows with the file" wait_until 10 size_is "$disk" $((96 << 20))
check "the new part can be used" dd if=/dev/urandom of="$disk" bs=1M seek=90 count=6 conv=fsync status=none
check "and is in the file" same <(tail -c 6M "$disk") <(tail -c 6M "$TOP/disk.raw") $((6 << 20))
truncate -s 32M "$TOP/disk.raw"
check "it shrinks with the file" wait_until 10 size_is "$disk" $((32 << 20))
truncate -s 64M "$TOP/disk.raw"
check "and is as it was" wait_until 10 size_is "$disk" $((64 << 20))

# ---- going away and coming back, under load

verify() { # verify NAME: begins; the job ends when all is written and has been read back
	fio --name="$1" --filename="$disk" --rw=randwrite --bs=4k --size=16M --io_size=48M --iodepth=16 \
		--ioengine=libaio --direct=1 --fsync=64 --rate_iops=2500 --verify=crc32c --verify_fatal=1 --do_verify=1 \
		--aux-path="$TOP" --minimal >"$TOP/fio.$1" 2>&1 &
	job=$!
	local before
	before=$(awk '{print $5}' "/sys/block/$(basename "$disk")/stat")
	written() { [ "$(awk '{print $5}' "/sys/block/$(basename "$disk")/stat")" -gt $((before + 300)) ]; }
	wait_until 20 written
}
verified() { wait $job || { sed 's/^/# /' "$TOP/fio.$1"; return 1; }; }

verify node
stop_node a KILL
wait_until 30 state_is disk waiting
start_node a
verified node
ok $? "the other node is killed and started again: nothing is lost"

verify worker
for i in 1 2 3; do
	wait_until 10 worker_pid a fs nbd-server && kill -KILL "$(worker_pid a fs nbd-server)"
done
verified worker
ok $? "the server worker is killed, three times: nothing is lost"

verify service
kill -KILL "$(role_pid a fs)"
verified service
ok $? "the other fs service is killed: nothing is lost"

verify network
ip -n ${NS}a link set v0 down
wait_until 30 state_is disk waiting
waited=$?
ip -n ${NS}a link set v0 up
ip -n ${NS}a addr add "$A/64" dev v0 nodad 2>/dev/null
verified network
ok $((waited + $?)) "the network is away until that is noticed: nothing is lost"
check "and it is connected" wait_until 10 state_is disk connected

# ---- the other host is restarted: what it had acknowledged and not flushed is lost there, and written again

as_another() { # host A goes without flushing, and comes back with another boot id
	stop_node a KILL
	wait_until 10 no_process a
	printf '%1048576s' | tr ' ' x | dd of="$TOP/again.raw" bs=1M seek=8 conv=notrunc status=none
	cat /proc/sys/kernel/random/uuid >"$TOP/boot_id"
	mountpoint -q /proc/sys/kernel/random/boot_id || mount --bind "$TOP/boot_id" /proc/sys/kernel/random/boot_id
	start_node a
}
truncate -s 64M "$TOP/again.raw"
seq 1 200000 | head -c 128K >"$TOP/unflushed" # so little that it is not flushed for want of something to do
in_file() { tail -c +$(((8 << 20) + 1)) "$TOP/again.raw" | head -c 128K | cmp - "$TOP/unflushed"; }
check "attached where the other host will be restarted" attach again "$(metac_a file export "local:$TOP/again.raw" --persistent)"
again=$(dev again) && remember "$again"
check "written to, not flushed" dd if="$TOP/unflushed" of="$again" bs=64k seek=128 oflag=direct conv=notrunc status=none
check "it is there" in_file
check "the other host is restarted, and has lost it" as_another
check "it is connected again" wait_until 30 state_is again connected
check "and what was lost is written again" wait_until 10 in_file
check "flushed" dd if=/dev/null of="$again" conv=notrunc,fsync status=none
check "the other host is restarted once more" as_another
check "it is connected once more" wait_until 30 state_is again connected
check "reading goes on" dd if="$again" of=/dev/null bs=4096 count=1 iflag=direct status=none
check "what was flushed is not written again: it was safe" fails in_file
check "it is detached" detach again
check "and the others have come through" wait_until 20 state_is disk connected
# It stays what it is now: with the former one the host would be another again.

# ---- a service or worker of this host is killed

verify own
for i in 1 2; do
	wait_until 10 worker_pid b block nbd-client && kill -KILL "$(worker_pid b block nbd-client)"
	wait_until 10 state_is disk connected
done
verified own
ok $? "the worker of this side is killed, twice: nothing is lost"

kill -STOP "$(role_pid a fs)" # so that no connection is to be had
kill -KILL "$(worker_pid a fs nbd-server)" "$(worker_pid b block nbd-client)"
check "with no connection to be had, it waits" wait_until 10 state_is disk waiting
dd if="$disk" of=/dev/null bs=4096 count=1 iflag=direct status=none &
reader=$!
old=$(worker_pid b block nbd-client)
kill -KILL "$old"
another() { local p; p=$(worker_pid b block nbd-client) && [ "$p" != "$old" ]; }
check "killed while requests wait, the worker has a successor" wait_until 10 another
kill -CONT "$(role_pid a fs)"
wait $reader
ok $? "which answers them"

dirty() { # dirty FILE: pages that are not on the disk; nothing where the kernel does not tell (before Linux 6.5)
	python3 - "$1" <<-'END'
	import ctypes, os, sys
	stat, libc = (ctypes.c_uint64 * 5)(), ctypes.CDLL(None)
	if libc.syscall(451, os.open(sys.argv[1], os.O_RDONLY), (ctypes.c_uint64 * 2)(0, 0), stat, 0) == 0:
	    print(stat[1] + stat[2])
	END
}
unflushed() { dd if=/dev/urandom of="$disk" bs=64k seek=16 count=16 oflag=direct conv=notrunc status=none; }
is_clean() { [ "$(dirty "$TOP/disk.raw")" = 0 ]; }
sync "$TOP/disk.raw"
if is_clean; then
	unflushed
	kill -KILL "$(worker_pid b block nbd-client)"
	check "a worker's successor flushes what it did not" wait_until 4 is_clean
fi
unflushed
wait_until 10 state_is disk connected
stop_node a KILL
wait_until 10 state_is disk waiting
kill -KILL "$(worker_pid b block nbd-client)"
cat /proc/sys/kernel/random/uuid >"$TOP/boot_id" # as if the machine had been started anew
mount --bind "$TOP/boot_id" /proc/sys/kernel/random/boot_id
start_node a
check "if there is nobody to write it anew when it is lost, the device fails" wait_until 20 state_is disk gone
check "nothing is read from it" fails timeout 5 dd if="$disk" of=/dev/null bs=4096 count=1 iflag=direct status=none
check "it is detached" detach disk
check "and attached again" attach disk "$ref"
disk=$(dev disk) && remember "$disk"

kill -KILL "$(role_pid b block)"
check "the service is killed: the device clears itself" wait_until 10 cleared "$disk"
check "its link goes when the next one starts" wait_until 10 fails test -L "/dev/metac/$T-disk"
check "nothing is listed" wait_until 10 eval '[ -z "$(row disk)" ]'
check "attached anew" wait_until 10 attach disk "$ref"
disk=$(dev disk) && remember "$disk"

# ---- revoked

sub=$(metac_a file export "local:$TOP/disk.raw")
check "attached by another reference" attach revoked "$sub"
gone=$(dev revoked) && remember "$gone"
metac_a ref rm "$sub"
check "revoked, it is gone" wait_until 20 state_is revoked gone
check "everything fails at once" fails timeout 5 dd if="$gone" of=/dev/null bs=4096 count=1 iflag=direct status=none
check "the other one goes on" dd if="$disk" of=/dev/null bs=4096 count=1 iflag=direct status=none
check "what is gone is detached" detach revoked
check "and its device free" cleared "$gone"

own() { metac_a block ls | grep -- " $T-own " | grep -qw "$1"; }
truncate -s 8M "$TOP/own.raw"
sub=$(metac_a file export "local:$TOP/own.raw" --persistent)
check "a persistent one of the own node" eval 'metac_a block attach "$sub" --transport loop --name "$T-own" --persistent'
gone=$(dev own) && remember "$gone"
stop_node a
start_node a
check "is back with its node, by no reference" wait_until 20 own connected
metac_a ref rm "$sub"
check "revoked, it is gone as well" wait_until 20 own gone
check "and detached" metac_a block detach "$T-own"
check "its device is free" cleared "$(dev own || echo "$gone")"
check "those of the other node have come through" wait_until 20 state_is disk connected

# ---- waiting with a limit, and detaching by force

check "with a time limit" attach limited "$ref" --timeout 2
limited=$(dev limited) && remember "$limited"
stop_node a KILL
wait_until 10 no_process a
check "requests fail after it" fails timeout 20 dd if="$limited" of=/dev/null bs=4096 count=1 iflag=direct status=none
dd if="$disk" of=/dev/null bs=4096 count=1 iflag=direct status=none 2>/dev/null &
waiter=$!
check "those without a limit wait" wait_until 10 state_is disk waiting
dd if=/dev/zero of="$disk" bs=4096 seek=1 count=1 conv=notrunc status=none # whole pages: nothing is read
check "in use, it stays" fails detach disk
check "detached by force" detach disk --force
wait $waiter
ok $((! $?)) "who waits for it gets an error"
check "the device is free" wait_until 10 cleared "$disk"
check "the limited one is detached by force as well" detach limited --force
start_node a

block_service_up() { metac_"$1" node services | grep -q '^block'; }

# ---- killed with something to write, and nowhere to

check "attached again" wait_until 10 attach dirty "$ref"
dirty=$(dev dirty) && remember "$dirty"
stop_node a KILL
wait_until 10 no_process a
check "it waits" wait_until 10 state_is dirty waiting
dd if=/dev/zero of="$dirty" bs=4096 seek=1 count=50 conv=notrunc status=none
service=$(role_pid b block)
kill -KILL "$service"
check "the service ends when it is killed" wait_until 10 test ! -e "/proc/$service"
check "the device clears itself" wait_until 10 cleared "$dirty"
start_node a
check "the next one is there" wait_until 10 block_service_up b

# ---- persistent

check "a persistent one" attach kept "$ref" --persistent
kept=$(dev kept) && remember "$kept"
check "is written to" dd if=/dev/urandom of="$kept" bs=1M count=2 conv=fsync status=none
is_back() { [ -b "/dev/metac/$T-kept" ] && same "/dev/metac/$T-kept" "$TOP/disk.raw" $((2 << 20)); }
stop_node b
check "is gone with its node" fails test -L "/dev/metac/$T-kept"
check "its device is free" cleared "$kept"
start_node b
check "comes back under its name" wait_until 20 is_back
kept=$(dev kept) && remember "$kept"
stop_node b KILL
check "is cleared when its node is killed" wait_until 10 cleared "$kept"
start_node b
check "and comes back" wait_until 20 is_back
stop_node b
stop_node a
start_node b
check "waits for a host that is not there" wait_until 10 state_is kept waiting
start_node a
check "and is there when that has come" wait_until 30 is_back
kill -KILL "$(role_pid b persistence)"
check "stays when persistence is killed" wait_until 20 eval 'services_up b && is_back'
kill -KILL "$(role_pid b block)"
check "comes back when its service is killed" wait_until 20 is_back
check "is detached for good" wait_until 10 detach kept
stop_node b
start_node b
check "and does not come back" fails wait_until 2 is_back

# ---- many

for i in $(seq 20); do
	attach "n$i" "$ref" &
	many+=($!)
done
all=0
for pid in "${many[@]}"; do wait "$pid" || all=1; done
ok $all "twenty are attached at once"
devices=$(for i in $(seq 20); do dev "n$i"; done)
for d in $devices; do remember "$d"; done
ok $(($(sort -u <<<"$devices" | wc -l) != 20)) "each is a device of its own"
stop_node b
left=0
for d in $devices; do cleared "$d" || left=1; done
ok $left "when the node stops, no device is left"
check "nor a link" fails ls -d "/dev/metac/$T-"*
ok $(($(grep -c 'metac-block' /proc/self/mountinfo) != 0)) "nor a mount"
ok $((! $(pgrep -f 'role=nbd-client' -s 0 >/dev/null; echo $?))) "nor a worker"

! grep -q "AddressSanitizer\|runtime error" "$TOP"/[ab]/log
ok $? "the nodes have nothing to complain of"
while umount /proc/sys/kernel/random/boot_id 2>/dev/null; do :; done
done_testing
