#!/bin/bash
# SPDX-License-Identifier: MIT
# Network interfaces as one types them, on three hosts: eth1 of A leads to a laboratory, which is a namespace with a DHCP
# server; eth1 of B to another one; C joins others.
. "$(dirname "$0")/lib.sh"
for tool in iperf3 dnsmasq busybox tcpdump; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
hosts_up a b c
frames=$(realpath "$(dirname "$0")/frames.py")
cd "$TOP" || exit 1

# ---- laboratories: la behind eth1 of A, lb behind eth1 of B
for h in a b; do
	ip netns add "${NS}l$h" || { echo "1..0 # SKIP no namespaces"; exit 0; }
	HOSTS+=("l$h") # removed at the end
	ip -n "$NS$h" link add eth1 type veth peer name lan netns "${NS}l$h"
	ip -n "$NS$h" link set eth1 up
	ip -n "${NS}l$h" link set lo up
	ip -n "${NS}l$h" link set lan up
done
NODES=(a b c)
ip -n ${NS}la addr add 10.1.0.1/24 dev lan
ip -n ${NS}la addr add fd01::1/64 dev lan nodad
ip -n ${NS}lb addr add 10.1.0.2/24 dev lan
helpers=()
helper() { # helper HOST COMMAND...: in the background, until the end
	local h=$1
	shift
	nsenter --net=/run/netns/$NS"$h" "$@" >"$TOP/helper" 2>&1 &
	helpers+=($!)
}
helper la dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=lan --bind-interfaces \
	--dhcp-range=10.1.0.100,10.1.0.150,1h --dhcp-leasefile="$TOP/leases" --pid-file= --user=root --dhcp-authoritative
helper la iperf3 -s
end_helpers() {
	local p
	for p in "${helpers[@]}"; do kill "$p" 2>/dev/null; done
}
trap 'end_helpers; clean_up' EXIT

fails() { ! "$@"; }
ping_from() { on_host "$1" ping -c 1 -W 2 -q "$2" >/dev/null; }
pings() { wait_until 10 ping_from "$1" "$2"; }
no_ping() { ! on_host "$1" ping -c 2 -i 0.3 -W 1 -q "$2" >/dev/null; }
link_of() { # link_of HOST DEV KEY: as ip-link(8) says it in JSON
	ip -n "$NS$1" -j link show dev "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$3"
}
is_there() { ip -n "$NS$1" link show dev "$2" >/dev/null 2>&1; }
field() { # field HOST NAME KEY: of the binding of that interface
	metac_"$1" net ls --all --json | python3 -c 'import json, sys
print(next(b[sys.argv[2]] for b in json.load(sys.stdin) if b["interface"] == sys.argv[1]))' "$2" "$3"
}
field_is() { [ "$(field "$1" "$2" "$3")" = "$4" ]; }
stat_of() { # stat_of HOST NAME KEY
	metac_"$1" net stats --json "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$3"
}
snapshot() { # what there is on a host, without what counts
	local h
	for h in "$@"; do
		echo "host $h"
		ip -n "$NS$h" -o -d link show 2>/dev/null | sed -E 's/^[0-9]+: //; s/@if[0-9]+//; s/ (promiscuity|allmulti) [0-9]+//g'
		ip -n "$NS$h" -o addr show | sed -E 's/^[0-9]+: //; s/(valid|preferred)_lft [^ ]+|tentative //g'
		tc -n "$NS$h" qdisc show | grep -v noqueue
		on_host "$h" nft -s list ruleset 2>/dev/null | grep -E 'element|iif|oif|dport|mc[xbl]'
	done
	true
}
is_as_before() {
	snapshot "${NODES[@]}" >"$TOP/after"
	diff "$TOP/before" "$TOP/after"
}
nothing_left() { wait_until 10 is_as_before || is_as_before; }
snapshot "${NODES[@]}" >"$TOP/before"

# ---- bad input, before there is anything good
fails_with "an interface that is not there" 1 'no interface eth7 here; newlocal:eth7 makes one' metac_a net export local:eth7
fails_with "nor in another namespace" 1 "no interface eth7 in the network namespace ${NS}la; newnetns:${NS}la:eth7 makes one" \
	metac_a net export "netns:${NS}la:eth7"
