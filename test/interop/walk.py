#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what libvat and the reference implementation make of damaged messages.

usage: walk.py WALK-C WALK-CXX MESSAGE-TOOL [SEED [COUNT]]

Messages of test/schema/alltypes.capnp, and messages that are nothing but pointers, are damaged; both
programs (walk.c, walk.c++) read each of them, and must see the same or both refuse it, in each of four ways.
The seed and how many can also be set by WALK_SEED and WALK_COUNT: a million takes minutes.
A disagreement prints the seed, the number of the message and its bytes.  Prints TAP.
"""
import collections
import json
import os
import random
import struct
import subprocess
import sys

from message import Values, frames

WAYS = ["all that can be reached", "the values of the schema", "the canonical form", "the size"]
BATCH = 2000
FAULT_TRAVERSAL = "-2"


def framed(segments):
    header = struct.pack(f"<I{len(segments)}I", len(segments) - 1, *(len(s) // 8 for s in segments))
    return header + bytes(-len(header) % 8) + b"".join(segments)


def pointer(r, n_segments):
    """A word that could be a pointer, mostly to somewhere near."""
    kind = r.choice([0, 0, 1, 1, 1, 2, 2, 3])
    offset = r.choice([0, 0, 1, 1, 2, 3, 5, -1, -1, -2, -4, r.randint(-20, 20), r.getrandbits(30)])
    if kind == 0:
        return (offset & 0x3FFFFFFF) << 2 | r.choice([0, 1, 1, 2, 3, r.getrandbits(16)]) << 32 \
            | r.choice([0, 1, 1, 2, 3, r.getrandbits(16)]) << 48
    if kind == 1:
        count = r.choice([0, 1, 1, 2, 3, 4, 7, 8, 9, 17, 64, r.getrandbits(8), r.getrandbits(29)])
        return (offset & 0x3FFFFFFF) << 2 | 1 | r.randrange(8) << 32 | count << 35
    if kind == 2:
        return 2 | r.randrange(2) << 2 | (r.randrange(12) if r.random() < 0.9 else r.getrandbits(29)) << 3 \
            | (r.randrange(n_segments) if r.random() < 0.9 else r.getrandbits(32)) << 32
    return 3 | (r.getrandbits(2) if r.random() < 0.8 else r.getrandbits(30)) << 32


def pointers_only(r):
    n = r.choice([1, 1, 2, 3])
    return framed([b"".join(struct.pack("<Q", r.choice([pointer(r, n), pointer(r, n), 0,
                                                        r.getrandbits(64)]))
                            for _ in range(r.randrange(0, 14))) for _ in range(n)])


def damaged(r, data):
    data = bytearray(data)
    n_segments = struct.unpack_from("<I", data)[0] + 1
    start = (4 * (n_segments + 1) + 7) // 8
    words = len(data) // 8
    for _ in range(r.choice([1, 1, 1, 2, 3, 6])):
        at, other = r.randrange(start, words), r.randrange(start, words)
        if r.random() < 0.5:
            # The first words of a message are pointers more often than the others.
            at = start + int((words - start) * r.random() ** 4)
        match r.randrange(8):
            case 0 | 1 | 2:
                i = r.randrange(64)
                data[at * 8 + i // 8] ^= 1 << i % 8
            case 3 | 4:
                struct.pack_into("<Q", data, at * 8, pointer(r, n_segments))
            case 5:
                data[at * 8:at * 8 + 8] = data[other * 8:other * 8 + 8]
            case 6:
                data[at * 8:at * 8 + 8] = bytes([r.choice([0, 255, 1])]) * 8
            case 7:  # the table
                i = 4 * r.randrange(1, n_segments + 1)
                size, = struct.unpack_from("<I", data, i)
                struct.pack_into("<I", data, i, max(0, size + r.choice([-2, -1, 1])))
    return bytes(data)


def originals(tool, seed, count):
    maker = Values(seed, "ab{}\"\\/\n\x01\x00\u00e9\u4e2d\U0001f600 z")
    values = []
    for _ in range(count):
        v = maker.message()
        few = maker.r.sample(list(v), min(len(v), maker.r.choice([1, 2, 3, 5, 60])))
        values.append({k: v[k] for k in v if k in few})
    text = "\n".join(json.dumps(v, ensure_ascii=False) for v in values).encode() + b"\n"
    out = []
    for words in (1, 4, 30, 1000):
        p = subprocess.run([tool, "build", str(words)], input=text, stdout=subprocess.PIPE, check=True)
        out += frames(p.stdout)
    return out


def walk(program, messages):
    data = b"".join(struct.pack("<I", len(m)) + m for m in messages)
    p = subprocess.run([program], input=data, stdout=subprocess.PIPE, check=False)
    lines = [x.split() for x in p.stdout.decode().splitlines()]
    if p.returncode or len(lines) != len(messages):
        raise RuntimeError(f"{program}: status {p.returncode} after {len(lines)} messages")
    return lines


def compare(messages, ours, theirs, seed, first, tally):
    """What they disagree on, for people; counts in tally what they agree on."""
    for i, (message, a, b) in enumerate(zip(messages, ours, theirs)):
        for way, (x, y) in enumerate(zip(a, b)):
            refused = x.startswith("-")
            if refused and y != "-" and x == FAULT_TRAVERSAL:
                tally[way, "dear"] += 1  # each side charges some things that the other does not
            elif refused != (y == "-") or (not refused and x != y):
                return f"{WAYS[way]}: seed {seed}, message {first + i}: libvat {x}, C++ {y}: {message.hex()}"
            else:
                tally[way, "refused" if refused else "read"] += 1
    return None


def main():
    walk_c, walk_cxx, tool = sys.argv[1:4]
    seed = int(os.environ.get("WALK_SEED", sys.argv[4] if len(sys.argv) > 4 else 1))
    count = int(os.environ.get("WALK_COUNT", sys.argv[5] if len(sys.argv) > 5 else 20000))
    tally = collections.Counter()
    bad = None
    r = random.Random(seed)
    for first in range(0, count, BATCH):
        if first % (25 * BATCH) == 0:
            whole = originals(tool, seed * 1000003 + first, 60)
        n = min(BATCH, count - first)
        messages = [damaged(r, r.choice(whole)) if r.random() < 0.7 else pointers_only(r)
                    for _ in range(n)]
        bad = bad or compare(messages, walk(walk_c, messages), walk(walk_cxx, messages), seed, first, tally)
    for way, name in enumerate(WAYS):
        here = bad if bad and bad.startswith(name) else None
        if here:
            print(f"# {here}")
        print(f"{'not ok' if here else 'ok'} {way + 1} - both make the same of {name} ("
              f"{tally[way, 'read']} read, {tally[way, 'refused']} refused, {tally[way, 'dear']} dear)")
    print(f"1..{len(WAYS)}")
    return 1 if bad else 0


sys.exit(main())
