#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames by hand, where no program sends such: frames.py send DEV SIZE [VLAN] | wait DEV SIZE SECONDS [VLAN].

A frame goes to everybody, has an EtherType of its own (0x88b5, for experiments), and SIZE bytes behind it, all of them
SIZE modulo 256; with VLAN a tag of that number in front.  `wait' prints "ready" once it listens, and ends with 0 when
such a frame has come.
"""
import socket
import struct
import sys
import time

KIND, TAG, EVERY = 0x88B5, 0x8100, 3
SOL_PACKET, AUXDATA, TAGGED = 263, 8, 1 << 4


def tag_of(messages):
    """The tag that the kernel has taken off, 0 for none."""
    for level, kind, data in messages:
        if (level, kind) == (SOL_PACKET, AUXDATA):
            status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data[:20])
            return tci & 0xFFF if status & TAGGED else 0
    return 0


def split(frame, tag):
    """Tag, EtherType and body."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind != TAG:
        return tag, kind, frame[14:]
    return int.from_bytes(frame[14:16], "big") & 0xFFF, int.from_bytes(frame[16:18], "big"), frame[18:]


def wait(s, size, seconds, vlan):
    body = bytes([size % 256]) * size
    s.setsockopt(SOL_PACKET, AUXDATA, 1)
    print("ready", flush=True)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            frame, messages, _, address = s.recvmsg(1 << 17, 64)
        except TimeoutError:
            return 1
        tag, kind, rest = split(frame, tag_of(messages))
        # the sender's own copy is none; a short one may have been padded
        if address[2] != socket.PACKET_OUTGOING and (tag, kind, rest[:size]) == (vlan, KIND, body):
            return 0
    return 1


def send(s, size, vlan):
    own = s.getsockname()[4][:6]
    tag = struct.pack("!HH", TAG, vlan) if vlan else b""
    s.send(b"\xff" * 6 + own + tag + KIND.to_bytes(2, "big") + bytes([size % 256]) * size)
    return 0


def main():
    what, dev, *numbers = sys.argv[1:]
    size, *numbers = map(int, numbers)
    seconds = numbers.pop(0) if what == "wait" else 0
    vlan = numbers[0] if numbers else 0
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY))
    s.bind((dev, EVERY))
    return wait(s, size, seconds, vlan) if what == "wait" else send(s, size, vlan)


sys.exit(main())