fails_with "a namespace that is not there" 1 'nowhere' metac_a net export netns:nowhere:eth0
fails_with "a namespace that is none" 1 'namespace' metac_a net export netns:/etc/passwd:eth0
fails_with "what is no URI" 1 'written as local:eth1' metac_a net export eth1
fails_with "a name that is too long" 1 'at most 15 bytes' metac_a net bind local:eth1 newlocal:abcdefghijklmnop
fails_with "a name that is taken" 1 'there is an interface eth1 here already; local:eth1 is that one' metac_a net export newlocal:eth1
fails_with "the loopback interface" 1 'lo' metac_a net export local:lo
fails_with "an option that is none" 1 'the options are rate, allow and mac' metac_a net export local:eth1,speed=1
fails_with "a rate that is none" 1 'a rate is written as 100mbit' metac_a net export local:eth1,rate=fast
fails_with "an MTU that is too small" 2 'no number from 576' metac_a net bind --mtu 100 local:eth1 newlocal:x
fails_with "--l3 with what is there" 2 'it goes with newlocal:NAME' metac_a net export --l3 10.9.0.1/24 local:eth1
some=$(metac_a net export local:eth1)
tree=$(metac_a fs export "local:$TOP/a/mnt")
fails_with "a directory is no interface" 1 'this is a directory, not a network interface' metac_b net bind "$tree" newlocal:lab0
fails_with "nor to be given on as one" 1 'this is a directory, not a network interface' metac_a net export "$tree"
fails_with "what is not bound" 1 'lab0 is not bound \(see .metac net ls' metac_b net unbind lab0
fails_with "nor has numbers" 1 'lab0 is not bound' metac_b net stats lab0
fails_with "a reference that is none" 1 'damaged' metac_b net bind "${tree%??????}" newlocal:lab0
for what in fs file; do
	kind=directory
	[ $what = file ] && kind=file
	fails_with "an interface is none of $what" 1 "this is a network interface, not a $kind" metac_b $what export "$some"
done
fails_with "nor a disk" 1 'this is a network interface, not a file' metac_b block attach "$some"
fails_with "nor a stream" 1 'this is a network interface, not a stream' metac_b stream cat "$some"
check "a reference that is taken back" metac_a ref rm "$some"
check "nothing is listed" test "$(metac_b net ls --json)" = '[]'
check "nothing is left of all that" nothing_left

# ---- the commands of the manual page
ref=$(metac_a net export local:eth1)
check "net export prints a reference" grep -q '^ref://' <<<"$ref"
check "net bind prints the interface" test "$(metac_b net bind "$ref" newlocal:lab0)" = lab0
on_host b ip addr add 10.1.0.7/24 dev lab0
on_host b ip addr add fd01::7/64 dev lab0 nodad
check "ping" pings b 10.1.0.1
check "ping by IPv6, which takes neighbour discovery" pings b fd01::1
check "the neighbour is known by its own address" grep -q "lladdr $(link_of la lan address)" <(on_host b ip -6 neigh show fd01::1)
check "and from the laboratory" pings la fd01::7
check "it is connected" field_is b lab0 state connected
check "by VXLAN" field_is b lab0 transport vxlan
check "with an MTU that fits" test "$(link_of b lab0 mtu)" = 1426
check "net ls has it" bash -c 'grep -q "^lab0 " <<<"$0"' "$(metac_b net ls)"
check "the other host has it with --all" field_is a eth1 exported True
check "without, it has made none" test "$(metac_a net ls --json)" = '[]'
check "no secret is shown" bash -c '! grep -qF "$1" <<<"$2"' _ "${ref##*/}" "$(metac_b net ls --json; metac_a net ls --all --json)"
check "net interfaces has it" bash -c 'grep -q "^lab0 .*10.1.0.7/24" <<<"$0"' "$(metac_b net interfaces)"
received=$(stat_of b lab0 receivedPackets)
on_host b ping -c 20 -i 0.01 -q 10.1.0.1 >/dev/null
check "net stats counts" test "$(stat_of b lab0 receivedPackets)" -ge $((received + 20))
check "at the other end too" test "$(stat_of a eth1 sentPackets)" -ge $((received + 20))
check "as a table" bash -c 'grep -q "^lab0 " <<<"$0"' "$(metac_b net stats lab0)"
fails_with "a second one of the same name" 1 'there is an interface lab0 here already' metac_b net bind "$ref" newlocal:lab0
check "which has hurt nothing" ping_from b 10.1.0.1

