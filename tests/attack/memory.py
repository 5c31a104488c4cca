#!/usr/bin/env python3
"""A process in a control group of 512 MiB under wrk and 64 mixed clients: it lives, and its memory stays flat.

    tests/attack/memory.py [MINUTES [MIB [REPORTS]]]        30, 512 and 100,000 without

Without groups that can be written, the limit is told with --memory and only watched.
"""

import itertools
import json
import random
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from served import Group, Server

MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 30
MIB = int(sys.argv[2]) if len(sys.argv) > 2 else 512
REPORTS = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
CLIENTS = 64

READS = [
    "/collections/reports/items?limit=1000",
    "/collections/reports/items?limit=10000",
    "/collections/reports/items?limit=10000&status=open&sortby=updated_at",
    "/collections/reports/items?filter=votes%20%3E%203%20AND%20category%20%3D%20%27pothole%27",
    "/feeds/reports.json?min_votes=99999",
    "/feeds/reports.atom?limit=1000",
    "/feeds/reports.geojson?status=open&limit=1000",
    "/collections/wards/items",
    "/collections/wards/items?f=csv",
    "/tiles/incidents/0/0/0.mvt",
    "/static/106.7,10.78,12/600x400.png",
    "/nearest?lon=106.7&lat=10.78",
]
EXPORTS = ["/collections/reports/items?f=csv", "/collections/reports/items?f=geojsonseq"]


class Client(threading.Thread):
    def __init__(self, server, n, ended, counts):
        super().__init__(daemon=True)
        self.server, self.n, self.ended, self.counts = server, n, ended, counts
        self.random = random.Random(n)

    def run(self):
        while not self.ended.is_set():
            try:
                kind = self.random.random()
                if kind < 0.6:
                    self.read(self.random.choice(READS))
                elif kind < 0.7:
                    z, x, y = 12, 3262 + self.random.randrange(12), 1920 + self.random.randrange(12)
                    self.read(f"/tiles/incidents,wards/{z}/{x}/{y}.mvt?min_votes={self.random.randrange(99)}")
                elif kind < 0.8:
                    self.count(self.server.report(self.random.randrange(10**6))[0])
                elif kind < 0.9:
                    self.part(self.random.choice(EXPORTS), 1 << 20, 0)
                elif kind < 0.95:
                    # Reads nothing for a while.
                    self.part(self.random.choice(EXPORTS + READS[:2]), 4096, 5)
                else:
                    self.part("/feeds/reports/events", 4096, 2)
            except OSError:
                self.count(0)

    def count(self, status):
        self.counts[status] = self.counts.get(status, 0) + 1

    def read(self, path):
        self.count(self.server.get(path, {"Accept-Encoding": self.random.choice(["identity", "gzip", "br"])})[0])

    def part(self, path, size, pause):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            head = stream.recv(4096)
            self.count(int(head[9:12] or 0))
            self.ended.wait(pause)
            got = len(head)
            while got < size and (part := stream.recv(65536)):
                got += len(part)


def main():
    group = Group(MIB)
    flags = ["--reports", str(REPORTS)] + ([] if group.folder else ["--memory", f"{MIB}MiB"])
    server = Server(("demo",), flags, group=group)
    print(f"{REPORTS} reports, {'a group of' if group.folder else 'told'} {MIB} MiB; RSS at rest {server.rss():.0f} MiB", flush=True)
    try:
        attack(server)
    finally:
        lives = server.lives()
        log = server.logged()
        if peak := group.peak():
            print(f"most that the group held, file cache included: {peak:.0f} MiB")
        server.stop()
        group.remove()
        if not lives:
            print(log[-2000:])
            sys.exit("the process did not live")


def attack(server):
    ended, counts, samples = threading.Event(), {}, []
    for n in range(CLIENTS):
        Client(server, n, ended, counts).start()
    wrk = None
    if shutil.which("wrk"):
        url = f"{server.base}/tiles/incidents/13/6525/3848.mvt"
        wrk = subprocess.Popen(["wrk", "-t1", "-c32", f"-d{max(1, int(MINUTES * 60))}s", url], stdout=subprocess.PIPE, text=True)
    else:
        print("wrk is not installed: the clients attack alone")
    began = time.monotonic()
    for minute in itertools.count(1):
        while (passed := time.monotonic() - began) < min(minute, MINUTES) * 60:
            if not server.lives():
                return
            samples.append((passed, server.rss()))
            time.sleep(2)
        print(f"minute {minute}: RSS {samples[-1][1]:.0f} MiB, most {max(s[1] for s in samples):.0f}; "
              f"answers {json.dumps(dict(sorted(counts.items())))}", flush=True)
        if passed >= MINUTES * 60:
            break
    ended.set()
    if wrk:
        print("wrk:", " ".join(wrk.communicate()[0].split()[-12:]))
    half = [s for s in samples if s[0] > MINUTES * 30]
    middle = statistics.fmean(s[1] for s in half[: len(half) // 2])
    last = statistics.fmean(s[1] for s in half[len(half) // 2:])
    print(f"RSS of the third quarter {middle:.0f} MiB, of the last {last:.0f} MiB, most {max(s[1] for s in samples):.0f} of {MIB}")
    assert counts.get(200, 0) > 0 and counts.get(500, 0) == 0, counts
    assert max(s[1] for s in samples) < MIB, "more than the budget"
    assert last - middle < 0.03 * MIB, "it grows"


if __name__ == "__main__":
    main()
