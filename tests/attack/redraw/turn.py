#!/usr/bin/env python3
"""Boundaries that come into force and are taken back under load: what readers and posters of each process notice.

    tests/attack/redraw/turn.py [OPTIONS] STEP…

Steps, one after the other:
    prepare FILE GENERATION [SUCCESSORS]   `areas prepare`
    prepare third [FILE]                   the same with boundaries of 2027-01-01, made up from those of a file, else of
                                           the last one that was prepared here, else of the pack
    activate WHICH                         `areas activate`
    undo                                   `areas withdraw`
    rest SECONDS                           only readers and posters

Options:
    --store URL        the store (an SQLite file of its own without); one that is empty or new is filled by the demo
    --reports N        with so many reports (200,000 without)
    --processes N      that serve it, each with readers and posters of its own (1 without; more need PostgreSQL)
    --readers N        of lists by process; a reader of tiles, one of clusters and two posters come to them (2 without)
    --rest SECONDS     under load after each step (3 without)
    --faketime MOMENT  that processes and commands take for now, local time: '2025-06-29 08:00:00'

Prints a row of a table for each step. Right after a turn the tiles are read with what was posted in the half minute before
(it came after the coming map was made). Ends with an error if an answer held wards of two generations, if a process showed
former wards to somebody who asked after it had shown new ones, if anybody was refused otherwise than by a 503, which asks
to come again, or if a report was lost or doubled.
"""

import argparse
import json
import math
import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

from common import Client, Process, Redrawn, begin, clock, local, reports, run, somewhere

KINDS = ("list", "tile", "cluster", "post")
WORDS = {"prepare": (1, 3), "activate": (1, 1), "undo": (0, 0), "rest": (1, 1)}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--store")
    options.add_argument("--reports", type=int, default=200_000)
    options.add_argument("--processes", type=int, default=1)
    options.add_argument("--readers", type=int, default=2)
    options.add_argument("--rest", type=float, default=3)
    options.add_argument("--faketime")
    options.add_argument("step", nargs="*", default="prepare third activate 2027-01-01 undo".split())
    options = options.parse_args()
    steps = list(parted(options.step))
    with tempfile.TemporaryDirectory(prefix="diaban-attack-") as folder:
        store = options.store or f"sqlite:{folder}/city.db"
        env = clock(options.faketime)
        processes = []
        try:
            for n in range(options.processes):
                role, flags = ("serve", ()) if n else ("demo", ("--reports", options.reports))
                processes.append(Process(store, role, flags, env))
            sys.exit(attack(store, env, processes, options, steps, folder))
        finally:
            for process in processes:
                process.stop()


def parted(words):
    """The steps with their words."""
    words = list(words)
    while words:
        step = [words.pop(0)]
        if step[0] not in WORDS:
            sys.exit(f"{step[0]} is no step: {', '.join(WORDS)}")
        least, most = WORDS[step[0]]
        while words and len(step) <= most and words[0] not in WORDS:
            step.append(words.pop(0))
        if len(step) <= least:
            sys.exit(f"{step[0]} needs a word after it")
        yield step


