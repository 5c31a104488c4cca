#!/usr/bin/env python3
"""Who follows a ward through a turn of boundaries misses nothing: five kinds of readers of each of the 168 wards.

    tests/attack/redraw/readers.py [REPORTS [undo]]   20,000 without; with `undo` boundaries are taken back, too

Each reader knows a bare code and what the documentation says, nothing else: it polls with the ETag that it has and stops
at the first entry that it knows; where a code is answered by 410 it goes on with the successors that are named there, and
keeps the former ward by its full id, too; a stream that says by a notice that its ward is no more is kept,
and those of the successors are opened from the last id that was heard. A secret link goes on by itself.

Meanwhile reports are posted, transferred and given other states, boundaries are prepared, and come into force. At the end
every arrival in a ward and every leaving of one, as the events of the reports have it, and as the exports before and after
have it, must have been told. A feed of reports tells what is there: of a report the last arrival, and no leaving.
"""

import json
import random
import re
import selectors
import socket
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import datetime

from common import Client, NEXT, Process, Redrawn, begin, local, reports, run, somewhere, stored

MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
UNDO = "undo" in sys.argv[2:]
ATOM = "{http://www.w3.org/2005/Atom}"
POLLED = {
    "Atom": "/feeds/wards/{ward}.atom",
    "JSON": "/feeds/wards/{ward}.json",
    "changes": "/feeds/wards/{ward}/changes.json",
    "link": "/feeds/k/{link}/reports.json",
    "link, changes": "/feeds/k/{link}/changes.json",
}
# Those that tell events; the others tell what is there.
EVENTS = ("changes", "link, changes", "stream")
TRANSFER, AREAS = 2, 6


ANSWERS = Counter()


def ms(moment):
    return round(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * 1e3)


def key(tag, moment):
    """What an entry is about: (report, event) or (report, its date); nothing for a notice."""
    found = re.search(r"reports/(\d+)(?:/events/(\d+))?$", tag)
    return found and (int(found[1]), int(found[2]) if found[2] else ms(moment))


class Reader:
    """Somebody who follows one ward."""

    def __init__(self, kind, ward):
        self.kind, self.ward = kind, ward
        # What was told, how often twice in one reading, how many notices came, whether it went on to successors.
        self.told, self.doubled, self.notices, self.moved = set(), 0, 0, False
        self.streams = set()


class Poller(Reader):
    def __init__(self, kind, ward, link):
        super().__init__(kind, ward)
        self.feeds = {POLLED[kind].format(ward=ward, link=link): (None, set())}

    def poll(self, client, first=False):
        for path in list(self.feeds):
            etag, known = self.feeds[path]
            status, body, headers = client.patient(path + "?limit=50", {"If-None-Match": etag} if etag else {})
            ANSWERS[(self.kind, status)] += 1
            if status == 410 and "/k/" not in path:
                self.follow(path, json.loads(body))
            elif status == 200:
                self.feeds[path] = (headers["ETag"], known)
                self.read(client, body, known, first)
            elif status != 304:
                raise AssertionError(f"{self.kind} of {self.ward}: {path}: {status} {body[:300]}")

    def follow(self, path, gone):
        """On to the successors; the last former ward may still have something to tell, and may come back."""
        del self.feeds[path]
        self.moved = True
        onward = list(gone["successors"]) + gone["former"][-1:]
        for ward in onward:
            self.feeds.setdefault(local(ward["href"]).split("?")[0], (None, set()))

    def read(self, client, body, known, first):
        walked = Counter()
        while True:
            entries, onward = entries_atom(body) if self.kind == "Atom" else entries_json(body)
            for tag, moment in entries:
                entry = key(tag, moment)
                if not entry:
                    self.notices += (tag, moment) not in known
                    known.add((tag, moment))
                    continue
                if entry in known and entry not in walked and not self.kind.startswith("link"):
                    onward = None
                    break
                walked[entry] += 1
            # What waits for its hour stands before all others in a link: there only the last entry of a page counts.
            if not entries or self.kind.startswith("link") and key(*entries[-1]) in known:
                onward = None
            if first or not onward:
                break
            status, body, _ = client.patient(local(onward))
            assert status == 200, (onward, status, body[:300])
        self.doubled += sum(count - 1 for count in walked.values())
        known |= set(walked)
        if not first:
            self.told |= set(walked)


