"""Time series: sums of usage by intervals counted from a start, every interval there."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, repeat
from uuid import UUID

from pixelhost import errors
from pixelhost.core import access
from pixelhost.db import accountusage
from pixelhost.db.accountusage import Series, Statistic
from pixelhost.site import Site

STATISTICS: Mapping[str, Statistic] = {
    "views": "views",
    "downloads": "downloads",
    "bandwidth": "bandwidth_bytes",
    "transfer_paid": "bandwidth_paid_bytes",
}
"""By the names that accounts know them by."""

INTERVALS_MAX = 100_000
INTERVAL_MINUTES_MAX = 1440


@dataclass(frozen=True)
class Span:
    """[start, end) in steps; the last one may reach past the end."""

    start: datetime
    end: datetime
    step: timedelta

    @property
    def count(self) -> int:
        return max(0, -((self.start - self.end) // self.step))

    @property
    def beginnings(self) -> list[datetime]:
        if not self.count:
            return []
        return list(accumulate(repeat(self.step, self.count - 1), operator.add, initial=self.start))


@dataclass(frozen=True)
class TimeSeries:
    """`timestamps` are the beginnings of the intervals."""

    timestamps: list[datetime]
    amounts: list[int]


def span(start: datetime, end: datetime, interval_minutes: int) -> Span:
    """Raises INTEGER_OUT_OF_RANGE for more than INTERVALS_MAX, TIME_PARSE_FAILED where the longest make more too."""
    asked = Span(start, end, timedelta(minutes=interval_minutes))
    if asked.count > INTERVALS_MAX:
        shortest = -((start - end) // timedelta(minutes=INTERVALS_MAX))
        if shortest > INTERVAL_MINUTES_MAX:
            raise errors.TIME_PARSE_FAILED(field="end", message="The time between start and end is too long")
        raise errors.INTEGER_OUT_OF_RANGE(
            field="interval",
            min_val=shortest,
            max_val=INTERVAL_MINUTES_MAX,
            val=interval_minutes,
            message=f"A time series has at most {INTERVALS_MAX} intervals. Ask for longer ones, or for less time",
        )
    return asked


async def of_account(site: Site, user_id: UUID, statistic: Statistic, asked: Span) -> TimeSeries:
    """Files and filesystem together, what was deleted meanwhile included."""
    found = await accountusage.of_account(site.db, user_id, statistic, asked.start, asked.end, asked.step)
    return filled(asked.beginnings, found)


async def of_file(site: Site, file_id: str, asked: Span) -> Mapping[Statistic, TimeSeries]:
    """Whoever asks. Raises NOT_FOUND."""
    file = await access.file(site, file_id)
    found = await accountusage.of_file(site.db, file.id, asked.start, asked.end, asked.step)
    beginnings = asked.beginnings
    return {statistic: filled(beginnings, series) for statistic, series in found.items()}


def filled(beginnings: list[datetime], found: Series) -> TimeSeries:
    """With nothing where nothing was found."""
    amounts = [0] * len(beginnings)
    for number, amount in zip(found.numbers, found.amounts, strict=True):
        amounts[number] += amount
    return TimeSeries(beginnings, amounts)
