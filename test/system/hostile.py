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


def provide(question, target_question, token):
    """Message{provide} of a promised answer."""
    return frame([
        struct_pointer(0, 1, 1), 10,
        struct_pointer(0, 1, 2), question,
        struct_pointer(1, 1, 1), struct_pointer(4, 3, 1),
        1 << 32, struct_pointer(0, 1, 1), target_question, 0,
        *token, 0, 0,
    ])


def accept(question, token):
    """Message{accept} without an embargo."""
    return frame([
        struct_pointer(0, 1, 1), 11,
        struct_pointer(0, 1, 2), question,
        struct_pointer(1, 3, 1), 0,
        *token, 0, 0,
    ])


def lift_embargo(provide_question, number):
    """Message{disembargo{accept}} that names a Provide; every number is another embargo."""
    return frame([
        struct_pointer(0, 1, 1), 13,
        struct_pointer(0, 1, 2), 2 << 32,
        struct_pointer(1, 1, 1), 1 | 3 << 2 | (2 | 8 << 3) << 32,
        1 << 32, struct_pointer(0, 1, 1), provide_question, 0,
        number,
    ])


def call_with_introduction(question, target_question, token, number):
    """Message{call} with a capability that is hosted by somebody else, on connection `number`."""
    return frame([
        struct_pointer(0, 1, 1), 2,
        struct_pointer(0, 3, 3), question | 7 << 32, 0x1234567890ABCDEF, 0,
        struct_pointer(2, 1, 1), struct_pointer(5, 0, 2), 0,
        1 << 32, struct_pointer(0, 1, 1), target_question, 0,
        0, 0, # the parameters; then their capabilities:
        1 | (7 | 2 << 3) << 32, 1 << 2 | 1 << 32 | 1 << 48,
        5, struct_pointer(0, 1, 1),
        question, struct_pointer(0, 3, 1),
        *token, 0, 1 | (2 | 8 << 3) << 32,
        number,
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


def send_much(s, messages):
    """Sends them all, and throws away what is said to them."""
    s.settimeout(5)
    batch = b""
    for m in messages:
        batch += m
        if len(batch) < 60000:
            continue
        send_quietly(s, batch)
        batch = b""
        s.setblocking(False)
        try:
            while s.recv(1 << 20):
                pass
        except OSError:
            pass
        s.settimeout(5)
    send_quietly(s, batch)


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
        send_much(s, [bootstrap(0)])
        send_much(s, (call(q, 0, 0x1234567890ABCDEF, 7) for q in range(1, 60001)))
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


def token(n):
    return n, 0x6D65746163


def hand_off():
    """One by the book, so that what follows is known to be understood: two Returns."""
    with connect() as s:
        s.sendall(bootstrap(0) + provide(1, 0, token(0)) + accept(2, token(0)))
        got = b""
        while got.count(struct.pack("<QQ", struct_pointer(0, 1, 1), 3)) < 2:
            more = s.recv(4096)
            assert more, "no answer to Accept"
            got += more


def never_accepted():
    """Provides for nobody, from many connections; ends when the last of them is full."""
    held = [connect() for _ in range(20)]
    for i, s in enumerate(held):
        send_much(s, [bootstrap(0)] +
                  [provide(q, 0, token(i << 32 | q)) for q in range(1, 20000)])
    well_behaved()
    for s in held:
        s.close()


def never_provided():
    """Accepts what nobody provided."""
    held = [connect() for _ in range(20)]
    for i, s in enumerate(held):
        send_much(s, [accept(q, token(i << 32 | q)) for q in range(1, 20000)])
    well_behaved()
    for s in held:
        s.close()


def same_token():
    """Everybody provides and accepts under one token, and lifts embargoes that nobody waits for."""
    held = [connect() for _ in range(10)]
    for s in held:
        send_much(s, [bootstrap(0)] +
                  [m for q in range(1, 200) for m in (provide(2 * q, 0, token(1)),
                                                      accept(2 * q + 1, token(1)))])
        send_much(s, [lift_embargo(2, n) for n in range(1000)])
    well_behaved()
    for s in held:
        s.close()


def forged_introductions():
    """Names connections of others as those that lead to a capability."""
    with connect() as s:
        send_much(s, [bootstrap(0)] +
                  [call_with_introduction(q, 0, token(q), q % 64) for q in range(1, 900)])
        well_behaved()


def mutated_hand_off():
    r = random.Random(3)
    for i in range(500):
        message = bytearray(provide(1, 0, token(i)) + accept(2, token(i)) + lift_embargo(1, i) +
                            call_with_introduction(3, 0, token(i), i % 64))
        for _ in range(r.randrange(1, 6)):
            message[r.randrange(len(message))] = r.randrange(256)
        with connect() as s:
            send_quietly(s, bootstrap(0) + message)


ATTACKS = (garbage, mutated, huge_counts, half_messages, one_byte_at_a_time, many_calls, never_reads,
           many_connections, descriptors, hand_off, never_accepted, never_provided, same_token,
           forged_introductions, mutated_hand_off)
for attack in ATTACKS:
    started = time.monotonic()
    attack()
    well_behaved()
    print(f"{attack.__name__}: survived ({time.monotonic() - started:.1f} s)", flush=True)
