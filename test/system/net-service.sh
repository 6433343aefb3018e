# SPDX-License-Identifier: MIT
# Interfaces as objects: namespaces, names, what is stored and what is left when the service is killed; captures.
. "$(dirname "$0")/lib.sh"

LAN=${NS}x # the network that host a's eth1 is on
BLUE=${NS}blue

undo() {
	ip netns del "$LAN" 2>/dev/null
	ip netns del "$BLUE" 2>/dev/null
	[ -n "${HOLDER:-}" ] && kill "$HOLDER" 2>/dev/null
	clean_up
}
trap undo EXIT

hosts_up
ip netns add "$LAN" && ip netns add "$BLUE"
ip -n ${NS}a link add eth1 type veth peer name peer1 netns "$LAN"
ip -n "$BLUE" link add eth7 type veth peer name peer7 netns "$LAN"
ip -n ${NS}a link set eth1 up
ip -n "$LAN" link set peer1 up
ip -n "$LAN" link set peer7 up
ip -n "$BLUE" link set eth7 up
ip -n "$LAN" addr add 10.1.0.1/24 dev peer1
ip -n "$LAN" addr add 10.7.0.1/24 dev peer7

ping_from_b() { wait_until 10 on_host b ping -c 1 -W 1 -q "$1"; }
net_pid() { # net_pid a|b: the network service's process there
	pgrep -P "${DAEMON[$1]}" -f '^metacd: net '
}
links() { ip -n "$1" -o link | awk '{ print $2 }' | sed 's/[@:].*//' | sort | tr '\n' ' '; }
ours() { ip -n "$1" -o link | grep -c 'alias metac '; }
none_of_ours() { [ "$(ours "$1")" = 0 ]; }
rules() { nsenter --net=/run/netns/"$1" nft list tables | grep -c metac; }

# ---- names ----
fails_with "an interface that is not there" 1 'no interface eth9 here; newlocal:eth9 makes one' metac_a net export local:eth9
fails_with "the loopback interface" 1 'lo is this host.s loopback interface' metac_a net export local:lo
fails_with "a namespace that is not there" 1 'there is no network namespace red' metac_a net export netns:red:eth0
ip -n ${NS}a tuntap add dev tun9 mode tun
fails_with "one without Ethernet" 1 'tun9 carries no Ethernet' metac_a net export local:tun9
ip -n ${NS}a link del tun9
fails_with "a name that is taken" 1 'there is an interface eth1 here already' metac_a net export newlocal:eth1
fails_with "a name of a tunnel's part" 1 'mcx01234567' metac_a net export newlocal:mcx01234567
fails_with "a name that the kernel has for itself" 1 'default cannot be an interface.s name' metac_a net export newlocal:default
fails_with "also as a new name" 1 'all cannot be an interface.s name' metac_a net rename local:eth1 all
check "interfaces are listed" metac_a net interfaces
metac_a net interfaces >"$TOP/interfaces"
check "with their kind" grep -q '^eth1 *veth' "$TOP/interfaces"
metac_a net interfaces "$BLUE" >"$TOP/interfaces"
check "those of a namespace by its name" grep -q '^eth7' "$TOP/interfaces"
metac_a net interfaces "/run/netns/$BLUE" >"$TOP/interfaces"
check "and by its path" grep -q '^eth7' "$TOP/interfaces"
nsenter --net=/run/netns/"$BLUE" sleep 1000 &
HOLDER=$!
metac_a net interfaces "/proc/$HOLDER/ns/net" >"$TOP/interfaces"
check "and by a process in it" grep -q '^eth7' "$TOP/interfaces"

fails_with "which is no name for what is stored" 1 'goes with its process' \
	metac_a net export --persistent "netns:/proc/$HOLDER/ns/net:eth7"
OF_PROCESS=$(metac_a net export "netns:/proc/$HOLDER/ns/net:eth7")
check "but for a reference that is not" test -n "$OF_PROCESS"
kill $HOLDER
wait $HOLDER 2>/dev/null
fails_with "which means that process" 1 'that process has ended' metac_b net bind "$OF_PROCESS" newlocal:lab7
HOLDER=

# ---- an interface of another namespace ----
REF7=$(metac_a net export "netns:$BLUE:eth7")
check "an interface of another namespace is bound" metac_b net bind "$REF7" newlocal:lab7
ip -n ${NS}b addr add 10.7.0.7/24 dev lab7
check "and used" ping_from_b 10.7.0.1
check "with a note for who comes after a kill" test -d "$TOP/a/run/$A/net-namespaces"

