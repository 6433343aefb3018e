#!/bin/bash
# SPDX-License-Identifier: MIT
# Attacks on a tunnel and on the nodes at its ends (SECURITY.md has the table), while what is legitimate flows.
# All of it is done twice: with the rules nothing gets in, and without them it does; so the rules are
# what is tested, where it is not said that the kernel alone prevents something.
#
#	g (container) -- b (lab0) ==tunnel== a (br0) -- k (container)
#	                       \            /
#	                        c, another host
. "$(dirname "$0")/lib.sh"
command -v nft >/dev/null || { echo "1..0 # SKIP no nft"; exit 0; }
hosts_up a b c

# of the system: an ordinary user has to get at it, too
python=$(PATH=/usr/bin:/bin command -v python3) || { echo "1..0 # SKIP no python3"; exit 0; }
install -m 755 "$(dirname "$0")/net-attacks.py" "$TOP/bin/"
tool=$TOP/bin/net-attacks.py
on() { on_host "$@"; }
evil() { # evil HOST ...: net-attacks.py there
	local h=$1
	shift
	on_host "$h" "$python" -ES "$tool" "$@"
}
mac_of() { ip -n $NS"$1" -o link show dev "$2" 2>/dev/null | grep -o 'link/ether [0-9a-f:]*' | cut -d' ' -f2; }

containers_up() {
	local h
	for h in g k; do
		ip netns add $NS$h && ip -n $NS$h link set lo up || return
	done
	ip -n ${NS}a link add br0 type bridge mcast_snooping 0 forward_delay 0 &&
		ip -n ${NS}a addr add 10.1.0.1/24 dev br0 && ip -n ${NS}a link set br0 up &&
		ip -n ${NS}a link add vk type veth peer name e0 netns ${NS}k &&
		ip -n ${NS}a link set vk master br0 up && ip -n ${NS}k link set e0 up &&
		ip -n ${NS}b link add vg type veth peer name e0 netns ${NS}g &&
		ip -n ${NS}b addr add fd00:c::1/64 dev vg nodad && ip -n ${NS}b link set vg up &&
		ip -n ${NS}g addr add fd00:c::2/64 dev e0 nodad && ip -n ${NS}g link set e0 up &&
		ip -n ${NS}g route add default via fd00:c::1 &&
		on b sysctl -qw net.ipv6.conf.all.forwarding=1
}
containers_down() {
	ip netns del ${NS}g 2>/dev/null
	ip netns del ${NS}k 2>/dev/null
}
trap 'kill $LISTENERS $PING 2>/dev/null; kill -CONT $NET_A $NET_B 2>/dev/null; containers_down; clean_up' EXIT

LISTENERS=
PING=
NET_A=
NET_B=
listen() { # listen HOST DEV: what is seen there is in $TOP/seen-HOST
	exec_on_host "$1" "$python" -ES "$tool" listen "$2" "$TOP/seen-$1" &
	LISTENERS="$LISTENERS $!"
	wait_until 10 test -s "$TOP/seen-$1"
}
pings() { on b ping -c 1 -W 1 -q 10.1.0.1; }

learn() { # what an attacker can at most know
	PA=$(ip -n ${NS}a -d -o link show type vxlan | grep -o 'dstport [0-9]*' | cut -d' ' -f2)
	VNI=$(ip -n ${NS}a -d -o link show type vxlan | grep -o 'vxlan id [0-9]*' | cut -d' ' -f3)
	PB=$(ip -n ${NS}b -d -o link show lab0 | grep -o 'dstport [0-9]*' | cut -d' ' -f2)
	[ -n "$PA" ] && [ -n "$VNI" ] && [ -n "$PB" ]
}

marks=0
gets_in() { # gets_in HOST COMMAND...: is the text that the command sends (TXT-attack-N) seen there?
	local h=$1 n=$((++marks))
	shift
	T=TXT-attack-$n "$@" || return 2
	evil b text lab0 TXT-mark-$n
	wait_until 10 grep -q "TXT-mark-$n\$" "$TOP/seen-$h" || return 3
	grep -q "TXT-attack-$n\$" "$TOP/seen-$h"
}

# ---- packets: each sends $T into the tunnel, as if it came from b