class Load:
    """Readers and posters of all processes, and what they saw: (process, kind, asked, answered, status, generations)."""

    def __init__(self, processes, readers):
        self.ended, self.seen, self.posted, self.refused = threading.Event(), [], {}, []
        self.places, self.ports = [], [process.port for process in processes]
        self.answers = Counter()
        self.threads = []
        for n, process in enumerate(processes):
            works = [self.lists] * readers + [self.tiles, self.clusters, self.posts, self.posts]
            for i, work in enumerate(works):
                arguments = (n, Client(process.port), random.Random(f"{n} {i}"), f"{n}.{i}")
                self.threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        for thread in self.threads:
            thread.start()

    def ask(self, n, kind, client, path):
        asked = time.monotonic()
        status, body, _ = client.ask(path)
        pattern = rb"(\d{4}-\d\d-\d\d)\.\d{5}" if kind in ("tile", "probe") else rb'"ward_generation":"([^"]+)"'
        self.seen.append((n, kind, asked, time.monotonic(), status, frozenset(re.findall(pattern, body))))
        if status not in (200, 204):
            self.answers[(kind, status, body[:300].decode(errors="replace"))] += 1
        time.sleep(0.2 if status not in (200, 204) else 0 if kind == "probe" else 0.005)
        return body if status == 200 else b""

    def lists(self, n, client, R, _):
        path = None
        while not self.ended.is_set():
            body = self.ask(n, "list", client, path or f"/collections/reports/items?limit={R.randint(50, 200)}")
            onward = re.search(rb'"href":"([^"]+)","rel":"next"', body)
            path = local(onward[1].decode()) if onward and R.random() < 0.7 else None

    def tiles(self, n, client, R, _):
        while not self.ended.is_set():
            z = R.choice((12, 13, 14))
            x, y = (13048 + R.randrange(-40, 40)) >> 14 - z, (7699 + R.randrange(-40, 40)) >> 14 - z
            # A filter that differs, so that answers are not those of the cache.
            self.ask(n, "tile", client, f"/tiles/incidents/{z}/{x}/{y}.mvt?min_votes={R.randrange(4)}")

    def clusters(self, n, client, R, _):
        while not self.ended.is_set():
            z = R.choice((8, 10, 12))
            x, y = (13048 + R.randrange(-40, 40)) >> 14 - z, (7699 + R.randrange(-40, 40)) >> 14 - z
            for cluster in clusters(self.ask(n, "tile", client, f"/tiles/incidents/{z}/{x}/{y}.mvt"))[:20]:
                self.ask(n, "cluster", client, f"/tiles/incidents/clusters/{cluster}?limit=100")
                if self.ended.is_set():
                    return

    def posts(self, n, client, R, name):
        count = 0
        while not self.ended.is_set():
            title, (lon, lat) = f"redraw {MARK} {name} {count}", somewhere(R)
            while True:
                asked = time.monotonic()
                status, made = client.post(title, lon, lat)
                shown = (made.get("properties") or {}).get("ward_generation")
                shown = frozenset([shown.encode()] if shown else [])
                self.seen.append((n, "post", asked, time.monotonic(), status, shown))
                if status in (200, 201):
                    self.posted[title] = made["id"]
                    self.places.append((asked, lon, lat))
                    break
                self.answers[("post", status, json.dumps(made, ensure_ascii=False)[:300])] += 1
                if 400 <= status < 500:
                    self.refused.append((title, status, made))
                    break
                time.sleep(0.2)
            count += 1
            time.sleep(0.02)

    def probe(self, seconds):
        """Tiles with what was posted last, of all processes: what came between announcement and turn turns, too."""
        clients = [Client(port) for port in self.ports]
        for asked, lon, lat in [p for p in self.places if p[0] > time.monotonic() - seconds]:
            x, y = (lon + 180) / 360, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
            for n, client in enumerate(clients):
                self.ask(n, "probe", client, f"/tiles/incidents/18/{int(x * 2**18)}/{int(y * 2**18)}.mvt")

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


# What one run posts is not what another posted to the same store.
MARK = f"{time.time():.0f}"


def attack(store, env, processes, options, steps, folder):
    clean = True
    size = Client(processes[0].port).json("/collections/reports/items?limit=1")["numberMatched"]
    print(f"{store.split(':')[0]}, {size} reports, {len(processes)} processes")
    load = Load(processes, options.readers)
    try:
        in_force, files = generation(store, env), []
        print("\n| step | s | in force after s | others waited ms | first new … last former answer, ms, by process "
              "| mixed of answers | " + " | ".join(f"{kind} ms" for kind in KINDS) + " | refused |")
        print("|" + "---|" * (7 + len(KINDS)))
        for step in [["rest", options.rest], *steps]:
            since = time.monotonic()
            turned, waited, said = take(store, env, step, folder, files, load)
            ended = time.monotonic()
            time.sleep(options.rest if step[0] != "rest" else 0)
            former, in_force = in_force, generation(store, env)
            seen = [s for s in list(load.seen) if s[3] >= since]
            turn, backwards = told(seen, len(processes), former, in_force, turned or since)
            mixed = [s for s in seen if len(s[5]) > 1]
            refused = Counter(f"{s[1]} {s[4]}" for s in seen if s[4] not in (200, 201, 204, 304))
            times = [latency([s[3] - s[2] for s in seen if s[1] == kind]) for kind in KINDS]
            after = f"{turned - since:.2f}" if turned else ""
            name = " ".join(str(word).rsplit("/", 1)[-1] for word in step)
            print(f"| {name} | {ended - since:.1f} | {after} | {waited} | {turn} | {len(mixed)} of {len(seen)} "
                  f"| {' | '.join(times)} | "
                  f"{', '.join(f'{n} × {what}' for what, n in refused.items()) or 0} |", flush=True)
            for line in said[-3:]:
                print(f"    {line}", file=sys.stderr)
            for s in (mixed + backwards)[:5]:
                print(f"fault: {s[1]} of process {s[0]} showed {sorted(s[5])} at {s[3] - since:.3f} s of this step")
            clean &= not (mixed or backwards or any(not what.endswith(" 503") for what in refused))
    finally:
        load.end()
    print()
    for (kind, status, body), count in load.answers.most_common(5):
        print(f"refused {count} ×: {kind} {status} {body}")
    clean &= kept(processes, load)
    print("memory at most: " + ", ".join(f"{p.peak():.0f} MiB" for p in processes))
    return 0 if clean else "not as promised; see above"


