# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What is done in the guest of net-kernel.sh, by busybox's shell: two hosts, each a network namespace with a node, and
# their interfaces joined.  A line that begins with "guest-ok" or "guest-not-ok" is a test.

A=fd00:6d65:7461::1 B=fd00:6d65:7461::2

ip() { /bin/ip "$@"; } # not the shell's own

check() { # check TEXT COMMAND...
	text=$1
	shift
	if "$@" >/tmp/output 2>&1; then
		echo "guest-ok $text"
	else
		echo "guest-not-ok $text"
		echo "# command: $*"
		{ tail -n 8 /tmp/output; tail -n 6 /tmp/log-a /tmp/log-b; dmesg | tail -n 4; } 2>&1 | sed 's/^/# /'
	fi
}
wait_until() { # wait_until SECONDS COMMAND...
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.1
	done
}
on() { # on HOST COMMAND...
	h=$1
	shift
	ip netns exec "$h" "$@"
}
metac_of() { # metac_of HOST ARGUMENTS
	h=$1 address=$A
	[ "$h" = a ] || address=$B
	shift
	ip netns exec "$h" env METAC_RUNTIME_DIR=/run/$h METAC_ADDRESS=$address metac "$@"
}
services() { # services HOST
	metac_of "$1" node services >/tmp/services && grep -q ^net /tmp/services && grep -q ^persistence /tmp/services
}
node() { # node HOST ADDRESS
	mkdir -p "/run/$1" "/var/lib/$1"
	ip netns exec "$1" metacd --address "$2" --runtime-dir "/run/$1" --state-dir "/var/lib/$1" >"/tmp/log-$1" 2>&1 &
}
ping_a() { on b ping -c 1 -W 2 "$1"; }
sizes() { on b ping -c 1 -W 2 -s "$2" "$1"; }
# stream ADDRESS: ten megabytes, from a
stream() { on b sh -c "nc $1 5000 </dev/null | wc -c" >/tmp/received && [ "$(cat /tmp/received)" = 10485760 ]; }
no_links() { [ -z "$(ip -n "$1" -o link show type vxlan)" ] && ! ip -n "$1" -o link | grep -q ' mc[xbl]'; }
no_rules() { ! on "$1" nft list ruleset | grep -q "mc[xbl]\|new0\|eth[12]"; }

for h in a b s t; do
	ip netns add $h && ip -n $h link set lo up
done
ip link add v0 netns a type veth peer name v0 netns b
ip -n a addr add $A/64 dev v0 nodad
ip -n b addr add $B/64 dev v0 nodad
for h in a b; do
	ip -n $h link set v0 up
done
node a $A
node b $B
check "node a is up" wait_until 120 services a
check "node b is up" wait_until 120 services b

# Two new interfaces
ref=$(metac_of a net export newlocal:new0,address=10.1.0.1/24)
check "two new interfaces are joined" metac_of b net bind "$ref" newlocal:new0,address=10.1.0.2/24
check "one answers the other" wait_until 10 ping_a 10.1.0.1
check "packets of full size pass" sizes 10.1.0.1 1398
on a nc -l -p 5000 -e /bin/dd if=/dev/zero bs=1M count=10 2>/dev/null &
check "a stream passes" wait_until 20 stream 10.1.0.1
check "unbound" metac_of b net unbind new0
check "host b has nothing left" wait_until 10 no_links b

# A card without addresses, and one that its host uses
card() { # card NAME STATION ADDRESS
	ip link add "$1" netns a type veth peer name eth0 netns "$2" && ip -n a link set "$1" up &&
		ip -n "$2" addr add "$3/24" dev eth0 && ip -n "$2" link set eth0 up
}
check "a card" card eth1 s 10.2.0.1
ref=$(metac_of a net export local:eth1)
check "it is joined" metac_of b net bind "$ref" newlocal:new1,address=10.2.0.2/24
check "the station behind it answers" wait_until 10 ping_a 10.2.0.1
check "host a says how" sh -c '/bin/ip -n a -o link show eth1 | grep -q "master mcb"'
check "unbound" metac_of b net unbind new1
check "host a has nothing left of it" wait_until 10 sh -c '! /bin/ip -n a -o link show eth1 | grep -q master'
check "a card that host a uses" card eth2 t 10.3.0.1
ip -n a addr add 10.3.0.9/24 dev eth2
ref=$(metac_of a net export local:eth2)
check "it is joined" metac_of b net bind "$ref" newlocal:new2,address=10.3.0.2/24
check "the station behind it answers" wait_until 10 ping_a 10.3.0.1
check "host a answers" wait_until 10 ping_a 10.3.0.9
check "host a reaches the station" on a ping -c 1 -W 2 10.3.0.1
check "with restrictions it is joined, too" metac_of b net bind "$(metac_of a net export local:eth2,rate=10mbit,allow=arp,allow=ip4)" \
	newlocal:new3,address=10.3.0.3/24
