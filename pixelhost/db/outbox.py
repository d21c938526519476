"""Letters to be sent: rows are written in the transaction that causes them, and claimed by whoever sends them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Row


@dataclass(frozen=True, slots=True)
class Letter:
    """`attempts` counts those begun, the present one included."""

    id: UUID
    recipient: str
    subject: str
    text: str
    html: str
    created_at: datetime
    attempts: int


async def insert(db: Db, recipient: str, *, subject: str, text: str, html: str, now: datetime) -> UUID:
    row: Row = await db.fetchrow(
        """INSERT INTO outbox (recipient, subject, text, html, created_at, due_at)
           VALUES ($1, $2, $3, $4, $5, $5) RETURNING id""",
        recipient,
        subject,
        text,
        html,
        now,
    )
    found: UUID = row["id"]
    return found


async def claim(db: Db, now: datetime, leased_until: datetime) -> Letter | None:
    """The letter that has been due the longest, nobody else's before `leased_until`; None when none is due."""
    row = await db.fetchrow(
        """UPDATE outbox SET attempts = attempts + 1, due_at = $2
            WHERE id = (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, recipient, subject, text, html, created_at, attempts""",
        now,
        leased_until,
    )
    return Letter(**row) if row else None


async def set_sent(db: Db, letter_id: UUID, now: datetime) -> None:
    """Keeps that it was sent, and no more what it said: letters hold links that log people in."""
    await db.execute(
        "UPDATE outbox SET sent_at = $2, due_at = NULL, text = '', html = '', last_error = '' WHERE id = $1",
        letter_id,
        now,
    )


async def set_due(db: Db, letter_id: UUID, due_at: datetime, error: str) -> None:
    """To be tried again."""
    await db.execute("UPDATE outbox SET due_at = $2, last_error = $3 WHERE id = $1", letter_id, due_at, error)


async def set_given_up(db: Db, letter_id: UUID, error: str) -> None:
    """Keeps why, and no more what it said."""
    await db.execute(
        "UPDATE outbox SET due_at = NULL, text = '', html = '', last_error = $2 WHERE id = $1", letter_id, error
    )


async def delete_before(db: Db, created_before: datetime) -> None:
    """Forget letters that were sent or given up."""
    await db.execute("DELETE FROM outbox WHERE due_at IS NULL AND created_at < $1", created_before)
