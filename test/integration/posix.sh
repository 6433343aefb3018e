#!/bin/bash
# SPDX-License-Identifier: MIT
# Thousands of system calls (posix/) on a directory and on a mount of another, made by our 9P server
# and FUSE client: what they answer has to be the same, but for the differences listed in
# posix/known, each with a sentence that the manual page has. TAP, one test for each group of calls.
# usage: posix.sh PROGRAM TOOL [GROUP...]; TOOL is the program 9p-mount
set -u
PROGRAM=${1:?path of the program posix}
TOOL=${2:?path of the program 9p-mount}
shift 2
HERE=$(cd "$(dirname "$0")" && pwd)
MAN=$HERE/../../man/metac-fs.1

if [ "${IN_OWN_NAMESPACE:-}" != yes ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null || [ ! -c /dev/fuse ]; then
		echo "1..0 # SKIP needs root, mount namespaces and /dev/fuse"
		exit 0
	fi
	# What is mounted below cannot outlive this.
	IN_OWN_NAMESPACE=yes exec unshare -m --propagation private "$0" "$PROGRAM" "$TOOL" "$@"
fi

N=0
FAILED=0
TOP=$(mktemp -d /var/tmp/metac-posix-XXXXXX)
chmod 755 "$TOP"
mkdir "$TOP/tree" "$TOP/mnt" "$TOP/ref" "$TOP/small" "$TOP/small2" "$TOP/smallmnt"

cleanup() {
	cd /
	umount -f -l "$TOP/mnt" "$TOP/smallmnt" "$TOP/ref" "$TOP/small" "$TOP/small2" 2>/dev/null
	rm -rf "$TOP"
}
trap cleanup EXIT

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

mount_up() { # tree mount-point...
	coproc MOUNT { exec "$TOOL" "$@" 2>"$TOP/log"; }
	local line
	while read -r -t 60 line <&"${MOUNT[0]}"; do
		[ "$line" = ready ] && return 0
	done
	return 1
}

mount_down() {
	local pid=$MOUNT_PID input=${MOUNT[1]}
	exec {input}>&-
	wait "$pid"
}

# The sentence that excuses it, as one line of words, has to be in the manual page.
man_words() { tr '\n' ' ' <"$MAN" | sed 's/\.[A-Z][a-z] //g; s/ \([,.;]\)/\1/g; s/  */ /g'; }

excuses() {
	local pattern sentence words
	words=$(man_words)
	: >"$TOP/patterns"
	while IFS=$'\t' read -r pattern sentence; do
		case $pattern in '#'* | '') continue ;; esac
		echo "$pattern" >>"$TOP/patterns"
		if [[ $words != *"$sentence"* ]]; then
			echo "not in the manual: $sentence" >>"$TOP/missing"
		fi
	done <"$HERE/posix/known"
}

# Lines that have a known difference are taken out of both sides.
compare() { # group, one output, the other
	local a=$TOP/a b=$TOP/b
	grep -a "^$1: " "$2" | grep -a -v -E -f "$TOP/patterns" >"$a"
	grep -a "^$1: " "$3" | grep -a -v -E -f "$TOP/patterns" >"$b"
	diff -a -U0 "$a" "$b" | grep -a '^[-+][^-+]' >"$TOP/difference"
	local lines=$(grep -a -c "^$1: " "$2")
	grep -a -q 'broken off\|: ended' "$2" && echo "the run on the directory broke off" >>"$TOP/difference"
	[ ! -s "$TOP/difference" ] && [ "$lines" -gt 0 ]
	result $? "$1: the answers to $lines questions are the same" "$TOP/difference"
}

# The same flags for both: a mount has these.
mount --bind "$TOP/ref" "$TOP/ref"
mount -o remount,bind,nosuid,nodev "$TOP/ref"
mount_up "$TOP/tree" "$TOP/mnt" || echo "Bail out! cannot mount: $(cat "$TOP/log")"

"$PROGRAM" "$TOP/ref" "$@" >"$TOP/on-ref"
"$PROGRAM" "$TOP/mnt" "$@" >"$TOP/on-mnt"
excuses
[ ! -s "$TOP/missing" ]
result $? "what is known to differ is told in the manual page" "$TOP/missing"
for group in $(sed 's/:.*//' "$TOP/on-ref" | awk '!seen[$0]++' | grep -a -x '[a-z-]*'); do
	compare "$group" "$TOP/on-ref" "$TOP/on-mnt"
done
mount_down
result $? "and unmounting leaves nothing" "$TOP/log"

# A disk of two megabytes, here and there.
mount -t tmpfs -o size=2m,nosuid,nodev none "$TOP/small"
mount -t tmpfs -o size=2m none "$TOP/small2"
mount_up "$TOP/small2" "$TOP/smallmnt" || echo "Bail out! cannot mount: $(cat "$TOP/log")"
"$PROGRAM" "$TOP/small" full-disk >"$TOP/on-ref"
"$PROGRAM" "$TOP/smallmnt" full-disk >"$TOP/on-mnt"
compare full-disk "$TOP/on-ref" "$TOP/on-mnt"
mount_down
echo "1..$N"
exit $FAILED