# ---- what passes
cat >"$TOP/lease" <<'END'
#!/bin/sh
[ "$1" = bound ] && echo "$ip" >"$LEASE"
exit 0
END
chmod 755 "$TOP/lease"
dhcp() { # dhcp HOST DEV: an address from the laboratory, which it prints
	rm -f "$TOP/address"
	on_host "$1" env LEASE="$TOP/address" timeout 20 busybox udhcpc -i "$2" -n -q -f -t 5 -T 1 -s "$TOP/lease" >/dev/null 2>&1
	cat "$TOP/address"
}
check "DHCP gives an address" grep -q '^10\.1\.0\.1[0-5]' <(dhcp b lab0)
iperf() { on_host b iperf3 -c 10.1.0.1 -t 1 -J "$@" | python3 -c 'import json, sys
j = json.load(sys.stdin)["end"]; print(int(j["sum_received"]["bits_per_second"]))'; }
check "TCP there" test "$(iperf)" -gt 1000000
check "and back" test "$(iperf -R)" -gt 1000000
check "UDP" test "$(iperf -u -b 5M)" -gt 1000000
passes() { # passes FROM DEV TO DEV SIZE [VLAN]: a frame with so many bytes behind its header, to everybody
	local p from=$1 dev=$2
	rm -f "$TOP/ready"
	nsenter --net=/run/netns/$NS"$3" python3 "$frames" wait "$4" "$5" 10 "${6:-0}" >"$TOP/ready" &
	p=$!
	wait_until 10 test -s "$TOP/ready"
	on_host "$from" python3 "$frames" send "$dev" "$5" "${6:-0}"
	wait $p
}
check "a broadcast" passes b lab0 la lan 46
check "back" passes la lan b lab0 46
check "a frame of one byte" passes b lab0 la lan 1
check "a frame as large as fits" passes b lab0 la lan 1426
whole() { on_host b ping -c 1 -W 2 -M do -q -s "$1" 10.1.0.1 >/dev/null; }
check "whole packets as large as the MTU" whole 1398
check "a frame with a VLAN tag" passes b lab0 la lan 46 7
check "back" passes la lan b lab0 46 7
check "of full size" passes la lan b lab0 1426 7
if ip -n ${NS}b link add link lab0 name vlan7 type vlan id 7 2>/dev/null; then
	ip -n ${NS}la link add link lan name vlan7 type vlan id 7
	for h in b la; do
		ip -n $NS$h link set vlan7 up
	done
	on_host b ip addr add 10.7.0.7/24 dev vlan7
	on_host la ip addr add 10.7.0.1/24 dev vlan7
	check "a VLAN" pings b 10.7.0.1
	check "with packets of full size" on_host b ping -c 1 -W 2 -M do -q -s 1398 10.7.0.1
	ip -n ${NS}b link del vlan7
	ip -n ${NS}la link del vlan7
fi

# ---- looked at
trace() { # trace FILE ARGUMENTS: begins; the capture is there when something has passed
	local file=$1
	shift
	nsenter --net=/run/netns/${NS}b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" net trace "$@" >"$file" &
	TRACER=$!
}
icmp() { tcpdump -nr "$1" icmp 2>/dev/null | grep -c 'ICMP echo'; }
trace "$TOP/far.pcap" "$ref"
check "a capture by the reference" wait_until 10 eval 'ping_from b 10.1.0.1; [ "$(icmp "$TOP/far.pcap")" -ge 2 ]'
kill -TERM $TRACER
wait $TRACER 2>/dev/null
trace "$TOP/near.pcap" --count 2 --filter "$(tcpdump -y EN10MB -ddd icmp 2>/dev/null)" local:lab0
check "one of this host's, with a filter" wait_until 10 eval 'ping_from b 10.1.0.1; ! kill -0 $TRACER 2>/dev/null'
wait $TRACER
ok $? "which ends by itself after so many frames"
check "and has nothing else" test "$(tcpdump -nr "$TOP/near.pcap" 2>/dev/null | grep -vc 'ICMP echo')" = 0
fails_with "not of a restricted one" 1 'restricted' metac_b net trace "$(metac_b net export "$ref,rate=8mbit")"
fails_with "nor with what is no filter" 1 'this is no program' metac_b net trace --filter icmp local:lab0

# ---- several hosts on one segment
check "a third host joins" test "$(metac_c net bind "$ref" newlocal:lab0,address=10.1.0.8/24)" = lab0
check "reaches the laboratory" pings c 10.1.0.1
check "and the second host" pings c 10.1.0.7
check "which sees its broadcasts" passes c lab0 b lab0 46
check "net unbind" metac_c net unbind lab0
check "takes away what was made" fails is_there c lab0
check "the others go on" ping_from b 10.1.0.1

check "a reference is taken back" metac_a ref rm "$ref"
check "then it is gone" wait_until 10 field_is b lab0 state gone
check "and nothing passes" no_ping b 10.1.0.1
check "what is gone is unbound" metac_b net unbind lab0
check "nothing is left" nothing_left

# ---- a third machine joins two others
refA=$(metac_a net export local:eth1)
refB=$(metac_b net export local:eth1)
own() { ip -n ${NS}c -j -s link show dev v0 | python3 -c 'import json, sys
s = json.load(sys.stdin)[0]["stats64"]; print(s["rx"]["bytes"] + s["tx"]["bytes"])'; }
binding=$(metac_c net bind "$refA" "$refB")
check "two references: a reference to the binding" grep -q '^ref://' <<<"$binding"
check "the two laboratories are joined" pings lb 10.1.0.1
before=$(own)
on_host lb iperf3 -c 10.1.0.1 -n 20M >/dev/null
check "no frame passes the third machine" test $(($(own) - before)) -lt 1000000
check "the first one's host has made it" field_is a eth1 exported False
check "unbound by its reference" metac_c net unbind "$binding"
check "they are apart" no_ping lb 10.1.0.1
fails_with "a reference to an interface is no binding" 1 'this is no binding' metac_c net unbind "$refA"
check "--json has the reference" bash -c 'grep -q "\"reference\": \"ref://" <<<"$0"' "$(metac_c net bind --json "$refB" "$refA")"
check "joined the other way" pings lb 10.1.0.1
fails_with "an interface has one binding by that name on its host" 1 'bound by another host' metac_a net unbind eth1
check "the host itself can unbind it, too" metac_b net unbind eth1
check "then it is apart" no_ping lb 10.1.0.1
metac_a ref rm "$refA"
metac_b ref rm "$refB"
check "nothing is left" nothing_left

# ---- less than all of it
ref=$(metac_a net export local:eth1,allow=dhcp)
check "DHCP only" metac_b net bind "$ref" newlocal:lab0
check "gives an address" grep -q '^10\.1\.0\.1[0-5]' <(dhcp b lab0)
on_host b ip addr add 10.1.0.7/24 dev lab0
check "and nothing else" no_ping b 10.1.0.1
check "which is counted" test "$(stat_of a eth1 restricted)" -gt 0
check "unbound" metac_b net unbind lab0
ref=$(metac_a net export local:eth1)
less=$(metac_b net export "$ref,rate=8mbit")
check "a reference that was made less of" metac_b net bind "$less" newlocal:lab0,address=10.1.0.7/24
check "reaches the laboratory" pings b 10.1.0.1
slow() { local v; v=$(iperf -t 4 "$@") && echo "$v bits a second" && [ "$v" -lt 12000000 ] && [ "$v" -gt 500000 ]; }
check "at that rate" slow
check "both ways" slow -R
check "unbound" metac_b net unbind lab0
mac=02:00:00:00:00:07
check "one station only" metac_b net bind "$(metac_a net export "local:eth1,mac=$mac")" "newlocal:lab0,hwaddr=$mac,address=10.1.0.7/24"
check "reaches the laboratory" pings b 10.1.0.1
on_host b ip link set lab0 address 02:00:00:00:00:08
check "another does not" no_ping b 10.1.0.1
check "unbound" metac_b net unbind lab0
check "the rate of a reference in bind" metac_b net bind "newlocal:lab0,address=10.1.0.7/24" "$ref,rate=8mbit"
check "holds" slow
check "unbound" metac_b net unbind lab0
fails_with "but not its addresses" 2 'metac net export REF,mac=' metac_b net bind newlocal:lab0 "$ref,mac=$mac"

# ---- sizes
fails_with "a larger MTU than fits is refused, with the number needed" 1 '1574' metac_b net bind --mtu 1500 "$ref" newlocal:lab0
check "a smaller one is set" metac_b net bind --mtu 1280 "$ref" newlocal:lab0
check "as it was said" test "$(link_of b lab0 mtu)" = 1280
check "unbound" metac_b net unbind lab0
check "nothing is left" nothing_left
for h in a b c; do
	ip -n ${NS}x link set v$h mtu 9000
	ip -n ${NS}$h link set v0 mtu 9000
done
ip -n ${NS}a link set eth1 mtu 9000
ip -n ${NS}la link set lan mtu 9000
check "jumbo frames" metac_b net bind "$ref" newlocal:lab0,address=10.1.0.7/24
check "have room" test "$(link_of b lab0 mtu)" = 8926
check "and pass" wait_until 10 whole 8898
check "unbound" metac_b net unbind lab0
for h in a b c; do
	ip -n ${NS}x link set v$h mtu 1500
	ip -n ${NS}$h link set v0 mtu 1500
done
ip -n ${NS}a link set eth1 mtu 1500
ip -n ${NS}la link set lan mtu 1500

# ---- other namespaces, other kinds
ip netns add ${NS}w && HOSTS+=(w)
check "an interface made in a namespace" test "$(metac_b net bind "$ref" "newnetns:${NS}w:eth0,address=10.1.0.9/24")" = eth0
check "reaches the laboratory" pings w 10.1.0.1
check "listed there" bash -c 'grep -q "^eth0 " <<<"$0"' "$(metac_b net interfaces ${NS}w)"
check "unbound by namespace and name" metac_b net unbind "${NS}w:eth0"
check "and gone" fails is_there w eth0
check "one that is there, in a namespace" metac_b net bind "$(metac_a net export "netns:${NS}la:lan")" newlocal:lab0,address=10.1.0.7/24
check "which uses it itself" pings b 10.1.0.1
check "goes on doing so" pings la 10.1.0.7
check "unbound" metac_b net unbind lab0
check "a bridge" metac_b net bind "$ref" newlocal:lab0,kind=bridge,address=10.1.0.7/24
check "reaches the laboratory" pings b 10.1.0.1
check "renamed" metac_b net rename local:lab0 lab1
check "it still does" pings b 10.1.0.1
fails_with "to what is taken" 1 'eth1' metac_b net rename local:lab1 eth1
fails_with "or cannot be" 1 'at most 15 bytes' metac_b net rename local:lab1 abcdefghijklmnop
fails_with "nor by who was only given it" 1 'not one that may be renamed' metac_b net rename "$ref" lab1
fails_with "nor what is not there" 1 'no interface lab7 here \(see .metac net interfaces' metac_b net rm local:lab7
check "deleted" metac_b net rm local:lab1
check "its binding is gone" wait_until 10 field_is b lab1 state gone
check "unbound" metac_b net unbind lab1
check "both on one host" test "$(metac_a net bind local:eth1 newlocal:near,address=10.1.0.10/24)" = near
check "no tunnel is between them" field_is a near transport veth
check "they are joined" pings a 10.1.0.1
check "unbound" metac_a net unbind near
check "nothing is left" nothing_left

# ---- routed
ref3=$(metac_a net export --l3 10.9.0.1/24,fd09::1/64 newlocal:office)
check "a routed network" grep -q '^ref://' <<<"$ref3"
check "joined" metac_b net bind "$ref3" newlocal:office
check "by another one" metac_c net bind "$ref3" newlocal:office
check "reaches its host" pings b 10.9.0.1
check "by IPv6" pings c fd09::1
address=$(on_host c ip -4 -o addr show office | awk '{print $4}' | cut -d/ -f1)
check "and one another" pings b "$address"
check "unbound" metac_b net unbind office
check "both" metac_c net unbind office
check "the network goes with its reference" metac_a ref rm "$ref3"
check "nothing is left" nothing_left

# ---- nodes that know each other by IPv4
declare -A OLD=([a]=192.0.2.1 [b]=192.0.2.2)
metac_old() { # metac_old HOST ...
	local h=$1
	shift
	on_host "$h" env METAC_RUNTIME_DIR="$TOP/$h/run4" METAC_ADDRESS="${OLD[$h]}" "$BUILD/metac" "$@"
}
old_is_up() { metac_old "$1" node services | grep -c -x -e net -e persistence | grep -qx 2; }
for h in a b; do
	ip -n $NS$h addr add "${OLD[$h]}/24" dev v0
	mkdir -p "$TOP/$h/run4" "$TOP/$h/state4"
	nsenter --net=/run/netns/$NS$h "$BUILD/metacd" --address "${OLD[$h]}" --runtime-dir "$TOP/$h/run4" \
		--state-dir "$TOP/$h/state4" >>"$TOP/$h/log" 2>&1 &
	DAEMON[${h}4]=$!
done
check "nodes with IPv4 addresses, besides" wait_until 30 eval 'old_is_up a && old_is_up b'
ref4=$(metac_old a net export local:eth1)
check "join as well" metac_old b net bind "$ref4" newlocal:lab4,address=10.1.0.7/24
check "reach the laboratory" pings b 10.1.0.1
check "with an MTU that fits" test "$(link_of b lab4 mtu)" = 1446
check "which fits" on_host b ping -c 1 -W 2 -M do -q -s 1418 10.1.0.1
check "and TCP" test "$(iperf)" -gt 1000000
metac_a net export local:eth1 >"$TOP/ref" # another node's tunnel is there already
check "beside those of the other nodes" metac_b net bind - newlocal:lab0,address=10.1.0.9/24 <"$TOP/ref"
check "which are on the same segment" pings b 10.1.0.1
check "unbound" metac_b net unbind lab0
check "the one" metac_old b net unbind lab4
for h in a b; do
	kill -TERM "${DAEMON[${h}4]}"
	wait "${DAEMON[${h}4]}"
	unset "DAEMON[${h}4]"
	ip -n $NS$h addr del "${OLD[$h]}/24" dev v0
done
check "nothing is left" nothing_left

# ---- what lasts
ref=$(metac_a net export --persistent local:eth1)
check "a persistent binding" metac_b net bind --persistent "$ref" newlocal:lab0,address=10.1.0.7/24
check "reaches the laboratory" pings b 10.1.0.1
mac=$(link_of b lab0 address)
stop_node b
check "is gone with its node" fails is_there b lab0
start_node b
check "comes back" pings b 10.1.0.1
check "with its address" test "$(link_of b lab0 address)" = "$mac"
stop_node a KILL
check "without the other node it waits" wait_until 30 field_is b lab0 state waiting
check "and keeps its addresses" bash -c 'grep -q 10.1.0.7/24 <<<"$0"' "$(on_host b ip addr show lab0)"
start_node a
check "and goes on when that is back" wait_until 30 ping_from b 10.1.0.1
check "it says so" wait_until 10 field_is b lab0 state connected
check "unbound for good" metac_b net unbind lab0
stop_node b
start_node b
check "it does not come back" fails is_there b lab0
check "nothing is left" nothing_left

# ---- the other host is not there
stop_node a KILL
wait_until 10 no_process a
fails_with "the other host is away" 1 '(fd00:6d65:7461::1|refused|does not answer)' \
	metac_b net bind --connect-timeout 2s "$ref" newlocal:lab0
check "no interface was made" fails is_there b lab0
start_node a
check "it was nothing else" metac_b net bind "$ref" newlocal:lab0
check "unbound" metac_b net unbind lab0

metac_a ref rm "$ref"
stop_node a
stop_node b
stop_node c
check "with the nodes all is gone" nothing_left
! grep -q "AddressSanitizer\|runtime error" "$TOP"/[abc]/log
ok $? "the nodes have nothing to complain of"
done_testing
