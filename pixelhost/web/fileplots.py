"""Views and downloads of a file over time, for its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal

from markupsafe import Markup

from pixelhost.core import timeseries
from pixelhost.core.timeseries import Span
from pixelhost.site import Site
from pixelhost.web import plots, wording
from pixelhost.web.languages import Language, mark

Range = Literal["", "day", "week", "month", "year"]

STEPS: Final[Mapping[str, tuple[str, int, timedelta]]] = {
    "day": (mark("Day"), 24, timedelta(hours=1)),
    "week": (mark("Week"), 28, timedelta(hours=6)),
    "month": (mark("Month"), 30, timedelta(days=1)),
    "year": (mark("Year"), 52, timedelta(days=7)),
}
"""By the range: its name, how many bars, and how long each is."""

EPOCH: Final = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: weeks begin there


@dataclass(frozen=True)
class Plots:
    range: str
    ranges: Sequence[tuple[str, str]]
    drawn: Sequence[Markup]


async def of_file(site: Site, language: Language, file_id: str, asked: Range) -> Plots | None:
    """None where no range was asked for: then they cost nothing. Raises NOT_FOUND."""
    if not asked:
        return None
    _, count, step = STEPS[asked]
    found = await timeseries.of_file(site, file_id, _span(site.clock.now(), count, step))
    shown = partial(wording.number, language)
    said = language.translations.gettext
    drawn = [
        plots.bars(language, said(title), series.timestamps, series.amounts, shown)
        for title, series in ((mark("Views"), found["views"]), (mark("Downloads"), found["downloads"]))
    ]
    return Plots(asked, [(name, title) for name, (title, _, _) in STEPS.items()], drawn)


def _span(now: datetime, count: int, step: timedelta) -> Span:
    """So many whole steps, the last of which is not over yet."""
    end = EPOCH + ((now - EPOCH) // step + 1) * step
    return Span(end - count * step, end, step)
