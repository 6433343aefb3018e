#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk of another host is written and read all the time, and what can be killed is, at moments that nobody chose:
# the server's worker, its service, its node, its machine (which forgets what was not flushed), the network, the worker
# of this side.  No sector may be lost, torn, or older than it should be.  SECONDS_EACH: how long.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
hosts_up

each=${SECONDS_EACH:-8} THREADS=12
role_pid() { pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"; }
worker_pid() { pgrep -P "$(role_pid "$1" "$2")" -f -- "role=$3" | head -n 1 | grep .; }
soak() { # soak NAME TARGET: begins; $job is its process
	python3 "$here/block-soak.py" "$2" $THREADS "$TOP/$1.state" >"$TOP/$1.said" 2>&1 &
	job=$!
}
kill_one() { local pid; pid=$("$@") && kill -KILL "$pid"; }
restart() { # restart [reboot FILE STATE]
	stop_node a KILL
	wait_until 20 no_process a || return
	if [ "${1:-}" = reboot ]; then
		rm -f "$3.lost"
		kill -USR1 $job && wait_until 20 test -e "$3.lost" || return
		python3 "$here/block-soak.py" --lose "$2" "$3" || return
		lost=$((lost + $(wc -l <"$3.lost")))
		cat /proc/sys/kernel/random/uuid >"$TOP/boot_id"
		mount --bind "$TOP/boot_id" /proc/sys/kernel/random/boot_id
	fi
	start_node a
}
unplug() {
	ip -n ${NS}a link set v0 down
	sleep 0.3
	ip -n ${NS}a link set v0 up
	ip -n ${NS}a addr add "$A/64" dev v0 nodad 2>/dev/null
	return 0
}
trouble() { # trouble NAME FILE KIND...: until the time is over; fails if the job does
	local name=$1 file=$2 end=$((SECONDS + each)) kind
	shift 2
	while [ $SECONDS -lt $end ]; do
		python3 -c 'import random, time; time.sleep(random.random())' # a moment that nobody chose
		kill -0 $job 2>/dev/null || break
		kind=$1
		case $kind in
		worker) kill_one worker_pid a fs nbd-server ;;
		service) kill_one role_pid a fs && wait_until 20 services_up a ;;
		node) restart ;;
		reboot) restart reboot "$file" "$TOP/$name.state" ;;
		unplug) unplug ;;
		own) kill_one worker_pid b block nbd-client ;;
		esac
		shift
		set -- "$@" "$kind" # the next one
	done
	kill -TERM $job
	wait $job || { sed 's/^/# /' "$TOP/$name.said"; return 1; }
	sed 's/^/# /' "$TOP/$name.said"
	python3 "$here/block-soak.py" --check "$file" "$TOP/$name.state"
}

lost=0
truncate -s 8M "$TOP/a/served"
ref=$(metac_a block export --persistent "local:$TOP/a/served")
metac_b block serve "$ref" --fork --json --unix "$TOP/sock" >"$TOP/serve.json"
ok $? "it is served"
soak served "$TOP/sock"
trouble served "$TOP/a/served" worker reboot service unplug worker node
ok $? "what is served has all that was written"
ok $((lost == 0)) "also what the machine had forgotten ($lost sectors)"
kill -TERM "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])' <"$TOP/serve.json")"

if [ -e /dev/loop-control ] && [ -e /dev/fuse ]; then
	truncate -s 8M "$TOP/a/attached"
	ref=$(metac_a block export --persistent "local:$TOP/a/attached")
	device=$(metac_b block attach --transport loop --name "soak-$$" "$ref" >/dev/null && readlink "/dev/metac/soak-$$")
	check "it is attached" test -b "$device"
	soak attached "$device"
	trouble attached "$TOP/a/attached" worker own service unplug own worker node
	ok $? "what is attached has all that was written"
	check "it is detached" metac_b block detach "soak-$$"
	check "attached once more" metac_b block attach --transport loop --name "soak-$$" "$ref"
	device=$(readlink "/dev/metac/soak-$$") lost=0
	truncate -s 0 "$TOP/a/attached" && truncate -s 8M "$TOP/a/attached"
	soak again "$device"
	trouble again "$TOP/a/attached" reboot worker
	ok $? "that of a machine that forgets as well"
	ok $((lost == 0)) "which it did ($lost sectors)"
	check "it is detached" metac_b block detach "soak-$$"
fi
while umount /proc/sys/kernel/random/boot_id 2>/dev/null; do :; done
done_testing