# ---- renaming ----
REF=$(metac_a net export --persistent local:eth1)
check "an interface is bound" metac_b net bind "$REF" newlocal:lab0
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "and used" ping_from_b 10.1.0.1
check "it is renamed while it is bound" metac_a net rename local:eth1 lan0
check "and used" ping_from_b 10.1.0.1
check "by ip(8)" ip -n ${NS}a link set lan0 down
ip -n ${NS}a link set lan0 name lan1
ip -n ${NS}a link set lan1 up
check "and used" ping_from_b 10.1.0.1
ip -n ${NS}a link add eth1 type bridge
check "the binding is undone" metac_b net unbind lab0
check "the reference means the renamed one, not who took its name" metac_b net bind "$REF" newlocal:lab0
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "as one sees" ping_from_b 10.1.0.1
check "and is undone" metac_b net unbind lab0
kill -KILL "$(net_pid a)"
wait_until 20 services_up a
check "also after the service was killed" wait_until 10 metac_b net bind "$REF" newlocal:lab0
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "as one sees" ping_from_b 10.1.0.1
check "and is undone" metac_b net unbind lab0
check "the other goes" metac_a net rm local:eth1
fails_with "it is refused to be called like another" 1 'there is an interface v0 already' metac_a net rename local:lan1 v0
fails_with "or by what is no name" 1 'name of an interface' metac_a net rename local:lan1 a/b
metac_a obj ls >"$TOP/objects"
check "what is stored has the new name" grep -q 'interface lan' "$TOP/objects"

# ---- gone, and back ----
ip -n ${NS}a link del lan1
fails_with "an exported interface that is gone is missed when it is used" 1 'there is no interface lan' \
	metac_b net bind "$REF" newlocal:lab0
check "nothing is left of that" sh -c "! ip -n ${NS}b link show lab0"
ip -n ${NS}a link add lan1 type veth peer name peer1 netns "$LAN"
ip -n ${NS}a link set lan1 up
ip -n "$LAN" link set peer1 up
ip -n "$LAN" addr add 10.1.0.1/24 dev peer1
check "and is used when it is back" metac_b net bind "$REF" newlocal:lab0
ip -n ${NS}b addr add 10.1.0.7/24 dev lab0
check "as one sees" ping_from_b 10.1.0.1

# ---- captures ----
capture() { # capture FILE FRAMES ARG...: by b, of what host a's interface has
	local file=$1 n=$2
	shift 2
	metac_b net trace --count "$n" -o "$file" "$@" &
	local job=$!
	until ! kill -0 $job 2>/dev/null; do
		on_host b ping -c 1 -W 1 -q 10.1.0.1 >/dev/null 2>&1
	done
	wait $job
}
check "frames are captured by a reference" capture "$TOP/all.pcap" 6 "$REF"
tcpdump -nr "$TOP/all.pcap" >"$TOP/said" 2>/dev/null
check "and read by tcpdump" test "$(wc -l <"$TOP/said")" = 6
check "with what was in them" grep -q '10.1.0.7 > 10.1.0.1: ICMP echo request' "$TOP/said"
check "for its owner alone" test "$(stat -c %a "$TOP/all.pcap")" = 600
if command -v tshark >/dev/null; then
	tshark -r "$TOP/all.pcap" >"$TOP/said" 2>/dev/null
	check "and by tshark" grep -q 'Echo (ping) reply' "$TOP/said"
fi
if ldconfig -p | grep -q libpcap.so.0.8; then
	check "those that a filter is for" capture "$TOP/some.pcap" 3 "$REF" icmp and src host 10.1.0.7
	tcpdump -nr "$TOP/some.pcap" 2>/dev/null >"$TOP/said"
	check "and no other" test "$(grep -c 'IP 10.1.0.7 > 10.1.0.1: ICMP echo request' "$TOP/said")" = 3
	fails_with "what is no filter is named" 1 'filter "prot tcp"' metac_b net trace -o "$TOP/x" "$REF" prot tcp
fi
LESS=$(metac_a net export local:lan1,rate=100mbit)
fails_with "no captures of a restricted interface" 1 'no captures of a restricted interface' \
	metac_b net trace -o "$TOP/x" "$LESS"
metac_b net trace "$REF" >"$TOP/cut.pcap" 2>"$TOP/cut.err" &
TRACE=$!
wait_until 10 test -s "$TOP/cut.pcap"
REF_ID=$(metac_a ref ls | awk '/interface lan/ { print $1; exit }')
worker_runs() { pgrep -f '^metacd: net trace' >/dev/null && ip netns pids ${NS}a | xargs ps -o args= -p | grep -q 'metacd: net trace'; }
check "a capture has a process of its own" worker_runs
check "its reference is revoked" metac_a ref rm "$REF"
wait $TRACE
check "and that ends it" sh -c "! kill -0 $TRACE 2>/dev/null"
no_worker() { ! worker_runs; }
check "its process too" wait_until 10 no_worker
[ -n "$REF_ID" ]

