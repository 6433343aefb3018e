#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packets for net-attacks.sh: written by hand, or sent by sockets that lie as far as they may.

listen DEV FILE                              appends each TXT-... seen in a frame to the file
text DEV TEXT [COUNT]                        a broadcast frame with the text
vxlan DEV MAC SRC SPORT DST DPORT VNI TEXT [fragments|options]   from a packet socket
user SRC SPORT DST DPORT VNI TEXT            from a UDP socket with a foreign address (IPV6_FREEBIND)
raw SRC SPORT DST DPORT VNI TEXT             from a raw socket
bind FAMILY PORT [DST DPORT TEXT]            takes the port (SO_REUSEPORT); and sends
syn DEV MAC SRC DST PORT [TAGS]              the beginning of a TCP connection
advertise DEV TARGET TEXT                    a neighbour advertisement for all
replay DEV FILE                              frames of a capture
"""
import os
import re
import socket
import struct
import sys

TEXTS = re.compile(rb"TXT-[a-z0-9-]+;")
EVERYBODY = b"\xff" * 6
EVIL = bytes.fromhex("02bad0000001")


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def packet_socket(dev, protocol=0):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    s.bind((dev, protocol))
    return s


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def address(text):
    return socket.inet_pton(socket.AF_INET6, text)


def with_checksum(src, dst, proto, data, at):
    pseudo = address(src) + address(dst) + struct.pack("!II", len(data), proto)
    return data[:at] + struct.pack("!H", checksum(pseudo + data)) + data[at + 2:]


def ip6(src, dst, proto, data, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(data), proto, hops) + address(src) + address(dst) + data


def inner(text):
    return EVERYBODY + EVIL + b"\x88\xb5" + text.encode() + b";" + bytes(40)


def udp(sport, dport, data):
    return struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data


def vxlan(vni, text):
    return struct.pack("!II", 0x08000000, vni << 8) + inner(text)


def do_listen(dev, file):
    s = packet_socket(dev, 3)
    with open(file, "ab", buffering=0) as f:
        f.write(b"ready\n")
        while True:
            for t in TEXTS.findall(s.recv(65536)):
                f.write(t[:-1] + b"\n")


def do_text(dev, text, count="1"):
    s = packet_socket(dev)
    for _ in range(int(count)):
        s.send(inner(text))


def do_vxlan(dev, to, src, sport, dst, dport, vni, text, how=""):
    s = packet_socket(dev)
    data = udp(int(sport), int(dport), vxlan(int(vni), text))
    data = with_checksum(src, dst, 17, data, 6)
    head = mac(to) + EVIL + b"\x86\xdd"
    if how == "fragments":
        name = os.getpid()
        for at, more, part in (0, 1, data[:16]), (16, 0, data[16:]):
            s.send(head + ip6(src, dst, 44, struct.pack("!BBHI", 17, 0, at | more, name) + part))
    elif how == "options":
        s.send(head + ip6(src, dst, 60, b"\x11\0\1\4\0\0\0\0" + data))
    else:
        s.send(head + ip6(src, dst, 17, data))


def do_user(src, sport, dst, dport, vni, text):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
    s.bind((src, int(sport)))
    s.sendto(vxlan(int(vni), text), (dst, int(dport)))


def do_raw(src, sport, dst, dport, vni, text):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_UDP)
    s.bind((src, 0))
    s.setsockopt(socket.IPPROTO_IPV6, 7, 6)  # IPV6_CHECKSUM: the kernel's work
    try:
        s.sendto(udp(int(sport), int(dport), vxlan(int(vni), text)), (dst, 0))
    except PermissionError:
        pass  # a rule has dropped it


def do_bind(family, port, dst=None, dport=None, text=None):
    s = socket.socket(socket.AF_INET6 if family == "6" else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("", int(port)))
    if dst:
        s.sendto(vxlan(1, text), (dst, int(dport)))


def do_syn(dev, to, src, dst, port, tags="0"):
    s = packet_socket(dev)
    data = struct.pack("!HHIIBBHHH", 4444, int(port), 1, 0, 0x50, 2, 1000, 0, 0)
    data = with_checksum(src, dst, 6, data, 16)
    s.send(mac(to) + EVIL + b"\x81\0\0\x07" * int(tags) + b"\x86\xdd" + ip6(src, dst, 6, data))


def do_advertise(dev, target, text):
    s = packet_socket(dev)
    data = b"\x88\0\0\0\x20\0\0\0" + address(target) + b"\2\1" + EVIL
    said = text.encode() + b";"  # in an option that nobody knows
    said += bytes(-(len(said) + 2) % 8)
    data += struct.pack("!BB", 253, (len(said) + 2) // 8) + said
    data = with_checksum("fe80::bad", "ff02::1", 58, data, 2)
    s.send(bytes.fromhex("333300000001") + EVIL + b"\x86\xdd"
           + ip6("fe80::bad", "ff02::1", 58, data, 255))


def do_replay(dev, file):
    s = packet_socket(dev)
    with open(file, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data):
        n = struct.unpack("<I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + n]
        # captured before a network card would have completed the checksum
        src, dst = (socket.inet_ntop(socket.AF_INET6, frame[i:i + 16]) for i in (22, 38))
        packet = frame[54:60] + b"\0\0" + frame[62:]
        s.send(frame[:54] + with_checksum(src, dst, 17, packet, 6))
        at += 16 + n


globals()["do_" + sys.argv[1]](*sys.argv[2:])
