"""What happened to pushes that somebody is still to be told of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Row, Transaction
from pixelhost.db.pushes import COLUMNS, push
from pixelhost.model.pushes import Push, PushEventKind


@dataclass(frozen=True, slots=True)
class Due:
    """`push` is as it is now, perhaps later than the event."""

    event_id: int
    kind: PushEventKind
    ip: str
    user_agent: str
    happened_at: datetime
    push: Push
    owner_id: UUID
    owner_name: str
    verified_email: str
    """Empty where the owner has none."""


async def claim(tx: Transaction, limit: int) -> list[Due]:
    """The oldest that are due and nobody else's at the moment, locked."""
    rows = await tx.fetch(
        f"""SELECT e.id AS event_id, e.kind AS event, e.ip, e.user_agent, e.happened_at, u.id AS user_id,
                   u.name AS user_name, CASE WHEN u.email_verified THEN u.email ELSE '' END AS verified_email, {COLUMNS}
              FROM push_events e JOIN pushes p ON p.id = e.push_id JOIN users u ON u.id = p.owner_id
             WHERE e.is_notice_due AND e.kind <> 'creation_email_send'
             ORDER BY e.id LIMIT $1 FOR UPDATE OF e SKIP LOCKED""",
        limit,
    )
    return [_due(row) for row in rows]


async def set_told(tx: Transaction, event_ids: Sequence[int]) -> None:
    await tx.execute("UPDATE push_events SET is_notice_due = false WHERE id = ANY($1)", event_ids)


def _due(row: Row) -> Due:
    return Due(
        row["event_id"],
        row["event"],
        row["ip"],
        row["user_agent"],
        row["happened_at"],
        push(row),
        row["user_id"],
        row["user_name"],
        row["verified_email"],
    )
