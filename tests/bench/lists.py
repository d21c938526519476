"""Lists: made, read, and taken home as a zip."""

from __future__ import annotations

import json
import secrets

from tests.bench import clients, load, servers
from tests.bench.bench import Bench, Contender
from tests.bench.table import Figure, Limit

FILES = 10_000
FILE_BYTES = 256
ZIPPED = 1000
REPETITIONS = 5


def lists(bench: Bench) -> list[Figure]:
    """A list of 10,000 files created and read, and the first byte of a zip of 1,000 of them."""
    with servers.pixelhost(bench.folder) as ours:
        bench.say(f"uploading {FILES:,} files")
        ids = ours.put_all([secrets.token_bytes(FILE_BYTES) for _ in range(FILES)])
        made: list[str] = []

        def create(title: str, chosen: list[str]) -> float:
            body = json.dumps({"title": title, "files": [{"id": each} for each in chosen]}).encode()
            answers: list[bytes] = []
            took = load.drive(ours.port, iter([load.post_json("/api/list", ours.key, body)]), 1, answers.append)
            made.append(json.loads(answers[0])["id"])
            return took.seconds

        def read() -> float:
            return load.drive(ours.port, iter([load.get(f"/api/list/{made[-1]}")]), 1).seconds

        def make_zipped() -> None:
            # Other files each time: a server that keeps what it has just looked up gains nothing.
            first = len(made) * ZIPPED % FILES
            create("zipped", ids[first : first + ZIPPED])

        def start_zip() -> float:
            return clients.fetch(ours.port, f"/api/list/{made[-1]}/zip").first_byte_seconds

        contenders = [
            Contender("create", lambda: create("large", ids), [ours.pid]),
            Contender("read", read, [ours.pid]),
            Contender("zip", start_zip, [ours.pid], before=make_zipped),
        ]
        got = bench.take_turns(contenders, REPETITIONS, "s")
    return [
        Limit("list of 10,000 files: created", "s", got["create"], 2.0),
        Limit("list of 10,000 files: read", "s", got["read"], 1.0),
        Limit("zip of 1,000 files: first byte", "s", got["zip"], 0.2),
    ]
