"""Slots: at most so many of something at once, exact across workers and machines.

A slot is an advisory lock of the session of one connection that a process keeps for this: so the slots of a process
that dies are free again at once, whatever it died of, and those of a machine that says nothing any more within half a
minute. The process has a number in the same way.

A process that loses this connection loses its slots, too. Its downloads under way are taken along to the next, unless
somebody has counted without them in between: then they end uncounted. Postgres may not know yet that it is lost, and is
told.
"""

import asyncio
import contextlib
import hashlib
from datetime import datetime
from typing import Final

import asyncpg

from pixelhost.db.connect import Failure

Slot = tuple[str, int]
COMMAND_SECONDS = 60
PROCESS_LOCK = "hashtext('pixelhost process')"

# How soon Postgres finds that nobody is at the other end. TCP by itself waits for hours.
KEEPALIVE: Final = """
    SET tcp_keepalives_idle = '10s';
    SET tcp_keepalives_interval = '5s';
    SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '25s';
"""
# Rows of downloads come and go faster than vacuum does: only plain scans of an index learn which of them are dead, and
# pass them by the next time. To plan anew for every value takes longer than what is planned, and so would compiling it.
# For the last moments before a crash nobody waits.
FOR_DOWNLOADS: Final = """
    SET enable_bitmapscan = off;
    SET enable_seqscan = off;
    SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SET synchronous_commit = off;
"""
OURSELVES: Final = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
END_EARLIER: Final = "SELECT pg_terminate_backend(pid, $3) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2"


class Slots:
    def __init__(self, url: str) -> None:
        """Connects when the first slot is asked for."""
        self._url = url
        self.turn: Final = asyncio.Lock()
        """Of the connection."""
        self._connection: asyncpg.Connection | None = None
        self._held: set[Slot] = set()
        self._process = 0
        self._begun_at: datetime | None = None

    async def process(self) -> tuple[asyncpg.Connection, int]:
        """The connection, for one short statement by who has the `turn`, and the number that others know this process
        by while it lasts.
        """
        return await self._connected(), self._process

    async def take(self, subject: str, limit: int) -> Slot | None:
        """One of `limit` slots of `subject`; None when all are taken."""
        async with self.turn:
            connection = await self._connected()
            ours = [number for number in range(limit) if (subject, number) not in self._held]
            # LIMIT ends the trying at the first success.
            key = await connection.fetchval(
                "SELECT key FROM unnest($1::bigint[]) AS key WHERE pg_try_advisory_lock(key) LIMIT 1",
                [_key((subject, number)) for number in ours],
            )
            for number in ours:
                if key == _key((subject, number)):
                    self._held.add((subject, number))
                    return subject, number
            return None

    async def give_back(self, slot: Slot) -> None:
        """Safe to call twice, and after the connection was lost."""
        async with self.turn:
            if slot in self._held and self._connection is not None:
                self._held.remove(slot)
                with contextlib.suppress(*Failure):  # without the connection it is free already
                    await self._connection.execute("SELECT pg_advisory_unlock($1)", _key(slot))

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._held.clear()
            connection = await asyncpg.connect(self._url, command_timeout=COMMAND_SECONDS)
            await connection.execute(KEEPALIVE + FOR_DOWNLOADS)
            await connection.execute(END_EARLIER, self._process, self._begun_at, COMMAND_SECONDS * 1000 // 2)
            process, begun_at = await connection.fetchrow(OURSELVES)
            await connection.execute(f"SELECT pg_advisory_lock({PROCESS_LOCK}, $1)", process)
            for table in ("open_downloads", "uncounted_downloads"):
                # An earlier process may have had this number, and have died with downloads under way.
                await connection.execute(f"DELETE FROM {table} WHERE process = $1", process)
                # Unless somebody else has the number that was ours.
                await connection.execute(
                    f"""UPDATE {table} SET process = $2
                         WHERE process = $1 AND pg_try_advisory_xact_lock_shared({PROCESS_LOCK}, $1)""",
                    self._process,
                    process,
                )
            self._connection, self._process, self._begun_at = connection, process, begun_at
        return self._connection


def _key(slot: Slot) -> int:
    subject, number = slot
    return int.from_bytes(hashlib.sha256(f"slot {number} {subject}".encode()).digest()[:8], "big", signed=True)
