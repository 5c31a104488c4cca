#!/usr/bin/env python3
"""Makes everything in this folder but the NOTICE, from facts and a few drawn numbers.

What lives here: reading the MIT-licensed facts of the PyPI package vietnamadminunits into
units.csv and successors.csv, and drawing from them two generations of approximate boundaries and
the sea polygon. Not here: real boundaries; they are imported by the operator, and `--measure FILE`
only compares with them.

    python3 data/areas/make_areas.py                        make the files (same input, same bytes)
    python3 data/areas/make_areas.py --measure REAL.geojson[.gz]    make them and say how well they agree

The script builds its own environment under .tools/areas-venv and runs itself again inside it.
"""

import csv
import gzip
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parent.parent / ".tools" / "areas-venv"
FORMER, PRESENT = "2025-01-01", "2025-07-01"

# Province codes of the facts: the three that became the city, and their neighbours, whose units
# compete for the ground at the border.
CITY = {"79": "Hồ Chí Minh", "74": "Bình Dương", "77": "Bà Rịa - Vũng Tàu"}
NEIGHBOURS = ("60", "70", "72", "75", "80", "82", "83")
KINDS = {"Phường": "phuong", "Xã": "xa", "Thị trấn": "thi_tran", "Đặc khu": "dac_khu"}
CON_DAO = "26732"
# Areas where the facts repeat the row before (26725 Tân Thành has 61.63): that of another list, vietnamese-provinces-
# database, which the real boundary of 65.7 km² confirms.
AREAS_MENDED = {"26728": 65.64}

# A flat plane in km around 10.8° N is near enough to isometric over the 170 km of the city.
KM_LON, KM_LAT = 109.35, 110.6
GRID = 1e-5
# Where the six seeds of a former unit stand: its centre, the middle of its bounds and four points
# 0.3 of the half size away from that. Tried between 0.25 and 0.45; all differ by less than 1%.
SPREAD = 0.3
# The outline: bounds with the corners cut (most units are rounder than their bounds), gaps up to
# 6 km closed (rivers, mangrove creeks), spikes thinner than 2 km dropped, then few vertices.
CUT, CLOSE, OPEN, OUTLINE_TOLERANCE = 0.29, 3.0, 1.0, 0.3

NOTE = (
    "Approximate: nearest-centre cells of unit centres, made by the diaban project from public facts "
    "(see NOTICE). Not the official boundaries; about one place in five lies in another unit in truth."
)

# The sea, drawn by hand: off Can Gio, Vung Tau and Ho Tram (some 50 km out, so that a place in it can
# be told from one on foreign land), and around Con Dao. It runs over the
# city's land (wards win) and keeps away from the land of neighbouring provinces.
SEA = [
    [
        (106.8, 10.42), (106.82, 10.36), (106.86, 10.25), (106.95, 9.9), (107.7, 9.9), (107.75, 10.4), (107.59, 10.47), (107.57, 10.515), (107.54, 10.53), (107.47, 10.53),
        (107.38, 10.49), (107.28, 10.44), (107.2, 10.42), (107.13, 10.4), (107.1, 10.45), (107.05, 10.53),
        (107.0, 10.53), (106.96, 10.45), (106.88, 10.43),
    ],
    [
        (106.25, 8.4), (107.0, 8.4), (107.0, 9.0), (106.25, 9.0),
    ],
]


def enter_environment():
    """Makes the environment when it is missing or out of date, then runs this script inside it."""
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    stamp = VENV / "requirements.sha256"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    if Path(sys.prefix).resolve() != VENV.resolve():
        python = str(VENV / "bin" / "python")
        os.execv(python, [python, *sys.argv])


enter_environment()

import numpy as np  # noqa: E402
import shapely  # noqa: E402
from scipy.spatial import Voronoi, cKDTree  # noqa: E402
from shapely.geometry import MultiPoint, Point, Polygon, mapping, shape  # noqa: E402
from shapely.ops import polygonize, unary_union  # noqa: E402


# ---- facts ----------------------------------------------------------------------------------


