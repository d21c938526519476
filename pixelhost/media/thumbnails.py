"""Small pictures of what people upload: images, pages, frames and covers.

All of it decodes hostile bytes: call it in a media worker. The limits here keep one picture cheap; the worker's own
limits are for what slips through, and a picture that needs more memory than that is too large.
"""

import contextlib
import io
import math
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final
from xml.etree import ElementTree as Xml

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms

from pixelhost.media.mime import kind

if TYPE_CHECKING:
    import av.container
    import av.video

PIXEL_LIMIT: Final = 100_000_000
SVG_LIMIT_BYTES: Final = 8 << 20
PACKET_LIMIT: Final = 2_000

Box = tuple[int, int]
"""Width and height in pixels."""

# Decoders that read these bytes and nothing else: that for EPS, for one, starts Ghostscript.
FORMATS: Final = (
    *("AVIF", "BMP", "DDS", "DIB", "GIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "PSD"),
    *("QOI", "SGI", "TGA", "TIFF", "WEBP"),
)
# Demuxers that open no second file or address, as those of playlists (hls, dash, concat) do.
DEMUXERS: Final = "aac,aiff,ape,asf,avi,caf,flac,flv,matroska,mov,mp3,mpeg,mpegts,mpegvideo,mxf,ogg,rm,wav,wv"
EMBEDDED_IMAGE: Final = re.compile(r"\s*(#|data:image/(png|jpe?g|gif|webp);)", re.IGNORECASE)
LENGTH: Final = re.compile(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)(?:px|pt|pc|mm|cm|in)?\s*", re.IGNORECASE)

UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What decoders raise on bytes that aren't what they seem, and what a decoder raises that isn't installed.
BROKEN: Final[tuple[type[Exception], ...]] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImageCms.PyCMSError,
    ImportError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
# One thread for every core would cost the worker's address space, and save nothing where several workers run.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def thumbnail(source: BinaryIO, mime: str, width_px: int, height_px: int) -> bytes | None:
    """PNG at most `width_px` x `height_px`, aspect kept, EXIF orientation applied, animations as their first frame.

    An image is never enlarged; a drawing or a page has no pixels of its own and fills the box. None when `source` is
    broken, too large, or nothing that we decode with what is installed. Blocking: call in a media worker.
    """
    make = THUMBNAILERS.get(mime) or THUMBNAILERS.get(kind(mime))
    if make is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = make(source, (width_px, height_px))
            return None if image is None else _png(image)
    except BROKEN:
        return None


def _image(source: BinaryIO, box: Box) -> Image.Image | None:
    return _fitted_image(source, box, FORMATS)


def _heif_image(source: BinaryIO, box: Box) -> Image.Image | None:
    _register_heif()
    return _fitted_image(source, box, ("HEIF", "AVIF"))


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False)


def _fitted_image(source: BinaryIO, box: Box, formats: tuple[str, ...]) -> Image.Image | None:
    Image.init()
    with Image.open(source, formats=[name for name in formats if name in Image.OPEN]) as image:
        if not _is_affordable(image.width, image.height):
            return None
        # A JPEG is decoded at an eighth to a half of its size where that is enough, whichever way up it is.
        side = max(box)
        image.draft(None, _fitted(image.size, (2 * side, 2 * side)))
        image.load()
        orientation = _orientation(image)
        upright_box = box if orientation < 5 else box[::-1]
        small = _shrunk(image, upright_box)
        turn = UPRIGHT.get(orientation)
        return small if turn is None else small.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8. Ask after loading: the TIFF decoder applies and then forgets it."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except BROKEN:
        return 1
    return found if found in UPRIGHT else 1


def _shrunk(image: Image.Image, box: Box) -> Image.Image:
    """`image` within `box` as L, LA, RGB or RGBA."""
    if "transparency" in image.info and image.mode in {"1", "L", "RGB", "P"}:
        image = image.convert("RGBA")
    elif image.mode in {"1", "P", "PA"}:
        image = image.convert({"1": "L", "P": "RGB", "PA": "RGBA"}[image.mode])
    # Pillow can't do the cheap first step on sixteen bits.
    gap = None if image.mode.startswith("I;16") else 3.0
    small = image.resize(_fitted(image.size, box), Image.Resampling.LANCZOS, reducing_gap=gap)
    small.info = image.info
    if small.mode in {"I", "F"} or small.mode.startswith("I;16"):
        return _in_eight_bits(small)
    return _in_srgb(small)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits lose the lower eight; other numbers are stretched over what is there."""
    numbers = image.convert("F")
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else numbers.getextrema()
    if not (isinstance(low, float) and isinstance(high, float) and math.isfinite(high - low)):
        raise ValueError("an image of numbers that are none")
    scale, start = 255 / ((high - low) or 1), low
    return numbers.point(lambda value: value * scale - start * scale).convert("L")


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as a browser shows them when nobody tells it the profile."""
    wanted = image.mode if image.mode in {"L", "LA", "RGBA"} else "RGBA" if image.mode == "RGBa" else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "RGBA", "CMYK"}:
        try:
            found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, found, ImageCms.createProfile("sRGB"), outputMode=wanted)
        except BROKEN:
            return image.convert(wanted)
        return converted or image.convert(wanted)
    return image.convert(wanted)


