"""Group commit: what comes in together is committed together, each file by its own rights."""

from __future__ import annotations

import asyncio

import pytest

from pixelhost import ids
from pixelhost.core import verify
from pixelhost.core.intake import Account
from pixelhost.model.files import Blob, File
from pixelhost.plans import BUILT_IN
from pixelhost.site import Site
from tests.support.people import Person, make_person
from tests.support.waiting import until_somebody_waits

NO_LIMIT = -1


async def added(site: Site, person: Person, contents: list[bytes], **limits: int) -> list[str | None]:
    """Add files of these bytes at once, in order; the IDs of those that went in, None for the others."""
    owner = await site.db.fetchrow("SELECT id, plan_id FROM users WHERE name = $1", person.name)
    account = Account(owner["id"], limits.get("storage_limit", NO_LIMIT), limits.get("count_limit", NO_LIMIT))

    async def add(data: bytes) -> str | None:
        staged = await site.store.stage()
        await staged.finish([data])
        await site.store.place(staged)
        blob = Blob(staged.checksums.digest, len(data), staged.checksums.crc32, site.store.location_of(staged))
        now = site.clock.now()
        new = File(ids.new_id(), "a.bin", "text/plain", blob, owner["id"], owner["plan_id"], now, now, now)
        try:
            return new.id if await site.intake.add(account, new, staged) else None
        finally:
            await site.store.settle(staged)

    return await asyncio.gather(*(add(data) for data in contents))


async def commits(site: Site) -> int:
    """Transactions that the files there are came with."""
    return int(await site.db.fetchval("SELECT count(DISTINCT xmin::text) FROM files"))


async def test_files_that_come_while_the_account_is_busy_share_a_transaction(site, alice):
    contents = [str(number).encode() for number in range(40)]
    async with site.db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM users FOR UPDATE")
        adding = asyncio.create_task(added(site, alice, contents))
        await asyncio.sleep(0.5)
        await transaction.rollback()
    made = await adding

    assert await commits(site) <= 2
    for file_id, data in zip(made, contents, strict=True):
        assert (await alice.get(f"/api/file/{file_id}")).body == data
    assert (await alice.get("/api/user")).json["file_count"] == 40


@pytest.mark.parametrize(("limit", "fitting"), [(9, 2), (10, 3), (11, 3), (15, 4)])
async def test_of_a_group_as_many_bytes_go_in_as_there_is_room_for(site, alice, limit, fitting):
    made = await added(site, alice, [b"a", b"b" * 4, b"c" * 5, b"d" * 5], storage_limit=limit)

    assert [is_in is not None for is_in in made] == [True] * fitting + [False] * (4 - fitting)


@pytest.mark.parametrize("limit", [0, 2, 3, 4])
async def test_of_a_group_as_many_files_go_in_as_the_account_may_have(site, alice, limit):
    made = await added(site, alice, [b"a", b"b", b"c"], count_limit=limit)

    assert sum(is_in is not None for is_in in made) == min(limit, 3)


async def test_the_same_bytes_many_times_in_one_group_are_kept_once(site, alice):
    made = await added(site, alice, [b"the same"] * 10 + [b"other"])

    assert len(set(made)) == 11
    assert await site.db.fetch("SELECT refs FROM blobs ORDER BY refs") == [(1,), (10,)]
    assert (await verify.fsck(site, deep=True, progress=lambda *_: None)).problems == []


@pytest.mark.parametrize("plan_id", BUILT_IN)
async def test_every_plan_that_comes_with_it_takes_files(site, client, plan_id):
    person = await make_person(site, client, "carol", plan_id=plan_id)

    assert (await person.put("/api/file/a.bin", data=b"abc")).status == 201
    assert (await person.fs("PUT", "/me/a.bin", data=b"abc")).status == 200


async def test_nothing_goes_into_a_banned_account(site, alice):
    await site.db.execute("UPDATE users SET banned_at = now()")

    assert await added(site, alice, [b"a", b"b"]) == [None, None]


async def test_an_id_that_is_taken_keeps_only_its_own_file_out(site, alice, monkeypatch):
    taken = await alice.upload("first.bin", b"first")
    names = iter([taken, "freshAAA"])
    monkeypatch.setattr(ids, "new_id", lambda: next(names))

    assert await added(site, alice, [b"a", b"b"]) == [None, "freshAAA"]


async def test_accounts_do_not_wait_for_one_another(site, alice, bob):
    async with site.db.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM users WHERE name = 'alice' FOR UPDATE")
        waiting = asyncio.create_task(alice.put("/api/file/a.bin", data=b"abc"))
        await asyncio.sleep(0.1)
        assert (await bob.put("/api/file/b.bin", data=b"def")).status == 201
        assert not waiting.done()
    assert (await waiting).status == 201


async def test_a_cancelled_upload_waits_for_its_commit(site, alice):
    async with site.db.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM users FOR UPDATE")
        adding = asyncio.create_task(added(site, alice, [b"abc"]))
        await until_somebody_waits(site.db)
        adding.cancel()
        await asyncio.sleep(0.2)
        assert not adding.done()
    with pytest.raises(asyncio.CancelledError):
        await adding
    assert await site.db.fetchval("SELECT count(*) FROM files") == 1
