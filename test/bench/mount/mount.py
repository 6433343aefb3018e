#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a mount costs beside its peers, on the same work in the same run.

Usage: mount.py METAC-TOOL PROBE [--rounds N] [--json FILE] [ROW...]

Compares the tree itself, our mount of it (server and worker over TCP on loopback), sshfs straight on a
socket (no encryption), and libfuse's pass-through example, compiled here.  Each row is done by all of
them in turn, several rounds; the table has the medians, and how our mount compares.  What
is not installed is left out.  The tree lies on tmpfs, so that the mounts are measured, not a disk.
"""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SFTP = "/usr/lib/openssh/sftp-server"
EXAMPLE = "/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c"
FILES = 2000  # small files
MB = int(os.environ.get("MB", "512"))  # large file


class Local:
    name = "here"

    def __init__(self, top):
        pass

    def up(self, tree, point):
        return tree

    def down(self):
        pass


def wait_for_mount(point, process):
    end = time.time() + 20
    while not os.path.ismount(point):
        if process.poll() is not None or time.time() > end:
            raise RuntimeError("mount failed: " + " ".join(process.args))
        time.sleep(0.01)


def unmount(point, process):
    for _ in range(50):
        if subprocess.run(["umount", point], stderr=subprocess.DEVNULL).returncode == 0:
            break
        time.sleep(0.1)  # something still lets go of its files
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Metac:
    name = "metac"
    tool = ""

    def __init__(self, top):
        self.top = top

    def up(self, tree, point):
        self.process = subprocess.Popen([self.tool, "--tcp", tree, point], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line == "ready\n":
                return point
        raise RuntimeError("mount failed")

    def down(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


class Sshfs:
    name = "sshfs"

    def __init__(self, top):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def up(self, tree, point):
        self.point = point
        self.process = subprocess.Popen(["sshfs", "-f", "-o", f"directport={self.port}",
                                         f"127.0.0.1:{tree}", point])
        sock, _ = self.listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = subprocess.Popen([SFTP], stdin=sock, stdout=sock)
        sock.close()
        wait_for_mount(point, self.process)
        return point

    def down(self):
        unmount(self.point, self.process)
        self.server.wait(20)


class PassThrough:
    name = "pass-through"

    def __init__(self, top):
        self.program = os.path.join(top, "passthrough_ll")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], check=True,
                               capture_output=True, text=True).stdout.split()
        subprocess.run(["cc", "-O2", "-w", "-o", self.program, EXAMPLE, *flags], check=True)

    def up(self, tree, point):
        self.point = point
        self.process = subprocess.Popen(
            [self.program, "-f", "-o", f"source={tree},cache=always,allow_other,default_permissions",
             point], stderr=subprocess.DEVNULL)
        wait_for_mount(point, self.process)
        return point

    def down(self):
        unmount(self.point, self.process)


def available():
    yield Local
    yield Metac
    if shutil.which("sshfs") and os.access(SFTP, os.X_OK):
        yield Sshfs
    if os.path.exists(EXAMPLE) and shutil.which("pkg-config"):
        yield PassThrough


class Bench:
    def __init__(self, probe, top):
        self.probe, self.top = probe, top
        self.tree = os.path.join(top, "tree")
        self.point = os.path.join(top, "mnt")
        self.out = os.path.join(top, "out")
        for d in (self.tree, self.point, self.out):
            os.mkdir(d)
        os.mkdir(self.tree + "/many")
        for i in range(FILES):
            with open(f"{self.tree}/many/f{i}", "wb") as f:
                f.write(os.urandom(512) * 8)
        self.sh(f"head -c {MB}M /dev/urandom >{self.tree}/large")
        self.source_tree(self.out + "/source")
        self.sh(f"tar cf {self.out}/source.tar -C {self.out} source && cp -r {self.out}/source {self.tree}/"
                f" && cd {self.out}/source && git init -q -b main && git add . &&"
                " git -c user.name=a -c user.email=a@example commit -qm all")
        time.sleep(3)  # for the age of what is cached to be beyond doubt

    @staticmethod
    def source_tree(path):
        """Some 1,500 files in 60 directories, of which 60 can be compiled."""
        for d in range(60):
            os.makedirs(f"{path}/d{d}")
            for i in range(24):
                with open(f"{path}/d{d}/h{i}.h", "w") as f:
                    f.write(f"static inline int h{i}(int x) {{ return x * {i} + {d}; }}\n"
                            + "/* as long as such files are */\n" * (40 * (i + 1)))
            with open(f"{path}/d{d}/m.c", "w") as f:
                f.writelines(f'#include "h{i}.h"\n' for i in range(24))
                f.write("#include <stdio.h>\n" f"int m{d}(int x) {{ puts(\"\"); return h1(h2(x)); }}\n")
        with open(path + "/Makefile", "w") as f:
            f.write("all: $(patsubst %.c,%.o,$(wildcard */*.c))\n%.o: %.c\n\tgcc -O1 -c -o $@ $<\n")

    def sh(self, command, **kw):
        r = subprocess.run(["bash", "-c", command], capture_output=True, text=True, **kw)
        if r.returncode:
            raise RuntimeError(f"{command}: {r.stderr.strip()[-300:]}")
        return r.stdout

    def tidy(self):
        """What a row that failed has left."""
        for name in set(os.listdir(self.tree)) - {"many", "large", "source"}:
            self.sh(f"rm -rf {self.tree}/{name}")

    def timed(self, amount, command):
        start = time.perf_counter()
        self.sh(command)
        return amount / (time.perf_counter() - start)

    def probe_rate(self, what, path, n):
        return float(self.sh(f"{self.probe} {what} {path} {n}"))

    # Each row: a generator that gets a path and yields (name, unit, rate); only what is timed is
    # inside.  `remount` gives the path again with nothing cached.

    def row_open(self, m, remount):
        yield "open+read+close, first", "files/s", self.probe_rate("open", m + "/many", FILES)
        yield "open+read+close, again", "files/s", self.probe_rate("open", m + "/many", FILES)

    def row_stat(self, m, remount):
        yield "find", "files/s", self.timed(1500, f"find {m}/source -type f -size -2 >/dev/null")
        yield "stat, again", "files/s", self.probe_rate("stat", m + "/many", FILES) and \
            self.probe_rate("stat", m + "/many", FILES)

    def row_pread(self, m, remount):
        yield "4 KiB reads, random, first", "reads/s", self.probe_rate("pread", m + "/large", 5000)
        self.sh(f"cat {m}/large >/dev/null")
        yield "4 KiB reads, random, cached", "reads/s", self.probe_rate("pread", m + "/large", 100000)

    def row_create(self, m, remount):
        os.mkdir(self.tree + "/new")
        yield "create+write 4 KiB+close", "files/s", self.probe_rate("create", m + "/new", FILES)
        yield "remove", "files/s", self.probe_rate("remove", m + "/new", FILES)
        os.rmdir(self.tree + "/new")

    def row_tar(self, m, remount):
        os.mkdir(self.tree + "/x")
        yield "tar x", "files/s", self.timed(1500, f"tar xf {self.out}/source.tar -C {m}/x")
        m = remount()
        yield "tar c", "files/s", self.timed(1500, f"tar cf - -C {m}/x . | cat >/dev/null")
        shutil.rmtree(self.tree + "/x")

    def row_copy(self, m, remount):
        yield "cp out, first", "MB/s", self.timed(MB * 1.048576, f"cat {m}/large >/dev/null")
        yield "cp out, cached", "MB/s", self.timed(MB * 1.048576, f"cat {m}/large >/dev/null")
        yield "cp in", "MB/s", self.timed(MB * 1.048576, f"cp {self.tree}/large {m}/copy")
        os.unlink(self.tree + "/copy")

    def row_git(self, m, remount):
        yield "git clone", "clones/min", self.timed(60, f"git clone -q {self.out}/source {m}/clone")
        m = remount()
        yield "git status", "runs/min", self.timed(60, f"git -C {m}/clone status -s")
        yield "git status, again", "runs/min", self.timed(60, f"git -C {m}/clone status -s")
        shutil.rmtree(self.tree + "/clone")

    def row_fio(self, m, remount):
        if not shutil.which("fio"):
            return
        for what in ("randread", "randwrite"):
            text = self.sh(f"fio --name=x --filename={m}/fio --size=64m --bs=4k --rw={what} --ioengine=psync"
                           " --runtime=3 --time_based --numjobs=4 --group_reporting --invalidate=1"
                           " --output-format=json")
            job = json.loads(text[text.index("{"):])["jobs"][0]
            yield f"fio {what} 4 KiB, 4 jobs", "ops/s", job["read" if what == "randread" else "write"]["iops"]
        os.unlink(self.tree + "/fio")

    def row_sqlite(self, m, remount):
        if not shutil.which("sqlite3"):
            return
        script = self.out + "/speed.sql"
        with open(script, "w") as f:
            f.write("create table t(a integer primary key, b int, c text);\n")
            for i in range(100):
                f.write("begin;\n")
                f.writelines(f"insert into t values({i * 100 + j}, {i * 7919 % 1000}, 'row {i} {j}');\n"
                             for j in range(100))
                f.write("commit;\n")
            f.write("create index i on t(b);\n")
            f.writelines(f"update t set c='x{i}' where b={i * 10};\n" for i in range(100))
            f.write("select count(*), sum(b) from t where c like 'row%';\ndelete from t where b<500;\nvacuum;\n")
        # sshfs asks its server for no lock and syncs no directory (some 2,500 requests; ours, with
        # 1,850 locks that the other hosts respect, 5,300). So once more without locks.
        for name, query in (("sqlite", ""), ("sqlite, nothing locked", "?nolock=1")):
            yield name, "runs/min", self.timed(60, f"sqlite3 'file:{m}/db-{len(query)}{query}' <{script}")
            os.unlink(f"{self.tree}/db-{len(query)}")

    def row_make(self, m, remount):
        if not shutil.which("make"):
            return
        yield "make -j2", "runs/min", self.timed(60, f"make -s -j2 -C {m}/source")
        self.sh(f"rm {self.tree}/source/*/*.o")


def measure(bench, peers, rounds, rows):
    results = {}
    for row in rows:
        for _ in range(rounds):
            for peer in peers:
                def remount(peer=peer):
                    peer.down()
                    return peer.up(bench.tree, bench.point)
                m = peer.up(bench.tree, bench.point)
                try:
                    for name, unit, rate in getattr(bench, "row_" + row)(m, remount):
                        results.setdefault((name, unit), {}).setdefault(peer.name, []).append(rate)
                except RuntimeError as e:
                    print(f"# {row} on {peer.name}: {e}", flush=True)
                    if peer.name == "metac":
                        raise
                finally:
                    peer.down()
            bench.tidy()
        report([k for k in results if k not in report.done], results, peers)
    return results


def report(keys, results, peers):
    others = [p.name for p in peers if p.name != "metac"]
    if not report.done:
        print(f"# {'':30} {'':10}" + "".join(f"{p.name:>13}" for p in peers)
              + "".join(f"{'/' + n:>14}" for n in others), flush=True)
    for key in keys:
        median = {n: statistics.median(v) for n, v in results[key].items()}
        print(f"# {key[0]:30} {key[1]:10}" + "".join(f"{median.get(p.name, 0):13.0f}" for p in peers)
              + "".join(f"{median['metac'] / median[n]:13.2f}x" if median.get(n) else " " * 14
                        for n in others), flush=True)
        report.done.add(key)


report.done = set()


def main():
    args = sys.argv[1:]
    options = {"--rounds": "3", "--json": ""}
    for name in options:
        if name in args:
            i = args.index(name)
            options[name] = args[i + 1]
            del args[i:i + 2]
    if len(args) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if os.geteuid():
        print("1..0 # SKIP needs root")
        return 0
    if os.environ.get("IN_OWN_NAMESPACE") != "yes": # nobody else's may keep the mounts
        os.environ["IN_OWN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # unmounts, and leaves nothing
    Metac.tool = os.path.abspath(args[0])
    rows = args[2:] or [n[4:] for n in dir(Bench) if n.startswith("row_")]
    top = tempfile.mkdtemp(prefix="metac-bench-", dir="/dev/shm")
    try:
        peers = [kind(top) for kind in available()]
        results = measure(Bench(os.path.abspath(args[1]), top), peers, int(options["--rounds"]), rows)
        if options["--json"]:
            with open(options["--json"], "w") as f:
                json.dump({k[0]: dict(v, unit=k[1]) for k, v in results.items()}, f, indent=1)
        print(f"ok 1 - {len(results)} figures\n1..1")
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
