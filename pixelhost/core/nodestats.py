"""What was downloaded of nodes: totals, totals as they change, and time series.

Of a directory: of all below it that the caller may read.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pixelhost import errors
from pixelhost.core import nodes, nodeshares
from pixelhost.core.callers import Caller
from pixelhost.core.paths import Path
from pixelhost.db import nodestats
from pixelhost.site import Site

INTERVAL_MAX_MINUTES = 1440
POINTS_MAX = 60_000  # a year by ten minutes has 52,704

SHORTEST_PAUSE_SECONDS = 1.0
PAUSE_PER_READING = 10
ASKED_AGAIN_SECONDS = 3.0


@dataclass(frozen=True)
class Totals:
    downloads: int
    free_bytes: int
    paid_bytes: int


@dataclass(frozen=True)
class Series:
    """A figure for each slot, by their beginnings, none left out."""

    beginnings: Sequence[datetime]
    downloads: Sequence[int]
    free_bytes: Sequence[int]
    paid_bytes: Sequence[int]


async def totals(site: Site, caller: Caller, path: Path) -> Totals:
    """Raises as `nodes.readable`."""
    place = await nodes.readable(site, caller, path)
    shares = await nodeshares.seen_by(site, caller, place.node.owner_id)
    usage = await nodestats.total(site.db, place.node.id, shares.hidden)
    return Totals(usage.downloads, usage.sent_bytes - usage.paid_bytes, usage.paid_bytes)


async def live_totals(site: Site, caller: Caller, path: Path) -> AsyncGenerator[Totals, None]:
    """The totals, and then whatever they change to. Raises as `totals`, also within seconds of a later reason.

    They are read at most once a second, and less often where reading takes long, as of a large directory.
    """
    place = await nodes.readable(site, caller, path)
    async with site.news.followed(nodestats.subject(place.node.owner_id)) as is_news:
        shown = None
        while True:
            is_news.clear()
            began = time.monotonic()
            found = await totals(site, caller, path)
            took = time.monotonic() - began
            if found != shown:
                shown = found
                yield found
            resting = asyncio.create_task(_rest(max(SHORTEST_PAUSE_SECONDS, PAUSE_PER_READING * took), is_news))
            try:
                while not (await asyncio.wait({resting}, timeout=ASKED_AGAIN_SECONDS))[0]:
                    await nodes.readable(site, caller, path)
            finally:
                resting.cancel()


async def _rest(seconds: float, is_news: asyncio.Event) -> None:
    """At least so long, and until there are news."""
    await asyncio.sleep(seconds)
    await is_news.wait()


async def series(
    site: Site, caller: Caller, path: Path, start: datetime, end: datetime, interval_minutes: int
) -> Series:
    """From the minute of `start` to before `end`. Raises as `totals`, INTEGER_OUT_OF_RANGE for too many slots."""
    place = await nodes.readable(site, caller, path)
    start = start.replace(second=0, microsecond=0)
    interval = timedelta(minutes=interval_minutes)
    count = max(0, -((start - end) // interval))
    if count > POINTS_MAX:
        shortest = -((start - end) // (POINTS_MAX * nodestats.SLOT))
        raise errors.INTEGER_OUT_OF_RANGE(
            field="interval",
            min_val=shortest,
            max_val=INTERVAL_MAX_MINUTES,
            val=interval_minutes,
            message=f"An interval for this time is at least {shortest} minutes, or the time must be shorter",
        )
    shares = await nodeshares.seen_by(site, caller, place.node.owner_id)
    found = await nodestats.by_slot(site.db, place.node.id, shares.hidden, start, end, interval)
    return Series(
        beginnings=[start + number * interval for number in range(count)],
        downloads=found.downloads,
        free_bytes=[sent - paid for sent, paid in zip(found.sent_bytes, found.paid_bytes, strict=True)],
        paid_bytes=found.paid_bytes,
    )
