#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything that can be killed is killed: references and persistent mounts come back, nothing is left behind.
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/tree
mkdir -p "$src" && echo original >"$src/file"
mnt=$TOP/b/mnt
ref=$(metac_a fs export --persistent "local:$src")
fleeting=$(metac_a fs export "local:$src")
check "a persistent mount" metac_b fs mount --persistent "$ref" "$mnt"

reads() { [ "$(cat "$mnt/file" 2>/dev/null)" = original ]; }
role_pid() { # role_pid a|b ROLE: the process of that role below the supervisor
	pgrep -P "${DAEMON[$1]}" -f -- "--role=$2"
}
other_pid() { local p; p=$(role_pid "$1" "$2") && [ "$p" != "$3" ]; }

check "it reads" reads
for host in a b; do
	for role in node persistence fs; do
		old=$(role_pid $host $role)
		kill -KILL "$old"
		check "$role of host $host comes back after kill -9" wait_until 20 other_pid $host $role "$old"
		check "host $host serves again" wait_until 30 services_up $host
		check "the persistent mount is back after that" wait_until 90 reads
		check "the persistent reference still works" wait_until 20 metac_b fs ls "$ref"
		check "exactly one mount is there" test "$(grep -c " $mnt " /proc/self/mountinfo)" = 1
	done
done
# a killed fs service took what was not persistent with it; a killed node or persistence service too
fails_with "a reference that was not persistent did not survive" 1 'no such reference' metac_b fs ls "$fleeting"

worker=$(pgrep -f 'metacd: mount|role=9p-mount' -P "$(role_pid b fs)")
kill -KILL "$worker"
check "the mount is back after its worker was killed" wait_until 90 reads
server=$(pgrep -f 'role=9p-server' -P "$(role_pid a fs)" | head -n 1)
kill -KILL "$server"
check "the mount is back after its server worker was killed" wait_until 90 reads

stop_node a KILL
check "all roles end when their supervisor is killed" wait_until 10 no_process a
state() { metac_b fs mounts --json | python3 -c 'import json,sys; print([m["state"] for m in json.load(sys.stdin) if m["path"]==sys.argv[1]][0])' "$mnt"; }
is_in_state() { [ "$(state)" = "$1" ]; }
check "the mount waits" wait_until 20 is_in_state waiting
cat "$mnt/file" >"$TOP/read" &
reader=$!
start_node a
ok $? "node a starts again over what was left"
wait $reader
ok $? "who read meanwhile waited, and goes on"
check "and read what is there" grep -qx original "$TOP/read"
check "the mount is connected again" wait_until 20 is_in_state connected

stop_node b KILL
start_node b
ok $? "node b starts again over what was left"
check "the persistent mount is back" wait_until 90 reads
check "exactly one mount is there" test "$(grep -c " $mnt " /proc/self/mountinfo)" = 1

stop_node b
stop_node a
echo beneath >"$mnt/stray" # while nothing is mounted there
start_node b
ok $? "the importer first: it waits"
check "its mount is there at once" wait_until 20 is_in_state waiting
cat "$mnt/file" >"$TOP/read" &
reader=$!
start_node a
ok $? "then the exporter"
wait $reader
ok $? "who read meanwhile waited for it"
check "and read what is there" grep -qx original "$TOP/read"
check "what was put into the directory meanwhile is covered" test ! -e "$mnt/stray"
check "it can be unmounted for good" metac_b fs umount "$mnt"
rm "$mnt/stray"
stop_node b
start_node b
check "and does not come back" bash -c "! grep -q ' $mnt ' /proc/self/mountinfo"
check "nor its stored object" test -z "$(metac_b obj ls --json | grep -o 'fs:mount')"

# starting wrongly
daemon_b() { on_host b timeout 20 "$BUILD/metacd" --runtime-dir "$TOP/b/run" --state-dir "$TOP/b/state" "$@"; }
fails_with "a second metacd for the same address" 1 'another metacd.*runs' daemon_b --address $B
fails_with "an address of another host" 1 "not.*(on|of) this host|Cannot assign" daemon_b --address fd00:6d65:7461::77
fails_with "not an address" 2 'address' daemon_b --address photos
on_host b python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 901)); s.listen(); print("ready", flush=True); time.sleep(60)' >"$TOP/taken" &
squatter=$!
wait_until 5 grep -q ready "$TOP/taken"
fails_with "port 901 taken" 1 '901' daemon_b --address 127.0.0.1
kill $squatter
fails_with "not root" 1 'root' setpriv --reuid 65534 --regid 65534 --clear-groups "$TOP/bin/metacd" --address 127.0.0.1 --runtime-dir "$TOP/x"

stop_node a
db=$(find "$TOP/a/state" -name persistence.db)
check "the database is its owner's alone" test "$(stat -c %a "$db")" = 600
check "and holds no secret" bash -c '! python3 - "$1" "$2" <<"E"
import base64, sys
text = sys.argv[1].split("/")[-1]
packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
data = open(sys.argv[2], "rb").read()
# the secret is the last 32 bytes of the reference, up to packing
sys.exit(0 if packed[-16:-1] in data else 1)
E' _ "$ref" "$db"
cp "$db" "$TOP/saved"
rm -f "$db-wal" "$db-shm"
head -c 8192 /dev/urandom | dd of="$db" conv=notrunc bs=4096 seek=0 status=none
before=$(sha256sum <"$db")
launch_node a "$TOP/a/corrupt"
check "a corrupt database is told" wait_until 20 grep -Eqi 'corrupt|malformed|not a database' "$TOP/a/corrupt"
check "and not touched" test "$before" = "$(sha256sum <"$db")"
stop_node a
check "a restored copy serves again" bash -c "cp '$TOP/saved' '$db'"
start_node a
ok $? "node a starts on it"
check "the reference is still good" metac_b fs ls "$ref"

# An upgrade under a running node: its workers are those of the version that it is.
stop_node a
BUILD=$TOP/bin start_node a
ok $? "node a starts from elsewhere"
install -m 755 /dev/null "$TOP/bin/metacd-worker.new"
mv "$TOP/bin/metacd-worker.new" "$TOP/bin/metacd-worker"
check "a worker that was replaced is not used" test "$(metac_a file cat "local:$src/file")" = original
check "not after a service was started again either" bash -c 'kill -KILL "$1"' _ "$(role_pid a fs)"
wait_until 30 services_up a
check "but the one there was" wait_until 10 bash -c '[ "$("$@")" = original ]' _ env \
	METAC_RUNTIME_DIR="$TOP/a/run" METAC_ADDRESS=$A nsenter --net=/run/netns/${NS}a "$BUILD/metac" file cat "local:$src/file"
stop_node a
rm "$TOP/bin/metacd-worker"
[ -e /usr/local/libexec/metac/metacd-worker ] || # it would be taken
	fails_with "without metacd-worker no node starts" 1 'metacd-worker is neither' on_host a timeout 20 \
		"$TOP/bin/metacd" --address $A --runtime-dir "$TOP/a/run" --state-dir "$TOP/a/state"
done_testing
