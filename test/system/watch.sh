#!/bin/bash
# SPDX-License-Identifier: MIT
# metac fs watch: changes on one host, told on the other.
. "$(dirname "$0")/lib.sh"
hosts_up

src=$TOP/a/src
mkdir -p "$src/sub/deep" && echo x >"$src/file"
ref=$(metac_a fs export --persistent "local:$src")

begin() { # begin [OPTIONS] ARGUMENTS...: watches in the background, until end
	: >"$TOP/events"
	(exec_on_host b env METAC_RUNTIME_DIR="$TOP/b/run" METAC_ADDRESS=$B "$BUILD/metac" fs watch "$@" >"$TOP/events" 2>"$TOP/said") &
	WATCHER=$!
	# it has begun when it tells of something
	local n=0
	until [ -s "$TOP/events" ] || [ $n -gt 200 ]; do
		n=$((n + 1))
		touch "$probe"
		sleep 0.05
	done
}
end() {
	kill -TERM "$WATCHER"
	wait "$WATCHER"
}
told() { wait_until 10 grep -q -- "$1" "$TOP/events"; }

probe=$src/probe
begin "$ref"
check "a file that is made" bash -c "echo hi >$src/new"
check "is told" told ' created new$'
check "a file that is written" bash -c "echo more >>$src/file"
check "is told as well" told ' changed file$'
rm "$src/new"
check "one that is removed" told ' removed new$'
mv "$src/file" "$src/moved"
check "one that is moved is removed" told ' removed file$'
check "and created" told ' created moved$'
printf x >"$src/"$'two\nlines'
check "a name that is no text is quoted" told " created .'two.nlines'"
touch "$src/sub/inner"
check "what is further down is not told" bash -c "touch $src/last; for i in \$(seq 100); do grep -q last $TOP/events && break; sleep 0.05; done; ! grep -q inner $TOP/events"
end
ok $(($? != 143)) "it ends when told to"

begin -r --json "$ref"
touch "$src/sub/deep/below"
check "with -r it is told" told '"kind":"created","path":"sub/deep/below"'
mkdir -p "$src/a/b/c" && touch "$src/a/b/c/d"
check "also in directories that are new" told '"path":"a/b/c/d"'
touch "$src/a/b/c/later"
check "and later" told '"path":"a/b/c/later"'
check "every line is JSON" python3 -c 'import json,sys; [json.loads(l) for l in open(sys.argv[1])]' "$TOP/events"
stop_node a KILL
start_node a
check "after the exporter was killed it says that something may be lost" told '"kind":"lost"'
again() { touch "$src/sub/deep/again$RANDOM" && grep -q again "$TOP/events"; }
check "and goes on" wait_until 20 again
end 2>/dev/null

probe=$src/sub/inner
begin "$ref/sub/inner"
check "one file" told ' changed inner$'
check "and no other" bash -c "touch $src/sub/other; touch $src/sub/inner; ! grep -q other $TOP/events"
end 2>/dev/null
fails_with "what is not there" 1 'nowhere: No such file' metac_b fs watch "$ref/nowhere"

done_testing
