#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Our NBD client worker between others' servers and others' clients: nbdkit, qemu-nbd, nbd-server and
# our own behind it; qemu-io, nbdinfo, nbdcopy, fio and a loop device in front of it; and servers
# that are killed while these work.
#
#	nbd-client.sh NBD-CLIENT NBD-SERVE
set -u
client=$(realpath "$1") serve=$(realpath "$2")
PATH=$PATH:/usr/sbin:/sbin
for tool in nbdkit nbdinfo nbdcopy qemu-nbd qemu-io; do
	command -v $tool >/dev/null && continue
	echo "1..0 # SKIP $tool is not installed"
	exit 0
done
export ASAN_OPTIONS=detect_leaks=0

work=$(mktemp -d) || exit 1
chmod 755 "$work"
cd "$work" || exit 1
uri="nbd+unix:///?socket=$work/l.sock"
pids=()
loop=
finish() {
	[ -n "$loop" ] && losetup -d "$loop" 2>/dev/null
	[ -d mnt ] && umount -l mnt 2>/dev/null
	[ -d fuse ] && umount -l fuse 2>/dev/null
	for p in "${pids[@]}" $(cat servers); do kill -9 "$p" 2>/dev/null; done
	cd / && rm -rf "$work"
}
trap finish EXIT

n=0 failed=0
check() { # name, command...
	local name=$1
	shift
	n=$((n + 1))
	if "$@" >out 2>&1; then # a function: programs have their own time limit
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		tail -n 8 out | sed 's/^/# /'
		return 1
	fi
}
until_true() { # command...: within 20 s
	for _ in $(seq 400); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "never: $*"
	return 1
}

# ---- servers: $server is the last one ----
server=
start() { # command...: listens on s.sock
	rm -f s.sock
	"$@" >server.log 2>&1 5>&- &
	server=$!
	echo "$server" >>servers # also for those that a subshell has started
	until_true test -S s.sock
}
stop() {
	[ -n "$server" ] && kill -9 "$server" 2>/dev/null && wait "$server" 2>/dev/null
	server=
}
start_nbdkit() { start nbdkit -f -U s.sock "$@"; }
start_qemu() { start qemu-nbd -t -k "$work/s.sock" -f raw -e 8 -x "" disk; }
start_ours() { start "$serve" "$work/s.sock" disk; }
start_nbd_server() {
	printf '[generic]\nunixsock = %s\nallowlist = true\n[e]\nexportname = %s\nflush = true\nfua = true\ntrim = true\n' \
		"$work/s.sock" "$work/disk" >nbd.conf
	start nbd-server -d -C nbd.conf
}

# ---- our worker ----
export=
worker=
put() { # options...: begins, with a keeper that is told what to do by descriptor 5
	rm -f keeper
	mkfifo keeper
	"$client" "$@" "$work/s.sock" <keeper >said 2>client.log &
	worker=$!
	pids+=("$worker")
	exec 5>keeper
	until_true grep -q attached said
}
take_away() { # ends it; success is its own
	exec 5>&-
	wait "$worker"
}
no_complaint() { ! grep "AddressSanitizer\|runtime error\|worker" client.log; }

# ---- what clients do ----
io() { timeout 60 qemu-io -f raw "$uri" "$@" >io.out 2>&1 && ! grep -i "fail\|error\|mismatch" io.out || { cat io.out; false; }; }
patterns() {
	io -c "write -P 17 0 3M" -c "write -P 34 1M 64k" -c "write -z 2M 1M" -c "flush" \
		-c "read -P 17 0 1M" -c "read -P 34 1M 64k" -c "read -P 0 2M 1M" &&
		io -c "read -P 17 0 1M" -c "discard 0 1M" -c "write -f -P 51 0 64k" -c "read -P 51 0 64k"
}
info() { timeout 20 nbdinfo "$uri" | grep -q "export-size: $1 "; }
copies() {
	head -c 16777216 /dev/urandom >random
	timeout 60 nbdcopy random "$uri" && timeout 60 nbdcopy "$uri" back && cmp -n 16777216 random back
}
has_holes() { timeout 20 nbdinfo --map "$uri" | grep -q "hole,zero"; }

behind() { # name, start function and arguments
	local name=$1
	shift
	truncate -s 0 disk && truncate -s 16M disk && chmod 666 disk
	stop
	"$@"
	check "$name: attached" put --export="$export" --listen="$work/l.sock" || return
	check "$name: size" info 16777216
	check "$name: patterns" patterns
	check "$name: copies there and back" copies
	check "$name: ends" take_away
}

behind nbdkit start_nbdkit memory 16M
behind "nbdkit file" start_nbdkit file disk
behind qemu-nbd start_qemu
behind ours start_ours
if command -v nbd-server >/dev/null; then
	export=e
	behind nbd-server start_nbd_server
	export=
fi

