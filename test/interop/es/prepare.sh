#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes DIR ready to run peer.mjs in: the npm packages of package-lock.json, and the code that
# capnp-es makes of bench.capnp. Nothing is written outside DIR (and npm's cache).
# Ends with 0, or with 77 and one line that says why when that cannot be done on this machine: no
# Node.js, or no way to fetch packages. Anything else that goes wrong is a failure (1).
# usage: prepare.sh DIR
set -eu
src=$(dirname "$0")
dir=$1
for program in node npm capnp; do
	command -v $program >/dev/null || {
		echo "$program is not installed"
		exit 77
	}
done
mkdir -p "$dir"
if ! cmp -s "$src/package-lock.json" "$dir/installed.json"; then
	cp "$src/package.json" "$src/package-lock.json" "$src/.npmrc" "$dir"
	if ! (cd "$dir" && npm ci) >"$dir/npm.log" 2>&1; then
		away='ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH'
		if grep -Eq "$away|ERR_SOCKET_TIMEOUT|E50[0-9]|ENOTCACHED" "$dir/npm.log"; then
			echo 'npm cannot fetch packages here'
			exit 77
		fi
		cat "$dir/npm.log"
		exit 1
	fi
	cp "$src/package-lock.json" "$dir/installed.json"
fi
cp "$src/peer.mjs" "$dir"
# Its generator knows no `-> stream`. On the wire that is an empty result.
sed 's/-> stream;/-> ();/' "$src/../bench.capnp" >"$dir/bench.capnp"
capnp compile "-o$dir/node_modules/.bin/capnpc-js:$dir" --src-prefix="$dir" "$dir/bench.capnp" \
	>"$dir/compile.log" 2>&1 || {
	cat "$dir/compile.log"
	exit 1
}
