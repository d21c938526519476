"""A picture for every kind of file that has none of its own: a sheet with a folded corner and a coloured glyph.

Drawn here, with no image file behind it. The drawing is on a grid of 64 units, several times as large as wanted, and
then reduced; the edges of the sheet lie on whole pixels at every size, which is what looks crisp at 16.
"""

import io
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from pixelhost.media.mime import Kind, kind

GRID: Final = 64
# The sheet, its fold and its outline.
LEFT, TOP, RIGHT, BOTTOM, FOLD = 10, 4, 54, 60, 15
PAPER, SHADE, EDGE = "#fbfcfd", "#dbe2ea", "#9aa7b6"
# Below this size glyphs are drawn larger and with fewer strokes.
SMALL_PX: Final = 40
# Below this size a word is a smear.
TINY_PX: Final = 24

Point = tuple[float, float]


class Pen:
    """Draws on the grid of 64 units, whatever the size of the canvas."""

    def __init__(self, canvas: Image.Image, colour: str, side: int) -> None:
        self.colour = colour
        self.side = side
        self.is_small = side < SMALL_PX
        self._draw = ImageDraw.Draw(canvas)
        self._scale = canvas.width / GRID
        # Pillow fills the outline of a polygon too: on the right that is this much too far.
        self.hair = GRID / canvas.width

    def box(self, left: float, top: float, right: float, bottom: float, radius: float = 0, fill: str = "") -> None:
        edges = [left * self._scale, top * self._scale, right * self._scale - 1, bottom * self._scale - 1]
        self._draw.rounded_rectangle(edges, radius * self._scale, fill=fill or self.colour)

    def dot(self, x: float, y: float, radius: float, fill: str = "") -> None:
        edges = [(x - radius), (y - radius), (x + radius), (y + radius)]
        self._draw.ellipse([edge * self._scale for edge in edges], fill=fill or self.colour)

    def shape(self, *points: Point, fill: str = "") -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=fill or self.colour)

    def arc(self, x: float, y: float, radius: float, start: float, stop: float, width: float, fill: str = "") -> None:
        """Part of a ring around x, y: degrees clockwise from three o'clock, `radius` to its outer edge."""
        edges = [(x - radius), (y - radius), (x + radius), (y + radius)]
        scaled = [edge * self._scale for edge in edges]
        self._draw.arc(scaled, start, stop, fill=fill or self.colour, width=round(width * self._scale))

    def word(self, x: float, y: float, text: str, size: float, fill: str = "") -> None:
        """`text` centred on x, y, in the typeface that Pillow brings along."""
        font = ImageFont.load_default(size * self._scale)
        where = (x * self._scale, y * self._scale)
        self._draw.text(
            where, text, fill=fill or self.colour, font=font, anchor="mm", stroke_width=self._scale * size / 32
        )


