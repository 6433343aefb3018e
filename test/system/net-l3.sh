# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Routed networks: hostB and hostC bind one that hostA has.  They get addresses, reach hostA and each
# other, and can say nothing but what is theirs to say; what they got they get again.
# shellcheck source=test/system/lib.sh
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

for program in iperf3 tcpdump python3; do
	if ! command -v $program >/dev/null; then
		echo "1..0 # SKIP needs $program"
		exit 0
	fi
done
hosts_up a b c

pings() { # pings HOST ADDRESS [OPTION...]
	local h=$1 to=$2
	shift 2
	on_host "$h" ping -n -q -c 1 -W 2 "$@" "$to"
}

pings_never() { # nothing comes back
	local h=$1 to=$2
	shift 2
	! on_host "$h" ping -n -q -c 3 -i 0.1 -W 1 "$@" "$to"
}

has_address() { # has_address HOST DEV ADDRESS/LEN
	on_host "$1" ip -o addr show dev "$2" | grep -q " $3 "
}

has_state() { # has_state HOST INTERFACE STATE
	metac_"$1" net ls | grep -Eq "^$2 .* $3 "
}

restricted() { # frames that were dropped as not allowed, of all who have bound something of hostA
	metac_a net ls --all --json | python3 -c \
		'import json, sys; print(sum(b["stats"]["restricted"] for b in json.load(sys.stdin)))'
}

drops_all_of() { # drops_all_of COMMAND...: what it sends is dropped, and counted, at hostA
	local before
	before=$(restricted) || return
	! "$@" || return
	[ "$(restricted)" -gt "$before" ]
}

net_process() { # of that host
	pgrep -P "${DAEMON[$1]}" -f '^metacd:net' || pgrep -P "${DAEMON[$1]}" -f -- --role=net
}

# ---- a network, and two members ----

ref=$(metac_a net export --persistent --l3 10.9.0.1/24,fd09::1/64 newlocal:lab3)
check "the network is exported" test -n "$ref"
check "hostA has an address of each prefix" \
	eval 'has_address a lab3 10.9.0.1/24 && has_address a lab3 fd09::1/64'
check "hostB binds it" metac_b net bind --persistent "$ref" newlocal:lab0
check "hostC binds it" metac_c net bind --persistent "$ref" newlocal:lab0
check "hostB got an address of each prefix" \
	eval 'has_address b lab0 10.9.0.2/32 && has_address b lab0 fd09::2/128'
check "hostC got others" \
	eval 'has_address c lab0 10.9.0.3/32 && has_address c lab0 fd09::3/128'
check "they are listed on hostB" eval 'metac_b net ls | grep -q "10.9.0.2/24,fd09::2/64"'
check "and on hostA" eval 'metac_a net ls --all | grep -q "10.9.0.3/24,fd09::3/64"'

check "hostB reaches hostA by IPv4" pings b 10.9.0.1
check "and by IPv6" pings b fd09::1
check "hostA reaches hostB" pings a 10.9.0.2
check "and hostC by IPv6" pings a fd09::3
check "hostB reaches hostC" pings b 10.9.0.3
fails_with "hostB cannot capture what others say there" 1 "administers its host only" \
	metac_b net trace --count 1 -o "$TOP/b/cap" "$ref"
exec_on_host a ping -i 0.05 10.9.0.2 >/dev/null 2>&1 &
pid=$!
check "hostA can" timeout 30 env METAC_RUNTIME_DIR="$TOP/a/run" METAC_ADDRESS=$A \
	nsenter --net=/run/netns/${NS}a "$BUILD/metac" net trace --count 2 -o "$TOP/a/cap" local:lab3
kill $pid
wait $pid
if [ -e /proc/sys/net/ipv6/conf/lo/force_forwarding ]; then
	check "and by IPv6" pings b fd09::3
fi
check "long packets come in pieces" pings b 10.9.0.1 -s 6000
check "the other way, too" pings a fd09::2 -s 6000
check "the longest packet passes whole" pings b 10.9.0.3 -M "do" -s 1398
check "nobody else is there" pings_never b 10.9.0.77

stream() { # stream SERVER CLIENT ADDRESS
	local pid
	on_host "$1" iperf3 -s -1 -B "$3" >/dev/null 2>&1 &
	pid=$!
	wait_until 10 eval "on_host $1 ss -Hltn | grep -q :5201" || return
	on_host "$2" iperf3 -c "$3" -n 50M >"$TOP/iperf" 2>&1
	local r=$?
	cat "$TOP/iperf"
	wait "$pid"
	return $r
}
check "a stream from hostB to hostA" stream a b 10.9.0.1
check "a stream from hostA to hostB by IPv6" stream b a fd09::2
check "a stream from hostC to hostB" stream b c 10.9.0.2

