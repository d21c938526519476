"""One path overwritten by two clients while twenty read it: no reader ever gets a mixture of two versions."""

from __future__ import annotations

import hashlib
import http.client
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from tests.support.running import Reply, Running, authorization, data_directory, serving

pytestmark = pytest.mark.journey

SIZE_BYTES = 50_000_000
READERS = 20
OVERWRITES = 6  # by each of two clients
OVERWRITTEN_EVERY_SECONDS = 0.6
PIECE_BYTES = 2_000_000
PAUSE_SECONDS = 0.04  # after a piece: who reads 50 MB takes a second and sees several overwrites
ALL_THERE_IS_TO_SEE = {
    *("read to the end", "hung up"),
    *(f"{what}: {condition}" for what in ("went on", "changed") for condition in ("If-Range", "If-Match")),
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def versions() -> list[bytes]:
    """Four, of about 50 MB, no two alike in any place and none as long as another."""
    return [random.Random(number).randbytes(SIZE_BYTES + 1_000_003 * number) for number in range(4)]


@pytest.fixture
def server() -> Iterator[Running]:
    with data_directory() as directory, serving(directory, workers=2, sweep_grace_seconds=0) as running:
        yield running


def ask(
    running: Running, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    with closing(running.connect()) as connection:
        connection.request(method, f"/api/filesystem{path}", body, dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())


def shared_with_a_writer(running: Running) -> tuple[str, str]:
    """The ID of a directory of admin that everybody may read, and the key of somebody who may write there."""
    key = running.command("user", "add", "writer").stdout.split()[-1]
    mine = authorization(running.key)
    assert ask(running, "POST", "/me/d", "action=mkdir", mine | FORM).status == 201
    rights = '{"writer": {"read": true, "write": true}}'
    form = urlencode({"action": "update", "shared": "true", "user_permissions": rights})
    return ask(running, "POST", "/me/d", form, mine | FORM).json["id"], key


def overwrite(running: Running, path: str, key: str, versions: list[bytes]) -> None:
    for number in range(OVERWRITES):
        began = time.monotonic()
        answer = ask(running, "PUT", path, versions[number % len(versions)], authorization(key))
        assert answer.status == 200, answer.body
        time.sleep(max(0, began + OVERWRITTEN_EVERY_SECONDS - time.monotonic()))


def sweep(running: Running, writing: threading.Event) -> int:
    """Run the job again and again; how many versions it has deleted."""
    swept = 0
    while writing.is_set():
        done = running.command("job", "sweep")
        assert done.returncode == 0, done.stderr
        swept += int(re.search(r"sweep: (\d+) done|at it already", done.stdout)[1] or 0)
    return swept


@dataclass
class Reader:
    """Reads the file slowly, in several requests, as a player or a download manager does, and checks every byte."""

    running: Running
    path: str
    version_of: Mapping[str, bytes]
    chance: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    def read_while(self, writing: threading.Event) -> Counter[str]:
        while writing.is_set() or not self.seen["read to the end"]:
            self.read()
        return self.seen

    def read(self) -> None:
        """One version from its first byte to its last."""
        etag, at = "", 0
        while not etag or at < len(self.version_of[etag]):
            with closing(self.running.connect()) as connection:
                answer, condition = self.ask(connection, etag, at)
                if answer.status == 412:
                    assert condition == "If-Match"
                    self.seen["changed: If-Match"] += 1
                    etag, at = "", 0
                    continue
                if etag and answer.headers["ETag"] != etag:
                    # The whole of another version, never a part of it.
                    assert (condition, answer.status) == ("If-Range", 200)
                    self.seen["changed: If-Range"] += 1
                elif etag:
                    assert answer.status == 206
                    self.seen[f"went on: {condition}"] += 1
                etag = answer.headers["ETag"]
                at = self.start_of(answer, self.version_of[etag], at)
                at += self.take(answer, self.version_of[etag], at)
        self.seen["read to the end"] += 1

    def ask(self, connection: http.client.HTTPConnection, etag: str, at: int) -> tuple[http.client.HTTPResponse, str]:
        """For a range from `at` or all that follows, of the version read so far; and the condition that says so."""
        end = self.chance.choice([at + SIZE_BYTES // 4, at + 1_234_567, ""])
        headers = {"Range": f"bytes={at}-{end}"} if etag or self.chance.random() < 0.5 else {}
        condition = self.chance.choice(["If-Range", "If-Match"]) if etag else ""
        if condition:
            headers[condition] = etag
        connection.request("GET", f"/api/filesystem{self.path}", headers=headers)
        answer = connection.getresponse()
        assert answer.status in {200, 206, 412}, (answer.status, answer.read())
        return answer, condition

    def start_of(self, answer: http.client.HTTPResponse, version: bytes, at: int) -> int:
        """Where what is answered begins; all that the headers say of it fits the version."""
        if answer.status == 200:
            assert int(answer.headers["Content-Length"]) == len(version)
            return 0
        first, last, size = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers["Content-Range"]).groups())
        assert (first, size) == (at, len(version))
        assert int(answer.headers["Content-Length"]) == last + 1 - first
        return first

    def take(self, answer: http.client.HTTPResponse, version: bytes, start: int) -> int:
        """Read a body to its end, or now and then hang up before; how many bytes that were."""
        hangs_up = self.chance.random() < 0.3
        taken = 0
        while piece := answer.read(PIECE_BYTES):
            at = start + taken
            assert piece == version[at : at + len(piece)], f"other bytes than those of {answer.headers['ETag']} at {at}"
            taken += len(piece)
            if hangs_up and self.chance.random() < 0.1:
                self.seen["hung up"] += 1
                return taken
            time.sleep(PAUSE_SECONDS)
        assert taken == int(answer.headers["Content-Length"])
        return taken


def test_twenty_slow_readers_of_a_path_that_two_overwrite_never_get_a_mixture(server, versions):
    version_of = {f'"{hashlib.sha256(version).hexdigest()}"': version for version in versions}
    share_id, key = shared_with_a_writer(server)
    path = f"/{share_id}/f"
    assert ask(server, "PUT", path, versions[0], authorization(server.key)).status == 200
    readers = [Reader(server, path, version_of, random.Random(seed)) for seed in range(READERS)]
    writing = threading.Event()
    writing.set()

    with ThreadPoolExecutor(READERS + 3) as threads:
        reading = [threads.submit(one.read_while, writing) for one in readers]
        sweeping = threads.submit(sweep, server, writing)
        keys = (server.key, versions[:2]), (key, versions[2:])
        overwriting = [threads.submit(overwrite, server, path, whose, theirs) for whose, theirs in keys]
        try:
            for one in overwriting:
                one.result()
        finally:
            writing.clear()
        seen = sum((one.result() for one in reading), Counter())
        swept = sweeping.result()

    print(f"{swept} versions swept while {READERS} readers saw {dict(seen)}")
    assert set(seen) == ALL_THERE_IS_TO_SEE
    assert swept > 0
    assert_one_version_is_left(server, path, version_of)


def assert_one_version_is_left(server: Running, path: str, version_of: Mapping[str, bytes]) -> None:
    server.command("job", "sweep")
    left = ask(server, "GET", path)
    assert left.body == version_of[left.headers["ETag"]]
    report = {"blobs": 1, "size_bytes": len(left.body), "waiting_to_be_swept": 0, "problems": []}
    assert server.fsck() == report
    assert server.ask("GET", "/api/user").json["filesystem_storage_used"] == len(left.body)
