"""How facts read on a page: sizes, dates, counts, and names that cannot pretend to be others."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final

from babel.dates import format_skeleton
from babel.numbers import format_currency, format_decimal

from pixelhost.core.prices import MICRO_EUR_PER_CENT
from pixelhost.web.languages import Language, plural

SIZE_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")

# The characters that override or isolate the direction of text (UAX #9, 2.1 to 2.4): with one of them in its name
# "gpj.exe" reads "exe.jpg".
_DIRECTION_CONTROLS: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN: Final = dict.fromkeys(_DIRECTION_CONTROLS, "\N{REPLACEMENT CHARACTER}")

NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    "account": plural("%(count)s account", "%(count)s accounts"),
    "byte": plural("%(count)s byte", "%(count)s bytes"),
    "day": plural("%(count)s day", "%(count)s days"),
    "download": plural("%(count)s download", "%(count)s downloads"),
    "entry": plural("%(count)s entry", "%(count)s entries"),
    "file": plural("%(count)s file", "%(count)s files"),
    "folder": plural("%(count)s folder", "%(count)s folders"),
    "invoice": plural("%(count)s invoice", "%(count)s invoices"),
    "list": plural("%(count)s list", "%(count)s lists"),
    "view": plural("%(count)s view", "%(count)s views"),
}


def filters(language: Language) -> dict[str, Callable[..., Any]]:
    """What templates call, in a language."""
    said = {
        function.__name__: partial(function, language)
        for function in (counted, day, euros, exact_size, human_size, number)
    }
    return said | {"exact_time": exact_time, "honest": honest}


def honest(name: str) -> str:
    """A name as it is shown: controls of direction are visible, so that it reads in the order of its characters."""
    return name.translate(_SHOWN)


def human_size(language: Language, size_bytes: int) -> str:
    """Three digits and a decimal unit, as the plans count: 5.69 MB."""
    if abs(size_bytes) < 1000:
        return exact_size(language, size_bytes)
    value = float(size_bytes)
    for unit in SIZE_UNITS:
        value /= 1000
        # What would round up to 1000 belongs to the next unit.
        if abs(value) < 999.5 or unit == SIZE_UNITS[-1]:
            break
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    shown = format_decimal(f"{value:.{digits}f}", "0." + "0" * digits if digits else "0", locale=language.locale)
    return f"{shown} {unit}"


def exact_size(language: Language, size_bytes: int) -> str:
    return counted(language, size_bytes, "byte")


def counted(language: Language, count: int, noun: str) -> str:
    """`1 file`, `12,345 files`, `2 entries`. `noun` is a key of NOUNS."""
    return language.translations.ngettext(*NOUNS[noun], count) % {"count": number(language, count)}


def number(language: Language, count: int) -> str:
    """`12,345`"""
    return format_decimal(count, locale=language.locale)


def euros(language: Language, micro_eur: int) -> str:
    """`€12.34`, rounded down to cents."""
    cents = abs(micro_eur) // MICRO_EUR_PER_CENT
    amount = Decimal(-cents if micro_eur < 0 else cents) / 100
    return format_currency(amount, "EUR", locale=language.locale)


def day(language: Language, moment: datetime) -> str:
    """`4 Feb 2020`, in UTC."""
    return format_skeleton("yMMMd", moment.astimezone(UTC), locale=language.dates)


def exact_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
