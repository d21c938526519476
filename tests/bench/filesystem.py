"""The filesystem: many nodes, a directory as a zip, and rclone as its client."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
import time
from functools import partial
from pathlib import Path

from tests.bench import account, bare, clients, load, servers
from tests.bench.account import ROOT
from tests.bench.bench import Bench, Contender
from tests.bench.processes import NotMeasuredError, find_program, last_words
from tests.bench.table import Figure, Limit, Ratio

MB = 1e6
MIB = 1 << 20
CHILDREN = 10_000
MANY = 100_000
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


def stat(bench: Bench) -> list[Figure]:
    """stat of a directory with 10,000 children."""
    with account.filesystem(bench) as (ours, client):
        account.grow(ours, client, 1, CHILDREN)
        path = f"{ROOT}/top/directory%201?stat"
        if len(json.loads(client.ask("GET", path)[1])["children"]) != CHILDREN:
            raise NotMeasuredError("stat does not show all children")
        got = bench.take_turns([Contender("stat", lambda: client.ask("GET", path)[0], [ours.pid])], REPETITIONS, "s")
    return [Limit("stat of 10,000 children", "s", got["stat"], 0.3)]


def rename(bench: Bench) -> list[Figure]:
    """Rename of a directory over 100,000 descendants."""
    with account.filesystem(bench) as (ours, client):
        account.grow(ours, client, 100, MANY // 100)
        names = ["top", "elsewhere"]

        def move() -> float:
            names.reverse()
            old, new = names[1], names[0]
            return client.ask("POST", f"{ROOT}/{old}", action="rename", target=f"/me/{new}")[0] * 1000

        got = bench.take_turns([Contender("rename", move, [ours.pid])], 2 * REPETITIONS, "ms")
    return [Limit("rename over 100,000 nodes", "ms", got["rename"], 20.0)]


def bulk_download(bench: Bench) -> list[Figure]:
    """A directory of 1 GiB as a zip against one file of 1 GiB; the first byte of a zip of 50,000 small files."""
    bench.require_memory(3 * LARGE_BYTES)
    with account.filesystem(bench) as (ours, client):
        account.grow(ours, client, 50, SMALL_FILES // 50)
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