def entries_json(body):
    page = json.loads(body)
    return [(item["id"], item["date_modified"]) for item in page["items"]], page.get("next_url")


def entries_atom(body):
    page = ElementTree.fromstring(body)
    onward = [link.get("href") for link in page.findall(ATOM + "link") if link.get("rel") == "next"]
    entries = [(e.findtext(ATOM + "id"), e.findtext(ATOM + "updated")) for e in page.findall(ATOM + "entry")]
    return entries, onward[0] if onward else None


class Streams:
    """The live streams of all wards, in one thread."""

    def __init__(self, port, wards):
        self.port, self.readers = port, {ward: Reader("stream", ward) for ward in wards}
        self.ready, self.ended = selectors.DefaultSelector(), threading.Event()
        self.anew = self.broken = self.shed = 0
        self.failed = []
        self.last = {ward: None for ward in wards}
        self.opened = 0
        for ward in wards:
            self.open(self.readers[ward], f"/feeds/wards/{ward}/events")
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def open(self, reader, path, last=None):
        reader.streams.add(path)
        stream = socket.create_connection(("127.0.0.1", self.port))
        resume = f"Last-Event-ID: {last}\r\n" if last else ""
        # Of HTTP/1.0, so that nothing comes in chunks.
        stream.sendall(f"GET {path} HTTP/1.0\r\nHost: a\r\n{resume}\r\n".encode())
        state = {"reader": reader, "path": path, "text": b"", "heard": set()}
        self.ready.register(stream, selectors.EVENT_READ, state)

    def listen(self):
        while not self.ended.is_set():
            for at, _ in self.ready.select(0.2):
                part, state = at.fileobj.recv(65536), at.data
                state["text"] += part
                if b"\r\n\r\n" in state["text"] and "head" not in state:
                    state["head"], state["text"] = state["text"].split(b"\r\n\r\n", 1)
                    self.opened += b" 200 " in state["head"]
                    if b" 503 " in state["head"]:
                        self.shed += 1
                        time.sleep(0.1)
                    elif b" 200 " not in state["head"]:
                        self.failed.append((state["path"], state["head"]))
                *blocks, state["text"] = state["text"].split(b"\n\n")
                for block in blocks:
                    self.hear(state, dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line))
                if not part:
                    self.broken += b" 200 " in state["head"]
                    self.ready.unregister(at.fileobj)
                    b" 410 " in state["head"] or self.open(state["reader"], state["path"], self.last[state["reader"].ward])

    def hear(self, state, block):
        reader = state["reader"]
        if block.get("event") == "begin-anew":
            self.anew += 1
            self.catch_up(reader, state["path"])
        elif block.get("event") == "notice":
            reader.notices, reader.moved = reader.notices + 1, True
            # Asked of the feed of changes, which names the same: a stream that is there never ends.
            status, body, _ = Client(self.port).patient(state["path"].replace("/events", "/changes.json?limit=1"))
            assert status == 410, (state["path"], status, body[:300])
            for ward in json.loads(body)["successors"]:
                path = local(ward["href"]).split("?")[0].replace("/changes.json", "/events")
                if path in reader.streams:
                    continue
                self.open(reader, path, self.last[reader.ward])
                if not self.last[reader.ward]:
                    # Nothing was heard until now: what fell in between stands in the feed.
                    self.catch_up(reader, path)
        elif block.get("id"):
            report, event = block["id"].split(".")
            told = (int(report), int(event))
            reader.doubled += told in state["heard"]
            state["heard"].add(told)
            reader.told.add(told)
            self.last[reader.ward] = block["id"]

    def catch_up(self, reader, path):
        poller = Poller("changes", reader.ward, None)
        poller.feeds = {path.replace("/events", "/changes.json"): (None, set())}
        poller.poll(Client(self.port))
        reader.told |= poller.told


