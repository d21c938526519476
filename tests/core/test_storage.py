"""Where rows meet bytes: what races, interruptions and the sweep may do to files, which is nothing."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import ClientError

from pixelhost.core import files, storage, verify
from pixelhost.plans import Plan
from pixelhost.site import Site
from tests.support.people import Person, make_person
from tests.support.waiting import until_nothing_comes_in, until_somebody_waits

CONTENTS = [bytes([65 + number]) * size for number, size in enumerate((100, 70_000, 2_500_000))]


@pytest.fixture
def eager(site: Site) -> Site:
    """The same site, but its sweep waits for nothing."""
    return replace(site, settings=replace(site.settings, sweep_grace_seconds=0))


async def problems(site: Site) -> list[tuple[str, str]]:
    report = await verify.fsck(site, deep=True, progress=lambda *_: None)
    return [(problem.kind, problem.detail) for problem in report.problems]


async def placed(site: Site) -> list[bytes]:
    """Digests of all bytes that lie in the store."""
    return sorted([stored.digest async for stored in site.store.listing()])


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def chunks(data: bytes, pieces: int = 4) -> AsyncIterator[bytes]:
    """A body of unannounced length."""
    size = len(data) // pieces + 1
    for start in range(0, len(data), size):
        yield data[start : start + size]


@asynccontextmanager
async def holding(site: Site, query: str, *values: object) -> AsyncIterator[None]:
    """In the block another transaction holds the row locks of a query."""
    async with site.db.acquire() as connection, connection.transaction():
        await connection.execute(query, *values)
        yield


async def test_no_byte_is_lost_whoever_uploads_deletes_and_sweeps_at_once(site, eager, alice, bob):
    kept: dict[str, bytes] = {}
    is_over = asyncio.Event()

    async def upload_and_delete(person: Person, seed: int) -> None:
        chance = random.Random(seed)
        mine: dict[str, bytes] = {}
        for _ in range(60):
            if mine and chance.random() < 0.45:
                file_id = chance.choice(list(mine))
                del mine[file_id]
                assert (await person.delete(f"/api/file/{file_id}")).status == 200
            else:
                data = CONTENTS[chance.choices(range(3), (10, 10, 1))[0]]
                mine[await person.upload("raced.bin", data)] = data
        for file_id in list(mine)[2:]:
            del mine[file_id]
            assert (await person.delete(f"/api/file/{file_id}")).status == 200
        kept.update(mine)

    async def sweep_always() -> None:
        while not is_over.is_set():
            await storage.sweep(eager)
            await asyncio.sleep(0)

    sweepers = [asyncio.create_task(sweep_always()) for _ in range(2)]
    await asyncio.gather(*(upload_and_delete((alice, bob)[seed % 2], seed) for seed in range(15)))
    is_over.set()
    await asyncio.gather(*sweepers)

    assert kept
    for file_id, data in kept.items():
        assert (await alice.get(f"/api/file/{file_id}")).body == data
    assert await problems(site) == []
    assert await site.db.fetchval("SELECT count(*) FROM files") == len(kept)
    await storage.sweep(eager)
    assert await placed(site) == sorted({sha256(data) for data in kept.values()})
    assert list((site.settings.data_dir / "blobs" / "incoming").iterdir()) == []


async def test_a_copy_made_while_its_source_goes_is_whole_or_refused(site, eager, alice, bob):
    source = await bob.upload("source.bin", CONTENTS[0])
    async with holding(site, "SELECT FROM users WHERE name = 'alice' FOR UPDATE"):
        copying = asyncio.create_task(alice.post("/api/file", data={"grab_file": source}))
        await asyncio.sleep(0.3)
        assert (await bob.delete(f"/api/file/{source}")).status == 200
        await storage.sweep(eager)
    answer = await copying

    assert await problems(site) == []
    if answer.status == 201:
        assert (await alice.get(f"/api/file/{answer.json['id']}")).body == CONTENTS[0]
    else:
        assert answer.refusal == (404, "not_found")


@pytest.mark.parametrize("is_bobs_first", [True, False])
async def test_files_that_expire_together_do_not_get_in_the_way_of_an_upload(site, alice, bob, is_bobs_first):
    """The job holds bob's bytes and wants alice's account; her upload holds the account and wants the bytes."""
    expired = "?delete_after_date=2020-01-01T00:00:00Z"
    for person in (bob, alice) if is_bobs_first else (alice, bob):
        await person.upload("gone.bin", b"abc" if person is bob else b"def", expired)
    async with holding(site, "SELECT FROM blobs WHERE digest = $1 FOR UPDATE", sha256(b"abc")):
        expiring = asyncio.create_task(files.delete_due(site))
        await asyncio.sleep(0.2)
        uploading = asyncio.create_task(alice.put("/api/file/new.bin", data=b"abc"))
        await asyncio.sleep(0.2)
    uploaded = await uploading

    assert await asyncio.gather(expiring, return_exceptions=True) == [2]
    assert uploaded.status == 201
    assert await problems(site) == []


async def test_unreferenced_bytes_go_when_the_grace_period_is_over_and_not_before(site, alice, clock):
    file_id = await alice.upload("a.bin", b"abc")
    kept = await alice.upload("b.bin", b"def")
    await alice.delete(f"/api/file/{file_id}")

    clock.advance(seconds=site.settings.sweep_grace_seconds - 60)
    assert await storage.sweep(site) == 0
    assert sha256(b"abc") in await placed(site)

    clock.advance(seconds=120)
    assert await storage.sweep(site) == 1
    assert await placed(site) == [sha256(b"def")]
    assert await site.db.fetchval("SELECT count(*) FROM blobs") == 1
    assert (await alice.get(f"/api/file/{kept}")).body == b"def"


async def test_bytes_that_are_wanted_again_within_the_grace_period_stay(site, alice, clock):
    await alice.delete(f"/api/file/{await alice.upload('a.bin', b'abc')}")
    again = await alice.upload("again.bin", b"abc")
    clock.advance(days=2)

    assert await storage.sweep(site) == 0
    assert (await alice.get(f"/api/file/{again}")).body == b"abc"


async def test_the_grace_period_begins_anew_with_every_last_delete(site, alice, clock):
    await alice.delete(f"/api/file/{await alice.upload('a.bin', b'abc')}")
    await site.db.execute("UPDATE blobs SET unreferenced_since = unreferenced_since - interval '2 days'")
    await alice.delete(f"/api/file/{await alice.upload('b.bin', b'abc')}")

    assert await storage.sweep(site) == 0


async def test_bytes_with_another_file_are_not_swept(site, eager, alice, bob):
    mine, others = await alice.upload("a.bin", b"abc"), await bob.upload("b.bin", b"abc")
    await alice.delete(f"/api/file/{mine}")

    assert await storage.sweep(eager) == 0
    assert (await bob.get(f"/api/file/{others}")).body == b"abc"


async def test_a_count_that_is_wrong_does_not_cost_a_file_its_bytes(site, eager, alice):
    """The counter says maybe; only the referrers can say yes."""
    file_id = await alice.upload("a.bin", b"abc")
    await site.db.execute("UPDATE blobs SET refs = 0, unreferenced_since = now() - interval '1 year'")

    swept = await storage.sweep(eager)

    await site.db.execute("UPDATE blobs SET refs = 1")
    assert swept == 0
    assert (await alice.get(f"/api/file/{file_id}")).body == b"abc"


async def test_the_sweep_passes_over_rows_that_others_hold(site, eager, alice):
    for data in (b"abc", b"def"):
        await alice.delete(f"/api/file/{await alice.upload('a.bin', data)}")

    async with holding(site, "SELECT FROM blobs WHERE digest = $1 FOR UPDATE", sha256(b"abc")):
        assert await storage.sweep(eager) == 1
    assert await placed(site) == [sha256(b"abc")]
    assert await storage.sweep(eager) == 1
    assert await placed(site) == []


@pytest.mark.parametrize("size", [3, 100_000])
async def test_bytes_swept_between_placing_and_committing_are_placed_again(site, eager, alice, size):
    data = b"abc" * size
    await alice.delete(f"/api/file/{await alice.upload('a.bin', data)}")
    async with holding(site, "SELECT FROM users FOR UPDATE"):
        uploading = asyncio.create_task(alice.put("/api/file/again.bin", data=data))
        await until_somebody_waits(site.db)
        assert await storage.sweep(eager) == 1
        assert await placed(site) == []
    uploaded = await uploading

    assert (await alice.get(f"/api/file/{uploaded.json['id']}")).body == data
    assert await problems(site) == []


async def test_bytes_between_placing_and_committing_are_no_orphan(site, alice):
    async with holding(site, "SELECT FROM users FOR UPDATE"):
        uploading = asyncio.create_task(alice.put("/api/file/a.bin", data=b"abc"))
        await until_somebody_waits(site.db)
        assert await placed(site) == [sha256(b"abc")]
        assert await problems(site) == []
    assert (await uploading).status == 201


async def test_a_sweep_of_more_than_one_batch_leaves_nothing(site, eager, alice):
    wanted = storage.SWEEP_BATCH * 2 + 1
    ids = [await alice.upload("a.bin", str(number).encode()) for number in range(wanted)]
    await site.db.execute("DELETE FROM files WHERE id = ANY($1)", ids)

    assert await storage.sweep(eager) == wanted
    assert await placed(site) == []


async def test_two_sweeps_at_once_do_the_work_once(site, eager, alice):
    ids = [await alice.upload("a.bin", str(number).encode()) for number in range(50)]
    await site.db.execute("DELETE FROM files WHERE id = ANY($1)", ids)

    assert sum(await asyncio.gather(*(storage.sweep(eager) for _ in range(4)))) == 50
    assert await problems(site) == []


@pytest.fixture
async def carol(site: Site, client, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody whose account has room for 50 bytes."""
    person = await make_person(site, client, "carol", plan_id="free")
    tight = Plan(id="free", name="Tight", type="free", storage_space=50)
    monkeypatch.setitem(site.settings.plans, "free", tight)
    return person


