#!/bin/bash
# SPDX-License-Identifier: MIT
# Rings: three hosts in a circle, and the same two bridges joined twice. One tunnel is cut off, the
# rest carries on, and when the ring has gone it is opened again.
. "$(dirname "$0")/lib.sh"
hosts_up a b c

declare -A STATION=([a]=10.1.0.1 [b]=10.1.0.2 [c]=10.1.0.3)

# Each host has a bridge with a station in it: a namespace of its own, so that what a host itself
# would do with frames does not matter.
segment_up() { # segment_up HOST
	local h=$1
	ip netns add "${NS}${h}s" && ip -n "$NS$h" link add br0 type bridge mcast_snooping 0 &&
		ip -n "$NS$h" link set br0 up &&
		ip -n "$NS$h" link add s0 type veth peer name s0 netns "${NS}${h}s" &&
		ip -n "$NS$h" link set s0 master br0 up &&
		ip -n "${NS}${h}s" addr add "${STATION[$h]}/24" dev s0 && ip -n "${NS}${h}s" link set s0 up
}
stations_down() {
	for h in a b c; do
		ip netns del "${NS}${h}s" 2>/dev/null
	done
	clean_up
}
trap stations_down EXIT
ping_from() { # ping_from HOST HOST: from station to station, which have to look for each other
	ip -n "${NS}${1}s" neigh flush all
	nsenter --net="/run/netns/${NS}${1}s" ping -c 1 -W 1 -q "${STATION[$2]}"
}
all_ping() { ping_from a b && ping_from b c && ping_from c a; }
loops() { # how many ends are cut off on all hosts
	local h n=0
	for h in a b c; do
		n=$((n + $(metac_$h net ls --all --json | grep -o '"state": *"loop"' | wc -l)))
	done
	echo $n
}
has_loops() { [ "$(loops)" = "$1" ]; }
# Frames that pass a port of the station's bridge within half a second.
frames_of() { ip -n "$NS$1" -s -j link show s0 | python3 -c 'import json,sys; s=json.load(sys.stdin)[0]["stats64"]; print(s["tx"]["packets"])'; }
is_calm() {
	local n
	n=$(frames_of a)
	sleep 0.5
	[ $(($(frames_of a) - n)) -lt 100 ]
}

for h in a b c; do
	check "host $h has a segment" segment_up $h
done
ref_a=$(metac_a net export local:br0)
ref_b=$(metac_b net export local:br0)
ref_c=$(metac_c net export local:br0)

check "b joins a" metac_b net bind "$ref_a" local:br0
check "c joins b" metac_c net bind "$ref_b" local:br0
check "all stations reach each other" wait_until 5 all_ping
check "nothing is cut off" has_loops 0

check "a joins c: a ring" metac_a net bind "$ref_c" local:br0
check "one end is cut off" wait_until 5 has_loops 1
check "all stations still reach each other" wait_until 5 all_ping
check "frames do not run round" wait_until 5 is_calm
check "a person is told" bash -c 'grep -q "loop .*its frames came back another way" <<<"$1"' _ \
	"$(for h in a b c; do metac_$h net ls --all; done)"

check "another part of the ring goes" metac_c net unbind br0
check "what was cut off is opened" wait_until 20 has_loops 0
check "all stations reach each other" wait_until 5 all_ping

check "c joins b again" metac_c net bind "$ref_b" local:br0
check "one end is cut off again" wait_until 5 has_loops 1
check "all stations reach each other again" wait_until 5 all_ping
# One that is cut off is opened after a few seconds if the ring seems to have gone: it does not.
sleep 5
check "one end is cut off still" has_loops 1
check "frames do not run round" wait_until 5 is_calm
check "all stations reach each other still" all_ping
for h in a b c; do
	check "host $h unbinds" metac_$h net unbind br0
done

# The same two bridges twice, by references that do not tell.
ip -n ${NS}b link add p0 type veth peer name p1
for p in p0 p1; do
	ip -n ${NS}b link set $p up
done
ip -n ${NS}b link set p1 master br0
ref_p=$(metac_b net export local:p0) # another interface, which leads to the same bridge
check "a joins b" metac_a net bind "$ref_b" local:br0
check "stations reach each other" wait_until 5 ping_from a b
ip -n ${NS}a link add q0 type veth peer name q1
for p in q0 q1; do
	ip -n ${NS}a link set $p up
done
ip -n ${NS}a link set q1 master br0
check "a joins it another way" metac_a net bind "$ref_p" local:q0
check "one end is cut off" wait_until 5 has_loops 1
check "stations reach each other still" wait_until 5 ping_from a b
check "frames do not run round" wait_until 5 is_calm
check "the detour goes" metac_a net unbind q0
check "the rest is open" wait_until 20 has_loops 0
check "stations reach each other" wait_until 5 ping_from a b
check "unbound" metac_a net unbind br0

# Two cards in one switch, which their hosts use: nothing passes a bridge on its way round but the
# tunnel's ends.
card_up() { # card_up HOST ADDRESS
	ip -n ${NS}x link add "card$1" type veth peer name card0 netns "$NS$1" &&
		ip -n ${NS}x link set "card$1" master sw up &&
		ip -n "$NS$1" link set card0 up && ip -n "$NS$1" addr add "$2/24" dev card0
}
cards_ping() {
	ip -n ${NS}a neigh flush dev card0
	on_host a ping -c 1 -W 1 -q 10.2.0.2
}
card_frames() { ip -n ${NS}x -s -j link show carda | python3 -c 'import json,sys; s=json.load(sys.stdin)[0]["stats64"]; print(s["tx"]["packets"])'; }
cards_are_calm() {
	local n
	n=$(card_frames)
	on_host a ping -c 1 -W 1 -q 10.2.0.99
	[ $(($(card_frames) - n)) -lt 200 ]
}
ip -n ${NS}x link add sw type bridge mcast_snooping 0
ip -n ${NS}x link set sw up
check "host a has a card that it uses" card_up a 10.2.0.1
check "host b has one in the same switch" card_up b 10.2.0.2
check "they are joined by a tunnel besides" metac_b net bind "$(metac_a net export local:card0)" local:card0
check "it is cut off" wait_until 10 has_loops 1
check "frames do not run round" wait_until 5 cards_are_calm
check "the hosts reach each other" wait_until 5 cards_ping
ip -n ${NS}x link set cardb nomaster
check "without the switch it is opened" wait_until 20 has_loops 0
check "and the way" wait_until 10 cards_ping
check "unbound" metac_b net unbind card0
done_testing
