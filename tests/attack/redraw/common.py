"""What the attacks on a turn of boundaries share: processes on one store, clients, boundaries that are made up."""

import csv
import gzip
import http.client
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from datetime import datetime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from served import ROOT, Server, executable  # noqa: E402

# One for the whole run, whatever is built meanwhile.
EXECUTABLE = executable()
FORMER, NEXT = "2025-07-01", "2027-01-01"
PACK = ROOT / "data/areas/2025-07-01/boundaries.geojson"


# Processes and commands

def clock(moment):
    """The variables under which a process believes that it is this moment now; all agree on it."""
    if not moment:
        return {}
    behind = round(datetime.fromisoformat(moment).timestamp() - time.time())
    asked = subprocess.run(["faketime", "-f", f"{behind:+}s", "env"], stdout=subprocess.PIPE, text=True, check=True)
    found = dict(line.split("=", 1) for line in asked.stdout.splitlines() if "=" in line)
    # Not the wrapper itself: it would stand between a signal and the process.
    return {name: found[name] for name in ("LD_PRELOAD", "FAKETIME")} | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}


class Process(Server):
    """A process that serves a store which others may serve, too."""

    def __init__(self, store, role="serve", flags=(), env=None, config=""):
        self.folder = tempfile.TemporaryDirectory(prefix="diaban-attack-")
        (pathlib.Path(self.folder.name) / "diaban.toml").write_text(config)
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+")
        words = [EXECUTABLE, role, "--listen", "127.0.0.1:0", "--store", store]
        words += ["--config", f"{self.folder.name}/diaban.toml", "--cache", self.folder.name, *flags]
        env = os.environ | {"DIABAN_LOG": os.environ.get("DIABAN_LOG", "off,diaban=warn")} | (env or {})
        self.child = subprocess.Popen(
            [str(word) for word in words], stdout=subprocess.PIPE, stderr=self.log, env=env, text=True
        )
        self.base = next((m[0] for line in self.child.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
        if not self.base:
            sys.exit(f"the server did not start: {self.logged()}")
        self.port = int(self.base.rsplit(":", 1)[1])
        # Nobody waits for a full pipe.
        threading.Thread(target=self.child.stdout.read, daemon=True).start()
        self.until(lambda: self.get("/readyz")[0] == 200, 600)

    def peak(self):
        """Mebibytes that it had in memory at most."""
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024


def begin(store, *words, env=None, **options):
    """A command on a store, started."""
    words = [str(word) for word in (EXECUTABLE, *words, "--store", store)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | options
    return subprocess.Popen(words, env=os.environ | {"DIABAN_LOG": "off"} | (env or {}), **options)


def run(store, *words, env=None):
    """A command on a store, which must succeed; what it said."""
    child = begin(store, *words, env=env)
    said, _ = child.communicate()
    if child.returncode:
        sys.exit(f"{' '.join(map(str, words))}: status {child.returncode}\n{said}")
    return said


def stored(store, question, words=()):
    """Rows of an SQLite store, read beside whoever serves it."""
    database = sqlite3.connect(f"file:{str(store).removeprefix('sqlite:')}?mode=ro", uri=True, timeout=60)
    try:
        return database.execute(question, words).fetchall()
    finally:
        database.close()


def generation(store):
    """The one in force."""
    return stored(store, "SELECT e.generation FROM area_turn t JOIN area_edition e ON e.seq = t.edition "
                         "ORDER BY t.seq DESC LIMIT 1")[0][0]


# Clients

class Client:
    """One connection that is opened again when it breaks."""

    def __init__(self, port, patience=120):
        self.port, self.patience, self.connection = port, patience, None

    def ask(self, path, body=None, headers=None, method=None):
        """Status, body and headers; status 0 when there was no answer."""
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)
            self.connection.request(method or ("POST" if body else "GET"), path, body, headers or {})
            answer = self.connection.getresponse()
            return answer.status, answer.read(), answer.headers
        except (OSError, http.client.HTTPException):
            self.connection and self.connection.close()
            self.connection = None
            return 0, b"", {}

    def patient(self, path, headers=None):
        """The same; who is shed asks again."""
        while True:
            answer = self.ask(path, headers=headers)
            if answer[0] not in (0, 503):
                return answer
            time.sleep(0.2)

    def json(self, path):
        """The document at an address."""
        status, body, _ = self.patient(path)
        assert status == 200, (path, status, body[:300])
        return json.loads(body)

    def post(self, title, lon, lat, category="drainage"):
        """Sends a report once, its title is the key; status and what was answered."""
        properties = {"category": category, "title": title}
        feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}
        headers = {"Content-Type": "application/geo+json", "Idempotency-Key": title}
        status, body, _ = self.ask("/collections/reports/items", json.dumps(feature).encode(), headers)
        return status, json.loads(body) if body else {}


def somewhere(random):
    """A place in the middle of the city."""
    return round(106.6 + random.random() * 0.12, 6), round(10.72 + random.random() * 0.13, 6)


def reports(client, query=""):
    """All public reports, or those of a query: id to their properties, with `geometry` among them."""
    status, body, _ = client.patient(f"/collections/reports/items?f=geojsonseq{query and '&' + query}")
    assert status == 200, (query, status, body[:300])
    found = {}
    for line in body.splitlines():
        if line := line.strip(b"\x1e"):
            feature = json.loads(line)
            assert feature["id"] not in found, f"{feature['id']} came twice in one answer"
            found[feature["id"]] = feature["properties"] | {"geometry": feature["geometry"]}
    return found


def local(address):
    """Path and query of a link."""
    parts = urllib.parse.urlsplit(address)
    return parts.path + (parts.query and "?" + parts.query)


# Boundaries that are made up

class Redrawn:
    """Wards of the generation of 2025-07-01, some of them under new codes, joined, cut, or with a part given to a
    neighbour. Without `source` they are the pack's.

    `file` and `table` are what `areas prepare` reads; `renamed`, `joined`, `cut` and `given` say what was done, by
    former codes. Every cut runs from one corner of a ward to another, so that no border moves but that one."""

    def __init__(self, folder, source=None, renames=21, joins=6, cuts=8, gifts=4):
        raw = pathlib.Path(source or PACK).read_bytes()
        document = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        wards = {f["properties"]["code"]: f for f in document["features"]}
        self.codes, successors, fresh = sorted(wards), {}, iter(range(40000, 50000))
        simple = {code: ring for code, f in wards.items() if (ring := plain(f["geometry"]))}
        taken, edges = set(), {}
        for code, ring in simple.items():
            for edge in zip(ring, ring[1:] + ring[:1]):
                edges[edge] = code
        beside = {code: {edges.get((b, a)) for a, b in zip(ring, ring[1:] + ring[:1])} - {None, code}
                  for code, ring in simple.items()}
        new = lambda: str(next(fresh))

        def put(code, ring, like, name):
            made = json.loads(json.dumps(wards[like]))
            made["properties"] |= {"code": code, "name": name}
            made["geometry"] = {"type": "Polygon", "coordinates": [[list(p) for p in [*ring, ring[0]]]]}
            return made

        name = lambda code: wards[code]["properties"]["name"]
        made = {}
        self.renamed, self.joined, self.cut, self.given = {}, {}, {}, {}
        free = lambda: (code for code in sorted(simple, key=lambda c: int(c) * 7919 % 10007) if code not in taken)
        for code in free():
            if len(self.cut) == cuts:
                break
            if parts := halves(simple[code]):
                codes = [new() if len(self.cut) % 2 else code, new()]
                for part, to, side in zip(parts, codes, ("một", "hai")):
                    made[to] = put(to, part, code, f"{name(code)} {side}")
                self.cut[code] = codes
                successors[code] = [(to, 1, int(i == 0)) for i, to in enumerate(codes)]
                taken.add(code)
        for code in free():
            if len(self.given) == gifts:
                break
            for other in sorted(beside[code] - taken):
                parts = halves(simple[code])
                for kept, gone in (parts, parts[::-1]) if parts else ():
                    if ring := union(gone, simple[other]):
                        made |= {code: put(code, kept, code, name(code)), other: put(other, ring, other, name(other))}
                        self.given[code] = other
                        successors |= {code: [(code, 1, 1), (other, 1, 0)], other: [(other, 0, 1)]}
                        taken |= {code, other}
                        break
                if code in taken:
                    break
        for code in free():
            if len(self.joined) == joins * 2:
                break
            for other in sorted(beside[code] - taken):
                if ring := union(simple[code], simple[other]):
                    # Every third keeps the code of one.
                    to = code if len(self.joined) % 6 == 4 else new()
                    made[to] = put(to, ring, code, f"{name(code)} mới")
                    self.joined |= {code: to, other: to}
                    successors |= {code: [(to, 0, 1)], other: [(to, 0, 1)]}
                    taken |= {code, other}
                    break
        for code in sorted(wards.keys() - taken)[:: max(1, (len(wards) - len(taken)) // renames)][:renames]:
            to = new()
            made[to] = json.loads(json.dumps(wards[code]))
            made[to]["properties"]["code"] = to
            self.renamed[code] = to
            successors[code] = [(to, 0, 1)]
            taken.add(code)
        for code in wards.keys() - taken:
            made[code] = wards[code]
            successors[code] = [(code, 0, 1)]
        self.next = sorted(made)
        self.successors = {code: [to for to, _, _ in all] for code, all in successors.items()}
        self.file, self.table = pathlib.Path(folder) / "next.geojson", pathlib.Path(folder) / "successors.csv"
        self.file.write_text(json.dumps(document | {"features": [made[code] for code in self.next]}))
        with open(self.table, "w", newline="") as out:
            rows = csv.writer(out, lineterminator="\n")
            rows.writerow("from_generation from_code to_generation to_code part main".split())
            rows.writerows((FORMER, code, NEXT, *to) for code in sorted(successors) for to in successors[code])

    def said(self):
        return (f"{len(self.codes)} wards become {len(self.next)}: {len(self.renamed)} renamed, {len(self.joined)} joined "
                f"in pairs, {len(self.cut)} cut, {len(self.given)} give a part to a neighbour")

    def words(self):
        """After `areas prepare`."""
        return [self.file, "--generation", NEXT, "--successors", self.table]


def plain(geometry):
    """The ring of a shape that is one polygon without holes, counterclockwise; else nothing."""
    rings = geometry["coordinates"]
    if geometry["type"] == "MultiPolygon":
        rings = [ring for polygon in rings for ring in polygon]
    if len(rings) != 1:
        return None
    ring = [tuple(point) for point in rings[0][:-1]]
    return ring if area(ring) > 0 else ring[::-1]


def area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1])) / 2


