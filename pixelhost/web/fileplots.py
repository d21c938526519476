"""Figures of a file over time, for its page: views and downloads; of a node of a filesystem downloads and traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Literal

from markupsafe import Markup

from pixelhost.core import nodestats, timeseries
from pixelhost.core.callers import Caller
from pixelhost.core.nodestats import Series
from pixelhost.core.paths import Path
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

RANGES: Final = [(name, title) for name, (title, _, _) in STEPS.items()]

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
    return Plots(asked, RANGES, drawn)


async def of_node(site: Site, language: Language, caller: Caller, path: Path, asked: Range) -> Plots | None:
    """As `of_file`; of a directory it is all below it that the caller may read. Raises as `nodes.readable`."""
    if not asked:
        return None
    _, count, step = STEPS[asked]
    span = _span(site.clock.now(), count, step)
    series = await nodestats.series(site, caller, path, span.start, span.end, step // timedelta(minutes=1))
    said = language.translations.gettext
    counted, measured = partial(wording.number, language), partial(wording.human_size, language)
    drawn = [
        plots.bars(language, said(mark("Downloads")), series.beginnings, series.downloads, counted),
        plots.bars(language, said(mark("Traffic")), series.beginnings, _traffic(series), measured),
    ]
    return Plots(asked, RANGES, drawn)


def _traffic(series: Series) -> list[int]:
    return [free + paid for free, paid in zip(series.free_bytes, series.paid_bytes, strict=True)]


def _span(now: datetime, count: int, step: timedelta) -> Span:
    """So many whole steps, the last of which is not over yet."""
    end = EPOCH + ((now - EPOCH) // step + 1) * step
    return Span(end - count * step, end, step)
