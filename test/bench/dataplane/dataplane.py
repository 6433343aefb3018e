#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""NBD, 9P and streams beside what one would use instead, on the same work in the same run.

usage: dataplane.py BUILD [--rounds N] [--secs S] [--pipes N] [--no-instructions] [--all-peers] [ROW...]

BUILD is a release build with `bench-programs`.  Each row is done by ours, its peers and the limit (a
server that checks nothing) in turn, N rounds; shown are medians, and ours divided by each.  The load
clients are the same for all.  Everything runs in a network namespace of its own, each server in a
session of its own, over TCP.  CPU is what the server's processes were charged.  Peers that are not
installed are left out.  ROW: only rows whose name contains one of these words ("nbd", "getattr", "idle",
"first byte", "memory").  ROUNDS, SECS, PIPES and ROWS in the environment are the same.

Instructions are those of the server in user mode for each operation, counted by valgrind's callgrind in a
run of its own (our worker without its confinement, which does not let valgrind in); n/a without valgrind.
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FILES = 10000
BIG_BYTES = 1 << 30
TICK = os.sysconf("SC_CLK_TCK")


class Row:
    """What is measured: how the load is made, and what is wanted of ours."""

    def __init__(self, group, name, arguments, value, unit, goals, per=("kops", 1000, "us/op")):
        self.group, self.name, self.arguments, self.value, self.unit = group, name, arguments, value, unit
        self.goals, self.per = goals, per  # goals: (whom, how many times)


PER_GB = ("gb", 1, "s/GB")
ROWS = [
    Row("nbd", "nbd random read 4 KiB, 64 in flight", ["randread", "4096", "64"], "ops", "/s",
        [("nbdkit", 4), ("limit", 0.8)]),
    Row("nbd", "nbd random read 4 KiB, one at a time", ["randread", "4096", "1"], "ops", "/s",
        [("limit", 0.95)]),
    Row("nbd", "nbd sequential read 256 KiB, 16 in flight", ["seqread", "262144", "16"], "mbps",
        "MB/s", [("nbdkit", 1.8)], PER_GB),
    Row("nbd", "nbd sequential write 256 KiB, 16 in flight", ["seqwrite", "262144", "16"], "mbps",
        "MB/s", [("nbdkit", 1.3)], PER_GB),
    Row("9p", "9p getattr, 32 in flight", ["getattr", "32"], "ops", "/s", [("diod", 5)]),
    Row("9p", "9p walk, getattr, clunk, 32 in flight", ["wgc", "32"], "ops", "/s", [("diod", 3)]),
    Row("9p", "9p read 4 KiB, 32 in flight", ["read4k", "32"], "ops", "/s", [("diod", 4)]),
    Row("9p", "9p sequential read, 8 in flight", ["seqread", "8"], "mbps", "MB/s", [("diod", 3)],
        PER_GB),
    Row("9p", "9p sequential write, 8 in flight", ["seqwrite", "8"], "mbps", "MB/s",
        [("diod", 2.5)], PER_GB),
    Row("9p", "9p readdir", ["readdir", "1"], "entries", "/s", [("diod", 1.4)],
        ("kentries", 1000, "us/entry")),
    Row("9p", "9p create, write, remove, 32 in flight", ["create", "32"], "ops", "/s",
        [("diod", 1.3)]),
    Row("stream", "stream one way", ["load"], "mbps", "MB/s", [("socat", 1.1)], PER_GB),
    Row("stream", "stream 64 bytes there and back", ["ping"], "p50us", "us", [("bare", 1)],
        ("kops", 1000, "us/trip")),
]


# ---- processes -------------------------------------------------------------------------------


def tree(pid):
    ret = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                for child in f.read().split():
                    ret += tree(int(child))
        except OSError:
            pass  # it has just ended
    return ret


def cpu_seconds(pid):
    """Of the process, its children, and those of them that it has waited for."""
    total = 0
    for p in tree(pid):
        try:
            with open(f"/proc/{p}/stat", encoding="ascii", errors="replace") as f:
                total += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:15])
        except OSError:
            pass
    return total / TICK


