"""News across processes by NOTIFY: who waits for something to change hears that it has, not what."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import asyncpg

from pixelhost.db.connect import Failure, Transaction

CHANNEL = "pixelhost_news"
PROBE_SECONDS = 5.0
ANSWER_SECONDS = 2.0
RETRY_SECONDS = 1.0


async def tell(tx: Transaction, subject: str) -> None:
    """To all that follow the subject, when the transaction commits."""
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, subject)


async def tell_all(tx: Transaction, subjects: Iterable[str]) -> None:
    """The same to those that follow any of the subjects."""
    await tx.execute("SELECT pg_notify($1, subject) FROM unnest($2::text[]) AS subject", CHANNEL, list(subjects))


class News:
    """Keeps a connection of its own while somebody follows something."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._followers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def followed(self, subject: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when there are news, or may have been: also when listening begins, and begins again."""
        event = asyncio.Event()
        self._followers[subject].add(event)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        try:
            yield event
        finally:
            self._followers[subject].remove(event)
            if not self._followers[subject]:
                del self._followers[subject]
            if not self._followers and self._listening is not None:
                self._listening.cancel()
                self._listening = None

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError, *Failure):
                connection = await asyncpg.connect(self._url, server_settings={"application_name": CHANNEL})
                try:
                    await connection.add_listener(CHANNEL, self._hear)
                    self._tell_everybody()
                    await _until_gone(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, _connection: object, _pid: int, _channel: str, subject: str) -> None:
        for event in self._followers.get(subject, ()):
            event.set()

    def _tell_everybody(self) -> None:
        for events in self._followers.values():
            for event in events:
                event.set()


async def _until_gone(connection: asyncpg.Connection) -> None:
    """Raises when the connection is closed, or the line is dead."""
    is_gone = asyncio.Event()
    connection.add_termination_listener(lambda _connection: is_gone.set())
    while True:
        # Python 3.11's wait_for forgets that it was cancelled where the connection goes that very moment.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PROBE_SECONDS):
                await is_gone.wait()
        await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