async def test_an_upload_that_turns_out_not_to_fit_leaves_no_bytes(site, carol):
    answer = await carol.put("/api/file/large.bin", data=chunks(b"x" * 1000))

    assert answer.refusal == (400, "user_out_of_space")
    assert await placed(site) == []
    assert await problems(site) == []


async def test_an_upload_refused_for_lack_of_room_leaves_the_same_bytes_of_others(site, carol, alice):
    file_id = await alice.upload("large.bin", b"x" * 1000)

    answer = await carol.put("/api/file/large.bin", data=chunks(b"x" * 1000))

    assert answer.refusal == (400, "user_out_of_space")
    assert (await alice.get(f"/api/file/{file_id}")).body == b"x" * 1000


async def test_of_many_uploads_for_the_last_room_one_wins_and_the_others_leave_nothing(site, carol):
    answers = await asyncio.gather(
        *(carol.put("/api/file/a.bin", data=bytes([65 + number]) * 40) for number in range(6))
    )

    assert sorted(answer.status for answer in answers) == [201, 400, 400, 400, 400, 400]
    assert len(await placed(site)) == 1
    assert await problems(site) == []


async def test_an_upload_that_is_cut_off_leaves_nothing(site, alice, client):
    async def cut():
        yield b"x" * 3_000_000
        raise ConnectionError

    with pytest.raises((ConnectionError, ClientError)):
        await alice.put("/api/file/cut.bin", data=cut())
    await until_nothing_comes_in(site)

    assert await placed(site) == []
    assert await site.db.fetchval("SELECT count(*) FROM blobs") == 0