# ---- block status; errors; a server that gives up by itself ----
truncate -s 0 disk && truncate -s 16M disk
stop
start_nbdkit file disk
put --listen="$work/l.sock"
check "holes are shown" has_holes
take_away
stop
start_nbdkit --filter=error memory 16M error-pread=ENOSPC error-pread-rate=100%
put --listen="$work/l.sock"
fails_with() { timeout 60 qemu-io -f raw "$uri" -c "$2" 2>&1 | tee io.out | grep -q "$1" || { cat io.out; false; }; }
check "errors are passed on" fails_with "No space left" "read 0 4k"
check "and end nothing" io -c "write -P 1 0 4k"
take_away
stop

# ---- killed while in use ----
chaos() { # start function: a new server as soon as the last was killed, until there is a file "calm"
	while [ ! -e calm ]; do
		"$@"
		sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
		[ -e calm ] && break
		stop
		echo killed >>kills
	done
}
until_killed() { # command...: again and again until four servers have been killed
	while "$@" || return 1; do
		[ "$(cat kills 2>/dev/null | wc -l)" -ge 4 ] && return 0
	done
}
in_chaos() { # name, start function, command...
	local name=$1 how=$2
	shift 2
	rm -f calm kills
	truncate -s 0 disk && truncate -s 64M disk && chmod 666 disk
	stop
	"$how"
	put --listen="$work/l.sock"
	chaos "$how" 5>&- &
	local c=$!
	check "$name" until_killed "$@"
	: >calm
	wait "$c"
	check "$name: ends" take_away
}
verified() {
	timeout 120 fio --name=v --ioengine=nbd --uri="$uri" --rw=randrw --bs=4k-128k --iodepth=16 --size=48M \
		--io_size="$1" --verify=crc32c --verify_fatal=1 --verify_backlog=64 --fsync=32 \
		--randseed=7 --output=fio.out || { cat fio.out; false; }
}
rewritten() {
	for i in $(seq 12); do
		io -c "write -P $i 0 8M" -c "write -P $i 20M 8M" -c flush -c "read -P $i 0 8M" \
			-c "read -P $i 20M 8M" || return 1
	done
}
copied_often() {
	for _ in $(seq 6); do copies || return 1; done
}
in_chaos "our server killed under qemu-io" start_ours rewritten
in_chaos "qemu-nbd killed under nbdcopy" start_qemu copied_often
start_slow() { start_nbdkit --filter=delay file disk delay-read=30ms delay-write=30ms; }
in_chaos "a slow nbdkit killed under nbdcopy" start_slow copies
if command -v fio >/dev/null && fio --enghelp=nbd >/dev/null 2>&1; then
	in_chaos "our server killed under fio" start_ours verified 160M
fi

# ---- the file of FUSE, and a loop device on it ----
on_loop() {
	loop=$(losetup -f --show --direct-io=on fuse/disk) && mkfs.ext4 -q -F "$loop" &&
		mount "$loop" mnt && cp -r /usr/include/linux mnt && sync -f mnt && umount mnt &&
		mount "$loop" mnt && diff -r /usr/include/linux mnt/linux && fstrim mnt &&
		umount mnt && fsck.ext4 -fn "$loop"
}
on_loop_and_off() { on_loop && off_loop; }
finds_holes() {
	python3 - <<-'END'
		import os
		fd, at, data = os.open("fuse/disk", os.O_RDONLY), 0, 0
		while True:
		    try:
		        at = os.lseek(fd, at, os.SEEK_DATA)
		    except OSError:
		        break
		    end = os.lseek(fd, at, os.SEEK_HOLE)
		    data += end - at
		    at = end
		print(data, "bytes of data")
		assert 1 << 20 < data < 60 << 20
	END
}
off_loop() { losetup -d "$loop" && loop=; }
has_grown() { [ "$(stat -c %s fuse/disk)" = 100663296 ]; }
grown() { truncate -s 96M disk && echo "size 100663296" >&5 && until_true has_grown; }
if [ "$(id -u)" = 0 ] && [ -e /dev/fuse ] && losetup -f >/dev/null 2>&1; then
	mkdir -p fuse mnt
	truncate -s 0 disk && truncate -s 64M disk
	stop
	start_ours
	check "FUSE: attached" put --fuse="$work/fuse"
	check "FUSE: size" test "$(stat -c %s fuse/disk)" = 67108864
	check "FUSE: a file system on a loop device" on_loop
	check "FUSE: loop device let go" off_loop
	check "FUSE: its holes are found" finds_holes
	check "FUSE: and its data" cmp fuse/disk disk
	check "FUSE: grows" grown
	check "FUSE: unmounted" take_away

	rm -f calm kills
	put --fuse="$work/fuse"
	chaos start_ours 5>&- &
	c=$!
	check "FUSE: our server killed under a file system" until_killed on_loop_and_off
	: >calm
	wait "$c"
	check "FUSE: unmounted again" take_away
	check "FUSE: what is in the file" fsck.ext4 -fn disk
fi
check "nothing to complain of" no_complaint
echo "1..$n"
exit $failed