# ---- nothing else ----

on_host a tcpdump -n -i lab3 -w "$TOP/frames.pcap" 'arp or multicast or broadcast' 2>"$TOP/tcpdump" &
capture=$!
wait_until 10 grep -q "listening on" "$TOP/tcpdump"

on_host b ip addr add 10.9.0.3/32 dev lab0
check "hostB cannot send from hostC's address" drops_all_of pings b 10.9.0.1 -I 10.9.0.3
on_host b ip addr del 10.9.0.3/32 dev lab0
on_host b ip addr add fd09::3/128 dev lab0 nodad
check "nor by IPv6" drops_all_of pings b fd09::1 -I fd09::3
on_host b ip addr del fd09::3/128 dev lab0
on_host b ip addr add 10.9.0.1/32 dev lo
check "nor from hostA's" drops_all_of pings b 10.9.0.3 -I 10.9.0.1
on_host b ip addr del 10.9.0.1/32 dev lo
on_host b ip addr add 192.168.7.7/32 dev lab0
check "nor from one of no network" drops_all_of pings b 10.9.0.1 -I 192.168.7.7
on_host b ip addr del 192.168.7.7/32 dev lab0

on_host a ip link add other type bridge
on_host a ip addr add 192.168.8.1/24 dev other
on_host a ip link set other up
on_host b ip route add 192.168.8.0/24 via 10.9.0.1 dev lab0 onlink
check "nor get anywhere else through hostA" drops_all_of pings b 192.168.8.1
on_host a sysctl -qw net.ipv4.conf.all.forwarding=1
check "not if that forwards for everybody, either" drops_all_of pings b 192.168.8.1
on_host a sysctl -qw net.ipv4.conf.all.forwarding=0 net.ipv4.conf.lab3.forwarding=1
on_host b ip route del 192.168.8.0/24

mac_of() { # mac_of HOST DEV
	on_host "$1" ip -o link show dev "$2" | sed 's/.*link.ether \([0-9a-f:]*\) .*/\1/'
}
mac=$(mac_of b lab0)

frames() { # frames DESTINATION TYPE REST [SOURCE]: one frame, out of lab0 of hostB
	on_host b python3 - "${1//:/}${4:-${mac//:/}}$2$3" <<-'EOF'
		import socket, sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("lab0", 0))
		s.send(bytes.fromhex(sys.argv[1]))
		sys.exit(1) # there is no answer
	EOF
}
mac_c=$(mac_of c lab0)
check "hostB cannot ask who has an address" drops_all_of frames ffffffffffff 0806 \
	"0001080006040001020000000099""0a090002""000000000000""0a090003"
check "nor tell who has one" drops_all_of frames ffffffffffff 0806 \
	"0001080006040002020000000099""0a090003""020000000099""0a090003"
check "nor send frames to all" drops_all_of frames ffffffffffff 0800 "4500001400000000401100000a0900020a0900ff"
check "nor of another kind" drops_all_of frames "$mac_c" 88b6 "0000000000000000"
check "nor with a tag" drops_all_of frames "$mac_c" 8100 "00010800450000140000000040110000c0a80707c0a80708"
mac_a=$(mac_of a lab3)
packet=4500001400000000401166c50a0900020a090001
check "nor send from another MAC address" drops_all_of frames "$mac_a" 0800 $packet 020000000099
before=$(restricted)
frames "$mac_a" 0800 $packet
check "only that was wrong with it" test "$(restricted)" = "$before"
check "nor look for neighbours by IPv6" drops_all_of on_host b python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
s.bind(("fd09::2", 0))
s.sendto(bytes([135, 0, 0, 0, 0, 0, 0, 0]) + socket.inet_pton(socket.AF_INET6, "fd09::1"), ("fd09::1", 0))
sys.exit(1)'

arrives_at_c() { # a packet of hostB that is not sent to the gateway
	on_host c timeout 3 tcpdump -n -i lab0 -c 1 'udp' 2>"$TOP/tcpdump-c" >/dev/null &
	local pid=$!
	wait_until 10 grep -q "listening on" "$TOP/tcpdump-c"
	frames "$1" 0800 4500001c00000000401166bb0a0900020a0900031234567800080000
	wait $pid
}
check "what hostB sends to hostC passes the gateway" arrives_at_c "$mac_a"
check "and no other way" eval '! arrives_at_c "$mac_c"'

capture_at_c() { # how many frames come to hostC that are not for it
	on_host c timeout 3 tcpdump -n -i lab0 -c 1 'arp or multicast or broadcast or icmp6[0] == 133' 2>&1 |
		grep -q '^1 packet captured'
}
check "what hostA says to all does not come to members" \
	eval '(sleep 0.5; on_host a ping -q -b -c 3 -i 0.2 10.9.0.255; pings a 10.9.0.88; pings a fd09::88) >/dev/null 2>&1 & ! capture_at_c'
