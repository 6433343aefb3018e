#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An NBD client that does what others would not.

    nbd.py PATH insist       writes, though the export is read-only: in each way there is; says the errors
    nbd.py PATH hold         negotiates and says "here", then "gone" when the connection has ended
    nbd.py PATH lose PID     writes 64 KiB twenty times, kills that process, flushes; says the errors
"""
import os
import signal
import socket
import struct
import sys

READ, WRITE, FLUSH, TRIM, ZEROES = 0, 1, 3, 4, 6


def receive(s, n):
    b = b''
    while len(b) < n:
        more = s.recv(n - len(b))
        if not more:
            raise EOFError
        b += more
    return b


class Client:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        magic, option_magic, flags = struct.unpack('>QQH', receive(self.s, 18))
        assert magic == 0x4e42444d41474943 and option_magic == 0x49484156454f5054
        # no zeroes after NBD_OPT_EXPORT_NAME, which is what everybody has
        self.s.sendall(struct.pack('>I', 3) + struct.pack('>QII', option_magic, 1, 0))
        self.size, self.flags = struct.unpack('>QH', receive(self.s, 10))

    def ask(self, command, at, length, data=b'', flags=0):
        self.s.sendall(struct.pack('>IHHQQI', 0x25609513, flags, command, 7, at, length) + data)
        magic, error, cookie = struct.unpack('>IIQ', receive(self.s, 16))
        assert magic == 0x67446698 and cookie == 7
        return error


def main():
    path, what = sys.argv[1:3]
    c = Client(path)
    if what == 'insist':
        print('read-only' if c.flags & 2 else 'writable',
              c.ask(WRITE, 0, 512, b'x' * 512), c.ask(WRITE, 0, 512, b'x' * 512, 1),
              c.ask(TRIM, 0, 4096), c.ask(ZEROES, 0, 4096), c.ask(ZEROES, 0, 4096, b'', 2))
    elif what == 'hold':
        print('here', flush=True)
        try:
            receive(c.s, 1)
        except (EOFError, ConnectionError):
            print('gone', flush=True)
    elif what == 'lose':
        errors = [c.ask(WRITE, i << 16, 1 << 16, bytes([i + 1]) * (1 << 16)) for i in range(20)]
        os.kill(int(sys.argv[3]), signal.SIGKILL)
        print(*errors, c.ask(FLUSH, 0, 0))


main()
