#!/bin/bash
# SPDX-License-Identifier: MIT
# Files and disks as block devices, as the host that has them offers them: who may write, who is cut off,
# what is no block device, links in /dev, images that are not raw. Programs of others speak NBD with it.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
for program in qemu-img qemu-io nbdinfo; do
	if ! command -v $program >/dev/null; then
		echo "1..0 # SKIP needs qemu-utils and libnbd-bin"
		exit 0
	fi
done
hosts_up

client() { # client ARGUMENTS... -- REF: the importer's side; in place of this shell
	local args=()
	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	exec_on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B timeout 120 \
		"$BUILD/test/system/block-client" "${args[@]}" -- block info "$2"
}
mkfifo "$TOP/never" && exec 9<>"$TOP/never" # input that does not end
ways=()
way() { # way NAME SESSION COUNT REF: $TOP/NAME is the device's NBD
	rm -f "$TOP/$1" "$TOP/$1.said"
	client way "$TOP/$1" "$2" "$3" -- "$4" <&9 >"$TOP/$1.said" 2>&1 &
	ways+=($!)
	wait_until 20 grep -q ready "$TOP/$1.said"
}
no_way() { # all of them
	kill "${ways[@]}" 2>/dev/null
	wait "${ways[@]}" 2>/dev/null
	ways=()
}
hold() { # hold NAME AS: a connection that does nothing; $held
	rm -f "$TOP/$2.said"
	python3 "$here/nbd.py" "$TOP/$1" hold >"$TOP/$2.said" 2>&1 &
	held=$!
}
said() { grep -qs "$2" "$TOP/$1.said"; }
export_a() { metac_a block export "$@"; }
size_of() { metac_b block info --json "$1" | python3 -c 'import json,sys; d=json.load(sys.stdin); print((d[0] if isinstance(d, list) else d)["size"])'; }
servers() { # the NBD servers of host a
	local pid n=0
	for pid in $(ip netns pids ${NS}a); do
		grep -qs -- "--role=nbd-server" "/proc/$pid/cmdline" && n=$((n + 1))
	done
	echo $n
}
servers_are() { [ "$(servers)" -le "$1" ]; }
no_daemon() { [ -z "$(daemons)" ]; }
daemons() { # image servers of host a
	local pid
	for pid in $(ip netns pids ${NS}a); do
		grep -qs "^qemu-storage" "/proc/$pid/cmdline" && echo "$pid"
	done
}

disk=$TOP/a/disk
truncate -s 8M "$disk" && printf 'first' | dd of="$disk" conv=notrunc status=none && cp "$disk" "$TOP/kept"

# ---- reading, writing
ref=$(export_a "local:$disk")
check "a file is exported as a block device" grep -q '^ref://' <<<"$ref"
way all "" 20 "$ref"
check "its size is told" test "$(nbdinfo --size "nbd+unix:///?socket=$TOP/all")" = 8388608
check "it is written" qemu-io -f raw "nbd+unix:///?socket=$TOP/all" -c "write -P 0x61 1M 64k" -c flush
check "and has what was written" bash -c "cmp -n 65536 <(head -c 65536 /dev/zero | tr '\0' a) <(tail -c +1048577 $disk)"
cp "$disk" "$TOP/kept"
for kind in "--readonly local:$disk" "local:ro,$disk"; do
	# shellcheck disable=SC2086
	ro=$(export_a $kind)
	way "ro" "" 2 "$ro"
	check "nobody writes to $kind" test "$(python3 "$here/nbd.py" "$TOP/ro" insist)" = "read-only 1 1 1 1 1"
	check "nor has written" cmp "$disk" "$TOP/kept"
	no_way
done

# ---- sessions
way one "0123456789abcdef0123456789abcdef" 3 "$ref"
hold one hold
check "a session's first connection is served" wait_until 20 said hold here
first=$(servers)
kill -STOP "$(ip netns pids ${NS}a | xargs -I{} sh -c 'grep -qs -- --role=nbd-server /proc/{}/cmdline && echo {}')"
first_held=$held
hold one again
check "the second one too" wait_until 20 said again here
check "when the server of the first is gone" test "$first/$(servers)" = 1/1
check "and so is its connection" wait_until 20 said hold gone
no_way
kill $first_held $held 2>/dev/null
wait $first_held $held 2>/dev/null