def private_kib(pid):
    total = 0
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        for line in f:
            if line.startswith("Private_"):
                total += int(line.split()[1])
    return total


class Server:
    """One that listens on `address` and serves `target` (an argument of the load client)."""

    def __init__(self, command, address, extra=(), log=subprocess.DEVNULL):
        self.address, self.extra = address, list(extra)
        self.process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)

    def wait(self):
        host, port = self.address.rsplit(":", 1)
        end = time.time() + 20
        while True:
            try:
                socket.create_connection((host, int(port)), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.time() > end:
                    raise RuntimeError("does not listen: " + " ".join(self.process.args)) from None
                time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Bench:
    def __init__(self, options, top):
        self.options, self.top = options, top
        self.programs = os.path.join(options.build, "test/bench/dataplane")
        self.worker = os.path.join(options.build, "metacd-worker")
        self.port = 21000
        self.servers = {}

    def program(self, name):
        return os.path.join(self.programs, name)

    def new_address(self):
        self.port += 1
        return f"127.0.0.1:{self.port}"

    def add(self, name, command, extra=(), wait=True):
        """command: of an address. Not if its program is not there."""
        address = self.new_address()
        words = command(address)
        if not shutil.which(words[0]):
            print(f"# {words[0]} is not installed", file=sys.stderr)
            return
        self.servers[name] = Server(words, address, extra)
        if wait:
            self.servers[name].wait()

    def stop(self):
        for s in self.servers.values():
            if s:
                s.stop()
        self.servers = {}

    def files(self, name=""):
        """What is served, made when it is first asked for: in the page cache, and on the disk."""
        root = os.path.join(self.top, "tree")
        if not os.path.exists(root):
            for d in ("dir", "scratch"):
                os.makedirs(os.path.join(root, d))
            for i in range(FILES):
                with open(os.path.join(root, "dir", f"f{i:05}"), "wb"):
                    pass
            block = os.urandom(1 << 20)
            for big in ("big", "wbig"):
                with open(os.path.join(root, big), "wb") as f:
                    for _ in range(BIG_BYTES >> 20):
                        f.write(block)
            os.sync()
        return os.path.join(root, name)


# ---- NBD -------------------------------------------------------------------------------------


def nbd_up(b):
    image = b.files("big")
    b.add("metac", lambda a: [b.program("serve"), "nbd", a, image, b.worker])
    b.add("nbdkit", lambda a: ["nbdkit", "-f", "-i", "127.0.0.1", "-p", a.split(":")[1], "file",
                               image])
    b.add("qemu-nbd", lambda a: ["qemu-nbd", "-t", "-e", "8", "-f", "raw", "--cache=writeback",
                                 "--aio=io_uring", "-b", "127.0.0.1", "-p", a.split(":")[1],
                                 image])
    conf = os.path.join(b.top, "nbd-server.conf")

    def nbd_server(a):
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"[generic]\nlistenaddr=127.0.0.1\nport={a.split(':')[1]}\nuser=root\n"
                    f"group=root\n[exp]\nexportname={image}\n")
        return ["nbd-server", "-d", "-C", conf]

    if b.options.all_peers:
        b.add("nbd-server", nbd_server, ["exp"])
    b.add("limit", lambda a: [b.program("nbd-limit"), a, image])


def nbd_load(b, name, row):
    s = b.servers[name]
    return [b.program("nbd-load"), s.address, *row.arguments, str(b.options.secs), *s.extra]


# ---- 9P --------------------------------------------------------------------------------------


def p9_up(b):
    root = b.files()
    b.add("metac", lambda a: [b.program("serve"), "9p", a, root, b.worker], [""])
    b.add("diod", lambda a: ["diod", "-f", "-n", "-N", "-L", "stderr", "-c", "/dev/null", "-e", root,
                             "-l", a], [root])
    b.add("limit", lambda a: [b.program("9p-limit"), a], [root])


def p9_load(b, name, row):
    s = b.servers[name]
    return [b.program("9p-load"), s.address, s.extra[0], *row.arguments, str(b.options.secs)]