class Writers:
    """Two that post, one that transfers and changes states, until they are told to end."""

    def __init__(self, server, store, before):
        self.ended, self.posted, self.moved, self.refused = threading.Event(), 0, 0, Counter()
        self.server, self.store, self.before = server, store, before
        self.wards = sorted({p["ward"] for p in before.values() if p["ward"]})
        self.threads = [threading.Thread(target=work) for work in (self.post, self.post, self.operate)]
        for thread in self.threads:
            thread.start()

    def post(self):
        R, client = random.Random(threading.get_ident()), Client(self.server.port)
        exact = [p["geometry"]["coordinates"] for p in self.before.values() if p["border_m"] is not None and p["geometry"]]
        while not self.ended.is_set():
            lon, lat = R.choice(exact) if R.random() < 0.7 else somewhere(R)
            category = R.choice(("drainage", "pothole", "drainage", "noise"))
            title = f"{R.random()}"
            status = 0
            while status in (0, 503):
                status, made = client.post(title, lon + R.uniform(-1e-4, 1e-4), lat, category)
            self.posted += status == 201
            if status != 201:
                self.refused[f"post {status}"] += 1
            time.sleep(0.03)

    def operate(self):
        R = random.Random(1)
        while not self.ended.is_set():
            report = R.choice(list(self.before))
            words = ["transfer", report, R.choice(self.wards)] if R.random() < 0.7 else \
                ["set-state", report, "in_progress", "--note", "xem"]
            child = begin(self.store, "report", *words)
            said, _ = child.communicate()
            self.moved += child.returncode == 0
            if child.returncode:
                self.refused[said.strip().split(";")[0]] += 1
            time.sleep(0.05)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def main():
    with tempfile.TemporaryDirectory(prefix="diaban-attack-") as folder:
        store = f"sqlite:{folder}/city.db"
        server = Process(store, "demo", ("--reports", MANY), config="[streams]\nby_address = 1000\n")
        try:
            sys.exit(attack(server, store, folder))
        finally:
            server.stop()


def attack(server, store, folder):
    redrawn = Redrawn(folder)
    print(f"{MANY} reports; {redrawn.said()}", flush=True)
    links = {}
    for ward in redrawn.codes:
        said = run(store, "keys", "feed", ward, "--query", f"ward={ward}")
        links[ward] = re.search(r"/feeds/k/([^/]+)/", said)[1]
    client = Client(server.port)
    server.until(lambda: client.ask(POLLED["link"].format(link=links[redrawn.codes[-1]]))[0] == 200, 10)
    pollers = [Poller(kind, ward, links[ward]) for ward in redrawn.codes for kind in POLLED]
    before = reports(client)
    for poller in pollers:
        poller.poll(client, first=True)
    streams = Streams(server.port, redrawn.codes)
    server.until(lambda: streams.opened == len(redrawn.codes), 60)
    start = stored(store, "SELECT max(seq) FROM event")[0][0]

    ending = threading.Event()
    rounds, failed = Counter(), []

    def poll(n):
        client = Client(server.port)
        left = 2
        try:
            while left:
                left -= ending.is_set()
                for poller in pollers[n::3]:
                    poller.poll(client)
                rounds[n] += 1
        except Exception as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=poll, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    writers = Writers(server, store, before)
    time.sleep(3)
    print(run(store, "areas", "prepare", *redrawn.words()).splitlines()[-2], flush=True)
    time.sleep(3)
    began = time.monotonic()
    print(run(store, "areas", "activate", NEXT).splitlines()[1], flush=True)
    print(f"activated after {time.monotonic() - began:.1f} s", flush=True)
    time.sleep(5)
    if UNDO:
        began = time.monotonic()
        print(run(store, "areas", "withdraw").splitlines()[1], flush=True)
        print(f"taken back after {time.monotonic() - began:.1f} s", flush=True)
        time.sleep(5)
    writers.end()
    time.sleep(2)
    ending.set()
    for thread in threads:
        thread.join()
    streams.ended.set()
    streams.thread.join()
    after = reports(client)
    print(f"{writers.posted} posted, {writers.moved} transferred or changed, refused: {dict(writers.refused) or 0}; "
          f"every feed read {min(rounds.values())} times; {streams.anew} streams began anew, {streams.broken} broke, "
          f"{streams.shed} were shed at first {streams.failed[:3] or ''}")
    for kind in POLLED:
        answers = sorted((status, n) for (k, status), n in ANSWERS.items() if k == kind)
        print(f"{kind}: " + ", ".join(f"{n} × {status}" for status, n in answers))
    missed = judge(redrawn, store, start, before, after, pollers + list(streams.readers.values()))
    return missed or bool(failed or streams.failed)