# ---- taking back
way cut "" 2 "$ref"
hold cut cut-hold
wait_until 20 said cut-hold here
check "a reference is revoked" metac_a ref rm "$ref"
check "its connection is cut" wait_until 5 said cut-hold gone
check "its server is gone" wait_until 5 servers_are 0
kill $held 2>/dev/null
wait $held 2>/dev/null
no_way
fails_with "the reference is dead" 1 'no such reference' metac_b block info "$ref"

# ---- size
ref=$(export_a "local:$disk")
client size 8388608 -- "$ref" >"$TOP/size.said" 2>&1 &
sizer=$!
way grown "" 2 "$ref"
truncate -s 16M "$disk"
wait $sizer
check "another size is told" said size '^16777216$'
check "and can be used" qemu-io -f raw "nbd+unix:///?socket=$TOP/grown" -c "write -P 1 15M 64k"
cp "$disk" "$TOP/a/other" && truncate -s 4M "$TOP/a/other"
client size 16777216 -- "$ref" >"$TOP/size.said" 2>&1 &
sizer=$!
mv "$TOP/a/other" "$disk"
wait $sizer
check "that of a file that was put in its place too" said size '^4194304$'
no_way

# ---- what is none
fails_with "a directory is not even exported" 1 "$TOP/a: Is a directory" metac_a block export "local:$TOP/a"
touch "$TOP/a/empty" && truncate -s 1000 "$TOP/a/odd" && mkfifo "$TOP/a/fifo" && ln -s disk "$TOP/a/link"
while read -r name text; do
	bad=$(export_a "local:$TOP/a/$name")
	fails_with "$name is no block device" 1 "/$name: $text\$" metac_b block info "$bad"
	way bad "" 1 "$bad"
	nbdinfo "nbd+unix:///?socket=$TOP/bad" >/dev/null 2>&1
	check "nor is it served" wait_until 20 said bad "/$name: $text\$"
	no_way
done <<-END
	empty is empty, so no block device
	odd has 1000 bytes, which is no multiple of 512: no block device
	fifo not a regular file
	missing No such file or directory
	link there is a symbolic link in this path .*
END
chmod 600 "$disk"
limited=$(export_a "local:uid=65534,gid=65534,$disk")
fails_with "who is limited to a user has no more than his rights" 1 'Permission denied' metac_b block info "$limited"
chown 65534 "$disk"
check "and no less" metac_b block info "$limited"
chown 0 "$disk"

# ---- limits
attempts=${ATTEMPTS:-10000}
greedy_done() { grep -q '^128 .*too many connections' "$TOP/greedy.said"; }
client greedy "$attempts" -- "$ref" <&9 >"$TOP/greedy.said" 2>&1 &
greedy=$!
check "$attempts connections to one device: 128 are served" wait_until 100 greedy_done
sed 's/^/# /' "$TOP/greedy.said"
cp "$disk" "$TOP/a/disk2"
other=$(export_a "local:$TOP/a/disk2")
way other "" 1 "$other"
check "another device is served meanwhile" nbdinfo --size "nbd+unix:///?socket=$TOP/other"
kill $greedy
wait $greedy 2>/dev/null
check "all servers go with who had them" wait_until 20 servers_are 1
no_way
way after "" 1 "$ref"
check "then there is room again" nbdinfo --size "nbd+unix:///?socket=$TOP/after"
no_way

