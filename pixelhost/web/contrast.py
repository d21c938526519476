"""Colours that can be read on each other, as WCAG 2.2 reckons contrast (1.4.3). All are #rgb or #rrggbb."""

from collections.abc import Sequence
from typing import Final

ENOUGH: Final = 4.5
COMFORTABLE: Final = 6.0
"""Where black and white needn't take the place of the softer inks."""

INKS: Final = ("#1a201e", "#f2f5f4")
BLACK_AND_WHITE: Final = ("#000000", "#ffffff")


def between(one: str, other: str) -> float:
    """The contrast of two colours: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def is_light(color: str) -> bool:
    return between(color, BLACK_AND_WHITE[0]) > between(color, BLACK_AND_WHITE[1])


def ink_on(color: str) -> str:
    """Dark or light, whichever is read better; on a colour in the middle only black or white is."""
    ink = max(INKS, key=lambda one: between(one, color))
    return ink if between(ink, color) >= COMFORTABLE else max(BLACK_AND_WHITE, key=lambda one: between(one, color))


def mixed(color: str, percent: int, other: str) -> str:
    """So much of `color` in `other`."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round((one * percent + two * (100 - percent)) / 100):02x}" for one, two in pairs)


def tinted(color: str, percent: int) -> str:
    """A colour beside `color`, on which what is written in its ink can be read too."""
    ink = ink_on(color)
    shown = mixed(ink, percent, color)
    # Where there is little contrast it goes the other way, away from the ink.
    return shown if between(ink, shown) >= ENOUGH else mixed(BLACK_AND_WHITE[not is_light(ink)], percent, color)


def readable(color: str, backgrounds: Sequence[str], wanted: float = ENOUGH) -> str:
    """`color`, or the nearest to it that is read on all of `backgrounds`, which have one ink."""
    ink = ink_on(backgrounds[0])
    for percent in range(0, 100, 5):
        shown = mixed(ink, percent, color) if percent else color
        if all(between(shown, behind) >= wanted for behind in backgrounds):
            return shown
    return ink


def over(color: str, behind: str) -> str:
    """What is seen of a colour that may let through what is behind it."""
    digits = color.removeprefix("#")
    if len(digits) in {3, 6}:
        return color
    solid, alpha = (color[:4], 2 * digits[3]) if len(digits) == 4 else (color[:7], digits[6:])
    return mixed(solid, round(int(alpha, 16) / 2.55), behind)


def _channels(color: str) -> Sequence[int]:
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return [int(digits[start : start + 2], 16) for start in (0, 2, 4)]


def _luminance(color: str) -> float:
    shares = [channel / 255 for channel in _channels(color)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
