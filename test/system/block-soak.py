#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a disk and knows what must be on it.

    block-soak.py DEVICE|SOCKET THREADS STATE    until SIGTERM
    block-soak.py --lose FILE STATE              overwrites in FILE what is in no flush
    block-soak.py --check FILE STATE             is all there that was written?

Each thread has a part of the disk for itself, so it knows what a sector has: who wrote it, where and as which of
his writes, over and over; a sector that is torn, old, or somebody else's is seen at once.  SIGUSR1 writes to
STATE.lost which sectors a machine that has crashed can have lost: those of a write that began after the last flush
was answered.  STATE is written at the end.
"""
import fcntl
import mmap
import os
import random
import signal
import socket
import stat
import struct
import sys
import threading
import time

SECTOR, ZERO = 512, 0
READ, WRITE, FLUSH, ZEROES, FUA = 0, 1, 3, 6, 1
BLKDISCARD, BLKZEROOUT, BLKGETSIZE64 = 0x1277, 0x127f, 0x80081272


def content(number, sector):
    return struct.pack('<QQ', number, sector) * (SECTOR // 16) if number else bytes(SECTOR)


class Device:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_DIRECT)
        self.size = struct.unpack('Q', fcntl.ioctl(self.fd, BLKGETSIZE64, bytes(8)))[0]
        self.buffer = mmap.mmap(-1, 1 << 20)

    def read(self, at, n):
        assert os.preadv(self.fd, [memoryview(self.buffer)[:n]], at) == n
        return self.buffer[:n]

    def write(self, at, data, fua):
        self.buffer[:len(data)] = data
        assert os.pwritev(self.fd, [memoryview(self.buffer)[:len(data)]], at) == len(data)
        if fua: # with O_DSYNC the kernel would flush twice, so that one could come between them
            self.flush()

    def zero(self, at, n):
        fcntl.ioctl(self.fd, BLKZEROOUT, struct.pack('QQ', at, n))

    def flush(self):
        os.fsync(self.fd)


class Served:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        _, magic, _ = struct.unpack('>QQH', self.receive(18))
        self.s.sendall(struct.pack('>IQII', 3, magic, 1, 0))
        self.size, _ = struct.unpack('>QH', self.receive(10))

    def receive(self, n):
        b = bytearray()
        while len(b) < n:
            more = self.s.recv(n - len(b))
            if not more:
                raise EOFError('the connection has ended')
            b += more
        return bytes(b)

    def ask(self, command, at, n, data=b'', flags=0):
        self.s.sendall(struct.pack('>IHHQQI', 0x25609513, flags, command, 7, at, n) + data)
        magic, error, cookie = struct.unpack('>IIQ', self.receive(16))
        assert (magic, error, cookie) == (0x67446698, 0, 7), (hex(magic), error, cookie)

    def read(self, at, n):
        self.ask(READ, at, n)
        return self.receive(n)

    def write(self, at, data, fua):
        self.ask(WRITE, at, len(data), data, FUA if fua else 0)

    def zero(self, at, n):
        self.ask(ZEROES, at, n)

    def flush(self):
        self.ask(FLUSH, 0, 0)


class Soak:
    def __init__(self, target, n_threads, state):
        self.open = Device if stat.S_ISBLK(os.stat(target).st_mode) else Served
        self.target, self.n_threads, self.state = target, n_threads, state
        self.sectors = self.open(target).size // SECTOR
        self.now = [0] * self.sectors   # number of the write that each has; what was zeroed has 0
        self.begun = [0] * self.sectors  # when the last write began, if no flush is needed for it: 0
        self.lock, self.clock, self.flushed = threading.Lock(), 0, 0
        self.over, self.crash, self.failed, self.n = False, False, None, 0

    def tick(self):
        with self.lock:
            self.clock += 1
            return self.clock

    def work(self, index):
        try:
            self.loop(self.open(self.target), random.Random(index), index)
        except BaseException as e:
            self.failed = self.failed or e
            self.over = True
            raise

    def loop(self, d, rnd, index):
        part = self.sectors // self.n_threads & ~7
        first = index * part
        while not self.over:
            what, n = rnd.random(), rnd.choice((1, 1, 3, 8, 8, 8, 16, 64, 200))
            at = first + rnd.randrange(part - n)
            if rnd.random() < 0.7: # whole pages
                n = (n + 7) & ~7
                at = first + (rnd.randrange(part - n) & ~7)
            if what < 0.5 or what >= 0.96:
                self.change(d, at, n, what < 0.08, what >= 0.96)
            elif what < 0.94:
                self.verify(at, d.read(at * SECTOR, n * SECTOR))
            else:
                d.flush()
                self.flushed = max(self.flushed, self.tick())
            self.n += 1

    def change(self, d, at, n, fua, zero):
        begun = self.tick()
        number = 0 if zero else begun
        for i in range(at, at + n):
            self.now[i], self.begun[i] = number, begun
        if zero:
            d.zero(at * SECTOR, n * SECTOR)
        else:
            d.write(at * SECTOR, b''.join(content(number, i) for i in range(at, at + n)), fua)
        if not fua or zero:
            return
        for i in range(at, at + n):
            self.begun[i] = 0
        if isinstance(d, Device):
            self.flushed = max(self.flushed, self.tick())

    def verify(self, at, data):
        for i in range(len(data) // SECTOR):
            had = data[i * SECTOR:(i + 1) * SECTOR]
            if had != content(self.now[at + i], at + i):
                raise ValueError('sector %d has %s, not number %d' % (at + i, had[:32].hex(), self.now[at + i]))

    def tell_lost(self):
        n = None
        while n != self.n: # answers that were on their way have come
            n = self.n
            time.sleep(0.5)
        lost = [i for i in range(self.sectors) if self.begun[i] > self.flushed]
        with open(self.state + '.new', 'w') as f:
            f.write('\n'.join(map(str, lost)))
        os.rename(self.state + '.new', self.state + '.lost')

    def crashed(self, *_):
        self.crash = True

    def end(self, *_):
        self.over = True

    def run(self):
        signal.signal(signal.SIGUSR1, self.crashed)
        signal.signal(signal.SIGTERM, self.end)
        threads = [threading.Thread(target=self.work, args=(i,)) for i in range(self.n_threads)]
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            if self.crash:
                self.crash = False
                self.tell_lost()
            for t in threads:
                t.join(0.01)
        if self.failed:
            sys.exit('after %d operations: %s' % (self.n, self.failed))
        self.open(self.target).flush()
        with open(self.state, 'w') as f:
            f.write('\n'.join(map(str, self.now)))
        print(self.n, 'operations', flush=True)


def main():
    if sys.argv[1] == '--lose':
        fd = os.open(sys.argv[2], os.O_WRONLY)
        with open(sys.argv[3] + '.lost') as f:
            for line in f:
                os.pwrite(fd, b'?' * SECTOR, int(line) * SECTOR)
        return
    if sys.argv[1] == '--check':
        with open(sys.argv[2], 'rb') as disk, open(sys.argv[3]) as f:
            for i, line in enumerate(f):
                had = disk.read(SECTOR)
                if had != content(int(line), i):
                    sys.exit('sector %d has %s, not number %d' % (i, had[:32].hex(), int(line)))
        return
    Soak(sys.argv[1], int(sys.argv[2]), sys.argv[3]).run()


main()
