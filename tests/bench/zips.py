"""A directory of 50,000 small files as a zip: whether it is right, and how long others wait while it is laid out."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import random
import threading
import time
import zipfile
from collections.abc import Iterator

from tests.bench import account, load
from tests.bench.bench import Bench, Contender, Samples
from tests.bench.clients import Client
from tests.bench.processes import NotMeasuredError
from tests.bench.servers import Pixelhost
from tests.bench.table import Figure, Limit

ROOT = "/api/filesystem/me"
DIRECTORIES = 50
FILES = 50_000
RANGES = 5
ASKING = 4
REPETITIONS = 3
WAIT_LIMIT_SECONDS = 0.3


def bulk_download_50k(bench: Bench) -> list[Figure]:
    """The longest that any of four others waits for a small answer while the zip is laid out."""
    with account.filesystem(bench) as (ours, client):
        account.grow(ours, client, DIRECTORIES, FILES // DIRECTORIES)
        _check(ours, client)
        waits = Samples()

        def read() -> float:
            with _asking(ours) as seconds:
                taken, _ = client.ask("HEAD", f"{ROOT}/top?bulk_download")
            waits.values.append(max(seconds))
            return taken

        bench.take_turns([Contender("zip", read, [ours.pid])], REPETITIONS, "s")
    return [Limit("bulk_download of 50,000: longest wait of others", "s", waits, WAIT_LIMIT_SECONDS)]


def _check(ours: Pixelhost, client: Client) -> None:
    """Raises NotMeasuredError unless a plain reader finds in it what is there, and ranges are parts of it."""
    _, whole = client.ask("GET", f"{ROOT}/top?bulk_download")
    digests = {row[0] for row in ours.sql("SELECT digest FROM blobs")}
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        if len(set(files)) != FILES or len(archive.namelist()) != FILES + DIRECTORIES:
            raise NotMeasuredError(f"the zip has {len(files)} files")
        if any(hashlib.sha256(archive.read(name)).digest() not in digests for name in files):
            raise NotMeasuredError("the zip has a file that was never uploaded")
    connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=60)
    chance = random.Random(len(whole))
    for _ in range(RANGES):
        start = chance.randrange(len(whole) - 100_000)
        sent = {"Authorization": load.basic(ours.key), "Range": f"bytes={start}-{start + 99_999}"}
        connection.request("GET", f"{ROOT}/top?bulk_download", headers=sent)
        with connection.getresponse() as answer:
            if answer.read() != whole[start : start + 100_000]:
                raise NotMeasuredError("a range is not what stands there in the whole")
    connection.close()


@contextlib.contextmanager
def _asking(ours: Pixelhost) -> Iterator[list[float]]:
    """The seconds that each small request took, over connections to all workers."""
    stopped, seconds = threading.Event(), [0.0]

    def ask() -> None:
        with contextlib.closing(Client(ours.port, ours.key)) as client:
            while not stopped.wait(0.01):
                seconds.append(client.ask("GET", "/health")[0])

    threads = [threading.Thread(target=ask) for _ in range(ASKING)]
    for thread in threads:
        thread.start()
    # Every connection is open before the work begins.
    time.sleep(0.5)
    try:
        yield seconds
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
