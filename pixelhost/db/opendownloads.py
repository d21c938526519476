"""Downloads under way, and what addresses have used up of their limits: exact across workers and machines."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from pixelhost.db.connect import Db, Transaction

NO_LIMIT = -1
DOWNLOADS_PER_VIEW = 3

Refusal = Literal["", "rate", "transfer", "downloads", "overload", "at_once"]
Share = tuple[bytes, int]
"""Who shares a speed: a visitor, and the speed in bytes a second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of an address: in the last 24 hours, at once, and of everybody at once. -1 is no limit, of the speed 0."""

    downloads: int = NO_LIMIT
    transfer_bytes: int = NO_LIMIT
    at_once: int = NO_LIMIT
    overall: int = NO_LIMIT
    bytes_per_second: int = 0

    @property
    def hold(self) -> bool:
        """Whether there are any."""
        return self != Limits()


@dataclass(frozen=True, slots=True)
class Download:
    """What is to begin. `subjects` are what it is of, `rated` the IDs of those files among it that have a rate limit;
    `is_free`: that limits hold for it, but for counting it.
    """

    visitor: bytes
    subjects: Sequence[str]
    limits: Limits
    is_free: bool
    rated: Sequence[str] = ()

    @property
    def share(self) -> Share:
        return self.visitor, self.limits.bytes_per_second

    @property
    def is_counted(self) -> bool:
        """Whether some limit has to know when it begins, and when it ends."""
        return bool(self.rated) or self.limits.hold


@dataclass(frozen=True, slots=True)
class Begun:
    """`refusal` is empty where it began; `sharing` is how many share its speed, itself included."""

    refusal: Refusal
    number: int
    sharing: int


@dataclass(frozen=True, slots=True)
class Ended:
    """`sent_bytes` are what counts of them for the daily limit of the visitor."""

    number: int
    sent_bytes: int


async def begin(
    db: Db,
    process: int,
    download: Download,
    size_bytes: int,
    now: datetime,
    ended: Sequence[Ended] = (),
    lifted: Collection[Refusal] = (),
) -> Begun:
    """Begin a download of so many bytes unless a limit refuses it, after those that have ended.

    `lifted` are the limits that don't matter, among `rate`, `downloads` and `overload`.
    """
    return await _begin(db, process, download, size_bytes, now, ended, lifted, is_trial=False)


async def trial(db: Db, download: Download, now: datetime, lifted: Collection[Refusal] = ()) -> Begun:
    """Whether a limit would refuse it. Nothing begins."""
    return await _begin(db, 0, download, 0, now, (), lifted, is_trial=True)


async def _begin(
    db: Db,
    process: int,
    download: Download,
    size_bytes: int,
    now: datetime,
    ended: Sequence[Ended],
    lifted: Collection[Refusal],
    *,
    is_trial: bool,
) -> Begun:
    limits = download.limits
    arguments = [
        process,
        download.visitor,
        download.subjects,
        now,
        size_bytes,
        download.is_free,
        limits.downloads,
        limits.transfer_bytes,
        limits.at_once,
        limits.overall,
        limits.bytes_per_second,
        download.rated,
        DOWNLOADS_PER_VIEW,
    ]
    if lifted or is_trial or ended:
        numbers, sent_bytes = [one.number for one in ended], [one.sent_bytes for one in ended]
        arguments += [list(lifted), is_trial, numbers, sent_bytes]
    refusal, number, sharing = await db.fetchval(_call(len(arguments)), *arguments)
    return Begun(refusal, number or 0, sharing or 1)


@cache
def _call(count: int) -> str:
    return f"SELECT begin_download({', '.join(f'${place}' for place in range(1, count + 1))})"


async def end(db: Db, ended: Sequence[Ended], now: datetime) -> None:
    """They are over, and were sent so much. A second time counts nothing."""
    await db.execute(
        "SELECT end_downloads($1, $2, $3)",
        [one.number for one in ended],
        [one.sent_bytes for one in ended],
        now,
    )


async def end_others(db: Db, process: int, numbers: Collection[int]) -> None:
    """Those of a process that are none of `numbers`: it never heard that they had begun, and sends nothing of them."""
    await db.execute(
        """WITH unheard_of AS (DELETE FROM open_downloads WHERE process = $1 AND id <> ALL($2::bigint[]) RETURNING id)
           DELETE FROM uncounted_downloads WHERE number IN (SELECT id FROM unheard_of)""",
        process,
        list(numbers),
    )


async def forget_counted(tx: Transaction, numbers: Sequence[int]) -> None:
    """Downloads that have ended, and of which `file_visitors` tells in this transaction, need no other mark."""
    await tx.execute("DELETE FROM uncounted_downloads WHERE number = ANY($1)", numbers)


async def sharing(db: Db, shares: Collection[Share]) -> Mapping[Share, int]:
    """How many downloads share each of these speeds, whichever process sends them. Dead ones are forgotten first."""
    await db.execute("SELECT forget_dead_downloads()")
    visitors, speeds = zip(*shares, strict=True)
    rows = await db.fetch(
        """SELECT o.visitor, o.bytes_per_second, count(*) AS sharing
             FROM open_downloads o JOIN unnest($1::bytea[], $2::bigint[]) AS s (visitor, speed)
                    ON o.visitor = s.visitor AND o.bytes_per_second = s.speed
            GROUP BY 1, 2""",
        visitors,
        speeds,
    )
    return {(row["visitor"], row["bytes_per_second"]): row["sharing"] for row in rows}


async def used(db: Db, visitor: bytes, since: datetime) -> tuple[int, int]:
    """(downloads, bytes) of an address after `since`; what is under way counts as if it were all sent."""
    row = await db.fetchrow(
        """SELECT (SELECT count(*) FROM visitor_downloads WHERE visitor = $1 AND started_at > $2) AS downloads,
                  (coalesce((SELECT sum(bytes_sent) FROM visitor_usage WHERE visitor = $1 AND slot > $2), 0)
                   + coalesce((SELECT sum(reserved_bytes) FROM open_downloads WHERE visitor = $1), 0)
                  )::bigint AS bytes""",
        visitor,
        since,
    )
    return row["downloads"], row["bytes"]


async def known(db: Db, visitor: bytes, subjects: Sequence[str], since: datetime) -> set[str]:
    """Those of `subjects` that an address has begun to download after `since`."""
    rows = await db.fetch(
        "SELECT subject FROM visitor_downloads WHERE visitor = $1 AND subject = ANY($2) AND started_at > $3",
        visitor,
        subjects,
        since,
    )
    return {row["subject"] for row in rows}


async def count(db: Db) -> int:
    """Those under way, whoever began them."""
    return int(await db.fetchval("SELECT count(*) FROM open_downloads"))


async def forget_dead(db: Db) -> None:
    """Those of processes that have died."""
    await db.execute("SELECT forget_dead_downloads()")


async def delete_before(db: Db, used_before: datetime) -> None:
    """What no daily limit looks at any more."""
    await db.execute("DELETE FROM visitor_usage WHERE slot <= $1", used_before)
    await db.execute("DELETE FROM visitor_downloads WHERE started_at <= $1", used_before)
