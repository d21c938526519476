"""Mail about pushes that their owners had sent: the events that tell of it, and what became of the letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from pixelhost.db.connect import Db, Transaction


@dataclass(frozen=True, slots=True)
class LetterState:
    """`is_done`: it was sent, at `sent_at`, or given up, and then that is None."""

    recipient: str
    is_done: bool
    sent_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class Open:
    """An event some of whose letters may still be on their way."""

    event_id: int
    detail: Mapping[str, str]


async def states(db: Db, letter_ids: Sequence[UUID]) -> dict[UUID, LetterState]:
    """Of those letters that aren't forgotten."""
    rows = await db.fetch(
        "SELECT id, recipient, due_at IS NULL AS is_done, sent_at, last_error FROM outbox WHERE id = ANY($1)",
        letter_ids,
    )
    return {row["id"]: LetterState(row["recipient"], row["is_done"], row["sent_at"], row["last_error"]) for row in rows}


async def set_open(tx: Transaction, push_id: int) -> None:
    """The newest of the push's mailings: it is looked at again until all its letters are done."""
    await tx.execute(
        """UPDATE push_events SET is_notice_due = true
            WHERE id = (SELECT max(id) FROM push_events WHERE push_id = $1 AND kind = 'creation_email_send')""",
        push_id,
    )


async def open_after(db: Db, event_id: int, limit: int) -> list[Open]:
    rows = await db.fetch(
        """SELECT id, detail FROM push_events
            WHERE is_notice_due AND kind = 'creation_email_send' AND id > $1 ORDER BY id LIMIT $2""",
        event_id,
        limit,
    )
    return [Open(row["id"], msgspec.json.decode(row["detail"], type=dict[str, str])) for row in rows]


async def set_outcome(db: Db, event_id: int, detail: Mapping[str, str]) -> None:
    """What became of its letters, for good."""
    await db.execute(
        "UPDATE push_events SET detail = $2, is_notice_due = false WHERE id = $1",
        event_id,
        msgspec.json.encode(detail).decode(),
    )
