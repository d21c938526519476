"""Who reports abuse by trade, and what they may take down by themselves."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Row
from pixelhost.model.abuse import AbuseReporter

SELECTED = """SELECT r.id, r.name, r.email, r.user_id, coalesce(u.name, '') AS user, r.types, r.created_at,
       r.last_used_at, (SELECT count(*) FROM takedowns t WHERE t.reporter = r.name) AS takedowns
  FROM abuse_reporters r LEFT JOIN users u ON u.id = r.user_id"""


def reporter(row: Row) -> AbuseReporter:
    return AbuseReporter(
        row["id"],
        row["name"],
        row["email"],
        row["user_id"],
        row["user"],
        tuple(row["types"]),
        row["created_at"],
        row["last_used_at"],
        row["takedowns"],
    )


async def everyone(db: Db) -> list[AbuseReporter]:
    """By name."""
    return [reporter(row) for row in await db.fetch(f"{SELECTED} ORDER BY lower(r.name)")]


async def of_user(db: Db, user_id: UUID) -> AbuseReporter | None:
    row = await db.fetchrow(f"{SELECTED} WHERE r.user_id = $1", user_id)
    return reporter(row) if row else None


async def save(db: Db, name: str, email: str, user_id: UUID | None, types: Sequence[str], now: datetime) -> None:
    """A new one, or another account and other types for one with this name.

    Raises UniqueViolation when the account is another reporter's.
    """
    await db.execute(
        """INSERT INTO abuse_reporters (name, email, user_id, types, created_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (lower(name)) DO UPDATE
              SET name = excluded.name, email = excluded.email, user_id = excluded.user_id, types = excluded.types""",
        name,
        email,
        user_id,
        types,
        now,
    )


async def delete(db: Db, name: str) -> bool:
    """Whether there was one. What it had taken down stays so."""
    return bool(await db.execute("DELETE FROM abuse_reporters WHERE lower(name) = lower($1)", name) == "DELETE 1")


async def set_used(db: Db, reporter_id: int, now: datetime) -> None:
    await db.execute("UPDATE abuse_reporters SET last_used_at = $2 WHERE id = $1", reporter_id, now)
