#!/bin/bash
# SPDX-License-Identifier: MIT
# What a mount goes through: lost connections, revocation, the same host, busy unmounts, many at once, and who has
# mounted what.
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/tree
mnt=$TOP/b/mnt
mkdir -p "$src/sub" && echo original >"$src/file" && echo inner >"$src/sub/file"
for i in $(seq 1 6); do mkdir -p "$TOP/a/m$i" "$TOP/b/m$i"; done

info() { metac_"$1" fs mounts --json | python3 -c 'import json,sys
print(next(m[sys.argv[2]] for m in json.load(sys.stdin) if m["path"]==sys.argv[1]))' "$2" "$3"; }
info_is() { [ "$(info "$1" "$2" "$3")" = "$4" ]; }
is_mounted() { grep -q " $1 " /proc/self/mountinfo; }
is_not_mounted() { ! is_mounted "$1"; }
reads() { [ "$(cat "$1" 2>/dev/null)" = original ]; }
role_pid() { pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"; }
fails_eio() { LC_ALL=C cat "$1" 2>&1 | grep -q 'Input/output error'; }
journals() { ls "$TOP/a/run/$A/sessions" 2>/dev/null | wc -l; }

# one that is not persistent rides through as well
ref=$(metac_a fs export --persistent "local:$src")
check "fs mount" metac_b fs mount "$ref" "$mnt"
check "is by FUSE from another host" info_is b "$mnt" transport fuse
check "and connected" info_is b "$mnt" state connected
check "a session is kept for it" test "$(journals)" = 1
exec 5<"$mnt/file"
for role in fs node persistence 9p-server; do
	if [ $role = 9p-server ]; then
		kill -KILL "$(pgrep -P "$(role_pid a fs)" -f role=9p-server | head -n 1)"
	else
		kill -KILL "$(role_pid a $role)"
	fi
	check "reading goes on after $role of the exporter was killed" reads "$mnt/file"
done
check "the file that was open is the same" bash -c 'test "$(cat <&5)" = original'
exec 5<&-
check "nothing open was lost" info_is b "$mnt" lostFiles 0
stop_node a KILL
check "without the exporter it waits" wait_until 10 info_is b "$mnt" state waiting
check "and says why" test -n "$(info b "$mnt" error)"
cat "$mnt/file" >"$TOP/read" &
reader=$!
fails_with "it is in use by who waits, who is named" 1 "cat \(process $reader, waits " metac_b fs umount "$mnt"
start_node a
wait $reader
ok $? "who waited goes on when the exporter is back"
check "and has read what is there" grep -qx original "$TOP/read"
check "still one session" test "$(journals)" = 1

# the network is gone for a while
ip -n ${NS}a link set v0 down
cat "$mnt/sub/file" >"$TOP/read" &
reader=$!
check "without the network it waits" wait_until 30 info_is b "$mnt" state waiting
ip -n ${NS}a link set v0 up
ip -n ${NS}a addr add "$A/64" dev v0 nodad 2>/dev/null
wait $reader
ok $? "when it is back, so is the mount"
check "and has what was asked for" grep -qx inner "$TOP/read"

# requests that give up
check "fs mount --timeout" metac_b fs mount --timeout 1 "$ref" "$TOP/b/m1"
stop_node a KILL
wait_until 10 info_is b "$TOP/b/m1" state waiting # the servers end a moment later
fails_with "requests fail after that time" 1 'timed out' env LC_ALL=C cat "$TOP/b/m1/file"
start_node a
check "and work again later" wait_until 20 reads "$TOP/b/m1/file"
check "fs umount" metac_b fs umount "$TOP/b/m1"

# a reference with a path in it
check "a directory inside the reference" metac_b fs mount "$ref/sub" "$TOP/b/m1"
kill -KILL "$(role_pid a fs)"
check "is found again by its path" wait_until 20 grep -qx inner "$TOP/b/m1/file"

# who has mounted what
exec 5<"$mnt/sub/file"
sessions() { metac_a fs who --json "$@"; }
has_sessions() { local n=$1; shift; [ "$(sessions "$@" | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" = "$n" ]; }
check "fs who lists both" wait_until 5 has_sessions 2
check "fs who of one directory lists one" has_sessions 1 "$ref"
fails_with "on the other host, it is told where to ask" 1 "on the node $A: ask there" metac_b fs who "$ref"
check "with the address of the other host" bash -c 'grep -q "\"address\": \"$2\"" <<<"$1"' _ "$(sessions "$ref")" $B
check "fs who --long names the open file" bash -c 'grep -q "r .*sub/file" <<<"$1"' _ "$(metac_a fs who --long "$ref")"
exec 5<&-

# unmounting
(cd "$TOP/b/m1" && exec sleep 1000) &
sleeper=$!
wait_until 5 test "$(readlink /proc/$sleeper/cwd)" = "$TOP/b/m1"
fails_with "a busy mount is not unmounted, and who uses it is named" 1 "sleep \(process $sleeper, works in it\)" metac_b fs umount "$TOP/b/m1"
check "it is still there" grep -qx inner "$TOP/b/m1/file"
check "--lazy takes it off its path" metac_b fs umount --lazy "$TOP/b/m1"
check "at once" is_not_mounted "$TOP/b/m1"
check "but who uses it can go on" grep -qx inner /proc/$sleeper/cwd/file
kill $sleeper
check "fs mounts does not show it" bash -c '! grep -q "$2" <<<"$1"' _ "$(metac_b fs mounts)" "$TOP/b/m1"
check "its server ends with its last user" wait_until 10 has_sessions 1
check "and its session" wait_until 5 test "$(journals)" = 1
exec 5<"$mnt/file"
fails_with "an open file keeps it as well" 1 'has a file in it open' metac_b fs umount "$mnt"
check "--force unmounts in any case" metac_b fs umount --force "$mnt"
check "and fails what is open" bash -c '! cat <&5'
exec 5<&-
check "fs mount again" metac_b fs mount --persistent "$ref" "$mnt"
check "umount(8) unmounts it" umount "$mnt"
check "the node has noticed" wait_until 5 bash -c '! grep -q "$1" <<<"$2"' _ "$mnt" "$(metac_b fs mounts)"
check "and forgotten it, though it was persistent" wait_until 5 bash -c '! grep -q fs:mount <<<"$("$@" obj ls --json)"' _ \
	env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac"

# the mount's worker dies
check "fs mount" metac_b fs mount "$ref" "$mnt"
kill -KILL "$(pgrep -P "$(role_pid b fs)" -f role=9p-mount)"
check "another worker takes its place" wait_until 10 reads "$mnt/file"
check "exactly one mount is there" test "$(grep -c " $mnt " /proc/self/mountinfo)" = 1

# the mount point is moved away and removed beneath: nothing to be done, nothing breaks
mkdir -p "$TOP/b/gone/dir"
check "fs mount" metac_b fs mount "$ref" "$TOP/b/gone/dir"
mv "$TOP/b/gone" "$TOP/b/moved"
check "a mount whose directory was moved is unmounted by umount(8)" umount "$TOP/b/moved/dir"
check "and gone from the list" wait_until 5 bash -c '! grep -q "b/gone/dir" <<<"$("$@" fs mounts)"' _ \
	env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac"

# taken back, expired
check "fs mount" metac_b fs mount --persistent "$ref" "$TOP/b/m2"
check "ref rm" metac_a ref rm "$ref"
check "the mount fails within a second or so" wait_until 2 fails_eio "$mnt/file"
check "the persistent one too" wait_until 2 fails_eio "$TOP/b/m2/file"
check "it is said to be gone" info_is b "$mnt" state gone
check "and why" info_is b "$mnt" error "the reference was revoked, or has expired"
check "it can be unmounted" metac_b fs umount "$mnt"
check "so can the persistent one" metac_b fs umount "$TOP/b/m2"
short=$(metac_a fs export --timeout 3 "local:$src")
check "a reference for three seconds mounts" metac_b fs mount "$short" "$mnt"
check "and is over then" wait_until 10 fails_eio "$mnt/file"
check "it can be unmounted" metac_b fs umount "$mnt"

# the same host: no FUSE, no 9P
bound=$TOP/a/mnt
check "a directory of this host" metac_a fs mount "local:$src" "$bound"
check "is bound" info_is a "$bound" transport bind
check "and the same files" test "$(stat -c %d:%i "$src/file")" = "$(stat -c %d:%i "$bound/file")"
(cd "$bound" && exec sleep 1000) &
sleeper=$!
wait_until 5 test "$(readlink /proc/$sleeper/cwd)" = "$bound"
fails_with "while it is used it stays" 1 "sleep \(process $sleeper, works in it\)" metac_a fs umount "$bound"
kill $sleeper
wait $sleeper 2>/dev/null
check "umount(8) unmounts it" umount "$bound"
check "the node has noticed" wait_until 5 bash -c '! grep -q "$1" <<<"$("${@:2}" fs mounts)"' _ "$bound" \
	env METAC_RUNTIME_DIR="$TOP/a/run" METAC_ADDRESS=$A "$BUILD/metac"
own=$(metac_a fs export --read-only "local:$src")
check "a reference of the own node" metac_a fs mount "$own" "$bound"
check "is bound too" info_is a "$bound" transport bind
check "read-only, as it is" bash -c "! echo x 2>/dev/null >'$bound/new'"
check "without set-user-id and devices" grep -Eq " $bound ro,nosuid,nodev" /proc/self/mountinfo
kill -KILL "$(role_pid a persistence)"
wait_until 20 services_up a
check "the death of the persistence service is the end of what was not persistent" wait_until 10 is_not_mounted "$bound"
export_own() { own=$(metac_a fs export --persistent "local:$src"); }
wait_until 20 export_own
check "a persistent one" metac_a fs mount --persistent "$own" "$bound"
kill -KILL "$(role_pid a persistence)"
check "outlives it" wait_until 20 services_up a
check "and was there all the time" reads "$bound/file"
check "and is held again" wait_until 20 info_is a "$bound" state connected
exec 5<"$bound/file"
check "ref rm" metac_a ref rm "$own"
check "unmounts it within a second or so" wait_until 2 is_not_mounted "$bound"
check "what was open stays usable" grep -qx original <&5
exec 5<&-
check "it is said to be gone" info_is a "$bound" state gone
check "until it is unmounted" metac_a fs umount "$bound"
check "limited to a user it goes by FUSE" metac_a fs mount "local:uid=65534,gid=65534,$src" "$bound"
check "really" info_is a "$bound" transport fuse
check "fs umount" metac_a fs umount "$bound"
check "--transport fuse goes by FUSE" metac_a fs mount --transport fuse "local:$src" "$bound"
check "really" info_is a "$bound" transport fuse
check "fs umount" metac_a fs umount "$bound"
fails_with "--transport bind of what cannot be" 1 'limited to a user' metac_a fs mount --transport bind "local:uid=65534,gid=65534,$src" "$bound"
check "fs mount --persistent local:" metac_a fs mount --persistent "local:$src" "$bound"
kill -KILL "$(role_pid a fs)"
check "is bound again after fs was killed" wait_until 20 info_is a "$bound" state connected
check "once" test "$(grep -c " $bound " /proc/self/mountinfo)" = 1
check "fs umount" metac_a fs umount "$bound"
check "fs mount" metac_a fs mount "local:$src" "$bound"
kill -KILL "$(role_pid a fs)"
wait_until 20 services_up a
check "one that is not persistent is not left behind" wait_until 10 is_not_mounted "$bound"

# other ids here than there
chown 1234:2345 "$src/file"
if metac_a fs mount --map-user 4321:1234 --map-group 5432:2345 "local:$src" "$bound" 2>"$TOP/output"; then
	check "a bound directory with mapped ids" test "$(stat -c %u:%g "$bound/file")" = 4321:5432
	check "maps them back" bash -c "touch '$bound/theirs' && chown 4321:5432 '$bound/theirs' && test \"\$(stat -c %u:%g '$src/theirs')\" = 1234:2345"
	check "fs umount" metac_a fs umount "$bound"
else
	check "without idmapped mounts it is refused" grep -q idmapped "$TOP/output"
fi
fails_with "a map that is none" 2 'LOCAL:REMOTE' metac_a fs mount --map-user 1234 "local:$src" "$bound"

# many at once
ref=$(metac_a fs export --persistent "local:$src")
count=100
for i in $(seq $count); do mkdir -p "$TOP/b/many/$i"; done
mount_many() {
	local i pids=()
	for i in $(seq $count); do metac_b fs mount "$ref" "$TOP/b/many/$i" & pids+=($!); done
	wait "${pids[@]}"
}
all_read() { local i; for i in $(seq $count); do reads "$TOP/b/many/$i/file" || return; done; }
check "a hundred mounts at once" mount_many
check "are all there" all_read
stop_node a KILL
start_node a
check "and all come back when the exporter does" all_read
check "fs who knows them" has_sessions $count "$ref"
stop_node b
ok $? "SIGTERM ends node b cleanly"
check "its mounts are gone" bash -c "! grep -q ' $TOP/b/' /proc/self/mountinfo"
stop_node a
ok $? "SIGTERM ends node a cleanly"
check "no process is left on host a" no_process a
check "nor on host b" no_process b
done_testing
