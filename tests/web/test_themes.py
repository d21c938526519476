"""Whatever colours the owner of a directory chooses, everything on its pages can be read."""

import re
from itertools import product
from pathlib import Path

import pytest

from pixelhost.web import assets, nodetheme

LIGHT_ON_DARK = {"brand_background_color": "#101820", "brand_body_color": "#fff8e7"}
DARK_ON_LIGHT = {"brand_background_color": "#fdf6e3", "brand_body_color": "#1b1f3b"}
TONES = ("#000", "#fff", "#757575", "#808080", "#c02040", "#ffdd00", "#0040ff", "#7f7f7f40")
CODE = tuple(f"--code-{name}" for name in nodetheme.CODE_COLORS)


def light(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def surfaces(chosen: dict[str, str]) -> dict[str, dict[str, str]]:
    """The variables of a theme's stylesheet, by selector."""
    rules = re.findall(r"^(\S[^{}]*) \{\n((?:  [^{}]*;\n)*)\}", nodetheme.css(chosen), re.MULTILINE)
    return {selector: dict(re.findall(r"(--[\w-]+): ([^;]+);", body)) for selector, body in rules}


def unreadable(found: dict[str, str]) -> list[str]:
    behind = ("--page", "--panel", "--stage", "--good-panel")
    pairs = [*product(("--ink", "--soft", "--accent", "--warn", *CODE), behind)]
    pairs += [("--ink", "--line"), ("--ink", "--warn-panel"), ("--warn", "--warn-panel"), ("--accent", "--warn-panel")]
    pairs += [("--on-accent", "--accent"), ("--on-accent", "--accent-strong")]
    return [f"{one} on {other}" for one, other in pairs if contrast(found[one], found[other]) < 4.5]


@pytest.mark.parametrize("chosen", [LIGHT_ON_DARK, DARK_ON_LIGHT], ids=["light boxes", "dark boxes"])
def test_boxes_have_letters_of_their_own(chosen):
    page, boxes = surfaces(chosen).values()
    assert (page["--page"], boxes["--panel"]) == tuple(chosen.values())
    assert unreadable(page) == unreadable(boxes) == []
    assert contrast(page["--ink"], boxes["--panel"]) < 4.5, "or the test tests nothing"


@pytest.mark.parametrize("highlight", [None, *TONES])
def test_every_combination_is_readable(highlight):
    more = {"brand_highlight_color": highlight, "brand_danger_color": highlight} if highlight else {}
    for page, body in product(TONES, repeat=2):
        chosen = {"brand_background_color": page, "brand_body_color": body, "brand_card_color": body} | more
        found = surfaces(chosen)
        assert len(found) == 3
        for selector, variables in found.items():
            assert unreadable(variables) == [], (chosen, selector)


@pytest.mark.parametrize("highlight", TONES)
def test_links_alone_are_readable_in_light_and_in_dark(highlight):
    text = nodetheme.css({"brand_highlight_color": highlight})
    for_light, for_dark = re.findall("--accent: (#[0-9a-f]+);", text)
    assert "@media (prefers-color-scheme: dark)" in text
    assert all(contrast(for_light, one) >= 4.5 for one in ("#ffffff", "#f6f7f6", "#e9ecea"))
    assert all(contrast(for_dark, one) >= 4.5 for one in ("#1b211f", "#131716", "#0c0f0e"))


def test_a_colour_that_can_be_read_stays_as_it_was_chosen():
    page, boxes = surfaces(LIGHT_ON_DARK | {"brand_highlight_color": "#0a5060"}).values()
    assert boxes["--accent"] == "#0a5060"
    assert page["--accent"] != "#0a5060"


def test_code_has_the_colours_that_it_has_elsewhere():
    text = (Path(assets.__file__).parent / "static/file/colours.css").read_text()
    found = re.findall(r"--code-(\w+): light-dark\((#\w+), (#\w+)\)", text)
    assert {name: (light, dark) for name, light, dark in found} == nodetheme.CODE_COLORS
