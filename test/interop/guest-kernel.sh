# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# To be sourced in the folder where the kernel of test guests is kept, with $work a folder for
# passing things and skip() what to do when there is no kernel to be had.  Sets $kernel (a file
# here) and $release (modules are below lib/modules/$release).

# The kernel and its modules, once.
if [ ! -e vmlinuz ]; then
	package=$(apt-cache depends linux-image-amd64 2>/dev/null |
		sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)/\1/p' | head -n 1)
	[ -n "$package" ] || skip "no kernel package known"
	(cd "$work" && timeout 120 apt-get download "$package" >/dev/null 2>&1) ||
		skip "cannot download $package"
	dpkg-deb -x "$work"/*.deb "$work/k" || skip "cannot unpack $package"
	rm -rf lib && mkdir lib && mv "$work"/k/lib/modules lib/ || exit 1
	depmod -b . "${package#linux-image-}" || exit 1
	mv "$work"/k/boot/vmlinuz-* vmlinuz
fi
release=$(ls lib/modules)

# Uncompressed it boots in half the time.
if [ ! -e vmlinux ]; then
	at=$(LC_ALL=C grep -aboP '\xfd7zXZ\x00' vmlinuz | head -n 1 | cut -d: -f1)
	[ -n "$at" ] && tail -c +$((at + 1)) vmlinuz | xz -dc --single-stream >"$work/vmlinux" 2>/dev/null
	head -c 4 "$work/vmlinux" 2>/dev/null | grep -q ELF && mv "$work/vmlinux" vmlinux
fi
kernel=vmlinuz
[ -e vmlinux ] && kernel=vmlinux
