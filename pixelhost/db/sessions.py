"""Logins and API keys."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pixelhost.db import users
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.accounts import Session, User

KeyUse = tuple[bytes, str]
"""The hash of a key, and the address it is used from."""

KeyHolder = tuple[Session, User, bool]
"""The session, its account, and whether the address is banned."""

COLUMNS = """s.id, s.user_id, s.app_name, s.user_agent, s.created_ip, s.created_at, s.last_used_at,
    s.kind = 'token' AS is_token"""


def session(row: Row, prefix: str = "") -> Session:
    return Session(
        id=row[prefix + "id"],
        user_id=row["user_id"],
        app_name=row["app_name"],
        user_agent=row["user_agent"],
        created_ip=row["created_ip"],
        created_at=row[prefix + "created_at"],
        last_used_at=row["last_used_at"],
        is_token=row["is_token"],
    )


async def by_keys(db: Db, uses: Sequence[KeyUse], now: datetime) -> dict[KeyUse, KeyHolder]:
    """Who holds these keys: one look-up for all that a request needs to know about its caller."""
    rows = await db.fetch(
        f"""SELECT used.key_sha256, used.ip, {users.COLUMNS}, s.id AS session_id, s.user_id, s.app_name, s.user_agent,
                   s.created_ip, s.created_at AS session_created_at, s.last_used_at, s.kind = 'token' AS is_token,
                   EXISTS (SELECT 1 FROM ip_bans n WHERE n.network >>= used.ip::inet
                              AND (n.expires_at IS NULL OR n.expires_at > $3)) AS is_ip_banned
              FROM unnest($1::bytea[], $2::text[]) AS used (key_sha256, ip)
              JOIN sessions s ON s.key_sha256 = used.key_sha256 JOIN users u ON u.id = s.user_id""",
        [key_sha256 for key_sha256, _ in uses],
        [ip for _, ip in uses],
        now,
    )
    return {
        (row["key_sha256"], row["ip"]): (session(row, "session_"), users.user(row), row["is_ip_banned"]) for row in rows
    }


async def of_user(db: Db, user_id: UUID) -> list[tuple[Session, bytes, bytes | None]]:
    """Each with its key's hash and its sealed key, which a token has not, oldest first."""
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
    key_sealed: bytes | None,
    app_name: str,
    user_agent: str,
    ip: str,
    now: datetime,
) -> Session:
    """Without a sealed key it is a token."""
    row = await db.fetchrow(
        f"""INSERT INTO sessions AS s
                (user_id, key_sha256, key_sealed, app_name, user_agent, created_ip, created_at, last_used_at, kind)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7, CASE WHEN $3::bytea IS NULL THEN 'token' ELSE 'session' END)
            RETURNING {COLUMNS}""",
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


async def tokens_of_user(db: Db, user_id: UUID) -> list[Session]:
    """Oldest first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM sessions s WHERE s.user_id = $1 AND s.kind = 'token' ORDER BY s.created_at, s.id",
        user_id,
    )
    return [session(row) for row in rows]


async def count_tokens(tx: Transaction, user_id: UUID) -> int:
    """The account is locked."""
    return int(await tx.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1 AND kind = 'token'", user_id))


async def delete_token(db: Db, user_id: UUID, session_id: UUID) -> bool:
    """Whether it was there."""
    status = await db.execute(
        "DELETE FROM sessions WHERE user_id = $1 AND id = $2 AND kind = 'token'", user_id, session_id
    )
    return bool(status == "DELETE 1")


async def delete_one_of_user(db: Db, user_id: UUID, session_id: UUID) -> bool:
    """Whether it was there."""
    status = await db.execute("DELETE FROM sessions WHERE user_id = $1 AND id = $2", user_id, session_id)
    return bool(status == "DELETE 1")


async def exists(db: Db, session_id: UUID) -> bool:
    return bool(await db.fetchval("SELECT EXISTS (SELECT 1 FROM sessions WHERE id = $1)", session_id))


async def delete_of_user(db: Db, user_id: UUID, but: UUID | None = None) -> None:
    """All of an account's sessions, but one."""
    await db.execute("DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2", user_id, but)


async def set_last_used(db: Db, used: dict[UUID, datetime]) -> None:
    await db.execute(
        """UPDATE sessions s SET last_used_at = greatest(s.last_used_at, n.used_at)
             FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, used_at) WHERE s.id = n.id""",
        list(used),
        list(used.values()),
    )
