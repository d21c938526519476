"""How downloads begin in the database, where requests don't show it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from pixelhost.db import opendownloads
from pixelhost.db.opendownloads import DOWNLOADS_PER_VIEW, Download, Limits
from pixelhost.site import Site
from tests.support.people import Person
from tests.support.waiting import until_somebody_waits

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME, OTHER = b"me", b"other"
DEAD = 2147483647
LOCK_OVER_ALL = "SELECT pg_advisory_xact_lock(hashtextextended('pixelhost downloads over all', 0))"
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


@pytest.fixture
async def undone(site: Site) -> AsyncIterator[asyncpg.Connection]:
    """In a transaction that is undone."""
    async with site.db.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await transaction.rollback()


async def test_a_zip_of_any_number_of_files_takes_no_more_locks_than_the_server_can_spare(undone):
    files = [f"{number:08}" for number in range(10_000)]
    begun = await opendownloads.begin(undone, 1, Download(ME, ["zip"], Limits(), True, files), 1, NOW)
    assert begun.refusal == ""
    assert await undone.fetchval("SELECT count(*) FROM uncounted_downloads WHERE number = $1", begun.number) == 10_000
    assert await undone.fetchval(LOCKS) == 1 + 256


async def test_whom_a_flush_counts_while_they_wait_is_not_refused_for_it(undone, alice: Person):
    file_id = await alice.upload("a")
    await undone.execute("UPDATE files SET downloads = $2 WHERE id = $1", file_id, DOWNLOADS_PER_VIEW)
    await undone.execute("INSERT INTO file_visitors VALUES ($1, $2, 1, false, true)", file_id, ME)
    await undone.execute("INSERT INTO uncounted_downloads VALUES (1, $1, $2, 1)", file_id, b"third")
    past = "SELECT * FROM files_past_their_rate(ARRAY[$1], $2, $3)"
    assert await undone.fetch(past, file_id, ME, DOWNLOADS_PER_VIEW) == []
    assert [row[0] for row in await undone.fetch(past, file_id, OTHER, DOWNLOADS_PER_VIEW)] == [file_id]


async def test_two_that_find_others_dead_do_not_wait_for_each_other(site: Site, alice: Person):
    """One by the rate of a file, the other by how many there are."""
    file_id = await alice.upload("a")
    add_dead = "INSERT INTO uncounted_downloads SELECT n, $1, int4send(n), $2 FROM generate_series(1, 9) n"
    await site.db.execute(add_dead, file_id, DEAD)
    await site.db.execute("INSERT INTO open_downloads VALUES (DEFAULT, $1, $2, true, 10, 0)", DEAD, b"third")
    limits = Limits(overall=1)
    async with site.db.acquire() as first, site.db.acquire() as second:
        async with first.transaction():
            await first.execute(LOCK_OVER_ALL)
            begins = asyncio.create_task(
                opendownloads.begin(second, 2, Download(ME, ["a"], limits, True, [file_id]), 1, NOW)
            )
            await until_somebody_waits(site.db)
            begun = await opendownloads.begin(first, 1, Download(OTHER, ["b"], limits, True), 1, NOW)
        assert (begun.refusal, (await begins).refusal) == ("", ""), "the first keeps no lock, and counts as dead itself"


async def test_numbers_of_downloads_outlive_the_crash_that_empties_their_table(undone):
    kinds = {row["relname"]: row["relpersistence"] for row in await undone.fetch("SELECT * FROM pg_class")}
    assert (kinds["open_downloads"], kinds["download_numbers"]) == (b"u", b"p")
