#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Foreign NBD clients against our server: libnbd's tools and its Python shell, qemu's, fio.
#
#	nbd.sh NBD-SERVE
set -u
serve=$1
PATH=/usr/bin:/usr/sbin:/sbin:$PATH # the Python that Debian's libnbd is for
for tool in nbdinfo nbdcopy nbdsh qemu-img qemu-io fio; do
	if ! command -v $tool >/dev/null; then
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	fi
done

work=$(mktemp -d /var/tmp/metac-nbd-XXXXXX) || exit 1
pids= loop= mounted=
finish() {
	# shellcheck disable=SC2086 # a list of words
	kill $pids 2>/dev/null
	[ -n "$loop" ] && losetup -d "$loop"
	[ -n "$mounted" ] && umount "$work/small"
	rm -rf "$work"
}
trap finish EXIT

n=0 failed=0
check() { # name, command...
	local name=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		tail -n 8 "$work/out" | sed 's/^/# /'
	fi
}
skip() { # name, reason
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

start() { # name, address, file, options...: sets at, to what has been printed
	local name=$1
	shift
	"$serve" "$@" >"$work/$name.at" 2>>"$work/log" &
	pids="$pids $!"
	for _ in $(seq 200); do
		[ -s "$work/$name.at" ] && break
		sleep 0.05
	done
	at=$(cat "$work/$name.at")
}
unix_uri() { echo "nbd+unix:///?socket=$1"; }

# Data, holes, and a size that is not a multiple of anything.
head -c 20000000 /dev/urandom >"$work/disk"
truncate -s 40000001 "$work/disk"
cp "$work/disk" "$work/original"
truncate -s 64M "$work/empty"
start unix "$work/u.sock" "$work/disk"
uri=$(unix_uri "$at")
start tcp 127.0.0.1:0 "$work/disk"
tcp=nbd://127.0.0.1:$at/
start empty "$work/e.sock" "$work/empty"
empty=$(unix_uri "$at")
start read "$work/r.sock" "$work/disk" --read-only
readonly_uri=$(unix_uri "$at")

tells_all() {
	nbdinfo --json "$uri" >"$work/json" && python3 - "$work/json" <<'PY'
import json, sys
i = json.load(open(sys.argv[1]))
e = i["exports"][0]
assert i["structured"] and e["export-size"] == 40000001, i
assert e["contexts"] == ["base:allocation"]
assert e["block_size_minimum"] == 1 and e["block_size_preferred"] == 4096
for can in ("cache", "df", "fast_zero", "flush", "fua", "multi_conn", "trim", "zero"):
    assert e["can_" + can], can
assert not e["is_read_only"]
PY
}
tells_map() {
	nbdinfo --map --json "$uri" >"$work/json" && python3 - "$work/json" <<'PY'
import json, sys
m = json.load(open(sys.argv[1]))
assert [(x["offset"], x["type"]) for x in m][0] == (0, 0), m
assert m[-1]["type"] == 3 and m[-1]["offset"] + m[-1]["length"] == 40000001, m
PY
}
copies_down() { nbdcopy "$@" "$work/copy" && cmp "$work/original" "$work/copy"; }
copies_up() {
	nbdcopy --connections=4 "$work/original" "$1" && cmp -n 40000001 "$work/original" "$work/empty"
}
lists() { nbdinfo --list "$tcp" | grep -q 'export="'; }

check "nbdinfo says what there is" tells_all
check "nbdinfo --map shows data and hole" tells_map
check "nbdinfo --list" lists
check "nbdcopy down, unix socket" copies_down "$uri"
check "nbdcopy down, TCP, four connections" copies_down --connections=4 "$tcp"
check "nbdcopy down, short requests" copies_down --request-size=4096 --sparse=4096 "$tcp"
check "nbdcopy down, without extents" copies_down --no-extents "$tcp"
check "nbdcopy down, one at a time" copies_down --synchronous "$uri"
check "nbdcopy up, four connections" copies_up "$empty"
check "nbdcopy from server to server" nbdcopy "$uri" "$empty"
check "... is the same" cmp -n 40000001 "$work/original" "$work/empty"

commands() {
	nbdsh -u "$empty" -c - <<'PY'
import errno
M = 1 << 20
def refused(number, f, *a, **k):
    try:
        f(*a, **k)
    except nbd.Error as e:
        assert e.errnum == number, e
    else:
        raise AssertionError("was accepted")
h.set_strict_mode(0)  # the server is what is tested
h.pwrite(b"a" * M, 0)
h.pwrite(b"b" * 4096, 5 * M, nbd.CMD_FLAG_FUA)
h.pwrite(b"c" * M, 6 * M, nbd.CMD_FLAG_FUA)
h.flush()
assert h.pread(M, 0) == b"a" * M
assert h.pread(4096, 5 * M) == b"b" * 4096
assert h.pread(100, 6 * M + M - 50) [:50] == b"c" * 50
h.zero(M // 2, 0)
assert h.pread(M, 0) == bytes(M // 2) + b"a" * (M // 2)
h.zero(1000, 6 * M + 1, nbd.CMD_FLAG_NO_HOLE)
h.zero(M, 6 * M, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_FUA)
h.trim(2 * M, 5 * M, nbd.CMD_FLAG_FUA)
assert h.pread(2 * M, 5 * M) == bytes(2 * M)
h.cache(8 * M, 0)
s = h.get_size()
refused(errno.EINVAL, h.pread, 512, s - 511)
refused(errno.ENOSPC, h.pwrite, b"x" * 512, s - 511)
refused(errno.ENOSPC, h.zero, 512, s)
refused(errno.EINVAL, h.trim, 512, s)
refused(errno.EINVAL, h.cache, 512, s)
refused(errno.EINVAL, h.pread, 0, 0)
refused(errno.EINVAL, h.flush, nbd.CMD_FLAG_DF)
seen = []
def chunk(buf, offset, status, err):
    seen.append((offset, len(buf), status))
h.pread_structured(8 * M, 0, chunk)
assert sum(n for _, n, _ in seen) == 8 * M, seen
seen = []
h.pread_structured(8 * M, 0, chunk, nbd.CMD_FLAG_DF)
assert len(seen) == 1
h.pwrite(b"last", s - 4)
assert h.pread(4, s - 4) == b"last"
h.shutdown()
PY
}
simple() {
	nbdsh -c - <<PY
h.set_request_structured_replies(False)
h.connect_uri("$empty")
data = bytes(i % 251 for i in range(9 << 20))
h.pwrite(data, 12345)
assert h.pread(len(data), 12345) == data
assert not h.can_df() and not h.can_meta_context("base:allocation")
PY
}
old_style_name() {
	nbdsh -c - <<PY
h.set_opt_mode(True)
h.connect_uri("$uri")
h.opt_abort()
PY
}
status() {
	nbdsh -c - <<PY
import os
h.add_meta_context("base:allocation")
h.connect_uri("$empty")
M = 1 << 20
h.zero(64 * M, 0)
h.pwrite(b"x" * M, 4 * M)
h.flush()
def extents(n, at, flags=0):
    seen = []
    h.block_status(n, at, lambda name, offset, e, err: seen.extend(e), flags)
    return seen
assert extents(16 * M, 0) == [4 * M, 3, M, 0, 11 * M, 3], extents(16 * M, 0)
assert extents(16 * M, 0, nbd.CMD_FLAG_REQ_ONE) == [4 * M, 3]
PY
}
flush_covers_all() {
	nbdsh -c - <<PY
a, b = nbd.NBD(), nbd.NBD()
a.connect_uri("$empty"); b.connect_uri("$empty")
assert a.can_multi_conn()
a.pwrite(b"through a", 100)
b.flush()
assert b.pread(9, 100) == b"through a"
PY
}
many_at_once() {
	nbdsh -c - <<PY
h.connect_uri("$empty")
import random
r = random.Random(5)
N = 1500
h.pwrite(bytes(32 << 20), 0)
work = []
for i in range(N):
    buf = nbd.Buffer.from_bytearray(bytearray([i % 256]) * 8192)
    work.append(h.aio_pwrite(buf, i * 16384))
    if i % 100 == 0: work.append(h.aio_flush())
    if i % 50 == 0: work.append(h.aio_zero(8192, i * 16384 + 8192))
while h.aio_in_flight(): h.poll(-1)
assert all(h.aio_command_completed(w) for w in work)
for i in r.sample(range(N), 200):
    assert h.pread(16384, i * 16384) == bytes([i % 256]) * 8192 + bytes(8192), i
PY
}
goes_away() { # with a thousand requests under way
	nbdsh -c - <<PY
h.connect_uri("$empty")
for i in range(1000):
    h.aio_pread(nbd.Buffer(65536), i * 65536 % (60 << 20))
    h.aio_flush()
PY
	[ $? = 0 ] && nbdinfo --size "$empty"
}
check "every command and its errors" commands
check "simple replies" simple
check "abort of the negotiation" old_style_name
check "block status" status
check "a flush covers what another connection wrote" flush_covers_all
check "1500 requests at once" many_at_once
check "a client goes with a thousand requests under way" goes_away

qemu_image() {
	qemu-img convert -f raw -O raw "$uri" "$work/copy2" && cmp -n 40000001 "$work/original" "$work/copy2"
}
qemu_map() { qemu-img map -f raw --output=json "$uri" | grep -q '"data": false'; }
qemu_up() { qemu-img convert -n -f raw -O raw "$work/original" "$empty" && cmp -n 40000001 "$work/original" "$work/empty"; }
qemu_io() {
	qemu-io -f raw -c "write -P 7 65536 1M" -c "read -P 7 65536 1M" -c "write -z 65536 4096" \
		-c "read -P 0 65536 4096" -c "write -z -u 131072 65536" -c "read -P 0 131072 65536" \
		-c "write -f -P 9 3M 4k" -c "read -P 9 3M 4k" -c "discard 65536 1M" -c flush \
		-c "aio_write -P 3 8M 2M" -c "aio_write -P 4 10M 2M" -c aio_flush -c "read -P 4 10M 2M" \
		"$empty" | tee "$work/io" && ! grep -qi "failed\|error" "$work/io"
}
check "qemu-img convert" qemu_image
check "qemu-img map" qemu_map
check "qemu-img convert to us" qemu_up
check "qemu-img compare" qemu-img compare -f raw -F raw "$uri" "$work/original"
check "qemu-io" qemu_io
verify() ( # URI
	cd "$work" && # where fio leaves a file
		fio --name=verify --ioengine=nbd --uri="$1" --rw=randrw --bsrange=512-128k --blockalign=512 \
		--size=48M --iodepth=32 --verify=crc32c --do_verify=1 --verify_fatal=1 --verify_backlog=256 \
		--norandommap=0 --randrepeat=1 --fsync=64
)
check "fio reads back what it wrote, unix socket" verify "$empty"

is_read_only() {
	nbdinfo --json "$readonly_uri" | grep -q '"is_read_only": true' && nbdsh -u "$readonly_uri" -c - <<'PY'
import errno
h.set_strict_mode(0)
for f in (lambda: h.pwrite(b"x", 0), lambda: h.trim(512, 0), lambda: h.zero(512, 0)):
    try: f()
    except nbd.Error as e: assert e.errnum == errno.EPERM, e
    else: raise AssertionError("was accepted")
h.pread(512, 0)
h.flush()
PY
}
check "a read-only export" is_read_only

is_full() {
	nbdsh -u "$small" -c - <<'PY'
import errno
M = 1 << 20
full = 0
for i in range(16):
    try: h.pwrite(b"x" * M, i * M)
    except nbd.Error as e:
        assert e.errnum == errno.ENOSPC, e
        full += 1
assert full >= 8, full
try: h.zero(M, 12 * M, nbd.CMD_FLAG_NO_HOLE)
except nbd.Error as e: assert e.errnum == errno.ENOSPC, e
else: raise AssertionError("there was room")
try: h.zero(M, 12 * M, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FAST_ZERO)
except nbd.Error as e: assert e.errnum == errno.EOPNOTSUPP, e
else: raise AssertionError("fast?")
h.trim(8 * M, 0)
h.pwrite(b"y" * M, 15 * M)
assert h.pread(M, 15 * M) == b"y" * M
assert h.pread(M, 0) == bytes(M)
PY
}
mkdir "$work/small"
if mount -t tmpfs -o size=4m none "$work/small" 2>/dev/null; then
	mounted=yes
	truncate -s 16M "$work/small/disk"
	start small "$work/s.sock" "$work/small/disk"
	small=$(unix_uri "$at")
	check "a disk that is full, until something is trimmed" is_full
else
	skip "a disk that is full, until something is trimmed" "may not mount"
fi

gets_io_errors() {
	nbdsh -u "$broken" -c - <<'PY'
import errno
M = 1 << 20
h.pread(M, 0)
for n in (4096, M):
    try: h.pread(n, 12 * M)
    except nbd.Error as e: assert e.errnum == errno.EIO, e
    else: raise AssertionError("was read")
h.pwrite(b"z" * 4096, M)
h.flush()
assert h.pread(4096, M) == b"z" * 4096
PY
}
truncate -s 16M "$work/behind"
if loop=$(losetup -f --show "$work/behind" 2>/dev/null); then
	truncate -s 8M "$work/behind"
	start broken "$work/b.sock" "$loop"
	broken=$(unix_uri "$at")
	check "a disk that cannot be read in places" gets_io_errors
	truncate -s 16M "$work/behind"
	check "fio on a block device" verify "$broken"
	start direct "$work/d.sock" "$loop" --direct
	check "fio on a block device, past the cache" verify "$(unix_uri "$at")"
else
	loop=
	for what in "a disk that cannot be read in places" "fio on a block device" \
		"fio on a block device, past the cache"; do
		skip "$what" "no loop device is to be had"
	done
fi
truncate -s 64M "$work/straight"
start straight "$work/st.sock" "$work/straight" --direct
straight=$(unix_uri "$at")
if nbdinfo --size "$straight" >/dev/null 2>&1; then
	check "fio past the cache" verify "$straight"
else
	skip "fio past the cache" "no O_DIRECT on this file system"
fi

cut_off() {
	nbdsh -u "$empty" -c - <<PY
import errno, os
M = 1 << 20
h.set_strict_mode(0)
h.pwrite(b"x" * M, 0)
os.truncate("$work/empty", 10 * M)
for n in (4096, M):
    try: h.pread(n, 40 * M)
    except nbd.Error as e: assert e.errnum == errno.EINVAL, e
    else: raise AssertionError("was read")
try: h.pwrite(b"x" * 512, 40 * M)
except nbd.Error as e: assert e.errnum == errno.ENOSPC, e
else: raise AssertionError("was written")
assert h.pread(M, 0) == b"x" * M
os.truncate("$work/empty", 64 * M)
assert h.pread(4096, 40 * M) == bytes(4096)
h.pwrite(b"x" * 512, 40 * M)
PY
}
check "a file that is cut off while it is served" cut_off
no_complaint() { ! grep -v "connection closed" "$work/log" | grep .; }
check "the server has nothing to complain of" no_complaint
echo "1..$n"
exit $failed
