#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares libvat's messages with those of the capnp tool.

usage: message.py TOOL SCHEMA [SEED [COUNT [MUTATIONS]]]

Random values of AllTypes (test/schema/alltypes.capnp) go, as JSON,
  1. through capnp into messages (of one segment, and of many small ones) that libvat reads,
  2. through libvat into messages (several segment sizes) that capnp reads,
  3. through deep copies by libvat, compared in capnp's canonical form,
  4. through the packed form, each side unpacking what the other packed,
and each time the value must be the one we began with.  Then
  5. messages with flipped bits: both sides must agree whether they are readable, and on the value.
Prints TAP.  Every failure names the seed that reproduces it.
"""
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

TOOL = SCHEMA = None
SEED, COUNT, MUTATIONS = 1, 300, 400

COLORS = ["red", "green", "blue"]
INTS = {f"{u}int{n}": (0 if u else -(1 << n - 1), (1 << n) - 1 if u else (1 << n - 1) - 1)
        for u in ("", "u") for n in (8, 16, 32, 64)}
INNER = {"id": ("uint32", 0), "name": ("text", None), "flag": ("bool", True),
         "next": ("inner", None), "level": ("int16", -7)}
ALL = {k: (k, 0) for k in INTS} | {
    "void": ("void", None), "bool": ("bool", False), "float32": ("float32", 0.0),
    "float64": ("float64", 0.0), "text": ("text", None), "data": ("data", None),
    "inner": ("inner", None), "color": ("color", "red"),
    "voidList": ("[void", None), "boolList": ("[bool", None), "textList": ("[text", None),
    "dataList": ("[data", None), "innerList": ("[inner", None), "colorList": ("[color", None),
    "listList": ("[[uint16", None), "float32List": ("[float32", None),
    "float64List": ("[float64", None),
    "defBool": ("bool", True), "defInt8": ("int8", -128), "defInt16": ("int16", 12345),
    "defInt32": ("int32", -12345678), "defInt64": ("int64", 123456789012345),
    "defUint8": ("uint8", 255), "defUint16": ("uint16", 45678),
    "defUint32": ("uint32", 3456789012), "defUint64": ("uint64", 12345678901234567890),
    "defFloat32": ("float32", 1234.5), "defFloat64": ("float64", -1.25e30),
    "defText": ("text", "default"), "defData": ("data", [0, 1, 2, 255]),
    "defInner": ("inner", {"id": 9, "name": "nine", "flag": False, "next": {"id": 10}}),
    "defColor": ("color", "blue"), "defList": ("[int32", [1, -2, 3]),
    "defInnerList": ("[inner", [{"id": 1}, {"id": 2, "name": "two"}]),
} | {f"{k}List": (f"[{k}", None) for k in INTS}
GROUP = {"a": ("int32", 0), "b": ("text", None), "c": ("bool", False)}
PAIR = {"x": ("bool", False), "y": ("float64", 0.0)}
UNION = {"none": "void", "number": "uint32", "string": "text", "struct": "inner", "pair": "pair"}
NAMED = {"off": "void", "on": "uint8", "many": "[uint32"}


class Values:
    """Random values, as JSON that capnp and message-tool understand."""

    def __init__(self, seed, alphabet):
        self.r = random.Random(seed)
        self.alphabet = alphabet

    def float(self, size):
        r = self.r
        kind = r.randrange(8)
        if kind == 0:
            return r.choice(["NaN", "Infinity", "-Infinity"])
        if kind == 1:
            return r.choice([0.0, -0.0, 1.0, -1.5])
        fmt = "<f" if size == 32 else "<d"
        v = struct.unpack(fmt, r.randbytes(struct.calcsize(fmt)))[0]
        return v if math.isfinite(v) else 0.5

    def text(self):
        r = self.r
        return "".join(r.choice(self.alphabet) for _ in range(r.choice([0, 1, 5, 7, 8, 30])))

    def value(self, t, depth=0):
        r = self.r
        if t[0] == "[":
            n = r.choice([0, 1, 2, 3, 9, 70 if len(t) < 9 else 4])
            return [self.value(t[1:], depth + 1) for _ in range(n)]
        if t in INTS:
            low, high = INTS[t]
            v = r.choice([low, high, 0, 1, r.randint(low, high), r.randint(low, high)])
            return str(v) if "64" in t else v
        if t.startswith("float"):
            return self.float(int(t[5:]))
        if t == "inner":
            return self.fields({k: v for k, v in INNER.items() if k != "next" or depth < 6},
                               depth + 1)
        if t == "pair":
            return self.fields(PAIR, depth)
        return {"void": lambda: None, "bool": lambda: r.random() < 0.5, "text": self.text,
                "data": lambda: list(r.randbytes(r.choice([0, 1, 8, 13]))),
                "color": lambda: r.choice(COLORS)}[t]()

    def fields(self, fields, depth=0):
        return {k: self.value(t, depth) for k, (t, _) in fields.items() if self.r.random() < 0.6}

    def union(self, members):
        k = self.r.choice(list(members))
        return {k: self.value(members[k])}

    def message(self):
        o = self.fields(ALL)
        if self.r.random() < 0.7:
            o["group"] = self.fields(GROUP)
        if self.r.random() < 0.7:
            o |= self.union(UNION)
        if self.r.random() < 0.7:
            o["named"] = self.union(NAMED)
        return o


def normal(t, v):
    """A value of type t from any source, in one comparable form."""
    if t[0] == "[":
        return [normal(t[1:], x) for x in v]
    if t in INTS:
        return int(v)
    if t.startswith("float"):
        v = float(v)
        return "NaN" if math.isnan(v) else struct.pack("<f" if t == "float32" else "<d", v)
    if t == "text":
        return bytes(v) if isinstance(v, list) else v if isinstance(v, bytes) else v.encode()
    if t == "data":
        return bytes(v)
    if t == "inner":
        return normal_struct(INNER, v)
    if t == "pair":
        return normal_struct(PAIR, v)
    return v


def normal_struct(fields, o):
    out = {}
    for k, (t, default) in fields.items():
        v = o.get(k, default)
        out[k] = None if v is None else normal(t, v)
    return out


def normal_union(members, first, o):
    k = next((k for k in members if k in o), first)
    return (k, None if o.get(k) is None else normal(members[k], o[k]))


def normal_message(o):
    out = normal_struct(ALL, o)
    out["group"] = normal_struct(GROUP, o.get("group", {}))
    out["union"] = normal_union(UNION, "none", o)
    out["named"] = normal_union(NAMED, "off", o.get("named", {}))
    return out


def run(args, data=b"", check=True):
    p = subprocess.run(args, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if check and p.returncode:
        raise RuntimeError(f"{' '.join(args[:4])}: {p.stderr.decode(errors='replace')[-500:]}")
    return p.stdout if check else (p.returncode, p.stdout, p.stderr)


def capnp(conversion, data, *options, check=True):
    return run(["capnp", "convert", "--quiet", "--short", *options, conversion, SCHEMA, "AllTypes"],
               data, check)


def decode_capnp(line):
    """One line of capnp's JSON, whose texts may hold any bytes."""
    def integer(s):
        return -0.0 if s == "-0" else int(s)
    return mark_texts(json.loads(line.decode("latin-1"), parse_int=integer), "all")