def side(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def inside(ring, x, y):
    within = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1]):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            within = not within
    return within


def halves(ring):
    """Two rings that a straight cut between corners makes, as equal as can be; nothing if all are very unequal."""
    whole, best = area(ring), (0.3, None)
    # Of a ring with many corners only some are tried.
    corners = range(0, len(ring), max(1, len(ring) // 24))
    for i in corners:
        for j in (j for j in corners if j > i + 1):
            one = ring[i : j + 1]
            part = area(one) / whole
            if not best[0] < min(part, 1 - part):
                continue
            a, b = ring[i], ring[j]
            crossed = any(
                side(a, b, p) * side(a, b, q) <= 0 and side(p, q, a) * side(p, q, b) <= 0
                for p, q in zip(ring, ring[1:] + ring[:1]) if not {p, q} & {a, b}
            )
            straight = any(side(a, b, p) == 0 for p in ring if p not in (a, b))
            if not crossed and not straight and inside(ring, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2):
                best = (min(part, 1 - part), (one, ring[j:] + ring[: i + 1]))
    return best[1]


def union(one, other):
    """The ring around two that share one piece of border, corner by corner; nothing if they do not."""
    edges = set(zip(one, one[1:] + one[:1])) | set(zip(other, other[1:] + other[:1]))
    outer = {(a, b) for a, b in edges if (b, a) not in edges}
    onward = dict(outer)
    if len(outer) == len(edges) or len(onward) != len(outer):
        return None
    start = at = min(onward)
    ring = []
    while True:
        ring.append(at)
        at = onward[at]
        if at == start:
            return ring if len(ring) == len(outer) and not crosses(ring) else None


def crosses(ring):
    """Whether a ring meets itself."""
    edges = sorted((min(a[0], b[0]), a, b) for a, b in zip(ring, ring[1:] + ring[:1]))
    for i, (_, a, b) in enumerate(edges):
        east, south, north = max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
        for west, p, q in edges[i + 1 :]:
            if west > east:
                break
            if max(p[1], q[1]) < south or min(p[1], q[1]) > north or {p, q} & {a, b}:
                continue
            if side(a, b, p) * side(a, b, q) <= 0 and side(p, q, a) * side(p, q, b) <= 0:
                return True
    return False
