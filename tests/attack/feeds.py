#!/usr/bin/env python3
"""Reads that match little, on eight connections: how long each takes, and what others lose.

    tests/attack/feeds.py [REPORTS [SECONDS]]        300,000 and 10 without
"""

import http.client
import json
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
    "/collections/facilities/items?filter=name_vi%20LIKE%20%27%25zzzz%25%27",
]


def repeated(server, path, ended, times):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    while not ended.is_set():
        began = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        times.append((answer.status, time.monotonic() - began))


def comb(server):
    """A question with a shape of nine thousand corners whose edges pass by every place of the city."""
    west, east, south, north, teeth = 106.3, 107.1, 10.3, 11.2, 4_500
    step = (east - west) / teeth
    ring = [[west, south - 0.1], [east, south - 0.1]]
    ring += [[east - step * (i / 2), north if i % 2 else south] for i in range(2 * teeth)]
    ring.append(ring[0])
    shape = {"type": "Polygon", "coordinates": [[[round(x, 7), y] for x, y in ring]]}
    asked = {"collection": "reports", "limit": 10, "filter": {"op": "s_intersects", "args": [{"property": "geometry"}, shape]}}
    began = time.monotonic()
    status, body = server.get("/search", {"Content-Type": "application/json"}, json.dumps(asked).encode())
    print(f"a comb of {len(ring)} corners: {status} after {time.monotonic() - began:.2f} s, {body[-160:].decode()}")
    assert status in (200, 503) and time.monotonic() - began < 8, body[:300]


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
        comb(server)
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
