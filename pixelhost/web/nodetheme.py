"""How the owner of a directory wants its pages to look: colours as a stylesheet of their own, pictures, a link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from pixelhost.core.nodes import Place

DARK_INK, LIGHT_INK = "#1a201e", "#f2f5f4"


@dataclass(frozen=True)
class Theme:
    """`stylesheet` is empty where no colour is chosen; images are addresses."""

    stylesheet: str = ""
    header_image: str | None = None
    background_image: str | None = None
    header_link: str | None = None


NO_THEME: Final = Theme()


def of(place: Place) -> Theme:
    """That of the most specific node that has one switched on."""
    for index in range(len(place.nodes) - 1, -1, -1):
        chosen = place.nodes[index].properties
        if chosen.get("branding_enabled") == "true":
            address = f"/d{quote(str(place.path_of(index)))}?theme"
            return Theme(
                stylesheet=address if _has_colors(chosen) else "",
                header_image=_image(chosen, "brand_header_image"),
                background_image=_image(chosen, "brand_background_image"),
                header_link=chosen.get("brand_header_link"),
            )
    return NO_THEME


def show(place: Place) -> web.Response:
    """GET /d/{path}?theme"""
    return web.Response(
        text=css(place.node.properties),
        headers={hdrs.CONTENT_TYPE: "text/css; charset=utf-8", hdrs.CACHE_CONTROL: "private, no-cache"},
    )


def css(chosen: Mapping[str, str]) -> str:
    """The variables of base.css, with letters that can be read on what is behind them.

    Colours are checked when they are set, so nothing else can be in them.
    """
    colors = {
        name.removeprefix("brand_").removesuffix("_color"): value
        for name, value in chosen.items()
        if name.endswith("_color")
    }
    return (
        ":root:root:root {\n" + "".join(f"  {name}: {value};\n" for name, value in _variables(colors).items()) + "}\n"
    )


def _variables(colors: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if page := colors.get("background") or colors.get("body"):
        ink = _ink_on(page)
        warn = "#f0bd78" if ink == LIGHT_INK else "#8a4b08"
        found = {
            "color-scheme": "dark" if ink == LIGHT_INK else "light",
            "--page": page,
            "--panel": _mixed(ink, 5, page),
            "--stage": _mixed(ink, 10, page),
            "--ink": ink,
            "--soft": _mixed(ink, 75, page),
            "--line": _mixed(ink, 18, page),
            "--edge": _mixed(ink, 55, page),
            "--accent": ink,
            "--accent-strong": ink,
            "--on-accent": page,
            "--good-panel": _mixed(ink, 14, page),
            "--warn": warn,
            "--warn-panel": _mixed(warn, 12, page),
        }
    if body := colors.get("body") or colors.get("background"):
        found["--panel"] = body
    if card := colors.get("card") or colors.get("input"):
        found["--stage"] = card
    if highlight := colors.get("highlight"):
        found |= {"--accent": highlight, "--accent-strong": highlight, "--on-accent": _ink_on(highlight)}
    if danger := colors.get("danger"):
        found["--warn"] = danger
    return found


def _mixed(color: str, percent: int, other: str) -> str:
    return f"color-mix(in srgb, {color} {percent}%, {other})"


def _has_colors(chosen: Mapping[str, str]) -> bool:
    return any(name.endswith("_color") for name in chosen)


def _image(chosen: Mapping[str, str], name: str) -> str | None:
    return f"/api/filesystem/{quote(chosen[name], safe='')}" if name in chosen else None


def _ink_on(color: str) -> str:
    """The better readable of the two inks, by relative luminance (WCAG 2.2)."""
    digits = color.removeprefix("#")
    if len(digits) < 6:
        digits = "".join(2 * digit for digit in digits)
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return DARK_INK if light > 0.2 else LIGHT_INK
