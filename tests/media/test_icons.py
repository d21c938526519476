import io
import typing

import pytest
from PIL import Image

from pixelhost.media.icons import GLYPHS, icon
from pixelhost.media.mime import Kind

SIZES = range(16, 257, 16)
ONE_OF_EACH_KIND = (
    "image/png",
    "video/mp4",
    "audio/mpeg",
    "text/plain",
    "application/pdf",
    "application/zip",
    "application/x-bittorrent",
    "font/ttf",
    "application/msword",
    "application/octet-stream",
)


def drawn(mime: str, width_px: int, height_px: int) -> Image.Image:
    return Image.open(io.BytesIO(icon(mime, width_px, height_px)))


def test_every_kind_has_a_glyph() -> None:
    assert set(GLYPHS) == set(typing.get_args(Kind))


@pytest.mark.parametrize("mime", ONE_OF_EACH_KIND)
def test_an_icon_has_exactly_the_size_asked_for(mime: str) -> None:
    for width_px in SIZES:
        image = drawn(mime, width_px, 272 - width_px)
        assert image.format == "PNG"
        assert image.size == (width_px, 272 - width_px)


@pytest.mark.parametrize("size_px", [16, 32, 256])
def test_kinds_look_different_at_every_size(size_px: int) -> None:
    assert len({icon(mime, size_px, size_px) for mime in ONE_OF_EACH_KIND}) == len(ONE_OF_EACH_KIND)


def test_types_of_one_kind_look_the_same() -> None:
    assert icon("image/png", 64, 64) == icon("image/jpeg", 64, 64)
    assert icon("application/x-unheard-of", 64, 64) == icon("", 64, 64)


def test_an_icon_stands_in_the_middle_of_a_transparent_picture() -> None:
    wide = drawn("text/plain", 256, 64)
    left, _, right, _ = wide.getchannel("A").getbbox() or (0, 0, 0, 0)
    assert left >= 96
    assert abs(left - (256 - right)) <= 2
    assert wide.getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("size_px", SIZES)
def test_the_edges_of_the_sheet_lie_on_whole_pixels(size_px: int) -> None:
    alpha = drawn("text/plain", size_px, size_px).getchannel("A")
    row = [alpha.getpixel((x, size_px * 3 // 4)) for x in range(size_px)]
    assert set(row) == {0, 255}
