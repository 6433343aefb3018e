#!/bin/bash
# SPDX-License-Identifier: MIT
# The programs of examples/ do what their README says.  DIR: where they are.  CXX_CALCULATOR: the same
# calculator with the C++ library (may be unset).
set -u
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
n=0
result() { # result STATUS TEXT FILE...
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		shift 2
		sed 's/^/# /' "$@"
	fi
}

serve() { # serve SOCKET PROGRAM ARGS...: in the background, until stop; waits until it listens
	local socket=$1
	shift
	"$@" >"$work/server" 2>&1 &
	server=$!
	for _ in $(seq 200); do
		[ -S "$socket" ] && return
		sleep 0.05
	done
}
stop() { # stop TEXT: the server ends as it should
	kill "$server"
	wait "$server"
	result $? "$1" "$work/server"
}

cat >"$work/answers" <<'ANSWERS'
4 * 6 + 3 = 27
4 * 6 = 24
f(12, 34) = 1234
pow(2, 4 + 5) = 512
ANSWERS

socket=$work/s1
serve "$socket" "$DIR/calculator-server" "unix:$socket"
"$DIR/calculator-client" "unix:$socket" 2>&1 | diff "$work/answers" - >"$work/log"
result $? "calculator" "$work/log"
[ "$("$DIR/poll" "unix:$socket" 2.5 39.5 2>&1)" = 42 ]
result $? "poll: a calculator asked without a loop" "$work/server"
if [ -n "${CXX_CALCULATOR:-}" ]; then
	"$CXX_CALCULATOR" client "unix:$socket" 2>&1 | diff "$work/answers" - >"$work/log"
	result $? "calculator: client in C++, server in C" "$work/log"
fi
stop "calculator: the server stops"

if [ -n "${CXX_CALCULATOR:-}" ]; then
	socket=$work/s2
	serve "$socket" "$CXX_CALCULATOR" server "unix:$socket"
	"$DIR/calculator-client" "unix:$socket" 2>&1 | diff "$work/answers" - >"$work/log"
	result $? "calculator: client in C, server in C++" "$work/log"
	kill "$server" && wait "$server" 2>/dev/null
fi

"$DIR/calculator-server" 127.0.0.1:0 >"$work/server" 2>&1 &
server=$!
for _ in $(seq 200); do
	address=$(sed -n 's/^serving at //p' "$work/server")
	[ -n "$address" ] && break || sleep 0.05
done
"$DIR/calculator-client" "$address" 2>&1 | diff "$work/answers" - >"$work/log"
result $? "calculator: over TCP" "$work/log"
stop "calculator: the server stops there too"

# Ada comes first and hears Bob; fifos stand in for people who type.
heard() { # heard FILE TEXT: waits for it
	for _ in $(seq 200); do
		grep -qxF "$2" "$1" && return
		sleep 0.05
	done
	return 1
}
socket=$work/s3
serve "$socket" "$DIR/chat-server" "unix:$socket"
mkfifo "$work/ada" "$work/bob"
"$DIR/chat-client" "unix:$socket" Ada <"$work/ada" >"$work/ada.out" 2>&1 &
ada=$!
exec 3>"$work/ada"
heard "$work/ada.out" "*: Ada joins"
result $? "chat: who joins is told" "$work/ada.out"
"$DIR/chat-client" "unix:$socket" Bob <"$work/bob" >"$work/bob.out" 2>&1 &
bob=$!
exec 4>"$work/bob"
heard "$work/ada.out" "*: Bob joins" && echo "hello Bob" >&3 && heard "$work/bob.out" "Ada: hello Bob"
result $? "chat: what one says the other hears" "$work/ada.out" "$work/bob.out"
echo "hello Ada" >&4 && heard "$work/ada.out" "Bob: hello Ada"
result $? "chat: and the other way" "$work/ada.out" "$work/bob.out"
kill -KILL "$bob" # without a word
wait "$bob" 2>/dev/null
heard "$work/ada.out" "*: Bob leaves"
result $? "chat: who dies leaves" "$work/ada.out"
exec 3>&- 4>&-
wait "$ada"
result $? "chat: the end of the input ends the client" "$work/ada.out"
heard "$work/server" "*: Ada leaves"
result $? "chat: the room empties" "$work/server"
stop "chat: the server stops"

mkdir "$work/files"
seq 1000 >"$work/files/numbers"
chmod 000 "$work/files/numbers" && chmod 400 "$work/files/numbers"
socket=$work/s4
serve "$socket" "$DIR/open-server" "unix:$socket" "$work/files"
"$DIR/open-client" "unix:$socket" numbers 2>"$work/log" | cmp - "$work/files/numbers" &&
	grep -qx "$(stat -c %s "$work/files/numbers") bytes" "$work/log"
result $? "open: the client reads through the server's descriptor" "$work/log"
! "$DIR/open-client" "unix:$socket" ../answers >/dev/null 2>"$work/log" &&
	grep -q 'not the name of a file here' "$work/log"
result $? "open: nothing else is opened" "$work/log"
stop "open: the server stops"
echo "1..$n"