check "the station answers" wait_until 10 on b ping -c 1 -W 2 -I new3 10.3.0.1
check "unbound" metac_of b net unbind new2
check "unbound" metac_of b net unbind new3
check "host a has nothing left of it" wait_until 10 sh -c '! /bin/ip -n a -o link | grep -q " mc[xbl]"'
check "nor rules" wait_until 10 no_rules b

# VLANs: of a card that its host uses by one alone, and of a port of a bridge that filters
for h in u w; do
	ip netns add $h && ip -n $h link set lo up
done
vlan() { # vlan HOST CARD ADDRESS: its VLAN 5
	ip -n "$1" link add link "$2" name vlan5 type vlan id 5 && ip -n "$1" addr add "$3/24" dev vlan5 &&
		ip -n "$1" link set vlan5 up
}
check "a card" card eth3 u 10.4.0.1
check "a VLAN of it on host a" vlan a eth3 10.4.5.9
check "and at the station" vlan u eth0 10.4.5.1
check "it is joined" metac_of b net bind "$(metac_of a net export local:eth3)" newlocal:new4,address=10.4.0.2/24
check "a VLAN over it" vlan b new4 10.4.5.2
check "the station answers, untagged" wait_until 10 ping_a 10.4.0.1
check "the station answers in the VLAN" wait_until 10 ping_a 10.4.5.1
check "host a answers in the VLAN" wait_until 10 ping_a 10.4.5.9
check "and has the station there" on a ping -c 1 -W 2 10.4.5.1
check "unbound" metac_of b net unbind new4
check "a card in a bridge that filters" card eth4 w 10.5.0.1
ip -n a link add br5 type bridge vlan_filtering 1 && ip -n a link set br5 up && ip -n a addr add 10.5.0.9/24 dev br5
ip -n a link set eth4 master br5
/bin/bridge -n a vlan del dev eth4 vid 1 && /bin/bridge -n a vlan add dev eth4 vid 20 pvid untagged
check "it is joined" metac_of b net bind "$(metac_of a net export local:eth4)" newlocal:new5,address=10.5.0.2/24
check "the station answers" wait_until 10 ping_a 10.5.0.1
check "another VLAN of the bridge is out of reach" sh -c '! /bin/ip netns exec b ping -c 2 -W 1 10.5.0.9'
check "no port of the bridge has come" sh -c '! /bin/ip -n a -o link show master br5 | grep -q mcx'
check "unbound" metac_of b net unbind new5
check "host a has nothing left of it" wait_until 10 sh -c '! /bin/ip -n a -o link | grep -q " mc[xbl]"'

# A ring
for h in a b; do
	ip -n $h link add br0 type bridge && ip -n $h link set br0 up
	ip -n $h link add p0 type veth peer name p1 && ip -n $h link set p0 up && ip -n $h link set p1 up &&
		ip -n $h link set p1 master br0
done
check "two bridges are joined" metac_of b net bind "$(metac_of a net export local:br0)" local:br0
check "and once more" metac_of b net bind "$(metac_of a net export local:p0)" local:p0
looped() { metac_of b net ls --all >/tmp/ls && metac_of a net ls --all >>/tmp/ls && [ "$(grep -c ' loop ' /tmp/ls)" = 1 ]; }
check "one of the two is cut off" wait_until 20 looped
grep -q "AddressSanitizer\|runtime error" /tmp/log-a /tmp/log-b && echo "guest-not-ok the nodes have nothing to complain of"
if [ -n "$VERBOSE" ]; then sed 's/^/# log: /' /tmp/log-a /tmp/log-b; fi

for t in guard guard-port guard-link guard-allow; do
	[ -x "/bin/test-net-$t" ] && "test-net-$t" 2>&1 | sed "s/^ok [0-9]* -/guest-ok $t:/; s/^not ok [0-9]* -/guest-not-ok $t:/"
done
