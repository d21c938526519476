"""The filesystem: many nodes, a directory as a zip, and rclone as its client."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.bench import bare, clients, load, servers
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.clients import Client
from tests.bench.processes import NotMeasuredError, find_program, last_words
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit, Ratio

MB = 1e6
MIB = 1 << 20
CHILDREN = 10_000
MANY = 100_000
ACCOUNT = 1_000_000
REPETITIONS = 5
FEW_REPETITIONS = 3

LARGE_BYTES = 1 << 30
PARTS = 32
SMALL_FILES = 50_000

SYNCED_FILES = 2000
SYNCED_DIRECTORIES = 20
SYNCED_BYTES = 2048
RCLONE_SECONDS = 600

UPLOADED = 1000
UPLOADING = 32

ROOT = "/api/filesystem/me"

# Files share the bytes of a few that were really uploaded, so that what refers to them can be checked.
MAKE_DIRECTORIES = """
    INSERT INTO nodes (owner_id, parent_id, name, mode, created_at, modified_at, created_by)
    SELECT t.owner_id, t.id, 'directory ' || i, 448, now(), now(), t.owner_id
      FROM nodes t, generate_series(1, $1::integer) i WHERE t.name = 'top'
"""
MAKE_FILES = """
    WITH b AS (SELECT digest, size_bytes, row_number() OVER () - 1 AS place, count(*) OVER () AS many FROM blobs),
    d AS (
        SELECT d.id, d.owner_id, row_number() OVER (ORDER BY d.id) AS place
          FROM nodes d JOIN nodes t ON t.id = d.parent_id
         WHERE t.name = 'top' AND d.blob IS NULL)
    INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                       created_by)
    SELECT d.owner_id, d.id, format($2, i, d.place), b.digest, b.size_bytes, 'text/plain', 420, now(), now(),
           d.owner_id
      FROM d, generate_series(1, $1::integer) i JOIN b ON b.place = i % b.many
