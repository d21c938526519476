"""Accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model import User

COLUMNS = """u.id, u.name, u.email, u.email_verified, u.is_admin, u.plan_id, u.banned_at IS NOT NULL AS is_banned,
    u.file_count, u.storage_used_bytes, u.node_count, u.filesystem_used_bytes, u.created_at"""


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
        node_count=row["node_count"],
        filesystem_used_bytes=row["filesystem_used_bytes"],
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


async def claim(tx: Transaction, user_id: UUID) -> User | None:
    """Lock an account: its counters stay as they are until the transaction ends, and so does its filesystem."""
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM users u WHERE u.id = $1 FOR NO KEY UPDATE", user_id)
    return user(row) if row else None


async def by_names(db: Db, names: Sequence[str]) -> dict[str, UUID]:
    """IDs of those of `names` that exist, without regard to case, by the name as it was asked for."""
    rows = await db.fetch(
        "SELECT asked, u.id FROM unnest($1::text[]) AS asked JOIN users u ON lower(u.name) = lower(asked)", names
    )
    return {row["asked"]: row["id"] for row in rows}


async def names_of(db: Db, user_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await db.fetch("SELECT id, name FROM users WHERE id = ANY($1)", user_ids)
    return {row["id"]: row["name"] for row in rows}


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


async def with_wrong_counters(db: Db) -> list[tuple[str, str, int, int]]:
    """(name, counter, counted, there) for counters of accounts that drifted: a bug."""
    rows = await db.fetch(
        """WITH f AS (
               SELECT f.owner_id, count(*) AS count, sum(b.size_bytes)::bigint AS bytes
                 FROM files f JOIN blobs b ON b.digest = f.blob GROUP BY f.owner_id),
           n AS (SELECT owner_id, count(*) FILTER (WHERE parent_id IS NOT NULL OR is_cut_off) AS count,
                        sum(size_bytes)::bigint AS bytes FROM nodes GROUP BY owner_id)
           SELECT u.name, counter, counted, there
             FROM users u LEFT JOIN f ON f.owner_id = u.id LEFT JOIN n ON n.owner_id = u.id,
                  LATERAL (VALUES ('files', u.file_count, coalesce(f.count, 0)),
                                  ('bytes', u.storage_used_bytes, coalesce(f.bytes, 0) + coalesce(n.bytes, 0)),
                                  ('nodes', u.node_count, coalesce(n.count, 0)),
                                  ('bytes in the filesystem', u.filesystem_used_bytes, coalesce(n.bytes, 0)))
                       AS c (counter, counted, there)
            WHERE counted <> there ORDER BY u.name, counter"""
    )
    return [tuple(row) for row in rows]
