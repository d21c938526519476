"""Connections: a pool a process, tuned for many short statements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

Transaction = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
"""A connection inside a transaction, where a statement needs one."""

Db = asyncpg.Pool | Transaction
"""What every statement takes first: the pool, or a connection inside a transaction."""

OLDEST_VERSION = 15
CONNECTIONS_PER_PROCESS = 10

UniqueViolation = asyncpg.UniqueViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
Unreachable = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
Failure = (asyncpg.PostgresError, OSError)


class DatabaseError(Exception):
    """The database cannot be used; the text says what to do."""


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg is untyped
    """Nothing here changes a connection's settings, so nothing needs resetting: that saves a round trip a use."""

    def get_reset_query(self) -> str:
        return ""


async def connect(url: str) -> asyncpg.Connection:
    """One connection, for short commands. Raises DatabaseError."""
    try:
        connection = await asyncpg.connect(url)
    except Failure as error:
        raise DatabaseError(f"cannot connect to the database: {error}") from error
    version = connection.get_server_version().major
    if version < OLDEST_VERSION:
        await connection.close()
        raise DatabaseError(f"this is Postgres {version}; pixelhost needs {OLDEST_VERSION} or newer")
    return connection


async def open_pool(url: str) -> asyncpg.Pool:
    """Raises DatabaseError."""
    try:
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=CONNECTIONS_PER_PROCESS,
            connection_class=_Connection,
            command_timeout=60,
            server_settings={"application_name": "pixelhost", "timezone": "UTC"},
        )
    except Failure as error:
        raise DatabaseError(f"cannot connect to the database: {error}") from error


Row = Any


@asynccontextmanager
async def job_turn(db: asyncpg.Pool, name: str) -> AsyncIterator[bool]:
    """Whether this process may run the job `name`: no other one, on any machine, runs it until the block ends."""
    async with db.acquire() as connection:
        key = f"pixelhost job {name}"
        is_ours = await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", key)
        try:
            yield is_ours
        finally:
            if is_ours:
                await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", key)