kill $capture
wait $capture
check "no frame to all has come out of a tunnel" \
	test "$(on_host a tcpdump -n -r "$TOP/frames.pcap" "ether src $mac" 2>/dev/null | wc -l)" = 0

# ---- refused ----

on_host b ip link add eth9 type bridge
fails_with "an interface that is there is not set up by others" 1 "newlocal" \
	metac_b net bind "$ref" local:eth9
fails_with "a prefix of the Internet, which no host would take, is not given" 1 \
	"198.20.0.1/24 is not for private use" metac_a net export --l3 198.20.0.1/24 newlocal:public
clash=$(metac_a net export --l3 10.7.0.1/16 newlocal:clash)
on_host b ip addr add 10.7.3.9/24 dev eth9
fails_with "hostB takes none that it has itself" 1 "10.7.0.0/16 overlaps 10.7.3.9/24" \
	metac_b net bind "$clash" newlocal:lab1
on_host b ip addr del 10.7.3.9/24 dev eth9
on_host b ip link set eth9 up
on_host b ip route add 10.7.9.0/24 dev eth9
fails_with "nor one that it reaches elsewhere" 1 "10.7.0.0/16 overlaps 10.7.9.0/24" \
	metac_b net bind "$clash" newlocal:lab1
check "nothing is left of them" eval '! on_host b ip link show lab1'
fails_with "hostA takes no prefix that it has" 1 "10.9.0.129/25 overlaps" \
	metac_a net export --l3 10.9.0.129/25 newlocal:twice
fails_with "nor a single address" 1 "no room" metac_a net export --l3 10.6.0.1/32 newlocal:single
check "nothing is left of those" eval '! on_host a ip link show twice && ! on_host a ip link show single && ! on_host a ip link show public'

few=$(metac_a net export --l3 10.8.0.1/30 newlocal:few)
check "a network of two" metac_b net bind "$few" newlocal:few
fails_with "has no address for a third" 1 "all addresses of 10.8.0.1/30 are in use" \
	metac_c net bind "$few" newlocal:few
check "nothing is left of that" eval '! on_host c ip link show few'
check "until one leaves" metac_b net unbind few
check "then it has" metac_c net bind "$few" newlocal:few
check "the same" has_address c few 10.8.0.2/32

# ---- on the same host ----

ip netns add "${NS}n"
check "a container of hostA binds it" metac_a net bind "$ref" "newnetns:${NS}n:lab0"
in_container() { nsenter --net=/run/netns/"${NS}n" "$@"; }
check "it gets an address" eval 'in_container ip addr show lab0 | grep -q "10.9.0.4/32"'
check "it reaches hostA" in_container ping -q -c 1 -W 2 10.9.0.1
check "and hostC" in_container ping -q -c 1 -W 2 10.9.0.3
in_container ip addr add 10.9.0.3/32 dev lab0
check "but not as hostC" eval '! in_container ping -q -c 2 -i 0.2 -W 1 -I 10.9.0.3 10.9.0.1'
check "it is unbound" metac_a net unbind "${NS}n:lab0"
ip netns del "${NS}n"

# ---- restarts ----

kill -KILL "$(net_process b)"
check "hostB's service is killed, and goes on" wait_until 40 pings b 10.9.0.3
check "with its address" has_address b lab0 10.9.0.2/32
kill -KILL "$(net_process a)"
check "hostA's service is killed, and goes on" wait_until 40 pings b 10.9.0.1
check "with all addresses" \
	eval 'wait_until 40 pings c 10.9.0.2 && has_address b lab0 10.9.0.2/32 && has_address c lab0 10.9.0.3/32'
stop_node b
stop_node c
stop_node a
start_node a
start_node c
check "all nodes are restarted: hostC comes first" wait_until 60 pings c 10.9.0.1
check "and has its address, not hostB's" has_address c lab0 10.9.0.3/32
start_node b
check "then hostB" wait_until 60 pings b 10.9.0.3
check "which has its own" has_address b lab0 10.9.0.2/32

check "hostB leaves" metac_b net unbind lab0
check "its interface has gone" eval '! on_host b ip link show lab0'
check "its addresses are given to who comes next" metac_b net bind "$ref" newlocal:lab0
check "which is hostB again" has_address b lab0 10.9.0.2/32

check "the reference is revoked" metac_a ref rm "$ref"
check "hostB hears of it" wait_until 20 has_state b lab0 gone
check "nothing passes any more" pings_never b 10.9.0.1
check "both unbind" eval 'metac_b net unbind lab0 && metac_c net unbind lab0'
check "the network has gone" wait_until 10 eval '! on_host a ip link show lab3'
[ $failures = 0 ] || show_logs
done_testing
