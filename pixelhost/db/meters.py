"""Meters: what accounts have used and not been charged for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Transaction


@dataclass(frozen=True, slots=True)
class Meter:
    """`read_at` is a full hour, None while hours aren't charged; the storage is what was used then.

    The owed figures are parts of a micro-euro; `core.prices` says how many make one.
    """

    read_at: datetime | None
    storage_bytes: int
    transfer_bytes: int
    storage_owed: int
    transfer_owed: int
    subscription_owed: int


Transfer = Mapping[tuple[UUID, int], int]
"""Bytes by who pays for them, and at what price a terabyte."""


async def due(db: Db, plan_ids: Sequence[str], hour: datetime, latest: datetime, after: UUID, limit: int) -> list[UUID]:
    """Accounts with an ID above `after` whose meter is to be looked at: those on these plans that weren't at this hour
    (nor, by a clock that was wrong, beyond `latest`), those whose plan isn't among these any more, and those that owe
    for transfer.
    """
    rows = await db.fetch(
        """SELECT u.id FROM users u LEFT JOIN meters m ON m.user_id = u.id
            WHERE u.id > $4 AND (m.transfer_bytes > 0 OR CASE WHEN u.plan_id = ANY($1)
                      THEN m.read_at IS NULL OR m.read_at < $2 OR m.read_at > $3 ELSE m.read_at IS NOT NULL END)
            ORDER BY u.id LIMIT $5""",
        plan_ids,
        hour,
        latest,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def claim(tx: Transaction, user_id: UUID) -> Meter:
    """The meter of an account, locked; a new one where there is none."""
    await tx.execute("INSERT INTO meters (user_id) VALUES ($1) ON CONFLICT DO NOTHING", user_id)
    row = await tx.fetchrow(
        """SELECT read_at, storage_bytes, transfer_bytes, storage_owed, transfer_owed, subscription_owed
             FROM meters WHERE user_id = $1 FOR UPDATE""",
        user_id,
    )
    return Meter(
        row["read_at"],
        row["storage_bytes"],
        row["transfer_bytes"],
        int(row["storage_owed"]),
        int(row["transfer_owed"]),
        int(row["subscription_owed"]),
    )


async def update(tx: Transaction, user_id: UUID, meter: Meter) -> None:
    await tx.execute(
        """UPDATE meters SET read_at = $2, storage_bytes = $3, transfer_bytes = $4, storage_owed = $5,
                             transfer_owed = $6, subscription_owed = $7 WHERE user_id = $1""",
        user_id,
        meter.read_at,
        meter.storage_bytes,
        meter.transfer_bytes,
        meter.storage_owed,
        meter.transfer_owed,
        meter.subscription_owed,
    )


async def add_transfer(db: Db, batch_id: UUID, sent: Transfer, now: datetime) -> None:
    """Add a batch; a second time with the same ID it does nothing. Accounts deleted meanwhile are left out."""
    await db.execute(
        """WITH turn AS MATERIALIZED (
                INSERT INTO usage_batches (id, applied_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id),
            sums AS MATERIALIZED (
                SELECT s.user_id, sum(s.bytes)::bigint AS bytes, sum(s.bytes::numeric * s.price) AS owed
                  FROM turn, unnest($3::uuid[], $4::bigint[], $5::bigint[]) AS s (user_id, price, bytes)
                 GROUP BY s.user_id),
            there AS MATERIALIZED (
                SELECT s.* FROM sums s JOIN users u ON u.id = s.user_id ORDER BY u.id FOR KEY SHARE OF u)
            INSERT INTO meters AS m (user_id, transfer_bytes, transfer_owed)
            SELECT user_id, bytes, owed FROM there
            ON CONFLICT (user_id) DO UPDATE SET transfer_bytes = m.transfer_bytes + excluded.transfer_bytes,
                                                transfer_owed = m.transfer_owed + excluded.transfer_owed""",
        batch_id,
        now,
        [user_id for user_id, _ in sent],
        [price for _, price in sent],
        list(sent.values()),
    )
