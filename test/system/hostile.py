#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A peer with bad intentions, at a node's port 901 or its admin socket.

Each attack is bounded in count and time; the victim must answer correctly to a well-behaved client
after each of them.
"""
import os
import random
import socket
import struct
import sys
import time


def connect():
    if sys.argv[1] == "--unix":
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(sys.argv[2])
        return s
    s = socket.socket(socket.AF_INET6)
    s.settimeout(10)
    s.connect((sys.argv[1], 901))
    return s


def frame(words):
    return struct.pack("<II", 0, len(words)) + b"".join(struct.pack("<Q", w) for w in words)


def struct_pointer(offset, data, pointers):
    return (offset << 2) & 0xFFFFFFFF | data << 32 | pointers << 48


def bootstrap(question):
    """Message{bootstrap{questionId}}"""
    return frame([struct_pointer(0, 1, 1), 8, struct_pointer(0, 1, 1), question, 0])


def call(question, target_question, interface, method):
    """Message{call} on a promised answer, no parameters."""
    return frame([
        struct_pointer(0, 1, 1), 2,
        struct_pointer(0, 3, 3), question | method << 32, interface, 0,
        struct_pointer(2, 1, 1), 0, 0,
        1 << 32, struct_pointer(0, 1, 1), target_question, 0,
    ])


def well_behaved():
    """Bootstrap, and a Return must come."""
    with connect() as s:
        s.sendall(bootstrap(0))
        got = s.recv(4096)
        assert len(got) >= 24, "no answer to a well-behaved client"


def drain(s, seconds=10):
    """Reads until the other side closes; False if it does not."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if not s.recv(65536):
                return True
    except (ConnectionError, socket.timeout):
        return True
    return False


def send_quietly(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass


def garbage():
    r = random.Random(1)
    for _ in range(200):
        with connect() as s:
            send_quietly(s, bytes(r.randrange(256) for _ in range(r.randrange(1, 4000))))


def mutated():
    r = random.Random(2)
    for _ in range(500):
        message = bytearray(bootstrap(0) + call(1, 0, 0xE5A1BCD95F01B3A6, 0))
        for _ in range(r.randrange(1, 6)):
            message[r.randrange(len(message))] = r.randrange(256)
        with connect() as s:
            send_quietly(s, message)


def huge_counts():
    for head in (b"\xff\xff\xff\xff" * 2, struct.pack("<II", 0, 0xFFFFFFFF),
                 struct.pack("<II", 511, 0x7FFFFFFF) * 300, struct.pack("<II", 600, 1)):
        with connect() as s:
            send_quietly(s, head + b"\0" * 4096)
            s.shutdown(socket.SHUT_WR)
            assert drain(s), "kept a connection with an impossible message"


def half_messages():
    held = []
    for _ in range(32):
        s = connect()
        s.sendall(bootstrap(0)[:20])
        held.append(s)
    well_behaved()
    for s in held:
        s.close()


def one_byte_at_a_time():
    with connect() as s:
        for b in bootstrap(0):
            s.sendall(bytes([b]))
        assert s.recv(4096), "no answer to a slow but honest client"


def many_calls():
    """Never Finish: the answers table fills, the calls past its limit are refused, all else goes on."""
    with connect() as s:
        s.settimeout(5)
        send_quietly(s, bootstrap(0))
        batch = b""
        for q in range(1, 60001):
            batch += call(q, 0, 0x1234567890ABCDEF, 7)
            if len(batch) > 60000:
                send_quietly(s, batch)
                batch = b""
                s.setblocking(False)
                try:
                    while s.recv(1 << 20):
                        pass
                except OSError:
                    pass
                s.settimeout(5)
        well_behaved()


def never_reads():
    """Asks much and never reads an answer."""
    with connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(2)
        send_quietly(s, bootstrap(0))
        for q in range(1, 3000):
            try:
                s.sendall(call(q, 0, 0x1234567890ABCDEF, 7))
            except OSError:
                break
        well_behaved()


def many_connections():
    held = []
    try:
        for _ in range(300):
            s = connect()
            held.append(s)
    except OSError:
        pass
    for s in held:
        s.close()
    time_limit = time.monotonic() + 10
    while True:
        try:
            well_behaved()
            return
        except (OSError, AssertionError):
            if time.monotonic() > time_limit:
                raise


def descriptors():
    """A thousand descriptors over the admin socket."""
    if sys.argv[1] != "--unix":
        return
    for _ in range(10):
        with connect() as s:
            fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
            try:
                socket.send_fds(s, [bootstrap(0)], fds)
                s.recv(4096)
            except OSError:
                pass
            for fd in fds:
                os.close(fd)


ATTACKS = (garbage, mutated, huge_counts, half_messages, one_byte_at_a_time, many_calls, never_reads,
           many_connections, descriptors)
for attack in ATTACKS:
    started = time.monotonic()
    attack()
    well_behaved()
    print(f"{attack.__name__}: survived ({time.monotonic() - started:.1f} s)", flush=True)
