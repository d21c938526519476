"""Pushes: many small texts, and one large file, which is sealed while it arrives."""

from __future__ import annotations

import http
import http.client
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.bench import clients, load, processes, servers, sources
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.processes import NotMeasuredError
from tests.bench.table import Figure, Limit, Ratio
from tests.bench.uploads import LARGE_BYTES, MB

COUNT = 2000
CONNECTIONS = 32
REPETITIONS = 7
LARGE_REPETITIONS = 5
GROWTH_LIMIT_MIB = 64.0
MIB = 1 << 20
UNREACHED = {"push_requests_per_minute": 1_000_000, "push_requests_per_second": 1_000_000}
"""Limits that count, but are far away."""


def pushes(bench: Bench) -> list[Figure]:
    """Text pushes made and shown, against a bare aiohttp handler with one insert, as many processes and connections."""
    with (
        servers.pixelhost(bench.folder, **UNREACHED) as ours,
        servers.bare_insert(bench.folder, len(ours.workers())) as bare_servers,
    ):
        answers: list[bytes] = []
        body = json.dumps({"push": {"payload": secrets.token_hex(16)}}).encode()
        made = [load.post_json("/api/v2/pushes", None, body)] * COUNT
        row = [load.post_json("/", None, json.dumps({"name": secrets.token_hex(16)}).encode())] * COUNT

        def create() -> float:
            answers.clear()
            return load.drive(ours.port, iter(made), CONNECTIONS, answers.append).per_second

        def show() -> float:
            shown = [load.get(f"/api/v2/pushes/{json.loads(answer)['url_token']}") for answer in answers]
            return load.drive(ours.port, iter(shown), CONNECTIONS).per_second

        def insert() -> float:
            return load.drive(bare_servers[0].port, iter(row), CONNECTIONS).per_second

        contenders = [
            Contender("create", create, [ours.pid]),
            Contender("show", show, [ours.pid]),
            Contender("bare", insert, [server.pid for server in bare_servers]),
        ]
        for contender in contenders:
            contender.measure()
        got = bench.take_turns(contenders, REPETITIONS, "/s")
    against = "bare aiohttp + one insert"
    return [
        Ratio(f"text push, {CONNECTIONS} connections", against, "/s", got["create"], got["bare"], 0.4),
        Ratio(f"text push shown, {CONNECTIONS} connections", against, "/s", got["show"], got["bare"], 0.4),
    ]


def push_1gib(bench: Bench) -> list[Figure]:
    """A push of a 1 GiB file with curl against the same file by PUT and by form unsealed, and how workers grow."""
    bench.require_memory(4 * LARGE_BYTES)
    source = bench.folder / "source"
    with servers.pixelhost(bench.folder, **UNREACHED) as ours:
        sources.fill(source, LARGE_BYTES)
        stored: list[Callable[[], None]] = []
        grown: list[float] = []

        def before() -> None:
            sources.stamp(source)
            bench.warm_pages(LARGE_BYTES)

        def delete() -> None:
            while stored:
                stored.pop()()

        def push() -> float:
            with _growth(ours, grown):
                url = f"http://127.0.0.1:{ours.port}/f.json"
                seconds, answer = clients.post_form_with_curl(source, "file_push[files][]", url, ours.key)
            token = json.loads(answer)["url_token"]
            stored.append(lambda: _end(ours, token))
            return LARGE_BYTES / seconds / MB

        def put() -> float:
            seconds, answer = clients.put_with_curl(source, f"http://127.0.0.1:{ours.port}/api/file/1gib.bin", ours.key)
            stored.append(lambda: ours.delete_file(json.loads(answer)["id"]))
            return LARGE_BYTES / seconds / MB

        def post() -> float:
            url = f"http://127.0.0.1:{ours.port}/api/file"
            seconds, answer = clients.post_form_with_curl(source, "file", url, ours.key)
            stored.append(lambda: ours.delete_file(json.loads(answer)["id"]))
            return LARGE_BYTES / seconds / MB

        contenders = [
            Contender("push", push, [ours.pid], before, delete),
            Contender("PUT", put, [ours.pid], before, delete),
            Contender("form", post, [ours.pid], before, delete),
        ]
        try:
            ours.put(secrets.token_bytes(1024))
            got = bench.take_turns(contenders, LARGE_REPETITIONS, "MB/s")
        finally:
            source.unlink()
    growth = Samples(grown)
    return [
        Ratio("1 GiB push of a file", "PUT /api/file, not sealed", "MB/s", got["push"], got["PUT"], 0.5),
        Ratio("1 GiB push of a file", "POST /api/file, not sealed", "MB/s", got["push"], got["form"]),
        Limit("1 GiB push of a file: growth of a worker", "MiB", growth, GROWTH_LIMIT_MIB),
    ]


def _end(ours: servers.Pixelhost, token: str) -> None:
    """End the push, and delete its bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=30)
    try:
        connection.request("DELETE", f"/p/{token}.json", headers={"Authorization": load.basic(ours.key)})
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise NotMeasuredError(f"pixelhost answered {status} to DELETE /p/{token}.json")
    ours.sweep()


@contextmanager
def _growth(ours: servers.Pixelhost, grown: list[float]) -> Iterator[None]:
    """Add how much the worker that grew most did within the block, in MiB."""
    before = {}
    for pid in ours.workers():
        processes.reset_peak(pid)
        before[pid] = processes.resident_bytes(pid)
    yield
    grown.append(max(processes.peak_resident_bytes(pid) - size for pid, size in before.items()) / MIB)
