"""The figures of a run: what was reached, against what, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.bench.bench import Samples, shown

HEADINGS = ("figure", "against", "ours", "yardstick", "ratio", "target", "met?")


@dataclass(frozen=True)
class Ratio:
    """Our rate over the yardstick's. Without a target it is shown for comparison; of times the target is `at_most`."""

    name: str
    yardstick_name: str
    unit: str
    ours: Samples
    yardstick: Samples
    target: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours.median / self.yardstick.median

    @property
    def is_met(self) -> bool | None:
        if self.at_most is not None:
            return self.ratio <= self.at_most
        return None if self.target is None else self.ratio >= self.target

    def cells(self) -> tuple[str, ...]:
        target = "for comparison" if self.target is None else f">= {self.target:.2f}"
        if self.at_most is not None:
            target = f"<= {self.at_most:.2f}"
        return (
            self.name,
            self.yardstick_name,
            shown(self.ours.median, self.unit),
            shown(self.yardstick.median, self.unit),
            f"{self.ratio:.2f}",
            target,
            _verdict(self.is_met),
        )

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "against": self.yardstick_name,
            "unit": self.unit,
            "ours": self.ours.as_json(),
            "yardstick": self.yardstick.as_json(),
            "ratio": round(self.ratio, 4),
            "target_ratio": self.target,
            "target_ratio_at_most": self.at_most,
            "is_met": self.is_met,
        }


@dataclass(frozen=True)
class Limit:
    """A time or a size that stays below a fixed limit; the yardstick is the limit itself."""

    name: str
    unit: str
    ours: Samples
    limit: float

    @property
    def ratio(self) -> float:
        return self.ours.median / self.limit

    @property
    def is_met(self) -> bool:
        return self.ours.median < self.limit

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            "a fixed limit",
            shown(self.ours.median, self.unit),
            shown(self.limit, self.unit),
            f"{self.ratio:.2f}",
            "< 1.00",
            _verdict(self.is_met),
        )

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "against": "a fixed limit",
            "unit": self.unit,
            "ours": self.ours.as_json(),
            "limit": self.limit,
            "ratio": round(self.ratio, 4),
            "is_met": self.is_met,
        }


Figure = Ratio | Limit


def render(figures: Iterable[Figure], left_out: Mapping[str, str]) -> str:
    """Aligned columns; below them a line for each measurement without figures, with the reason."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    lines += [f"{name}: {reason}" for name, reason in left_out.items()]
    return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if column in {2, 3, 4} else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _verdict(is_met: bool | None) -> str:
    return "-" if is_met is None else "yes" if is_met else "NO"
