#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stands for hosts in the test of segments:

    segments.py guest TAP ADDRESS      a virtual machine on a tap: answers ARP and pings for that address
    segments.py send DEV SIZE [TAG]    sends a frame with so many bytes, in that VLAN, to everybody
    segments.py wait DEV SIZE [TAG]    prints "ready"; ends well when that frame has come, badly after ten seconds
"""
import fcntl
import os
import socket
import struct
import sys

KIND = 0x88B5  # for experiments
MAC = b"\x52\x54\x00\x00\x00\x50"
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 0x10


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def answer(frame, own):
    """What the guest says to a frame; None: nothing."""
    if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x01" and frame[38:42] == own:
        return frame[6:12] + MAC + frame[12:20] + b"\x00\x02" + MAC + own + frame[22:32]
    if frame[12:14] != b"\x08\x00" or frame[0:6] != MAC or frame[30:34] != own or frame[23] != 1 or frame[34] != 8:
        return None
    size = struct.unpack("!H", frame[16:18])[0]
    echo = b"\x00\x00\x00\x00" + frame[38 : 14 + size]
    echo = echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:]
    return frame[6:12] + MAC + frame[12:26] + own + frame[26:30] + echo if checksum(frame[14:34]) == 0 else None


def guest(tap, address):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", tap.encode(), 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
    own = socket.inet_aton(address)
    print("ready", flush=True)
    while True:
        said = answer(os.read(fd, 65536), own)
        if said:
            os.write(fd, said)


def body(size):
    return bytes((size + i) % 256 for i in range(size))


def send(dev, size, tag=0):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((dev, 0))
    own = s.getsockname()[4][:6]
    vlan = struct.pack("!HH", 0x8100, tag) if tag else b""
    s.send(b"\xff" * 6 + own + vlan + struct.pack("!H", KIND) + body(size))


def content(s):
    """Tag and what is behind the type of the next frame that was received."""
    frame, control, _, sender = s.recvmsg(1 << 17, 128)
    tag, at = 0, 12
    for level, kind, data in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data[:20])
            tag = tci if status & VLAN_VALID else 0
    if frame[12:14] == b"\x81\x00":
        tag, at = struct.unpack("!H", frame[14:16])[0], 16
    if sender[2] == socket.PACKET_OUTGOING or frame[at : at + 2] != struct.pack("!H", KIND):
        return None
    return tag, frame[at + 2 :]


def wait(dev, size, tag=0):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((dev, 3))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.settimeout(10)
    print("ready", flush=True)
    while True:
        got = content(s)
        if got and got[0] == tag and got[1][:size] == body(size):  # a short one may have been padded
            return


def main():
    what, dev, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    if what == "guest":
        guest(dev, *rest)
    try:
        {"send": send, "wait": wait}[what](dev, *map(int, rest))
    except TimeoutError:
        return 1
    return 0


sys.exit(main())
