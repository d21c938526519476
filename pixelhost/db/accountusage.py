"""What accounts' files and filesystems are used: sums that triggers keep while `stats` counts, read as time series."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from pixelhost.db.connect import Db

Statistic = Literal["views", "downloads", "bandwidth_bytes", "bandwidth_paid_bytes"]
STATISTICS: tuple[Statistic, ...] = ("views", "downloads", "bandwidth_bytes", "bandwidth_paid_bytes")


@dataclass(frozen=True, slots=True)
class Series:
    """Amounts by the number of their interval, counted from the start: as many for an interval as it has slots."""

    numbers: list[int]
    amounts: list[int]


async def of_account(
    db: Db, user_id: UUID, statistic: Statistic, start: datetime, end: datetime, interval: timedelta
) -> Series:
    """Of [start, end), what was deleted meanwhile included. A slot counts where it begins."""
    row = await db.fetchrow(
        f"""SELECT array_agg({NUMBER}) AS numbers, array_agg({statistic}) AS amounts
              FROM account_usage WHERE user_id = $1 AND slot >= $2 AND slot < $3""",
        user_id,
        start,
        end,
        interval.total_seconds(),
    )
    return Series(row["numbers"] or [], row["amounts"] or [])


async def of_file(db: Db, file_id: str, start: datetime, end: datetime, interval: timedelta) -> dict[Statistic, Series]:
    """The same of a file, every statistic."""
    amounts = ", ".join(f"array_agg({statistic}) AS {statistic}" for statistic in STATISTICS)
    row = await db.fetchrow(
        f"""SELECT array_agg({NUMBER}) AS numbers, {amounts}
              FROM file_usage WHERE file_id = $1 AND slot >= $2 AND slot < $3""",
        file_id,
        start,
        end,
        interval.total_seconds(),
    )
    return {statistic: Series(row["numbers"] or [], row[statistic] or []) for statistic in STATISTICS}


async def added(db: Db, user_id: UUID, start: datetime, end: datetime, interval: timedelta) -> Series:
    """Bytes of files and nodes that are there, by when they were made."""
    row = await db.fetchrow(
        f"""SELECT array_agg(number) AS numbers, array_agg(size_bytes) AS amounts FROM (
                SELECT {NUMBER} AS number, sum(size_bytes)::bigint AS size_bytes FROM (
                    SELECT f.uploaded_at AS slot, b.size_bytes FROM files f JOIN blobs b ON b.digest = f.blob
                     WHERE f.owner_id = $1 AND f.uploaded_at >= $2 AND f.uploaded_at < $3
                     UNION ALL
                    SELECT n.created_at, n.size_bytes FROM nodes n
                     WHERE n.owner_id = $1 AND n.created_at >= $2 AND n.created_at < $3 AND n.blob IS NOT NULL) added
                 GROUP BY number) summed""",
        user_id,
        start,
        end,
        interval.total_seconds(),
    )
    return Series(row["numbers"] or [], row["amounts"] or [])


async def paid_in_month(db: Db, user_id: UUID, month: date) -> int:
    """Bytes that went out as paid transfer since the first day of the current month."""
    return int(
        await db.fetchval("SELECT paid_bytes FROM account_transfer WHERE user_id = $1 AND month = $2", user_id, month)
        or 0
    )


NUMBER = "floor(date_part('epoch', slot - $2::timestamptz) / $4::float8)::integer"
"""Of the interval of `$4` seconds that a slot begins in, counted from `$2`."""
