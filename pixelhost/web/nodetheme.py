"""How the owner of a directory wants its pages to look: colours as a stylesheet of their own, pictures, a link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from pixelhost.core.nodes import Place
from pixelhost.web import contrast, servednode

PAGE: Final = ":root:root:root"
BOXES: Final = (
    ":is(.card, .panel, .menu-items, dialog, .views, .suggestions, .figures, .uploads, .view-gallery .node, "
    ".wide.branded :is(.file-head, .file-side))"
)
STAGES: Final = ".stage:not(.card .stage, .video .stage)"
"""Behind previews. A card has none of its own, and films are on black."""

LETTERS: Final = {"color": "var(--ink)"}
"""What is inherited is the colour itself, not the variable that it came from."""

WHITE: Final = "#ffffff"
LIGHT_SURFACES: Final = ("#ffffff", "#f6f7f6", "#e9ecea", "#e3f2ee")
DARK_SURFACES: Final = ("#1b211f", "#131716", "#0c0f0e", "#17302a")
"""Those of base.css, for where links have a colour and nothing else does."""

CODE_COLORS: Final[Mapping[str, tuple[str, str]]] = {
    "comment": ("#5c6670", "#98a4ad"),
    "keyword": ("#8a2f7c", "#e29ad5"),
    "name": ("#1f5fa8", "#8cb8f0"),
    "string": ("#2d6b24", "#a3cf95"),
    "number": ("#9a4a00", "#eab07a"),
    "meta": ("#0c6e6e", "#6fd0cb"),
    "error": ("#b3261e", "#ff9d94"),
}
"""Those of file/colours.css, on light and on dark."""


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
            address = f"{servednode.page(place.path_of(index))}?theme"
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
    """The variables of base.css for the page, for the boxes on it and for what is behind previews, each with letters
    that can be read on it. What of a colour would let through what is behind it is mixed with that.

    Colours are checked when they are set, so nothing else can be in them.
    """
    colors = {
        name.removeprefix("brand_").removesuffix("_color"): value
        for name, value in chosen.items()
        if name.endswith("_color")
    }
    page, body = colors.get("background") or colors.get("body"), colors.get("body")
    behind_previews = colors.get("card") or colors.get("input")
    if page:
        page = contrast.over(page, WHITE)
        rules = [_rule(PAGE, _surface(page, colors))]
        if body:
            box = contrast.over(body, page)
            rules.append(_rule(BOXES, _surface(box, colors) | {"--panel": box, **LETTERS}))
    else:
        rules = [_rule(PAGE, _signals(LIGHT_SURFACES, colors))]
        rules.append(f"@media (prefers-color-scheme: dark) {{\n{_rule(PAGE, _signals(DARK_SURFACES, colors))}}}\n")
    if behind_previews:
        stage = contrast.over(behind_previews, page or WHITE)
        rules.append(_rule(STAGES, _surface(stage, colors) | {"--stage": stage, "--panel": stage, **LETTERS}))
    return "".join(rules)


def _rule(selector: str, variables: Mapping[str, str]) -> str:
    return f"{selector} {{\n" + "".join(f"  {name}: {value};\n" for name, value in variables.items()) + "}\n"


def _surface(base: str, colors: Mapping[str, str]) -> dict[str, str]:
    """All variables for what stands on a colour. What lies on it in turn is near it, and is read in the same ink."""
    ink = contrast.ink_on(base)
    is_dark = contrast.is_light(ink)
    panel, stage, good = (contrast.tinted(base, percent) for percent in (5, 10, 14))
    backgrounds = [base, panel, stage, good]
    usual = {"highlight": ink, "danger": "#f0bd78" if is_dark else "#8a4b08"}
    signals = _signals(backgrounds, {**usual, **colors})
    warn_panel = contrast.mixed(signals["--warn"], 12, base)
    inks = (ink, signals["--warn"], signals["--accent"])
    is_read = all(contrast.between(one, warn_panel) >= contrast.ENOUGH for one in inks)
    return {
        "color-scheme": "dark" if is_dark else "light",
        "--page": base,
        "--panel": panel,
        "--stage": stage,
        "--ink": ink,
        "--soft": contrast.readable(contrast.mixed(ink, 75, base), backgrounds),
        "--line": contrast.tinted(base, 18),
        "--edge": contrast.readable(contrast.mixed(ink, 55, base), backgrounds, wanted=3),
        "--good-panel": good,
        "--warn-panel": warn_panel if is_read else base,
        **signals,
        **{f"--code-{name}": contrast.readable(pair[is_dark], backgrounds) for name, pair in CODE_COLORS.items()},
    }


def _signals(backgrounds: Sequence[str], colors: Mapping[str, str]) -> dict[str, str]:
    """The colours of links, buttons and warnings: as they were chosen, as far as they can be read."""
    found = {}
    if highlight := colors.get("highlight"):
        accent = contrast.readable(contrast.over(highlight, backgrounds[0]), backgrounds)
        found = {"--accent": accent, "--accent-strong": accent, "--on-accent": contrast.ink_on(accent)}
    if danger := colors.get("danger"):
        found["--warn"] = contrast.readable(contrast.over(danger, backgrounds[0]), backgrounds)
    return found


def _has_colors(chosen: Mapping[str, str]) -> bool:
    return any(name.endswith("_color") for name in chosen)


def _image(chosen: Mapping[str, str], name: str) -> str | None:
    return f"/api/filesystem/{quote(chosen[name], safe='')}" if name in chosen else None