async def test_clearing_leftovers_drops_bytes_without_a_row_and_keeps_those_with_one(site, alice):
    known = await alice.upload("known.bin", b"known")
    incoming = site.settings.data_dir / "blobs" / "incoming"
    (incoming / "never-placed").write_bytes(b"half of some")
    for name, data in (("placed-only", b"never committed"), ("committed", b"known")):
        digest = hashlib.sha256(data).hexdigest()
        target = site.settings.data_dir / "blobs" / digest[:2] / digest[2:4] / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.write_bytes(data)
        (incoming / name).hardlink_to(target)

    assert await storage.clear_abandoned(site) == 3

    assert list(incoming.iterdir()) == []
    assert await placed(site) == [sha256(b"known")]
    assert (await alice.get(f"/api/file/{known}")).body == b"known"
    assert await storage.clear_abandoned(site) == 0


async def test_deleting_an_account_deletes_its_files_and_after_the_sweep_their_bytes(site, eager, alice, bob):
    gone = await alice.upload("a.bin", b"only alice's")
    await alice.upload("b.bin", b"everybody's")
    stays = await bob.upload("b.bin", b"everybody's")

    await site.db.execute("DELETE FROM users WHERE name = 'alice'")

    assert (await bob.get(f"/api/file/{gone}")).refusal == (404, "not_found")
    assert dict(await site.db.fetch("SELECT digest, refs FROM blobs")) == {
        sha256(b"only alice's"): 0,
        sha256(b"everybody's"): 1,
    }
    assert await storage.sweep(eager) == 1
    assert await placed(site) == [sha256(b"everybody's")]
    assert (await bob.get(f"/api/file/{stays}")).body == b"everybody's"


async def test_an_account_that_goes_during_its_upload_gets_no_file_and_leaves_no_bytes(site, alice):
    began = asyncio.Event()
    may_end = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        began.set()
        await may_end.wait()
        yield b"y"

    uploading = asyncio.create_task(alice.put("/api/file/slow.bin", data=slow()))
    await began.wait()
    await site.db.execute("DELETE FROM users WHERE name = 'alice'")
    may_end.set()

    assert (await uploading).refusal == (401, "authentication_failed")
    assert await placed(site) == []
    assert await problems(site) == []


async def test_damaged_bytes_are_healed_by_the_next_upload_of_them(site, alice):
    file_id = await alice.upload("a.bin", b"abc" * 1000)
    (path,) = (site.settings.data_dir / "blobs").glob("??/??/*")
    path.chmod(0o640)
    path.write_bytes(b"xyz" * 1000)

    await alice.upload("again.bin", b"abc" * 1000)

    assert (await alice.get(f"/api/file/{file_id}")).body == b"abc" * 1000
    assert await problems(site) == []


async def test_the_database_going_away_during_an_upload_leaves_no_bytes(site, alice):
    """The connection that places is cut before its statement."""
    async with holding(site, "SELECT FROM users FOR UPDATE"):
        uploading = asyncio.create_task(alice.put("/api/file/a.bin", data=b"abc"))
        (waiting,) = await until_somebody_waits(site.db)
        await site.db.execute("SELECT pg_terminate_backend($1)", waiting)
        answer = await uploading
    assert answer.refusal == (500, "internal")
    assert await placed(site) == []
    assert await problems(site) == []
