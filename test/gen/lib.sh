# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # the tests use what is set here
# What the tests of capnpc-vat begin with: sourced with the working directory still as it was. Sets
# $root, the project's folder, and $out, an empty one that goes when the test ends; result and
# finish print TAP.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

n=0 failed=0
result() { # status, name
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

finish() {
	echo "1..$n"
	exit $failed
}
