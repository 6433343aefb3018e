#!/bin/sh
# SPDX-License-Identifier: MIT
# libvat against the C++ library, each as client and as server, over Unix socket and TCP.
# Environment: VAT_PEER, CXX_PEER.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
bad=0

# run NAME CLIENT SERVER ADDR
run() {
	mkfifo "$dir/ready"
	case $3 in
	*cxx-peer) "$3" server "$4" >"$dir/ready" 2>"$dir/server" & ;;
	*) "$3" server "$4" 1 >"$dir/ready" 2>"$dir/server" & ;;
	esac
	server=$!
	read -r word port <"$dir/ready"
	rm "$dir/ready"
	addr=$4
	[ "$4" = tcp:0 ] && addr=tcp:$port
	timeout 60 "$2" client "$addr" >"$dir/out" 2>"$dir/err"
	echo "client exit $?" >>"$dir/err"
	while IFS= read -r line; do
		n=$((n + 1))
		case $line in
		ok*) echo "ok $n - $1: ${line#ok }" ;;
		*)
			echo "not ok $n - $1: ${line#not ok }"
			bad=1
			;;
		esac
	done <"$dir/out"
	n=$((n + 1))
	case $3 in
	*cxx-peer) kill $server && wait $server 2>/dev/null; status=0 ;;
	*) wait $server; status=$? ;; # it ends by itself, and a sanitizer may have something to say
	esac
	if [ $status = 0 ] && grep -q '^client exit 0$' "$dir/err"; then
		echo "ok $n - $1: both end well ($word)"
	else
		echo "not ok $n - $1: both end well (server $status)"
		sed 's/^/# /' "$dir/err" "$dir/server"
		bad=1
	fi
}

run 'C to C++, unix' "$VAT_PEER" "$CXX_PEER" "unix:$dir/1"
run 'C to C++, tcp' "$VAT_PEER" "$CXX_PEER" tcp:0
run 'C++ to C, unix' "$CXX_PEER" "$VAT_PEER" "unix:$dir/2"
run 'C++ to C, tcp' "$CXX_PEER" "$VAT_PEER" tcp:0
run 'C to C, unix' "$VAT_PEER" "$VAT_PEER" "unix:$dir/3"
run 'C to C, tcp' "$VAT_PEER" "$VAT_PEER" tcp:0
echo "1..$n"
exit $bad
