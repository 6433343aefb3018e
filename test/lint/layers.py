#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each source includes headers only of its own layer and of those that src/meson.build allows it."""
import os
import re
import sys

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
source = os.path.join(root, "src")

with open(os.path.join(source, "meson.build"), encoding="utf-8") as f:
    table = re.search(r"^layers = \[(.*?)^\]", f.read(), re.S | re.M).group(1)
rows = re.findall(r"\['([^']+)', '([^']+)', \[([^]]*)\]", table)
folder = {name: path for name, path, _ in rows}
allowed = {path: {folder[d] for d in re.findall(r"'([^']+)'", deps)} for _, path, deps in rows}
folders = sorted(allowed, key=len, reverse=True)
# What each process is, and the command, are wiring.
allowed["role"] = set(folders)
allowed["cli"] = {"base", "vat", "wire/9p", "wire/nbd", "sys", "io", "loop", "schema", "core"}
# Tests of a layer may use what it is made to be used with.
for path in allowed:
    allowed[path] |= {path, "base"}


def layer_of(path):
    for f in folders + ["role", "cli"]:
        if path.startswith(f + "/"):
            return f
    return None


bad = []
count = 0
for directory, _, names in os.walk(source):
    for name in names:
        path = os.path.relpath(os.path.join(directory, name), source)
        layer = layer_of(path)
        if not path.endswith((".c", ".h")) or not layer:
            continue
        count += 1
        with open(os.path.join(source, path), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                m = re.match(r'#include "([^"]+)"', line)
                if not m:
                    continue
                other = "vat" if m.group(1).startswith("vat/") else layer_of(m.group(1))
                if other and other not in allowed[layer]:
                    bad.append(f"src/{path}:{number}: {layer} may not include {m.group(1)}")

print("1..2")
print(("ok" if count > 50 else "not ok") + f" 1 - found the sources ({count})")
print(("not ok" if bad else "ok") + " 2 - no layer includes what lies above or beside it")
for line in bad:
    print("# " + line)
sys.exit(1 if bad or count <= 50 else 0)
