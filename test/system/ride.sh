#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs at work on a mount while the exporter is killed and started again five times, and while the
# network is cut: they end well, and what they did is there.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
hosts_up

src=$TOP/a/tree
mnt=$TOP/b/mnt
mkdir "$src" "$TOP/jobs"
ref=$(metac_a fs export --persistent "local:$src")
check "a mount" metac_b fs mount --persistent "$ref" "$mnt"

# what is unpacked: a small repository and some files
mkdir -p "$TOP/seed/repo"
(
	cd "$TOP/seed" || exit
	for i in $(seq 60); do mkdir -p "d$((i % 6))" && head -c $((i * 300)) /dev/zero >"d$((i % 6))/f$i"; done
	git -c init.defaultBranch=main init -q repo && cp -r d? repo && cd repo && git add . &&
		git -c user.name=x -c user.email=x@y commit -qm x
)

kinds="append names write database counter tree"
declare -A worker=()

begin() { # begin ROUND: all programs, each in a directory of its own
	local kind
	for kind in $kinds; do
		mkdir -p "$mnt/$1-$kind"
		: >"$TOP/jobs/$1-$kind"
		tar -cf "$TOP/jobs/stop-$1-$kind.tar" -C "$TOP/seed" .
		ln -sfn "$TOP/seed" "$TOP/jobs/stop-$1-$kind.tree"
		python3 "$here/ride.py" "$kind" "$mnt/$1-$kind" "$TOP/jobs/$1-$kind" \
			"$TOP/jobs/stop-$1-$kind" >"$TOP/jobs/$1-$kind.out" 2>&1 &
		worker[$kind]=$!
		seen[$kind]=0
	done
}

all_went_on() { # all_went_on ROUND: each has made progress since it was last asked, or has ended
	local kind size
	for kind in $kinds; do
		size=$(stat -c %s "$TOP/jobs/$1-$kind")
		[ "$size" -gt "${seen[$kind]:-0}" ] || ! kill -0 "${worker[$kind]}" 2>/dev/null || return 1
	done
}

look() { # look ROUND: progress counts from here
	local kind
	for kind in $kinds; do seen[$kind]=$(stat -c %s "$TOP/jobs/$1-$kind"); done
}

finish() { # finish ROUND TEXT
	local kind
	for kind in $kinds; do touch "$TOP/jobs/stop-$1-$kind"; done
	for kind in $kinds; do
		wait "${worker[$kind]}"
		ok $? "$2: $kind"
		sed 's/^/# /' "$TOP/jobs/$1-$kind.out" | tail -n 5
	done
}

declare -A seen=()
begin kill
check "programs work" wait_until 180 all_went_on kill
for i in 1 2 3 4 5; do
	stop_node a KILL
	start_node a
	ok $? "the exporter is killed and comes back, $i"
	look kill
	check "and everybody goes on" wait_until 180 all_went_on kill
done
finish kill "right after five kills"

for h in a b; do on_host $h sysctl -qw net.ipv6.conf.v0.keep_addr_on_down=1; done
begin cut
check "programs work again" wait_until 180 all_went_on cut
ip -n ${NS}a link set v0 down
sleep 20
ip -n ${NS}a link set v0 up
look cut
check "after 20 s without a network everybody goes on" wait_until 180 all_went_on cut
finish cut "right after a cut"

# Programs that wait on a dead mount can be killed.
waits_there() { # waits_there PID: it sleeps in a request to the mount
	grep -q '^State:.[DS]' "/proc/$1/status" && grep -qE 'fuse|request_wait' "/proc/$1/stack"
}
is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }
stop_node a KILL
declare -A waits=()
for signal in KILL TERM; do
	stat "$mnt/kill-tree/$signal" >/dev/null 2>&1 &
	waits[$signal]=$!
	check "a program waits" wait_until 60 waits_there "${waits[$signal]}"
	kill -$signal "${waits[$signal]}"
	check "and is gone with SIG$signal" wait_until 60 is_gone "${waits[$signal]}"
	wait "${waits[$signal]}" 2>/dev/null
done
check "it can be unmounted when the exporter is gone" metac_b fs umount "$mnt"
stat "$mnt" >/dev/null
ok $? "and nothing waits there any more"
start_node a
done_testing
