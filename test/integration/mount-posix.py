#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Single system calls on a mounted directory: mount-posix.py TEST DIRECTORY [OTHER-DIRECTORY]."""
import ctypes
import errno
import fcntl
import mmap
import os
import random
import signal
import socket
import stat
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
D = sys.argv[2]
E = sys.argv[3] if len(sys.argv) > 3 else None


def path(name, base=None):
    return os.path.join(base or D, name)


def expect(error, fn, *args, **kw):
    try:
        fn(*args, **kw)
    except OSError as e:
        assert e.errno == error, f"{fn.__name__}{args}: {e}, not {errno.errorcode[error]}"
        return
    raise AssertionError(f"{fn.__name__}{args}: no {errno.errorcode[error]}")


def write(name, data, base=None):
    with open(path(name, base), "wb") as f:
        f.write(data)


def read(name, base=None):
    with open(path(name, base), "rb") as f:
        return f.read()


def files():
    fd = os.open(path("f"), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640)
    expect(errno.EEXIST, os.open, path("f"), os.O_CREAT | os.O_EXCL | os.O_RDWR)
    assert os.write(fd, b"hello") == 5
    assert os.pread(fd, 10, 1) == b"ello"
    os.pwrite(fd, b"end", 1 << 20)
    assert os.fstat(fd).st_size == (1 << 20) + 3
    assert os.pread(fd, 8, (1 << 20) - 4) == b"\0\0\0\0end"
    os.ftruncate(fd, 3)
    assert os.fstat(fd).st_size == 3 and os.pread(fd, 10, 0) == b"hel"
    os.ftruncate(fd, 10)
    assert os.pread(fd, 20, 0) == b"hel" + bytes(7)
    os.fsync(fd)
    os.fdatasync(fd)
    os.close(fd)
    os.truncate(path("f"), 2)
    assert read("f") == b"he"
    fd = os.open(path("f"), os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"y")
    os.lseek(fd, 0, 0)
    os.write(fd, b"!")
    os.close(fd)
    assert read("f") == b"hey!"
    fd = os.open(path("f"), os.O_RDONLY)
    expect(errno.EBADF, os.write, fd, b"x")
    os.close(fd)
    os.close(os.open(path("f"), os.O_WRONLY | os.O_TRUNC))
    assert os.stat(path("f")).st_size == 0
    expect(errno.ENOENT, os.open, path("none"), os.O_RDONLY)
    expect(errno.ENOTDIR, os.open, path("f/g"), os.O_RDONLY)
    expect(errno.EISDIR, os.open, D, os.O_RDWR)
    fd = os.open(path("s"), os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(fd, 0, 100000)
    assert os.fstat(fd).st_size == 100000
    os.close(fd)
    os.unlink(path("f"))
    os.unlink(path("s"))
    expect(errno.ENOENT, os.unlink, path("f"))


def names():
    os.mkdir(path("d"))
    expect(errno.EEXIST, os.mkdir, path("d"))
    write("d/a", b"a")
    os.link(path("d/a"), path("d/b"))
    assert os.stat(path("d/a")).st_ino == os.stat(path("d/b")).st_ino
    assert os.stat(path("d/b")).st_nlink == 2
    os.symlink("a", path("d/l"))
    assert os.readlink(path("d/l")) == "a" and read("d/l") == b"a"
    expect(errno.EINVAL, os.readlink, path("d/a"))
    os.symlink("x" * 4000, path("d/long"))
    assert len(os.readlink(path("d/long"))) == 4000
    os.rename(path("d/a"), path("c"))
    assert read("c") == b"a" and sorted(os.listdir(path("d"))) == ["b", "l", "long"]
    write("other", b"other")
    os.rename(path("other"), path("c"))
    assert read("c") == b"other" and read("d/b") == b"a"
    os.mkdir(path("e"))
    os.rename(path("d"), path("e/d"))
    assert read("e/d/b") == b"a"
    os.mkdir(path("e/d/deep"))
    os.rename(path("e"), path("ee"))
    write("ee/d/deep/f", b"1")
    assert read("ee/d/deep/f") == b"1"
    expect(errno.EINVAL, os.rename, path("ee"), path("ee/d/in-itself"))
    expect(errno.ENOTEMPTY, os.rmdir, path("ee"))
    expect(errno.ENOTDIR, os.rmdir, path("c"))
    expect(errno.EISDIR, os.unlink, path("ee"))
    def renameat2(name, to, flags):
        r = libc.renameat2(-100, path(name).encode(), -100, path(to).encode(), flags)
        return 0 if r == 0 else ctypes.get_errno()
    noreplace, exchange = 1, 2
    assert renameat2("c", "ee/d/b", noreplace) == errno.EEXIST
    assert renameat2("c", "c2", noreplace) == 0
    assert renameat2("c2", "c", noreplace) == 0 and read("c") == b"other"
    assert renameat2("c", "gone", exchange) == errno.ENOENT
    assert renameat2("c", "ee/d/b", exchange) == 0
    assert read("c") == b"a" and read("ee/d/b") == b"other"
    assert renameat2("c", "ee/d", exchange) == 0
    assert read("c/b") == b"other" and read("ee/d") == b"a"
    assert renameat2("c", "ee/d", exchange) == 0
    assert renameat2("c", "ee/d/b", exchange) == 0 and read("c") == b"other"
    assert renameat2("c", "c2", noreplace | exchange) == errno.EINVAL
    long = "n" * 255
    write(long, b"long")
    assert read(long) == b"long"
    expect(errno.ENAMETOOLONG, os.open, path(long + "n"), os.O_CREAT | os.O_WRONLY)
    odd = D.encode() + b"/\xff\x01 \\\n*"
    os.close(os.open(odd, os.O_CREAT | os.O_WRONLY))
    assert odd[len(D) + 1:] in os.listdir(D.encode())
    os.unlink(odd)
    os.unlink(path(long))
    deep = D
    for i in range(40):
        deep = os.path.join(deep, f"level{i}")
        os.mkdir(deep)
    write("x", b"deep", deep)
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("2")
    assert read("x", deep) == b"deep"
    subprocess.run(["rm", "-r", path("level0"), path("ee"), path("c")], check=True)


def attributes():
    write("f", b"x")
    p = path("f")
    os.chmod(p, 0o4751)
    assert stat.S_IMODE(os.stat(p).st_mode) == 0o4751
    os.chown(p, 1234, 4321)
    st = os.stat(p)
    assert (st.st_uid, st.st_gid) == (1234, 4321)
    assert stat.S_IMODE(st.st_mode) == 0o751, oct(st.st_mode)
    os.utime(p, ns=(1_000_000_000_123_456_789, 1_500_000_000_987_654_321))
    st = os.stat(p)
    assert st.st_atime_ns == 1_000_000_000_123_456_789
    assert st.st_mtime_ns == 1_500_000_000_987_654_321
    os.utime(p)
    assert abs(os.stat(p).st_mtime - time.time()) < 10
    os.umask(0o027)
    os.mkdir(path("d"))
    os.close(os.open(path("d/g"), os.O_CREAT | os.O_WRONLY, 0o666))
    assert stat.S_IMODE(os.stat(path("d")).st_mode) == 0o750
    assert stat.S_IMODE(os.stat(path("d/g")).st_mode) == 0o640
    os.chown(path("d"), -1, 777)
    os.chmod(path("d"), 0o2777)
    os.mkdir(path("d/sub"))
    st = os.stat(path("d/sub"))
    assert st.st_gid == 777 and st.st_mode & stat.S_ISGID, (st.st_gid, oct(st.st_mode))
    os.symlink("nowhere", path("d/l"))
    os.chown(path("d/l"), 5, 6, follow_symlinks=False)
    assert os.lstat(path("d/l")).st_uid == 5
    os.utime(path("d/l"), ns=(5, 6), follow_symlinks=False)
    assert os.lstat(path("d/l")).st_mtime_ns == 6
    before = os.stat(p).st_mtime_ns
    time.sleep(0.02)
    with open(p, "ab") as f:
        f.write(b"more")
    assert os.stat(p).st_mtime_ns > before and os.stat(p).st_size == 5
    subprocess.run(["rm", "-r", p, path("d")], check=True)


def unlinked():
    fd = os.open(path("u"), os.O_CREAT | os.O_RDWR)
    os.write(fd, b"before")
    os.unlink(path("u"))
    expect(errno.ENOENT, os.stat, path("u"))
    os.pwrite(fd, b"after!", 0)
    assert os.pread(fd, 10, 0) == b"after!"
    os.ftruncate(fd, 3)
    os.fchmod(fd, 0o600)
    st = os.fstat(fd)
    assert st.st_size == 3 and st.st_nlink == 0 and stat.S_IMODE(st.st_mode) == 0o600
    os.fsync(fd)
    other = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    assert os.read(other, 10) == b"aft"
    os.close(other)
    os.close(fd)
    write("v", b"old")
    fd = os.open(path("v"), os.O_RDONLY)
    write("w", b"new")
    os.rename(path("w"), path("v"))
    assert os.read(fd, 10) == b"old" and read("v") == b"new"
    os.close(fd)
    os.unlink(path("v"))


def xattrs():
    write("x", b"")
    p = path("x")
    os.setxattr(p, "user.one", b"1")
    os.setxattr(p, "user.empty", b"")
    os.setxattr(p, "user.big", b"b" * 3000)
    assert os.getxattr(p, "user.one") == b"1" and os.getxattr(p, "user.empty") == b""
    assert os.getxattr(p, "user.big") == b"b" * 3000
    assert sorted(os.listxattr(p)) == ["user.big", "user.empty", "user.one"]
    expect(errno.EEXIST, os.setxattr, p, "user.one", b"2", os.XATTR_CREATE)
    expect(errno.ENODATA, os.setxattr, p, "user.no", b"2", os.XATTR_REPLACE)
    expect(errno.ENODATA, os.getxattr, p, "user.no")
    os.removexattr(p, "user.one")
    expect(errno.ENODATA, os.removexattr, p, "user.one")
    assert sorted(os.listxattr(p)) == ["user.big", "user.empty"]
    os.unlink(p)


def special():
    os.mkfifo(path("fifo"), 0o644)
    assert stat.S_ISFIFO(os.stat(path("fifo")).st_mode)
    child = os.fork()
    if child == 0:
        write("fifo", b"through the pipe")
        os._exit(0)
    assert read("fifo") == b"through the pipe"
    os.waitpid(child, 0)
    os.mknod(path("null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    st = os.stat(path("null"))
    assert stat.S_ISCHR(st.st_mode) and st.st_rdev == os.makedev(1, 3)
    expect(errno.EACCES, os.open, path("null"), os.O_RDONLY)  # nodev
    s = socket.socket(socket.AF_UNIX)
    s.bind(path("sock"))
    s.listen(1)
    c = socket.socket(socket.AF_UNIX)
    c.connect(path("sock"))
    assert stat.S_ISSOCK(os.stat(path("sock")).st_mode)
    v = os.statvfs(D)
    assert v.f_blocks > 0 and v.f_namemax == 255 and v.f_bavail <= v.f_blocks
    assert v.f_flag & os.ST_NOSUID and v.f_flag & os.ST_NODEV
    for name in ("fifo", "null", "sock"):
        os.unlink(path(name))


def directory():
    os.mkdir(path("many"))
    want = {f"a-file-with-a-name-{i}" for i in range(3000)}
    for name in want:
        os.close(os.open(path("many/" + name), os.O_CREAT | os.O_WRONLY))
    assert set(os.listdir(path("many"))) == want
    with os.scandir(path("many")) as it:
        assert all(e.is_file(follow_symlinks=False) for e in it)
    out = subprocess.run(["ls", "-la", path("many")], capture_output=True, check=True).stdout
    assert len(out.splitlines()) == 3003
    libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
    libc.telldir.restype = ctypes.c_long
    d = ctypes.c_void_p(libc.opendir(path("many").encode()))
    seen = []

    def entry():
        p = libc.readdir(d)
        return p and ctypes.string_at(p + 19)

    while len(seen) < 1500:
        seen.append(entry())
    at = libc.telldir(d)
    rest = []
    while name := entry():
        rest.append(name)
    libc.seekdir(d, ctypes.c_long(at))
    again = []
    while name := entry():
        again.append(name)
    libc.closedir(d)
    assert rest == again
    assert {n.decode() for n in seen + rest} - {".", ".."} == want
    for name in os.listdir(path("many")):  # removing while reading
        os.unlink(path("many/" + name))
    os.rmdir(path("many"))


def mapping():
    fd = os.open(path("m"), os.O_CREAT | os.O_RDWR)
    os.ftruncate(fd, 1 << 20)
    m = mmap.mmap(fd, 1 << 20)
    m[100:105] = b"hello"
    m[(1 << 20) - 3:] = b"end"
    assert os.pread(fd, 5, 100) == b"hello"
    m.flush()
    assert read("m")[100:105] == b"hello"
    os.pwrite(fd, b"W", 100)
    assert m[100:105] == b"Wello"
    # A file of the same inode that appends must not get the mapping's pages.
    ap = os.open(path("m"), os.O_WRONLY | os.O_APPEND)
    m[0:4] = b"page"
    os.write(ap, b"tail")
    m.flush()
    os.close(ap)
    os.close(fd)
    m[4096:4100] = b"late"
    m.close()
    data = read("m")
    assert len(data) == (1 << 20) + 4 and data[:4] == b"page" and data[-4:] == b"tail"
    assert data[4096:4100] == b"late" and data[(1 << 20) - 3:1 << 20] == b"end"
    fd = os.open(path("m"), os.O_RDONLY)
    p = mmap.mmap(fd, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    p[0:4] = b"mine"
    p.close()
    os.close(fd)
    assert read("m")[:4] == b"page"
    os.unlink(path("m"))


def large():
    rng = random.Random(7)
    data = rng.randbytes(9_000_001)
    write("big", data)
    assert read("big") == data
    fd = os.open(path("big"), os.O_RDWR)
    for _ in range(200):
        at, n = rng.randrange(len(data)), rng.choice((1, 100, 4097, 300_000, 2_500_000))
        assert os.pread(fd, n, at) == data[at:at + n]
    copy = bytearray(data)
    for _ in range(60):
        at, n = rng.randrange(len(data)), rng.choice((1, 4095, 70_000, 1_100_000))
        piece = rng.randbytes(min(n, len(data) - at))
        assert os.pwrite(fd, piece, at) == len(piece)
        copy[at:at + len(piece)] = piece
    os.close(fd)
    assert read("big") == copy
    os.unlink(path("big"))


def users():
    os.mkdir(path("home"))
    os.chown(path("home"), 1001, 1001)
    os.mkdir(path("closed"), 0o700)
    write("closed/secret", b"s")
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(1001)
        os.setuid(1001)
        write("home/mine", b"mine")
        os.mkdir(path("home/dir"))
        os.symlink("mine", path("home/link"))
        os.chmod(path("home/mine"), 0o600)
        expect(errno.EACCES, os.listdir, path("closed"))
        expect(errno.EACCES, os.open, path("closed/secret"), os.O_RDONLY)
        expect(errno.EACCES, os.open, path("new"), os.O_CREAT | os.O_WRONLY)
        expect(errno.EPERM, os.chown, path("home/mine"), 0, 0)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    for name in ("home/mine", "home/dir", "home/link"):
        st = os.lstat(path(name, E))
        assert (st.st_uid, st.st_gid) == (1001, 1001), (name, st)
    assert read("home/mine") == b"mine"
    subprocess.run(["rm", "-r", path("home"), path("closed")], check=True)


def direct():
    fd = os.open(path("o"), os.O_CREAT | os.O_RDWR | os.O_DIRECT)
    buf = mmap.mmap(-1, 1 << 21)
    buf.write(os.urandom(1 << 21))
    assert os.pwrite(fd, buf, 0) == 1 << 21
    back = mmap.mmap(-1, 1 << 21)
    assert os.preadv(fd, [back], 0) == 1 << 21 and back[:] == buf[:]
    os.close(fd)
    fd = os.open(path("o"), os.O_RDWR | os.O_SYNC)
    os.pwrite(fd, b"sync", 5)
    os.close(fd)
    assert read("o")[5:9] == b"sync"
    os.unlink(path("o"))


def in_child(fn):
    pid = os.fork()
    if pid == 0:
        try:
            fn()
        except BaseException as e:  # the parent only sees the status
            print("child:", repr(e), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def lock(fd, kind, start=0, length=0, wait=False):
    fcntl.lockf(fd, kind | (0 if wait or kind == fcntl.LOCK_UN else fcntl.LOCK_NB), length, start)


def locks():
    write("l", bytes(1000))
    a = os.open(path("l"), os.O_RDWR)
    b = os.open(path("l", E), os.O_RDWR)
    lock(a, fcntl.LOCK_EX, 0, 100)
    lock(a, fcntl.LOCK_EX, 50, 100)  # one's own do not hinder

    def others():
        for base in (D, E):
            fd = os.open(path("l", base), os.O_RDWR)
            expect(errno.EAGAIN, lock, fd, fcntl.LOCK_EX, 0, 10)
            expect(errno.EAGAIN, lock, fd, fcntl.LOCK_SH, 149, 10)
            lock(fd, fcntl.LOCK_EX, 150, 10)
            lock(fd, fcntl.LOCK_UN, 150, 10)
            fl = fcntl.fcntl(fd, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
            kind, _, start, length, _ = struct.unpack("hhqqi4x", fl)
            assert (kind, start, length) == (fcntl.F_WRLCK, 0, 150), (kind, start, length)
            os.close(fd)
    in_child(others)
    lock(a, fcntl.LOCK_UN, 20, 10)  # a hole

    def hole():
        fd = os.open(path("l", E), os.O_RDWR)
        lock(fd, fcntl.LOCK_EX, 20, 10)
        expect(errno.EAGAIN, lock, fd, fcntl.LOCK_EX, 19, 1)
        expect(errno.EAGAIN, lock, fd, fcntl.LOCK_EX, 30, 1)
    in_child(hole)
    lock(a, fcntl.LOCK_UN)
    lock(a, fcntl.LOCK_SH)

    def shared():
        fd = os.open(path("l", E), os.O_RDWR)
        lock(fd, fcntl.LOCK_SH)
        expect(errno.EAGAIN, lock, fd, fcntl.LOCK_EX)
    in_child(shared)
    os.close(os.open(path("l"), os.O_RDONLY))  # POSIX: closing any descriptor lets all go

    def free():
        fd = os.open(path("l", E), os.O_RDWR)
        lock(fd, fcntl.LOCK_EX)
    in_child(free)
    in_child(free)  # ended with the process that held it
    fcntl.fcntl(a, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK

    def busy():
        fd = os.open(path("l", E), os.O_RDWR)
        expect(errno.EAGAIN, lock, fd, fcntl.LOCK_EX)
    in_child(busy)
    os.close(a)
    soon(lock, b, fcntl.LOCK_EX)
    os.close(b)
    os.unlink(path("l"))


def soon(fn, *args):
    """Closing is told to the server without anybody waiting for it: try for a while."""
    for _ in range(200):
        try:
            return fn(*args)
        except OSError as e:
            if e.errno != errno.EAGAIN:
                raise
        time.sleep(0.01)
    return fn(*args)


def flocks():
    write("k", b"")
    a = os.open(path("k"), os.O_RDWR)
    a2 = os.open(path("k"), os.O_RDWR)
    b = os.open(path("k", E), os.O_RDONLY)
    nb = fcntl.LOCK_NB
    fcntl.flock(a, fcntl.LOCK_EX | nb)
    expect(errno.EAGAIN, fcntl.flock, a2, fcntl.LOCK_SH | nb)
    expect(errno.EAGAIN, fcntl.flock, b, fcntl.LOCK_SH | nb)
    lock(a2, fcntl.LOCK_EX)  # the other kind of lock is another matter
    lock(a2, fcntl.LOCK_UN)
    fcntl.flock(a, fcntl.LOCK_SH | nb)
    fcntl.flock(b, fcntl.LOCK_SH | nb)
    expect(errno.EAGAIN, fcntl.flock, a, fcntl.LOCK_EX | nb)
    fcntl.flock(b, fcntl.LOCK_UN)
    fcntl.flock(a, fcntl.LOCK_EX | nb)
    dup = os.dup(a)
    os.close(a)
    expect(errno.EAGAIN, fcntl.flock, b, fcntl.LOCK_SH | nb)
    os.close(dup)
    soon(fcntl.flock, b, fcntl.LOCK_SH | nb)
    os.close(a2)
    os.close(b)
    os.unlink(path("k"))


def waiting():
    write("w", b"")
    a = os.open(path("w"), os.O_RDWR)
    lock(a, fcntl.LOCK_EX)
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        fd = os.open(path("w", E), os.O_RDWR)
        os.write(w, b"1")
        lock(fd, fcntl.LOCK_EX, wait=True)
        os.write(w, b"2")
        os._exit(0)
    assert os.read(r, 1) == b"1"
    for _ in range(50):  # the mount is not held up meanwhile
        os.stat(path("w", E))
        read("w", E)
    time.sleep(0.2)
    os.set_blocking(r, False)
    expect(errno.EAGAIN, os.read, r, 1)
    lock(a, fcntl.LOCK_UN)
    os.set_blocking(r, True)
    assert os.read(r, 1) == b"2"
    assert os.waitpid(pid, 0)[1] == 0
    lock(a, fcntl.LOCK_EX)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        fd = os.open(path("w", E), os.O_RDWR)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        lock(fd, fcntl.LOCK_EX, wait=True)
        os._exit(0)
    began = time.monotonic()
    assert os.waitpid(pid, 0)[1] == signal.SIGALRM
    assert time.monotonic() - began < 5
    lock(a, fcntl.LOCK_UN)

    def free():  # the interrupted one does not hold it
        fd = os.open(path("w", E), os.O_RDWR)
        soon(lock, fd, fcntl.LOCK_EX)
    in_child(free)
    os.close(a)
    os.unlink(path("w"))


def coherent():
    write("c", bytes(8192))
    fds = [os.open(path("c"), os.O_RDWR), os.open(path("c", E), os.O_RDWR)]
    for i in range(1, 200):
        fd = fds[i % 2]
        lock(fd, fcntl.LOCK_EX, wait=True)
        got = struct.unpack("<Q", os.pread(fd, 8, 4096))[0]
        assert got == i - 1, f"round {i}: sees {got}"
        os.pwrite(fd, struct.pack("<Q", i), 4096)
        lock(fd, fcntl.LOCK_UN)
    for fd in fds:
        os.close(fd)
    os.unlink(path("c"))


def turns():
    """Who has the lock several times in a row keeps what it has cached, until another had it."""
    write("c", bytes(8192))
    sides = [(os.open(path("c", base), os.O_RDWR), path("c-journal", base)) for base in (D, E)]
    expected, journal, seed = 0, False, 1
    for i in range(400):
        seed = seed * 1103515245 + 12345 & 0x7fffffff
        fd, name = sides[seed >> 20 & 1]
        lock(fd, fcntl.LOCK_EX, wait=True)
        got = struct.unpack("<Q", os.pread(fd, 8, 4096))[0]
        assert got == expected, f"round {i}: sees {got}, not {expected}"
        assert os.path.exists(name) == journal, f"round {i}: journal is {not journal}"
        if seed >> 21 & 1:
            expected = i
            os.pwrite(fd, struct.pack("<Q", i), 4096)
        if seed >> 22 & 1:
            journal = not journal
            if journal:
                write("c-journal", b"x", os.path.dirname(name))
            else:
                os.unlink(name)
        lock(fd, fcntl.LOCK_UN)
    for fd, _ in sides:
        os.close(fd)
    os.unlink(path("c"))
    if journal:
        os.unlink(path("c-journal"))


def close_open():
    for i in range(50):
        base, other = (D, E) if i % 2 else (E, D)
        write("co", b"x" * (i * 37) + b"%d" % i, base)
        assert read("co", other) == b"x" * (i * 37) + b"%d" % i
    os.unlink(path("co"))


def append():
    write("log", b"")

    def writer(base, tag):
        fd = os.open(path("log", base), os.O_WRONLY | os.O_APPEND)
        for i in range(300):
            os.write(fd, b"%s %06d\n" % (tag, i))
        os.close(fd)
    pids = []
    for base, tag in ((D, b"a"), (E, b"b"), (D, b"c")):
        pid = os.fork()
        if pid == 0:
            writer(base, tag)
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
    lines = read("log").splitlines()
    assert sorted(lines) == sorted(b"%s %06d" % (t, i) for t in (b"a", b"b", b"c") for i in range(300))
    os.unlink(path("log"))


def names_across():
    expect(errno.ENOENT, os.stat, path("later"))
    write("later", b"1", E)
    deadline = time.monotonic() + 5  # what was looked for in vain is believed until the event
    while not os.path.exists(path("later")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert read("later") == b"1"
    expect(errno.EEXIST, os.open, path("later"), os.O_CREAT | os.O_EXCL)
    os.unlink(path("later", E))
    time.sleep(1.1)
    expect(errno.ENOENT, os.stat, path("later"))
    os.mkdir(path("dir"))
    write("dir/f", b"1")
    os.rename(path("dir", E), path("moved", E))
    time.sleep(1.1)
    assert read("moved/f") == b"1"
    expect(errno.ENOENT, os.stat, path("dir"))
    subprocess.run(["rm", "-r", path("moved")], check=True)


globals()[sys.argv[1]]()