# ---- streams ---------------------------------------------------------------------------------


def stream_up(b):
    def pipe(name, command):
        target = b.new_address()
        # Nobody listens at the other end yet: a try to connect would only be a failure.
        b.add(name, lambda a: command(a, target), [target], wait=False)

    def port(address):
        return address.split(":")[1]

    pipe("metac", lambda a, t: [b.program("stream"), "pump", a, t, b.worker])
    pipe("socat", lambda a, t: ["socat", "-b", "131072",
                                f"TCP-LISTEN:{port(a)},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=1024",
                                f"TCP:{t},nodelay"])
    pipe("bare", lambda a, t: [b.program("stream"), "epoll", a, t])
    direct = b.new_address()
    b.servers["limit"] = None  # no pipe at all
    b.direct = direct
    time.sleep(0.3)


def stream_load(b, name, row):
    s = b.servers[name]
    sink, dial = (s.extra[0], s.address) if s else (b.direct, b.direct)
    return [b.program("stream"), row.arguments[0], sink, dial, str(b.options.secs)]


GROUPS = {"nbd": (nbd_up, nbd_load), "9p": (p9_up, p9_load), "stream": (stream_up, stream_load)}


# ---- measuring -------------------------------------------------------------------------------


def one(b, name, row, secs=None):
    command = GROUPS[row.group][1](b, name, row)
    if secs:
        command[command.index(str(b.options.secs))] = str(secs)
    server = b.servers[name]
    before = cpu_seconds(server.process.pid) if server else 0
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if out.returncode:
        raise RuntimeError(f"{name}: {row.name}: {out.stderr.strip()}")
    result = json.loads(out.stdout)
    if server:
        time.sleep(0.03)  # what a worker does at its end
        result["cpu"] = cpu_seconds(server.process.pid) - before
    return result


def measure(b, rows):
    """{(row, name): {key: median}}"""
    samples = {}
    for row in rows:
        names = list(b.servers)
        for i in range(b.options.rounds):
            turn = names[i % len(names):] + names[:i % len(names)]
            for name in turn:
                samples.setdefault((row, name), []).append(one(b, name, row))
    return {k: {key: statistics.median(s[key] for s in v) for key in v[0]}
            for k, v in samples.items()}