@lru_cache(maxsize=512)
def icon(mime: str, width_px: int, height_px: int) -> bytes:
    """PNG of exactly `width_px` x `height_px`, the icon in its middle, the rest transparent."""
    side = max(1, min(width_px, height_px))
    canvas = Image.new("RGBA", (width_px, height_px))
    canvas.paste(_drawn(kind(mime), side), ((width_px - side) // 2, (height_px - side) // 2))
    out = io.BytesIO()
    canvas.save(out, "PNG", optimize=True)
    return out.getvalue()


@lru_cache(maxsize=64)
def _drawn(what: Kind, side: int) -> Image.Image:
    colour, glyph = GLYPHS[what]
    times = max(4, math.ceil(512 / side))
    canvas = Image.new("RGBA", (side * times, side * times), "#00000000")
    _sheet(Pen(canvas, EDGE, side))
    glyph(Pen(canvas, colour, side))
    # Premultiplied, so that the transparent surroundings don't darken the edge.
    return canvas.convert("RGBa").resize((side, side), Image.Resampling.BOX).convert("RGBA")


def _sheet(pen: Pen) -> None:
    pixel = GRID / pen.side

    def snapped(units: float) -> float:
        return round(units / pixel) * pixel

    left, top, right, bottom, fold = (snapped(units) for units in (LEFT, TOP, RIGHT, BOTTOM, FOLD))
    edge = max(pixel, snapped(1.6))
    for inset, fill in ((0.0, EDGE), (edge, PAPER)):
        corner = fold + inset * 0.42
        pen.box(left + inset, top + inset, right - corner, bottom - inset, radius=3 - inset / 2, fill=fill)
        pen.box(left + inset, top + corner, right - inset, bottom - inset, radius=3 - inset / 2, fill=fill)
        pen.shape(
            (right - corner - 4, top + inset),
            (right - corner, top + inset),
            (right - inset - pen.hair, top + corner),
            (right - inset - pen.hair, top + corner + 4),
            (right - corner - 4, top + corner + 4),
            fill=fill,
        )
    pen.shape((right - fold, top), (right - pen.hair, top + fold), (right - fold, top + fold), fill=EDGE)
    inner = edge * 0.9
    pen.shape(
        (right - fold + inner, top + inner * 2.3),
        (right - inner * 2.3, top + fold - inner),
        (right - fold + inner, top + fold - inner),
        fill=SHADE,
    )


def _picture(pen: Pen) -> None:
    pen.box(16, 26, 48, 52, radius=2.5)
    pen.dot(24, 33, 3.4, fill=PAPER)
    pen.shape((18.5, 49.5), (28, 38.5), (33, 44.5), (38.5, 35), (45.5, 49.5), fill=PAPER)


def _film(pen: Pen) -> None:
    pen.box(16, 26, 48, 52, radius=2.5)
    if pen.is_small:
        pen.shape((27, 31.5), (27, 46.5), (40, 39), fill=PAPER)
        return
    for y in (28.5, 34.5, 40.5, 46.5):
        pen.box(18, y, 20.8, y + 3, radius=0.7, fill=PAPER)
        pen.box(43.2, y, 46, y + 3, radius=0.7, fill=PAPER)
    pen.shape((27.5, 32), (27.5, 46), (39.5, 39), fill=PAPER)


def _note(pen: Pen) -> None:
    stem = 4 if pen.is_small else 2.8
    pen.dot(23.5, 48, 5)
    pen.dot(40.5, 45, 5)
    pen.box(28.5 - stem, 28, 28.5, 48)
    pen.box(45.5 - stem, 25, 45.5, 45)
    pen.shape((28.5 - stem, 27.5), (45.5, 24), (45.5, 30.5), (28.5 - stem, 34))


def _lines(pen: Pen) -> None:
    rows = ((27, 46), (36, 46), (45, 36)) if pen.is_small else ((26, 46), (32.5, 46), (39, 46), (45.5, 35))
    thickness = 4 if pen.is_small else 3
    for y, right in rows:
        pen.box(18, y, right, y + thickness, radius=thickness / 2)


def _portable_document(pen: Pen) -> None:
    pen.box(5, 29, 59, 49, radius=3)
    if pen.side < TINY_PX:
        return
    pen.word(32, 39, "PDF", 17, fill="#ffffff")


def _zipper(pen: Pen) -> None:
    teeth = (8, 16, 24, 32) if pen.is_small else (7, 12.5, 18, 23.5, 29, 34.5)
    height = 4 if pen.is_small else 3
    for number, y in enumerate(teeth):
        left = 26 if number % 2 else 31
        pen.box(left, y, left + 6, y + height, radius=0.5)
    pen.box(25.5, 39, 37.5, 54, radius=3.5)
    pen.box(29, 46, 34, 51, radius=1.5, fill=PAPER)


def _magnet(pen: Pen) -> None:
    width = 8.0
    pen.arc(32, 39, 14, 0, 180, width)
    pen.box(18, 24, 18 + width, 39.5)
    pen.box(46 - width, 24, 46, 39.5)
    for left in (18, 46 - width):
        pen.box(left, 24, left + width, 30, fill=EDGE)
        pen.box(left, 30, left + width, 31.5, fill=PAPER)


def _letters(pen: Pen) -> None:
    if pen.is_small:
        pen.word(32, 39, "A", 34)
        return
    pen.word(32, 40, "Aa", 25)


def _table(pen: Pen) -> None:
    pen.box(17, 25, 47, 52, radius=2.5)
    rows = (33, 43) if pen.is_small else (32.5, 39.2, 45.9)
    height = 6.5 if pen.is_small else 4.2
    for y in rows:
        pen.box(20, y, 28.5, y + height, radius=0.6, fill=PAPER)
        pen.box(31, y, 44, y + height, radius=0.6, fill=PAPER)


def _cube(pen: Pen) -> None:
    pen.shape((32, 24), (45, 31), (32, 38), (19, 31))
    pen.shape((19, 33.5), (30.8, 40), (30.8, 53.5), (19, 47))
    pen.shape((45, 33.5), (33.2, 40), (33.2, 53.5), (45, 47))


GLYPHS: Final[Mapping[Kind, tuple[str, Callable[[Pen], None]]]] = {
    "image": ("#2e9e6b", _picture),
    "video": ("#7a5bd0", _film),
    "audio": ("#d2567f", _note),
    "text": ("#5f7388", _lines),
    "pdf": ("#cf4436", _portable_document),
    "archive": ("#c98a1b", _zipper),
    "torrent": ("#c0483e", _magnet),
    "font": ("#3c5fb0", _letters),
    "document": ("#2f7fc4", _table),
    "other": ("#8592a1", _cube),
}
