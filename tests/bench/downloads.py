"""Downloads, large and small, and the facts about a file."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

from tests.bench import clients, load, servers
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.processes import NotMeasuredError
from tests.bench.table import Figure, Ratio

LARGE_BYTES = 1 << 30
LARGE_REPETITIONS = 7
MB = 1e6

RATE_CONNECTIONS = 8
RATE_SECONDS = 1.0
RATE_REPETITIONS = 7
INFO_CONNECTIONS = 32
INFO_FILES = 1000
WARM_UP_SECONDS = 0.5


def download_1gib(bench: Bench) -> list[Figure]:
    """One 1 GiB GET against nginx serving the same file, both read by a blocking client."""
    bench.require_memory(3 * LARGE_BYTES)
    with servers.pixelhost(bench.folder) as ours, servers.nginx(bench.folder) as nginx:
        bench.warm_pages(LARGE_BYTES)
        file_id = clients.put_made_up(ours.port, "/api/file/1gib.bin", ours.key, LARGE_BYTES, threading.Event())
        # The very same pages, so that neither server reads from a better place.
        os.link(_stored(ours.folder), nginx.folder / "1gib.bin")

        def get(port: int, path: str) -> float:
            return LARGE_BYTES / clients.fetch(port, path).seconds / MB

        path = f"/api/file/{file_id}"
        get(ours.port, path)
        get(nginx.port, "/1gib.bin")
        contenders = [
            Contender("pixelhost", lambda: get(ours.port, path), [ours.pid]),
            Contender("nginx", lambda: get(nginx.port, "/1gib.bin"), [nginx.pid]),
        ]
        got = bench.take_turns(contenders, LARGE_REPETITIONS, "MB/s")
    return [Ratio("1 GiB GET", "nginx, the same file", "MB/s", got["pixelhost"], got["nginx"], 0.85)]


def _stored(data_dir: Path) -> Path:
    for path in data_dir.rglob("*"):
        if path.is_file() and path.stat().st_size == LARGE_BYTES:
            return path
    raise NotMeasuredError(f"no stored file of {LARGE_BYTES} bytes below pixelhost's data directory")


def download_1kib(bench: Bench) -> list[Figure]:
    """The rate of 1 KiB GETs over 8 connections against copyparty's."""
    return _against_copyparty(bench, "1 KiB GET, 8 connections", 1 << 10, 2.0)


def download_1mib(bench: Bench) -> list[Figure]:
    """The rate of 1 MiB GETs over 8 connections against copyparty's."""
    return _against_copyparty(bench, "1 MiB GET, 8 connections", 1 << 20, 1.0)


def _against_copyparty(bench: Bench, name: str, size_bytes: int, target: float) -> list[Figure]:
    body = secrets.token_bytes(size_bytes)
    with (
        servers.pixelhost(bench.folder) as ours,
        servers.copyparty(bench.folder, 1) as party,
        servers.copyparty(bench.folder, servers.CORES) as wide_party,
    ):
        for server in (party, wide_party):
            (server.folder / "file.bin").write_bytes(body)
        contenders = [
            _rate("pixelhost", ours.port, [f"/api/file/{ours.put(body)}"], RATE_CONNECTIONS, [ours.pid]),
            _rate("copyparty", party.port, ["/file.bin"], RATE_CONNECTIONS, [party.pid]),
            _rate("copyparty -j", wide_party.port, ["/file.bin"], RATE_CONNECTIONS, [wide_party.pid]),
        ]
        got = _warmed_up(bench, contenders)
    return [
        Ratio(name, "copyparty", "/s", got["pixelhost"], got["copyparty"], target),
        Ratio(name, f"copyparty -j {servers.CORES}", "/s", got["pixelhost"], got["copyparty -j"]),
    ]


def info(bench: Bench) -> list[Figure]:
    """GET /api/file/{id}/info against a bare aiohttp handler with one query, as many processes and connections."""
    with (
        servers.pixelhost(bench.folder) as ours,
        servers.bare_info(bench.folder, len(ours.workers())) as (bare_servers, bare_path),
    ):
        # Many files, so that the rate is that of looking them up and not of remembering one.
        ids = ours.put_all([secrets.token_bytes(1024) for _ in range(INFO_FILES)])
        paths = [f"/api/file/{file_id}/info" for file_id in ids]
        pids = [server.pid for server in bare_servers]
        contenders = [
            _rate("pixelhost", ours.port, paths, INFO_CONNECTIONS, [ours.pid]),
            _rate("bare", bare_servers[0].port, [bare_path], INFO_CONNECTIONS, pids),
        ]
        got = _warmed_up(bench, contenders)
    name = f"file info, {INFO_CONNECTIONS} connections"
    return [Ratio(name, "bare aiohttp + one query", "/s", got["pixelhost"], got["bare"], 0.5)]


def _rate(name: str, port: int, paths: list[str], connections: int, pids: list[int]) -> Contender:
    requests = [load.get(path) for path in paths]

    def measure() -> float:
        return load.drive(port, load.repeat(requests, RATE_SECONDS), connections).per_second

    def warm_up() -> None:
        load.drive(port, load.repeat(requests, WARM_UP_SECONDS), connections)

    return Contender(name, measure, pids, before=warm_up)


def _warmed_up(bench: Bench, contenders: list[Contender]) -> dict[str, Samples]:
    for contender in contenders:
        contender.before()
        contender.measure()
    return bench.take_turns(contenders, RATE_REPETITIONS, "/s")
