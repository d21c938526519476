"""Values that are sealed with the instance's key, wherever they stand: read in batches, and replaced one by one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import asyncpg

from pixelhost.db import permissions
from pixelhost.db.connect import Db, Row

LOCK = "pg_{}(hashtext('pixelhost rotate-key'))"


@dataclass(frozen=True)
class Column:
    """Of bytes, or of permissions with passwords among them. `bound_to` is the column that the bytes are bound to."""

    table: str
    name: str
    id_type: Literal["uuid", "bigint"]
    kind: Literal["bytea", "jsonb"] = "bytea"
    bound_to: str = "NULL::bytea"


@dataclass(frozen=True)
class Held:
    """What a row holds: `id` and `value` as the driver gives them."""

    id: object
    value: bytes | str
    bound_to: bytes | None


async def batch(db: Db, column: Column, after: object, limit: int) -> list[Held]:
    """Rows that hold something sealed, in the order of their IDs, from the one after `after`; None is before all."""
    holds = f"{column.name} IS NOT NULL" if column.kind == "bytea" else permissions.has_passwords(column.name)
    rows: list[Row] = await db.fetch(
        f"""SELECT id, {column.name} AS value, {column.bound_to} AS bound_to FROM {column.table}
             WHERE {holds} AND ($1::{column.id_type} IS NULL OR id > $1) ORDER BY id LIMIT $2""",
        after,
        limit,
    )
    return [Held(row["id"], row["value"], row["bound_to"]) for row in rows]


async def replace(db: Db, column: Column, held: Held, value: bytes | str) -> bool:
    """Whether it was still held. Changes nothing else: whoever wrote meanwhile wins."""
    done = await db.execute(
        f"""UPDATE {column.table} SET {column.name} = $3::{column.kind}
             WHERE id = $1 AND {column.name} = $2::{column.kind}""",
        held.id,
        held.value,
        value,
    )
    return bool(done != "UPDATE 0")


@asynccontextmanager
async def alone(pool: asyncpg.Pool) -> AsyncIterator[bool]:
    """Whether nobody else is within such a block; nobody can come until it ends."""
    async with pool.acquire() as connection:
        is_alone: bool = await connection.fetchval(f"SELECT {LOCK.format('try_advisory_lock')}")
        try:
            yield is_alone
        finally:
            if is_alone:
                await connection.execute(f"SELECT {LOCK.format('advisory_unlock')}")