# ---- disks, and links to them
if loop=$(losetup -f --show "$disk" 2>/dev/null); then
	link=/dev/metac-test-$$
	ln -s "${loop#/dev/}" "$link"
	dev=$(export_a "local:$link")
	check "a disk by a link in /dev" test "$(size_of "$dev")" = 4194304
	ln -sf ../etc/passwd "$link"
	fails_with "a link that leads out of /dev" 1 'leads out of /dev' metac_b block info "$dev"
	ln -sf null "$link"
	fails_with "a link to no block device" 1 'not to a block device' metac_b block info "$dev"
	ln -sf "${loop#/dev/}" "$link"
	way disk "" 3 "$dev"
	check "is written to" qemu-io -f raw "nbd+unix:///?socket=$TOP/disk" -c "write -P 0x62 0 4k" -c flush
	check "and has what was written" bash -c "cmp -n 4096 <(head -c 4096 /dev/zero | tr '\0' b) $disk"
	client size 4194304 -- "$dev" >"$TOP/size.said" 2>&1 &
	sizer=$!
	truncate -s 6M "$disk"
	losetup -c "$loop"
	wait $sizer
	check "another size of a disk is told" said size '^6291456$'
	no_way
	metac_a ref rm "$dev" >/dev/null
	losetup -d "$loop"
	rm -f "$link"
fi

