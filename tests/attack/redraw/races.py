#!/usr/bin/env python3
"""Writes that race a turn of boundaries: each that was acknowledged must hold, before, during and after it.

    tests/attack/redraw/races.py [WRITES [REPORTS]]        10,000 and 20,000 without

Boundaries are prepared, and come into force and are taken back again and again, until so many writes were acknowledged:
posts by two clients over HTTP, and transfers, new states, hides and erasures by three operators on the command line, one
process for each. No report is written to twice. At the end the former boundaries are in force, and
 - an erased report has neither text nor place, in no edition, and is not public (also looked at after each turn); a hidden
   one is not public;
 - a state and its note are as they were written;
 - a transferred report is in the ward where it was sent, or in the one that has its ground, unless that was divided or
   joined;
 - a post is there once, in the ward that owns its place;
 - every other report is as it was before all this: ward, body, rule, point.
"""

import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

from common import Client, FORMER, NEXT, PACK, Process, Redrawn, begin, clock, generation, inside, run, somewhere, stored

WRITES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
MANY = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
# The number of a state in the store.
IN_PROGRESS = 2
ROW = "seq id ward body rule lon lat state withdrawn title description address category".split()


class Writers:
    def __init__(self, server, store, redrawn, ids):
        self.ended, self.done, self.refused = threading.Event(), [], Counter()
        self.server, self.store = server, store
        self.wards = {FORMER: redrawn.codes, NEXT: redrawn.next}
        self.in_force, self.back = FORMER, set()
        self.free, self.lock = iter(ids), threading.Lock()
        works = [self.post] * 2 + [self.operate] * 3
        self.threads = [threading.Thread(target=work, args=(n,)) for n, work in enumerate(works)]
        for thread in self.threads:
            thread.start()

    def post(self, n):
        R, client = random.Random(n), Client(self.server.port)
        for count in itertools.count():
            title, (lon, lat) = f"race {n} {count}", somewhere(R)
            category = R.choice(("drainage", "pothole", "waste", "noise", "illegal_parking"))
            status = 0
            while status in (0, 503):
                status, made = client.post(title, lon, lat, category)
                if status in (0, 503):
                    self.refused[f"post {status}"] += 1
                    time.sleep(0.1)
            if status in (200, 201):
                self.done.append(("post", made["id"], (title, lon, lat)))
            else:
                self.refused[f"post {status} {made.get('detail', '')[:60]}"] += 1
            if self.ended.is_set():
                return

    def operate(self, n):
        R = random.Random(n)
        while not self.ended.is_set():
            with self.lock:
                report = next(self.free, None)
            if report is None:
                return
            what = R.choice(("transfer", "transfer", "set-state", "hide", "erase"))
            told = {
                "transfer": lambda: [R.choice(self.wards[self.in_force])],
                "set-state": lambda: ["in_progress", "--note", f"race {report}"],
            }.get(what, list)()
            child = begin(self.store, "report", what, report, *told)
            said, _ = child.communicate()
            if child.returncode == 0:
                self.done.append((what, report, told))
            else:
                self.refused[f"{what}: {said.strip().splitlines()[-1].split(';')[0][:80]}"] += 1
                # What was refused may not have changed anything either.
                self.done.append(("refused", report, what))

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def rows(store):
    """All reports by id, as the boundaries in force have them."""
    edition = stored(store, "SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1")[0][0]
    placed = ("ward", "body", "rule", "lon", "lat")
    columns = [f"CASE WHEN o.report IS NULL THEN r.{c} ELSE o.{c} END" if c in placed else f"r.{c}" for c in ROW]
    return {row[1]: dict(zip(ROW, row)) for row in stored(
        store, f"SELECT {', '.join(columns)} FROM report_public r LEFT JOIN placed o ON o.edition = ? AND o.report = r.seq",
        (edition,))}


def waiting(store):
    return stored(store, "SELECT count(*) FROM waiting")[0][0]


def placed_again(store, report):
    """Where the place of an erased report stands in its row, or for any edition."""
    return stored(
        store,
        "SELECT 'row', lon, lat FROM report_public WHERE id = ?1 AND lon IS NOT NULL UNION ALL "
        "SELECT 'edition ' || o.edition, o.lon, o.lat FROM placed o JOIN report_public r ON r.seq = o.report "
        "WHERE r.id = ?1 AND o.lon IS NOT NULL", (report,))


def main():
    with tempfile.TemporaryDirectory(prefix="diaban-attack-") as folder:
        store = f"sqlite:{folder}/city.db"
        server = Process(store, "demo", ("--reports", MANY))
        try:
            left = attack(server, store, folder)
        finally:
            server.stop()
        sys.exit(left)


