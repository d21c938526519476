"""Waiting for what nobody announces, as long as a slow machine may take."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pixelhost.db.connect import Db
from pixelhost.site import Site

SECONDS = 120.0

T = TypeVar("T")


async def until(is_so: Callable[[], Awaitable[T]]) -> T:
    """What is answered as soon as it is something. Raises TimeoutError after two minutes."""
    async with asyncio.timeout(SECONDS):
        while not (found := await is_so()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


async def until_nothing_comes_in(site: Site) -> None:
    """Until no upload is being written."""

    async def is_quiet() -> bool:
        return not list(site.store.incoming.iterdir())

    await until(is_quiet)


async def until_downloads_are_written(site: Site) -> None:
    """Until the database knows of all that have ended."""

    async def are_written() -> bool:
        return not site.open_downloads._ended and not site.open_downloads._is_writing

    await until(are_written)


async def until_somebody_waits(db: Db, count: int = 1) -> list[int]:
    """Until so many connections to this database wait for locks that others hold; the process IDs of theirs.

    `db` has no transaction open: in one, Postgres goes on telling who was there when it was first asked.
    """

    async def those_that_wait() -> list[int]:
        rows = await db.fetch(
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return [row["pid"] for row in rows] if len(rows) >= count else []

    return await until(those_that_wait)
