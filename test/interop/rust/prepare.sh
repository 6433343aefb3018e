#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds DIR/target/debug/rust-peer from peer.rs and Debian's crates. Nothing is fetched, and nothing
# is written outside DIR.
# Ends with 0, or with 77 and one line that says why when that cannot be done on this machine: no
# cargo, or no such crates. Anything else that goes wrong is a failure (1).
# usage: prepare.sh DIR
set -eu
src=$(dirname "$0")
dir=$1
crates=/usr/share/cargo/registry # where Debian's packages librust-*-dev put theirs
command -v cargo >/dev/null || {
	echo 'cargo is not installed'
	exit 77
}
for crate in capnp-rpc futures; do
	ls -d $crates/$crate-[0-9]* >/dev/null 2>&1 || {
		echo "Debian's librust-$crate-dev is not installed"
		exit 77
	}
done
mkdir -p "$dir"
for file in Cargo.toml peer.rs; do
	cmp -s "$src/$file" "$dir/$file" || cp "$src/$file" "$dir"
done
rm -f "$dir/Cargo.lock" # the versions are Debian's, and may have changed
cd "$dir"
cargo build --quiet --offline \
	--config 'source.crates-io.replace-with="debian"' \
	--config "source.debian.directory=\"$crates\"" >build.log 2>&1 || {
	cat build.log
	exit 1
}
