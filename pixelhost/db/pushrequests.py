"""Links by which others send secrets to an account."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.db.pushes import COLUMNS as PUSH_COLUMNS
from pixelhost.db.pushes import push
from pixelhost.model.pushes import Push, PushRequest

_OWN: Final = ("id", "token", "owner_id", "name", "message", "push_days", "pushes_left", "created_at", "expires_at")
COLUMNS: Final = ", ".join(f"r.{name}" for name in _OWN)
WITH_RECEIVED: Final = (
    f"SELECT {COLUMNS}, (SELECT count(*) FROM pushes p WHERE p.request_id = r.id) AS pushes_received "
    "FROM push_requests r"
)


def push_request(row: Row) -> PushRequest:
    return PushRequest(**row)


async def insert(tx: Transaction, new: PushRequest) -> PushRequest:
    row = await tx.fetchrow(
        f"""INSERT INTO push_requests AS r (token, owner_id, name, message, push_days, pushes_left, created_at,
                                            expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {COLUMNS}""",
        new.token,
        new.owner_id,
        new.name,
        new.message,
        new.push_days,
        new.pushes_left,
        new.created_at,
        new.expires_at,
    )
    return push_request(row)


async def by_token(db: Db, token: str) -> PushRequest | None:
    row = await db.fetchrow(f"{WITH_RECEIVED} WHERE r.token = $1", token)
    return push_request(row) if row else None


async def count_open(db: Db, owner_id: UUID, now: datetime) -> int:
    return int(
        await db.fetchval(
            "SELECT count(*) FROM push_requests WHERE owner_id = $1 AND expires_at > $2 AND pushes_left > 0",
            owner_id,
            now,
        )
    )


async def of_owner(db: Db, owner_id: UUID, skip: int, limit: int) -> list[PushRequest]:
    """The newest first."""
    rows = await db.fetch(
        f"{WITH_RECEIVED} WHERE r.owner_id = $1 ORDER BY r.id DESC OFFSET $2 LIMIT $3", owner_id, skip, limit
    )
    return [push_request(row) for row in rows]


async def close(db: Db, request_id: int, now: datetime) -> None:
    """One that is closed already stays as it is."""
    await db.execute("UPDATE push_requests SET expires_at = $2 WHERE id = $1 AND expires_at > $2", request_id, now)


async def take(tx: Transaction, request_id: int, now: datetime) -> bool:
    """Take one of its pushes, under the row's lock. False where none is left, or its time is over."""
    row = await tx.fetchrow(
        """UPDATE push_requests SET pushes_left = pushes_left - 1
            WHERE id = $1 AND pushes_left > 0 AND expires_at > $2 RETURNING 1""",
        request_id,
        now,
    )
    return row is not None


async def pushes_of(db: Db, owner_id: UUID, limit: int) -> list[tuple[Push, str]]:
    """What came by requests, the newest first, each with the name of its request."""
    rows = await db.fetch(
        f"""SELECT {PUSH_COLUMNS}, r.name AS request_name
              FROM pushes p JOIN push_requests r ON r.id = p.request_id
             WHERE r.owner_id = $1 ORDER BY p.id DESC LIMIT $2""",
        owner_id,
        limit,
    )
    return [(push(row), row["request_name"]) for row in rows]