def _svg_drawing(source: BinaryIO, box: Box) -> Image.Image | None:
    import resvg_py

    markup = _svg_text(source)
    if markup is None:
        return None
    # The worker's limits hold what an entity bomb would cost; external entities are never loaded.
    root = Xml.fromstring(markup)  # noqa: S314
    for element in root.iter():
        for name in [name for name in element.attrib if name.endswith("href")]:
            # The renderer would open any path named here.
            if not EMBEDDED_IMAGE.match(element.attrib[name]):
                del element.attrib[name]
    width, height = _svg_size(root)
    is_wide = width * box[1] >= height * box[0]
    drawn = resvg_py.svg_to_bytes(
        svg_string=Xml.tostring(root, encoding="unicode"),
        width=box[0] if is_wide else None,
        height=None if is_wide else box[1],
        dpi=96,
    )
    return _fitted_image(io.BytesIO(drawn), box, ("PNG",))


def _svg_text(source: BinaryIO) -> bytes | None:
    """The markup, unpacked when it is gzipped (.svgz); None when there is too much of it."""
    markup = source.read(SVG_LIMIT_BYTES + 1)
    if markup.startswith(b"\x1f\x8b"):
        markup = zlib.decompressobj(wbits=31).decompress(markup, SVG_LIMIT_BYTES + 1)
    return markup if len(markup) <= SVG_LIMIT_BYTES else None


def _svg_size(root: "Xml.Element[str]") -> tuple[float, float]:
    """Width and height in some unit: only their ratio counts."""
    lengths = [LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
    sizes = [float(length[1]) for length in lengths if length is not None]
    if len(sizes) < 2:
        sizes = [float(number) for number in root.get("viewBox", "0 0 1 1").replace(",", " ").split()[2:]]
    width, height = sizes
    return width, height


def _pdf_page(source: BinaryIO, box: Box) -> Image.Image | None:
    import pypdfium2

    with pypdfium2.PdfDocument(source) as document:
        page = document[0]
        width, height = page.get_size()
        scale = min(box[0] / width, box[1] / height)
        image: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil()
        return _shrunk(image, box)


def _video_frame(source: BinaryIO, box: Box) -> Image.Image | None:
    """A frame from after a tenth of the film, where the titles are over; the cover where there is no film."""
    import av

    try:
        with _media_container(source) as container:
            stream = next((stream for stream in container.streams.video if not _is_cover(stream)), None)
            if stream is None:
                return _attached_cover(container, box)
            stream.codec_context.thread_count = 1
            frame = next((frame for frame in _frames(container, stream)), None)
            return None if frame is None else _upright_frame(frame, stream, box)
    except av.FFmpegError:
        return None


def _audio_cover(source: BinaryIO, box: Box) -> Image.Image | None:
    import av

    try:
        with _media_container(source) as container:
            return _attached_cover(container, box)
    except av.FFmpegError:
        return None


def _media_container(source: BinaryIO) -> "av.container.InputContainer":
    import av

    only_these_bytes = {"format_whitelist": DEMUXERS, "protocol_whitelist": "none"}
    return av.open(source, mode="r", metadata_errors="ignore", container_options=only_these_bytes)


def _attached_cover(container: "av.container.InputContainer", box: Box) -> Image.Image | None:
    for stream in container.streams.video:
        if _is_cover(stream):
            packet = next(container.demux(stream), None)
            return None if packet is None else _image(io.BytesIO(bytes(packet)), box)
    return None


def _is_cover(stream: "av.video.stream.VideoStream") -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _frames(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream"
) -> "Iterator[av.video.frame.VideoFrame]":
    """The frames at a tenth of the length, then, when there are none, those at the beginning. Bounded."""
    import av

    for position in dict.fromkeys(((container.duration or 0) // 10, 0)):
        with contextlib.suppress(av.FFmpegError):
            container.seek(position)
        for packet in islice(container.demux(stream), PACKET_LIMIT):
            yield from _decoded(packet)


def _decoded(packet: "av.Packet[av.video.stream.VideoStream]") -> "list[av.video.frame.VideoFrame]":
    """What the packet holds; nothing when it refers to packets that a seek has left out."""
    import av

    try:
        return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
    except av.FFmpegError:
        return []


def _upright_frame(
    frame: "av.video.frame.VideoFrame", stream: "av.video.stream.VideoStream", box: Box
) -> Image.Image | None:
    if not _is_affordable(frame.width, frame.height):
        return None
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    if aspect := stream.sample_aspect_ratio:
        # Pixels that aren't square: the longer side keeps its length.
        width, height = (frame.width, frame.height / aspect) if aspect > 1 else (frame.width * aspect, frame.height)
        image = image.resize((max(1, round(width)), max(1, round(height))), reducing_gap=2.0)
    turned = abs(frame.rotation) == 90
    return _shrunk(image, box[::-1] if turned else box).rotate(frame.rotation, expand=True)


def _is_affordable(width: int, height: int) -> bool:
    return 0 < width * height <= PIXEL_LIMIT


def _fitted(size: Box, box: Box) -> Box:
    """`size` scaled down, never up, so that it lies within `box`."""
    ratio = min(1, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _png(image: Image.Image) -> bytes:
    if image.mode in {"LA", "RGBA"} and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert(image.mode[:-1])
    # What the source said about itself (profile, text, place of the photograph) stays out.
    image.info = {}
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


THUMBNAILERS: Final[Mapping[str, Callable[[BinaryIO, Box], Image.Image | None]]] = {
    "image/svg+xml": _svg_drawing,
    "image/heic": _heif_image,
    "image/heif": _heif_image,
    "image": _image,
    "pdf": _pdf_page,
    "video": _video_frame,
    "audio": _audio_cover,
}