def number(x):
    if x is None:
        return "n/a"
    for limit, divisor, suffix in ((1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if x >= limit:
            return f"{x / divisor:.{2 if x < 10 * limit else 1}f}{suffix}"
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def cpu_of(row, m):
    key, factor, unit = row.per
    if "cpu" not in m or not m.get(key):
        return ""
    return f"{m['cpu'] / m[key] * (1e6 / factor if unit.startswith('us') else 1):.3g}"


def better(row, ours, theirs):
    """How many times better ours is."""
    if not theirs or not ours:
        return 0
    return theirs / ours if row.unit == "us" else ours / theirs


def table(title, head, lines):
    widths = [max(len(r[i]) for r in [head, *lines]) for i in range(len(head))]
    out = [f"### {title}", ""]
    for n, r in enumerate([head, *lines]):
        out.append("| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |")
        if not n:
            out.append("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return out + [""]


def goal_text(row, m, names):
    texts = []
    for whom, times in row.goals:
        if whom not in names or "metac" not in names:
            texts.append(f"{times}x {whom}: n/a")
            continue
        is_ = better(row, m[(row, "metac")][row.value], m[(row, whom)][row.value])
        texts.append(f"{times}x {whom}: {'reached' if is_ >= times else 'NOT reached'}")
    return ", ".join(texts)


def show(group, rows, m, names, counted):
    peers = [n for n in names if n != "metac"]
    counts = names[:2]
    head = ["", "unit", "metac", *[f"{n} (metac is)" for n in peers], "CPU " + " / ".join(names),
            "instructions " + " / ".join(counts), "goal"]
    lines = []
    for row in rows:
        ours = m[(row, "metac")][row.value] if "metac" in names else None
        line = [row.name, row.unit, number(ours)]
        for n in peers:
            theirs = m[(row, n)][row.value]
            line.append(f"{number(theirs)} ({better(row, ours, theirs):.2f}x)")
        cpu = " / ".join(cpu_of(row, m[(row, n)]) or "-" for n in names)
        i = " / ".join(number(counted.get((row, n))) for n in counts)
        lines.append([*line, f"{cpu} {row.per[2]}", i, goal_text(row, m, names)])
    return table({"nbd": "NBD: 1 GiB file in the page cache, TCP", "9p": "9P2000.L, TCP",
                  "stream": "A pipe between two TCP connections"}[group], head, lines)


# ---- many idle pipes -------------------------------------------------------------------------


def memory_group():
    """A control group whose memory can be read, or None: (directory, file with the usage)."""
    for base, usage in (("/sys/fs/cgroup/memory", "memory.usage_in_bytes"),
                        ("/sys/fs/cgroup", "memory.current")):
        path = os.path.join(base, f"metac-bench-{os.getpid()}")
        if os.path.exists(os.path.join(base, "cgroup.procs")):
            try:
                os.mkdir(path)
            except OSError:
                continue
            if os.path.exists(os.path.join(path, usage)):
                return path, os.path.join(path, usage)
            os.rmdir(path)
    return None


def read_number(path):
    with open(path, encoding="ascii") as f:
        return int(f.read())


def idle_pipes(b, name, command, count):
    """KiB each, opened per second; kernel memory included."""
    group = memory_group()
    if not group:
        return None
    address, target = b.new_address(), b.new_address()
    server = Server(["sh", "-c", f'echo $$ >{group[0]}/cgroup.procs; exec "$@"', "sh",
                     *command(address, target)], address)
    client = None
    try:
        time.sleep(0.5)
        before = read_number(group[1])
        client = subprocess.Popen([b.program("stream"), "idle", target, address, str(count)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        result = json.loads(client.stdout.readline())
        time.sleep(0.5)
        each = (read_number(group[1]) - before) / count / 1024
        return each, result["per_s"], count
    except ValueError:
        print(f"# idle pipes: {name} cannot", file=sys.stderr)
        return None
    finally:
        if client:
            client.stdin.close()
            client.wait()
            client.stdout.close()
        server.stop()
        time.sleep(0.3)
        try:
            os.rmdir(group[0])
        except OSError:
            pass


def measure_idle(b):
    def socat(a, t):
        return ["socat", "-b", "131072",
                f"TCP-LISTEN:{a.split(':')[1]},bind=127.0.0.1,fork,reuseaddr,backlog=1024", f"TCP:{t}"]

    pump = [b.program("stream"), "pump"]
    tries = [("metac", lambda a, t: [*pump, a, t, b.worker], b.options.pipes),
             ("socat", socat, min(200, b.options.pipes)),
             ("bare", lambda a, t: [b.program("stream"), "epoll", a, t], b.options.pipes)]
    lines = []
    for name, command, count in tries:
        if not shutil.which(command("x:0", "x:0")[0]):
            continue
        r = idle_pipes(b, name, command, count)
        if r:
            goal = "" if name != "metac" else f"6 KiB: {'reached' if r[0] <= 6 else 'NOT reached'}"
            lines.append([name, str(r[2]), f"{r[0]:.2f}", number(r[1]), goal])
    return table("Idle pipes in one process (socat: a process each), kernel memory included",
                 ["", "pipes", "KiB each", "opened/s", "goal"], lines) if lines else []


# ---- a real node -----------------------------------------------------------------------------


class Node:
    def __init__(self, b):
        self.metac = os.path.join(b.options.build, "metac")
        self.dir = os.path.join(b.top, "node")
        os.makedirs(self.dir)
        os.chmod(b.top, 0o755)
        self.env = dict(os.environ, METAC_RUNTIME_DIR=f"{self.dir}/run", METAC_ADDRESS="127.0.0.1")
        with open(f"{self.dir}/log", "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(b.options.build, "metacd"), "--address", "127.0.0.1", "--runtime-dir",
                 f"{self.dir}/run", "--state-dir", f"{self.dir}/state"], stdout=log, stderr=log)
        end = time.time() + 30
        while not all(s in self("node", "services", check=False) for s in ("fs", "persistence")):
            if time.time() > end:
                raise RuntimeError("the node does not start")
            time.sleep(0.05)

    def __call__(self, *words, check=True):
        r = subprocess.run([self.metac, *words], env=self.env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        if check and r.returncode:
            raise RuntimeError(r.stderr)
        return r.stdout.strip()

    def workers(self, role):
        ret = []
        for p in tree(self.process.pid):
            try:
                with open(f"/proc/{p}/comm", encoding="ascii", errors="replace") as f:
                    if f.read().strip() == f"metacd:{role}"[:15]:
                        ret.append(p)
            except OSError:
                pass
        return ret

    def stop(self):
        self.process.terminate()
        self.process.wait()


def first_byte(b, node, kind, words, count, role):
    """(median ms, private KiB of a worker while it serves)"""
    client = subprocess.Popen([b.program("first-byte"), kind, str(count), "hold", *words],
                              env=node.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    times = [client.stdout.readline() for _ in range(count)]
    if not times[-1]:
        _, err = client.communicate()
        print(f"# first byte, {kind}: {err.strip()}", file=sys.stderr)
        return None
    workers = node.workers(role)
    private = max(private_kib(p) for p in workers) if workers else None
    client.communicate()
    return statistics.median(float(t) for t in times) / 1000, private


def measure_first_byte(b):
    node = Node(b)
    try:
        tree_dir = os.path.join(b.top, "small")
        os.makedirs(tree_dir, exist_ok=True)
        path = os.path.join(tree_dir, "file")
        with open(path, "wb") as f:
            f.write(os.urandom(1 << 20))
        file_ref = node("file", "export", f"local:{path}")
        tree_ref = node("fs", "export", f"local:{tree_dir}")
        kinds = [("stream of a file", "stream", ["file", "cat", file_ref], "copy"),
                 ("9P", "9p", ["fs", "ls", tree_ref], "9p-server"),
                 ("NBD", "nbd", ["file", "cat", file_ref], "nbd-server")]
        lines = []
        for title, kind, words, role in kinds:
            r = first_byte(b, node, kind, words, 30, role)
            if r:
                kib = "n/a" if r[1] is None else str(r[1])
                good = r[0] <= 3 and (r[1] or 0) <= 1500000 / 1024
                lines.append([title, f"{r[0]:.2f}", kib,
                              f"3 ms, 1.5 MB: {'reached' if good else 'NOT reached'}"])
    finally:
        node.stop()
    return table("A transfer, from a real node", ["", "ms from the call to the first byte",
                                                  "private KiB of its worker", "goal"], lines)


# ---- memory after load -----------------------------------------------------------------------


def memory_under_load(b, group):
    """Private KiB, the most that a worker of ours was seen to have while it served all these."""
    worst = 0
    for row in (r for r in ROWS if r.group == group):
        command = GROUPS[group][1](b, "metac", row)
        command[command.index(str(b.options.secs))] = "0.8"
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while client.poll() is None:
            time.sleep(0.1)
            for p in tree(b.servers["metac"].process.pid)[1:]:
                try:
                    worst = max(worst, private_kib(p))
                except OSError:
                    pass  # it has ended
    return worst


# ---- instructions ----------------------------------------------------------------------------


class Counted:
    """A server under callgrind, in place of one that runs."""

    def __init__(self, b, name):
        self.b, self.old, self.name = b, b.servers[name], name
        self.log = os.path.join(b.top, "callgrind.%p")
        words = list(self.old.process.args)
        if words[-1] == b.worker:
            words[-1] = "-"
        self.words = ["valgrind", "--tool=callgrind", "--trace-children=yes",
                      "--callgrind-out-file=/dev/null", f"--log-file={self.log}", *words]

    def __call__(self, load):
        """(instructions, what load returned)"""
        self.old.stop()
        self.b.servers[self.name] = s = Server(self.words, self.old.address, self.old.extra)
        s.wait()
        try:
            result = load()
        except RuntimeError:
            result = None  # a call that this valgrind does not know
        time.sleep(0.1)
        s.stop()
        total = 0
        for f in os.listdir(self.b.top):
            if f.startswith("callgrind."):
                path = os.path.join(self.b.top, f)
                with open(path, encoding="utf-8", errors="replace") as text:
                    m = re.search(r"Collected\s*:\s*(\d+)", text.read())
                    total += int(m.group(1)) if m else 0
                os.unlink(path)
        return total, result

    def restore(self):
        self.b.servers[self.name] = Server(self.old.process.args, self.old.address, self.old.extra)
        self.b.servers[self.name].wait()


def count_instructions(b, rows):
    """{(row, name): instructions per operation}; of ours and the first peer."""
    ret = {}
    if not shutil.which("valgrind") or not b.options.instructions:
        return ret
    for name in list(b.servers)[:2]:
        counted = Counted(b, name)
        # Starting, and the worker of one connection; the few requests are nothing beside it.
        base, _ = counted(lambda: one(b, name, rows[0], secs=0.001))
        for row in rows:
            total, result = counted(lambda row=row: one(b, name, row, secs=0.3))
            n = result["kops"] * 1000 if result else 0
            ret[(row, name)] = (total - base) / n if n else None
        counted.restore()
    return ret


# ---- all of it -------------------------------------------------------------------------------


def in_own_network(argv):
    """Runs this again in a network namespace that ends with it."""
    if os.environ.get("BENCH_NETWORK") == "own":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with open("/proc/sys/net/ipv4/tcp_congestion_control", "w", encoding="ascii") as f:
            f.write("cubic")
        return
    os.execvpe("unshare", ["unshare", "--net", "--mount", sys.executable, *argv],
               dict(os.environ, BENCH_NETWORK="own"))


def run(b, wanted):
    out = []
    for group, (up, _) in GROUPS.items():
        rows = [r for r in ROWS if r.group == group and wanted(r.name)]
        if not rows:
            continue
        up(b)
        m = measure(b, rows)
        counted = count_instructions(b, rows) if group != "stream" else {}
        out += show(group, rows, m, list(b.servers), counted)
        if group != "stream" and wanted("memory"):
            kib = memory_under_load(b, group)
            out += [f"Private memory of a metac worker under these loads, the most seen: {kib} KiB "
                    f"(goal: 1.5 MB, {'reached' if kib * 1024 <= 1.5e6 else 'NOT reached'}).", ""]
        b.stop()
        print("\n".join(out), flush=True)
        out = []
    for title, function in (("idle pipes", measure_idle), ("first byte", measure_first_byte)):
        if wanted(title):
            print("\n".join(function(b)), flush=True)


def main():
    p = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][7:])
    p.add_argument("build")
    p.add_argument("rows", nargs="*")
    p.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "3")))
    p.add_argument("--secs", type=float, default=float(os.environ.get("SECS", "0.5")))
    p.add_argument("--pipes", type=int, default=int(os.environ.get("PIPES", "9900")))
    p.add_argument("--no-instructions", dest="instructions", action="store_false")
    p.add_argument("--all-peers", action="store_true", help="nbd-server too")
    options = p.parse_intermixed_args()
    options.rows = options.rows or os.environ.get("ROWS", "").split()
    if os.geteuid():
        print("skipped: needs root, for a network namespace and a node")
        return 77
    options.build = os.path.abspath(options.build)
    in_own_network(sys.argv)

    def wanted(name):
        return not options.rows or any(word in name for word in options.rows)

    b = Bench(options, tempfile.mkdtemp(prefix="metac-bench.", dir=os.environ.get("BENCH_DIR")))
    try:
        print(f"{options.rounds} rounds of {options.secs:g} s, load {os.getloadavg()[0]:.1f}\n")
        run(b, wanted)
    finally:
        b.stop()
        shutil.rmtree(b.top, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
