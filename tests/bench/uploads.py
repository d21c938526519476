"""Uploads: one large file, and many small ones."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import mmap
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import bare, clients, load, servers, sources
from tests.bench.bench import Bench, Contender
from tests.bench.processes import NotMeasuredError, stop
from tests.bench.table import Figure, Ratio

LARGE_BYTES = 1 << 30
LARGE_REPETITIONS = 5
SMALL_COUNT = 1000
SMALL_CONNECTIONS = 32
SMALL_REPETITIONS = 7
MB = 1e6


def upload_1gib(bench: Bench) -> list[Figure]:
    """One 1 GiB PUT with curl against sha256 alone, nginx's DAV module and rclone serve webdav, on the same bytes."""
    bench.require_memory(4 * LARGE_BYTES)
    source = bench.folder / "source"
    with (
        servers.pixelhost(bench.folder) as ours,
        servers.nginx(bench.folder) as nginx,
        servers.rclone(bench.folder) as rclone,
    ):
        sources.fill(source, LARGE_BYTES)
        ours.put(secrets.token_bytes(1024))
        stored: list[str] = []

        def before() -> None:
            sources.stamp(source)
            bench.warm_pages(LARGE_BYTES)

        def put_ours() -> float:
            seconds, answer = clients.put_with_curl(source, f"http://127.0.0.1:{ours.port}/api/file/1gib.bin", ours.key)
            stored.append(json.loads(answer)["id"])
            return LARGE_BYTES / seconds / MB

        def put(server: servers.Server) -> float:
            return LARGE_BYTES / clients.put_with_curl(source, f"http://127.0.0.1:{server.port}/1gib.bin")[0] / MB

        def delete_ours() -> None:
            while stored:
                ours.delete_file(stored.pop())

        def delete(server: servers.Server) -> None:
            (server.folder / "1gib.bin").unlink(missing_ok=True)

        contenders = [
            Contender("pixelhost", put_ours, [ours.pid], before, delete_ours),
            Contender("nginx", lambda: put(nginx), [nginx.pid], before, lambda: delete(nginx)),
            Contender("rclone", lambda: put(rclone), [rclone.pid], before, lambda: delete(rclone)),
            Contender("sha256", lambda: LARGE_BYTES / _seconds_to_hash(source) / MB),
        ]
        try:
            got = bench.take_turns(contenders, LARGE_REPETITIONS, "MB/s")
        finally:
            source.unlink()
    name = "1 GiB PUT"
    return [
        Ratio(name, "hashlib.sha256 alone, one thread", "MB/s", got["pixelhost"], got["sha256"], 0.35),
        Ratio(name, "nginx DAV, not hashing", "MB/s", got["pixelhost"], got["nginx"], 1.0),
        Ratio(name, "rclone serve webdav", "MB/s", got["pixelhost"], got["rclone"], 2.0),
    ]


def _seconds_to_hash(source: Path) -> float:
    with (
        source.open("rb") as file,
        mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ) as mapped,
    ):
        start = time.perf_counter()
        hashlib.sha256(mapped).digest()
        return time.perf_counter() - start


def small_uploads(bench: Bench) -> list[Figure]:
    """1,000 files of 4 KiB over 32 connections against writing, fsyncing and committing as many bare."""
    with servers.pixelhost(bench.folder) as ours, servers.postgres(bench.folder) as url, contextlib.ExitStack() as undo:
        asyncio.run(bare.prepare(url))
        ours.put_all([secrets.token_bytes(bare.FILE_BYTES) for _ in range(SMALL_CONNECTIONS)])
        writers = _Writers(bench.folder / "bare-files", url)
        undo.callback(writers.stop)
        requests: list[bytes] = []

        def prepare_ours() -> None:
            bench.warm_pages(SMALL_COUNT * bare.FILE_BYTES)
            requests[:] = _small_requests(ours.key)

        def prepare_bare() -> None:
            bench.warm_pages(SMALL_COUNT * bare.FILE_BYTES)
            writers.start()

        def put_ours() -> float:
            return load.drive(ours.port, iter(requests), SMALL_CONNECTIONS).per_second

        contenders = [
            Contender("pixelhost", put_ours, [ours.pid], prepare_ours),
            Contender("bare", writers.run, before=prepare_bare, after=writers.stop),
        ]
        got = bench.take_turns(contenders, SMALL_REPETITIONS, "/s")
    return [Ratio("1,000 x 4 KiB PUT, 32 at once", "write, fsync, commit", "/s", got["pixelhost"], got["bare"], 0.4)]


def _small_requests(key: str) -> Iterator[bytes]:
    for number in range(SMALL_COUNT):
        yield load.put(f"/api/file/{number}.bin", key, secrets.token_bytes(bare.FILE_BYTES))


class _Writer:
    """A bare writing process, which is spoken to by lines."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.bare", "write", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=servers.TOP,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin, self.process.stdout

    def go(self) -> None:
        self._input.write("go\n")
        self._input.flush()

    def expect(self, word: str) -> None:
        if self._output.readline() != f"{word}\n":
            raise NotMeasuredError(f"a bare writer did not say '{word}'; its complaint is above")

    def stop(self) -> None:
        stop(self.process)
        self._input.close()
        self._output.close()


class _Writers:
    """As many bare writing processes as there are cores, which share the files and the connections."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._writers: list[_Writer] = []

    def start(self) -> None:
        """Returns when all of them wait for the word."""
        self._folder.mkdir()
        counts, tasks = _shares(SMALL_COUNT, servers.CORES), _shares(SMALL_CONNECTIONS, servers.CORES)
        for count, task_count in zip(counts, tasks, strict=True):
            self._writers.append(_Writer([str(self._folder), self._url, str(count), str(max(1, task_count))]))
        for writer in self._writers:
            writer.expect("ready")

    def run(self) -> float:
        """Files a second, from the word to the last process that is done."""
        start = time.perf_counter()
        for writer in self._writers:
            writer.go()
        for writer in self._writers:
            writer.expect("done")
        return SMALL_COUNT / (time.perf_counter() - start)

    def stop(self) -> None:
        while self._writers:
            self._writers.pop().stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _shares(total: int, parts: int) -> list[int]:
    """Whole numbers that differ by one at most."""
    return [total // parts + (number < total % parts) for number in range(parts)]
