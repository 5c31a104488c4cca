#!/usr/bin/env python3
"""`kill -9` at random moments of a preparation, a turn and its undoing, under posts: before or after, never between.

    tests/attack/redraw/kills.py [KILLS [REPORTS]]        50 and 50,000 without

For each go a store that is ready for it is copied and served, somebody posts and somebody reads lists, and one of `areas
prepare`, `areas activate` and `areas withdraw` begins. After a random part of the time that it takes, the command, the
process that serves, or both are killed. What was killed is started again, as the documentation says, and then
 - no list that was read held wards of two generations;
 - every report is in the ward and body that it had before, or every one is where an undisturbed turn brings it;
 - every ward has as many reports as a plain count of the export says, and the sums are the same;
 - what was posted and acknowledged is there once; SQLite finds nothing wrong;
 - the command, begun again, ends well.
"""


import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

from common import Client, FORMER, NEXT, Process, Redrawn, begin, generation, reports, run, somewhere, stored

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
MANY = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000


def main():
    with tempfile.TemporaryDirectory(prefix="diaban-attack-") as folder:
        sys.exit(attack(folder))


def attack(folder):
    redrawn, R = Redrawn(folder), random.Random(11)
    bases, seconds, standing = made(folder, redrawn)
    print(f"{MANY} reports; {redrawn.said()}; seconds undisturbed: "
          + ", ".join(f"{name} {s:.1f}" for name, s in seconds.items()), flush=True)
    seen, faults = Counter(), []
    for n in range(KILLS):
        what = ("prepare", "activate", "withdraw", "activate")[n % 4]
        victim = R.choice(("command", "command", "command", "server", "both"))
        after = R.uniform(0, seconds[what] * 1.1)
        found, outcome = go(folder, redrawn, bases[what], what, victim, after, standing)
        seen[(what, victim, outcome)] += 1
        faults += [(n, what, victim, f"{after:.2f} s", fault) for fault in found]
        for fault in found:
            print(f"fault: go {n}, {what}, {victim} killed after {after:.2f} s: {fault}", flush=True)
    print("\n| killed | during | outcome | times |\n|---|---|---|---|")
    for (what, victim, outcome), count in sorted(seen.items()):
        print(f"| {victim} | {what} | {outcome} | {count} |")
    return f"{len(faults)} faults" if faults else 0


def words(what, redrawn):
    return {"prepare": ["prepare", *redrawn.words()], "activate": ["activate", NEXT], "withdraw": ["withdraw"]}[what]


def made(folder, redrawn):
    """A store before each of the commands, how long those take under the load of a go, and how reports stand."""
    store, bases, seconds, standing = f"{folder}/base.db", {}, {}, {}
    for n, what in enumerate(("prepare", "activate", "withdraw", None)):
        server = Process(f"sqlite:{store}", "serve" if n else "demo", () if n else ("--reports", MANY))
        standing.setdefault(generation(store), stand(reports(Client(server.port))))
        server.stop()
        if what:
            bases[what] = f"{folder}/{what}.db"
            copy(store, bases[what])
            copy(bases[what], store)
            server, load = serve(f"sqlite:{store}")
            began = time.monotonic()
            run(f"sqlite:{store}", "areas", *words(what, redrawn))
            seconds[what] = time.monotonic() - began
            load.end()
            server.stop()
            # What was posted meanwhile is in no base.
            copy(bases[what], store)
            run(f"sqlite:{store}", "areas", *words(what, redrawn))
    return bases, seconds, standing


def copy(base, file):
    """A store as it is three minutes after all who served it: a command waits a minute for those seen lately."""
    for end in ("", "-wal", "-shm", ".stored", ".map"):
        pathlib.Path(file + end).unlink(missing_ok=True)
    shutil.copyfile(base, file)
    database = sqlite3.connect(file)
    with database:
        database.execute("DELETE FROM follower")
    database.close()


def stand(all):
    return {report: (p["ward_generation"], p["ward"], p["body"]) for report, p in all.items()}


def serve(store):
    server = Process(store)
    return server, Load(server.port)


