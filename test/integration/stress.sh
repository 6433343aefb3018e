#!/bin/bash
# SPDX-License-Identifier: MIT
# Random operations on a mount against a model in memory (stress.c), without and with a server that is killed
# all the time. TAP.
# usage: stress.sh STRESS TOOL [SEED [OPERATIONS]]; TOOL is the program 9p-mount
set -u
STRESS=${1:?path of the program stress}
TOOL=${2:?path of the program 9p-mount}
SEED=${3:-1}
OPERATIONS=${4:-1500}

if [ "${IN_OWN_NAMESPACE:-}" != yes ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null || [ ! -c /dev/fuse ]; then
		echo "1..0 # SKIP needs root, mount namespaces and /dev/fuse"
		exit 0
	fi
	IN_OWN_NAMESPACE=yes exec unshare -m --propagation private "$0" "$@"
fi

TOP=$(mktemp -d /var/tmp/metac-stress-XXXXXX)
mkdir "$TOP/tree" "$TOP/mnt"
cleanup() {
	umount -f -l "$TOP/mnt" 2>/dev/null
	rm -rf "$TOP"
}
trap cleanup EXIT

N=0
FAILED=0
result() { # ok? text [file with details]
	N=$((N + 1))
	if [ "$1" = 0 ]; then
		echo "ok $N - $2"
	else
		echo "not ok $N - $2"
		[ -z "${3:-}" ] || head -n 60 "$3" | sed 's/^/# /'
		FAILED=1
	fi
}

# The servers' process ids come one after the other.
: >"$TOP/pids"
mkfifo "$TOP/input" "$TOP/output"
"$TOOL" --again "$TOP/tree" "$TOP/mnt" <"$TOP/input" >"$TOP/output" 2>"$TOP/log" &
tool=$!
exec 3>"$TOP/input" 4<"$TOP/output"
while read -r -t 60 line <&4 && [ "$line" != ready ]; do
	[[ $line == *" server="* ]] && line=${line#* server=} && echo "${line%% *}" >>"$TOP/pids"
done
[ -s "$TOP/pids" ] || echo "Bail out! cannot mount: $(cat "$TOP/log")"

# Each is gone before it has said a word.
echo content >"$TOP/tree/file"
gone=0
for _ in $(seq 10); do
	kill -KILL "$(tail -n 1 "$TOP/pids")"
	while read -r -t 20 line <&4 && [[ $line != *" server="* ]]; do :; done
	[[ $line == *" server="* ]] || break
	line=${line#* server=} && echo "${line%% *}" >>"$TOP/pids"
	gone=$((gone + 1))
done
[ "$gone" = 10 ] && [ "$(timeout 20 cat "$TOP/mnt/file")" = content ]
result $? "ten servers in a row that are killed while the mount attaches"

sed -u -n 's/.* server=\([0-9]*\) .*/\1/p' <&4 3>&- >>"$TOP/pids" &
"$STRESS" "$TOP/mnt" "$TOP/tree" "$SEED" "$OPERATIONS" 2 3>&- >"$TOP/out" 2>&1
result $? "two programs with a server that stays (seed $SEED)" "$TOP/out"
"$STRESS" "$TOP/mnt" "$TOP/tree" $((SEED + 100)) "$OPERATIONS" 4 "$TOP/pids" 3>&- >"$TOP/out" 2>&1
result $? "four with one that is killed all the time (seed $((SEED + 100)))" "$TOP/out"
sed 's/^/# /' "$TOP/out" | tail -n 1
exec 3>&-
wait "$tool"
result $? "and unmounting leaves nothing" "$TOP/log"
echo "1..$N"
exit $FAILED
