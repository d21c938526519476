"""What happened to pushes: at most so many rows a push, the oldest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from pixelhost.db.connect import Db, Transaction
from pixelhost.db.pushes import EVENTS_MAX, WATCHED
from pixelhost.model.pushes import PushEvent, PushEventKind, Visit

NOBODY: Final = Visit("", "", "")


async def add(
    tx: Transaction,
    push_id: int,
    kind: PushEventKind,
    visit: Visit,
    now: datetime,
    *,
    is_notice_due: bool = False,
    detail: Mapping[str, str] | None = None,
) -> bool:
    """Log something of a push, whose row this locks. False where its log is full.

    Where `is_notice_due`, the owner is told if a webhook of theirs is.
    """
    event_id = await tx.fetchval(
        f"""WITH p AS (
                UPDATE pushes SET events = events + 1 WHERE id = $1 AND events < {EVENTS_MAX} RETURNING id, owner_id
            )
            INSERT INTO push_events (push_id, kind, ip, user_agent, referrer, happened_at, is_notice_due, detail)
            SELECT id, $2, $3, $4, $5, $6, $7 AND {WATCHED}, $8 FROM p RETURNING id""",
        push_id,
        kind,
        visit.ip,
        visit.user_agent,
        visit.referrer,
        now,
        is_notice_due,
        msgspec.json.encode(detail).decode() if detail else None,
    )
    return event_id is not None


async def add_ends(tx: Transaction, push_ids: Sequence[int], kind: PushEventKind, visit: Visit, now: datetime) -> None:
    """Log the end of pushes, however full their logs are: each has one. Told where anybody wants to be."""
    await tx.execute(
        f"""INSERT INTO push_events (push_id, kind, ip, user_agent, referrer, happened_at, is_notice_due)
            SELECT id, $2, $3, $4, $5, $6, mails_on_expiry OR {WATCHED} FROM pushes p WHERE id = ANY($1) ORDER BY id""",
        push_ids,
        kind,
        visit.ip,
        visit.user_agent,
        visit.referrer,
        now,
    )


async def of_push(db: Db, push_id: int, skip: int, limit: int) -> list[PushEvent]:
    """The oldest first."""
    rows = await db.fetch(
        """SELECT kind, ip, user_agent, referrer, happened_at, detail FROM push_events
            WHERE push_id = $1 ORDER BY id OFFSET $2 LIMIT $3""",
        push_id,
        skip,
        limit,
    )
    return [
        PushEvent(
            row["kind"],
            Visit(row["ip"], row["user_agent"], row["referrer"]),
            row["happened_at"],
            msgspec.json.decode(row["detail"], type=dict[str, str]) if row["detail"] else {},
        )
        for row in rows
    ]
