"""How facts read on a page: sizes, dates, counts, and names that cannot pretend to be others."""

from datetime import UTC, datetime
from typing import Final

SIZE_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")

# The characters that override or isolate the direction of text (UAX #9, 2.1 to 2.4): with one of them in its name
# "gpj.exe" reads "exe.jpg".
_DIRECTION_CONTROLS: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN: Final = dict.fromkeys(_DIRECTION_CONTROLS, "\N{REPLACEMENT CHARACTER}")


def honest(name: str) -> str:
    """A name as it is shown: controls of direction are visible, so that it reads in the order of its characters."""
    return name.translate(_SHOWN)


def human_size(size_bytes: int) -> str:
    """Three digits and a decimal unit, as the plans count: 5.69 MB."""
    if size_bytes < 1000:
        return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
    value = float(size_bytes)
    for unit in SIZE_UNITS:
        value /= 1000
        # What would round up to 1000 belongs to the next unit.
        if value < 999.5 or unit == SIZE_UNITS[-1]:
            break
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {unit}"


def exact_size(size_bytes: int) -> str:
    return counted(size_bytes, "byte")


def counted(count: int, noun: str) -> str:
    """`1 file`, `12,345 files`, `2 entries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def day(moment: datetime) -> str:
    """`4 Feb 2020`, in UTC."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%b %Y}"


def exact_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
