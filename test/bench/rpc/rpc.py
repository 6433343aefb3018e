#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the C++ library and libvat in turn, each as client and server of itself over a Unix socket,
and prints one table.

Rates are medians over the rounds.  CPU time (user and kernel, of both sides together) is what the
kernel charged.  Instructions are user instructions, counted by valgrind's callgrind: other load on the
machine does not disturb them.  System calls are counted by strace.  Where one of the two tools is
missing its columns stay empty.

usage: rpc.py THEIRS OURS [ROUNDS [MODE...]]
"""
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

# title, mode, operations, argument, operations while counting, goal (times theirs), unit
FIGURES = [
    ("sequential calls", "seq", 20000, 0, 2000, 2.5, "calls/s"),
    ("64 calls outstanding", "win", 200000, 64, 20000, 15, "calls/s"),
    ("call returning a capability", "capret", 10000, 0, 2000, None, "calls/s"),
    ("call returning a descriptor", "fd", 8000, 0, 1000, 2, "calls/s"),
    ("echo of 4 KiB", "blob", 10000, 4096, 1000, None, "calls/s"),
    ("connect, bootstrap, call", "conn", 4000, 0, 300, 3, "times/s"),
    ("streaming 8 KiB", "stream", 50000, 8192, 2000, 4, "MB/s"),
    ("memory per idle connection", "idle", 2000, 0, 0, None, "bytes"),
    ("build, flatten, read 1 KB", "ser", 300000, 0, 20000, 3, "times/s"),
]


class Run:
    """A server and a client, each behind a command that watches it."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory

    def __call__(self, mode, n, arg, server_by=(), client_by=()):
        path = os.path.join(self.directory, "socket")
        server = None
        if mode != "ser":
            if os.path.exists(path):
                os.unlink(path)
            server = subprocess.Popen(
                [*server_by, self.program, "server", path],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            pid = int(server.stdout.readline().split()[1])
        client = subprocess.Popen(
            [*client_by, self.program, "client", path, mode, str(n), str(arg)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        out = client.stdout.read().decode()
        _, status, usage = os.wait4(client.pid, 0)
        client.returncode = status
        cpu = usage.ru_utime + usage.ru_stime
        if server:
            os.kill(pid, signal.SIGTERM)  # what watches it ends with it
            server.stdout.close()
            _, server.returncode, usage = os.wait4(server.pid, 0)
            cpu += usage.ru_utime + usage.ru_stime
        if status:
            raise RuntimeError(f"{self.program} {mode}: exit status {status}")
        return float(out.split()[1]), cpu


def rate(figure, seconds):
    _, mode, n, arg, _, _, _ = figure
    if mode == "idle":
        return seconds
    return n / seconds * (arg / 1e6 if mode == "stream" else 1)


def measure(runs, figures, rounds):
    """{(figure, which): ([rates], [cpu microseconds per operation])}, alternating."""
    ret = {}
    for _ in range(rounds):
        for f in figures:
            for which, run in enumerate(runs):
                seconds, cpu = run(f[1], f[2], f[3])
                rates, cpus = ret.setdefault((f, which), ([], []))
                rates.append(rate(f, seconds))
                cpus.append(cpu / f[2] * 1e6)
    return ret


def instructions(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        m = re.search(r"Collected\s*:\s*(\d+)", f.read())
    return int(m.group(1))


def system_calls(path):
    total = 0
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.rstrip().endswith("total"):
                total = int(line.split()[-2] if line.split()[-2].isdigit() else line.split()[-3])
    return total


TOOLS = {
    "valgrind": (
        lambda log: ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                     f"--log-file={log}"],
        instructions,
    ),
    "strace": (lambda log: ["strace", "-c", "-U", "calls,name", "-o", log], system_calls),
}


def count(run, tool, mode, n, arg, directory):
    """(client, server) of one run."""
    by, read = TOOLS[tool]
    logs = [os.path.join(directory, side) for side in ("client", "server")]
    for log in logs:
        if os.path.exists(log):
            os.unlink(log)
    run(mode, n, arg, by(logs[1]), by(logs[0]))
    return [read(l) if os.path.exists(l) else 0 for l in logs]


def per_operation(run, tool, figure, directory, base):
    _, mode, _, arg, n, _, _ = figure
    if not shutil.which(tool) or not n:
        return None
    if mode == "ser" and tool == "strace":
        return None
    if mode == "ser":
        few = count(run, tool, mode, 1, arg, directory)
        return (count(run, tool, mode, n + 1, arg, directory)[0] - few[0]) / n, 0
    if tool not in base:
        base[tool] = count(run, tool, "seq", 1, 0, directory)
    many = count(run, tool, mode, n + 1, arg, directory)
    return tuple((m - b) / n for m, b in zip(many, base[tool]))


def pair(values, digits):
    if values is None:
        return ""
    return " / ".join(f"{v:.{digits}f}" for v in values)


HEAD = "%-28s %10s %10s %7s %6s  %9s %9s  %19s %15s  %13s %13s"


def print_table(figures, measured, counted):
    print("# Instructions are user instructions per operation, client / server; so are system calls.")
    print("# CPU: microseconds per operation, both sides together.")
    print("# " + HEAD % ("", "C++", "libvat", "ratio", "goal", "CPU C++", "CPU vat",
                         "instr C++", "instr vat", "syscalls C++", "syscalls vat"))
    for f in figures:
        title, mode, _, _, _, goal, unit = f
        theirs, ours = (statistics.median(measured[f, w][0]) for w in (0, 1))
        ratio = theirs / ours if mode == "idle" else ours / theirs
        cpu = [statistics.median(measured[f, w][1]) for w in (0, 1)]
        print("# " + HEAD % (
            f"{title}, {unit}"[:28] if len(title) < 20 else title, f"{theirs:.0f}", f"{ours:.0f}", f"{ratio:.2f}",
            "2048 B" if mode == "idle" else goal or "", f"{cpu[0]:.2f}", f"{cpu[1]:.2f}",
            pair(counted.get((f, "valgrind", 0)), 0), pair(counted.get((f, "valgrind", 1)), 0),
            pair(counted.get((f, "strace", 0)), 2), pair(counted.get((f, "strace", 1)), 2)))
    print(f"1..{len(figures)}")
    for i, f in enumerate(figures):
        print(f"ok {i + 1} - {f[0]}")


def main():
    if len(sys.argv) < 3:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    figures = [f for f in FIGURES if len(sys.argv) < 5 or f[1] in sys.argv[4:]]
    with tempfile.TemporaryDirectory() as directory:
        runs = [Run(p, directory) for p in sys.argv[1:3]]
        measured = measure(runs, figures, rounds)
        counted = {}
        for which, run in enumerate(runs):
            base = {}
            for f in figures:
                for tool in TOOLS:
                    counted[f, tool, which] = per_operation(run, tool, f, directory, base)
        print_table(figures, measured, counted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
