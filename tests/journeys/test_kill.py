"""kill -9 at every bad moment: what was acknowledged is there, what was not leaves nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
import random
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from tests.support import waiting
from tests.support.running import (
    Running,
    authorization,
    data_directory,
    is_alive,
    kill_all,
    processes_on,
    serving,
    until,
)
from tests.support.waiting import until_somebody_waits

pytestmark = pytest.mark.journey

ROUNDS = 4
ENOUGH_SECONDS = 40
THREADS = 8
CUT = (OSError, http.client.HTTPException)


@pytest.fixture
def directory() -> Iterator[Path]:
    with data_directory() as directory:
        yield directory


@contextmanager
def half_an_upload(running: Running, data: bytes) -> Iterator[http.client.HTTPConnection]:
    """A connection on which the first half of `data` is sent."""
    with closing(running.connect()) as connection:
        connection.putrequest("PUT", "/api/file/half.bin")
        for name, value in (authorization(running.key) | {"Content-Length": str(len(data))}).items():
            connection.putheader(name, value)
        connection.endheaders(data[: len(data) // 2])
        yield connection


def bytes_placed(running: Running) -> list[str]:
    """SHA-256 of all that is placed."""
    return sorted(path.name for path in (running.data_dir / "blobs").glob("??/??/*"))


def database_of(running: Running) -> str:
    """The URL of the embedded Postgres."""
    lines = (running.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://pixelhost@/pixelhost?host={lines[4]}&port={lines[3]}"


def clear_leftovers(running: Running) -> None:
    """Run the job to its end, after whoever is at it already."""
    until(lambda: "a worker is at it" not in running.command("job", "leftovers").stdout, 30)


def test_a_worker_killed_in_the_middle_of_an_upload_leaves_nothing_and_is_started_again(directory):
    data = os.urandom(6_000_000)
    with serving(directory, workers=1) as running:
        (worker,) = running.worker_pids
        with half_an_upload(running, data) as connection:
            until(lambda: running.incoming)
            os.kill(worker, signal.SIGKILL)
            with pytest.raises(CUT):
                connection.getresponse()
        until(lambda: running.worker_pids and running.worker_pids != [worker])

        assert running.ask("GET", "/health").status == 200
        clear_leftovers(running)
        assert running.incoming == []
        assert bytes_placed(running) == []
        assert running.fsck() == {"blobs": 0, "size_bytes": 0, "waiting_to_be_swept": 0, "problems": []}
        assert running.ask("GET", "/api/user").json["file_count"] == 0


def test_the_other_workers_uploads_go_on_when_one_is_killed(directory):
    """And the restarted worker's first job leaves what they have staged alone."""
    data = os.urandom(6_000_000)
    with serving(directory, workers=2) as running:
        uploads = [half_an_upload(running, data + bytes([number])) for number in range(24)]
        connections = [upload.__enter__() for upload in uploads]
        until(lambda: len(running.incoming) == len(uploads))
        victim, survivor = running.worker_pids
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(running.worker_pids) == 2)
        clear_leftovers(running)
        stored = []
        for number, connection in enumerate(connections):
            whole = data + bytes([number])
            try:
                connection.send(whole[len(whole) // 2 :])
                answer = connection.getresponse()
                assert answer.status == 201
                stored.append(hashlib.sha256(whole).hexdigest())
            except CUT:
                continue
        for upload in uploads:
            upload.__exit__(None, None, None)

        assert 0 < len(stored) < len(uploads)
        assert is_alive(survivor)
        assert bytes_placed(running) == sorted(stored)
        until(lambda: running.incoming == [])
        assert running.fsck()["problems"] == []


@asynccontextmanager
async def upload_hanging_before_its_commit(running: Running, data: bytes) -> AsyncIterator[None]:
    """In the block the bytes of an upload are placed, and its row waits for the row of the account."""
    blocker, looker = [await asyncpg.connect(database_of(running)) for _ in range(2)]
    await blocker.execute("BEGIN; SELECT FROM users FOR UPDATE")
    hanging = threading.Thread(target=failing_upload, args=(running, data))
    hanging.start()
    await until_somebody_waits(looker)
    try:
        yield
    finally:
        await asyncio.to_thread(hanging.join, 10)
        blocker.terminate()
        looker.terminate()


async def test_bytes_placed_but_not_committed_are_cleared_at_the_next_start(directory):
    data = os.urandom(300_000)
    with serving(directory, workers=1) as running:
        async with upload_hanging_before_its_commit(running, data):
            assert bytes_placed(running) == [hashlib.sha256(data).hexdigest()]
            running.kill()
    with serving(directory, workers=1) as again:
        again.key = running.key
        clear_leftovers(again)
        assert (bytes_placed(again), again.incoming) == ([], [])
        assert again.fsck() == {"blobs": 0, "size_bytes": 0, "waiting_to_be_swept": 0, "problems": []}
        assert again.ask("GET", f"/api/file/{again.upload('again.bin', data)}").body == data


async def test_bytes_of_another_file_that_a_killed_upload_placed_again_stay(directory):
    data = os.urandom(300_000)
    with serving(directory, workers=1) as running:
        file_id = running.upload("first.bin", data)
        async with upload_hanging_before_its_commit(running, data):
            running.kill()
    with serving(directory, workers=1) as again:
        clear_leftovers(again)
        assert again.ask("GET", f"/api/file/{file_id}").body == data
        assert again.fsck()["problems"] == []


async def test_an_upload_whose_worker_dies_at_its_commit_is_there_whole_or_not_at_all(directory):
    data = os.urandom(300_000)
    with serving(directory, workers=1) as running:
        (worker,) = running.worker_pids
        async with upload_hanging_before_its_commit(running, data):
            os.kill(worker, signal.SIGKILL)
        until(lambda: running.worker_pids and running.worker_pids != [worker])

        clear_leftovers(running)
        assert running.incoming == []
        report = running.fsck()
        assert report["problems"] == []
        assert len(bytes_placed(running)) == report["blobs"] == running.ask("GET", "/api/user").json["file_count"]


def failing_upload(running: Running, data: bytes) -> None:
    with pytest.raises(CUT):
        running.upload("hanging.bin", data)


async def test_a_sweep_killed_after_the_bytes_and_before_the_rows_is_finished_by_the_next(directory):
    contents = [os.urandom(1000) for _ in range(20)]
    with serving(directory, workers=1, sweep_grace_seconds=0) as running:
        db = await asyncpg.connect(database_of(running))
        # Every job runs when a worker begins; this one's next time is after minutes.
        await waiting.until(lambda: db.fetchval("SELECT EXISTS (SELECT FROM job_runs WHERE name = 'sweep')"))
        for data in contents[1:]:
            file_id = running.upload("gone.bin", data)
            assert running.ask("DELETE", f"/api/file/{file_id}").status == 200
        kept = running.upload("kept.bin", contents[0])
        async with db.transaction():
            # Sweeping may claim rows, but not delete them.
            await db.execute("LOCK TABLE blobs IN SHARE MODE")
            sweeper = threading.Thread(target=running.command, args=("job", "sweep"))
            before = set(processes_on(directory))
            sweeper.start()
            until(lambda: len(bytes_placed(running)) == 1)
            kill_all([pid for pid in set(processes_on(directory)) - before if is_sweeper(pid)])
            sweeper.join(10)
        assert await db.fetchval("SELECT count(*) FROM blobs") == len(contents)
        # Those of them that come back while their rows still wait are whole.
        again = running.upload("again.bin", contents[1])

        assert running.fsck()["problems"] == []
        until(lambda: f"{len(contents) - 2} done" in running.command("job", "sweep").stdout)
        assert await db.fetchval("SELECT count(*) FROM blobs") == 2
        await db.close()
        assert running.ask("GET", f"/api/file/{kept}").body == contents[0]
        assert running.ask("GET", f"/api/file/{again}").body == contents[1]
        assert running.fsck()["problems"] == []


def is_sweeper(pid: int) -> bool:
    try:
        return b"\0sweep\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False


@dataclass
class Promises:
    """What the server has acknowledged to many clients at once."""

    running: Running
    there: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    unsure: dict[str, bytes] = field(default_factory=dict)  # a delete of it was sent, and never answered
    sent: int = 0
    is_dying: bool = False

    def keep_busy(self, seed: int) -> None:
        """Upload and delete until the server is cut off."""
        chance = random.Random(seed)
        mine: list[str] = []
        try:
            while True:
                self.sent += 1
                if mine and chance.random() < 0.35:
                    file_id = mine.pop(chance.randrange(len(mine)))
                    self.unsure[file_id] = self.there.pop(file_id)
                    assert self.running.ask("DELETE", f"/api/file/{file_id}").status == 200
                    self.gone.add(file_id)
                    del self.unsure[file_id]
                else:
                    # Few different beginnings, so that many uploads are of the same bytes.
                    size = chance.choice([1, 5000, 70_000, 2_000_000])
                    data = bytes([chance.randrange(5)]) * size
                    file_id = self.running.upload("busy.bin", data)
                    self.there[file_id] = data
                    mine.append(file_id)
        except CUT:
            return
        except AssertionError:
            # Postgres may die an instant before the workers: then they say so, which acknowledges nothing.
            if not self.is_dying:
                raise

    def check(self, running: Running) -> None:
        for file_id, data in self.there.items():
            answer = running.ask("GET", f"/api/file/{file_id}")
            assert (answer.status, answer.body == data) == (200, True), file_id
        for file_id in self.gone:
            assert running.ask("GET", f"/api/file/{file_id}").status == 404, file_id
        for file_id, data in self.unsure.items():
            answer = running.ask("GET", f"/api/file/{file_id}")
            assert answer.status == 404 or answer.body == data, file_id


def test_all_that_was_acknowledged_survives_the_death_of_everything(directory):
    began = time.monotonic()
    key, earlier = "", []
    for number in range(ROUNDS):
        if time.monotonic() - began > ENOUGH_SECONDS:
            break
        with serving(directory, sweep_grace_seconds=0) as running:
            running.key = key = running.key or key
            promises = Promises(running)
            busy = [threading.Thread(target=promises.keep_busy, args=(number * 100 + i,)) for i in range(THREADS)]
            for thread in busy:
                thread.start()
            delay = random.uniform(0.2, 2)
            time.sleep(delay)
            until(lambda promises=promises: promises.there)
            promises.is_dying = True
            running.kill()
            for thread in busy:
                thread.join(10)
            print(f"round {number}: killed after {delay:.2f} s and {promises.sent} requests")
        earlier.append(promises)
        assert promises.there
        with serving(directory, sweep_grace_seconds=0) as again:
            again.key = key
            for one in earlier:
                one.check(again)
            until(lambda again=again: again.incoming == [])
            report = again.fsck()
            assert report["problems"] == []
            counted = again.ask("GET", "/api/user").json["file_count"]
            known = sum(len(one.there) for one in earlier)
            # An upload whose answer got lost may be there too.
            assert known <= counted <= known + sum(len(one.unsure) for one in earlier) + THREADS * len(earlier)
