"""Pictures of every kind, whole and broken. What needs the extra `media` is skipped without it."""

import base64
import gzip
import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from pixelhost.media.thumbnails import thumbnail
from pixelhost.media.workers import MediaPool

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def shown(data: bytes, mime: str, width_px: int = 64, height_px: int = 64) -> Image.Image:
    """The thumbnail, decoded; fails when there is none."""
    made = thumbnail(io.BytesIO(data), mime, width_px, height_px)
    assert made is not None
    image = Image.open(io.BytesIO(made))
    assert image.format == "PNG"
    return image


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.convert("RGB").getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def is_near(found: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 24) -> bool:
    return all(abs(one - other) <= tolerance for one, other in zip(found, wanted, strict=True))


def striped(width_px: int, height_px: int) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", (width_px, height_px), RED)
    ImageDraw.Draw(image).rectangle((0, height_px // 2, width_px, height_px), fill=BLUE)
    return image


def bomb(width_px: int, height_px: int) -> bytes:
    """A PNG that is small as a file and as large as it says when it is decoded."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9) * 4
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("file_format", "mime"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("ICO", "image/x-icon"),
        ("JPEG2000", "image/jp2"),
        ("PPM", "image/x-portable-pixmap"),
        ("TGA", "image/x-tga"),
    ],
)
def test_images_of_many_formats_are_shown(file_format: str, mime: str) -> None:
    image = shown(encoded(striped(128, 128), file_format), mime)
    assert image.size == (64, 64)
    assert is_near(colour_at(image, 32, 10), RED)
    assert is_near(colour_at(image, 32, 54), BLUE)


@pytest.mark.parametrize(
    ("size", "box", "wanted"),
    [
        ((400, 200), (64, 64), (64, 32)),
        ((200, 400), (64, 64), (32, 64)),
        ((400, 400), (128, 16), (16, 16)),
        ((30, 20), (256, 256), (30, 20)),
        ((4000, 1), (64, 64), (64, 1)),
        ((1, 1), (16, 16), (1, 1)),
    ],
)
def test_the_aspect_is_kept_and_nothing_is_enlarged(
    size: tuple[int, int], box: tuple[int, int], wanted: tuple[int, int]
) -> None:
    assert shown(encoded(Image.new("RGB", size, RED), "PNG"), "image/png", *box).size == wanted


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = encoded(striped(500, 300), "JPEG")
    assert len({thumbnail(io.BytesIO(data), "image/jpeg", 64, 64) for _ in range(3)}) == 1


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda image: image),
        (2, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        (3, lambda image: image.transpose(Image.Transpose.ROTATE_180)),
        (4, lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)),
        (5, lambda image: image.transpose(Image.Transpose.TRANSPOSE)),
        (6, lambda image: image.transpose(Image.Transpose.ROTATE_90)),
        (7, lambda image: image.transpose(Image.Transpose.TRANSVERSE)),
        (8, lambda image: image.transpose(Image.Transpose.ROTATE_270)),
    ],
)
def test_a_picture_is_upright_however_the_camera_was_held(
    file_format: str, orientation: int, upright: Callable[[Image.Image], Image.Image]
) -> None:
    scene = Image.new("RGB", (160, 80), WHITE)
    ImageDraw.Draw(scene).rectangle((0, 0, 79, 39), fill=RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright(scene)
    image = shown(encoded(stored, file_format, exif=exif), "image/jpeg", 64, 32)
    assert image.size == (64, 32)
    assert is_near(colour_at(image, 10, 6), RED)
    assert is_near(colour_at(image, 54, 6), WHITE)
    assert is_near(colour_at(image, 10, 26), WHITE)


def test_transparency_is_kept() -> None:
    image = Image.new("RGBA", (100, 100), (*RED, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 49, 99), fill=(*GREEN, 255))
    small = shown(encoded(image, "PNG"), "image/png")
    assert small.mode == "RGBA"
    assert small.getpixel((10, 30)) == (*GREEN, 255)
    assert small.getchannel("A").getpixel((60, 30)) == 0


def test_a_transparent_palette_entry_is_transparent() -> None:
    image = Image.new("P", (100, 100), 0)
    image.putpalette([*RED, *GREEN])
    image.paste(1, (0, 0, 50, 100))
    for file_format in ("GIF", "PNG"):
        small = shown(encoded(image, file_format, transparency=0), f"image/{file_format.lower()}")
        assert small.getchannel("A").getpixel((60, 30)) == 0
        assert is_near(colour_at(small, 10, 30), GREEN)


def test_an_opaque_alpha_channel_is_not_sent() -> None:
    assert shown(encoded(Image.new("RGBA", (100, 100), (*RED, 255)), "PNG"), "image/png").mode == "RGB"


def test_an_animation_shows_its_first_frame() -> None:
    first, second = Image.new("RGB", (80, 80), GREEN), Image.new("RGB", (80, 80), BLUE)
    for file_format in ("GIF", "WEBP", "PNG"):
        data = encoded(first, file_format, save_all=True, append_images=[second], duration=100)
        assert is_near(colour_at(shown(data, "image/gif"), 30, 30), GREEN)


def test_printing_colours_are_shown_on_screen() -> None:
    data = encoded(Image.new("CMYK", (80, 80), (0, 255, 255, 0)), "JPEG")
    image = shown(data, "image/jpeg")
    assert image.mode == "RGB"
    assert is_near(colour_at(image, 30, 30), RED, 60)


@pytest.mark.parametrize("side_px", [80, 800])
def test_sixteen_bits_become_eight(side_px: int) -> None:
    image = Image.new("I;16", (side_px, side_px), 0x8000)
    for file_format in ("PNG", "TIFF"):
        small = shown(encoded(image, file_format), "image/png")
        assert small.mode == "L"
        assert small.getpixel((30, 30)) == 127


def test_floating_point_is_stretched_to_what_can_be_seen() -> None:
    image = Image.linear_gradient("L").convert("F").point(lambda value: value * 4.0 + 100.0)
    assert shown(encoded(image, "TIFF"), "image/tiff").getextrema() == (0, 255)


def test_black_and_white_and_grey_are_shown() -> None:
    assert shown(encoded(Image.new("1", (80, 80), 1), "PNG"), "image/png").getpixel((9, 9)) == 255
    assert shown(encoded(Image.new("L", (80, 80), 77), "PNG"), "image/png").getpixel((9, 9)) == 77
    assert shown(encoded(Image.new("LA", (80, 80), (77, 128)), "PNG"), "image/png").getpixel((9, 9)) == (77, 128)


def test_a_colour_profile_is_applied_and_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = shown(encoded(striped(90, 90), "PNG", icc_profile=profile), "image/png")
    assert "icc_profile" not in image.info
    assert is_near(colour_at(image, 30, 5), RED)


def test_a_broken_colour_profile_is_no_reason_to_show_nothing() -> None:
    image = shown(encoded(striped(90, 90), "PNG", icc_profile=b"not a profile"), "image/png")
    assert is_near(colour_at(image, 30, 5), RED)


def test_nothing_that_the_photographer_wrote_is_sent_along() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    made = thumbnail(io.BytesIO(encoded(striped(90, 90), "JPEG", exif=exif, comment=b"at home")), "image/jpeg", 64, 64)
    assert made is not None
    assert b"live" not in made
    assert b"home" not in made


def test_a_decompression_bomb_gives_nothing() -> None:
    assert thumbnail(io.BytesIO(bomb(60_000, 60_000)), "image/png", 64, 64) is None
    assert thumbnail(io.BytesIO(bomb(10_001, 10_000)), "image/png", 64, 64) is None


async def test_a_picture_that_needs_more_memory_than_a_worker_has_gives_nothing(tmp_path: Path) -> None:
    Image.new("RGBA", (5000, 5000), (*RED, 0)).save(tmp_path / "large.png")
    Image.new("RGBA", (500, 500), (*RED, 0)).save(tmp_path / "small.png")
    pool = MediaPool(1, memory_limit_bytes=200 << 20)
    try:
        assert await pool.run(thumbnail, tmp_path / "large.png", "image/png", 64, 64) is None
        assert await pool.run(thumbnail, tmp_path / "small.png", "image/png", 64, 64) is not None
    finally:
        await pool.close()


def test_a_type_that_has_no_picture_gives_nothing() -> None:
    data = encoded(striped(90, 90), "PNG")
    assert thumbnail(io.BytesIO(data), "text/plain", 64, 64) is None
    assert thumbnail(io.BytesIO(data), "application/zip", 64, 64) is None


def test_postscript_is_never_interpreted() -> None:
    data = encoded(striped(90, 90), "EPS")
    assert thumbnail(io.BytesIO(data), "image/png", 64, 64) is None


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"])
def test_half_a_picture_gives_nothing(file_format: str) -> None:
    noisy = Image.effect_noise((200, 200), 90).convert("RGB")
    data = encoded(noisy, file_format)
    assert thumbnail(io.BytesIO(data[: len(data) // 2]), "image/png", 64, 64) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    file_format=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "TGA", "JPEG2000"]),
    places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
)
def test_damaged_pictures_give_a_picture_or_nothing(file_format: str, places: list[tuple[float, bytes]]) -> None:
    data = bytearray(encoded(striped(48, 48), file_format))
    for where, replacement in places:
        start = int(where * (len(data) - 1))
        data[start : start + len(replacement)] = replacement
    made = thumbnail(io.BytesIO(bytes(data)), "image/png", 32, 32)
    assert made is None or made.startswith(b"\x89PNG")


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=400),
    mime=st.sampled_from(["image/png", "image/svg+xml", "application/pdf", "video/mp4", "audio/mpeg", "image/heic"]),
)
def test_noise_gives_nothing(data: bytes, mime: str) -> None:
    assert thumbnail(io.BytesIO(data), mime, 32, 32) is None


def test_without_the_optional_decoders_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("av", "pypdfium2", "resvg_py"):
        monkeypatch.setitem(sys.modules, module, None)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
    for mime in ("video/mp4", "audio/mpeg", "application/pdf", "image/svg+xml"):
        assert thumbnail(io.BytesIO(svg), mime, 32, 32) is None


def test_heic_is_shown() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    out = io.BytesIO()
    pillow_heif.from_pillow(striped(128, 96)).save(out)
    image = shown(out.getvalue(), "image/heic")
    assert image.size == (64, 48)
    assert is_near(colour_at(image, 32, 5), RED)


def svg(body: str, attributes: str = 'viewBox="0 0 100 50"') -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {names} {attributes}>{body}</svg>".encode()


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ('viewBox="0 0 100 50"', (64, 32)),
        ('width="10" height="40"', (16, 64)),
        ('width="2in" height="2in"', (64, 64)),
        ('width="100%" height="100%" viewBox="0,0,10,20"', (32, 64)),
        ('width="1" height="1e6" viewBox="0 0 1 1000000"', (1, 64)),
    ],
)
def test_a_drawing_fills_the_box(attributes: str, wanted: tuple[int, int]) -> None:
    pytest.importorskip("resvg_py")
    rectangle = '<rect width="1000000" height="1000000" fill="red"/>'
    image = shown(svg(rectangle, attributes), "image/svg+xml")
    assert image.size == wanted
    assert colour_at(image, wanted[0] // 2, wanted[1] // 2) == RED


def test_a_packed_drawing_is_shown() -> None:
    pytest.importorskip("resvg_py")
    packed = gzip.compress(svg('<rect width="100" height="50" fill="blue"/>'))
    assert colour_at(shown(packed, "image/svg+xml"), 5, 5) == BLUE


def test_a_drawing_cannot_show_files_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resvg_py")
    Image.new("RGB", (50, 50), RED).save(tmp_path / "secret.png")
    monkeypatch.chdir(tmp_path)
    for path in ("secret.png", str(tmp_path / "secret.png"), (tmp_path / "secret.png").as_uri(), " ./secret.png"):
        for attribute in ("href", "xlink:href"):
            drawing = svg(f'<image {attribute}="{path}" width="100" height="50"/>')
            image = shown(drawing, "image/svg+xml")
            assert image.getchannel("A").getextrema() == (0, 0)


def test_a_drawing_cannot_include_files_as_entities(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    (tmp_path / "secret").write_text("secret")
    entity = f'<!DOCTYPE svg [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'.encode()
    assert thumbnail(io.BytesIO(entity + svg("<text>&e;</text>")), "image/svg+xml", 64, 64) is None


def test_an_entity_bomb_gives_nothing() -> None:
    pytest.importorskip("resvg_py")
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 12))
    document = f'<!DOCTYPE svg [<!ENTITY e0 "boom">{levels}]>'.encode() + svg("<text>&e11;</text>")
    assert thumbnail(io.BytesIO(document), "image/svg+xml", 64, 64) is None


def test_an_image_inside_a_drawing_is_shown() -> None:
    pytest.importorskip("resvg_py")
    inner = base64.b64encode(encoded(Image.new("RGB", (10, 10), RED), "PNG")).decode()
    drawing = svg(f'<image href="data:image/png;base64,{inner}" width="50" height="50"/>', 'viewBox="0 0 50 50"')
    assert is_near(colour_at(shown(drawing, "image/svg+xml"), 30, 30), RED)


def test_a_packed_bomb_of_a_drawing_gives_nothing() -> None:
    pytest.importorskip("resvg_py")
    packed = gzip.compress(svg(" " * (20 << 20)))
    assert thumbnail(io.BytesIO(packed), "image/svg+xml", 64, 64) is None


def test_the_first_page_of_a_pdf_is_shown() -> None:
    pytest.importorskip("pypdfium2")
    pages = encoded(striped(300, 600), "PDF", save_all=True, append_images=[Image.new("RGB", (600, 300), GREEN)])
    image = shown(pages, "application/pdf")
    assert image.size == (32, 64)
    assert is_near(colour_at(image, 16, 10), RED)
    assert is_near(colour_at(image, 16, 50), BLUE)


def test_half_a_pdf_gives_nothing() -> None:
    pytest.importorskip("pypdfium2")
    page = encoded(striped(300, 600), "PDF")
    assert thumbnail(io.BytesIO(page[:200]), "application/pdf", 64, 64) is None


def film(container_format: str, codec: str, seconds: int = 10, rotation: int = 0) -> bytes:
    """Red for its first half second, then green, then blue for its second half."""
    av = pytest.importorskip("av")
    out = io.BytesIO()
    with av.open(out, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 80, "yuv420p"
        stream.codec_context.gop_size = 5
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(seconds * 10):
            colour = RED if number < 5 else GREEN if number < seconds * 5 else BLUE
            frame = av.VideoFrame.from_image(Image.new("RGB", (160, 80), colour))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


@pytest.mark.parametrize(
    ("container_format", "codec", "mime"),
    [
        ("mp4", "mpeg4", "video/mp4"),
        ("matroska", "mpeg4", "video/x-matroska"),
        ("avi", "mpeg4", "video/x-msvideo"),
        ("mpegts", "mpeg2video", "video/mp2t"),
    ],
)
def test_a_film_shows_a_frame_from_a_tenth_of_its_length(container_format: str, codec: str, mime: str) -> None:
    image = shown(film(container_format, codec), mime)
    assert image.size == (64, 32)
    assert is_near(colour_at(image, 32, 16), GREEN, 40)


def test_a_film_of_one_frame_is_shown() -> None:
    av = pytest.importorskip("av")
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 80, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (160, 80), BLUE))))
        container.mux(stream.encode())
    assert is_near(colour_at(shown(out.getvalue(), "video/mp4"), 32, 16), BLUE, 40)


def test_a_film_taken_upright_is_shown_upright() -> None:
    image = shown(film("mp4", "mpeg4", seconds=1, rotation=90), "video/mp4")
    assert image.size == (32, 64)


def test_half_a_film_gives_nothing() -> None:
    whole = film("mp4", "mpeg4")
    assert thumbnail(io.BytesIO(whole[: len(whole) // 2]), "video/mp4", 64, 64) is None


def test_a_playlist_cannot_open_files_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "film.ts").write_bytes(film("mpegts", "mpeg2video", seconds=1))
    path = tmp_path / "film.ts"
    playlists = (
        f"ffconcat version 1.0\nfile {path}\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\n{path.as_uri()}\n#EXT-X-ENDLIST\n",
    )
    for playlist in playlists:
        assert thumbnail(io.BytesIO(playlist.encode()), "video/mp4", 64, 64) is None


def song(cover: Image.Image | None) -> bytes:
    """A second of silence as MP3, with the cover in an ID3 frame (ID3v2.3, 4.15)."""
    av = pytest.importorskip("av")
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=44100)
        silence = av.AudioFrame(format="s16p", layout="mono", samples=1152)
        silence.sample_rate = 44100
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(40):
            silence.pts = number * 1152
            container.mux(stream.encode(silence))
        container.mux(stream.encode())
    sound = out.getvalue()
    if cover is None:
        return sound
    body = b"\0image/png\0\x03\0" + encoded(cover, "PNG")
    frame = b"APIC" + struct.pack(">IH", len(body), 0) + body
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + sound


def test_a_song_shows_its_cover() -> None:
    image = shown(song(striped(120, 120)), "audio/mpeg")
    assert image.size == (64, 64)
    assert is_near(colour_at(image, 30, 10), RED)


def test_a_song_without_a_cover_gives_nothing() -> None:
    assert thumbnail(io.BytesIO(song(None)), "audio/mpeg", 64, 64) is None
