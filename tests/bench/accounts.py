"""What an account has and has had: all its files, and a year of its time series."""

from __future__ import annotations

import subprocess

from pixelhost import ids
from tests.bench import processes, servers
from tests.bench.bench import Bench, Contender
from tests.bench.processes import NotMeasuredError, find_program
from tests.bench.table import Figure, Limit

FILES = 50_000
REPETITIONS = 5
CURL_SECONDS = 120
MIB = 1 << 20
YEAR = "start=2025-01-01T00:00:00Z&end=2026-01-01T00:00:00Z&interval=10"

ADD_FILES = """
    INSERT INTO files (id, owner_id, blob, name, mime_type, uploaded_at, kept_at, last_viewed_at)
    SELECT n.id, f.owner_id, f.blob, 'file number ' || n.number || '.jpg', 'image/jpeg',
           now() - n.number * interval '1 minute', now(), now()
      FROM files f, unnest($1::text[]) WITH ORDINALITY AS n (id, number)
"""
ADD_USAGE = """
    INSERT INTO account_usage (user_id, slot, views, downloads, bandwidth_bytes, bandwidth_paid_bytes)
    SELECT u.id, slot, 1, 2, 3456789, 0
      FROM users u, generate_series('2025-01-01T00:00Z'::timestamptz, '2025-12-31T23:50Z', '10 minutes') AS slot
"""


def account_files(bench: Bench) -> list[Figure]:
    """GET /user/files of 50,000 files as JSON and as CSV, and how much a worker grows by that."""
    with servers.pixelhost(bench.folder) as ours:
        ours.put(b"one")
        bench.say(f"adding {FILES:,} files")
        ours.sql(ADD_FILES, [ids.new_id() for _ in range(FILES - 1)])
        ours.sql("ANALYZE")

        def grown() -> float:
            workers = ours.workers()
            before = {pid: processes.resident_bytes(pid) for pid in workers}
            for pid in workers:
                processes.reset_peak(pid)
            _get(ours, "/api/user/files")
            return max(processes.peak_resident_bytes(pid) - before[pid] for pid in workers) / MIB

        contenders = [
            Contender("json", lambda: _get(ours, "/api/user/files"), [ours.pid]),
            Contender("csv", lambda: _get(ours, "/api/user/files?format=csv"), [ours.pid]),
        ]
        got = bench.take_turns(contenders, REPETITIONS, "s")
        memory = bench.take_turns([Contender("growth", grown, [ours.pid])], REPETITIONS, "MiB")
    return [
        Limit("files of an account, 50,000: JSON", "s", got["json"], 1.5),
        Limit("files of an account, 50,000: CSV", "s", got["csv"], 1.5),
        Limit("files of an account, 50,000: growth a worker", "MiB", memory["growth"], 16.0),
    ]


def time_series(bench: Bench) -> list[Figure]:
    """A year of an account's bandwidth in slots of ten minutes."""
    with servers.pixelhost(bench.folder) as ours:
        ours.sql(ADD_USAGE)
        ours.sql("ANALYZE")
        contender = Contender("pixelhost", lambda: _get(ours, f"/api/user/time_series/bandwidth?{YEAR}"), [ours.pid])
        got = bench.take_turns([contender], 2 * REPETITIONS, "s")
    return [Limit("time series: a year by ten minutes", "s", got["pixelhost"], 0.2)]


def _get(ours: servers.Pixelhost, path: str) -> float:
    """With curl, which reads what has no length; the seconds that it took."""
    command = [str(find_program("curl", "apt-get install curl")), "--silent", "--show-error", "--output", "/dev/null"]
    command += ["--max-time", str(CURL_SECONDS), "--write-out", "%{http_code} %{time_total}", "--user", f":{ours.key}"]
    url = f"http://127.0.0.1:{ours.port}{path}"
    done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    status, _, seconds = done.stdout.partition(" ")
    if done.returncode or status != "200":
        raise NotMeasuredError(f"curl {path}: {status} {done.stderr.strip()}")
    return float(seconds)
