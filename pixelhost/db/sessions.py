"""Logins and API keys."""

from datetime import datetime
from uuid import UUID

from pixelhost.db import limits, users
from pixelhost.db.connect import Db, Row
from pixelhost.model import Session, User

COLUMNS = "s.id, s.user_id, s.app_name, s.user_agent, s.created_ip, s.created_at, s.last_used_at"


def session(row: Row, prefix: str = "") -> Session:
    return Session(
        id=row[prefix + "id"],
        user_id=row["user_id"],
        app_name=row["app_name"],
        user_agent=row["user_agent"],
        created_ip=row["created_ip"],
        created_at=row[prefix + "created_at"],
        last_used_at=row["last_used_at"],
    )


async def by_key(db: Db, key_sha256: bytes, ip: str, now: datetime) -> tuple[Session, User, bool] | None:
    """The session of a key, its account, and whether the address is banned: one look-up for every request."""
    row = await db.fetchrow(
        f"""SELECT {users.COLUMNS}, s.id AS session_id, s.user_id, s.app_name, s.user_agent, s.created_ip,
                   s.created_at AS session_created_at, s.last_used_at, {limits.IS_BANNED}
              FROM sessions s JOIN users u ON u.id = s.user_id
             WHERE s.key_sha256 = $1""",
        key_sha256,
        ip,
        now,
    )
    return (session(row, "session_"), users.user(row), row["is_ip_banned"]) if row else None


async def of_user(db: Db, user_id: UUID) -> list[tuple[Session, bytes, bytes]]:
    """Each with its key's hash and its sealed key, oldest first."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS}, s.key_sha256, s.key_sealed FROM sessions s
             WHERE s.user_id = $1 ORDER BY s.created_at, s.id""",
        user_id,
    )
    return [(session(row), row["key_sha256"], row["key_sealed"]) for row in rows]


async def insert(
    db: Db,
    user_id: UUID,
    *,
    key_sha256: bytes,
    key_sealed: bytes,
    app_name: str,
    user_agent: str,
    ip: str,
    now: datetime,
) -> Session:
    row = await db.fetchrow(
        f"""INSERT INTO sessions AS s
                (user_id, key_sha256, key_sealed, app_name, user_agent, created_ip, created_at, last_used_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING {COLUMNS}""",
        user_id,
        key_sha256,
        key_sealed,
        app_name,
        user_agent,
        ip,
        now,
    )
    return session(row)


async def delete(db: Db, session_id: UUID) -> None:
    await db.execute("DELETE FROM sessions WHERE id = $1", session_id)


async def set_last_used(db: Db, used: dict[UUID, datetime]) -> None:
    await db.execute(
        """UPDATE sessions s SET last_used_at = greatest(s.last_used_at, n.used_at)
             FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, used_at) WHERE s.id = n.id""",
        list(used),
        list(used.values()),
    )