other_host() { evil c vxlan v0 "$(mac_of a v0)" $C "$PB" $A "$PA" "$VNI" "$T"; }
other_port() { evil c vxlan v0 "$(mac_of a v0)" $B $((PB ^ 1)) $A "$PA" "$VNI" "$T"; }
as_the_node() { evil c vxlan v0 "$(mac_of a v0)" $A "$PB" $A "$PA" "$VNI" "$T"; }
in_fragments() { evil c vxlan v0 "$(mac_of a v0)" $C "$PB" $A "$PA" "$VNI" "$T" fragments; }
with_options() { evil c vxlan v0 "$(mac_of a v0)" $C "$PB" $A "$PA" "$VNI" "$T" options; }
local_user() { as_user_on a user $B "$PB" $A "$PA" "$VNI" "$T"; }
raw_socket() { evil b raw $B "$PB" $A "$PA" "$VNI" "$T"; }
container() { evil g user fd00:c::2 "$PB" $A "$PA" "$VNI" "$T"; } # which b would translate
container_as_b() { evil g vxlan e0 "$(mac_of b vg)" $B "$PB" $A "$PA" "$VNI" "$T"; }
wrong_vni() { evil c vxlan v0 "$(mac_of a v0)" $B "$PB" $A "$PA" $((VNI ^ 1)) "$T"; }
perfect() { evil c vxlan v0 "$(mac_of a v0)" $B "$PB" $A "$PA" "$VNI" "$T"; }
as_user_on() { # as_user_on HOST ARGUMENTS OF THE TOOL...
	local h=$1
	shift
	on_host "$h" setpriv --reuid 12345 --regid 12345 --clear-groups --no-new-privs "$python" -ES "$tool" "$@"
}

# ---- frames: what a guest on the segment does to the hosts

reached() { # reached HOST COMMAND...: does the host itself get the SYN for port 901?
	local h=$1 before
	shift
	on "$h" nft list ruleset | grep -q 'table inet probe' || on "$h" nft -f - <<-'EOF' || return 2
		table inet probe {
			counter hits {}
			chain in { type filter hook input priority -200; tcp dport 901 tcp sport 4444 counter name hits; }
		}
	EOF
	before=$(on "$h" nft list counter inet probe hits | grep packets)
	"$@" || return 2
	evil b text lab0 TXT-mark-$((++marks))
	wait_until 10 grep -q "TXT-mark-$marks\$" "$TOP/seen-a" || return 3
	[ "$before" != "$(on "$h" nft list counter inet probe hits | grep packets)" ]
}
guest_far() { evil b syn lab0 "$(mac_of a br0)" fd00:bad::7 $A 901; }
guest_near() { evil k syn e0 "$(mac_of a br0)" fd00:bad::7 $A 901; }
guest_to_b() { evil k syn e0 "$(mac_of b lab0)" fd00:bad::7 $B 901; }
guest_as_a() { evil b syn lab0 "$(mac_of a br0)" $A $A 901; }
guest_through_b() { evil g syn e0 "$(mac_of b vg)" $B $A 901; }
poison() { evil b advertise lab0 $A "$T"; }

translate() { # host b hides its containers behind its own address
	on b nft -f - <<-'EOF'
		table ip6 nat {
			chain post { type nat hook postrouting priority 100; oifname "v0" iifname "vg" masquerade; }
		}
	EOF
}

all_attacks() { # all_attacks yes|no: do they succeed?
	local name want=1 says="does not get in"
	[ "$1" = no ] || { want=0 says="gets in without the rules"; }
	while read -r host how name; do
		gets_in "$host" "$how"
		ok $(($? != want)) "$name: $says"
	done <<-'EOF'
		a other_host another host, with the right port and VNI
		a other_port the right host, from another port
		a as_the_node the node's own address as source
		a in_fragments in fragments
		a with_options after an extension header
		a local_user an ordinary user of the host itself, with the remote's address
		a raw_socket a raw socket, from the tunnel's port
		a container a container whose address is translated
		a container_as_b a container with the address of its host
		k poison a neighbour advertisement for the node's own address
	EOF
	while read -r host how name; do
		reached "$host" "$how"
		ok $(($? != want)) "$name: $says"
	done <<-'EOF'
		a guest_far port 901 from a guest through the tunnel
		a guest_near port 901 from a guest on the joined bridge
		b guest_to_b port 901 of the other end, through the tunnel
		a guest_through_b port 901 from a container with the address of its host
	EOF
}

received() { ip -n ${NS}a -s -o link show br0 | grep -oE 'RX:[^\\]*\\ +[0-9]+ +[0-9]+' | awk '{print $NF}'; }
storm() { # what of 20000 broadcasts gets to host a
	local before start=$EPOCHREALTIME
	before=$(received)
	evil b text lab0 TXT-storm 20000
	wait_until 10 pings || return
	STORM=$(($(received) - before))
	STORM_MS=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
}

# ----

