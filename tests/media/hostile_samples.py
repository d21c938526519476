"""Pictures, films, songs, pages and archives made to exhaust or mislead what decodes them, and whole ones to damage."""

import io
import lzma
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import av
import pillow_heif
import py7zr
from PIL import Image

from tests.media.archive_samples import seven_zip_of, tar_of, zip_of

MIB = 1 << 20
RED = (255, 0, 0)
BLOCK = bytes(MIB)
INSIDE = {"a.txt": b"hello\n" * 500, "dir/b.bin": bytes(range(256)) * 40}

Sample = tuple[Callable[[], bytes], str]
"""What makes the bytes, and the question about them, as a query of GET /filesystem/{path}."""


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def png(width: int, height: int, rows: int, bits: int = 8) -> bytes:
    """Black, with four channels; of the rows that it announces it may have fewer (PNG, second edition)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = bytes(1 + width * bits // 2)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@cache
def largest_png() -> bytes:
    return png(10_000, 10_000, 10_000)


def gif(width: int, height: int) -> bytes:
    """Its frame announces the whole picture and has two pixels of it (GIF89a, 20 and 22)."""
    size = struct.pack("<HH", width, height)
    frame = b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c" + bytes(4) + size + b"\0" + b"\x02\x02\x4c\x01\0"
    return b"GIF89a" + size + b"\x80\0\0" + bytes(3) + b"\xff" * 3 + frame + b"\x3b"


def long_gif(frames: int) -> bytes:
    """A film of one and the same frame."""
    data = encoded(Image.new("P", (600, 400)), "GIF")
    start = 13 + (6 << (data[10] & 7))
    return data[:start] + data[start:-1] * frames + b"\x3b"


def tiff(width: int, height: int, strip: bytes, strip_bytes: int, pages: int = 1, compression: int = 8) -> bytes:
    """Pages that share one strip, which says that it has `strip_bytes` (TIFF 6.0, section 2). 8 is deflate."""
    out, start = bytearray(b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip), 8 + len(strip)
    tags = [(256, width), (257, height), (258, 8), (259, compression), (262, 1), (273, 8), (277, 1), (278, height)]
    for page in range(1, pages + 1):
        following = start + page * (2 + 12 * 9 + 4) if page < pages else 0
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in (*tags, (279, strip_bytes)))
        out += struct.pack("<H", 9) + entries + struct.pack("<I", following)
    return bytes(out)


def circular_tiff() -> bytes:
    """Its only page is followed by itself."""
    data = bytearray(tiff(64, 64, zlib.compress(bytes(64 * 64)), 40))
    data[-4:] = data[4:8]
    return bytes(data)


def with_other_size(data: bytes, name: bytes, width: int, height: int) -> bytes:
    """The last box `name` of an ISO base media file announces this size (ISO/IEC 23008-12, 6.5.3)."""
    start = data.rindex(name) + len(name) + 4
    return data[:start] + struct.pack(">II", width, height) + data[start + 8 :]


def heic(width: int, height: int) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (width, height), RED)).save(out)
    return out.getvalue()


def webp(width: int, height: int) -> bytes:
    """An animation on a canvas of that size with one small frame (WebP Container, "Extended File Format")."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    def in_three(number: int) -> bytes:
        return number.to_bytes(3, "little")

    picture = encoded(Image.new("RGB", (16, 16), RED), "WEBP")[12:]
    canvas = chunk(b"VP8X", b"\x02\0\0\0" + in_three(width - 1) + in_three(height - 1))
    place = bytes(6) + in_three(15) + in_three(15) + in_three(100) + b"\0"
    frames = chunk(b"ANIM", bytes(6)) + chunk(b"ANMF", place + picture) * 1000
    return b"RIFF" + struct.pack("<I", 4 + len(canvas + frames)) + b"WEBP" + canvas + frames


def pdf(box: str, content: bytes, *, image: bytes = b"", width: int = 1, height: int = 1) -> bytes:
    """One page of this size, whose content is packed, and an image of RGB called /I (PDF 1.7, 7.5 and 8.9)."""
    packed = zlib.compress(content)
    filtered = f"/Filter /FlateDecode /Length {len(packed)}".encode()
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        f"<</Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R ".encode()
        + b"/Resources <</XObject <</I 5 0 R>>>>>>",
        b"<<" + filtered + b">>\nstream\n" + packed + b"\nendstream",
        f"<</Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
        f" /Filter /FlateDecode /Length {len(image)}>>\nstream\n".encode()
        + image
        + b"\nendstream",
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    return bytes(out) + f"trailer <</Root 1 0 R /Size {len(objects) + 1}>>\nstartxref\n{table}\n%%EOF".encode()


