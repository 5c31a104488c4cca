#!/usr/bin/env python3
"""Adds up point_count over all tiles that cover the city, for zooms and filters, beside the list's total less
what has no public place; also says how near two symbols of a zoom come.
usage: tools/sums.py BASE [ZOOM …]"""
import http.client, json, math, sys, urllib.parse

base = urllib.parse.urlparse(sys.argv[1])
zooms = [int(z) for z in sys.argv[2:]] or [0, 5, 8, 10, 12, 14]
CITY = (106.3, 8.5, 107.7, 11.6)  # with Con Dao
FILTERS = ["", "status=open", "category=drainage", "status=open&category=drainage,pothole"]
link = http.client.HTTPConnection(base.netloc)


def get(path):
    link.request("GET", path)
    answer = link.getresponse()
    return answer.status, answer.read()


def tile(lon, lat, z):
    n = 1 << z
    return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)


def varint(b, i):
    v = s = 0
    while True:
        x = b[i]
        i += 1
        v |= (x & 127) << s
        s += 7
        if x < 128:
            return v, i


def fields(b):
    i = 0
    while i < len(b):
        key, i = varint(b, i)
        if key & 7 == 0:
            v, i = varint(b, i)
        else:
            n, i = (varint(b, i) if key & 7 == 2 else (8 if key & 7 == 1 else 4, i))
            v = b[i:i + n]
            i += n
        yield key >> 3, v


def packed(b):
    out, i = [], 0
    while i < len(b):
        v, i = varint(b, i)
        out.append(v)
    return out


def symbols(body):
    for number, layer in fields(body):
        if number != 3:
            continue
        keys, values, features = [], [], []
        for n, v in fields(layer):
            if n == 2:
                features.append(dict(fields(v)))
            elif n == 3:
                keys.append(v.decode())
            elif n == 4:
                values.append(next(iter(fields(v)))[1])
        for f in features:
            tags = packed(f.get(2, b""))
            pairs = {keys[tags[i]]: values[tags[i + 1]] for i in range(0, len(tags), 2)}
            _, x, y = packed(f[4])
            unzig = lambda v: (v >> 1) ^ -(v & 1)
            yield unzig(x), unzig(y), pairs.get("point_count", 1)


def nearest(points):
    grid, best = {}, math.inf
    for p in points:
        cell = (int(p[0] // 64), int(p[1] // 64))
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                for q in grid.get((cell[0] + i, cell[1] + j), ()):
                    best = min(best, math.hypot(p[0] - q[0], p[1] - q[1]))
        grid.setdefault(cell, []).append(p)
    return best


faults = 0
for query in FILTERS:
    mark = "&" + query if query else ""
    total = json.loads(get("/collections/reports/items?limit=1" + mark)[1])["numberMatched"]
    placed = json.loads(get("/collections/reports/items?limit=1&bbox=-180,-90,180,90" + mark)[1])["numberMatched"]
    for z in zooms:
        (x0, y1), (x1, y0) = tile(CITY[0], CITY[1], z), tile(CITY[2], CITY[3], z)
        count, places, tiles = 0, [], 0
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                status, body = get(f"/tiles/incidents/{z}/{x}/{y}.mvt?{query}")
                tiles += 1
                for px, py, n in symbols(body) if status == 200 else ():
                    assert 0 <= px < 4096 and 0 <= py < 4096, (z, x, y, px, py)
                    count += n
                    places.append((x * 512 + px / 8, y * 512 + py / 8))
        right = count == placed
        faults += not right
        print(f"{'ok  ' if right else 'FAIL'} z{z:<2} {query or '(all)':<42} {count} of {placed} placed ({total} in all) "
              f"in {tiles} tiles, {len(places)} symbols, nearest {nearest(places):.1f} px")
sys.exit(faults > 0)
