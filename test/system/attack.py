#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who holds a reference to a directory and speaks 9P by hand, against the confined 9P worker.

Usage: attack.py METACD.  Starts one worker per attack, on a directory of its own, as the
filesystem service would.  Each attack raises when it gets what it should not, or when the worker dies of it.
"""
import errno
import os
import random
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time

NOFID = 0xFFFFFFFF
RLERROR, LOPEN, LCREATE, SYMLINK, MKNOD, RENAME, READLINK = 7, 12, 14, 16, 18, 20, 22
GETATTR, SETATTR, XATTRWALK, XATTRCREATE, READDIR, FSYNC, LOCK = 24, 26, 30, 32, 40, 50, 52
LINK, MKDIR, RENAMEAT, UNLINKAT = 70, 72, 74, 76
VERSION, ATTACH, FLUSH, WALK, READ, WRITE, CLUNK, REMOVE = 100, 104, 108, 110, 116, 118, 120, 122


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<H", len(b)) + b


def u8(n):
    return struct.pack("<B", n)


def u16(n):
    return struct.pack("<H", n)


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def message(kind, tag, *parts):
    body = b"".join(parts)
    return struct.pack("<IBH", 7 + len(body), kind, tag) + body


class Refused(Exception):
    def __init__(self, code):
        super().__init__(errno.errorcode.get(code, code))
        self.code = code


class Worker:
    """A worker process and a connection to it."""

    def __init__(self, tree, *options):
        ours, theirs = socket.socketpair()
        fd = os.open(tree, os.O_PATH | os.O_DIRECTORY)
        high = [os.dup2(theirs.fileno(), 203), os.dup2(fd, 204)]
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", 'exec "$0" "$@" 3<&203 4<&204 203<&- 204<&-',
             sys.argv[1], "--role=9p-server", *options], pass_fds=high)
        for h in high:
            os.close(h)
        os.close(fd)
        theirs.close()
        self.sock = ours
        self.sock.settimeout(20)
        self.send(VERSION, 0xFFFF, u32(1 << 20), text("9P2000.L"))
        self.receive()

    def send(self, kind, tag, *parts):
        self.sock.sendall(message(kind, tag, *parts))

    def exactly(self, n):
        b = b""
        while len(b) < n:
            more = self.sock.recv(n - len(b))
            if not more:
                raise EOFError("the worker has closed the connection")
            b += more
        return b

    def receive(self):
        size, kind, tag = struct.unpack("<IBH", self.exactly(7))
        return kind, tag, self.exactly(size - 7)

    def call(self, kind, *parts):
        self.send(kind, 1, *parts)
        got, _, body = self.receive()
        if got == RLERROR:
            raise Refused(struct.unpack("<I", body)[0])
        assert got == kind + 1, f"answer {got} to {kind}"
        return body

    def attach(self, fid, uid):
        return self.call(ATTACH, u32(fid), u32(NOFID), text(""), text(""), u32(uid))

    def walk(self, fid, to, *names):
        body = self.call(WALK, u32(fid), u32(to), u16(len(names)), *map(text, names))
        n = struct.unpack("<H", body[:2])[0]
        if n < len(names):
            raise Refused(errno.ENOENT)
        return [body[2 + 13 * i:15 + 13 * i] for i in range(n)]

    def open(self, fid, flags):
        return self.call(LOPEN, u32(fid), u32(flags))

    def clunk(self, fid):
        return self.call(CLUNK, u32(fid))

    def read(self, fid, n=4096, at=0):
        return self.call(READ, u32(fid), u64(at), u32(n))[4:]

    def status(self, field):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith(field + ":"))

    def alive(self):
        return self.process.poll() is None

    def end(self):
        self.sock.close()
        code = self.process.wait(30)
        assert code >= 0 and code not in (99, 134), f"the worker ended with {code}"


def refused(codes, what, fn, *args):
    try:
        fn(*args)
    except Refused as r:
        assert r.code in codes, f"{what}: refused with {r}, not {codes}"
        return
    raise AssertionError(f"{what}: was allowed")


class Tree:
    """tree/ is exported; outside/ beside it is not."""

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="metac-attack-", dir="/tmp")
        os.chmod(self.top, 0o755)
        self.tree, self.outside = self.top + "/tree", self.top + "/outside"
        os.mkdir(self.tree)
        os.mkdir(self.outside)
        os.mkdir(self.tree + "/d")
        os.mkdir(self.tree + "/d/e")
        for path, content, mode in (("tree/public", "public", 0o644), ("tree/secret", "secret", 0o600),
                                    ("tree/group", "group", 0o640), ("tree/d/e/f", "f", 0o644),
                                    ("outside/loot", "loot", 0o644)):
            with open(f"{self.top}/{path}", "w", encoding="ascii") as f:
                f.write(content)
            os.chmod(f"{self.top}/{path}", mode)
        os.symlink(self.outside, self.tree + "/out")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def snapshot(self):
        found = []
        for at, dirs, files in os.walk(self.tree):
            for name in sorted(dirs + files):
                st = os.lstat(f"{at}/{name}")
                found.append((at, name, st.st_mode, st.st_uid, st.st_size, st.st_nlink, st.st_mtime_ns))
        return sorted(found)


def names_that_lead_out(t):
    w = Worker(t.tree)
    root = w.attach(0, 0)
    assert w.walk(0, 1, *[".."] * 16)[-1] == root, "'..' of the root is not the root"
    w.clunk(1)
    for name in ("../outside", "d/../..", "/etc", ".", "", "d\0", b"d/e"):
        refused((errno.EINVAL, errno.ENOENT), f"walk to {name!r}", w.walk, 0, 1, name)
        refused((errno.EINVAL, errno.ENOENT), f"mkdir {name!r}", w.call, MKDIR, u32(0), text(name),
                u32(0o755), u32(0))
    for name in ("..", "../x"):
        refused((errno.EINVAL,), f"create {name!r}", w.call, LCREATE, u32(0), text(name), u32(0x42),
                u32(0o644), u32(0))
        refused((errno.EINVAL,), f"rename to {name!r}", w.call, RENAMEAT, u32(0), text("public"), u32(0),
                text(name))
    w.end()


def links_that_lead_out(t):
    w = Worker(t.tree)
    w.attach(0, 0)
    w.call(SYMLINK, u32(0), text("passwd"), text("/etc/passwd"), u32(0))
    refused((errno.ENOTDIR, errno.ENOENT), "through a link", w.walk, 0, 1, "out", "loot")
    for name in ("out", "passwd"):
        w.walk(0, 2, name)
        for flags in (0, 1, 2, 0o200000, 0o1000):
            refused((errno.ELOOP,), "open a link", w.open, 2, flags)
        refused((errno.EINVAL, errno.ELOOP, errno.EOPNOTSUPP), "truncate a link", w.call, SETATTR, u32(2),
                u32(8), u32(0), u32(0), u32(0), u64(0), *[u64(0)] * 4)
        refused((errno.EOPNOTSUPP, errno.EINVAL, errno.ELOOP), "chmod a link", w.call, SETATTR, u32(2),
                u32(1), u32(0o777), u32(0), u32(0), u64(0), *[u64(0)] * 4)
        w.clunk(2)
    w.walk(0, 3)
    refused((errno.ELOOP, errno.ENXIO), "create over a link", w.call, LCREATE, u32(3), text("passwd"),
            u32(0o102), u32(0o644), u32(0))
    w.end()


def nodes_of_devices(t):
    w = Worker(t.tree)
    w.attach(0, 0)
    for i, (mode, major, minor) in enumerate(((stat.S_IFCHR, 1, 5), (stat.S_IFBLK, 7, 0), (stat.S_IFIFO, 0, 0))):
        w.call(MKNOD, u32(0), text(f"n{i}"), u32(mode | 0o666), u32(major), u32(minor), u32(0))
        w.walk(0, 1, f"n{i}")
        for flags in (0, 1, 2):
            refused((errno.ENXIO,), "open a device", w.open, 1, flags)
        w.clunk(1)
        w.walk(0, 1)
        refused((errno.ENXIO,), "create over a device", w.call, LCREATE, u32(1), text(f"n{i}"), u32(0o102),
                u32(0o644), u32(0))
        w.clunk(1)
    w.end()


def directories_moved_away(t):
    """Somebody on the host moves a directory out of the tree while it is in use."""
    w = Worker(t.tree)
    root = w.attach(0, 0)
    w.walk(0, 1, "d", "e")
    d = w.walk(0, 2, "d")[-1]
    os.rename(t.tree + "/d", t.outside + "/d")
    refused((errno.ENOENT,), "'..' out of the tree", w.walk, 2, 3, "..")
    refused((errno.ENOENT,), "'..' twice", w.walk, 1, 3, "..", "..")
    refused((errno.ENOENT,), "remove by fid", w.call, RENAME, u32(2), u32(0), text("loot"))
    os.rename(t.outside + "/d", t.tree + "/d")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            os.rename(t.tree + "/d", t.outside + "/d")
            os.rename(t.outside + "/d", t.tree + "/d")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            try:
                got = w.walk(1, 4, "..", "..")
            except Refused:
                continue
            w.clunk(4)
            assert [q[5:] for q in got] == [d[5:], root[5:]], "'..' led out of the tree"
    finally:
        stop.set()
        thread.join()
    w.end()


def somebody_elses_rights(t):
    """One user's requests among root's, in all threads: never with root's rights."""
    w = Worker(t.tree)
    w.attach(0, 0)
    w.attach(1, 65534)
    w.attach(2, 1)
    allowed = []
    for batch in range(60):
        sent = {}
        data = b""
        for i in range(60):
            who, name = i % 3, ("secret", "group")[i & 1]
            fid, tag = 1000 + batch * 1000 + i, i
            sent[tag] = (who, fid)
            w.walk(who, fid, name)
            data += message(LOPEN, tag, u32(fid), u32(i // 6 % 3))
        w.sock.sendall(data)
        for _ in range(60):
            kind, tag, _ = w.receive()
            who, _ = sent[tag]
            assert (kind == LOPEN + 1) == (who == 0), f"user {who}: answer {kind}"
            allowed.append(kind == LOPEN + 1)
        for _, fid in sent.values():
            w.clunk(fid)
    assert sum(allowed) == 60 * 20
    refused((errno.EACCES,), "a file in root's directory", w.call, MKDIR, u32(1), text("x"), u32(0o777), u32(0))
    w.walk(2, 9, "public")
    refused((errno.EPERM,), "chown", w.call, SETATTR, u32(9), u32(2), u32(0), u32(1), u32(1), u64(0),
            *[u64(0)] * 4)
    refused((errno.EPERM, errno.EACCES), "file capabilities", w.call, XATTRCREATE, u32(9),
            text("security.capability"), u64(20), u32(0))
    refused((errno.EPERM,), "a device", w.call, MKNOD, u32(2), text("n"), u32(stat.S_IFCHR | 0o666), u32(1),
            u32(3), u32(0)) if os.chmod(t.tree, 0o777) is None else None
    w.end()


def a_limited_export(t):
    os.chmod(t.tree, 0o777)
    os.chown(t.tree + "/group", 0, 4)
    w = Worker(t.tree, "--uid=65534", "--gid=65534")
    for field in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(w.status(field), 16) == 0, field
    assert w.status("Groups") == "" and w.status("Uid").split() == ["65534"] * 4, "identity"
    w.attach(0, 0)
    for name in ("secret", "group"):
        w.walk(0, 1, name)
        refused((errno.EACCES,), f"open {name}", w.open, 1, 0)
        w.clunk(1)
    w.call(LCREATE, *(w.walk(0, 2), u32(2))[1:], text("mine"), u32(0o102), u32(0o6755), u32(0))
    assert os.stat(t.tree + "/mine").st_uid == 65534, "made as somebody else"
    refused((errno.EPERM,), "device", w.call, MKNOD, u32(0), text("n"), u32(stat.S_IFCHR | 0o666), u32(1),
            u32(3), u32(0))
    w.end()


def its_own_memory(_):
    """The whole host, for one user: /proc/self is the worker."""
    w = Worker("/", "--uid=65534", "--gid=65534")
    w.attach(0, 0)
    for name in ("mem", "environ", "auxv"):
        w.walk(0, 1, "proc", str(w.process.pid), name)
        refused((errno.EACCES, errno.EPERM), f"open {name}", w.open, 1, 0)
        w.clunk(1)
    refused((errno.ENOTDIR, errno.ENOENT, errno.EACCES, errno.EPERM), "a magic link", w.walk, 0, 1, "proc",
            str(w.process.pid), "root", "etc")
    w.end()


def changing_what_is_read_only(t):
    before = t.snapshot()
    w = Worker(t.tree, "--read-only")
    w.attach(0, 0)
    w.walk(0, 1, "public")
    for flags in (1, 2, 3, 0o1000, 0o1001, 0o1002, 0o3000, 0o102):
        refused((errno.EROFS, errno.EINVAL), f"open with {flags:o}", w.open, 1, flags)
    attr = (u32(0o777), u32(1), u32(1), u64(0), *[u64(1)] * 4)
    for valid in (1, 2, 4, 8, 0x10, 0x20, 0x40, 0x1FF):
        refused((errno.EROFS,), "setattr", w.call, SETATTR, u32(1), u32(valid), *attr)
    for flags in (0, 1, 2):
        refused((errno.EROFS,), "xattrcreate", w.call, XATTRCREATE, u32(1), text("user.x"), u64(0), u32(flags))
    for kind, parts in ((LCREATE, (u32(0), text("n"), u32(0), u32(0o644), u32(0))),
                        (SYMLINK, (u32(0), text("n"), text("x"), u32(0))),
                        (MKNOD, (u32(0), text("n"), u32(0o100644), u32(0), u32(0), u32(0))),
                        (RENAME, (u32(1), u32(0), text("n"))), (LINK, (u32(0), u32(1), text("n"))),
                        (MKDIR, (u32(0), text("n"), u32(0o755), u32(0))),
                        (RENAMEAT, (u32(0), text("public"), u32(0), text("n"))),
                        (UNLINKAT, (u32(0), text("public"), u32(0)))):
        refused((errno.EROFS,), f"message {kind}", w.call, kind, *parts)
    w.open(1, 0)
    refused((errno.EROFS,), "write", w.call, WRITE, u32(1), u64(0), u32(1), b"x")
    refused((errno.EBADF, errno.EROFS), "write lock", w.call, LOCK, u32(1), u8(1), u32(0), u64(0), u64(0),
            u32(1), text("c"))
    w.walk(0, 2, "public")
    refused((errno.EROFS,), "remove", w.call, REMOVE, u32(2))
    w.end()
    assert t.snapshot() == before, "something has changed"


def taking_everything(t):
    """As many fids, attributes, locks and parked flushes as there are; other connections do not notice."""
    w = Worker(t.tree)
    w.attach(0, 0)
    codes = set()

    def read_replies():
        for _ in range(70000):
            kind, _, body = w.receive()
            if kind == RLERROR:
                codes.add(struct.unpack("<I", body)[0])

    reader = threading.Thread(target=read_replies)
    reader.start()
    for first in range(1, 70001, 1000):
        w.sock.sendall(b"".join(message(WALK, fid % 60000, u32(0), u32(fid), u16(0))
                                for fid in range(first, first + 1000)))
    reader.join()
    assert codes <= {errno.EMFILE}, codes
    assert codes, "70000 fids were had"
    refused((errno.EMFILE,), "one more fid", w.walk, 0, 100000)
    w.clunk(1)
    w.walk(0, 1, "public")
    held, n = [], 0
    for fid in range(2, 1000):
        w.clunk(fid)
        try:
            w.walk(0, fid, "public")
            w.call(XATTRCREATE, u32(fid), text("user.x"), u64(65536), u32(0))
            n += 1
        except Refused as r:
            held.append(r.code)
            break
    assert held == [errno.ENOMEM] and n <= 256, (held, n)
    with Tree() as other:
        v = Worker(other.tree)
        v.attach(0, 0)
        v.end()
    rss = int(w.status("VmRSS").split()[0])
    assert rss < 400000, f"{rss} KiB"
    w.end()


def never_reading_replies(t):
    with open(t.tree + "/big", "wb") as f:
        f.truncate(64 << 20)
    w = Worker(t.tree)
    w.attach(0, 0)
    w.walk(0, 1, "big")
    w.open(1, 0)
    w.sock.settimeout(1)
    try:
        for tag in range(60000):
            w.send(READ, tag, u32(1), u64(0), u32((1 << 20) - 11))
    except (TimeoutError, OSError):
        pass
    rss = int(w.status("VmRSS").split()[0])
    assert rss < 500000, f"{rss} KiB"
    assert w.alive()
    w.end()


def confusion(t):
    """Requests at random, thousands at a time, tags and fids few: used, flushed, ended, all at once."""
    for seed in range(6):
        r = random.Random(seed)
        w = Worker(t.tree)
        w.attach(0, 0)

        def one(r=r):
            tag, fid, to = r.randrange(64), r.randrange(8), r.randrange(8)
            name = r.choice(("d", "e", "public", "x", "y", ".."))
            return r.choice((
                lambda: message(WALK, tag, u32(fid), u32(to), u16(1), text(name)),
                lambda: message(WALK, tag, u32(fid), u32(fid), u16(1), text(name)),
                lambda: message(WALK, tag, u32(0), u32(to), u16(0)),
                lambda: message(LOPEN, tag, u32(fid), u32(r.choice((0, 2, 0o200000)))),
                lambda: message(LCREATE, tag, u32(fid), text(name), u32(0o102), u32(0o644), u32(0)),
                lambda: message(READ, tag, u32(fid), u64(0), u32(r.choice((10, 100000)))),
                lambda: message(WRITE, tag, u32(fid), u64(r.randrange(1000)), u32(5), b"12345"),
                lambda: message(READDIR, tag, u32(fid), u64(0), u32(4096)),
                lambda: message(LOCK, tag, u32(fid), u8(r.randrange(3)), u32(1), u64(0), u64(0),
                                u32(r.randrange(3)), text("c")),
                lambda: message(XATTRCREATE, tag, u32(fid), text("user.a"), u64(5), u32(0)),
                lambda: message(XATTRWALK, tag, u32(fid), u32(to), text("")),
                lambda: message(CLUNK, tag, u32(fid)) if fid else message(FSYNC, tag, u32(to), u32(0)),
                lambda: message(FLUSH, 64 + tag, u16(tag)),
                lambda: message(UNLINKAT, tag, u32(fid), text(name), u32(0)),
                lambda: message(RENAME, tag, u32(fid), u32(0), text(name)),
                lambda: message(GETATTR, tag, u32(fid), u64(0x7FF)),
                lambda: message(VERSION, 0xFFFF, u32(1 << 20), text("9P2000.L"))
                + message(ATTACH, tag, u32(0), u32(NOFID), text(""), text(""), u32(r.choice((0, 65534))))
                if r.random() < 0.02 else message(READLINK, tag, u32(fid)),
            ))()

        def drain(w=w):
            try:
                while w.sock.recv(1 << 20):
                    pass
            except OSError:
                pass

        thread = threading.Thread(target=drain)
        thread.start()
        try:
            for _ in range(40):
                w.sock.sendall(b"".join(one() for _ in range(250)))
        except OSError:
            pass
        w.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
        w.end()


def malformed(t):
    r = random.Random(9)
    for kind in list(range(6, 128, 2)) + [0, 255]:
        w = Worker(t.tree)
        try:
            w.attach(0, 0)
            for n in (0, 1, 4, 30, 200):
                w.sock.sendall(message(kind, n, r.randbytes(n)))
        except OSError:
            pass
        w.sock.close()
        w.end()
    for head in (u32(0), u32(6), u32(1 << 31), u32(0xFFFFFFFF), u32((1 << 20) + 1)):
        w = Worker(t.tree)
        w.sock.sendall(head + b"x" * 100)
        try:
            assert not w.sock.recv(100), "answered"
        except ConnectionError:
            pass
        w.end()


ATTACKS = (names_that_lead_out, links_that_lead_out, nodes_of_devices, directories_moved_away,
           somebody_elses_rights, a_limited_export, its_own_memory, changing_what_is_read_only,
           taking_everything, never_reading_replies, confusion, malformed)
failures = 0
print(f"1..{len(ATTACKS)}")
for number, attack in enumerate(ATTACKS, 1):
    try:
        with Tree() as place:
            attack(place)
        print(f"ok {number} - {attack.__name__.replace('_', ' ')}", flush=True)
    except Exception as e:  # pylint: disable=broad-except
        failures += 1
        print(f"not ok {number} - {attack.__name__.replace('_', ' ')}\n# {type(e).__name__}: {e}", flush=True)
sys.exit(failures > 0)