def take(store, env, step, folder, files, load):
    """Does a step: the moment when other boundaries were in force, how long others waited, what was said."""
    if step[0] == "rest":
        time.sleep(float(step[1]))
        return None, "", []
    if step[0] == "prepare":
        if step[1] == "third":
            redrawn = Redrawn(folder, step[2] if len(step) > 2 else files[-1] if files else None)
            print(redrawn.said(), file=sys.stderr)
            words = ["prepare", *redrawn.words()]
        else:
            files.append(step[1])
            words = ["prepare", step[1], "--generation", step[2]]
            words += ["--successors", step[3]] if len(step) > 3 else []
    else:
        words = ["activate", step[1]] if step[0] == "activate" else ["withdraw"]
    child = begin(store, "areas", *words, env=env)
    turned, waited, said = None, "", []
    for line in child.stdout:
        said.append(line.rstrip())
        if found := re.search(r"other writes waited for (\d+) ms", line):
            turned, waited = time.monotonic(), found[1]
            # Beside what is written behind the turn; half a second is for the last process to see it.
            threading.Timer(0.5, load.probe, [30]).start()
    if child.wait():
        print("\n".join(said))
        sys.exit(f"{' '.join(map(str, words))}: status {child.returncode}")
    return turned, waited, said


def generation(store, env):
    """The one in force."""
    lines = [line.split("\t") for line in run(store, "areas", "list", env=env).splitlines()]
    return next((line[1] for line in lines if len(line) > 2 and line[2] == "in force"), None)


def told(seen, processes, former, now, zero):
    """When each process showed new wards first and former ones last; answers that went back to the former ones."""
    if former == now:
        return "", []
    parts, backwards = [], []
    for n in range(processes):
        new = [s for s in seen if s[0] == n and now.encode() in s[5]]
        old = [s for s in seen if s[0] == n and former.encode() in s[5]]
        if not new or not old:
            parts.append("?")
            continue
        first, last = min(s[3] for s in new), max(s[3] for s in old)
        parts.append(f"{(first - zero) * 1e3:+.0f} … {(last - zero) * 1e3:+.0f}")
        backwards += [s for s in old if s[2] > first]
    return ", ".join(parts), backwards


def latency(times):
    times.sort()
    at = lambda share: times[int(len(times) * share)] * 1e3
    return f"{at(0.5):.1f}, p99 {at(0.99):.0f}, worst {times[-1] * 1e3:.0f}" if times else "none"


def kept(processes, load):
    """Whether every report that was acknowledged is there once, in every process."""
    clean = True
    wanted = load.posted
    for n, process in enumerate(processes):
        client = Client(process.port)
        for _ in range(50):
            found = reports(client, "category=drainage&datetime=" + since(client, wanted))
            if set(wanted.values()) <= set(found):
                break
            time.sleep(0.2)
        titles = Counter(p["title"] for p in found.values() if p["title"] in wanted)
        lost = sum(found.get(i, {}).get("title") != title for title, i in wanted.items())
        print(f"process {n}: {len(wanted)} reports acknowledged, {lost} lost, "
              f"{sum(c - 1 for c in titles.values())} doubled, {len(load.refused)} refused {load.refused[:2] or ''}")
        clean &= not lost and all(c == 1 for c in titles.values()) and not load.refused
    return clean


def since(client, posted):
    """An interval that holds what was posted, by the clock of the service."""
    first = client.json(f"/collections/reports/items/{next(iter(posted.values()))}")["properties"]["created_at"]
    return (datetime.fromisoformat(first[:19]) - timedelta(minutes=2)).isoformat() + "Z/.."


# What of a tile is needed here

def fields(data):
    """Numbers and values of a message of protobuf."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
            continue
        size = number() if key & 7 == 2 else (8 if key & 7 == 1 else 4)
        yield key >> 3, data[at : at + size]
        at += size


def clusters(tile):
    """The ids of clusters in a tile."""
    found = []
    for layer in (value for n, value in fields(tile) if n == 3):
        parts = list(fields(layer))
        keys = [value.decode() for n, value in parts if n == 3]
        values = [next(iter(fields(value)))[1] for n, value in parts if n == 4]
        for feature in (value for n, value in parts if n == 2):
            tags = next((packed(value) for n, value in fields(feature) if n == 2), [])
            pairs = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2])}
            if isinstance(pairs.get("cluster_id"), int):
                found.append(pairs["cluster_id"])
    return found


def packed(data):
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    return numbers


if __name__ == "__main__":
    main()
