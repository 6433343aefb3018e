#!/bin/sh
# SPDX-License-Identifier: MIT
# libvat against another implementation of Cap'n Proto RPC, each as client and as server, over Unix
# socket and TCP. What a peer cannot do is left out by name; a line of the output says why.
# With "chopped" it is C and C++ again, but something between them cuts the stream into pieces.
# Environment: VAT_PEER; CXX_PEER for c++, and CHOP for chopped; PEER_DIR for the others, where they
# are prepared.
# usage: rpc.sh c++|chopped|es|rust
peer=$1
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
bad=0

# command_of PEER: to be followed by "server ADDR" or "client ADDR".
command_of() {
	case $1 in
	C) echo "$VAT_PEER" ;;
	c++) echo "$CXX_PEER" ;;
	es) echo "node $PEER_DIR/peer.mjs" ;;
	rust) echo "$PEER_DIR/target/debug/rust-peer" ;;
	esac
}

# A byte at a time these take too long, and are nothing new.
large="blob stream descriptor_after_1_MiB"

# left_out CLIENT SERVER: features not asked of the two, a line each: "feature: why".
left_out() {
	case "$1 $2" in
	'C es')
		cat <<-END
			exception kinds: capnp-es sends every exception as "failed"
			cancel: capnp-es does not tell a handler that its call was finished
			embargo order: capnp-es gives parameters back while it uses them, and ignores Disembargo
			descriptors: the sockets of Node.js drop them
		END
		;;
	'es C')
		cat <<-END
			exception kinds: capnp-es does not keep them
			cancel: capnp-es cannot cancel a call
			embargo order: capnp-es cannot take results from another question
			descriptors: the sockets of Node.js drop them
		END
		;;
	'C rust')
		cat <<-END
			descriptors: capnp-rpc for Rust passes none
			idle at the end: capnp-rpc for Rust sends no Return for a call that was cancelled
		END
		;;
	'rust C')
		cat <<-END
			embargo order: capnp-rpc for Rust never answers calls redirected to it, as C++ redirects them too
			descriptors: capnp-rpc for Rust passes none
		END
		;;
	esac
}

say() {
	n=$((n + 1))
	case $1 in
	ok*) echo "ok $n - $2: ${1#ok }" ;;
	*)
		echo "not ok $n - $2: ${1#not ok }"
		bad=1
		;;
	esac
}

# run_client CLIENT SERVER ADDR PIECES
run_client() {
	client=$1 server=$2 addr=$3 pieces=$4
	set --
	if [ "$pieces" = byte ]; then
		for feature in $large; do
			set -- "$@" "$(echo "$feature" | tr _ ' ')"
		done
	fi
	left_out "$client" "$server" >"$dir/left-out"
	while IFS=: read -r feature why; do
		[ "$client" = es ] || set -- "$@" "$feature"
		if [ "$feature" = descriptors ]; then # the check is made, and none expected
			echo "# $title: $feature:$why"
			continue
		fi
		n=$((n + 1))
		echo "ok $n - $title: $feature # SKIP$why"
	done <"$dir/left-out"
	# shellcheck disable=SC2046 # words
	timeout 60 $(command_of "$client") client "$addr" "$@" >"$dir/out" 2>"$dir/err"
	echo "client exit $?" >>"$dir/err"
}

# chop SERVER-ADDR PIECES: puts something in between; its address is then in $addr.
chop() {
	listen=tcp:0
	[ "${1%%:*}" = tcp ] || listen=$1.chopped
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	echo "# seed $seed"
	$CHOP "$listen" "$1" "$2" "$seed" >"$dir/ready" 2>>"$dir/server" &
	chop_pid=$!
	read -r _ port <"$dir/ready"
	addr=$listen
	[ "$addr" = tcp:0 ] && addr=tcp:$port
}

# run CLIENT SERVER ADDR [byte|random]
run() {
	title="$1 to $2, ${3%%:*}${4:+, in pieces: $4}"
	mkfifo "$dir/ready"
	times=
	[ "$2" != C ] || times=1
	# shellcheck disable=SC2046,SC2086 # words
	$(command_of "$2") server "$3" $times >"$dir/ready" 2>"$dir/server" &
	server_pid=$!
	read -r _ port <"$dir/ready"
	addr=$3
	[ "$3" = tcp:0 ] && addr=tcp:$port
	[ -z "${4:-}" ] || chop "$addr" "$4"
	rm "$dir/ready"
	run_client "$1" "$2" "$addr" "${4:-}"
	while IFS= read -r line; do
		say "$line" "$title"
	done <"$dir/out"
	[ -z "${4:-}" ] || wait $chop_pid
	# A C server ends by itself, and a sanitizer may have something to say.
	if [ "$2" = C ]; then
		wait $server_pid
		status=$?
	else
		kill $server_pid && wait $server_pid 2>/dev/null
		status=0
	fi
	if [ $status = 0 ] && grep -q '^client exit 0$' "$dir/err"; then
		say 'ok both end well' "$title"
	else
		say "not ok both end well (server $status)" "$title"
		sed 's/^/# /' "$dir/err" "$dir/server"
	fi
}

if [ "$peer" = chopped ]; then
	for pieces in byte random; do
		run C c++ "unix:$dir/1$pieces" $pieces
		run c++ C "unix:$dir/2$pieces" $pieces
		run C C "unix:$dir/3$pieces" $pieces
		run C c++ tcp:0 $pieces
		run c++ C tcp:0 $pieces
	done
	echo "1..$n"
	exit $bad
fi
if [ "$peer" != c++ ]; then
	"$here/$peer/prepare.sh" "$PEER_DIR" >"$dir/prepare" 2>&1
	case $? in
	0) ;;
	77)
		echo "1..0 # SKIP $(cat "$dir/prepare")"
		exit 0
		;;
	*)
		echo "1..1"
		echo "not ok 1 - prepare the peer"
		sed 's/^/# /' "$dir/prepare"
		exit 1
		;;
	esac
fi
run C "$peer" "unix:$dir/1"
run C "$peer" tcp:0
run "$peer" C "unix:$dir/2"
run "$peer" C tcp:0
if [ "$peer" = c++ ]; then
	run C C "unix:$dir/3"
	run C C tcp:0
fi
echo "1..$n"
exit $bad
