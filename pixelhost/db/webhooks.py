"""Webhooks and the messages on their way to them, claimed by whoever sends them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.pushes import Webhook

_COLUMNS: Final = (
    *("id", "user_id", "url", "secret_sealed", "events", "created_at", "failing_since", "disabled_at"),
    *("last_made_at", "last_arrived_at", "last_error"),
)
COLUMNS: Final = """w.id, w.user_id, w.url, w.secret_sealed, w.events, w.created_at, w.failing_since, w.disabled_at,
    m.created_at AS last_made_at, m.arrived_at AS last_arrived_at, coalesce(m.last_error, '') AS last_error"""
LAST_JOINED: Final = """LEFT JOIN LATERAL (
    SELECT created_at, arrived_at, last_error FROM webhook_messages
     WHERE webhook_id = w.id ORDER BY created_at DESC, id LIMIT 1) m ON true"""


@dataclass(frozen=True, slots=True)
class Message:
    """`attempts` counts those begun, the present one included."""

    id: UUID
    webhook_id: UUID
    body: str
    created_at: datetime
    attempts: int
    user_id: UUID
    url: str
    secret_sealed: bytes


@dataclass(frozen=True, slots=True)
class Failing:
    """A webhook that took none of its messages since a moment."""

    webhook_id: UUID
    user_id: UUID
    url: str
    since: datetime


def webhook(row: Row) -> Webhook:
    return Webhook(**{name: row[name] for name in _COLUMNS})


async def insert(
    tx: Transaction, user_id: UUID, url: str, secret_sealed: bytes, events: Sequence[str], now: datetime
) -> Webhook:
    row = await tx.fetchrow(
        """INSERT INTO webhooks (user_id, url, secret_sealed, events, created_at) VALUES ($1, $2, $3, $4, $5)
           RETURNING id, user_id, url, secret_sealed, events, created_at""",
        user_id,
        url,
        secret_sealed,
        events,
        now,
    )
    return Webhook(**row)


async def of_user(db: Db, user_id: UUID) -> list[Webhook]:
    """The oldest first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM webhooks w {LAST_JOINED} WHERE w.user_id = $1 ORDER BY w.created_at, w.id", user_id
    )
    return [webhook(row) for row in rows]


async def by_id(db: Db, user_id: UUID, webhook_id: UUID) -> Webhook | None:
    """None where it is somebody else's."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM webhooks w {LAST_JOINED} WHERE w.id = $2 AND w.user_id = $1", user_id, webhook_id
    )
    return webhook(row) if row else None


async def count(db: Db, user_id: UUID) -> int:
    return int(await db.fetchval("SELECT count(*) FROM webhooks WHERE user_id = $1", user_id))


async def delete(db: Db, user_id: UUID, webhook_id: UUID) -> bool:
    """Whether it was there."""
    row = await db.fetchrow("DELETE FROM webhooks WHERE id = $2 AND user_id = $1 RETURNING 1", user_id, webhook_id)
    return row is not None


async def set_secret(db: Db, user_id: UUID, webhook_id: UUID, secret_sealed: bytes) -> bool:
    """Whether it is there."""
    row = await db.fetchrow(
        "UPDATE webhooks SET secret_sealed = $3 WHERE id = $2 AND user_id = $1 RETURNING 1",
        user_id,
        webhook_id,
        secret_sealed,
    )
    return row is not None


async def set_enabled(tx: Transaction, webhook_id: UUID) -> None:
    """As if it had never failed."""
    await tx.execute("UPDATE webhooks SET failing_since = NULL, disabled_at = NULL WHERE id = $1", webhook_id)


async def add_message(tx: Transaction, webhook_id: UUID, body: str, now: datetime) -> UUID:
    message_id: UUID = await tx.fetchval(
        """INSERT INTO webhook_messages (webhook_id, body, created_at, due_at) VALUES ($1, $2, $3, $3)
           RETURNING id""",
        webhook_id,
        body,
        now,
    )
    return message_id


async def add_messages(tx: Transaction, user_id: UUID, event: str, body: str, now: datetime) -> None:
    """One for each webhook of the account that wants this event."""
    await tx.execute(
        """INSERT INTO webhook_messages (webhook_id, body, created_at, due_at)
           SELECT id, $3, $4, $4 FROM webhooks WHERE user_id = $1 AND $2 = ANY(events) AND disabled_at IS NULL""",
        user_id,
        event,
        body,
        now,
    )


async def claim_message(db: Db, now: datetime, leased_until: datetime, busy: Collection[UUID]) -> Message | None:
    """The message that has been due the longest, nobody else's before `leased_until`; None when none is due.

    None of the accounts that are `busy`.
    """
    row = await db.fetchrow(
        """UPDATE webhook_messages m SET attempts = attempts + 1, due_at = $2
             FROM webhooks w
            WHERE m.id = (SELECT d.id FROM webhook_messages d JOIN webhooks o ON o.id = d.webhook_id
                           WHERE d.due_at <= $1 AND o.user_id <> ALL($3::uuid[])
                           ORDER BY d.due_at LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
              AND w.id = m.webhook_id
            RETURNING m.id, m.webhook_id, m.body, m.created_at, m.attempts, w.user_id, w.url, w.secret_sealed""",
        now,
        leased_until,
        list(busy),
    )
    return Message(**row) if row else None


async def set_arrived(tx: Transaction, message: Message, now: datetime) -> None:
    # The webhook first, as where its messages are given up.
    await tx.execute(
        "UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL", message.webhook_id
    )
    await tx.execute(
        "UPDATE webhook_messages SET arrived_at = $2, due_at = NULL, last_error = '' WHERE id = $1", message.id, now
    )


async def set_failed(
    tx: Transaction, message: Message, due_at: datetime | None, error: str, now: datetime
) -> Failing | None:
    """To be tried again at `due_at`, never where that is None. None when the webhook has gone meanwhile."""
    row = await tx.fetchrow(
        """UPDATE webhooks SET failing_since = coalesce(failing_since, $2) WHERE id = $1
           RETURNING id AS webhook_id, user_id, url, failing_since AS since""",
        message.webhook_id,
        now,
    )
    await tx.execute(
        "UPDATE webhook_messages SET due_at = $2, last_error = $3 WHERE id = $1", message.id, due_at, error
    )
    return Failing(**row) if row else None


async def hold_back(tx: Transaction, webhook_id: UUID, now: datetime, until: datetime) -> None:
    """Other messages that are due to the same webhook, which would fare no better now."""
    await tx.execute(
        """UPDATE webhook_messages SET due_at = $3 WHERE id = ANY(ARRAY(
               SELECT id FROM webhook_messages WHERE webhook_id = $1 AND due_at <= $2 FOR UPDATE SKIP LOCKED))""",
        webhook_id,
        now,
        until,
    )


async def disable(tx: Transaction, webhook_id: UUID, now: datetime, error: str) -> bool:
    """Nothing more is sent to it. False when it was so already."""
    row = await tx.fetchrow(
        "UPDATE webhooks SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING 1", webhook_id, now
    )
    await tx.execute(
        "UPDATE webhook_messages SET due_at = NULL, last_error = $2 WHERE webhook_id = $1 AND due_at IS NOT NULL",
        webhook_id,
        error,
    )
    return row is not None


async def delete_messages_before(db: Db, created_before: datetime) -> None:
    await db.execute("DELETE FROM webhook_messages WHERE created_at < $1", created_before)
