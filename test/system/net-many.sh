#!/bin/bash
# SPDX-License-Identifier: MIT
# Many bindings at once, all of which carry frames, and of which nothing is left; what passes them
# at most, over networks of several MTUs and both families of addresses.
. "$(dirname "$0")/lib.sh"
hosts_up
sanitized() { ldd "$BUILD/metacd" | grep -q asan; }
MANY=${MANY:-$(sanitized && echo 50 || echo 200)}

role_pid() { pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"; }
descriptors() { find "/proc/$(role_pid "$1" net)/fd" -mindepth 1 | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(role_pid "$1" net)/status"; } # KiB
links() { ip -n $NS"$1" -o link show 2>/dev/null | wc -l; }
rules() { on_host "$1" nft list ruleset | grep -Ec 'counter port-|chain (in|out)-|elements = '; }
ports() { on_host "$1" ss -Hlun 'sport >= :49152' | wc -l; }
state() { echo "$(links "$1") $(rules "$1") $(ports "$1")"; } # links, rules, ports
is_in_state() { [ "$(state "$1")" = "$2" ]; }
bindings() { metac_"$1" net ls --json | grep -c '"id"'; }
has_bindings() { [ "$(bindings "$1")" = "$2" ]; }
mtu_of() { ip -n $NS"$1" -o link show "$2" 2>/dev/null | grep -o "mtu [0-9]*" | cut -c 5-; }
has_mtu() { [ "$(mtu_of "$1" "$2")" = "$3" ] || { mtu_of "$1" "$2"; false; }; }
no_link() { ! on_host "$1" grep -q " $2:" /proc/self/net/dev; }
ping_of() { on_host b ping -c 1 -W 5 -M "do" -q -s "$2" "$1"; } # HOST SIZE
each() { # each FUNCTION: for 1 to MANY at the same time; all have to succeed
	local i failed=0
	local -a pids=()
	for ((i = 1; i <= MANY; i++)); do
		"$1" $i >>"$TOP/each" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || failed=$((failed + 1))
	done
	[ $failed = 0 ] || { echo "$failed of $MANY failed"; tail -n 5 "$TOP/each"; false; }
}

# ---- one, in many sizes ----

ref=$(metac_a net export newlocal:x0,address=10.76.0.1/24)
bind() { metac_b net bind "$@" "$ref" newlocal:y0,address=10.76.0.2/24; }
check "bound with the largest MTU there is" bind
check "that is the network's without what the tunnel adds" has_mtu b y0 1426
check "both ends have it" has_mtu a x0 1426
check "a packet of that size passes" ping_of 10.76.0.1 1398
check "it is undone" metac_b net unbind y0
check "and has gone when the command is over" no_link b y0
check "bound with an MTU that was asked for" bind --mtu 1300
check "the interface has it" has_mtu b y0 1300
check "a packet of that size passes" ping_of 10.76.0.1 1272
check "it is undone" metac_b net unbind y0
before=$(state b)
fails_with "an MTU that the network does not allow is refused with what it would need" 1 \
	'MTU of 1500 is too large: 1426 is possible; for 1500 the network .* 1574' bind --mtu 1500
fails_with "one that is too small for anything as well" 2 'from 576' bind --mtu 500
fails_with "and a name that is too long" 1 'at most 15 bytes' metac_b net bind "$ref" newlocal:y0123456789abcdef
check "nothing is left of what was refused" wait_until 5 is_in_state b "$before"
check "the other end is deleted" metac_a net rm local:x0

jumbo_up() { ip -n ${NS}a link set v0 mtu 9100 && ip -n ${NS}b link set v0 mtu 9100; }
jumbo_down() { ip -n ${NS}a link set v0 mtu 1500 && ip -n ${NS}b link set v0 mtu 1500; }
check "the network between has jumbo frames" jumbo_up
ref=$(metac_a net export newlocal:x0,mtu=9000,address=10.76.0.1/24)
check "bound with jumbo frames" metac_b net bind --mtu 9000 "$ref" newlocal:y0,mtu=9000,address=10.76.0.2/24
check "the interface has them" has_mtu b y0 9000
check "a packet of 9000 bytes passes" ping_of 10.76.0.1 8972
check "it is undone" metac_b net unbind y0
check "the other end is deleted" metac_a net rm local:x0
check "no jumbo frames any more" jumbo_down

# ---- on one host, two namespaces ----

trap 'ip netns del ${NS}q 2>/dev/null; clean_up' EXIT
quiet_up() { ip netns add ${NS}q && ip -n ${NS}q link set lo up; }
check "a network namespace" quiet_up
check "two interfaces are made and joined" metac_b net bind newlocal:y0,address=10.78.0.1/24 \
	"newnetns:${NS}q:y1,mtu=1400,address=10.78.0.2/24"
check "the first packet passes" ping_of 10.78.0.2 1372
check "both have the smaller MTU" has_mtu b y0 1400
check "it is undone" metac_b net unbind y0
check "nothing is left in the one" no_link b y0
check "nor in the other" test -z "$(ip -n ${NS}q -o link show 2>/dev/null | grep -v ' lo:')"
check "the namespace goes" ip netns del ${NS}q

# ---- many ----

export_one() { metac_a net export "newlocal:x$1,address=10.77.$1.1/24" >"$TOP/ref.$1"; }
bind_one() { metac_b net bind - "newlocal:y$1,address=10.77.$1.2/24" <"$TOP/ref.$1"; }
ping_one() { ping_of "10.77.$1.1" 56; }
unbind_one() { metac_b net unbind "y$1"; }
remove_one() { metac_a net rm "local:x$1"; }

state_a=$(state a) state_b=$(state b)
for round in 1 2; do
	check "$MANY interfaces are made ($round)" each export_one
	check "$MANY are bound at once ($round)" each bind_one
	check "all of them are there ($round)" has_bindings b "$MANY"
	check "all of them carry a ping ($round)" each ping_one
	check "all of them are undone at once ($round)" each unbind_one
	check "host b has no links, rules or ports of them ($round)" is_in_state b "$state_b"
	check "the interfaces are deleted ($round)" each remove_one
	check "nor has host a ($round)" wait_until 10 is_in_state a "$state_a"
	if [ $round = 1 ]; then
		descriptors_a=$(descriptors a) descriptors_b=$(descriptors b)
		memory_a=$(memory a) memory_b=$(memory b)
	fi
done
check "the services have no more descriptors than before" \
	test "$(descriptors a) $(descriptors b)" = "$descriptors_a $descriptors_b"
if ! sanitized; then
	check "nor noticeably more memory" test $(($(memory a) - memory_a)) -lt 4096 -a $(($(memory b) - memory_b)) -lt 4096
fi

# ---- nodes with IPv4 addresses ----

start_ip4() { # start_ip4 a|b ADDRESS
	local h=$1 i
	ip -n $NS"$h" addr add "$2/24" dev v0 || return
	mkdir -p "$TOP/$h/run4" "$TOP/$h/state4"
	nsenter --net=/run/netns/$NS"$h" "$BUILD/metacd" --address "$2" --runtime-dir "$TOP/$h/run4" \
		--state-dir "$TOP/$h/state4" >>"$TOP/$h/log" 2>&1 &
	DAEMON[$h$h]=$!
	for i in $(seq 200); do
		metac_4 "$h" "$2" node services 2>/dev/null | grep -q ^net && return
		sleep 0.05
	done
	return 1
}
metac_4() { # metac_4 a|b ADDRESS ARGUMENTS...
	local h=$1 address=$2
	shift 2
	on_host "$h" env METAC_RUNTIME_DIR="$TOP/$h/run4" METAC_ADDRESS="$address" "$BUILD/metac" "$@"
}
start_ip4 a 10.50.0.1
ok $? "a node with an IPv4 address"
start_ip4 b 10.50.0.2
ok $? "another one"
ref=$(metac_4 a 10.50.0.1 net export newlocal:x0,address=10.76.0.1/24)
check "they join interfaces" metac_4 b 10.50.0.2 net bind "$ref" newlocal:y0,address=10.76.0.2/24
check "with a larger MTU" has_mtu b y0 1446
check "a packet of that size passes" ping_of 10.76.0.1 1418
check "it is undone" metac_4 b 10.50.0.2 net unbind y0
check "the other end is deleted" metac_4 a 10.50.0.1 net rm local:x0
check "nothing is left of it" wait_until 10 is_in_state b "$state_b"

done_testing
