"""Accounts."""

from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Row
from pixelhost.model import User

COLUMNS = """u.id, u.name, u.email, u.email_verified, u.is_admin, u.plan_id, u.banned_at IS NOT NULL AS is_banned,
    u.file_count, u.storage_used_bytes, u.created_at"""


def user(row: Row) -> User:
    return User(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        email_verified=row["email_verified"],
        is_admin=row["is_admin"],
        plan_id=row["plan_id"],
        is_banned=row["is_banned"],
        file_count=row["file_count"],
        storage_used_bytes=row["storage_used_bytes"],
        created_at=row["created_at"],
    )


async def by_login(db: Db, name_or_email: str) -> tuple[User, str | None] | None:
    """The account and its password hash, by name or e-mail address, without regard to case."""
    row = await db.fetchrow(
        f"""SELECT {COLUMNS}, u.password_hash FROM users u
            WHERE lower(u.name) = lower($1) OR (u.email <> '' AND lower(u.email) = lower($1))""",
        name_or_email,
    )
    return (user(row), row["password_hash"]) if row else None


async def by_id(db: Db, user_id: UUID) -> User | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM users u WHERE u.id = $1", user_id)
    return user(row) if row else None


async def count(db: Db) -> int:
    return int(await db.fetchval("SELECT count(*) FROM users"))


async def plan_ids(db: Db) -> list[str]:
    """The plans that accounts have."""
    return [row["plan_id"] for row in await db.fetch("SELECT DISTINCT plan_id FROM users ORDER BY plan_id")]


async def insert(
    db: Db,
    name: str,
    *,
    email: str,
    email_verified: bool,
    password_hash: str | None,
    plan_id: str,
    is_admin: bool,
    now: datetime,
) -> User:
    """Raises UniqueViolation on `users_name` or `users_email`."""
    row = await db.fetchrow(
        f"""INSERT INTO users AS u (name, email, email_verified, password_hash, plan_id, is_admin, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}""",
        name,
        email,
        email_verified,
        password_hash,
        plan_id,
        is_admin,
        now,
    )
    return user(row)


async def with_wrong_counters(db: Db) -> list[tuple[str, int, int, int, int]]:
    """(name, files counted, files there, bytes counted, bytes there) of accounts whose counters drifted: a bug."""
    rows = await db.fetch(
        """SELECT u.name, u.file_count, count(f.id) AS files, u.storage_used_bytes,
                  coalesce(sum(b.size_bytes), 0)::bigint AS bytes
             FROM users u LEFT JOIN files f ON f.owner_id = u.id LEFT JOIN blobs b ON b.digest = f.blob
            GROUP BY u.id
           HAVING u.file_count <> count(f.id) OR u.storage_used_bytes <> coalesce(sum(b.size_bytes), 0)"""
    )
    return [tuple(row) for row in rows]
