"""Claiming letters."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from pixelhost.db import outbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.execute("DELETE FROM outbox")
    await connection.close()


async def insert(db: asyncpg.Connection, recipient: str, now: datetime = NOW) -> None:
    await outbox.insert(db, recipient, subject="s", text="t", html="h", now=now)


async def test_the_letter_that_waits_longest_is_claimed_first(db):
    await insert(db, "second", NOW)
    await insert(db, "first", NOW - timedelta(minutes=1))

    claimed = [await outbox.claim(db, NOW, LATER) for _ in range(3)]

    assert [letter and letter.recipient for letter in claimed] == ["first", "second", None]


async def test_a_letter_that_is_not_due_is_not_claimed(db):
    await insert(db, "early", NOW + timedelta(seconds=1))

    assert await outbox.claim(db, NOW, LATER) is None


async def test_a_letter_is_nobody_elses_until_its_lease_ends(db):
    await insert(db, "a")
    assert await outbox.claim(db, NOW, LATER) is not None

    assert await outbox.claim(db, LATER - timedelta(seconds=1), LATER) is None
    again = await outbox.claim(db, LATER, LATER + timedelta(minutes=5))
    assert again is not None
    assert again.attempts == 2


async def test_a_letter_that_is_just_being_claimed_is_passed_over(db, database_url):
    await insert(db, "a")
    await insert(db, "b")
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        first = await outbox.claim(other, NOW, LATER)
        second = await outbox.claim(db, NOW, LATER)
        assert {letter and letter.recipient for letter in (first, second)} == {"a", "b"}
        assert await outbox.claim(db, NOW, LATER) is None
    await other.close()


async def test_only_letters_that_are_done_with_are_forgotten(db):
    for recipient in ("sent", "given up", "due"):
        await insert(db, recipient)
    by_name = {row["recipient"]: row["id"] for row in await db.fetch("SELECT id, recipient FROM outbox")}
    await outbox.set_sent(db, by_name["sent"], NOW)
    await outbox.set_given_up(db, by_name["given up"], "550 no")
    await outbox.set_due(db, by_name["due"], LATER, "451 later")

    await outbox.delete_before(db, NOW)
    assert await db.fetchval("SELECT count(*) FROM outbox") == 3
    await outbox.delete_before(db, LATER)
    assert [row["recipient"] for row in await db.fetch("SELECT recipient FROM outbox")] == ["due"]