"""


@contextlib.contextmanager
def _filesystem(bench: Bench) -> Iterator[tuple[Pixelhost, Client]]:
    """A server with some bytes that nodes can refer to, and a client. In the end its counters must be right."""
    with servers.pixelhost(bench.folder) as ours:
        ours.put_all([secrets.token_bytes(256) for _ in range(100)])
        with contextlib.closing(Client(ours.port, ours.key)) as client:
            yield ours, client
        ours.fsck()


def _grow(ours: Pixelhost, client: Client, directories: int, files: int, file_name: str = "file %s.txt") -> None:
    """Make the directory `top`, directories in it, and as many files in each; its triggers count them.

    In `file_name` stand the numbers of the file and of its directory, as `format` of Postgres takes them.
    """
    client.ask("POST", f"{ROOT}/top", action="mkdir")
    ours.sql(MAKE_DIRECTORIES, directories)
    ours.sql(MAKE_FILES, files, file_name)
    # What Postgres does by itself within a minute of such an inrush.
    ours.sql("VACUUM (ANALYZE) nodes")
    # Meanwhile the server may have hung up on a silent client, which connects anew by itself.
    client.close()


def stat(bench: Bench) -> list[Figure]:
    """stat of a directory with 10,000 children."""
    with _filesystem(bench) as (ours, client):
        _grow(ours, client, 1, CHILDREN)
        path = f"{ROOT}/top/directory%201?stat"
        if len(json.loads(client.ask("GET", path)[1])["children"]) != CHILDREN:
            raise NotMeasuredError("stat does not show all children")
        got = bench.take_turns([Contender("stat", lambda: client.ask("GET", path)[0], [ours.pid])], REPETITIONS, "s")
    return [Limit("stat of 10,000 children", "s", got["stat"], 0.3)]


def search(bench: Bench) -> list[Figure]:
    """Search in an account of 1,000,000 nodes: for a rare term, one in every name, and one that isn't there."""
    with _filesystem(bench) as (ours, client):
        bench.say(f"making {ACCOUNT:,} nodes")
        # Made in one go, the index takes a fraction of the time.
        index = ours.sql("SELECT pg_get_indexdef('nodes_search'::regclass)")[0][0]
        ours.sql("DROP INDEX nodes_search")
        _grow(ours, client, ACCOUNT // CHILDREN, CHILDREN, "Report %s of the year %s.pdf")
        ours.sql(index)

        def find(term: str, expected: int) -> Callable[[], float]:
            def measure() -> float:
                seconds, answer = client.ask("GET", f"{ROOT}?search={term}")
                if len(json.loads(answer)) != expected:
                    raise NotMeasuredError(f"{len(json.loads(answer))} found for {term}, not {expected}")
                return seconds

            return measure

        terms = {"rare": find("rt%209999%20of%20the%20year%2077", 1), "common": find("report", 10)}
        terms |= {"common middle": find("year%207", 10), "absent": find("zebra", 0), "two letters": find("zq", 0)}
        got = bench.take_turns([Contender(name, each, [ours.pid]) for name, each in terms.items()], REPETITIONS, "s")
    slowest = max(got, key=lambda name: got[name].median)
    return [Limit(f"search in 1,000,000 nodes: the slowest ({slowest})", "s", got[slowest], 0.1)]


def rename(bench: Bench) -> list[Figure]:
    """Rename of a directory over 100,000 descendants."""
    with _filesystem(bench) as (ours, client):
        _grow(ours, client, 100, MANY // 100)
        names = ["top", "elsewhere"]

        def move() -> float:
            names.reverse()
            old, new = names[1], names[0]
            return client.ask("POST", f"{ROOT}/{old}", action="rename", target=f"/me/{new}")[0] * 1000

        got = bench.take_turns([Contender("rename", move, [ours.pid])], 2 * REPETITIONS, "ms")
    return [Limit("rename over 100,000 nodes", "ms", got["rename"], 20.0)]


def delete(bench: Bench) -> list[Figure]:
    """Recursive delete of 100,000 nodes, and how long others wait for their answers meanwhile."""
    with _filesystem(bench) as (ours, client):
        other = ours.add_user("somebody")
        idle: list[float] = []
        busy: list[float] = []

        def make() -> None:
            _grow(ours, client, 100, MANY // 100)
            with _others(ours, other) as seconds:
                threading.Event().wait(2)
            idle.append(_p99(seconds) * 1000)

        def remove() -> float:
            with _others(ours, other) as seconds:
                took = client.ask("DELETE", f"{ROOT}/top?recursive")[0]
            busy.append(_p99(seconds) * 1000)
            return took

        got = bench.take_turns([Contender("delete", remove, [ours.pid], before=make)], FEW_REPETITIONS, "s")
    return [
        Limit("recursive delete of 100,000 nodes", "s", got["delete"], 5.0),
        Ratio("meanwhile others' PUT, stat: p99", "with nothing else to do", "ms", Samples(busy), Samples(idle)),
    ]


@contextlib.contextmanager
def _others(ours: Pixelhost, key: str) -> Iterator[list[float]]:
    """Somebody puts a file and asks for it in another account, one request after the other; the seconds of each."""
    stopped = threading.Event()
    seconds: list[float] = []
    failures: list[Exception] = []

    def ask() -> None:
        try:
            with contextlib.closing(Client(ours.port, key)) as client:
                while not stopped.wait(0.002):
                    seconds.append(client.ask("PUT", f"{ROOT}/file", secrets.token_bytes(64))[0])
                    seconds.append(client.ask("GET", f"{ROOT}/file?stat")[0])
        except (OSError, http.client.HTTPException, load.RefusedError) as failure:
            failures.append(failure)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seconds
    finally:
        stopped.set()
        thread.join()
    for failure in failures:
        raise failure


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def bulk_download(bench: Bench) -> list[Figure]:
    """A directory of 1 GiB as a zip against one file of 1 GiB; the first byte of a zip of 50,000 small files."""
    bench.require_memory(3 * LARGE_BYTES)
    with _filesystem(bench) as (ours, client):
        _grow(ours, client, 50, SMALL_FILES // 50)
        bench.warm_pages(2 * LARGE_BYTES)
        stopped = threading.Event()
        for number in range(PARTS):
            path = f"{ROOT}/parts/{number}.bin?make_parents=true"
            clients.put_made_up(ours.port, path, ours.key, LARGE_BYTES // PARTS, stopped)
        clients.put_made_up(ours.port, f"{ROOT}/whole.bin", ours.key, LARGE_BYTES, stopped)

        def get(path: str) -> float:
            fetched = clients.fetch(ours.port, f"{ROOT}/{path}", ours.key)
            return fetched.body_bytes / fetched.seconds / MB

        def first_byte() -> float:
            return clients.fetch(ours.port, f"{ROOT}/top?bulk_download", ours.key).first_byte_seconds

        def read_rows() -> float:
            start = time.perf_counter()
            ours.sql("SELECT * FROM nodes JOIN blobs ON digest = blob")
            return time.perf_counter() - start

        for path in ("parts?bulk_download", "whole.bin"):
            get(path)
        contenders = [
            Contender("zip", lambda: get("parts?bulk_download"), [ours.pid]),
            Contender("file", lambda: get("whole.bin"), [ours.pid]),
        ]
        got = bench.take_turns(contenders, REPETITIONS, "MB/s")
        query = Contender("query", read_rows)
        began = bench.take_turns([Contender("zip", first_byte, [ours.pid]), query], REPETITIONS, "s")
    return [
        Ratio("bulk_download of 1 GiB", "one file as large", "MB/s", got["zip"], got["file"], 0.7),
        Ratio("bulk_download of 50,000: first byte", "reading their rows", "s", began["zip"], began["query"]),
    ]


def small_puts(bench: Bench) -> list[Figure]:
    """1,000 files of 4 KiB into the filesystem over 32 connections, against as many PUT /api/file."""
    with servers.pixelhost(bench.folder) as ours:
        batches = iter(range(1000))

        def put(prefix: str) -> float:
            folder = f"{prefix}/{next(batches)}" if prefix == ROOT else prefix
            suffix = "?make_parents=true" if prefix == ROOT else ""
            body = [secrets.token_bytes(bare.FILE_BYTES) for _ in range(UPLOADED)]
            requests = [load.put(f"{folder}/{n}.bin{suffix}", ours.key, each) for n, each in enumerate(body)]
            return load.drive(ours.port, iter(requests), UPLOADING).per_second

        contenders = [
            Contender("filesystem", lambda: put(ROOT), [ours.pid]),
            Contender("file", lambda: put("/api/file"), [ours.pid]),
        ]
        got = bench.take_turns(contenders, REPETITIONS, "/s")
        ours.fsck()
    return [Ratio("1,000 x 4 KiB into the filesystem", "PUT /api/file", "/s", got["filesystem"], got["file"])]


def rclone_copy(bench: Bench) -> list[Figure]:
    """rclone copy of 2,000 small files, against the same into rclone serve webdav.

    rclone itself makes at most 100 requests a second with either backend; what counts then is how many a file takes.
    """
    program = find_program("rclone", "make test installs it")
    source = bench.folder / "synced"
    with servers.pixelhost(bench.folder) as ours, servers.rclone(bench.folder) as webdav:
        config = bench.folder / "client.conf"
        config.write_text(
            f"[pixelhost]\ntype = pixeldrain\napi_key = {ours.key}\napi_url = http://127.0.0.1:{ours.port}/api\n"
            f"[webdav]\ntype = webdav\nurl = http://127.0.0.1:{webdav.port}\nvendor = other\n"
        )
        env = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
        env |= {"RCLONE_CONFIG": str(config), "HOME": str(bench.folder)}

        def rclone(*arguments: str | Path) -> None:
            done = subprocess.run(
                [program, *arguments], env=env, capture_output=True, text=True, timeout=RCLONE_SECONDS, check=False
            )
            if done.returncode:
                raise NotMeasuredError(f"rclone {arguments[0]}: {last_words(done.stderr)}")

        def copy(remote: str) -> float:
            start = time.perf_counter()
            rclone("copy", source, f"{remote}:copied")
            return SYNCED_FILES / (time.perf_counter() - start)

        contenders = [
            Contender(
                name, partial(copy, name), [pid], partial(_fill, source), partial(rclone, "purge", f"{name}:copied")
            )
            for name, pid in (("pixelhost", ours.pid), ("webdav", webdav.pid))
        ]
        got = bench.take_turns(contenders, FEW_REPETITIONS, "/s")
    name = "rclone copy of 2,000 small files"
    return [Ratio(name, "into rclone serve webdav", "/s", got["pixelhost"], got["webdav"], 1.0)]


def _fill(source: Path) -> None:
    """Other bytes each time, because equal ones are stored once."""
    for number in range(SYNCED_FILES):
        folder = source / f"directory {number % SYNCED_DIRECTORIES}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_bytes(secrets.token_bytes(SYNCED_BYTES))
