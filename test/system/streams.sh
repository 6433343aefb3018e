#!/bin/bash
# SPDX-License-Identifier: MIT
# Files and streams: reading, writing, binding, and who may connect to a listener.
. "$(dirname "$0")/lib.sh"
hosts_up

d=$TOP/a/files
mkdir -p "$d"
head -c 5000000 /dev/urandom >"$d/data"
: >"$d/empty"
echo text >"$d/text"

f=$(metac_a file export "local:$d/data")
check "file cat of a remote file" bash -c 'cmp - "$1"' _ "$d/data" < <(metac_b file cat "$f")
check "file cat of a local file" bash -c 'cmp - "$1"' _ "$d/data" < <(metac_a file cat "local:$d/data")
metac_b file cat "$(metac_a file export "local:$d/empty")" >"$TOP/got"
check "an empty file is empty" test -f "$TOP/got" -a ! -s "$TOP/got"
w=$(metac_a file export "local:$d/written")
check "a file that is not there can be exported and written" metac_b file write "$w" <"$d/data"
check "what was written is there when write returns" cmp "$d/data" "$d/written"
check "writing shorter content truncates" bash -c '"$@" <<<short' _ env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B nsenter --net=/run/netns/${NS}b "$BUILD/metac" file write "$w"
check "and nothing of the old is left" grep -qx short "$d/written"
echo more | metac_b file write --append "$w"
check "appending appends" test "$(cat "$d/written")" = "short
more"
fails_with "reading a file that is not there" 1 'No such file' metac_b file cat "$(metac_a file export "local:$d/nothing")"
fails_with "reading a directory" 1 'directory' metac_a file cat "local:$d"
mkfifo "$d/fifo"
fails_with "reading a FIFO does not hang" 1 'regular file' metac_a file cat "local:$d/fifo"

s=$(metac_a file open "local:$d/data")
check "file open gives a stream" grep -q '^ref://' <<<"$s"
check "stream cat from the other host" bash -c 'cmp - "$1"' _ "$d/data" < <(metac_b stream cat "$s" </dev/null)
check "a stream can be opened again" bash -c 'cmp - "$1"' _ "$d/data" < <(metac_b stream cat "$s" </dev/null)
out=$(metac_a file open --write "local:$d/bound")
check "stream bind copies one file to another" metac_a stream bind "$s" "$out"
check "and it is all there" cmp "$d/data" "$d/bound"
there=$(metac_b file open --write "local:$TOP/b/bound")
check "stream bind between two hosts, from either" metac_b stream bind "$s" "$there"
check "and it is all there too" cmp "$d/data" "$TOP/b/bound"
here=$(metac_a file open --write "local:$d/here")
check "stream bind --here, both streams being of the other host" metac_b stream bind --here "$s" "$here"
check "and all of it came through" cmp "$d/data" "$d/here"
kept=$(metac_b stream bind --here --persistent "$s" "$(metac_b file open --persistent --write "local:$TOP/b/kept")")
check "a binding through this host can be kept" grep -q '^ref://' <<<"$kept"
check "and does its work" wait_until 10 cmp "$d/data" "$TOP/b/kept"
# A worker that reads nothing holds the next one up.
truncate -s 1T "$d/endless"
endless=$(metac_a file open "local:$d/endless")
worker_of() { # worker_of a|b ROLE
	local p
	for p in $(ip netns pids "$NS$1"); do
		grep -qx "metacd:$2" "/proc/$p/comm" 2>/dev/null && echo "$p"
	done
}
stuck() { # a writer that has begun to write, and is stopped
	local p
	[ -s "$d/stuck" ] || return
	for p in $(worker_of a copy); do
		[ "$(readlink "/proc/$p/fd/4")" = "$d/stuck" ] && kill -STOP "$p" && echo "$p" >"$TOP/stopped"
	done
	[ -s "$TOP/stopped" ]
}
begin_endless() {
	rm -f "$d/stuck" "$TOP/stopped"
	on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" stream bind --here \
		"$endless" "$(metac_a file open --write "local:$d/stuck")" 2>"$TOP/said" &
	binding=$!
	wait_until 10 stuck
}
check "a binding through this host is under way" begin_endless
check "one process pipes it" test "$(worker_of b pump | wc -l)" = 1
metac_a ref rm "$endless"
kill -CONT "$(cat "$TOP/stopped")"
wait "$binding"
check "revoking a reference to one end is its end" test $? = 1
endless=$(metac_a file open "local:$d/endless")
check "another is under way" begin_endless
kill -KILL "$(worker_of b pump)"
wait "$binding"
check "without the pump it ends too" test $? = 1
check "and tells so" grep -q 'the pump has ended' "$TOP/said"
kill -CONT "$(cat "$TOP/stopped")"
check "the next one has a new pump" metac_b stream bind --here "$s" "$here"
check "and comes through as well" cmp "$d/data" "$d/here"
rm "$d/stuck" "$d/endless"
metac_b stream run "$(metac_a file open "local:$d/text")" sh -c "cat >$TOP/ran"
check "stream run gives the stream to a command" grep -qx text "$TOP/ran"
metac_b stream run "$(metac_a file open "local:$d/text")" sh -c 'exit 7'
ok $(($? != 7)) "and ends with its status"

mkdir "$TOP/a/tiny" && mount -t tmpfs -o size=1m tmpfs "$TOP/a/tiny"
full=$(metac_a file export "local:$TOP/a/tiny/x")
fails_with "a full disk is told to the writer" 1 'No space left' metac_b file write "$full" <"$d/data"

umount "$TOP/a/tiny"

metac_a ref rm "$f"
fails_with "a revoked file" 1 'no such reference' metac_b file cat "$f"
short=$(metac_a file export --timeout 1s "local:$d/text")
check "a reference with a time-out works" test "$(metac_b file cat "$short")" = text
check "until it expires" wait_until 5 bash -c '! "$@" 2>/dev/null' _ env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B nsenter --net=/run/netns/${NS}b "$BUILD/metac" file cat "$short"
workers() { # of both hosts, by the names the roles give themselves
	local p
	for p in $(ip netns pids ${NS}a) $(ip netns pids ${NS}b); do
		grep -E '^metacd:(copy|9p)' "/proc/$p/comm" 2>/dev/null
	done
}
no_worker() { [ -z "$(workers)" ]; }
check "no worker is left behind" wait_until 5 no_worker
# the same with one that must be there: so the check above can fail
mkfifo "$TOP/hold"
held=$(metac_a file open --write "local:$d/held")
metac_b stream cat "$held" <"$TOP/hold" >/dev/null &
holder=$!
exec 6>"$TOP/hold"
a_worker() { workers | grep -q .; }
check "one in use is seen" wait_until 5 a_worker
exec 6>&-
wait "$holder"
check "and ends with its stream" wait_until 5 no_worker
done_testing
