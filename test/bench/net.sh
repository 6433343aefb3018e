#!/bin/bash
# SPDX-License-Identifier: MIT
# What joined interfaces cost beside a VXLAN made by hand with iproute2: the same topology beside
# it in the same run, in turn. Of throughput the ratio is the median of the rounds' ratios, of round trips
# that of the best rounds (a round is short, and whatever else runs disturbs it). Fails only if something cannot be
# done at all.
#
#	new      an interface of its own at both ends
#	port     a card without addresses, behind which is a station; by hand: a bridge with the card
#	splice   a card that the host uses itself; by hand: the same, the address on the bridge
. "$(dirname "$0")/../system/lib.sh"
command -v iperf3 >/dev/null || { echo "1..0 # SKIP no iperf3"; exit 0; }
hosts_up

ROUNDS=${ROUNDS:-7}
RTT_ROUNDS=${RTT_ROUNDS:-21}
SECONDS_EACH=${SECONDS_EACH:-1}
PINGS=${PINGS:-20000}
MANY=${MANY:-200}
OURS=$TOP/ours
HAND=$TOP/hand
servers=()
stations=()

bench_down() {
	local p s
	for p in "${servers[@]}"; do
		kill -TERM "$p" 2>/dev/null
	done
	for s in "${stations[@]}"; do
		ip netns del "$NS$s" 2>/dev/null
	done
	clean_up
}
trap bench_down EXIT

now() { date +%s.%N; }
median() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
ratios() { paste "$OURS" "$HAND" | awk '$2 > 0 { print $1 / $2 }' | median; }

# ---- how it is done by hand

vx_by_hand() { # vx_by_hand HOST NAME VNI: to the other one of the two
	local local=$A remote=$B
	[ "$1" = a ] || { local=$B remote=$A; }
	ip -n "$NS$1" link add "$2" type vxlan id "$3" local $local remote $remote dstport 4789 nolearning udpcsum &&
		ip -n "$NS$1" link set "$2" mtu 1426 up
}
card() { # card NAME STATION ADDRESS: at host a, the station at the other end of its cable
	ip netns add "$NS$2" && stations+=("$2") && ip -n ${NS}a link add "$1" type veth peer name eth0 netns "$NS$2" &&
		ip -n ${NS}a link set "$1" up && ip -n "$NS$2" addr add "$3/24" dev eth0 &&
		ip -n "$NS$2" link set eth0 mtu 1426 up
}
bridge_by_hand() { # bridge_by_hand CARD VNI
	ip -n ${NS}a link add "br$2" type bridge mcast_snooping 0 && ip -n ${NS}a link set "br$2" up &&
		vx_by_hand a "vx$2" "$2" && ip -n ${NS}a link set "vx$2" master "br$2" && ip -n ${NS}a link set "$1" master "br$2" &&
		vx_by_hand b "vx$2" "$2"
}
serve() { # serve STATION: an iperf3 server, until the end
	nsenter --net="/run/netns/$NS$1" iperf3 -s >/dev/null 2>&1 &
	servers+=($!)
}

# ---- measuring

mbits() { # mbits ADDRESS [OPTION]: Mbit/s from host b
	on_host b iperf3 -c "$1" -t "$SECONDS_EACH" -J "${@:2}" |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6)'
}
rtt() { # rtt ADDRESS: microseconds, by what all took together (ping tells a single one by whole microseconds)
	on_host b ping -q -f -c "$PINGS" "$1" | sed -n 's|.* 0% packet loss, time \([0-9]*\)ms|\1|p' |
		awk -v n="$PINGS" '{ print $1 * 1000 / n }'
}
work() { # work ADDRESS: instructions of a round trip, in user space and in the kernel
	on_host b perf stat -x, -e instructions -o "$TOP/perf" ping -q -f -c "$PINGS" "$1" >/dev/null &&
		awk -F, -v n="$PINGS" '$3 ~ /instructions/ { print $1 / n }' "$TOP/perf"
}
in_turn() { # in_turn ROUNDS OURS HAND COMMAND [OPTIONS]: the command gets an address
	local rounds=$1 ours=$2 hand=$3 r
	shift 3
	: >"$OURS"
	: >"$HAND"
	for ((r = 0; r < rounds; r++)); do
		if [ $((r % 2)) = 0 ]; then
			"$1" "$ours" "${@:2}" >>"$OURS"
			"$1" "$hand" "${@:2}" >>"$HAND"
		else
			"$1" "$hand" "${@:2}" >>"$HAND"
			"$1" "$ours" "${@:2}" >>"$OURS"
		fi
	done
	[ "$(wc -l <"$OURS")" = "$rounds" ] && [ "$(wc -l <"$HAND")" = "$rounds" ]
}
throughput() { # throughput TEXT OURS HAND [OPTION]
	in_turn "$ROUNDS" "$2" "$3" mbits "${@:4}"
	ok $? "$1"
	printf '| %-34s | %9.0f Mb/s | %9.0f Mb/s | %5.3f |\n' "$1" "$(median <"$OURS")" "$(median <"$HAND")" "$(ratios)"
}
best_of() { # best_of TEXT UNIT OURS HAND COMMAND: less is better
	local a b
	in_turn "$RTT_ROUNDS" "$3" "$4" "$5"
	ok $? "$1"
	a=$(sort -g "$OURS" | head -n 1)
	b=$(sort -g "$HAND" | head -n 1)
	printf '| %-34s | %9.2f %-4s | %9.2f %-4s | %5.3f |\n' "$1" "$a" "$2" "$b" "$2" "$(awk "BEGIN { print $b / $a }")"
}
compare() { # compare TEXT OURS HAND
	wait_until 10 on_host b ping -c 1 -W 1 "$2" && wait_until 10 on_host b ping -c 1 -W 1 "$3"
	ok $? "$1: both answer"
	throughput "$1: to host a" "$2" "$3"
	throughput "$1: to host b" "$2" "$3" -R
	best_of "$1: round trip" us "$2" "$3" rtt
	if perf stat -x, -e instructions true 2>&1 | grep -q '^[0-9]'; then
		best_of "$1: its instructions" "" "$2" "$3" work
	fi
}

