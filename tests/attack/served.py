"""A server under attack: starts the executable, waits until it is ready, reads its memory."""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def executable():
    """`$DIABAN`, or the newest build of this tree."""
    named = os.environ.get("DIABAN")
    built = [ROOT / "target" / profile / "diaban" for profile in ("dist", "release", "demo", "debug")]
    found = [pathlib.Path(named)] if named else [file for file in built if file.exists()]
    if not found:
        sys.exit("build first: cargo build --profile demo, or name an executable in DIABAN")
    return max(found, key=lambda file: file.stat().st_mtime)


class Group:
    """A control group with a limit of memory; none where groups cannot be made."""

    def __init__(self, mib):
        self.folder = None
        for base, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            folder = pathlib.Path(base) / f"diaban-attack-{os.getpid()}"
            try:
                folder.mkdir()
                if (folder / limit).exists():
                    (folder / limit).write_text(str(mib << 20))
                    self.folder = folder
                    return
            except OSError:
                pass
            # Not a folder of groups, or not ours to limit.
            if folder.exists():
                folder.rmdir()

    def enter(self):
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def peak(self):
        for name in ("memory.max_usage_in_bytes", "memory.peak"):
            if self.folder and (self.folder / name).exists():
                return int((self.folder / name).read_text()) / (1 << 20)
        return None

    def remove(self):
        if self.folder:
            for _ in range(50):
                try:
                    return self.folder.rmdir()
                except OSError:
                    time.sleep(0.1)


class Server:
    """`diaban serve` or `diaban demo` with a store of its own."""

    def __init__(self, role=("serve",), flags=(), config="", group=None, files=None):
        self.folder = tempfile.TemporaryDirectory(prefix="diaban-attack-")
        folder = pathlib.Path(self.folder.name)
        (folder / "diaban.toml").write_text(config)
        self.log = open(folder / "log", "w+")

        def before():
            if group:
                group.enter()
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        command = [executable(), *role, "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder}/city.db"]
        command += ["--config", folder / "diaban.toml", *flags]
        env = {**os.environ, "DIABAN_LOG": os.environ.get("DIABAN_LOG", "off,diaban=warn")}
        self.child = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=self.log, preexec_fn=before, env=env, text=True
        )
        self.base = None
        for line in self.child.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.base = found[0]
                break
        if not self.base:
            sys.exit(f"the server did not start: {self.logged()}")
        self.port = int(self.base.rsplit(":", 1)[1])
        self.until(lambda: self.get("/readyz")[0] == 200, 300)

    def get(self, path, headers=None, body=None):
        """Status and body; 0 when there is no answer."""
        request = urllib.request.Request(self.base + path, data=body, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def report(self, n=0):
        feature = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [106.69833 + n % 100 * 1e-5, 10.7725]},
            "properties": {"category": "pothole", "title": f"Ổ gà {n}", "description": "sâu " * (n % 200)},
        }
        return self.get("/collections/reports/items", {"Content-Type": "application/geo+json"}, json.dumps(feature).encode())

    def rss(self):
        """Mebibytes in memory now."""
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def lives(self):
        return self.child.poll() is None

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    @staticmethod
    def until(done, patience):
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > patience:
                sys.exit("waited in vain")
            time.sleep(0.05)

    def stop(self):
        if self.lives():
            self.child.send_signal(signal.SIGTERM)
            self.child.wait(30)
        self.log.close()
        self.folder.cleanup()
