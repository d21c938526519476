"""Accounts as administrators see and change them."""

from dataclasses import dataclass
from uuid import UUID

from pixelhost.db import users
from pixelhost.db.connect import Db, Row
from pixelhost.model.accounts import AccountDetails


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the whole instance. Sizes are bytes."""

    users: int
    users_banned: int
    sessions: int
    files: int
    filesystem_nodes: int
    lists: int
    storage_used_bytes: int
    blobs: int
    blob_storage_used_bytes: int
    database_size_bytes: int
    mail_waiting: int


COLUMNS = f"""{users.COLUMNS}, u.totp_secret_sealed IS NOT NULL AS otp_enabled, u.banned_at, u.ban_reason, u.delete_at,
    (SELECT max(s.last_used_at) FROM sessions s WHERE s.user_id = u.id) AS last_used_at"""

MATCHES = "(position(lower($1) IN lower(u.name)) > 0 OR position(lower($1) IN lower(u.email)) > 0)"


def details(row: Row) -> AccountDetails:
    return AccountDetails(
        user=users.user(row),
        otp_enabled=row["otp_enabled"],
        banned_at=row["banned_at"],
        ban_reason=row["ban_reason"],
        goes_at=row["delete_at"],
        last_used_at=row["last_used_at"],
    )


async def by_id(db: Db, user_id: UUID) -> AccountDetails | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM users u WHERE u.id = $1", user_id)
    return details(row) if row else None


async def search(db: Db, text: str, limit: int, offset: int) -> list[AccountDetails]:
    """Those with `text` in their name or e-mail address, by name."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM users u WHERE {MATCHES} ORDER BY lower(u.name) LIMIT $2 OFFSET $3", text, limit, offset
    )
    return [details(row) for row in rows]


async def count(db: Db, text: str) -> int:
    """How many `search` would find."""
    return int(await db.fetchval(f"SELECT count(*) FROM users u WHERE {MATCHES}", text))


async def banned(db: Db) -> list[AccountDetails]:
    """Latest ban first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM users u WHERE u.banned_at IS NOT NULL ORDER BY u.banned_at DESC, lower(u.name)"
    )
    return [details(row) for row in rows]


async def set_plan(db: Db, user_id: UUID, plan_id: str) -> None:
    await db.execute("UPDATE users SET plan_id = $2 WHERE id = $1", user_id, plan_id)


async def figures(db: Db) -> Figures:
    row = await db.fetchrow(
        """SELECT (SELECT count(*) FROM users) AS users,
                  (SELECT count(*) FROM users WHERE banned_at IS NOT NULL) AS users_banned,
                  (SELECT count(*) FROM sessions) AS sessions,
                  (SELECT coalesce(sum(file_count), 0)::bigint FROM users) AS files,
                  (SELECT coalesce(sum(node_count), 0)::bigint FROM users) AS filesystem_nodes,
                  (SELECT count(*) FROM lists) AS lists,
                  (SELECT coalesce(sum(storage_used_bytes), 0)::bigint FROM users) AS storage_used_bytes,
                  (SELECT count(*) FROM blobs) AS blobs,
                  (SELECT coalesce(sum(size_bytes), 0)::bigint FROM blobs) AS blob_storage_used_bytes,
                  pg_database_size(current_database()) AS database_size_bytes,
                  (SELECT count(*) FROM outbox WHERE due_at IS NOT NULL) AS mail_waiting"""
    )
    return Figures(**row)