# ---- images that are not raw
if command -v qemu-storage-daemon >/dev/null; then
	for format in qcow2 vmdk vdi vhdx vpc; do
		image=$TOP/a/image.$format
		qemu-img create -q -f $format "$image" 24M && chmod 600 "$image"
		virtual=$(qemu-img info --output=json "$image" | python3 -c 'import json,sys; print(json.load(sys.stdin)["virtual-size"])')
		i=$(export_a --format $format "local:$image")
		check "$format: the size is that of the disk" test "$(size_of "$i")" = "$virtual"
		way image "" 1 "$i"
		check "$format: is written" qemu-io -f raw "nbd+unix:///?socket=$TOP/image" -c "write -P 0x63 2M 64k"
		no_way
		check "$format: its server ends, having flushed" wait_until 20 no_daemon
		check "$format: has what was written" qemu-io -f $format "$image" -c "read -P 0x63 2M 64k"
	done
	image=$TOP/a/image.qcow2
	cp "$image" "$TOP/kept"
	i=$(export_a --format qcow2 --readonly "local:$image")
	way image "" 2 "$i"
	check "qcow2: nobody writes to a read-only one" grep -Eq '^read-only( [1-9][0-9]*){5}$' <<<"$(python3 "$here/nbd.py" "$TOP/image" insist)"
	hold image hold
	check "qcow2: it is served" wait_until 20 said hold here
	check "its server is a user of its own" grep -Eq '^Uid:(.19[0-9]{8}){4}$' "/proc/$(daemons)/status"
	check "and confined" bash -c "grep -q '^CapBnd:.0*$' /proc/$(daemons)/status && grep -q '^Seccomp:.2' /proc/$(daemons)/status"
	w=$(export_a --format qcow2 "local:$image")
	way writing "" 1 "$w"
	nbdinfo "nbd+unix:///?socket=$TOP/writing" >/dev/null 2>&1
	check "not for writing at the same time" wait_until 20 said writing 'is in use already, for reading as qcow2'
	r=$(export_a "local:$image")
	way raw "" 1 "$r"
	nbdinfo "nbd+unix:///?socket=$TOP/raw" >/dev/null 2>&1
	check "nor its bytes" wait_until 20 said raw 'is in use already, as an image'
	check "a reference is revoked" metac_a ref rm "$i"
	check "its connection is cut" wait_until 5 said hold gone
	wait $held
	no_way
	check "read-only ones are as they were" cmp "$image" "$TOP/kept"

	i=$(export_a --format qcow2 --readonly "local:$image")
	way reader "fedcba9876543210fedcba9876543210" 2 "$i"
	hold reader hold
	check "a reader is served" wait_until 20 said hold here
	first=$(daemons)
	first_held=$held
	hold reader again
	check "when he comes back, too" wait_until 20 said again here
	check "by the same server, which others may be using" test "$first" = "$(daemons)"
	no_way
	kill $first_held $held 2>/dev/null
	wait $first_held $held 2>/dev/null
	metac_a ref rm "$i" >/dev/null
	check "which ends when nobody reads" wait_until 20 no_daemon

	way one "0123456789abcdef0123456789abcdef" 3 "$w"
	hold one hold
	check "qcow2: a session's first connection is served" wait_until 20 said hold here
	first=$(daemons)
	first_held=$held
	hold one again
	check "the second one too" wait_until 20 said again here
	check "by another server" test "$first" != "$(daemons)" -a ! -e "/proc/$first"
	no_way
	kill $first_held $held 2>/dev/null
	wait $first_held $held 2>/dev/null

	# what an image server keeps in its memory when it is killed is written again by who wrote it
	(exec_on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B \
		"$BUILD/metac" block serve --unix "$TOP/served" "$w" >"$TOP/serve.said" 2>&1) &
	server=$!
	wait_until 20 said serve 'nbd+unix'
	check "qcow2: an image server is killed" grep -Eq '^0( 0){20}$' \
		<<<"$(timeout 60 python3 "$here/nbd.py" "$TOP/served" lose "$(daemons)")"
	kill $server
	wait $server
	check "its successor ends, having flushed" wait_until 20 no_daemon
	all_there() {
		local i
		for i in $(seq 20); do
			qemu-io -f qcow2 "$image" -c "read -P $i $(((i - 1) * 65536)) 64k" | grep -q 'read 65536' || return
			! qemu-io -f qcow2 "$image" -c "read -P $i $(((i - 1) * 65536)) 64k" | grep -q failed || return
		done
	}
	check "nothing that was written is lost" all_there

	# who has an image of his own can make its server end; others' images have lost nothing by that
	image2=$TOP/a/image2.qcow2
	qemu-img create -q -f qcow2 "$image2" 1M
	i=$(export_a --format qcow2 --readonly "local:$image2")
	epochs() { grep -o 'epoch .*' "$TOP/$1.said"; }
	way one "" 2 "$w"
	way other "" 2 "$i"
	hold other hold
	check "another image is served" wait_until 20 said hold here
	other=$(daemons)
	hold one here
	check "and this one" wait_until 20 said here here
	kill -9 $other
	check "the server of the other one is killed" wait_until 5 test ! -e "/proc/$other"
	hold one here
	hold other hold
	check "both are served again" wait_until 20 said hold here
	check "(both)" wait_until 20 said here here
	check "the other one may have lost something" test "$(epochs other | sort -u | wc -l)" = 2
	check "this one has not" test "$(epochs one | sort -u | wc -l)" = 1
	no_way
	metac_a ref rm "$i" >/dev/null
	check "their servers end" wait_until 20 no_daemon

	qemu-img create -q -f qcow2 -b "$image" -F qcow2 "$TOP/a/backed" && echo hello >"$TOP/a/damaged"
	head -c 70000 "$image" >"$TOP/a/cut" && truncate -s 1000000 "$TOP/a/cut"
	qemu-img create -q -f qcow2 -o "data_file=$TOP/a/data.raw" "$TOP/a/apart" 1M
	while read -r name text; do
		bad=$(export_a --format qcow2 "local:$TOP/a/$name")
		fails_with "an image that is $name" 1 "/$name: $text" metac_b block info "$bad"
	done <<-END
		backed it has a backing file
		damaged Image is not in qcow2 format
		apart Could not open
		missing No such file or directory
	END
	fails_with "a format nobody knows" 1 'format' export_a --format qed "local:$image"
	mount --bind /dev/null "$(command -v qemu-storage-daemon)"
	wait_until 20 no_daemon
	fails_with "no program for images" 1 'qemu-system-common' metac_b block info "$w"
	umount "$(command -v qemu-storage-daemon)"
fi

# ---- stored
ref=$(export_a --persistent --readonly "local:$disk")
stop_node a
start_node a
check "a reference outlives its node" test "$(size_of "$ref")" = 6291456 -o "$(size_of "$ref")" = 4194304
check "with its limits" bash -c 'grep -q read-only <<<"$1"' _ "$(metac_a obj ls)"
stop_node b
ok $? "node b ends"
stop_node a
ok $? "node a ends"
check "no process is left on host a" wait_until 5 no_process a
done_testing