class Load:
    """One who posts and one who reads lists."""

    def __init__(self, port):
        self.port, self.ended, self.posted, self.tried = port, threading.Event(), {}, 0
        self.lists, self.mixed = 0, []
        # Who holds it sees no new posts.
        self.quiet = threading.Lock()
        self.threads = [threading.Thread(target=work) for work in (self.post, self.read)]
        for thread in self.threads:
            thread.start()

    def post(self):
        R, client = random.Random(7), Client(self.port)
        while not self.ended.is_set():
            title = f"kill {self.tried}"
            lon, lat = somewhere(R)
            status, body = 0, {}
            while status in (0, 503) and not self.ended.is_set():
                # To a process that was started again under another port.
                if client.port != self.port:
                    client = Client(self.port)
                with self.quiet:
                    status, body = client.post(title, lon, lat)
                time.sleep(0.02)
            if status in (200, 201):
                self.posted[body["id"]] = title
            self.tried += 1

    def read(self):
        client = Client(self.port)
        while not self.ended.is_set():
            if client.port != self.port:
                client = Client(self.port)
            status, body, _ = client.ask("/collections/reports/items?limit=200")
            found = set(re.findall(rb'"ward_generation":"([^"]+)"', body))
            self.lists += status == 200
            if len(found) > 1:
                self.mixed.append(found)
            time.sleep(0.02)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def go(folder, redrawn, base, what, victim, after, standing):
    """One kill; the faults that came of it, and how it ended."""
    file, faults = f"{folder}/go.db", []
    store = f"sqlite:{file}"
    copy(base, file)
    former = generation(file)
    server, load = serve(store)
    command = begin(store, "areas", *words(what, redrawn), stdout=subprocess.DEVNULL)
    time.sleep(after)
    ended = command.poll() is not None
    if victim in ("command", "both"):
        command.send_signal(signal.SIGKILL)
    if victim in ("server", "both"):
        server.child.send_signal(signal.SIGKILL)
        server.child.wait()
        server.log.close()
        server = Process(store)
        load.port = server.port
    if command.wait() and victim == "server":
        faults.append(f"the command failed when the server was killed: status {command.returncode}")
    now = generation(file)
    time.sleep(1)
    faults += judge(server, load, file, standing)
    # Begun again, it ends well and does all of it.
    if victim != "server" and not ended and now == former:
        begun = begin(store, "areas", *words(what, redrawn))
        said, _ = begun.communicate()
        if begun.returncode:
            faults.append(f"begun again: status {begun.returncode}: {said.strip().splitlines()[-1:]}")
        wanted = {"prepare": FORMER, "activate": NEXT, "withdraw": FORMER}[what]
        if generation(file) != wanted:
            faults.append(f"begun again it leaves {generation(file)} in force")
        faults += [f"after that: {fault}" for fault in judge(server, load, file, standing)]
    load.end()
    if load.mixed:
        faults.append(f"{len(load.mixed)} of {load.lists} lists held wards of several generations: {load.mixed[0]}")
    client = Client(server.port)
    found = {i: p["title"] or "" for i, p in reports(client, "category=drainage").items()}
    found = {i: title for i, title in found.items() if title.startswith("kill ")}
    titles = Counter(found.values())
    lost = [i for i, title in load.posted.items() if found.get(i) != title]
    doubled = [title for title, count in titles.items() if count > 1]
    if lost or doubled:
        faults.append(f"{len(lost)} of {len(load.posted)} posts lost, {len(doubled)} doubled: {lost[:3]} {doubled[:3]}")
    server.stop()
    if (said := stored(file, "PRAGMA integrity_check")[0][0]) != "ok":
        faults.append(f"SQLite: {said}")
    return faults, ("ended before, " if ended else "") + f"{former} → {now}"


def judge(server, load, file, standing):
    """What is wrong with the store as it is served, once the rows are written."""
    faults, client = [], Client(server.port)
    for _ in range(600):
        left = stored(file, "SELECT count(*) FROM placed WHERE edition = "
                            "(SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1)")[0][0]
        if not left:
            break
        time.sleep(0.1)
    else:
        faults.append(f"after a minute {left} rows are not written")
    now = generation(file)
    server.until(lambda: shown(client) == {now}, 60)
    with load.quiet:
        all = stand(reports(client))
        matched = lambda query="": client.json(f"/collections/reports/items?limit=1{query}")["numberMatched"]
        server.until(lambda: matched() == len(all), 30)
        wards = client.json("/collections/wards/items?limit=1000&properties=code")["features"]
        counts = {ward["id"]: matched(f"&ward={ward['id']}") for ward in wards}
    generations = {g for g, _, _ in all.values()} - {None}
    if generations != {now}:
        faults.append(f"{now} is in force, wards of {generations} are served")
    naive = Counter(f"{g}.{ward}" for g, ward, _ in all.values() if ward)
    wrong = [(ward, counts.get(ward), naive[ward]) for ward in naive.keys() | counts.keys()
             if counts.get(ward) != naive[ward]]
    if wrong:
        faults.append(f"{len(wrong)} wards do not count what the export has: {wrong[:3]}")
    differ = [(i, standing[now].get(i), got) for i, got in all.items() if i in standing[now] and standing[now][i] != got]
    if differ:
        faults.append(f"{len(differ)} reports are elsewhere than after an undisturbed turn: {differ[:2]}")
    if gone := standing[now].keys() - all.keys():
        faults.append(f"{len(gone)} reports are gone: {sorted(gone)[:3]}")
    return faults


def shown(client):
    """Whose wards a list has."""
    _, body, _ = client.patient("/collections/reports/items?limit=200")
    return {g.decode() for g in re.findall(rb'"ward_generation":"([^"]+)"', body)}


if __name__ == "__main__":
    main()
