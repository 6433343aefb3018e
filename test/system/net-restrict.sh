#!/bin/bash
# SPDX-License-Identifier: MIT
# What an interface is given away with: a rate, protocols, MAC addresses; with the programs that use them.
. "$(dirname "$0")/lib.sh"
for tool in iperf3 dnsmasq busybox nft; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
hosts_up

DHCP_SERVER=
trap 'kill $DHCP_SERVER 2>/dev/null; clean_up' EXIT
segment_up() {
	ip -n ${NS}a link add br0 type bridge mcast_snooping 0 forward_delay 0 &&
		ip -n ${NS}a addr add 10.1.0.1/24 dev br0 && ip -n ${NS}a addr add fd00:1::1/64 dev br0 nodad &&
		ip -n ${NS}a link set br0 up
}
bind_with() { # bind_with RESTRICTIONS [AT THE OTHER END]
	local ref
	ref=$(metac_a net export "local:br0$1") && metac_b net bind "$ref" "newlocal:lab0${2:-}" &&
		ip -n ${NS}b addr add 10.1.0.7/24 dev lab0 && ip -n ${NS}b addr add fd00:1::7/64 dev lab0 nodad
}
unbind() { metac_b net unbind lab0; }
pings() { on_host b ping -c 1 -W 1 -q "${1:-10.1.0.1}" >/dev/null; }
silent() { ! on_host b ping -c 2 -i 0.2 -W 1 -q "${1:-10.1.0.1}" >/dev/null; }
dropped() { # on the side of host a
	metac_a net ls --all --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["stats"]["restricted"])'
}
tcp() { # tcp [-R]: bits per second from b to a, or back
	local pid
	exec_on_host a iperf3 -s -1 >/dev/null 2>&1 &
	pid=$!
	wait_until 10 bash -c "ip netns exec ${NS}a ss -ltn | grep -q :5201" || return
	on_host b iperf3 -c 10.1.0.1 -t 3 -J "$@" | python3 -c \
		'import json,sys; print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]))'
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
}
near() { # near RATE GOT: what TCP makes of it, and no more than a quarter of a second too much
	[ "$2" -gt $(($1 / 2)) ] && [ "$2" -lt $(($1 * 115 / 100)) ]
}
cat >"$TOP/lease" <<'EOF'
#!/bin/sh
[ "$1" = bound ] && echo "$ip" >"$LEASE"
exit 0
EOF
chmod 755 "$TOP/lease"
dhcp() {
	rm -f "$TOP/address"
	on_host b env LEASE="$TOP/address" timeout 20 busybox udhcpc -i lab0 -n -q -f -t 5 -T 1 -a -s "$TOP/lease" >/dev/null 2>&1
	grep -q '^10\.1\.0\.1[0-5]' "$TOP/address"
}

check "a segment" segment_up
exec_on_host a dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=br0 --bind-interfaces \
	--dhcp-range=10.1.0.100,10.1.0.150,1h --dhcp-leasefile="$TOP/leases" --pid-file= --user=root >/dev/null 2>&1 &
DHCP_SERVER=$!
wait_until 10 bash -c "ip netns exec ${NS}a ss -lun | grep -q :67"

check "bound without restrictions" bind_with ""
check "ping" wait_until 10 pings
check "IPv6" wait_until 10 pings fd00:1::1
check "DHCP" dhcp
check "and unbound" unbind

check "bound with allow=dhcp" bind_with ,allow=dhcp
check "DHCP, with a look for who has the address" dhcp
check "no ping" silent
check "no ping by IPv6" silent fd00:1::1
[ "$(dropped)" -gt 0 ]
ok $? "what was dropped is counted"
check "and unbound" unbind

check "bound with allow=tcp" bind_with ,allow=tcp
got=$(tcp)
[ "${got:-0}" -gt 1000000 ]
ok $? "TCP"
check "no ping" silent
check "no DHCP" eval '! dhcp'
check "and unbound" unbind

check "bound with allow=icmp at one end, allow=icmp+tcp at the other" bind_with ,allow=icmp+tcp ,allow=icmp
check "ping" wait_until 10 pings
check "IPv6" wait_until 10 pings fd00:1::1
check "no TCP" eval '! on_host b timeout 2 bash -c "exec 3<>/dev/tcp/10.1.0.1/22" 2>&1 | grep -q refused'
check "and unbound" unbind

check "bound with rate=20mbit" bind_with ,rate=20mbit
got=$(tcp)
near 20000000 "${got:-0}"
ok $? "from b to a: $got bit/s"
got=$(tcp -R)
near 20000000 "${got:-0}"
ok $? "from a to b: $got bit/s"
check "ping" pings
check "and unbound" unbind

ref=$(metac_a net export local:br0,rate=100mbit)
ref=$(metac_b net export "$ref,rate=10mbit")
check "the reference with a rate is restricted once more" grep -q '^ref://' <<<"$ref"
check "bound" metac_b net bind "$ref" newlocal:lab0
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
got=$(tcp)
near 10000000 "${got:-0}"
ok $? "the lower rate holds: $got bit/s"
check "and unbound" unbind

check "bound with a MAC that is not its own" bind_with ,mac=02:00:00:00:00:07
check "no ping" silent
check "its own" ip -n ${NS}b link set lab0 address 02:00:00:00:00:07
check "ping" wait_until 10 pings
check "and unbound" unbind
wait_until 10 eval '! on_host a nft list ruleset | grep -q metac-'
ok $? "no rules are left"
done_testing
