"""The figures of a file as they change, and the limits that downloads of it have for an address."""

from asyncio import FIRST_COMPLETED, Event, Task, create_task, sleep, wait
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from pixelhost import errors
from pixelhost.core import access, gates, stats
from pixelhost.core.callers import Caller
from pixelhost.db import opendownloads
from pixelhost.db import stats as rows
from pixelhost.plans import NO_LIMIT
from pixelhost.site import Site

SHORTEST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Figures:
    """`paid_bytes` are part of `sent_bytes`."""

    views: int
    downloads: int
    sent_bytes: int
    paid_bytes: int


@dataclass(frozen=True)
class Limits:
    """Of an address, for 24 hours; -1 is no limit. `speed` is in bytes a second, 0 is no limit."""

    speed: int
    downloads: int
    downloads_used: int
    transfer_bytes: int
    transfer_used_bytes: int
    is_overloaded: bool


@dataclass
class Wishes:
    """What somebody who listens wants to hear: the file may change meanwhile. `made` is set with every wish."""

    file_id: str | None = None
    are_figures_due: bool = False
    are_limits_due: bool = False
    made: Event = field(default_factory=Event)

    def follow(self, file_id: str) -> None:
        """From now on this file; its figures are told at once, also when they were before."""
        self.file_id, self.are_figures_due = file_id, True
        self.made.set()

    def ask_limits(self) -> None:
        self.are_limits_due = True
        self.made.set()


async def told(site: Site, caller: Caller, wishes: Wishes) -> AsyncGenerator[Figures | Limits, None]:
    """What was wished for; of a file that is followed its figures whenever they change, at most once a second.

    Raises NOT_FOUND when there is no such file, or no longer.
    """
    followed: str | None = None
    shown: Figures | None = None
    async with AsyncExitStack() as following:
        is_news = Event()
        while True:
            await _either(wishes.made, is_news)
            wishes.made.clear()
            is_news.clear()
            if wishes.file_id is not None and wishes.file_id != followed:
                await following.aclose()
                followed = wishes.file_id
                is_news = await following.enter_async_context(site.news.followed(rows.subject(followed)))
            if wishes.are_limits_due:
                wishes.are_limits_due = False
                yield await limits_of(site, caller, followed)
            if followed is None:
                continue
            found = await figures_of(site, followed)
            if wishes.are_figures_due or found != shown:
                wishes.are_figures_due, shown = False, found
                yield found
                await sleep(SHORTEST_PAUSE_SECONDS)


async def figures_of(site: Site, file_id: str) -> Figures:
    """Raises NOT_FOUND."""
    # As the database has them now: what is kept of files in memory may be a moment older than the news.
    file = next(iter(await access.some_files(site, [file_id])), None)
    if file is None:
        raise errors.NOT_FOUND()
    return Figures(file.views, file.downloads, file.bandwidth_bytes, file.bandwidth_paid_bytes)


async def limits_of(site: Site, caller: Caller, file_id: str | None) -> Limits:
    """By the plan of the file's owner; without a file by that of new accounts. Raises NOT_FOUND."""
    file = await access.file(site, file_id) if file_id is not None else None
    if file is not None:
        held = gates.limits_of(site, caller, [file])
    else:
        held = gates.limits_of_plans(site, [site.settings.default_plan])
    is_held = file is None or not gates.is_exempt(site, caller, file)
    since = site.clock.now() - gates.USAGE_WINDOW
    downloads, sent_bytes = await opendownloads.used(site.db, stats.visitor(site, caller), since)
    return Limits(
        speed=held.bytes_per_second,
        downloads=held.downloads,
        downloads_used=downloads,
        transfer_bytes=held.transfer_bytes,
        transfer_used_bytes=sent_bytes,
        is_overloaded=is_held and held.overall != NO_LIMIT and await opendownloads.count(site.db) >= held.overall,
    )


async def _either(one: Event, other: Event) -> None:
    waiting: list[Task[bool]] = [create_task(one.wait()), create_task(other.wait())]
    try:
        await wait(waiting, return_when=FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
