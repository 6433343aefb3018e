# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Two or three hosts on one machine, for tests that type what a person would type.
#
# A host is a network namespace of its own, with a metacd of its own (runtime and state directory under $TOP).
# Two are joined by a veth pair; of three or more each has one to a bridge, which lies in a namespace besides.  The whole test runs in a mount namespace of its
# own, so nothing it mounts can outlive it; the network namespaces are removed at the end, however
# the test ends.  Everything is named after this process: several runs do not meet.
#
# Usage: source it, then `hosts_up` (or `hosts_up a b c`), `check "text" command...`, `done_testing`.
set -u

BUILD=${BUILD:-build}
BUILD=$(cd "$BUILD" && pwd)
if [ "${IN_OWN_NAMESPACE:-}" != yes ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
		echo "1..0 # SKIP needs root and mount namespaces"
		exit 0
	fi
	exec env IN_OWN_NAMESPACE=yes BUILD="$BUILD" unshare -m --propagation private bash "$0" "$@"
fi

TOP=$(mktemp -d /tmp/metac-test.XXXXXX)
NS=mtc$$
A=fd00:6d65:7461::1
B=fd00:6d65:7461::2
C=fd00:6d65:7461::3
HOSTS=(a b)
declare -A DAEMON=()
tests=0
failures=0

on_host() { # on_host a|b|c COMMAND...: in that host's network
	local h=$1
	shift
	nsenter --net=/run/netns/$NS"$h" "$@"
}

exec_on_host() { # the same, in place of this shell
	local h=$1
	shift
	exec nsenter --net=/run/netns/$NS"$h" "$@"
}

metac_a() { on_host a env METAC_RUNTIME_DIR="$TOP/a/run" METAC_ADDRESS=$A "$BUILD/metac" "$@"; }
metac_b() { on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" "$@"; }
metac_c() { on_host c env METAC_RUNTIME_DIR="$TOP/c/run" METAC_ADDRESS=$C "$BUILD/metac" "$@"; }

wait_until() { # wait_until SECONDS COMMAND...: polls a condition that no event tells of
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

address_of() {
	case $1 in
	a) echo $A ;;
	b) echo $B ;;
	*) echo $C ;;
	esac
}

services_up() { # services_up a|b
	local list s
	list=$(metac_"$1" node services) || return
	for s in fs block net persistence; do
		grep -q "^$s" <<<"$list" || return
	done
}

launch_node() { # launch_node a|b LOG [metacd options]: does not wait
	local h=$1 log=$2
	shift 2
	# not through on_host: $! must be metacd itself, which nsenter becomes
	nsenter --net=/run/netns/$NS"$h" "$BUILD/metacd" --address "$(address_of "$h")" \
		--runtime-dir "$TOP/$h/run" --state-dir "$TOP/$h/state" "$@" >>"$log" 2>&1 &
	DAEMON[$h]=$!
}

start_node() { # start_node a|b [metacd options]
	local h=$1
	shift
	launch_node "$h" "$TOP/$h/log" "$@"
	wait_until 30 services_up "$h"
}

stop_node() { # stop_node a|b [SIGNAL]
	kill -"${2:-TERM}" "${DAEMON[$1]}" 2>/dev/null
	wait "${DAEMON[$1]}" 2>/dev/null
	local status=$?
	unset "DAEMON[$1]"
	return $status
}

clean_up() {
	local h
	for h in "${!DAEMON[@]}"; do
		kill -TERM "${DAEMON[$h]}" 2>/dev/null
	done
	wait
	for h in "${HOSTS[@]}" x; do
		ip netns del "$NS$h" 2>/dev/null
	done
	cd / && rm -rf --one-file-system "$TOP"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

join_hosts() { # what is between them
	local h
	if [ ${#HOSTS[@]} = 2 ]; then
		ip -n "$NS${HOSTS[0]}" link add v0 type veth peer name v0 netns "$NS${HOSTS[1]}"
		return
	fi
	ip netns add ${NS}x && ip -n ${NS}x link add br0 type bridge mcast_snooping 0 && ip -n ${NS}x link set br0 up || return
	for h in "${HOSTS[@]}"; do
		ip -n ${NS}x link add "v$h" type veth peer name v0 netns "$NS$h" || return
		ip -n ${NS}x link set "v$h" master br0 up || return
	done
}

network_up() {
	local h
	for h in "${HOSTS[@]}"; do
		ip netns add "$NS$h" || return
	done
	join_hosts || return
	for h in "${HOSTS[@]}"; do
		ip -n $NS$h link set lo up
		ip -n $NS$h addr add "$(address_of $h)/64" dev v0 nodad
		ip -n $NS$h link set v0 up
		mkdir -p "$TOP/$h/run" "$TOP/$h/state" "$TOP/$h/mnt"
	done
	# programs that ordinary users can run, wherever the build lies
	install -m 755 -D -t "$TOP/bin" "$BUILD"/metac "$BUILD"/metacd "$BUILD"/metacd-worker
	chmod 755 "$TOP" "$TOP"/bin "$TOP"/[abc] "$TOP"/[abc]/*
}

hosts_up() { # hosts_up [HOST...]
	local h
	[ $# = 0 ] || HOSTS=("$@")
	if ! network_up; then
		echo "1..0 # SKIP no network namespaces here"
		exit 0
	fi
	for h in "${HOSTS[@]}"; do
		start_node "$h" || { show_logs; echo "not ok 1 - node $h starts"; echo "1..1"; exit 1; }
	done
}

no_process() { # no_process a|b: nothing runs on that host any more
	[ -z "$(ip netns pids $NS"$1")" ]
}

show_logs() {
	local h
	for h in "${HOSTS[@]}"; do
		[ -f "$TOP/$h/log" ] && tail -n 40 "$TOP/$h/log" | sed "s/^/# $h: /"
	done
}

# Not in a subshell: start_node, stop_node (they wait for children): `stop_node a; ok $? "text"`.
ok() { # ok STATUS TEXT
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		failures=$((failures + 1))
	fi
}

check() { # check TEXT COMMAND...: the command succeeds
	local text=$1
	shift
	# Not in a subshell: that could not wait for a daemon started by this one.
	if "$@" >"$TOP/output" 2>&1; then
		ok 0 "$text"
	else
		ok 1 "$text"
		echo "# command: $*"
		head -n 20 "$TOP/output" | sed 's/^/# /'
	fi
}

fails_with() { # fails_with TEXT STATUS PATTERN COMMAND...: exit status, and one line on stderr that matches
	local text=$1 status=$2 pattern=$3 out r
	shift 3
	out=$("$@" 2>&1 >/dev/null)
	r=$?
	if [ "$r" = "$status" ] && [ "$(wc -l <<<"$out")" = 1 ] && grep -Eq -- "$pattern" <<<"$out"; then
		ok 0 "$text"
	else
		ok 1 "$text"
		echo "# status $r, wanted $status; wanted /$pattern/; said:"
		head -n 10 <<<"$out" | sed 's/^/# /'
	fi
}

done_testing() {
	[ $failures = 0 ] || show_logs
	echo "1..$tests"
	[ $failures = 0 ]
}
