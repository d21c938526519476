"""Bans, rate limits and what an address has used up."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pixelhost.db.connect import Db

Window = tuple[str, str, datetime]
"""Of an action, by a subject, from a moment on."""


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


async def add_uses(db: Db, uses: Mapping[Window, int]) -> dict[Window, int]:
    """Count so many uses in each of several windows. Returns the uses so far, these included."""
    rows = await db.fetch(
        """INSERT INTO rate_windows (action, subject, starts_at, uses)
           SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[]) ORDER BY 1, 2, 3
           ON CONFLICT (action, subject, starts_at) DO UPDATE SET uses = rate_windows.uses + excluded.uses
           RETURNING action, subject, starts_at, uses""",
        [action for action, _, _ in uses],
        [subject for _, subject, _ in uses],
        [starts_at for _, _, starts_at in uses],
        list(uses.values()),
    )
    return {(row["action"], row["subject"], row["starts_at"]): int(row["uses"]) for row in rows}


async def add_several(db: Db, action: str, subject: str, window_starts_at: datetime, count: int) -> int:
    """Count several uses of one kind. Returns the uses so far."""
    return int(
        await db.fetchval(
            """INSERT INTO rate_windows (action, subject, starts_at, uses) VALUES ($1, $2, $3, $4)
               ON CONFLICT (action, subject, starts_at) DO UPDATE SET uses = rate_windows.uses + excluded.uses
               RETURNING uses""",
            action,
            subject,
            window_starts_at,
            count,
        )
    )


async def forget(db: Db, action: str, subject: str) -> None:
    """As if there had been no uses."""
    await db.execute("DELETE FROM rate_windows WHERE action = $1 AND subject = $2", action, subject)


async def uses(db: Db, action: str, subjects: Sequence[str], window_starts_at: datetime) -> dict[str, int]:
    """Uses so far in a fixed window, of each of `subjects`."""
    rows = await db.fetch(
        "SELECT subject, uses FROM rate_windows WHERE action = $1 AND subject = ANY($2) AND starts_at = $3",
        action,
        subjects,
        window_starts_at,
    )
    return dict.fromkeys(subjects, 0) | {row["subject"]: row["uses"] for row in rows}


async def usage_since(db: Db, visitor: bytes, since: datetime) -> tuple[int, int]:
    """(downloads, bytes) of an address since the hour of `since`."""
    row = await db.fetchrow(
        """SELECT coalesce(sum(downloads), 0)::bigint AS downloads, coalesce(sum(bytes_sent), 0)::bigint AS bytes
             FROM visitor_usage WHERE visitor = $1 AND hour >= date_trunc('hour', $2::timestamptz, 'UTC')""",
        visitor,
        since,
    )
    return row["downloads"], row["bytes"]


async def delete_before(db: Db, windows_before: datetime, usage_before: datetime) -> None:
    await db.execute("DELETE FROM rate_windows WHERE starts_at < $1", windows_before)
    await db.execute("DELETE FROM visitor_usage WHERE hour < $1", usage_before)
    await db.execute("DELETE FROM usage_batches WHERE applied_at < $1", windows_before)
