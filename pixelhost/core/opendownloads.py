"""The downloads of this process that some limit looks at: they begin and end in the database, and share speeds.

Each process gives its downloads its part of a speed that an address shares, by how many of those that share it are its
own. How many there are elsewhere it asks twice a second, while there are any.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import asyncpg

from pixelhost.clock import Clock
from pixelhost.db import opendownloads as rows
from pixelhost.db.connect import Failure
from pixelhost.db.opendownloads import Begun, Download, Ended, Share
from pixelhost.db.slots import Slots

log = logging.getLogger(__name__)

ASK_SECONDS = 0.5
RETRY_SECONDS = 1.0
STEPS_PER_SECOND = 4
SMALLEST_STEP_BYTES = 4096
CATCH_UP_SECONDS = 0.25


class Pace:
    """A speed that the downloads of one address share: `ours` are those of this process, `everywhere` all of them."""

    def __init__(self, bytes_per_second: int) -> None:
        self._bytes_per_second = bytes_per_second
        self._free_at: float | None = None
        self.ours = 0
        self.everywhere = 0

    @property
    def step_bytes(self) -> int:
        """What each may send at a time, so that all get their turn a few times a second."""
        return max(self._bytes_per_second // max(self.everywhere, 1) // STEPS_PER_SECOND, SMALLEST_STEP_BYTES)

    async def turn(self, size_bytes: int) -> None:
        """Wait until so many bytes may be sent. Who comes late makes up for a quarter of a second at most."""
        now = asyncio.get_running_loop().time()
        begins_at = now if self._free_at is None else max(self._free_at, now - CATCH_UP_SECONDS)
        share = max(self.ours, 1) / max(self.everywhere, self.ours, 1)
        self._free_at = begins_at + size_bytes / (self._bytes_per_second * share)
        await asyncio.sleep(max(0.0, begins_at - now))

    def is_over(self, now: float) -> bool:
        """Whether nobody sends, and what was sent is paid for in time: who comes next begins anew."""
        return self.ours == 0 and (self._free_at is None or self._free_at <= now)


class OpenDownloads:
    def __init__(self, db: asyncpg.Pool, slots: Slots, clock: Clock) -> None:
        self._db = db
        self._slots = slots
        self._clock = clock
        self._ended: list[Ended] = []
        self._ending: asyncio.Task[None] | None = None
        self._paces: dict[Share, Pace] = {}
        self._asking: asyncio.Task[None] | None = None

    async def begin(self, download: Download) -> Begun:
        """One statement. Whoever gives up waiting for it leaves nothing begun behind."""
        process = await self._slots.process()
        beginning = asyncio.create_task(rows.begin(self._db, process, download, self._clock.now()))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            beginning.add_done_callback(self._abandon)
            raise

    async def trial(self, download: Download) -> Begun:
        """What `begin` would say now."""
        return await rows.begin(self._db, 0, download, self._clock.now(), is_trial=True)

    async def known(self, download: Download, within: timedelta) -> set[str]:
        """Which of its subjects its address has begun to download already."""
        return await rows.known(self._db, download.visitor, download.subjects, self._clock.now() - within)

    async def end(self, number: int, sent_bytes: int) -> None:
        """Those that end while a statement is under way share the next one. While the database is away nobody waits
        longer than a moment.
        """
        await asyncio.wait([self._end_soon(number, sent_bytes)], timeout=RETRY_SECONDS)

    def _end_soon(self, number: int, sent_bytes: int) -> asyncio.Task[None]:
        self._ended.append(Ended(number, sent_bytes))
        if self._ending is None:
            self._ending = asyncio.create_task(self._end_all())
        return self._ending

    def join(self, share: Share, sharing: int) -> Pace:
        """For a download that has begun, as one of so many."""
        pace = self._paces.get(share)
        if pace is None:
            pace = self._paces[share] = Pace(share[1])
        pace.ours += 1
        pace.everywhere = sharing
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return pace

    def leave(self, share: Share) -> None:
        pace = self._paces[share]
        pace.ours -= 1
        pace.everywhere -= 1

    async def close(self) -> None:
        """What has ended is written first."""
        if self._asking is not None:
            self._asking.cancel()
        if self._ending is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending, RETRY_SECONDS)

    def _abandon(self, beginning: asyncio.Task[Begun]) -> None:
        if not beginning.cancelled() and beginning.exception() is None and not beginning.result().refusal:
            self._end_soon(beginning.result().number, 0)

    async def _end_all(self) -> None:
        try:
            while self._ended:
                taken: Sequence[Ended] = self._ended
                self._ended = []
                await self._end(taken)
        finally:
            self._ending = None

    async def _end(self, taken: Sequence[Ended]) -> None:
        """As often as it takes: what isn't ended counts against the address."""
        while True:
            try:
                return await rows.end(self._db, taken, self._clock.now())
            except Failure as error:
                log.warning("downloads that have ended can't be written, it is tried again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _ask(self) -> None:
        now = asyncio.get_running_loop().time
        try:
            while self._paces:
                await asyncio.sleep(ASK_SECONDS)
                for share in [share for share, pace in self._paces.items() if pace.is_over(now())]:
                    del self._paces[share]
                if asked := [share for share, pace in self._paces.items() if pace.ours]:
                    with suppress(*Failure):
                        await self._count(asked)
        finally:
            self._asking = None

    async def _count(self, asked: Sequence[Share]) -> None:
        found = await rows.sharing(self._db, asked)
        for share in asked:
            if pace := self._paces.get(share):
                pace.everywhere = max(found.get(share, 0), pace.ours)
