#!/bin/bash
# SPDX-License-Identifier: MIT
# metac block cp: every direction, what is sparse, what does not fit, and copies that are interrupted in every way.
. "$(dirname "$0")/lib.sh"
hosts_up
cd "$TOP" || exit 1
there=$TOP/a/there here=$TOP/b/here
mkdir -p "$there" "$here"
export HOME=$TOP/b # where states are kept

# 96 MiB of which 24 are data; and 64 MiB of data
truncate -s 96M "$there/sparse"
for at in 0 1 30 50 95; do
	seq $((at * 1000)) 900000 | dd of="$there/sparse" bs=64k seek=$((at * 16)) count=$((at == 95 ? 16 : 80)) conv=notrunc \
		iflag=fullblock status=none
done
seq 1 9000000 | head -c 64M >"$there/dense"
tail -c 1000448 "$there/dense" >"$there/odd"
in_dir() { # in_dir DIRECTORY COMMAND...
	local dir=$1
	shift
	(cd "$dir" && "$@")
}
reference() { metac_a block export --persistent "local:$there/$1"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
used() { echo $(($(stat -c %b "$1") * 512)); }
nothing_left() { ! find "$here" "$TOP/b/.local" -name '*metac-cp*' -o -path '*block-cp/*' | grep .; } 2>/dev/null

# ---- from another host
sparse=$(reference sparse) dense=$(reference dense) odd=$(reference odd)
check "a device is copied to a file" metac_b block cp "$sparse" "$here/sparse"
check "as it is" cmp "$there/sparse" "$here/sparse"
check "holes are holes" test "$(used "$here/sparse")" -le $(($(used "$there/sparse") + (1 << 20)))
check "nothing is left behind" nothing_left
check "its mode is that of a new file" test "$(stat -c %a "$here/sparse")" = 644
check "one without holes" metac_b block cp "$dense" "$here/dense"
check "is the same" cmp "$there/dense" "$here/dense"
check "one of no round size" metac_b block cp "$odd" "$here/odd"
check "is the same" cmp "$there/odd" "$here/odd"
truncate -s 5M "$there/zero" && dd if=/dev/zero of="$there/zeroes" bs=1M count=5 status=none
check "zeroes on disk are not written" test "$(metac_b block cp --json "$(reference zeroes)" "$here/zeroes" | field data)" = 0
check "but are there" cmp "$there/zeroes" "$here/zeroes"
check "a path in a directory's reference" metac_b block cp "$(metac_a fs export "local:$there")/odd" "$here/odd2"
check "is copied" cmp "$there/odd" "$here/odd2"
check "--json says what was done" test "$(metac_b block cp --json "$sparse" "$here/json" | field size)" = $((96 << 20))
chmod 600 "$here/odd"
check "a file that is there is replaced" metac_b block cp "$dense" "$here/odd"
check "as it is" cmp "$there/dense" "$here/odd"
check "and keeps its mode" test "$(stat -c %a "$here/odd")" = 600
ln -s odd "$here/link"
check "a link is followed" metac_b block cp "$odd" "$here/link"
check "to what it names" bash -c 'test -L "$1" && cmp "$2" "$3"' _ "$here/link" "$there/odd" "$here/odd"

# ---- to another host
truncate -s 96M "$there/target"
target=$(reference target)
check "a file is copied to a device" metac_b block cp "$here/sparse" "$target"
check "as it is" cmp "$there/sparse" "$there/target"
check "with its holes" test "$(used "$there/target")" -le $(($(used "$there/sparse") + (1 << 20)))
tr '\0' x </dev/zero | head -c 96M >"$there/target"
check "over something else" metac_b block cp "$here/sparse" "$target"
check "as it is" cmp "$there/sparse" "$there/target"
check "with holes where there was something" test "$(used "$there/target")" -le $(($(used "$there/sparse") + (1 << 20)))
check "a smaller one" metac_b block cp "$here/link" "$target"
check "leaves what is behind it" bash -c 'cmp <(cat "$1" <(tail -c +1000449 "$2")) "$3"' _ "$there/odd" "$there/sparse" "$there/target"
head -c 77777 "$there/dense" >"$here/uneven"
check "a file that ends within a block" metac_b block cp "$here/uneven" "$target"
check "leaves the rest of that" bash -c 'cmp <(cat "$1" <(tail -c +77778 "$2" | head -c 800000)) <(head -c 877777 "$3")' _ \
	"$here/uneven" "$there/odd" "$there/target"
check "nothing is left behind" nothing_left

# ---- between others, and on this host's node
check "from reference to reference" metac_b block cp "$sparse" "$target"
check "as it is" cmp "$there/sparse" "$there/target"
check "to local:, which makes the file" metac_b block cp "$dense" "local:$here/mine"
check "as it is" cmp "$there/dense" "$here/mine"
check "to local: where one is" in_dir "$here" metac_b block cp "$odd" local:backup.raw
check "as it is" cmp "$there/odd" "$here/backup.raw"
check "and back from there" in_dir "$here" metac_b block cp local:backup.raw "$target"
check "as it is" bash -c 'cmp "$1" <(head -c "$(stat -c %s "$1")" "$2")' _ "$there/odd" "$there/target"
rm "$here/backup.raw"
truncate -s 64M "$here/fixed"
check "to local: with options, which is the node's and has to be there" metac_b block cp "$dense" "local:uid=0,gid=0,$here/fixed"
check "as it is" cmp "$there/dense" "$here/fixed"
rm "$here/fixed"
check "from local:" metac_b block cp "local:$here/mine" "$here/mine2"
check "as it is" cmp "$there/dense" "$here/mine2"
fails_with "not between files of one's own" 2 'neither the source nor the destination' metac_b block cp "$here/mine" "$here/x"
fails_with "not to itself" 2 'are the same' metac_b block cp "$dense" "$dense"

check "without a node of this host" on_host b env METAC_RUNTIME_DIR="$TOP/none" METAC_ADDRESS=$B "$BUILD/metac" block cp --user \
	"$odd" "$here/user"
check "as it is" cmp "$there/odd" "$here/user"
if command -v qemu-img >/dev/null; then
	qemu-img convert -f raw -O qcow2 "$there/sparse" "$there/image.qcow2"
	image=$(metac_a block export --persistent --format qcow2 "local:$there/image.qcow2")
	check "from an image that is not raw" metac_b block cp "$image" "$here/image"
	check "as it is" cmp "$there/sparse" "$here/image"
	check "into one" metac_b block cp "$here/dense" "$image"
	check "as it is" bash -c 'qemu-img convert -U -f qcow2 -O raw "$1" "$2" && cmp -n $((64 << 20)) "$3" "$2"' _ \
		"$there/image.qcow2" "$here/image2" "$here/dense"
	fails_with "--format is that of others' images" 1 'goes with a reference' metac_b block cp --format qcow2 "$here/dense" "$target"
fi

# ---- what cannot be
before=$(sha256sum <"$there/odd")
fails_with "what is too small is refused" 1 'smaller than the source: 1000448 bytes, not 67108864' metac_b block cp "$here/dense" "$odd"
check "before anything is written" test "$(sha256sum <"$there/odd")" = "$before"
ro=$(metac_a block export --readonly "local:$there/target")
fails_with "so is what is read-only" 1 'is read-only' metac_b block cp "$here/dense" "$ro"
fails_with "a source that is not there" 1 'No such file' metac_b block cp "$(reference nothing)" "$here/none"
check "makes no file" test ! -e "$here/none"
fails_with "a directory" 1 'Is a directory' metac_b block cp "$dense" "$here"
fails_with "no such directory" 1 'No such file' metac_b block cp "$dense" "$here/no/file"
mkdir "$TOP/small" && mount -t tmpfs -o size=24M tmpfs "$TOP/small"
metac_b block cp "$dense" "$TOP/small/disk" 2>"$TOP/err"
check "a full disk" grep -q 'small/disk: write at byte [0-9]*: No space left on device' "$TOP/err"
check "leaves no file" test ! -e "$TOP/small/disk"
check "but says how to go on" grep -q -- '--resume goes on' "$TOP/err"
mount -o remount,size=128M "$TOP/small"
check "which works when there is room" test "$(metac_b block cp --resume --json "$dense" "$TOP/small/disk" | field resumedAt)" -gt 1000000
check "and is the same" cmp "$there/dense" "$TOP/small/disk"
check "nothing is left behind" test "$(ls -A "$TOP/small")" = disk
umount "$TOP/small"
mount -t tmpfs -o size=24M tmpfs "$TOP/small"
truncate -s 64M "$TOP/small/disk"
full=$(metac_a block export "local:$TOP/small/disk")
metac_b block cp "$here/dense" "$full" 2>"$TOP/err"
check "a full disk of the other host" grep -q 'No space left on device' "$TOP/err"
check "it is remembered how far that came" grep -q '^done [1-9]' -r "$HOME/.local/state/metac/block-cp"
rm -r "$HOME/.local"
umount -l "$TOP/small"

# ---- interrupted
# So that there is time for it: both hosts are joined by a slow line.
slow() { # slow RATE|no
	local h
	for h in a b; do
		tc -n $NS$h qdisc del dev v0 root 2>/dev/null
		[ "$1" = no ] || tc -n $NS$h qdisc add dev v0 root tbf rate "$1" burst 64k latency 50ms || return
	done
}
cp_b() { # cp_b ARGUMENTS: in the background, as COPY
	nsenter --net=/run/netns/${NS}b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" block cp --progress plain \
		"$@" >"$TOP/cp.out" 2>"$TOP/cp.err" &
	COPY=$!
}
ends() { # ends PID STATUS
	wait "$1"
	[ $? = "$2" ] || { cat "$TOP/cp.err" && false; }
}
got_somewhere() { # got_somewhere FILE MIB: so much of it is there
	[ "$(used "$1")" -ge $(($2 << 20)) ]
}
checkpoint() { # checkpoint STATE-FILE: it says more than nothing
	grep -q '^done [1-9]' "$1"
}
if slow 60mbit; then
	part=$here/.victim.metac-cp
	cp_b "$dense" "$here/victim"
	check "the copy gets somewhere" wait_until 30 got_somewhere "$part" 8
	stop_node a KILL
	start_node a
	check "the exporter's node is killed and comes back: the copy does not notice" ends $COPY 0
	check "and is the same" cmp "$there/dense" "$here/victim"
	tr '\0' y </dev/zero | head -c 96M >"$there/target"
	cp_b "$here/dense" "$target"
	check "towards it as well" wait_until 30 bash -c '[ "$(head -c 8M "$1" | tail -c 1)" != y ]' _ "$there/target"
	stop_node a KILL
	start_node a
	check "it is killed and comes back" ends $COPY 0
	check "and the copy is the same" cmp -n $((64 << 20)) "$there/dense" "$there/target"

	# As if the whole machine had been restarted: it has another boot id, and has forgotten what was not flushed.
	tr '\0' y </dev/zero | head -c 96M >"$there/target"
	cp_b "$here/dense" "$target"
	states=$HOME/.local/state/metac/block-cp
	check "there are checkpoints" wait_until 30 grep -q '^done [1-9]' -rs "$states"
	stop_node a KILL
	check "the exporter's machine is gone" wait_until 10 no_process a
	safe=$(sed -n 's/^done //p' "$states"/*)
	tr '\0' y </dev/zero | head -c $(((96 << 20) - safe)) | dd of="$there/target" oflag=seek_bytes bs=1M seek="$safe" conv=notrunc \
		status=none
	cat /proc/sys/kernel/random/uuid >"$TOP/boot_id"
	mount --bind "$TOP/boot_id" /proc/sys/kernel/random/boot_id
	start_node a
	check "and comes back as another: the copy ends well" ends $COPY 0
	check "and is the same" cmp -n $((64 << 20)) "$here/dense" "$there/target"
	check "nothing is left behind" nothing_left

	rm "$here/victim"
	cp_b "$dense" "$here/victim"
	check "there are checkpoints" wait_until 30 checkpoint "$part.state"
	kill -KILL $COPY
	wait $COPY 2>/dev/null
	check "the command killed: no file" test ! -e "$here/victim"
	slow no
	check "--resume goes on" test "$(metac_b block cp --resume --json "$dense" "$here/victim" | field resumedAt)" -gt 0
	check "to the same" cmp "$there/dense" "$here/victim"
	check "nothing is left behind" nothing_left

	slow 60mbit
	tr '\0' z </dev/zero | head -c 96M >"$there/target"
	cp_b "$here/dense" "$target"
	check "towards the other host too" wait_until 30 bash -c 'grep -qs "^done [1-9]" "$1"/.local/state/metac/block-cp/*' _ "$HOME"
	kill -KILL $COPY
	wait $COPY 2>/dev/null
	slow no
	check "--resume goes on" test "$(metac_b block cp --resume --json "$here/dense" "$target" | field resumedAt)" -gt 0
	check "to the same" cmp -n $((64 << 20)) "$there/dense" "$there/target"

	slow 60mbit
	cp_b "$here/dense" "$target"
	check "a source that is changed meanwhile" wait_until 30 bash -c 'grep -qs "^done [1-9]" "$1"/.local/state/metac/block-cp/*' _ "$HOME"
	kill -INT $COPY
	check "Ctrl-C ends a copy" ends $COPY 130
	slow no
	printf 'something new' | dd of="$here/dense" conv=notrunc status=none
	check "is copied from its beginning" metac_b block cp --resume --json "$here/dense" "$target"
	check "as it is now" cmp -n $((64 << 20)) "$here/dense" "$there/target"
	check "nothing is left behind" nothing_left

	slow 60mbit
	cp_b "$dense" "$here/victim2"
	check "two copies to one file" wait_until 30 got_somewhere "$here/.victim2.metac-cp" 1
	fails_with "cannot be" 1 'another copy to it is under way' metac_b block cp "$dense" "$here/victim2"
	slow no
	check "which does not hurt the first" ends $COPY 0
	check "that is the same" cmp "$there/dense" "$here/victim2"
else
	echo "# no tbf here: interruptions are not tried"
fi

# ---- two at a time
tr '\0' z </dev/zero | head -c 96M >"$there/target"
if slow 60mbit; then
	cp_b "$here/dense" "$target"
	check "a copy to another host begins" wait_until 30 bash -c 'grep -qs "^done [1-9]" "$1"/.local/state/metac/block-cp/*' _ "$HOME"
	fails_with "a second one of the same cannot" 1 'another copy from and to these is under way' metac_b block cp "$here/dense" "$target"
	slow no
	check "which does not hurt the first" ends $COPY 0
	check "it is the same" cmp -n $((64 << 20)) "$here/dense" "$there/target"
fi

# ---- a block device of this host
if loop=$(truncate -s 64M "$TOP/backing" && losetup -f --show "$TOP/backing" 2>/dev/null); then
	check "to a block device" metac_b block cp "$dense" "$loop"
	check "as it is" cmp "$there/dense" "$loop"
	truncate -s 64M "$there/target"
	check "from one" metac_b block cp "$loop" "$target"
	check "as it is" cmp "$there/dense" "$there/target"
	fails_with "that is too small" 1 'smaller than the source' metac_b block cp "$sparse" "$loop"
	losetup -d "$loop"
fi
done_testing