# ---- the three ways

printf '| %-34s | %14s | %14s | %5s |\n|-|-|-|-|\n' "" "metac" "by hand" "ratio"
ref=$(metac_a net export newlocal:new0,address=10.1.0.1/24)
metac_b net bind "$ref" newlocal:new0,address=10.1.0.2/24 >/dev/null
for h in a b; do vx_by_hand $h vx1 1; done
ip -n ${NS}a addr add 10.101.0.1/24 dev vx1
ip -n ${NS}b addr add 10.101.0.2/24 dev vx1
serve a
sleep 0.3
compare new 10.1.0.1 10.101.0.1
metac_b net unbind new0

card eth2 s2 10.2.0.1
card eth3 s3 10.102.0.1
metac_b net bind "$(metac_a net export local:eth2)" newlocal:port0,address=10.2.0.2/24 >/dev/null
bridge_by_hand eth3 2
ip -n ${NS}b addr add 10.102.0.2/24 dev vx2
serve s2
serve s3
sleep 0.3
compare port 10.2.0.1 10.102.0.1
metac_b net unbind port0

card eth4 s4 10.3.0.1
card eth5 s5 10.103.0.1
ip -n ${NS}a addr add 10.3.0.9/24 dev eth4
metac_b net bind "$(metac_a net export local:eth4)" newlocal:splice0,address=10.3.0.2/24 >/dev/null
bridge_by_hand eth5 3
ip -n ${NS}a addr add 10.103.0.9/24 dev br3
ip -n ${NS}b addr add 10.103.0.2/24 dev vx3
serve s4
serve s5
sleep 0.3
compare splice 10.3.0.1 10.103.0.1
metac_b net unbind splice0

# ---- from the command to the first answer

first_by_metac() {
	local start
	start=$(now)
	metac_b net bind "$1" newlocal:first0,address=10.4.0.2/24 >/dev/null &&
		on_host b ping -q -c 1 -W 2 10.4.0.1 >/dev/null || return
	awk "BEGIN { print ($(now) - $start) * 1000 }"
	metac_b net unbind first0
}
first_by_hand() {
	local start
	start=$(now)
	vx_by_hand a vx4 4 && ip -n ${NS}a addr add 10.104.0.1/24 dev vx4 && vx_by_hand b vx4 4 &&
		ip -n ${NS}b addr add 10.104.0.2/24 dev vx4 && on_host b ping -q -c 1 -W 2 10.104.0.1 >/dev/null || return
	awk "BEGIN { print ($(now) - $start) * 1000 }"
	for h in a b; do ip -n $NS$h link del vx4; done
}
ref=$(metac_a net export newlocal:first0,address=10.4.0.1/24)
: >"$OURS"
: >"$HAND"
for ((r = 0; r < 10; r++)); do
	first_by_metac "$ref" >>"$OURS"
	first_by_hand >>"$HAND"
done
[ "$(wc -l <"$OURS")" = 10 ] && [ "$(wc -l <"$HAND")" = 10 ]
ok $? "first ping"
printf '| %-34s | %9.1f ms   | %9.1f ms   |       |\n' "from the command to the first ping" "$(median <"$OURS")" "$(median <"$HAND")"

# ---- many

ip -n ${NS}a link add many type bridge
ip -n ${NS}a link set many up
ref=$(metac_a net export local:many)
many_bind() { seq "$MANY" | xargs -P 8 -I % nsenter --net=/run/netns/${NS}b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" net bind "$ref" newlocal:m% >/dev/null; }
many_unbind() { seq "$MANY" | xargs -P 8 -I % nsenter --net=/run/netns/${NS}b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" net unbind m%; }
links() { ip -n "$NS$1" -o link show type vxlan | grep -cE ' (mcx|m[0-9])'; }
gone() { [ "$(links a)" = 0 ] && [ "$(links b)" = 0 ]; }
many_by_hand() {
	for h in a b; do
		for ((i = 0; i < MANY; i++)); do
			echo "link add h$i type vxlan id $((1000 + i)) local $A remote $B dstport $((20000 + i)) nolearning"
			echo "link set h$i up"
		done | ip -n $NS$h -batch -
	done
}
many_by_hand_down() {
	for h in a b; do
		for ((i = 0; i < MANY; i++)); do
			echo "link del h$i"
		done | ip -n $NS$h -batch -
	done
}
seconds() {
	local start
	start=$(now)
	"$@" || echo "# $* failed" >&2
	awk "BEGIN { print $(now) - $start }"
}
made=$(seconds many_bind)
[ "$(links b)" = "$MANY" ]
ok $? "$MANY are bound"
unmade=$(seconds many_unbind)
wait_until 60 gone
ok $? "nothing is left of them"
made_by_hand=$(seconds many_by_hand)
unmade_by_hand=$(seconds many_by_hand_down)
printf '| %-34s | %9.2f s    | %9.2f s    | %5.3f |\n' "$MANY bound" "$made" "$made_by_hand" \
	"$(awk "BEGIN { print $made_by_hand / $made }")" "$MANY unbound" "$unmade" "$unmade_by_hand" \
	"$(awk "BEGIN { print $unmade_by_hand / $unmade }")"
done_testing
