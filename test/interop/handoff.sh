#!/bin/sh
# SPDX-License-Identifier: MIT
# Three-party hand-off, with and without parties that know nothing of it: a client and a server of any
# make, and a relay of ours between them that introduces them to each other. All checks of rpc.sh have
# to pass whoever cannot; between vats of ours the relay passes no call on.
# Environment: VAT_PEER, CXX_PEER.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
bad=0

say() { # say STATUS TEXT
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		bad=1
	fi
}

command_of() {
	case $1 in
	C) echo "$VAT_PEER" ;;
	C++) echo "$CXX_PEER" ;;
	esac
}

# start FILE COMMAND...: a server in the background, its pid in $started, until it is ready. $copier
# ends when FILE has all it printed.
start() {
	file=$1
	shift
	mkfifo "$dir/ready"
	"$@" >"$dir/ready" 2>"$file.err" &
	started=$!
	exec 3<"$dir/ready"
	read -r _ <&3
	cat <&3 >"$file" &
	copier=$!
	exec 3<&-
	rm "$dir/ready"
}

# run CLIENT SERVER CONNECTIONS: how many the server will see
run() {
	title="$1 client, $2 server"
	# shellcheck disable=SC2046 # words
	case $2 in
	C) start "$dir/server" "$VAT_PEER" server "unix:$dir/s" "$3" ;;
	*) start "$dir/server" $(command_of "$2") server "unix:$dir/s" ;;
	esac
	server_pid=$started
	start "$dir/relay" "$VAT_PEER" relay "unix:$dir/r" "unix:$dir/s"
	relay_pid=$started
	relay_copier=$copier
	# shellcheck disable=SC2046 # words
	timeout 60 $(command_of "$1") client "unix:$dir/r" >"$dir/out" 2>"$dir/err"
	client_status=$?
	while read -r word name; do
		[ "$word" = ok ]
		say $? "$title: $name"
	done <"$dir/out"
	say $client_status "$title: the client ends well"
	wait $relay_pid
	say $? "$title: the relay ends well"
	wait $relay_copier
	if [ "$2" = C ]; then
		wait $server_pid
		say $? "$title: the server ends well"
	else
		kill $server_pid
		wait $server_pid 2>/dev/null
	fi
	relayed=$(sed -n 's/^relayed //p' "$dir/relay")
	sed 's/^/# /' "$dir/err" "$dir/server.err" "$dir/relay.err"
	rm -f "$dir"/[a-z]*
}

run C C 2
[ "${relayed:-2}" -le 1 ] # the first is sent ahead of the answer that introduces
say $? "the relay passed on no call but the first ($relayed)"
run C C++ 2
[ "${relayed:-0}" -gt 100 ]
say $? "the relay passed on the calls ($relayed)"
run C++ C 1
[ "${relayed:-0}" -gt 100 ]
say $? "the relay passed on the calls ($relayed)"
run C++ C++ 1
echo "1..$n"
exit $bad
