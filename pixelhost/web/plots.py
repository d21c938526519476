"""Plots of figures over time, as SVG: drawn here, so that they need no script. A table below has the figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from babel.dates import format_skeleton
from markupsafe import Markup

from pixelhost.web import pages, wording
from pixelhost.web.languages import Language

WIDTH, HEIGHT = 640, 160
BASE: Final = HEIGHT - 18
"""Where bars stand: below it is the line of dates."""

STEPS: Final = (1, 2, 5, 10)
LABELS: Final = 4


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    """What it stands for: time and figure."""


@dataclass(frozen=True)
class Line:
    """Across the plot, at a round figure."""

    y: float
    label: str


def bars(
    language: Language,
    title: str,
    times: Sequence[datetime],
    amounts: Sequence[int],
    shown: Callable[[int], str],
) -> Markup:
    """A figure with a bar for every time, all slots being equally long. `shown` makes words of an amount.

    `title` is in the language of the page already.
    """
    top = _round_above(max(amounts, default=0))
    step = WIDTH / max(len(amounts), 1)
    moment = _moment(language, times)
    rows = [(moment(when), amount) for when, amount in zip(times, amounts, strict=True)]
    return Markup(  # noqa: S704 - a template made it
        pages.rendered(
            language,
            "plot.html",
            title=title,
            bars=[
                _bar(index * step, step, BASE * amount / top, f"{when}: {shown(amount)}")
                for index, (when, amount) in enumerate(rows)
            ],
            lines=[
                Line(round(BASE - BASE * part, 2), shown(round(top * part)))
                for part in ((0.5, 1) if top % 2 == 0 else (1,))
            ],
            dates=_dates(language, times, step),
            rows=[(when, shown(amount)) for when, amount in rows if amount],
            total=shown(sum(amounts)),
            width=WIDTH,
            height=HEIGHT,
            base=BASE,
        )
    )


def _bar(left: float, step: float, height: float, label: str) -> Bar:
    """With gaps beside it."""
    return Bar(round(left + step * 0.1, 2), round(BASE - height, 2), round(step * 0.8, 2), round(height, 2), label)


def _round_above(highest: int) -> int:
    """The next of 1, 2, 5, 10, 20, ... from `highest` on, so that the lines stand at round figures."""
    power = 1
    while power * 10 < highest:
        power *= 10
    return next(power * step for step in STEPS if power * step >= highest)


def _dates(language: Language, times: Sequence[datetime], step: float) -> list[tuple[float, str]]:
    """Places and words of a few of the times."""
    every = max(1, -(-len(times) // LABELS))
    return [(round(index * step, 2), _short(language, times)(times[index])) for index in range(0, len(times), every)]


def _is_within_days(times: Sequence[datetime]) -> bool:
    return len(times) > 1 and times[1] - times[0] < timedelta(days=1)


def _moment(language: Language, times: Sequence[datetime]) -> Callable[[datetime], str]:
    if _is_within_days(times):
        return lambda when: f"{wording.day(language, when)}, {_clock(language, when)} UTC"
    return partial(wording.day, language)


def _short(language: Language, times: Sequence[datetime]) -> Callable[[datetime], str]:
    if len(times) > 1 and times[-1] - times[0] <= timedelta(days=2):
        return partial(_clock, language)
    return lambda when: format_skeleton("MMMd", when.astimezone(UTC), locale=language.dates)


def _clock(language: Language, moment: datetime) -> str:
    return format_skeleton("Hm", moment.astimezone(UTC), locale=language.dates)
