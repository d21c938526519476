"""The downloads of this process that some limit looks at: they begin and end in the database, and share speeds.

Each process gives its downloads its part of a speed that an address shares, by how many of those that share it are its
own. How many there are elsewhere it asks twice a second, while there are any.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import asyncpg

from pixelhost.clock import Clock
from pixelhost.db import opendownloads as rows
from pixelhost.db.connect import Failure
from pixelhost.db.opendownloads import Begun, Download, Ended, Refusal, Share
from pixelhost.db.slots import Slots

log = logging.getLogger(__name__)

ASK_SECONDS = 0.5
RETRY_SECONDS = 1.0
GATHERING_SECONDS = 0.02
ENDED_MAX = 16
STEPS_PER_SECOND = 4
SMALLEST_STEP_BYTES = 4096
CATCH_UP_SECONDS = 0.25
LOOK_SECONDS = 0.25


class Left(ConnectionResetError):
    """The client has left while it waited for its turn."""


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

    async def turn(self, size_bytes: int, is_gone: Callable[[], bool]) -> None:
        """Wait until so many bytes may be sent. Who comes late makes up for a quarter of a second at most.

        `is_gone` tells whether the client has left; who waits asks four times a second. Raises Left when it has: its
        time is the others' again.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        begins_at = now if self._free_at is None else max(self._free_at, now - CATCH_UP_SECONDS)
        share = max(self.ours, 1) / max(self.everywhere, self.ours, 1)
        seconds = size_bytes / (self._bytes_per_second * share)
        self._free_at = begins_at + seconds
        while True:
            if is_gone():
                self._free_at -= seconds
                raise Left
            left = max(0.0, begins_at - loop.time())
            await asyncio.sleep(min(left, LOOK_SECONDS))
            if left <= LOOK_SECONDS:
                return

    def is_over(self, now: float) -> bool:
        """Whether nobody sends, and what was sent is paid for in time: who comes next begins anew."""
        return self.ours == 0 and (self._free_at is None or self._free_at <= now)


class OpenDownloads:
    def __init__(self, db: asyncpg.Pool, slots: Slots, clock: Clock) -> None:
        self._db = db
        self._slots = slots
        self._clock = clock
        self._open: set[int] = set()
        self._is_sure = True
        self._ended: list[Ended] = []
        self._is_writing = False
        self._ended_since = 0.0
        self._is_end_due = False
        self._ending: asyncio.Task[None] | None = None
        self._paces: dict[Share, Pace] = {}
        self._asking: asyncio.Task[None] | None = None

    async def begin(self, download: Download, size_bytes: int, lifted: Collection[Refusal] = ()) -> Begun:
        """One statement, which now and then writes what has ended as well; until then that counts as under way. So a
        refusal, or a share of a speed, is only told after it was written. One whose answer doesn't come is over soon,
        and before the next begins.
        """
        async with self._slots.turn:
            if len(self._ended) < ENDED_MAX and not download.limits.bytes_per_second:
                begun = await self._begin(download, size_bytes, (), lifted)
                if not begun.refusal or not self._ended:
                    return begun
            with self._taken_along() as ended:
                return await self._begin(download, size_bytes, ended, lifted)

    async def trial(self, download: Download, lifted: Collection[Refusal] = ()) -> Begun:
        """What `begin` would say now."""
        is_behind = self._is_writing or bool(self._ended) or not self._is_sure
        begun = await rows.trial(self._db, download, self._clock.now(), lifted)
        if begun.refusal and is_behind:
            await self._write_ended()
            begun = await rows.trial(self._db, download, self._clock.now(), lifted)
        return begun

    async def known(self, download: Download, within: timedelta) -> set[str]:
        """Which of its subjects its address has begun to download already."""
        return await rows.known(self._db, download.visitor, download.subjects, self._clock.now() - within)

    def end(self, ended: Ended) -> None:
        """Takes no time of the caller's: it is written with others, in some milliseconds at the latest."""
        loop = asyncio.get_running_loop()
        if not self._ended:
            self._ended_since = loop.time()
        self._ended.append(ended)
        self._write_soon()

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
        if self._ended and self._ending is None:
            self._ending = asyncio.create_task(self._end_all())
        if self._ending is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending, RETRY_SECONDS)

    async def _begin(
        self, download: Download, size_bytes: int, ended: Sequence[Ended], lifted: Collection[Refusal]
    ) -> Begun:
        db, process = await self._process()
        try:
            begun = await rows.begin(db, process, download, size_bytes, self._clock.now(), ended, lifted)
        except BaseException:
            self._is_sure = False
            self._write_soon()
            raise
        if not begun.refusal:
            self._open.add(begun.number)
        return begun

    async def _process(self) -> tuple[asyncpg.Connection, int]:
        """As of the slots, when none is under way that it knows nothing of. In its turn."""
        db, process = await self._slots.process()
        if not self._is_sure:
            await rows.end_others(db, process, self._open)
            self._is_sure = True
        return db, process

    @contextmanager
    def _taken_along(self) -> Iterator[Sequence[Ended]]:
        """What has ended, for a statement that writes it; what couldn't be written waits on. In the process's turn."""
        ended, self._ended = self._ended, []
        self._is_writing = True
        try:
            yield ended
        except BaseException:
            for one in ended:
                self.end(one)
            raise
        else:
            self._open.difference_update(one.number for one in ended)
        finally:
            self._is_writing = False

    def _write_soon(self) -> None:
        if not self._is_end_due:
            self._is_end_due = True
            asyncio.get_running_loop().call_later(GATHERING_SECONDS, self._end_soon)

    def _end_soon(self) -> None:
        """What has ended after a download that began took the others along still has its time."""
        loop = asyncio.get_running_loop()
        due_in = self._ended_since + GATHERING_SECONDS - loop.time()
        self._is_end_due = bool(self._ended) and due_in > 0
        if self._is_end_due:
            loop.call_later(due_in, self._end_soon)
        elif (self._ended or not self._is_sure) and self._ending is None:
            self._ending = asyncio.create_task(self._end_all())

    async def _end_all(self) -> None:
        """As often as it takes: what isn't ended counts against the address."""
        try:
            while self._ended or not self._is_sure:
                try:
                    await self._write_ended()
                except Failure as error:
                    log.warning("downloads that have ended can't be written, it is tried again: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._ending = None

    async def _write_ended(self) -> None:
        async with self._slots.turn:
            db, _ = await self._process()
            with self._taken_along() as ended:
                await rows.end(db, ended, self._clock.now())

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
