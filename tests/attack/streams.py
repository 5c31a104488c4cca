#!/usr/bin/env python3
"""Many live streams on one process: how many are open, what each costs, when the last one hears an event.

    tests/attack/streams.py [STREAMS]        10,000 without
"""

import resource
import selectors
import socket
import sys
import time

from served import Server

MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
PATH = "/feeds/reports/events"


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < MANY + 300:
        sys.exit(f"the system allows {hard} open files only")
    server = Server(config="[streams]\nby_address = 1000\n")
    try:
        attack(server)
    finally:
        server.stop()


def listen(server, n):
    """One more stream, from one of 1,000 addresses of the loopback."""
    stream = socket.socket()
    stream.bind((f"127.1.{n // 250 % 4}.{1 + n % 250}", 0))
    stream.connect(("127.0.0.1", server.port))
    stream.sendall(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return stream


def attack(server):
    server.report()
    before, began = server.rss(), time.monotonic()
    streams, refused = [], 0
    while len(streams) < MANY:
        batch = [listen(server, len(streams) + i) for i in range(min(50, MANY - len(streams)))]
        for stream in batch:
            head = b""
            while b"retry: 2000" not in head and (part := stream.recv(4096)):
                head += part
                if b"HTTP/1.1 200" not in head:
                    break
            if b"HTTP/1.1 200" in head:
                streams.append(stream)
            else:
                refused += 1
                stream.close()
        if refused > 1_000:
            sys.exit(f"{len(streams)} are open, then: {head}")
    opened = time.monotonic() - began
    idle = server.rss()
    print(f"{len(streams)} streams opened in {opened:.1f} s ({refused} shed and tried again); "
          f"RSS {before:.0f} -> {idle:.0f} MiB, {(idle - before) * 1024 / MANY:.1f} KiB each")

    readable = selectors.DefaultSelector()
    for stream in streams:
        stream.setblocking(False)
        readable.register(stream, selectors.EVENT_READ)
    for n in range(3):
        began = time.monotonic()
        status, _ = server.report(n + 1)
        answered, heard, last = time.monotonic() - began, set(), 0.0
        while len(heard) < MANY and time.monotonic() - began < 60:
            for key, _ in readable.select(1):
                part = key.fileobj.recv(65536)
                if b"data:" in part and key.fd not in heard:
                    heard.add(key.fd)
                    last = time.monotonic() - began
        print(f"event {n + 1}: answered {status} in {answered * 1e3:.0f} ms, "
              f"{len(heard)} heard it, the last one after {last:.2f} s")
        assert len(heard) == MANY, "some heard nothing"

    began, cpu = time.monotonic(), server.cpu()
    slowest = 0.0
    while time.monotonic() - began < 30:
        asked = time.monotonic()
        assert server.get("/collections/reports/items?limit=10")[0] == 200
        slowest = max(slowest, time.monotonic() - asked)
        for key, _ in readable.select(0.2):
            key.fileobj.recv(65536)
    spent = (server.cpu() - cpu) / (time.monotonic() - began)
    print(f"half a minute of heartbeats: {spent * 100:.0f} % of a core, slowest other read {slowest * 1e3:.0f} ms, "
          f"RSS {server.rss():.0f} MiB")
    if MANY >= 10_000:
        status, body = server.get(PATH)
        assert status == 503 and b"too-many-streams" in body, (status, body)
        print("the next one is refused: 503")
    for stream in streams:
        stream.close()
    server.until(lambda: b"diaban_streams 0" in server.get("/metrics")[1], 60)
    print(f"all closed; RSS {server.rss():.0f} MiB")


if __name__ == "__main__":
    main()