check "containers and a segment" containers_up
ref=$(metac_a net export local:br0)
check "bound" metac_b net bind "$ref" newlocal:lab0
check "with an address" ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "it works" wait_until 10 pings
check "ports and VNI are known" learn
check "host b translates for its container" translate
listen a br0
listen k e0
exec_on_host b ping -i 0.01 10.1.0.1 >"$TOP/ping" 2>&1 &
PING=$!

gets_in a perfect
ok $? "who can forge everything gets in: that is what a backplane has to prevent"
gets_in a wrong_vni
ok $(($? != 1)) "but for the VNI: does not get in (the kernel alone)"
all_attacks no

as_user_on b bind 6 "$PB" 2>/dev/null
ok $(($? == 0)) "the port cannot be shared by an ordinary user (the kernel alone)"
as_user_on b bind 4 "$PB"
ok $? "in the other family it can be had, which is nobody's"
on b setpriv --reuid 12345 --regid 12345 --clear-groups unshare -Urn \
	"$python" -ES "$tool" raw ::1 "$PB" $A "$PA" "$VNI" TXT-attack-userns 2>/dev/null
evil b text lab0 TXT-mark-userns
wait_until 10 grep -q TXT-mark-userns "$TOP/seen-a" && ! grep -q TXT-attack-userns "$TOP/seen-a"
ok $? "a raw socket in a namespace of an ordinary user gets nowhere (the kernel alone)"

before=$(ip -n ${NS}a neigh show $B dev v0 | grep -o 'lladdr [0-9a-f:]*')
T=TXT-neighbour evil b advertise lab0 $B TXT-neighbour
wait_until 10 grep -q TXT-neighbour "$TOP/seen-a"
[ -n "$before" ] && [ "$before" = "$(ip -n ${NS}a neigh show $B dev v0 | grep -o 'lladdr [0-9a-f:]*')" ]
ok $? "what a guest says of a node's neighbours is not believed on the backplane"

kill -INT $PING
wait $PING
grep -q ' 0% packet loss' "$TOP/ping"
ok $? "meanwhile no legitimate packet was lost"
tail -n 2 "$TOP/ping" | sed 's/^/# /'
PING=

check "a storm" storm
[ "$STORM" -le $((1200 + STORM_MS * 5)) ]
ok $? "of 20000 broadcasts only as many as may in that time get through ($STORM in $STORM_MS ms)"
[ "$(metac_b net ls --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["stats"]["foreign"] >= 0)')" = True ]
ok $? "it can be listed"
foreign=$(metac_a net ls --all --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["stats"]["foreign"])')
[ "$foreign" -ge 5 ]
ok $? "packets of others are counted ($foreign)"

# Without the rules, which the services would make again.
role_pid() { pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"; } # role_pid a|b ROLE
has_rules() { on "$1" nft list ruleset | grep -q metac-; }
NET_A=$(role_pid a net) NET_B=$(role_pid b net)
kill -STOP "$NET_A" "$NET_B"
on a nft flush ruleset && on b nft flush ruleset && translate
ok $? "all rules are removed"
all_attacks yes
check "a storm" storm
[ "$STORM" -ge 15000 ]
ok $? "gets through without the rules ($STORM)"

kill -CONT "$NET_A" "$NET_B"
check "rules that somebody has flushed are made again" wait_until 10 has_rules a
check "at the other end as well" wait_until 10 has_rules b
all_attacks no

# A replay, once the tunnel is another.
exec_on_host b tcpdump -i v0 -c 1 -w "$TOP/captured" "udp port $PA and len = 137" >"$TOP/output" 2>&1 & # that of the next line
pid=$!
wait_until 10 grep -q listening "$TOP/output"
evil b text lab0 TXT-captured
wait $pid
check "a packet of the tunnel is captured" wait_until 10 grep -q TXT-captured "$TOP/seen-a"
evil c replay v0 "$TOP/captured"
wait_until 10 bash -c '[ "$(grep -c TXT-captured "$1")" = 2 ]' _ "$TOP/seen-a"
ok $? "replayed by who can forge it, it gets in again"
check "unbound" metac_b net unbind lab0
check "and bound again" metac_b net bind "$ref" newlocal:lab0
check "it is another tunnel" learn
evil c replay v0 "$TOP/captured"
gets_in a true
[ "$(grep -c TXT-captured "$TOP/seen-a")" = 2 ]
ok $? "what was captured of the old one does not get in"
gets_in a other_host
ok $(($? != 1)) "nor does another host"

check "unbound" metac_b net unbind lab0
wait_until 10 eval '! has_rules a && ! has_rules b'
ok $? "no rules are left"
done_testing