def mark_texts(v, where):
    if isinstance(v, dict):
        return {k: mark_texts(x, k) for k, x in v.items()}
    if isinstance(v, list):
        return [mark_texts(x, where) for x in v]
    if isinstance(v, str) and where in ("text", "textList", "name", "b", "string", "defText"):
        return v.encode("latin-1")
    return v


def lines(data):
    return [x for x in data.split(b"\n") if x.strip()]


failures = 0
tests = 0


def report(name, bad):
    global failures, tests
    tests += 1
    if bad:
        failures += 1
        print(f"# {bad}")
    print(f"{'not ok' if bad else 'ok'} {tests} - {name}", flush=True)


def difference(want, got):
    if want.keys() != got.keys():
        return f"fields {want.keys() ^ got.keys()}"
    for k in want:
        if want[k] != got[k]:
            return f"{k}: {got[k]!r} instead of {want[k]!r}"
    return None


def compare(want, got, parse):
    if len(want) != len(got):
        return f"seed {SEED}: {len(got)} messages instead of {len(want)}"
    for i, (a, b) in enumerate(zip(want, got)):
        d = difference(normal_message(a), normal_message(parse(b)))
        if d:
            return f"seed {SEED}, message {i}: {d}"
    return None


def to_json(values):
    return "\n".join(json.dumps(v, ensure_ascii=False) for v in values).encode() + b"\n"


