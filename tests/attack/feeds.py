#!/usr/bin/env python3
"""Reads that match little, on eight connections: how long each takes, and what others lose.

    tests/attack/feeds.py [REPORTS [SECONDS]]        300,000 and 10 without
"""

import http.client
import sys
import threading
import time

from served import Server

REPORTS = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 10
HARD = [
    "/feeds/reports.json?min_votes=99999",
    "/feeds/reports.json?category=crime_tip&status=closed&min_votes=50",
    "/feeds/wards/26740/changes.json?min_votes=99999",
    "/feeds/wards/26740/changes.json?status=closed&category=other",
    "/collections/reports/items?min_votes=99999",
    "/collections/reports/items?filter=votes%20%3E%2099998",
    "/collections/facilities/items?filter=name%20LIKE%20%27%25zzzz%25%27",
]


def repeated(server, path, ended, times):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    while not ended.is_set():
        began = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        times.append((answer.status, time.monotonic() - began))


def told(what, times):
    passed = sorted(t for status, t in times if status in (200, 304))
    at = lambda part: passed[min(len(passed) - 1, int(len(passed) * part))] * 1e3 if passed else float("nan")
    print(f"{what}: {len(times)} answers, {len(times) - len(passed)} refused; "
          f"half within {at(0.5):.1f} ms, 99 % within {at(0.99):.1f} ms", flush=True)
    return len(times), len(times) - len(passed)


def main():
    server = Server(("demo",), ["--reports", str(REPORTS)])
    try:
        for path in HARD:
            began = time.monotonic()
            status, body = server.get(path)
            print(f"{path}: {status}, {len(body)} bytes, {(time.monotonic() - began) * 1e3:.1f} ms alone", flush=True)
            assert status in (200, 503), body
        tile = "/tiles/incidents/13/6525/3848.mvt"
        for path in [None, *HARD]:
            ended, hard, tiles = threading.Event(), [], []
            threads = [threading.Thread(target=repeated, args=(server, tile, ended, tiles))]
            threads += [threading.Thread(target=repeated, args=(server, path, ended, hard)) for _ in range(8 if path else 0)]
            for thread in threads:
                thread.start()
            time.sleep(SECONDS)
            ended.set()
            for thread in threads:
                thread.join()
            if path:
                told(path, hard)
            count, lost = told("  a tile beside it" if path else "a tile alone", tiles)
            assert lost * 100 <= count, "others lose tiles"
    finally:
        server.stop()


if __name__ == "__main__":
    main()
