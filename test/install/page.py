#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""page.py extract PAGE DIR: writes the files that a page shows (a line "`name`:", then a fenced block).
page.py run PAGE DIR: runs its console blocks in DIR, one shell for all, and compares what they print."""
import os
import pty
import re
import subprocess
import sys
import threading
import tty


def blocks(text):
    """(name or None, language, content) of each fenced block."""
    for m in re.finditer(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        yield m.groups()


def extract(text, folder):
    for name, _, content in blocks(text):
        if name:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(content)


def steps(text):
    """(command, expected output) of the console blocks."""
    result = []
    for _, language, content in blocks(text):
        if language != "console":
            continue
        for line in content.splitlines():
            if line.startswith("$ "):
                result.append((line[2:], []))
            else:
                result[-1][1].append(line)
    return result


def run(text, folder):
    """Each command's output is collected up to a mark. The output is a terminal, as for a person: what
    is written to it comes in the order written."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    with subprocess.Popen(["bash", "--norc", "-m"], cwd=folder, stdin=subprocess.PIPE, stdout=slave,
            stderr=slave, text=True) as shell, open(master, encoding="utf-8") as output:
        os.close(slave)
        alarm = threading.Timer(120, shell.kill)
        alarm.start()
        bad = 0
        for command, want in steps(text):
            shell.stdin.write(command + "\necho ---$?\n")
            shell.stdin.flush()
            got = []
            while True:
                line = output.readline().rstrip("\n")
                if line.startswith("---"):
                    break
                got.append(line)
            if want and got != want or not want and line != "---0":
                bad += 1
                print(f"# {command}\n# wanted: {want}\n# got: {got} {line}")
        alarm.cancel()
        shell.stdin.close()
    return bad


with open(sys.argv[2], encoding="utf-8") as page:
    text_ = page.read()
if sys.argv[1] == "extract":
    extract(text_, sys.argv[3])
else:
    sys.exit(1 if run(text_, sys.argv[3]) else 0)
