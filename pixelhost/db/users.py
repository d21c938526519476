"""Accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

import msgspec

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.accounts import AccountSettings, PaidTransfer, Terms, User

TERMS = "u.hotlinking_enabled, u.transfer_cap_bytes, u.skip_file_viewer, u.embed_domains, u.branding"
COLUMNS = f"""u.id, u.name, u.email, u.email_verified, u.is_admin, u.plan_id, u.banned_at IS NOT NULL AS is_banned,
    u.file_count, u.storage_used_bytes, u.node_count, u.filesystem_used_bytes, u.created_at, {TERMS},
    u.balance_micro_eur"""

OWNER = f"u.plan_id AS owner_plan_id, {TERMS}, t.month AS transfer_month, t.paid_bytes AS transfer_paid_bytes"
"""What sending a file depends on of its owner, `u`: it rides with the file."""
TRANSFER_JOINED = "LEFT JOIN account_transfer t ON t.user_id = u.id"

NO_TRANSFER = PaidTransfer()

Field = Literal[
    "name",
    "plan_id",
    "hotlinking_enabled",
    "transfer_cap_bytes",
    "skip_file_viewer",
    "embed_domains",
    "affiliate_user_id",
    "checkout_country",
    "checkout_name",
    "checkout_provider",
]
"""What an account may change about itself by simply saying so."""


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
        terms=terms(row),
        balance_micro_eur=row["balance_micro_eur"],
    )


def terms(row: Row) -> Terms:
    return _terms(
        row["hotlinking_enabled"],
        row["transfer_cap_bytes"],
        row["skip_file_viewer"],
        row["embed_domains"],
        row["branding"],
    )


def transfer(row: Row) -> PaidTransfer:
    month = row["transfer_month"]
    return NO_TRANSFER if month is None else PaidTransfer(month, row["transfer_paid_bytes"])


@lru_cache(1000)
def _terms(
    hotlinking_enabled: bool, transfer_cap_bytes: int, skip_file_viewer: bool, embed_domains: str, branding: str
) -> Terms:
    """Of thousands of files of one account the same."""
    return Terms(
        hotlinking_enabled,
        transfer_cap_bytes,
        skip_file_viewer,
        embed_domains,
        msgspec.json.decode(branding, type=dict[str, str]),
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


async def claim_by_verified_emails(tx: Transaction, emails: Sequence[str]) -> dict[str, User]:
    """Accounts whose address is known to be theirs, by the address as it was asked for, without regard to case.

    Locks them against deletion, and nothing else.
    """
    rows = await tx.fetch(
        f"""SELECT asked, {COLUMNS} FROM unnest($1::text[]) AS asked
              JOIN users u ON u.email <> '' AND lower(u.email) = lower(asked) AND u.email_verified
             ORDER BY u.id FOR KEY SHARE OF u""",
        emails,
    )
    return {row["asked"]: user(row) for row in rows}


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


async def settings_of(db: Db, user_id: UUID) -> AccountSettings:
    row = await db.fetchrow(
        """SELECT u.totp_secret_sealed IS NOT NULL AS otp_enabled, coalesce(a.name, '') AS affiliate_user_name,
                  u.checkout_country, u.checkout_name, u.checkout_provider
             FROM users u LEFT JOIN users a ON a.id = u.affiliate_user_id WHERE u.id = $1""",
        user_id,
    )
    return AccountSettings(**row)


async def set_fields(tx: Transaction, user_id: UUID, values: Mapping[Field, object]) -> None:
    """Raises UniqueViolation on `users_name`."""
    settings = ", ".join(f"{field} = ${place}" for place, field in enumerate(values, 2))
    await tx.execute(f"UPDATE users SET {settings} WHERE id = $1", user_id, *values.values())


async def set_branding(db: Db, user_id: UUID, kept: Mapping[str, str], removed: Sequence[str]) -> None:
    """Set some of it and remove some; what is in neither stays."""
    await db.execute(
        "UPDATE users SET branding = (branding || $2) - $3::text[] WHERE id = $1",
        user_id,
        msgspec.json.encode(kept).decode(),
        removed,
    )


async def set_email(tx: Transaction, user_id: UUID, email: str, *, is_verified: bool) -> None:
    """Raises UniqueViolation on `users_email`."""
    await tx.execute("UPDATE users SET email = $2, email_verified = $3 WHERE id = $1", user_id, email, is_verified)


async def is_email_taken(db: Db, email: str) -> bool:
    return bool(
        await db.fetchval("SELECT EXISTS (SELECT 1 FROM users WHERE email <> '' AND lower(email) = lower($1))", email)
    )


async def due(db: Db, now: datetime) -> list[UUID]:
    """Accounts whose time has run out, the longest first."""
    return [row["id"] for row in await db.fetch("SELECT id FROM users WHERE delete_at <= $1 ORDER BY delete_at", now)]


async def delete_some_files(db: Db, user_id: UUID, limit: int) -> int:
    """Returns how many: 0 when none is left."""
    status = await db.execute(
        "DELETE FROM files WHERE id IN (SELECT id FROM files WHERE owner_id = $1 LIMIT $2)", user_id, limit
    )
    return int(status.rsplit(" ", 1)[1])


async def delete_some_nodes(db: Db, user_id: UUID, limit: int) -> int:
    """Leaves of the tree, but not its root. Returns how many: 0 when none is left."""
    status = await db.execute(
        """DELETE FROM nodes WHERE id IN (
               SELECT id FROM nodes WHERE owner_id = $1 AND child_count = 0 AND parent_id IS NOT NULL LIMIT $2)""",
        user_id,
        limit,
    )
    return int(status.rsplit(" ", 1)[1])


async def delete(db: Db, user_id: UUID) -> None:
    """With everything that is still its own."""
    await db.execute("DELETE FROM users WHERE id = $1", user_id)


async def with_wrong_counters(db: Db) -> list[tuple[str, str, int, int]]:
    """(name, counter, counted, there) for counters of accounts that drifted: a bug."""
    rows = await db.fetch(
        """WITH f AS (
               SELECT f.owner_id, count(*) AS count, sum(b.size_bytes)::bigint AS bytes
                 FROM files f JOIN blobs b ON b.digest = f.blob GROUP BY f.owner_id),
           n AS (SELECT owner_id, count(*) FILTER (WHERE parent_id IS NOT NULL OR is_cut_off) AS count,
                        sum(size_bytes)::bigint AS bytes FROM nodes GROUP BY owner_id),
           s AS (SELECT owner_id, sum(size_bytes)::bigint AS bytes
                   FROM (SELECT owner_id, size_bytes FROM push_files
                          UNION ALL SELECT owner_id, size_bytes FROM transfer_files) GROUP BY owner_id),
           l AS (SELECT user_id, sum(amount_micro_eur)::bigint AS sum FROM ledger GROUP BY user_id)
           SELECT u.name, counter, counted, there
             FROM users u LEFT JOIN f ON f.owner_id = u.id LEFT JOIN n ON n.owner_id = u.id
                          LEFT JOIN s ON s.owner_id = u.id LEFT JOIN l ON l.user_id = u.id,
                  LATERAL (VALUES ('files', u.file_count, coalesce(f.count, 0)),
                                  ('bytes', u.storage_used_bytes,
                                   coalesce(f.bytes, 0) + coalesce(n.bytes, 0) + coalesce(s.bytes, 0)),
                                  ('nodes', u.node_count, coalesce(n.count, 0)),
                                  ('bytes in the filesystem', u.filesystem_used_bytes, coalesce(n.bytes, 0)),
                                  ('micro-euro', u.balance_micro_eur, coalesce(l.sum, 0)))
                       AS c (counter, counted, there)
            WHERE counted <> there ORDER BY u.name, counter"""
    )
    return [tuple(row) for row in rows]