def pdf_of_an_image() -> bytes:
    packer, row = zlib.compressobj(1), bytes(3 * 12_000)
    image = b"".join(packer.compress(row) for _ in range(12_000)) + packer.flush()
    return pdf("0 0 600 600", b"600 0 0 600 0 0 cm /I Do", image=image, width=12_000, height=12_000)


def film(width: int, height: int, container_format: str = "mp4", frames: int = 5) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container_format) as container:
        stream: Any = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame(width, height, "yuv420p")
        for number in range(frames):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def film_of(picture: bytes) -> bytes:
    """An AVI whose only frame is this PNG, which may be larger than the film says."""
    out = io.BytesIO()
    with av.open(out, "w", format="avi") as container:
        stream: Any = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "rgba"
        packet = av.Packet(picture)
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, 0, 0, True
        container.mux(packet)
    return out.getvalue()


def song(cover: bytes, said_bytes: int | None = None) -> bytes:
    """Half a second of silence as MP3, with the cover in an ID3 frame that may lie (ID3v2.3, 3.1 and 4.15)."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream: Any = container.add_stream("libmp3lame", rate=44100)
        silence = av.AudioFrame(format="s16p", layout="mono", samples=1152)
        silence.sample_rate = 44100
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(20):
            silence.pts = number * 1152
            container.mux(stream.encode(silence))
        container.mux(stream.encode())
    body = b"\0image/png\0\x03\0" + cover
    frame = b"APIC" + struct.pack(">IH", len(body) if said_bytes is None else said_bytes, 0) + body
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + out.getvalue()


def tar_xz_of_zeros(size_bytes: int, said_bytes: int | None = None) -> bytes:
    info = tarfile.TarInfo("zeros")
    info.size = size_bytes if said_bytes is None else said_bytes
    packer = lzma.LZMACompressor(preset=0)
    packed = [packer.compress(info.tobuf(tarfile.GNU_FORMAT))]
    packed += [packer.compress(BLOCK) for _ in range(size_bytes // MIB)]
    return b"".join(packed) + packer.compress(bytes(1024)) + packer.flush()


def seven_zip_of_zeros(size_bytes: int, **packer: int) -> bytes:
    out = io.BytesIO()
    with tempfile.NamedTemporaryFile() as hole:
        hole.truncate(size_bytes)
        with py7zr.SevenZipFile(out, "w", filters=[packer]) as archive:
            archive.write(hole.name, "zeros")
    return out.getvalue()


def damaged(data: bytes, chance: Any, count: int) -> Iterator[bytes]:
    """`data` with one to eight of its bits turned over."""
    for _ in range(count):
        other = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            other[chance.randrange(len(other))] ^= 1 << chance.randrange(8)
        yield bytes(other)


def _picture() -> Image.Image:
    return Image.linear_gradient("L").resize((96, 64)).convert("RGB")


WHOLE: dict[str, Sample] = {
    "a.gif": (lambda: encoded(_picture(), "GIF"), "thumbnail"),
    "a.webp": (lambda: encoded(_picture(), "WEBP"), "thumbnail"),
    "a.tiff": (lambda: encoded(_picture(), "TIFF", compression="tiff_lzw"), "thumbnail"),
    "a.avif": (lambda: encoded(_picture(), "AVIF"), "thumbnail"),
    "a.heic": (lambda: heic(96, 64), "thumbnail"),
    "a.pdf": (lambda: encoded(_picture(), "PDF"), "thumbnail"),
    "a.mp4": (lambda: film(96, 64), "thumbnail"),
    "a.mkv": (lambda: film(96, 64, "matroska"), "thumbnail"),
    "a.mp3": (lambda: song(encoded(_picture(), "PNG")), "thumbnail"),
    "a.zip": (lambda: zip_of(INSIDE, 8), "zip_file=dir/b.bin"),
    "a.7z": (lambda: seven_zip_of(INSIDE), "zip_file=dir/b.bin"),
    "a.tar.xz": (lambda: lzma.compress(tar_of(INSIDE)), "zip_file=dir/b.bin"),
}

BOMBS: dict[str, Sample] = {
    "claims.gif": (lambda: gif(65_535, 65_535), "thumbnail"),
    "largest.gif": (lambda: gif(10_000, 10_000), "thumbnail"),
    "frames.gif": (lambda: long_gif(20_000), "thumbnail"),
    "claims.webp": (lambda: webp(1 << 14, 1 << 14), "thumbnail"),
    "largest.webp": (lambda: webp(10_000, 10_000), "thumbnail"),
    "claims.tiff": (lambda: tiff(60_000, 60_000, zlib.compress(bytes(1000)), 20), "thumbnail"),
    "lies.tiff": (lambda: tiff(9000, 9000, zlib.compress(bytes(1000)), (1 << 32) - 1), "thumbnail"),
    "largest.tiff": (lambda: tiff(10_000, 10_000, zlib.compress(bytes(10**8), 9), 10**8 // 1000), "thumbnail"),
    "pages.tiff": (lambda: tiff(64, 64, zlib.compress(bytes(4096)), 30, pages=50_000), "thumbnail"),
    "circle.tiff": (circular_tiff, "thumbnail"),
    "claims.avif": (lambda: with_other_size(WHOLE["a.avif"][0](), b"ispe", 60_000, 60_000), "thumbnail"),
    "lies.avif": (lambda: with_other_size(WHOLE["a.avif"][0](), b"ispe", 9999, 9999), "thumbnail"),
    "large.avif": (lambda: encoded(Image.new("RGB", (6000, 6000), RED), "AVIF", speed=10), "thumbnail"),
    "claims.heic": (lambda: with_other_size(heic(96, 64), b"ispe", 60_000, 60_000), "thumbnail"),
    "lies.heic": (lambda: with_other_size(heic(96, 64), b"ispe", 9999, 9999), "thumbnail"),
    "large.heic": (lambda: heic(4000, 4000), "thumbnail"),
    "poster.pdf": (lambda: pdf("0 0 1000000000 1000000000", b"0 0 9 9 re f"), "thumbnail"),
    "sliver.pdf": (lambda: pdf("0 0 0.0001 1000000", b"0 0 9 9 re f"), "thumbnail"),
    "image.pdf": (pdf_of_an_image, "thumbnail"),
    "drawing.pdf": (lambda: pdf("0 0 600 600", b"0 0 600 600 re f\n" * 3_000_000), "thumbnail"),
    "states.pdf": (lambda: pdf("0 0 600 600", b"q " * 10_000_000), "thumbnail"),
    "large.mp4": (lambda: film(8000, 8000, frames=2), "thumbnail"),
    "frame.avi": (lambda: film_of(largest_png()), "thumbnail"),
    "claims.avi": (lambda: film_of(png(30_000, 30_000, 1)), "thumbnail"),
    "largest.mp3": (lambda: song(largest_png()), "thumbnail"),
    "claims.mp3": (lambda: song(png(60_000, 60_000, 1)), "thumbnail"),
    "lies.mp3": (lambda: song(png(64, 64, 64), (1 << 32) - 1), "thumbnail"),
    "zeros.tar.xz": (lambda: tar_xz_of_zeros(256 * MIB), "zip_file=zeros"),
    "lies.tar.xz": (lambda: tar_xz_of_zeros(MIB, 1 << 43), "zip_file=zeros"),
    "zeros.7z": (lambda: seven_zip_of_zeros(256 * MIB, id=py7zr.FILTER_ZSTD, level=3), "zip_file=zeros"),
    "zeros-lzma.7z": (lambda: seven_zip_of_zeros(64 * MIB, id=py7zr.FILTER_LZMA2, preset=0), "zip_file=zeros"),
    "zeros-bzip2.7z": (lambda: seven_zip_of_zeros(64 * MIB, id=py7zr.FILTER_BZIP2), "zip_file=zeros"),
    "zeros-brotli.7z": (lambda: seven_zip_of_zeros(64 * MIB, id=py7zr.FILTER_BROTLI, level=5), "zip_file=zeros"),
}
