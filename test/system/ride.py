#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that work in a directory until they are told to stop, and then know what must be there.

    ride.py KIND DIRECTORY PROGRESS STOP

Works in DIRECTORY until the file STOP exists; adds a byte to PROGRESS with each round. Exits with 0 if
nothing ever failed, and all that was done is there, once.
"""
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

KIND, TOP, PROGRESS, STOP = sys.argv[1:]


def rounds():
    n = 0
    while not os.path.exists(STOP):
        yield n
        n += 1
        with open(PROGRESS, "a") as f:
            f.write(".")


def run(*command, **options):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, **options)


def expect(what, wanted):
    if what != wanted:
        sys.exit(f"{KIND}: {what!r} instead of {wanted!r}"[:2000])


def append():
    """Each record of each process is there once, in order."""
    path = os.path.join(TOP, "log")
    children = {}
    for who in range(3):
        pid = os.fork()
        if pid == 0:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            last = 0
            for last in rounds():
                record = b"%d %d %s\n" % (who, last, b"x" * (last % 50))
                expect(os.write(fd, record), len(record))
            os.close(fd)
            with open(f"{STOP}.{who}", "w") as f:
                f.write(str(last))
            os._exit(0)
        children[pid] = who
    for pid, who in children.items():
        expect((os.waitpid(pid, 0)[1], who), (0, who))
    seen = {who: [] for who in children.values()}
    with open(path, "rb") as f:
        for line in f:
            who, n = line.split()[:2]
            seen[int(who)].append(int(n))
    for who, numbers in seen.items():
        with open(f"{STOP}.{who}") as f:
            expect(numbers, list(range(int(f.read()) + 1)))


def names():
    """What has been made can be renamed and removed, and not twice; and a timer ticks meanwhile, of
    which no file system tells."""
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    os.mkdir(f"{TOP}/names")
    for n in rounds():
        d, e = f"{TOP}/names/d{n}", f"{TOP}/names/e{n}"
        os.mkdir(d)
        with open(f"{d}/f", "x") as f:
            f.write(str(n))
        os.link(f"{d}/f", f"{d}/g")
        os.symlink("f", f"{d}/s")
        os.rename(d, e)
        with open(f"{e}/s") as f:
            expect(f.read(), str(n))
        expect(sorted(os.listdir(e)), ["f", "g", "s"])
        for name in "fgs":
            os.unlink(f"{e}/{name}")
        os.rmdir(e)
    expect(os.listdir(f"{TOP}/names"), [])
    signal.setitimer(signal.ITIMER_REAL, 0)


def write():
    """A file that stays open is what was written into it."""
    path = f"{TOP}/big"
    wanted = bytearray()
    with open(path, "wb") as f:
        for n in rounds():
            piece = bytes([n % 251]) * 50000
            f.write(piece)
            wanted += piece
            if n % 7 == 0:
                f.flush()
                os.fsync(f.fileno())
            if len(wanted) > 200_000_000:
                break
    with open(path, "rb") as f:
        expect(f.read() == wanted, True)


def database():
    """Every transaction that was committed is there."""
    db = sqlite3.connect(f"{TOP}/db", timeout=120)
    db.execute("create table t (n integer, text)")
    db.commit()
    last = 0
    for last in rounds():
        db.execute("insert into t values (?, ?)", (last, "x" * (last % 1000)))
        db.commit()
    expect(db.execute("select count(*), max(n) from t").fetchone(), (last + 1, last))
    expect(db.execute("pragma integrity_check").fetchone(), ("ok",))


def counter():
    """Whoever has the lock is alone."""
    path = f"{TOP}/counter"
    with open(path, "w") as f:
        f.write("0")
    total = 0
    children = []
    for who in range(3):
        r, w = os.pipe()
        if os.fork() == 0:
            n = 0
            with open(path, "r+") as f:
                for _ in rounds():
                    fcntl.lockf(f, fcntl.LOCK_EX)
                    f.seek(0)
                    value = int(f.read())
                    f.seek(0)
                    f.write(str(value + 1))
                    f.flush()
                    fcntl.lockf(f, fcntl.LOCK_UN)
                    n += 1
            os.write(w, str(n).encode())
            os._exit(0)
        os.close(w)
        children.append(r)
    for r in children:
        total += int(os.read(r, 100))
    for r in children:
        expect(os.wait()[1], 0)
    with open(path) as f:
        expect(int(f.read()), total)


def tree():
    """tar's and git's work."""
    for n in rounds():
        out = f"{TOP}/tree{n}"
        os.mkdir(out)
        run("tar", "-xf", f"{STOP}.tar", "-C", out)
        run("git", "clone", "-q", f"{out}/repo", f"{out}/clone")
        run("git", "-C", f"{out}/clone", "fsck", "--no-progress", stdout=subprocess.DEVNULL)
        run("diff", "-r", f"{STOP}.tree", out, "-x", "clone")
        shutil.rmtree(out)


{f.__name__: f for f in (append, names, write, database, counter, tree)}[KIND]()
