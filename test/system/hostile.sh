#!/bin/bash
# SPDX-License-Identifier: MIT
# Peers that send garbage, half a message, a message that never ends, a million calls, hand-offs that lead nowhere:
# others do not notice.
. "$(dirname "$0")/lib.sh"
hosts_up
mkdir -p "$TOP/a/tree" && echo fine >"$TOP/a/tree/file"
ref=$(metac_a fs export "local:$TOP/a/tree")
metac_b fs mount "$ref" "$TOP/b/mnt"
roles() { # the processes of node a's roles, as they were started
	pgrep -P "${DAEMON[a]}" | sort -n
}
before=$(roles)

check "strangers at port 901" on_host b python3 "$(dirname "$0")/hostile.py" $A "$B"
check "strangers at the admin socket" on_host a python3 "$(dirname "$0")/hostile.py" --unix "$TOP/a/run/$A/socket"
check "the mount works on" grep -q fine "$TOP/b/mnt/file"
check "references work on" metac_b fs ls "$ref"
check "no role of the node had to be started again" test -n "$before" -a "$(roles)" = "$before"
node=$(pgrep -P "${DAEMON[a]}" -f -- "--role=node")
check "it holds no connection of theirs" wait_until 60 bash -c "[ \$(ls /proc/$node/fd | wc -l) -lt 40 ]"
check "its memory is bounded" bash -c "[ \$(awk '/VmRSS/{print \$2}' /proc/$node/status) -lt 600000 ]"
done_testing
