"""Transfers: what counting requests adds to each, and a long list."""

from __future__ import annotations

import http.client
import subprocess
import time
from contextlib import closing
from statistics import median

from tests.bench import load, servers
from tests.bench.bench import Bench, Contender
from tests.bench.processes import NotMeasuredError, find_program
from tests.bench.table import Figure, Limit

FILES = 10_000
REPETITIONS = 5
PAIRS = 2_000
CURL_SECONDS = 300
COUNTED = "/api/pin"  # one statement of its own, and a small answer

ADD_FILES = """
    INSERT INTO transfer_files (owner_id, name, mime_type, size_bytes, sealed_bytes, key_sealed, blob, created_at)
    SELECT owner_id, 'file number ' || number || '.pdf', mime_type, size_bytes, sealed_bytes, key_sealed, blob,
           created_at + number * interval '1 second'
      FROM transfer_files, generate_series(1, $1::int) AS number
"""


def transfer_limit(bench: Bench) -> list[Figure]:
    """What counting a request adds to it: the medians of requests in turn to servers with the limit and without."""
    settings = {"workers": 1, "transfer_requests_per_minute": 1_000_000}
    first, second = bench.folder / "limited", bench.folder / "free"
    for folder in (first, second):
        folder.mkdir(exist_ok=True)
    with (
        servers.pixelhost(first, **settings) as limited,
        servers.pixelhost(second, **settings | {"transfer_requests_per_minute": 0}) as free,
    ):

        def added() -> float:
            with closing(_connection(limited)) as counting, closing(_connection(free)) as not_counting:
                taken = [(_milliseconds(counting, limited), _milliseconds(not_counting, free)) for _ in range(PAIRS)]
            return median(one for one, _ in taken) - median(other for _, other in taken)

        got = bench.take_turns([Contender("added", added, [limited.pid, free.pid])], REPETITIONS, "ms")
    return [Limit("transfers: counting a request", "ms", got["added"], 0.3)]


def transfer_list(bench: Bench) -> list[Figure]:
    """GET /api/files of 10,000 files."""
    with servers.pixelhost(bench.folder, transfer_requests_per_minute=1_000_000) as ours:
        small = bench.folder / "small.pdf"
        small.write_bytes(b"%PDF-1.4")
        _curl(ours, "/api/files", "--form", f"file=@{small}")
        bench.say(f"adding {FILES:,} files")
        ours.sql(ADD_FILES, FILES - 1)
        ours.sql("ANALYZE")
        contenders = [
            Contender("plain", lambda: _curl(ours, "/api/files"), [ours.pid]),
            Contender("sorted", lambda: _curl(ours, "/api/files?sort=-size,filename_original&keyword=9"), [ours.pid]),
        ]
        got = bench.take_turns(contenders, REPETITIONS, "s")
    return [
        Limit("transfers, 10,000 files: listed", "s", got["plain"], 1.0),
        Limit("transfers, 10,000 files: searched and sorted", "s", got["sorted"], 1.0),
    ]


def _connection(ours: servers.Pixelhost) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", ours.port, timeout=CURL_SECONDS)


def _milliseconds(connection: http.client.HTTPConnection, ours: servers.Pixelhost) -> float:
    """One request and its answer."""
    start = time.perf_counter()
    connection.request("GET", COUNTED, headers={"Authorization": load.basic(ours.key)})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise NotMeasuredError(f"{COUNTED}: {answer.status}")
    return (time.perf_counter() - start) * 1000


def _curl(ours: servers.Pixelhost, path: str, *options: str) -> float:
    """The seconds that it took."""
    command = [str(find_program("curl", "apt-get install curl")), "--silent", "--show-error", "--output", "/dev/null"]
    command += ["--max-time", str(CURL_SECONDS), "--write-out", "%{http_code} %{time_total}", "--user", f":{ours.key}"]
    url = f"http://127.0.0.1:{ours.port}{path}"
    done = subprocess.run([*command, *options, url], capture_output=True, text=True, check=False)
    status, _, seconds = done.stdout.partition(" ")
    if done.returncode or status not in {"200", "201"}:
        raise NotMeasuredError(f"curl {path}: {status} {done.stderr.strip()}")
    return float(seconds)
