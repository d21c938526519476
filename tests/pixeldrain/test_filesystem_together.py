"""Group commit of filesystems: new files that come in together are committed together, each by its own rights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import pytest

from pixelhost.core import nodeintake, nodeturns
from pixelhost.site import Site
from tests.support.filesystem import assert_clean, counts_of_children_are_right, used
from tests.support.people import Answer, Person
from tests.support.waiting import until, until_somebody_waits

FIRST = ("/me/first", b"1")


@asynccontextmanager
async def busy(site: Site) -> AsyncIterator[None]:
    """In the block every account is locked."""
    async with site.db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM users FOR UPDATE")
        try:
            yield
        finally:
            await transaction.rollback()


async def all_wait(putting: Sequence[asyncio.Task[Answer]]) -> bool:
    """Whether each of them was refused, or waits for FIRST: with others, or for a turn of its own."""
    with_others = sum(len(group._waiting) for group in nodeintake._groups.values())
    alone = sum(len(turn._waiters or ()) for turn in nodeturns._turns.values())
    return with_others + alone == sum(not one.done() for one in putting)


async def put_together(site: Site, person: Person, files: Sequence[tuple[str, bytes]]) -> list[Answer]:
    """PUT files while the account is busy: FIRST waits for that, and these, in no order, wait for FIRST."""
    async with busy(site):
        putting = [asyncio.create_task(person.fs("PUT", FIRST[0], data=FIRST[1]))]
        await until_somebody_waits(site.db)
        putting += [asyncio.create_task(person.fs("PUT", path, data=data)) for path, data in files]
        await until(partial(all_wait, putting[1:]))
    answers = await asyncio.gather(*putting)
    assert await counts_of_children_are_right(site)
    await assert_clean(site)
    return answers[1:]


def refusals(answers: Sequence[Answer]) -> list[str]:
    return ["" if answer.status == 200 else answer.value for answer in answers]


async def commits(site: Site) -> int:
    """Transactions that the files there are came with."""
    return int(await site.db.fetchval("SELECT count(DISTINCT xmin::text) FROM nodes WHERE blob IS NOT NULL"))


async def test_files_that_come_while_the_account_is_busy_share_a_transaction(site: Site, alice: Person):
    await alice.mkdir("/me/d", "/me/e")
    files = [(f"/me/{directory}/{number}", b"%d" % number) for number in range(10) for directory in "de"]

    answers = await put_together(site, alice, files)

    assert await commits(site) == 2
    for (path, data), answer in zip(files, answers, strict=True):
        assert answer.json == await alice.node(path)
        assert (await alice.fs("GET", path)).body == data
    assert await used(alice) == (21, 21, 23)


async def test_each_of_them_is_in_the_log(site: Site, alice: Person):
    await put_together(site, alice, [(f"/me/{name}", b"x") for name in "cab"])

    day, now = timedelta(days=1), site.clock.now()
    span = urlencode({"start": (now - day).isoformat(), "end": (now + day).isoformat()})
    logged = [(entry["action"], entry["path"]) for entry in (await alice.fs("GET", "/me", f"?change_log&{span}")).json]
    assert logged[0] == ("create", "/first")
    assert sorted(logged[1:]) == [("create", path) for path in ("/a", "/b", "/c")]


@pytest.mark.parametrize(("limit", "fitting"), [(10, 1), (11, 2), (12, 2), (15, 2), (16, 3)])
async def test_as_many_bytes_go_in_together_as_there_is_room_for(limited, limit: int, fitting: int):
    place = await limited(filesystem_access=True, storage_space=limit)
    carol = await place.person("carol")

    answers = await put_together(place.site, carol, [(f"/me/{name}", name.encode() * 5) for name in "abc"])

    assert sorted(refusals(answers)) == [""] * fitting + ["user_out_of_space"] * (3 - fitting)
    assert await used(carol) == (1 + 5 * fitting, 1 + 5 * fitting, 1 + fitting)


async def test_what_does_not_fit_leaves_its_room_to_others(limited):
    place = await limited(filesystem_access=True, filesystem_storage_limit=10)
    carol = await place.person("carol")

    answers = await put_together(place.site, carol, [("/me/a", b"a" * 4), ("/me/b", b"b" * 10), ("/me/c", b"c" * 5)])

    assert refusals(answers) == ["", "user_out_of_space", ""]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_as_many_children_go_in_together_as_a_directory_may_have(limited, limit: int):
    place = await limited(filesystem_access=True, directory_children_limit=limit)
    carol = await place.person("carol")

    answers = await put_together(place.site, carol, [(f"/me/{name}", b"x") for name in "abc"])

    assert sorted(refusals(answers)) == [""] * (limit - 1) + ["too_many_children"] * (4 - limit)


async def test_of_two_with_one_path_one_overwrites_the_other(site: Site, alice: Person):
    answers = await put_together(site, alice, [("/me/a", b"one"), ("/me/b", b"two"), ("/me/a", b"new")])

    assert refusals(answers) == ["", "", ""]
    assert (await alice.fs("GET", "/me/a")).body in {b"one", b"new"}
    assert await used(alice) == (7, 7, 3)


async def test_the_same_bytes_many_times_are_kept_once(site: Site, alice: Person):
    await put_together(site, alice, [(f"/me/{number}", b"the same") for number in range(10)])

    assert await site.db.fetch("SELECT refs FROM blobs ORDER BY refs") == [(1,), (10,)]


async def test_what_can_not_go_in_is_refused_by_itself(site: Site, alice: Person):
    await alice.write("/me/file", b"x")
    await alice.mkdir("/me/d")
    files = ["/me/a", "/me/nowhere/a", "/me/file/a", "/me/d", "/me/b", "/me/file"]

    answers = await put_together(site, alice, [(path, b"new") for path in files])

    refused = ["path_not_found", "node_is_not_a_directory", "node_is_a_directory"]
    assert refusals(answers) == ["", *refused, "", ""]
    assert (await alice.fs("GET", "/me/file")).body == b"new"


async def test_nothing_goes_into_an_account_that_is_gone_meanwhile(site: Site, alice: Person, bob: Person):
    await bob.write("/me/f")
    async with busy(site):
        putting = [asyncio.create_task(alice.fs("PUT", f"/me/{n}", data=b"x")) for n in range(3)]
        await until_somebody_waits(site.db)
        deleting = asyncio.create_task(site.db.execute("DELETE FROM users WHERE name = 'alice'"))
        await until_somebody_waits(site.db, 2)
    await deleting
    answers = await asyncio.gather(*putting)
    assert {answer.status for answer in answers} <= {200, 401, 404}
    assert await site.db.fetchval("SELECT count(*) FROM nodes WHERE parent_id IS NOT NULL") == 1
    await assert_clean(site)


async def test_a_disconnected_writer_leaves_all_or_nothing(site: Site, alice: Person):
    async with busy(site):
        putting = [asyncio.create_task(alice.fs("PUT", f"/me/{n}", data=b"%d" % n)) for n in range(6)]
        await asyncio.sleep(0.3)
        putting[3].cancel()
        await asyncio.sleep(0.1)
    answers = await asyncio.gather(*putting, return_exceptions=True)
    assert isinstance(answers[3], asyncio.CancelledError)
    for number, answer in enumerate(answers):
        if number != 3:
            assert isinstance(answer, Answer)
            assert answer.status == 200
            assert (await alice.fs("GET", f"/me/{number}")).body == b"%d" % number
    assert (await alice.fs("GET", "/me/3")).status in {200, 404}
    await assert_clean(site)


async def test_accounts_do_not_wait_for_one_another(site: Site, alice: Person, bob: Person):
    async with site.db.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM users WHERE name = 'alice' FOR UPDATE")
        waiting = asyncio.create_task(alice.fs("PUT", "/me/a", data=b"x"))
        await asyncio.sleep(0.1)
        assert (await bob.fs("PUT", "/me/a", data=b"x")).status == 200
        assert not waiting.done()
    assert (await waiting).status == 200


async def test_what_overwrites_takes_one_turn(alice: Person, monkeypatch: pytest.MonkeyPatch):
    """And not one with the others first, of which nothing comes."""
    await alice.write("/me/d/a", b"old")
    turns: list[UUID] = []
    turn = nodeturns.turn

    def counted(owner_id: UUID) -> asyncio.Lock:
        turns.append(owner_id)
        return turn(owner_id)

    monkeypatch.setattr(nodeturns, "turn", counted)
    for path, query in (("/me/d/a", ""), ("/me/new/a", "?make_parents")):
        turns.clear()
        assert (await alice.fs("PUT", path, query, data=b"new")).status == 200
        assert len(turns) == 1