def from_capnp(values):
    plain = capnp("json:binary", to_json(values))
    for size in (None, 1, 3, 17):
        binary = capnp("binary:binary", plain, f"--segment-size={size}") if size else plain
        report(f"libvat reads capnp's messages, segment size {size}",
               compare(values, lines(run([TOOL, "dump"], binary)), json.loads))
    packed = capnp("binary:packed", plain)
    report("libvat unpacks what capnp packed",
           None if run([TOOL, "unpack"], packed) == plain else f"seed {SEED}")
    built = run([TOOL, "build", "0"], to_json(values))
    report("both build the same canonical form",
           None if capnp("binary:canonical", built) == capnp("binary:canonical", plain)
           else f"seed {SEED}")


def from_libvat(values):
    text = to_json(values)
    canonical = None
    for words in (1, 3, 64, 1000):
        built = run([TOOL, "build", str(words)], text)
        report(f"capnp reads libvat's messages, first segment of {words}",
               compare(values, lines(capnp("binary:json", built)), decode_capnp))
        copied = run([TOOL, "copy", str(words)], built)
        canonical = canonical or capnp("binary:canonical", built)
        report(f"deep copies have the same canonical form, first segment of {words}",
               None if capnp("binary:canonical", copied) == canonical else f"seed {SEED}")
        packed = run([TOOL, "pack"], built)
        report(f"capnp unpacks what libvat packed, first segment of {words}",
               compare(values, lines(capnp("packed:json", packed)), decode_capnp))


def frames(data):
    """The messages in a stream, each as bytes."""
    at = 0
    while at < len(data):
        n = struct.unpack_from("<I", data, at)[0] + 1
        sizes = struct.unpack_from(f"<{n}I", data, at + 4)
        end = at + (4 * (n + 1) + 7) // 8 * 8 + 8 * sum(sizes)
        yield data[at:end]
        at = end


def mutate(r, data):
    data = bytearray(data)
    for _ in range(r.choice([1, 1, 2, 3])):
        i = r.randrange(len(data) * 8)
        data[i // 8] ^= 1 << i % 8
    return bytes(data)


def mutations(values):
    """Both must read a damaged message to the same value, or both refuse it."""
    r = random.Random(SEED)
    agreed = {True: 0, False: 0}
    bad = None
    with tempfile.TemporaryDirectory() as folder:
        whole = [m for words in (1, 4, 1000)
                 for m in frames(run([TOOL, "build", str(words)], to_json(values)))]
        paths = [os.path.join(folder, str(i)) for i in range(MUTATIONS)]
        for path in paths:
            with open(path, "wb") as f:
                f.write(mutate(r, r.choice(whole)))
        ours = lines(run([TOOL, "try", *paths]))
        for path, mine in zip(paths, ours):
            with open(path, "rb") as f:
                code, out, err = capnp("binary:json", f.read(), check=False)
            theirs = lines(out)
            readable = code == 0 and len(theirs) == 1
            mine = json.loads(mine)
            refused = isinstance(mine, int)
            if readable == refused:
                bad = bad or (f"seed {SEED}, mutation {os.path.basename(path)}: "
                              f"capnp {readable}, we {mine if refused else True}: {err[-300:]}")
                if os.environ.get("KEEP"):
                    subprocess.run(["cp", path, os.environ["KEEP"]], check=True)
                continue
            agreed[readable] += 1
            if readable:
                d = difference(normal_message(mine), normal_message(decode_capnp(theirs[0])))
                bad = bad or d and f"seed {SEED}, mutation {path}: {d}"
    report(f"both agree on damaged messages ({agreed[True]} readable, {agreed[False]} not)", bad)


def main():
    # capnp 0.9.2 loses its way in JSON input with escapes or braces in strings.
    maker = Values(SEED, "abc \u00e9\u4e2d\U0001f600")
    from_capnp([maker.message() for _ in range(COUNT)])
    maker = Values(SEED + 1, "ab{}\"\\/\n\x01\x00\u00e9\u4e2d\U0001f600 z")
    values = [maker.message() for _ in range(COUNT)]
    from_libvat(values)
    # Not with lists of Void: one flipped bit makes a hundred million of them, which takes time to print.
    mutations([{k: x for k, x in v.items() if k != "voidList"} for v in values])
    print(f"1..{tests}")
    return 1 if failures else 0


if __name__ == "__main__":
    TOOL, SCHEMA = sys.argv[1:3]
    SEED, COUNT, MUTATIONS = [int(x) for x in sys.argv[3:6]] + [SEED, COUNT, MUTATIONS][len(sys.argv) - 3:]
    sys.exit(main())
