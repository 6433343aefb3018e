#!/bin/bash
# SPDX-License-Identifier: MIT
# What can be exported, and what gets there: a bridge, its port, a network card that is unused and one that the host uses, a
# container's interface, a virtual machine's tap. On A they lead to laboratories, which are namespaces; B and C bind them.
. "$(dirname "$0")/lib.sh"
for tool in iperf3 dnsmasq busybox python3 tc; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
frames=$(realpath "$(dirname "$0")/segments.py")
hosts_up a b c
NODES=(a b c)
cd "$TOP" || exit 1

# ---- A's interfaces, and who is on their wires
wire() { # wire DEV ADDRESS: an interface of A, and namespace w$DEV at its other end, with that address
	ip netns add "$NS$1" && HOSTS+=("$1") # removed at the end
	ip -n "${NS}a" link add "$1" type veth peer name wire netns "$NS$1"
	ip -n "${NS}a" link set "$1" up
	ip -n "$NS$1" link set lo up
	ip -n "$NS$1" link set wire up
	ip -n "$NS$1" addr add "$2/24" dev wire
}
wire port 10.1.1.2 # of bridge br0
wire free 10.1.2.2 # nobody uses it
wire used 10.1.3.2 # the host has an address there
ip -n ${NS}a link add br0 type bridge mcast_snooping 0
ip -n ${NS}a link set port master br0
ip -n ${NS}a link set br0 up
ip -n ${NS}a addr add 10.1.1.1/24 dev br0
ip -n ${NS}a addr add 10.1.3.1/24 dev used
ip -n ${NS}a addr add fd03::1/64 dev used nodad
ip -n ${NS}used addr add fd03::2/64 dev wire nodad
ip netns add ${NS}box && HOSTS+=(box) # a container, with a neighbour
ip netns add ${NS}next && HOSTS+=(next)
ip -n ${NS}box link add eth0 type veth peer name wire netns ${NS}next
for n in "box eth0 1" "next wire 2"; do
	# shellcheck disable=SC2086
	set -- $n
	ip -n "$NS$1" link set lo up
	ip -n "$NS$1" link set "$2" up
	ip -n "$NS$1" addr add "10.1.4.$3/24" dev "$2"
done
on_host a ip tuntap add tap0 mode tap

helpers=()
helper() { # helper HOST COMMAND...: in the background, until the end
	local h=$1
	shift
	nsenter --net=/run/netns/$NS"$h" "$@" >>"$TOP/helper" 2>&1 &
	helpers+=($!)
}
end_helpers() {
	local p
	for p in "${helpers[@]}"; do kill "$p" 2>/dev/null; done
}
trap 'end_helpers; clean_up' EXIT
helper a python3 "$frames" guest tap0 10.1.5.50
wait_until 10 grep -q ready "$TOP/helper"

ping_from() { on_host "$1" ping -c 1 -W 2 -q "$2" >/dev/null; }
pings() { wait_until 10 ping_from "$1" "$2"; }
how() { # how DEV: how tunnels reach it, by what there is beside it
	local d
	d=$(ip -n "${NS}${2:-a}" -d link show dev "$1" 2>/dev/null)
	if tc -n "${NS}${2:-a}" filter show dev "$1" ingress 2>/dev/null | grep -q splice; then
		echo splice
	elif grep -q 'master mcb' <<<"$d"; then
		echo port
	else
		echo bridge
	fi
}
is_how() { [ "$(how "$1" "${3:-a}")" = "$2" ]; }
snapshot() { # what there is on a host, without what counts
	local h
	for h in "$@"; do
		echo "host $h"
		# carriers and what offloads a bridge has by its ports come and go a little later
		ip -n "$NS$h" -o -d link show 2>/dev/null | sed -E 's/^[0-9]+: //; s/@if[0-9]+//; s/ state [A-Z]+//; s/(NO-CARRIER,|,LOWER_UP|,M-DOWN)//g
			s/_timer +[0-9.]+//g; s/[gt]so_max.*//; s/ qdisc [a-z_]+//'
		ip -n "$NS$h" -o addr show | sed -E 's/^[0-9]+: //; s/(valid|preferred)_lft [^ ]+//g' | grep -v fe80
		tc -n "$NS$h" qdisc show | grep clsact
		on_host "$h" nft -s list ruleset 2>/dev/null | grep -E 'element|iif|oif|device|mc[xbl]'
	done
	true
}
is_as_before() {
	snapshot "${NODES[@]}" box >"$TOP/after"
	diff "$TOP/before" "$TOP/after"
}
nothing_left() { wait_until 10 is_as_before || is_as_before; }
snapshot "${NODES[@]}" box >"$TOP/before"