def judge(redrawn, store, start, before, after, readers):
    """Prints what was missed; nothing when that is nothing."""
    rows = stored(
        store, "SELECT r.id, e.n, e.kind, e.ward, e.from_ward, e.shown_ms, e.from_state FROM event e "
        "JOIN report_public r ON r.seq = e.report WHERE e.seq > ? AND e.shown_ms IS NOT NULL "
        "AND e.seq NOT IN (SELECT event FROM waiting) ORDER BY e.seq", (start,))
    arrivals, leavings, last = {}, {}, {}
    for report, n, kind, ward, from_ward, shown, from_state in rows:
        if kind in (TRANSFER, AREAS) or from_state is None:
            if ward:
                arrivals[(report, n)] = tuple(ward.split("."))
                last[report] = (shown, ward)
            if from_ward:
                leavings[(report, n)] = tuple(from_ward.split("."))
    kinds = Counter("areas" if k == AREAS else "transfers" if k == TRANSFER else "received"
                    for _, _, k, *_, from_state in rows if k in (TRANSFER, AREAS) or from_state is None)
    print(f"events: {dict(kinds)}")
    unsaid = [report for report in before.keys() & after.keys()
              if before[report]["ward"] != after[report]["ward"]
              and not any(r == report for r, _ in arrivals.keys() | leavings.keys())]
    wrong = [report for report, (_, ward) in last.items()
             if report in after and after[report]["ward"] not in (None, ward.split(".")[1])]
    homeless = [r for r in before if r in after and before[r]["ward"] and not after[r]["ward"]]
    silent = [r for r in homeless if not any(report == r for report, _ in leavings)]
    print(f"exports: {sum(before[r]['ward'] != after[r]['ward'] for r in before.keys() & after.keys())} reports moved, "
          f"{len(unsaid)} without an event {unsaid[:5]}, {len(wrong)} not where their last event says {wrong[:5]}; "
          f"{len(homeless)} without a ward now, {len(silent)} of them without an event; "
          f"{len(before.keys() - after.keys())} gone")

    missed_any = bool(unsaid or wrong or silent or before.keys() - after.keys())
    print("\n| reader | arrivals | missed | leavings | missed | doubled | went on to successors | notices |")
    print("|---|---|---|---|---|---|---|---|")
    examples, remarks = [], []
    waits = {report for (report,) in stored(store, "SELECT id FROM waiting")}
    for kind in (*POLLED, "stream"):
        count = Counter()
        for reader in (r for r in readers if r.kind == kind):
            follows = [reader.ward] if reader.ward in redrawn.next else redrawn.successors[reader.ward]
            mine = lambda ward: ward[1] == reader.ward or ward[0] == NEXT and ward[1] in follows
            if kind in EVENTS:
                come = {e for e, ward in arrivals.items() if mine(ward)}
                gone = {e for e, ward in leavings.items() if mine(ward)}
                lost, unheard = come - reader.told, gone - reader.told
            else:
                come = {r for r, (_, ward) in last.items() if mine(ward.split(".")) and r in after
                        and after[r]["ward"] == ward.split(".")[1]}
                seen = {}
                for report, moment in reader.told:
                    seen[report] = max(moment, seen.get(report, 0))
                lost, gone, unheard = {r for r in come if seen.get(r, 0) < last[r][0]}, set(), set()
                if kind == "link":
                    # What happens to such a report stands in front at once, under the date of its hour.
                    ahead = {r for r in lost & waits if any(r == k[0] for _, known in reader.feeds.values() for k in known)}
                    count["ahead"] += len(ahead)
                    lost -= ahead
            count += Counter(come=len(come), lost=len(lost), gone=len(gone), unheard=len(unheard),
                             doubled=reader.doubled, moved=reader.moved, notices=reader.notices)
            examples += [(kind, reader.ward, "arrival", e) for e in sorted(lost)[:1]]
            examples += [(kind, reader.ward, "leaving", e) for e in sorted(unheard)[:1]]
        leaving = f"{count['gone']} | {count['unheard']}" if kind in EVENTS else "not told | "
        print(f"| {kind} | {count['come']} | {count['lost']} | {leaving} | {count['doubled']} | {count['moved']} "
              f"| {count['notices']} |")
        if count["ahead"]:
            remarks.append(f"{kind}: {count['ahead']} of these arrivals are of reports that wait for their hour: their "
                           "entries were there, but keep the date that they had before boundaries changed")
        missed_any |= bool(count["lost"] or count["unheard"] or count["doubled"])
    for remark in remarks:
        print(remark)
    for example in examples[:20]:
        print("missed:", *example)
    return "readers missed something; see above" if missed_any else 0


if __name__ == "__main__":
    main()
