#!/bin/bash
# SPDX-License-Identifier: MIT
# Three-party hand-off: the node introduces, and does not relay any more; who cannot be introduced is
# served as before. What the node relays is seen in its own count of calls (metac node links).
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/photos
mkdir -p "$src/sub" && chmod 755 "$src" && echo hello >"$src/sub/f"
mnt=$TOP/b/mnt

count() { # count a|b KIND NAME FIELD: the sum over such links
	metac_"$1" node links --json | python3 -c '
import json, sys
kind, name, field = sys.argv[1:]
print(sum(l[field] for l in json.load(sys.stdin) if l["kind"] == kind and l["name"] == name))' \
		"$2" "$3" "$4"
}

between_services() { # calls that node a made of persistence, and had from fs
	echo "$(count a service persistence callsOut) $(count a service fs callsIn)"
}

to_other() { count b node "$A" callsOut; } # calls that node b made of node a

unchanged() { # unchanged COUNTER COMMAND...
	local counter=$1 before
	shift
	before=$($counter)
	"$@" || return
	[ "$($counter)" = "$before" ] && return
	echo "$before became $($counter)"
	return 1
}

grows() { # grows COUNTER COMMAND...
	local counter=$1 before
	shift
	before=$($counter)
	"$@" || return
	[ "$($counter)" != "$before" ] && return
	echo "is still $before"
	return 1
}

export_dir() { ref=$(metac_a fs export "local:$src") && [ -n "$ref" ]; }
lists_it() { [ "$(metac_b "$@" fs ls "$ref" sub)" = f ]; }
mounted() { metac_b fs mount "$@" "$ref" "$mnt" && grep -q hello "$mnt/sub/f"; }
unmounted() { metac_b fs umount "$mnt"; }

# between two services
check "fs stores a reference at persistence without the node" unchanged between_services export_dir
check "and again" unchanged between_services export_dir
check "they were introduced" test "$(count a service fs introduced)" -gt 0

# between the command and another node
check "fs ls asks the other node without this one" unchanged to_other lists_it
no_calls() { [ "$(count a stranger "$B" callsIn)" = 0 ]; }
check "the command's connection goes with it" wait_until 20 no_calls

# what the command got over there and leaves to its own node outlives it
check "fs mount" mounted
check "fs umount" unmounted
check "fs mount --read-only, of a capability made over there" mounted --read-only
check "the mount is read-only" bash -c "! touch $mnt/x 2>/dev/null"
metac_a ref rm "$ref"
broken() { ! cat "$mnt/sub/f" 2>/dev/null; }
check "revoking reaches it" wait_until 20 broken
metac_b fs umount "$mnt" 2>/dev/null

# a service that is started again is introduced again
fs_pid() { local p; for p in $(ip netns pids ${NS}a); do grep -q '^metacd:fs$' "/proc/$p/comm" && echo "$p"; done; }
old=$(fs_pid)
kill -KILL "$old"
new_fs() { local p; p=$(fs_pid) && [ -n "$p" ] && [ "$p" != "$old" ] && services_up a && export_dir; }
check "fs is back after it was killed" wait_until 30 new_fs
check "and at persistence without the node" unchanged between_services export_dir

# one side without it
lists_without() {
	[ "$(on_host b env METAC_HANDOFF=no METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS="$B" \
		"$BUILD/metac" fs ls "$ref" sub)" = f ]
}
check "a command that does not take part is served by the node" grows to_other lists_without
stop_node b
METAC_HANDOFF=no start_node b
ok $? "host b starts without hand-off"
check "fs ls goes by way of the node" grows to_other lists_it
check "fs mount" mounted --read-only
check "fs umount" unmounted
stop_node b
start_node b
stop_node a
METAC_HANDOFF=no start_node a
ok $? "host a starts without hand-off"
check "its services talk through the node" grows between_services export_dir
check "fs ls from a host that would" grows to_other lists_it
check "fs mount" mounted
check "fs umount" unmounted
done_testing
