"""What was downloaded of nodes: totals, totals as they change, and time series. Of a directory: of all below it."""

import time
from asyncio import sleep
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pixelhost import errors
from pixelhost.core import nodes
from pixelhost.core.callers import Caller
from pixelhost.core.paths import Path
from pixelhost.db import nodestats
from pixelhost.site import Site

INTERVAL_MAX_MINUTES = 1440
POINTS_MAX = 60_000  # a year by ten minutes has 52,704

SHORTEST_PAUSE_SECONDS = 1.0
PAUSE_PER_READING = 10


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
    usage = await nodestats.total(site.db, place.node.id)
    return Totals(usage.downloads, usage.sent_bytes - usage.paid_bytes, usage.paid_bytes)


async def live_totals(site: Site, caller: Caller, path: Path) -> AsyncGenerator[Totals, None]:
    """The totals, and then whatever they change to. Raises as `totals`, also when that comes later.

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
            await sleep(max(SHORTEST_PAUSE_SECONDS, PAUSE_PER_READING * took))
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
    found = await nodestats.by_slot(site.db, place.node.id, start, end, interval)
    return Series(
        beginnings=[start + number * interval for number in range(count)],
        downloads=found.downloads,
        free_bytes=[sent - paid for sent, paid in zip(found.sent_bytes, found.paid_bytes, strict=True)],
        paid_bytes=found.paid_bytes,
    )