bind() { # bind HOST REF NAME ADDRESS
	metac_"$1" net bind "$2" "newlocal:$3" >/dev/null && ip -n "$NS$1" addr add "$4/24" dev "$3"
}
passes() { # passes FROM DEV TO DEV SIZE [TAG]: a frame to everybody
	local p f=$1 fd=$2 t=$3 td=$4
	shift 4
	rm -f "$TOP/ready"
	nsenter --net=/run/netns/$NS"$t" python3 "$frames" wait "$td" "$@" >"$TOP/ready" &
	p=$!
	wait_until 10 grep -q ready "$TOP/ready"
	on_host "$f" python3 "$frames" send "$fd" "$@"
	wait $p
}
frames_pass() { # frames_pass TEXT FROM DEV TO DEV: tiny, full, tagged; both ways
	local text=$1 s
	shift
	for s in 8 46 1426 "100 7" "1422 4094"; do
		# shellcheck disable=SC2086
		passes "$@" $s && passes "$3" "$4" "$1" "$2" $s || { ok 1 "$text: frames of $s"; return; }
	done
	ok 0 "$text: tiny, large and tagged frames, both ways"
}
iperf() { # iperf HOST ADDRESS [OPTIONS]: megabytes that got there in a second
	on_host "$1" timeout 20 iperf3 -c "$2" -t 1 -J "${@:3}" | python3 -c 'import json, sys
print(json.load(sys.stdin)["end"]["sum_received"]["bytes"] // 1000000)'
}
streams() { # streams TEXT HOST ADDRESS
	check "$1: TCP" test "$(iperf "$2" "$3")" -ge 1
	check "$1: TCP, the other way" test "$(iperf "$2" "$3" -R)" -ge 1
}
for h in port free used a; do helper $h iperf3 -s; done

# ---- a bridge, and one of its ports
for dev in br0 port; do
	ref=$(metac_a net export local:$dev)
	check "$dev is bound" bind b "$ref" lab1 10.1.1.7
	check "$dev: its host" pings b 10.1.1.1
	check "$dev: a host on the wire" pings b 10.1.1.2
	check "$dev: the tunnel is a port of that bridge" bash -c "ip -n ${NS}a link show master br0 | grep -q mcx"
	frames_pass $dev b lab1 port wire
	streams $dev b 10.1.1.1
	metac_b net unbind lab1
	check "$dev: nothing is left" nothing_left
done

# ---- a network card that nobody uses
ref=$(metac_a net export local:free)
check "an unused interface is bound" bind b "$ref" lab2 10.1.2.7
check "unused: a host on the wire" pings b 10.1.2.2
check "unused: it is a bridge's port" is_how free port
frames_pass unused b lab2 free wire
streams unused b 10.1.2.2
check "a third host binds it too" bind c "$ref" lab2 10.1.2.8
check "unused: the third host has the wire" pings c 10.1.2.2
check "and the second" pings c 10.1.2.7
frames_pass "between the two" b lab2 c lab2
ip -n ${NS}a addr add 10.1.2.1/24 dev free
check "it gets an address: it is spliced" wait_until 5 is_how free splice
check "and all goes on" pings b 10.1.2.2
check "and the host is there" pings c 10.1.2.1
ip -n ${NS}a addr del 10.1.2.1/24 dev free
check "it loses it: it is a port again" wait_until 5 is_how free port
check "and all still goes on" pings c 10.1.2.7
metac_b net unbind lab2
check "one unbinds: the other stays" pings c 10.1.2.2
metac_c net unbind lab2
check "unused: nothing is left" nothing_left

# ---- one that the host uses
ref=$(metac_a net export --persistent local:used)
check "an interface in use is bound" bind b "$ref" lab3 10.1.3.7
ip -n ${NS}b addr add fd03::7/64 dev lab3 nodad
check "used: the host itself" pings b 10.1.3.1
check "used: a host on the wire" pings b 10.1.3.2
check "used: the host from the wire" pings used 10.1.3.1
check "used: by IPv6, which takes neighbour discovery" pings b fd03::1
check "used: from the host by IPv6" pings a fd03::7
check "used: from the wire by IPv6" pings used fd03::7
check "used: it is spliced" is_how used splice
frames_pass "used, the wire" b lab3 used wire
frames_pass "used, the host" b lab3 a used
streams "used, the wire" b 10.1.3.2
streams "used, the host" b 10.1.3.1
streams "used, the host and the wire" used 10.1.3.1
check "a third host" bind c "$ref" lab3 10.1.3.8
check "has the host" pings c 10.1.3.1
check "and the wire" pings c 10.1.3.2
check "and the second" pings c 10.1.3.7
packets() { ip -n ${NS}c -j -s link show dev lab3 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'; }
before=$(packets)
on_host used ping -c 50 -i 0.01 -q 10.1.3.1 >/dev/null
on_host b ping -c 50 -i 0.01 -q 10.1.3.1 >/dev/null
check "what is not for it does not get there" test $(($(packets) - before)) -lt 20
metac_c net unbind lab3

cat >"$TOP/lease" <<'END'
#!/bin/sh
[ "$1" = bound ] && echo "$ip" >"$LEASE"
exit 0
END
chmod 755 "$TOP/lease"
dhcp() { # dhcp HOST DEV: an address, which it prints
	rm -f "$TOP/address"
	on_host "$1" env LEASE="$TOP/address" timeout 20 busybox udhcpc -i "$2" -n -q -f -t 5 -T 1 -s "$TOP/lease" >/dev/null 2>&1
	cat "$TOP/address"
}
serve() { # serve HOST DEV PREFIX: a DHCP server; its process is the last helper
	helper "$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface="$2" --bind-interfaces \
		--dhcp-range="$3.100,$3.150,1h" --dhcp-leasefile="$TOP/leases.$1" --pid-file= --user=root --dhcp-authoritative
	wait_until 10 bash -c "nsenter --net=/run/netns/$NS$1 ss -lun | grep -q :67"
}
serve a used 10.1.3
check "used: DHCP by the host itself" grep -q '^10\.1\.3\.1[0-5]' <(dhcp b lab3)
kill "${helpers[-1]}"
wait "${helpers[-1]}" 2>/dev/null
serve used wire 10.1.3
check "used: DHCP by a host on the wire" grep -q '^10\.1\.3\.1[0-5]' <(dhcp b lab3)

# ---- a service that is killed
net_of() { # the process of A's network service
	pgrep -P "${DAEMON[a]}" -x -f 'metacd: net' || pgrep -P "${DAEMON[a]}" -f 'metacd.*net'
}
pid=$(net_of)
kill -9 "$pid"
check "killed, its successor finds the binding again" wait_until 20 ping_from b 10.1.3.2
check "with one splice" test "$(tc -n ${NS}a filter show dev used ingress | grep -c handle)" = 1
check "and the host" pings b 10.1.3.1
metac_b net unbind lab3
check "used: nothing is left" nothing_left

# ---- one that is down
ip -n ${NS}a link set free down
snapshot "${NODES[@]}" box >"$TOP/before"
ref=$(metac_a net export local:free)
check "an interface that is down is bound" bind b "$ref" lab4 10.1.2.7
check "down: it is up now" pings b 10.1.2.2
metac_b net unbind lab4
check "down: it is again" nothing_left

# ---- a container's
ref=$(metac_a net export "netns:${NS}box:eth0")
check "a container's interface is bound" bind b "$ref" lab5 10.1.4.7
check "container: itself" pings b 10.1.4.1
check "container: its neighbour" pings b 10.1.4.2
check "container: it is spliced" is_how eth0 splice box
frames_pass "container" b lab5 next wire
metac_b net unbind lab5
check "container: nothing is left" nothing_left

# ---- a virtual machine's
ref=$(metac_a net export local:tap0)
check "a tap is bound" bind b "$ref" lab6 10.1.5.7
check "tap: the guest" pings b 10.1.5.50
check "tap: with a packet of full size" on_host b ping -c 1 -W 2 -M do -s 1398 10.1.5.50
metac_b net unbind lab6
check "tap: nothing is left" nothing_left

# ---- the one that the tunnels themselves go through
counted() { ip -n ${NS}a -j -s link show dev v0 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["tx"]["packets"])'; }
ip -n ${NS}a addr add 10.1.6.1/24 dev v0
snapshot "${NODES[@]}" box >"$TOP/before"
ref=$(metac_a net export local:v0)
check "the backplane's interface is bound" bind b "$ref" lab9 10.1.6.7
check "backplane: the host" pings b 10.1.6.1
before=$(counted)
on_host b ping -c 20 -i 0.01 -q 10.1.6.1 >/dev/null
check "backplane: no frame gets into the tunnel that it is in" test $(($(counted) - before)) -lt 100
streams "backplane" b 10.1.6.1
metac_b net unbind lab9
check "backplane: nothing is left" nothing_left

# ---- a bridge with no other port: its neighbours know it by one address
ip -n ${NS}a link add alone type bridge
ip -n ${NS}a addr add 10.1.8.1/24 dev alone
ip -n ${NS}a link set alone up
mac_of_alone() { ip -n ${NS}a -o link show alone | sed 's/.*link.ether \([^ ]*\).*/\1/'; }
ref=$(metac_a net export local:alone)
check "a bridge without ports is bound" bind b "$ref" lab8 10.1.8.7
check "bridge without ports: its host" pings b 10.1.8.1
was=$(mac_of_alone)
metac_b net unbind lab8
check "bridge without ports: bound again" bind b "$ref" lab8 10.1.8.7
check "bridge without ports: it has the same address" test "$(mac_of_alone)" = "$was"
check "bridge without ports: another host" bind c "$ref" lab8 10.1.8.8
check "bridge without ports: the hosts and it see each other" eval 'pings b 10.1.8.1 && pings c 10.1.8.1 && pings c 10.1.8.7'
metac_b net unbind lab8
check "bridge without ports: still the same" test "$(mac_of_alone)" = "$was"
check "bridge without ports: the other host still sees it" pings c 10.1.8.1
metac_c net unbind lab8
ip -n ${NS}a link del alone

# ---- large frames, where the network between can take them
for h in a b; do ip -n $NS$h link set v0 mtu 9000; done
for h in a b c; do ip -n ${NS}x link set v$h mtu 9000; done
for n in "a free" "free wire"; do
	# shellcheck disable=SC2086
	set -- $n
	ip -n "$NS$1" link set "$2" mtu 8900
done
snapshot "${NODES[@]}" box >"$TOP/before"
ref=$(metac_a net export local:free)
check "with large frames it is bound" bind b "$ref" lab7 10.1.2.7
check "jumbo: pings" pings b 10.1.2.2
check "jumbo: 8000 bytes at once" on_host b ping -c 1 -W 2 -M do -s 8000 10.1.2.2
check "jumbo: a frame" passes free wire b lab7 8500 5
metac_b net unbind lab7
check "jumbo: nothing is left" nothing_left

# ---- what cannot be had
if on_host a ip link add mv0 link used type macvlan 2>/dev/null; then
	fails_with "a macvlan" 1 'mv0.*gets no frames for other hosts' metac_b net bind "$(metac_a net export local:mv0)" newlocal:lab8
	ip -n ${NS}a link del mv0
fi
check "no process has died" bash -c "! grep -E 'ERROR: AddressSanitizer|runtime error' $TOP/?/log"
done_testing