def read_facts():
    """The units of both generations, the neighbours' units and the successors, ordered by code."""
    import importlib.util

    folder = Path(importlib.util.find_spec("vietnamadminunits").submodule_search_locations[0]) / "data"
    db = sqlite3.connect(f"file:{folder / 'dataset.db'}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row

    present = [
        unit(PRESENT, r["wardCode"], r["ward"], r["wardType"], "", "", r["wardLon"], r["wardLat"], AREAS_MENDED.get(r["wardCode"], r["wardAreaKm2"]))
        for r in db.execute("select * from admin_units where provinceCode = '79' order by wardCode")
    ]
    former, neighbours, key_to_code = [], [], {}
    for r in db.execute("select * from admin_units_legacy order by provinceCode, wardCode"):
        # One row has no ward: the former district of Con Dao (755) had no ward level. It has no
        # unit in the former generation, and its present unit no predecessor.
        if r["wardCode"] is None or r["provinceCode"] not in (*CITY, *NEIGHBOURS):
            continue
        south, west, north, east = (float(v) for c in r["wardBounds"].split(" – ") for v in c.split(","))
        province = CITY.get(r["provinceCode"], "")
        row = unit(FORMER, r["wardCode"], r["ward"], r["wardType"], r["district"], province, r["wardLon"], r["wardLat"], None)
        row["bounds"] = (west, south, east, north)
        (former if province else neighbours).append(row)
        if province:
            key_to_code[f"{r['provinceKey']}_{r['districtKey']}_{r['wardKey']}"] = r["wardCode"]
    former.sort(key=lambda u: u["code"])

    present_key = {
        r["wardKey"]: r["wardCode"] for r in db.execute("select wardKey, wardCode from admin_units where provinceCode = '79'")
    }
    table = json.loads((folder / "converter_2025.json").read_text(encoding="utf-8"))
    successors = []  # (former code, present code, only a part, the main successor)
    for key, olds in table["DICT_PROVINCE_WARD_NO_DIVIDED"]["thanhphohochiminh"].items():
        successors += [(key_to_code[o], present_key[key], False, True) for o in olds if o in key_to_code]
    for old, news in table["DICT_PROVINCE_WARD_DIVIDED"]["thanhphohochiminh"].items():
        successors += [(key_to_code[old], present_key[n["newWardKey"]], True, n["isDefaultNewWard"]) for n in news]
    successors.sort()

    assert len(present) == 168 and len(former) == 441, "the facts have changed"
    assert Counter(u["kind"] for u in present) == {"phuong": 113, "xa": 54, "dac_khu": 1}
    assert {s[0] for s in successors} == {u["code"] for u in former}
    assert {s[1] for s in successors} | {CON_DAO} == {u["code"] for u in present}
    home = {u["code"]: u["province_former"] for u in former}
    for u in present:
        votes = Counter(home[a] for a, b, _, main in successors if b == u["code"] and main)
        u["province_former"] = votes.most_common(1)[0][0] if votes else CITY["77"]
    return present, former, neighbours, successors


def unit(generation, code, name, kind, district, province, lon, lat, area):
    """One row of units.csv; names in NFC."""
    nfc = lambda text: unicodedata.normalize("NFC", text)  # noqa: E731
    return {
        "generation": generation, "code": code, "name": nfc(name), "kind": KINDS[kind],
        "district": nfc(district), "province_former": province, "lon": lon, "lat": lat, "area_km2": area,
    }


def write_facts(present, former, successors):
    """units.csv and successors.csv."""
    with open(HERE / "units.csv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        names = ["generation", "code", "name", "kind", "district", "province_former", "lon", "lat", "area_km2"]
        out.writerow(names)
        for u in former + present:
            out.writerow(["" if u[n] is None else u[n] for n in names])
    with open(HERE / "successors.csv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["from_generation", "from_code", "to_generation", "to_code", "part", "main"])
        for a, b, part, main in successors:
            out.writerow([FORMER, a, PRESENT, b, int(part), int(main)])


# ---- seeds and outline ----------------------------------------------------------------------


def km(lon, lat):
    """Degrees to the flat plane."""
    return np.array([lon * KM_LON, lat * KM_LAT])


def box_km(u):
    """Middle and half size of a unit's bounds on the plane."""
    west, south, east, north = u["bounds"]
    low, high = km(west, south), km(east, north)
    return (low + high) / 2, (high - low) / 2


def mend_positions(former, present, successors):
    """Units that share one position were not found by the geocoder of the facts: each moves beside
    the centre of its main successor, in its own direction, with bounds of 300 m."""
    main = {a: b for a, b, _, m in successors if m}
    centre = {u["code"]: km(u["lon"], u["lat"]) for u in present}
    shared = Counter((u["lon"], u["lat"]) for u in former)
    lost = [u for u in former if shared[u["lon"], u["lat"]] > 1]
    for i, u in enumerate(lost):
        angle = 2 * np.pi * i / len(lost)
        x, y = centre[main[u["code"]]] + 0.8 * np.array([np.cos(angle), np.sin(angle)])
        lon, lat = x / KM_LON, y / KM_LAT
        u |= {"lon": lon, "lat": lat, "bounds": (lon - 0.0014, lat - 0.0014, lon + 0.0014, lat + 0.0014)}
    return {u["code"] for u in lost}


def seeds_of(u):
    """The six points that speak for a former unit."""
    middle, half = box_km(u)
    around = [middle + half * SPREAD * np.array([a, b]) for a in (-1, 1) for b in (-1, 1)]
    return [km(u["lon"], u["lat"]), middle, *around]


def outline(units, island):
    """The land of city and neighbours as one smooth shape of few vertices, in degrees."""
    parts = []
    for u in units:
        (x, y), (w, h) = box_km(u)
        a, b = 1 - 2 * CUT, 1
        corners = [(s * w * i, t * h * j) for s in (-1, 1) for t in (-1, 1) for i, j in ((a, b), (b, a))]
        parts.append(MultiPoint([(x + dx, y + dy) for dx, dy in corners]).convex_hull)
    land = unary_union(parts).buffer(CLOSE, 4).buffer(-CLOSE - OPEN, 4).buffer(OPEN, 4)
    land = land.simplify(OUTLINE_TOLERANCE)
    # Con Dao: an ellipse of the unit's area around its centre, three times as long as wide, along
    # the south-west to north-east axis of the main island.
    x, y = km(island["lon"], island["lat"])
    short = np.sqrt(island["area_km2"] / np.pi / 3)
    turn = np.arange(24) * 2 * np.pi / 24
    p, q, c = 3 * short * np.cos(turn), short * np.sin(turn), np.sqrt(0.5)
    con_dao = Polygon(np.column_stack([x + (p - q) * c, y + (p + q) * c]))
    return degrees(land), degrees(con_dao)


def degrees(geometry):
    """From the plane to degrees on the grid of the files."""
    moved = shapely.transform(geometry, lambda xy: np.round(xy / [KM_LON, KM_LAT], 5))
    return shapely.make_valid(shapely.set_precision(moved, GRID))


# ---- cells ----------------------------------------------------------------------------------


def cells(seeds, labels, clip):
    """Dissolved nearest-seed cells inside `clip`, by label; label None is foreign ground. All lines
    are noded together on the grid first, so neighbours share their vertices exactly."""
    frame = np.array([(12500, 1200), (11000, 1200), (11700, 2000), (11700, 400)], dtype=float)
    points = np.vstack([np.array(seeds), frame])
    names = [*labels, None, None, None, None]
    graph = Voronoi(points)
    corners = np.round(graph.vertices / [KM_LON, KM_LAT], 5)
    lines = [
        corners[pair]
        for (a, b), pair in zip(graph.ridge_points, graph.ridge_vertices)
        if names[a] != names[b] and min(pair) >= 0
    ]
    lines = [line for line in lines if not np.array_equal(line[0], line[1])]
    drawn = shapely.unary_union([*shapely.linestrings(lines), clip.boundary], grid_size=GRID)
    near = cKDTree(points)
    shapely.prepare(clip)
    faces = defaultdict(list)
    for face in polygonize(drawn):
        p = face.representative_point()
        name = names[near.query(km(p.x, p.y))[1]]
        if name is not None and clip.contains(p):
            faces[name].append(face)
    return {name: tidy(unary_union(parts)) for name, parts in sorted(faces.items())}


def tidy(geometry):
    """Exterior rings counter-clockwise, parts and rings in a fixed order; crumbs of less than a
    hectare stay out (about 8e-7 square degrees)."""
    parts = geometry.geoms if geometry.geom_type == "MultiPolygon" else [geometry]
    parts = [p for p in parts if p.area > 8e-7] or list(parts)
    return shapely.orient_polygons(shapely.normalize(shapely.MultiPolygon(parts)))


def write_boundaries(generation, shapes, units):
    """One boundaries.geojson, a feature a line."""
    rows = []
    for u in units:
        g = shapes[u["code"]]
        polygons = [[[[round(x, 5), round(y, 5)] for x, y in r.coords] for r in (p.exterior, *p.interiors)] for p in g.geoms]
        geometry = {"type": "MultiPolygon", "coordinates": polygons}
        if len(polygons) == 1:
            geometry = {"type": "Polygon", "coordinates": polygons[0]}
        facts = {k: u[k] for k in ("code", "name", "kind", "district") if u[k]}
        rows.append({"type": "Feature", "properties": facts | {"approximate": True}, "geometry": geometry})
    write_collection(HERE / generation / "boundaries.geojson", f"Ho Chi Minh City, units since {generation}, approximate", NOTE, rows)


def write_collection(path, name, notice, rows):
    """A FeatureCollection with its name and notice, a feature a line."""
    path.parent.mkdir(exist_ok=True)
    dump = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))  # noqa: E731
    head = f'{{"type":"FeatureCollection","name":{dump(name)},"notice":{dump(notice)},"features":[\n'
    path.write_text(head + ",\n".join(map(dump, rows)) + "\n]}\n", encoding="utf-8")


# ---- the whole ------------------------------------------------------------------------------


def make():
    """Writes every file; gives the present shapes back for measuring."""
    present, former, neighbours, successors = read_facts()
    write_facts(present, former, successors)
    island = next(u for u in present if u["code"] == CON_DAO)
    lost = mend_positions(former, present, successors)
    land, con_dao = outline([u for u in former + neighbours if u["code"] not in lost], island)

    foreign = [p for u in neighbours for p in seeds_of(u)]
    seeds, labels = list(foreign), [None] * len(foreign)
    for u in former:
        seeds += seeds_of(u)
        labels += [u["code"]] * 6
    write_boundaries(FORMER, cells(seeds, labels, land), former)

    centre = {u["code"]: km(u["lon"], u["lat"]) for u in present}
    heirs = defaultdict(list)
    for a, b, _, _ in successors:
        heirs[a].append(b)
    seeds, labels = list(foreign), [None] * len(foreign)
    for code, p in centre.items():
        seeds.append(p)
        labels.append(code)
    for u in former:
        # A seed of a unit that was split goes to the successor whose centre is nearest to it.
        for p in [] if u["code"] in lost else seeds_of(u):
            seeds.append(p)
            labels.append(min(heirs[u["code"]], key=lambda c: np.hypot(*(centre[c] - p))))
    shapes = cells(seeds, labels, land.union(con_dao))
    write_boundaries(PRESENT, shapes, present)

    sea = [Polygon(ring).normalize() for ring in SEA]
    assert sum(len(ring) for ring in SEA) <= 60 and all(p.is_valid for p in sea)
    assert not any(p.contains(Point(u["lon"], u["lat"])) for p in sea for u in neighbours)
    parts = [mapping(shapely.orient_polygons(p))["coordinates"] for p in sea]
    row = {"type": "Feature", "properties": {"approximate": True}, "geometry": {"type": "MultiPolygon", "coordinates": parts}}
    notice = "Coarse, drawn by the diaban project; runs over the city's land on purpose, wards win."
    write_collection(HERE / "sea.geojson", "Sea off Ho Chi Minh City, coarse", notice, [row])
    return shapes


def measure(shapes, path):
    """60 fixed random points in each real unit: the share that the approximate shapes place right."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as f:
        real = [(row["properties"]["code"], shape(row["geometry"])) for row in json.load(f)["features"]]
    chance = random.Random(20250701)
    names = list(shapes)
    tree = shapely.STRtree(list(shapes.values()))
    right = outside = total = 0
    worst = []
    for code, geometry in sorted(real, key=lambda r: r[0]):
        shapely.prepare(geometry)
        west, south, east, north = geometry.bounds
        hits = n = 0
        while n < 60:
            p = Point(chance.uniform(west, east), chance.uniform(south, north))
            if not geometry.contains(p):
                continue
            n += 1
            owner = [names[i] for i in tree.query(p, predicate="intersects")]
            hits += code in owner
            outside += not owner
        right, total = right + hits, total + n
        worst.append((hits / n, code))
    print(f"agreement {right / total:.1%} of {total} points in {len(real)} units; {outside / total:.1%} in no unit")
    print("lowest:", ", ".join(f"{code} {share:.0%}" for share, code in sorted(worst)[:8]))


if __name__ == "__main__":
    made = make()
    if sys.argv[1:2] == ["--measure"] and len(sys.argv) == 3:
        measure(made, sys.argv[2])
    elif len(sys.argv) > 1:
        sys.exit(__doc__)
