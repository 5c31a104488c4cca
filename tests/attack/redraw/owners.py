#!/usr/bin/env python3
"""Another judge of who owns a place: GEOS, on the exact boundaries, against the ward that each report has.

    tests/attack/redraw/owners.py                          a store of its own, 20,000 reports: the exact boundaries
                                                           come into force, then a third generation, and are taken back
    tests/attack/redraw/owners.py --reports N              the same with so many
    tests/attack/redraw/owners.py STORE                    only looks at a store: sqlite:FILE, by the true places in it
    tests/attack/redraw/owners.py http://127.0.0.1:8080    only looks at what is served, by the exact public points

`--boundaries FILE` are those in force (GeoJSON, plain or gzipped; ../shared/data/wards-2025-07.geojson.gz without). Needs
shapely. Places within 2 m of a border, in no ward of the file or in several are counted apart: there the service has rules
of its own. So are reports that people transferred. Elsewhere the ward must be the same.
"""

import argparse
import gzip
import json
import pathlib
import sqlite3
import sys
import tempfile
import urllib.request
from collections import Counter

import numpy
import shapely

from common import FORMER, NEXT, ROOT, Process, Redrawn, run

NEAR_M = 2
CHUNK = 100_000
# Metres in a degree at the middle of the city; two metres need not be more exact.
SCALE = numpy.array([111_320 * numpy.cos(numpy.radians(10.7)), 110_600])


class Oracle:
    """Who owns places, by GEOS."""

    def __init__(self, file):
        raw = pathlib.Path(file).read_bytes()
        wards = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)["features"]
        self.codes = numpy.array([ward["properties"]["code"] for ward in wards])
        shapes = shapely.from_geojson([json.dumps(ward["geometry"]) for ward in wards])
        broken = [(code, shapely.is_valid_reason(s)) for code, s in zip(self.codes, shapes) if not s.is_valid]
        if broken:
            print(f"    {len(broken)} shapes of {pathlib.Path(file).name} are not valid: {broken[:3]}")
        self.wards = shapely.STRtree(shapes)
        edges = []
        for ring in shapely.get_rings(shapely.get_parts(shapes)):
            corners = shapely.get_coordinates(ring) * SCALE
            edges.append(shapely.linestrings(numpy.stack([corners[:-1], corners[1:]], axis=1)))
        self.borders = shapely.STRtree(numpy.concatenate(edges))

    def judge(self, places):
        """For each place: the only ward that it lies in, if there is one; how many there are; whether a border is near."""
        point, ward = self.wards.query(shapely.points(places), predicate="intersects")
        count = numpy.bincount(point, minlength=len(places))
        owner = numpy.full(len(places), "", dtype=self.codes.dtype)
        owner[point] = self.codes[ward]
        near = numpy.zeros(len(places), dtype=bool)
        near[self.borders.query(shapely.points(places * SCALE), predicate="dwithin", distance=NEAR_M)[0]] = True
        return owner, count, near


def placed(store):
    """Id, ward, whether people sent it there, and true place of all reports of a store that have a place."""
    database = sqlite3.connect(f"file:{store.removeprefix('sqlite:')}?mode=ro", uri=True)
    edition, generation = database.execute(
        "SELECT e.seq, e.generation FROM area_turn t JOIN area_edition e ON e.seq = t.edition ORDER BY t.seq DESC LIMIT 1"
    ).fetchone()
    unwritten = database.execute("SELECT count(*) FROM placed WHERE edition = ?", (edition,)).fetchone()[0]
    print(f"    {generation} is in force as edition {edition}; {unwritten} rows of reports are not written yet")
    rows = database.execute(
        "SELECT r.id, CASE WHEN o.report IS NULL THEN r.ward ELSE o.ward END, "
        "CASE WHEN o.report IS NULL THEN r.rule ELSE o.rule END = 'transfer', p.lon, p.lat "
        "FROM report_public r JOIN report_private p ON p.seq = r.seq "
        "LEFT JOIN placed o ON o.edition = ? AND o.report = r.seq WHERE p.lon IS NOT NULL", (edition,))
    while part := rows.fetchmany(CHUNK):
        yield part


def served(base):
    """The same of what is public, with an exact point. Nothing public says that people sent a report somewhere."""
    part = []
    with urllib.request.urlopen(f"{base}/collections/reports/items?f=geojsonseq", timeout=600) as answer:
        for line in answer:
            feature = json.loads(line.strip(b"\x1e\n") or b"{}")
            if not feature or not feature["geometry"] or feature["properties"]["border_m"] is None:
                continue
            p = feature["properties"]
            ward = p["ward"] and f"{p['ward_generation']}.{p['ward']}"
            part.append((feature["id"], ward, False, *feature["geometry"]["coordinates"]))
            if len(part) == CHUNK:
                yield part
                part = []
    if part:
        yield part


def compare(what, source, file):
    """Prints a row of the table; how many differ."""
    oracle, counts, examples, differ = Oracle(file), Counter(), [], Counter()
    for part in (served if source.startswith("http") else placed)(source):
        places = numpy.array([row[3:] for row in part], dtype=float)
        owner, inside, near = oracle.judge(places)
        for (report, ward, sent, lon, lat), code, n, close in zip(part, owner, inside, near):
            has = ward.split(".")[1] if ward else None
            if sent:
                group = "transferred by people"
            elif n != 1:
                group = "in no ward of the file" if n == 0 else "in several wards of the file"
            else:
                group = f"within {NEAR_M} m of a border" if close else "elsewhere"
            counts[group] += 1
            if has != code and not sent:
                differ[group] += 1
                if group == "elsewhere":
                    examples.append((report, ward, str(code), lon, lat))
    groups = ("elsewhere", f"within {NEAR_M} m of a border", "in several wards of the file", "in no ward of the file",
              "transferred by people")
    print(f"{what}: {sum(counts.values())} reports with a place")
    for group in groups:
        told = f", {differ[group]} in another ward than GEOS says" if group in groups[:3] else ""
        print(f"    {group}: {counts[group]}{told}")
    for example in examples[:10]:
        print("    differs: report {}: {}, by GEOS {}, at {},{}".format(*example))
    sys.stdout.flush()
    return differ["elsewhere"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("store", nargs="?")
    options.add_argument("--reports", type=int, default=20_000)
    options.add_argument("--boundaries", default=ROOT.parent / "shared/data/wards-2025-07.geojson.gz", type=pathlib.Path)
    options = options.parse_args()
    if options.store:
        return compare(options.store, options.store, options.boundaries)
    with tempfile.TemporaryDirectory(prefix="diaban-attack-") as folder:
        store = f"sqlite:{folder}/city.db"
        server = Process(store, "demo", ("--reports", options.reports))
        try:
            run(store, "areas", "prepare", options.boundaries, "--generation", FORMER)
            run(store, "areas", "activate", FORMER)
            differ = compare("exact boundaries", store, options.boundaries)
            redrawn = Redrawn(folder, options.boundaries)
            run(store, "areas", "prepare", *redrawn.words())
            run(store, "areas", "activate", NEXT)
            differ += compare(f"third generation ({redrawn.said()})", store, redrawn.file)
            differ += compare("the same as it is served", server.base, redrawn.file)
            run(store, "areas", "withdraw")
            return differ + compare("taken back", store, options.boundaries)
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