# ---- a tap, as a virtual machine uses it ----
TAP=$(metac_a net export newlocal:tap5,kind=tap,mtu=1400)
check "a tap is made" sh -c "ip -n ${NS}a -d link show tap5 | grep -q 'tun type tap'"
check "of the size asked for" sh -c "ip -n ${NS}a link show tap5 | grep -q 'mtu 1400'"
check "and opened by a program" on_host a python3 -c '
import fcntl, os, struct
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"tap5", 0x1002))'
check "its reference is revoked" metac_a ref rm "$TAP"
gone() { ! ip -n "$1" link show "$2"; }
check "and it goes" wait_until 10 gone ${NS}a tap5
fails_with "a kind that there is not" 1 'bridge or tap' metac_a net export newlocal:x5,kind=vrf

# ---- deleting ----
ip -n ${NS}a link add br5 type bridge
check "a bridge is deleted, whoever made it" metac_a net rm local:br5
check "it is gone" gone ${NS}a br5
KEPT=$(metac_a net export --persistent newlocal:lab5)
check "a stored one is made" ip -n ${NS}a link show lab5
ip -n ${NS}a link del lab5
check "and made again when somebody deletes it" wait_until 10 ip -n ${NS}a link show lab5
check "unless that is asked for" metac_a net rm local:lab5
check "then it is gone" gone ${NS}a lab5
forgotten() { ! metac_a obj ls | grep -q 'interface lab5'; }
check "and forgotten" wait_until 10 forgotten
fails_with "its reference too" 1 'no such reference' metac_b net bind "$KEPT" newlocal:lab5

# ---- a killed service ----
KEPT=$(metac_a net export --persistent newlocal:lab6,kind=bridge,address=10.6.0.1/24)
ONCE=$(metac_a net export newlocal:once)
check "two are made, one is stored" sh -c "ip -n ${NS}a link show lab6 && ip -n ${NS}a link show once"
INDEX=$(ip -n ${NS}a -o link show lab6 | cut -d: -f1)
ip -n ${NS}a link add vm0 type veth peer name vm1
ip -n ${NS}a link set vm0 master lab6 up
[ -n "$ONCE" ]
kill -KILL "$(net_pid a)"
wait_until 20 services_up a
stored_there() { [ "$(ip -n ${NS}a -o link show lab6 | cut -d: -f1)" = "$INDEX" ] && metac_a obj ls | grep -q "alive.*lab6"; }
check "the stored one is taken over" wait_until 10 stored_there
check "with what is in it" sh -c "ip -n ${NS}a link show vm0 | grep -q 'master lab6'"
no_parts() { ! ip -n "$1" -o link | grep 'alias metac ' | grep -qv ' if '; }
check "no part of a tunnel is left" wait_until 10 no_parts ${NS}a
check "in the other namespace neither" wait_until 10 none_of_ours "$BLUE"
check "one that nobody asks for goes" wait_until 40 gone ${NS}a once
check "the stored one stays" stored_there

# ---- a namespace that goes ----
REF7=$(metac_a net export "netns:$BLUE:eth7")
metac_b net unbind lab7 >/dev/null 2>&1
check "an interface of a namespace is bound" metac_b net bind "$REF7" newlocal:lab8
ip netns del "$BLUE"
lost() { ! ip -n "$LAN" link show peer7; }
check "it goes when its name does, whoever uses an interface of it" wait_until 10 lost
fails_with "which is told" 1 "there is no network namespace $BLUE" metac_b net bind "$REF7" newlocal:lab9

# ---- a graceful end ----
stop_node a
check "a graceful end leaves none of ours" none_of_ours ${NS}a
check "and no rules" test "$(rules ${NS}a)" = 0
check "and what is not ours as it was" sh -c "ip -n ${NS}a link show lan1 | grep -qv master"

# ---- a node that may not change interfaces ----
start_bounded() {
	nsenter --net=/run/netns/${NS}a setpriv --bounding-set -net_admin,-net_raw --inh-caps -net_admin,-net_raw \
		"$BUILD/metacd" --address $A --runtime-dir "$TOP/a/run" --state-dir "$TOP/a/state" >>"$TOP/a/log" 2>&1 &
	DAEMON[a]=$!
}
start_bounded
check "a node without NET_ADMIN starts" wait_until 30 services_up a
mkdir -p "$TOP/a/tree"
check "and does all the rest" metac_a fs export "local:$TOP/a/tree"
fails_with "and says what it may not" 1 'not permitted' metac_a net export newlocal:lab0

done_testing
