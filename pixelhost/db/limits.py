"""Bans and rate limits."""

from collections.abc import Sequence
from datetime import datetime

from pixelhost.db.connect import Db


async def add_ban(db: Db, network: str, reason: str, now: datetime, expires_at: datetime | None) -> None:
    await db.execute(
        """INSERT INTO ip_bans (network, reason, banned_at, expires_at) VALUES ($1::text::cidr, $2, $3, $4)
           ON CONFLICT (network) DO UPDATE SET reason = excluded.reason, expires_at = excluded.expires_at""",
        network,
        reason,
        now,
        expires_at,
    )


async def add_use(db: Db, action: str, subject: str, window_starts_at: datetime) -> int:
    """Count one use in a fixed window. Returns the uses so far, this one included: exact across workers."""
    return int(
        await db.fetchval(
            """INSERT INTO rate_windows (action, subject, starts_at, uses) VALUES ($1, $2, $3, 1)
               ON CONFLICT (action, subject, starts_at) DO UPDATE SET uses = rate_windows.uses + 1
               RETURNING uses""",
            action,
            subject,
            window_starts_at,
        )
    )


async def add_uses(db: Db, actions: Sequence[str], subject: str, windows: Sequence[datetime]) -> list[int]:
    """The same for several actions, each in its window: the uses so far in the order of `actions`."""
    rows = await db.fetch(
        """INSERT INTO rate_windows (action, subject, starts_at, uses)
           SELECT action, $2, starts_at, 1 FROM unnest($1::text[], $3::timestamptz[]) AS u (action, starts_at)
            ORDER BY action
           ON CONFLICT (action, subject, starts_at) DO UPDATE SET uses = rate_windows.uses + 1
           RETURNING action, uses""",
        actions,
        subject,
        windows,
    )
    by_action = {row["action"]: int(row["uses"]) for row in rows}
    return [by_action[action] for action in actions]


async def uses(db: Db, action: str, subjects: Sequence[str], window_starts_at: datetime) -> dict[str, int]:
    """Uses so far in a fixed window, of each of `subjects`."""
    rows = await db.fetch(
        "SELECT subject, uses FROM rate_windows WHERE action = $1 AND subject = ANY($2) AND starts_at = $3",
        action,
        subjects,
        window_starts_at,
    )
    return dict.fromkeys(subjects, 0) | {row["subject"]: row["uses"] for row in rows}


async def delete_before(db: Db, windows_before: datetime) -> None:
    await db.execute("DELETE FROM rate_windows WHERE starts_at < $1", windows_before)
    await db.execute("DELETE FROM usage_batches WHERE applied_at < $1", windows_before)
