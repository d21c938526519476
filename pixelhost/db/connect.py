"""Connections: a pool a process, tuned for many short statements."""

from typing import Any

import asyncpg

Transaction = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
"""One connection, for what belongs to it: a transaction, or a lock of its session. Each function says which."""

Db = asyncpg.Pool | Transaction
"""What every statement takes first: the pool, or one connection of it."""

OLDEST_VERSION = 15
CONNECTIONS_PER_PROCESS = 8

UniqueViolation = asyncpg.UniqueViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
DiskFull = asyncpg.DiskFullError
Deadlock = asyncpg.DeadlockDetectedError
Failure = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


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
            min_size=2,
            max_size=CONNECTIONS_PER_PROCESS,
            connection_class=_Connection,
            command_timeout=60,
            server_settings={"application_name": "pixelhost", "timezone": "UTC"},
        )
    except Failure as error:
        raise DatabaseError(f"cannot connect to the database: {error}") from error


Row = Any