def attack(server, store, folder):
    redrawn = Redrawn(folder)
    before = rows(store)
    ids = sorted(before)
    random.Random(5).shuffle(ids)
    print(f"{MANY} reports; {redrawn.said()}", flush=True)
    writers = Writers(server, store, redrawn, ids)
    began = time.monotonic()
    acknowledged = lambda: sum(kind != "refused" for kind, *_ in list(writers.done))
    run(store, "areas", "prepare", *redrawn.words())
    turns = 0
    while acknowledged() < WRITES or turns < 2:
        for words, now in ((("activate", NEXT), NEXT), (("withdraw",), FORMER)):
            child = begin(store, "areas", *words)
            said = []
            for line in child.stdout:
                said.append(line)
                if "in force; other" in line:
                    writers.in_force = now
            if child.wait():
                return f"areas {' '.join(words)}: {''.join(said)}"
            turns += 1
            time.sleep(1)
            erased = [report for kind, report, _ in list(writers.done) if kind == "erase"]
            back = [report for report in erased if placed_again(store, report)]
            print(f"turn {turns}, {now}: {acknowledged()} writes so far; "
                  f"of {len(erased)} erased reports {len(back)} have a place again "
                  f"{[placed_again(store, report) for report in back[:3]] or ''}", flush=True)
            writers.back |= set(back)
    writers.end()
    seconds = time.monotonic() - began
    counts = Counter(kind for kind, *_ in writers.done)
    print(f"{acknowledged()} writes acknowledged in {seconds:.0f} s beside {turns} turns: {dict(counts)}; "
          f"refused or to be sent again: {dict(writers.refused) or 0}", flush=True)
    # What waits for its hour shows when that is over: an hour later by the clock of another process.
    server.stop()
    waits = waiting(store)
    server = Process(store, env=clock((datetime.now() + timedelta(minutes=61)).isoformat(" ", "seconds")))
    server.until(lambda: not waiting(store), 120)
    print(f"{waits} events waited for their hour, which is over now", flush=True)
    try:
        left = judge(server, store, redrawn, before, writers.done)
    finally:
        server.stop()
    return left or (f"erased reports had a place again: {sorted(writers.back)}" if writers.back else 0)


def judge(server, store, redrawn, before, done):
    after = rows(store)
    client = Client(server.port)
    public = lambda report: client.ask(f"/collections/reports/items/{report}")[0]
    faults, counts, touched = [], Counter(), set()
    titles = Counter(row["title"] for row in after.values())
    shapes = {f["properties"]["code"]: f["geometry"] for f in json.loads(PACK.read_text())["features"]}
    rings = {code: [r for p in ([g["coordinates"]] if g["type"] == "Polygon" else g["coordinates"]) for r in p]
             for code, g in shapes.items()}
    assert generation(store) == FORMER, generation(store)
    # Wards that have the same ground in both generations, by their codes in either.
    whole = {code: code for code in redrawn.codes if redrawn.successors[code] == [code]
             and sum(code in to for to in redrawn.successors.values()) == 1}
    whole |= {to: code for code, to in redrawn.renamed.items()} | {code: code for code in redrawn.renamed}

    def fault(what, report, *more):
        counts[f"{what}: fault"] += 1
        now = after.get(report, {})
        asked = "SELECT n, kind, ward, from_ward, at_ms, shown_ms FROM event WHERE report = ? ORDER BY n"
        life = stored(store, asked, (now.get("seq"),))[-4:]
        stands = {c: now.get(c) for c in ("category", "ward", "body", "rule", "state", "withdrawn")}
        faults.append((what, report, *more, stands, "its last events:", life))

    for what, report, told in done:
        now = after.get(report)
        if what != "refused":
            touched.add(report)
        if not now:
            fault(what, report, "is gone")
            continue
        if what == "post":
            title, lon, lat = told
            code = (now["ward"] or ".").split(".")[1]
            if now["title"] != title or titles[title] != 1:
                fault(what, report, f"is there {titles[title]} times")
            elif not now["ward"] or not now["ward"].startswith(FORMER):
                fault(what, report, "has a ward that is not in force")
            elif sum(inside([tuple(p) for p in ring[:-1]], lon, lat) for ring in rings[code]) % 2 == 0:
                near = client.json(f"/locate?lon={lon}&lat={lat}")["ward"]
                if near["id"] != now["ward"]:
                    fault(what, report, f"lies elsewhere: {lon},{lat} is of {near['id']}")
        elif what == "erase":
            held = stored(store, "SELECT lon, lat, address, answers FROM report_private WHERE seq = ?", (now["seq"],))
            kept = placed_again(store, report)
            texts = [now[c] for c in ("title", "description", "address") if now[c]]
            if texts or held or kept or public(report) == 200:
                fault(what, report, f"left: {texts}, private {held}, place {kept}, answered {public(report)}")
        elif what == "hide":
            if now["withdrawn"] != 1 or public(report) == 200:
                fault(what, report, f"answered {public(report)}")
        elif what == "set-state":
            asked = "SELECT to_state FROM event WHERE report = ? AND note = ?"
            events = stored(store, asked, (now["seq"], told[2]))
            if events != [(IN_PROGRESS,)] or now["state"] != IN_PROGRESS:
                fault(what, report, f"{len(events)} events")
        elif what == "transfer":
            ward, body = now["ward"], now["body"]
            if told[0] not in whole:
                counts["transfer to a ward that is divided or joined"] += 1
                possible = (told[0], *predecessors(redrawn, told[0]))
                counts["  of them not there now"] += not ward or ward.split(".")[1] not in possible
            elif ward != f"{FORMER}.{whole[told[0]]}" or body != f"ward:{ward}":
                fault(what, report, f"was sent to {told[0]}; before that it was in {before[report]['ward']}")
        counts[what] += 1
    same = ("ward", "body", "rule", "lon", "lat", "state", "withdrawn", "title")
    for report, was in before.items():
        if report not in touched:
            counts["untouched"] += 1
            if not (now := after.get(report)) or any(was[c] != now[c] for c in same):
                fault("untouched", report, {c: was[c] for c in same})
    for report, now in after.items():
        # Of an erased report the frame stays, as it was when it was erased.
        if now["withdrawn"] != 2 and now["ward"] and not now["ward"].startswith(FORMER):
            fault("ward", report, "is of a generation that is not in force")
    for what, count in counts.items():
        print(f"{what}: {count}")
    if faults:
        print(f"turns: {stored(store, 'SELECT edition, at_ms FROM area_turn ORDER BY seq')}")
    for example in faults[:25]:
        print("fault:", *example)
    return "not all of it holds; see above" if faults else 0


def predecessors(redrawn, code):
    return [former for former, to in redrawn.successors.items() if code in to]


if __name__ == "__main__":
    main()
