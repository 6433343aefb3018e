#!/bin/bash
# SPDX-License-Identifier: MIT
# Joined interfaces while everything is killed, restarted, cut off, revoked and deleted: what is
# persistent comes back, the interface keeps its addresses, and nothing is left in the end.
. "$(dirname "$0")/lib.sh"
hosts_up a b c

# Host a has a segment of its own, a bridge that it has an address in. (That of a bridge without
# ports changes with them, unless it is set.)
segment_up() {
	ip -n ${NS}a link add br0 address 02:00:00:00:0a:01 type bridge mcast_snooping 0 &&
		ip -n ${NS}a addr add 10.1.0.1/24 dev br0 && ip -n ${NS}a link set br0 up
}

role_pid() { pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"; } # role_pid a|b ROLE
other_pid() { local p; p=$(role_pid "$1" "$2") && [ "$p" != "$3" ]; }
pings() { on_host b ping -c 1 -W 1 -q 10.1.0.1; }
silent() { ! on_host b ping -c 2 -i 0.2 -W 1 -q 10.1.0.1 >/dev/null; }
field() { # field KEY: of the first binding of host b
	metac_b net ls --json | python3 -c 'import json,sys; l=json.load(sys.stdin); print(l[0][sys.argv[1]] if l else "none")' "$1"
}
is_named() { [ "$(field interface)" = "$1" ] && ip -n ${NS}b link show "$1"; }
is_in_state() { [ "$(field state)" = "$1" ]; }
index_of() { ip -n ${NS}b -o link show "$1" 2>/dev/null | cut -d: -f1; }
has_address() { ip -n ${NS}b -o addr show dev lab0 | grep -q 'inet 10.1.0.7/24'; }
links_of() { ip -n $NS"$1" -o link show | grep -Eo "(mc[xbl][0-9a-f]{8}|lab[0-9]+)" | sort -u; } # ours
has_links() { [ "$(links_of "$1" | wc -l)" = "$2" ]; }
rules_of() { on_host "$1" nft list ruleset 2>/dev/null | grep -E 'mc[xbl][0-9a-f]{8}|lab[0-9]'; }
no_rules() { [ -z "$(rules_of "$1")" ]; }
nothing_left() { # nothing_left a|b
	has_links "$1" 0 && no_rules "$1" && [ -z "$(ip -n $NS"$1" -o link show type vxlan)" ]
}

check "host a has a segment" segment_up
ref=$(metac_a net export --persistent local:br0)
check "the reference is one" grep -q '^ref://' <<<"$ref"
check "bound for good" metac_b net bind --persistent "$ref" newlocal:lab0
check "an address is added by hand" ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "host a answers through it" wait_until 10 pings
index=$(index_of lab0)
check "host a lists it as bound by another" bash -c 'grep -q "\"exported\": true" <<<"$1"' _ \
	"$(metac_a net ls --all --json)"
fails_with "it is not bound to the same twice" 1 'lab0.*already' metac_b net bind "$ref" local:lab0
check "which changed nothing" pings

for host in a b; do
	for role in net persistence node; do
		old=$(role_pid $host $role)
		kill -KILL "$old"
		check "$role of host $host comes back after kill -9" wait_until 20 other_pid $host $role "$old"
		check "host $host serves again" wait_until 30 services_up $host
		check "they are joined again" wait_until 60 pings
		check "it is connected" wait_until 20 is_in_state connected
		check "the interface is the same" test "$(index_of lab0)" = "$index"
		check "and has its address" has_address
		check "host a has one end" wait_until 5 has_links a 1
		check "host b has the other" wait_until 5 has_links b 1
	done
done

# The network between them.
ip -n ${NS}a link set v0 down
check "with the network down nothing passes" silent
check "the interface stays" has_address
ip -n ${NS}a link set v0 up
wait_until 5 ip -n ${NS}a addr add "$A/64" dev v0 nodad # it goes with the link
check "with the network up it passes again" wait_until 60 pings

ip -n ${NS}a link set v0 down
stop_node a KILL
start_node_a() { # its address is there, though nobody can reach it
	ip -n ${NS}a link set v0 up
	ip -n ${NS}a addr replace "$A/64" dev v0 nodad
	ip -n ${NS}b link set v0 down
	start_node a
}
start_node_a
ok $? "host a starts again while it cannot be reached"
check "nothing passes" silent
ip -n ${NS}b link set v0 up
ip -n ${NS}b addr replace "$B/64" dev v0 nodad
check "it passes when the network is there" wait_until 120 pings
check "over the same interface" test "$(index_of lab0)" = "$index"

# In any order.
stop_node b
check "stopped, host b has nothing left" nothing_left b
check "host a neither" wait_until 10 nothing_left a
stop_node a
start_node b
ok $? "the binder first"
check "it waits" wait_until 20 is_in_state waiting
check "with an interface" wait_until 5 has_links b 1
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
start_node a
ok $? "then the exporter"
check "they are joined" wait_until 60 pings
stop_node a
check "it waits for the exporter" wait_until 20 is_in_state waiting
check "nothing passes meanwhile" silent
check "and keeps its address" has_address
start_node a
ok $? "which comes back"
check "they are joined again" wait_until 60 pings

# Under another name.
check "it is renamed" metac_b net rename local:lab0 lab7
old=$(role_pid b net)
kill -KILL "$old"
check "its service comes back" wait_until 20 other_pid b net "$old"
check "host b serves again" wait_until 30 services_up b
check "they are joined again" wait_until 60 pings
check "by the name it has now" is_named lab7
stop_node b
start_node b
ok $? "host b starts again"
check "it has the new name" wait_until 20 is_named lab7
check "and the old one is free" bash -c '! ip -n "$1" link show lab0' _ ${NS}b
check "it is renamed back" metac_b net rename local:lab7 lab0
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "they are joined" wait_until 60 pings

# What is exported goes and comes.
check "the exported interface is deleted" ip -n ${NS}a link del br0
check "it is waited for" wait_until 20 is_in_state waiting
check "host a has nothing left" wait_until 5 nothing_left a
check "it is made again" segment_up
check "and they are joined again" wait_until 20 pings
check "host a has one end" has_links a 1

# Revoked.
check "the reference is removed" metac_a ref rm "$ref"
check "the exporter's end is gone at once" wait_until 2 nothing_left a
check "the binding is over" wait_until 20 is_in_state gone
check "nothing passes" silent
check "the interface is kept" has_address
check "and says why" bash -c 'grep -q revoked <<<"$1"' _ "$(field error)"
check "until it is unbound" metac_b net unbind lab0
check "then nothing is left" nothing_left b
check "nor stored" test -z "$(metac_b obj ls --json | grep -o 'net:binding')"

# The interface here is deleted by hand.
ref=$(metac_a net export local:br0)
check "bound again" metac_b net bind "$ref" newlocal:lab1
check "host a has one end" has_links a 1
ip -n ${NS}b link del lab1
check "an interface that was deleted is gone" wait_until 10 is_in_state gone
check "the other end goes with it" wait_until 10 nothing_left a
check "it is unbound all the same" metac_b net unbind lab1
check "host b has nothing left" nothing_left b

# A killed service takes with it what nobody wants back.
check "bound once more" metac_b net bind "$ref" newlocal:lab2
old=$(role_pid b net)
kill -KILL "$old"
check "the service comes back" wait_until 20 other_pid b net "$old"
check "host b serves again" wait_until 30 services_up b
check "the other end is gone" wait_until 10 nothing_left a
check "its interface is removed" wait_until 40 nothing_left b

# The other one goes silent half-way.
kill -STOP "$(role_pid a net)"
fails_with "who does not answer is not waited for" 1 'lab3.*no answer in time' metac_b net bind "$ref" newlocal:lab3
check "nothing is left of that" nothing_left b
kill -CONT "$(role_pid a net)"
wait_until 30 services_up a
check "nor there" wait_until 10 nothing_left a
kill -STOP "$(role_pid a net)"
(sleep 1; kill -KILL "$(role_pid a net)") &
fails_with "who dies half-way is told of" 1 'lab3' metac_b net bind "$ref" newlocal:lab3
check "nothing is left of that" nothing_left b
wait_until 30 services_up a
check "nor there" wait_until 10 nothing_left a
wait $!

# On one host, between two of its networks: no tunnel, but as lasting as one.
ip netns add ${NS}s
trap 'ip netns del ${NS}s 2>/dev/null; clean_up' EXIT
station_pings() { ip netns exec ${NS}s ping -c 1 -W 1 -q 10.1.0.1; }
in_station() { ip -n ${NS}s -o addr show dev lab4 | grep -q 'inet 10.1.0.9/24'; }
ref=$(metac_a net export --persistent local:br0)
check "an interface of another namespace is bound" metac_a net bind --persistent "$ref" newnetns:${NS}s:lab4
ip -n ${NS}s addr add 10.1.0.9/24 dev lab4
check "host a answers through it" wait_until 10 station_pings
check "the exported interface is deleted" ip -n ${NS}a link del br0
a_is_in_state() { metac_a net ls --json | grep -q "\"state\": *\"$1\""; }
check "it is waited for" wait_until 20 a_is_in_state waiting
check "it is made again" segment_up
check "and they are joined again" wait_until 20 station_pings
check "without a tunnel" test -z "$(ip -n ${NS}a -o link show type vxlan)"
for role in net persistence node; do
	old=$(role_pid a $role)
	kill -KILL "$old"
	check "$role comes back after kill -9" wait_until 20 other_pid a $role "$old"
	check "host a serves again" wait_until 30 services_up a
	check "they are joined again" wait_until 60 station_pings
	check "with the same address" in_station
done

# A third host joins two others, and is not needed any more.
ip -n ${NS}b link add br1 address 02:00:00:00:0b:01 type bridge mcast_snooping 0
ip -n ${NS}b addr add 10.1.0.2/24 dev br1
ip -n ${NS}b link set br1 up
other=$(metac_b net export --persistent local:br1)
binding=$(metac_c net bind --persistent "$ref" "$other")
check "bound from a third host" grep -q '^ref://' <<<"$binding"
check "they reach each other" wait_until 10 pings
stop_node c
for host in a b; do
	for role in net persistence node; do
		old=$(role_pid $host $role)
		kill -KILL "$old"
		check "$role of host $host comes back after kill -9" wait_until 20 other_pid $host $role "$old"
		check "host $host serves again" wait_until 30 services_up $host
		check "they are joined again" wait_until 60 pings
	done
done
check "one of them takes its interface back" metac_b ref rm "$other"
check "its end is gone at once" wait_until 2 nothing_left b
check "nothing passes" silent
check "the other one sees that" wait_until 20 bash -c 'grep -q "\"gone\"" <<<"$("$@")"' _ env \
	METAC_RUNTIME_DIR="$TOP/a/run" METAC_ADDRESS=$A nsenter --net=/run/netns/${NS}a "$BUILD/metac" net ls --json
start_node c
ok $? "the third host starts again"
check "and unbinds them" metac_c net unbind "$binding"
check "on the same host it is over with the reference, too" metac_a ref rm "$ref"
station_silent() { ! station_pings; }
check "nothing passes" wait_until 5 station_silent
check "it is unbound" metac_a net unbind ${NS}s:lab4
check "host a has nothing left" wait_until 5 nothing_left a
check "nor the namespace" test -z "$(ip -n ${NS}s -o link show lab4 2>/dev/null)"
done_testing
