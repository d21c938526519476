"""What the whole instance is used, as time series: sums over all accounts."""

from datetime import datetime, timedelta

from pixelhost.db.accountusage import STATISTICS, Series, Statistic
from pixelhost.db.connect import Db, Row

NUMBER = "floor(date_part('epoch', slot - $1::timestamptz) / $3::float8)::integer"
"""Of the interval of `$3` seconds that a slot begins in, counted from `$1`."""


async def usage(db: Db, start: datetime, end: datetime, interval: timedelta) -> dict[Statistic, Series]:
    """Of [start, end), every statistic of the accounts that are there, with what they have deleted meanwhile."""
    sums = ", ".join(f"sum({statistic})::bigint AS {statistic}" for statistic in STATISTICS)
    amounts = ", ".join(f"array_agg({statistic}) AS {statistic}" for statistic in STATISTICS)
    row = await db.fetchrow(
        f"""SELECT array_agg(number) AS numbers, {amounts} FROM (
                SELECT {NUMBER} AS number, {sums} FROM account_usage WHERE slot >= $1 AND slot < $2
                 GROUP BY number) summed""",
        start,
        end,
        interval.total_seconds(),
    )
    return {statistic: Series(row["numbers"] or [], row[statistic] or []) for statistic in STATISTICS}


async def uploads(db: Db, start: datetime, end: datetime, interval: timedelta) -> tuple[Series, Series]:
    """How many files and nodes were made and are still there, and their bytes."""
    row = await db.fetchrow(
        f"""SELECT array_agg(number) AS numbers, array_agg(made) AS made, array_agg(size_bytes) AS bytes FROM (
                SELECT {NUMBER} AS number, count(*) AS made, sum(size_bytes)::bigint AS size_bytes FROM (
                    SELECT f.uploaded_at AS slot, b.size_bytes FROM files f JOIN blobs b ON b.digest = f.blob
                     WHERE f.uploaded_at >= $1 AND f.uploaded_at < $2
                     UNION ALL
                    SELECT n.created_at, n.size_bytes FROM nodes n
                     WHERE n.created_at >= $1 AND n.created_at < $2 AND n.blob IS NOT NULL) added
                 GROUP BY number) summed""",
        start,
        end,
        interval.total_seconds(),
    )
    return _series(row, "made"), _series(row, "bytes")


async def registrations(db: Db, start: datetime, end: datetime, interval: timedelta) -> Series:
    """New accounts that are still there."""
    row = await db.fetchrow(
        f"""SELECT array_agg(number) AS numbers, array_agg(made) AS made FROM (
                SELECT {NUMBER} AS number, count(*) AS made FROM (
                    SELECT created_at AS slot FROM users WHERE created_at >= $1 AND created_at < $2) found
                 GROUP BY number) summed""",
        start,
        end,
        interval.total_seconds(),
    )
    return _series(row, "made")


def _series(row: Row, amounts: str) -> Series:
    return Series(row["numbers"] or [], row[amounts] or [])
