"""Transfers: what counting requests adds to each, a long list, and a large file."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from tests.bench import clients, load, pushes, servers, sources
from tests.bench.bench import Bench, Contender
from tests.bench.processes import NotMeasuredError, find_program
from tests.bench.table import Figure, Limit, Ratio
from tests.bench.uploads import MB

FILES = 10_000
LARGE_BYTES = 512 << 20
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


def transfer_512mib(bench: Bench) -> list[Figure]:
    """512 MiB by POST /api/files, sealed, and back, against a push of them, and against PUT and GET unsealed."""
    bench.require_memory(6 * LARGE_BYTES)
    source = bench.folder / "source"
    with servers.pixelhost(bench.folder, transfer_requests_per_minute=1_000_000, **pushes.UNREACHED) as ours:
        sources.fill(source, LARGE_BYTES)
        kept = [sending(ours, source) for sending in (_transfer, _push, _put)]
        stored: list[_Stored] = []

        def before() -> None:
            sources.stamp(source)
            bench.warm_pages(LARGE_BYTES)

        def delete() -> None:
            while stored:
                stored.pop().delete()
            ours.sweep()

        def sent(sending: Callable[[servers.Pixelhost, Path], _Stored]) -> Callable[[], float]:
            def send() -> float:
                stored.append(sending(ours, source))
                return LARGE_BYTES / stored[-1].seconds / MB

            return send

        def got_back(one: _Stored) -> Callable[[], float]:
            return lambda: LARGE_BYTES / clients.fetch(ours.port, one.path(), ours.key).seconds / MB

        contenders = [
            Contender("transfer", sent(_transfer), [ours.pid], before, delete),
            Contender("push", sent(_push), [ours.pid], before, delete),
            Contender("PUT", sent(_put), [ours.pid], before, delete),
            *(
                Contender(name, got_back(one), [ours.pid])
                for name, one in zip(("transfer back", "push back", "GET"), kept, strict=True)
            ),
        ]
        try:
            got = bench.take_turns(contenders, REPETITIONS, "MB/s")
        finally:
            source.unlink()
    up, down = "512 MiB POST /api/files, sealed", "512 MiB GET /api/files/{id}/download"
    return [
        Ratio(up, "PUT /api/file, not sealed", "MB/s", got["transfer"], got["PUT"], 0.5),
        Ratio(up, "a push of the file", "MB/s", got["transfer"], got["push"], 0.9),
        Ratio(down, "GET /api/file, not sealed", "MB/s", got["transfer back"], got["GET"]),
        Ratio(down, "the file of a push", "MB/s", got["transfer back"], got["push back"], 0.9),
    ]


@dataclass(frozen=True)
class _Stored:
    """`path` tells where it is fetched now; `seconds` are those that storing it took."""

    seconds: float
    path: Callable[[], str]
    delete: Callable[[], None]


def _transfer(ours: servers.Pixelhost, source: Path) -> _Stored:
    url = f"http://127.0.0.1:{ours.port}/api/files"
    seconds, answer = clients.post_form_with_curl(source, "file", url, ours.key)
    path = f"/api/files/{json.loads(answer)['data']['id']}"
    return _Stored(seconds, lambda: f"{path}/download", lambda: _delete(ours, path))


def _push(ours: servers.Pixelhost, source: Path) -> _Stored:
    url = f"http://127.0.0.1:{ours.port}/f.json"
    seconds, answer = clients.post_form_with_curl(source, "file_push[files][]", url, ours.key)
    path = f"/p/{json.loads(answer)['url_token']}.json"

    def link() -> str:
        """Good for five minutes."""
        with closing(_connection(ours)) as connection:
            connection.request("GET", path, headers={"Authorization": load.basic(ours.key)})
            (shown,) = json.load(connection.getresponse())["files"]
        return urlsplit(shown["url"]).path

    return _Stored(seconds, link, lambda: _delete(ours, path))


def _put(ours: servers.Pixelhost, source: Path) -> _Stored:
    seconds, answer = clients.put_with_curl(source, f"http://127.0.0.1:{ours.port}/api/file/512mib.bin", ours.key)
    path = f"/api/file/{json.loads(answer)['id']}"
    return _Stored(seconds, lambda: path, lambda: _delete(ours, path))


def _delete(ours: servers.Pixelhost, path: str) -> None:
    with closing(_connection(ours)) as connection:
        connection.request("DELETE", path, headers={"Authorization": load.basic(ours.key)})
        status = connection.getresponse().status
    if status not in {200, 204}:
        raise NotMeasuredError(f"pixelhost answered {status} to DELETE {path}")


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
