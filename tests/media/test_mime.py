import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixelhost.media.mime import kind, mime_type, signature

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
ZIP = b"PK\x03\x04\x14\x00\x00\x00\x08\x00"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
MKV = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def iso(major: bytes, *compatible: bytes) -> bytes:
    brands = major + bytes(4) + b"".join(compatible)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("photo.JPG", "image/jpeg"),
        ("photo.avif", "image/avif"),
        ("photo.heic", "image/heic"),
        ("photo.jxl", "image/jxl"),
        ("photo.webp", "image/webp"),
        ("drawing.svg", "image/svg+xml"),
        ("film.mkv", "video/x-matroska"),
        ("film.webm", "video/webm"),
        ("song.mp3", "audio/mpeg"),
        ("song.flac", "audio/flac"),
        ("backup.tar.gz", "application/gzip"),
        ("backup.tar.zst", "application/zstd"),
        ("things.7z", "application/x-7z-compressed"),
        ("things.rar", "application/vnd.rar"),
        ("debian.iso", "application/x-iso9660-image"),
        ("app.apk", "application/vnd.android.package-archive"),
        ("linux.torrent", "application/x-bittorrent"),
        ("paper.pdf", "application/pdf"),
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("book.epub", "application/epub+zip"),
        ("notes.md", "text/markdown"),
        ("page.html", "text/html"),
        ("data.json", "application/json"),
        ("main.py", "text/x-python"),
        ("face.woff2", "font/woff2"),
    ],
)
def test_the_extension_says_what_a_file_is(name: str, wanted: str) -> None:
    assert mime_type(name, b"") == wanted


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (iso(b"avif"), "image/avif"),
        (iso(b"mif1", b"heic"), "image/heic"),
        (iso(b"mif1", b"miaf", b"avif"), "image/avif"),
        (iso(b"qt  "), "video/quicktime"),
        (MP4, "video/mp4"),
        (MKV, "video/x-matroska"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "video/webm"),
        (b"OggS" + bytes(24) + b"OpusHead", "audio/opus"),
        (b"ID3\x04", "audio/mpeg"),
        (b"fLaC", "audio/flac"),
        (b"%PDF-1.7", "application/pdf"),
        (ZIP, "application/zip"),
        (b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),
        (bytes(257) + b"ustar\x0000", "application/x-tar"),
        (b"d8:announce35:http", "application/x-bittorrent"),
        (b"wOF2", "font/woff2"),
        (b"\x7fELF\x02", "application/x-elf"),
        ((b"G" + bytes(187)) * 3, "video/mp2t"),
    ],
)
@pytest.mark.parametrize("name", ["download", "download.unheardof", ""])
def test_without_a_known_extension_the_bytes_say_what_a_file_is(name: str, head: bytes, wanted: str) -> None:
    assert mime_type(name, head) == wanted


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO", "JPEG2000", "DDS"])
def test_real_pictures_are_recognised_without_a_name(file_format: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, file_format)
    assert kind(mime_type("", out.getvalue())) == "image"


@pytest.mark.parametrize(
    ("name", "head", "wanted"),
    [
        ("photo.png", JPEG, "image/jpeg"),
        ("photo.jpg", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("photo.heic", JPEG, "image/jpeg"),
        ("film.mp4", MKV, "video/x-matroska"),
        ("song.mp3", iso(b"M4A "), "audio/mp4"),
        ("things.zip", b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),
        ("letter.doc", b"{\\rtf1", "application/rtf"),
    ],
)
def test_bytes_beat_the_extension_within_a_family(name: str, head: bytes, wanted: str) -> None:
    assert mime_type(name, head) == wanted


@pytest.mark.parametrize(
    ("name", "head", "wanted"),
    [
        ("letter.docx", ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("app.apk", ZIP, "application/vnd.android.package-archive"),
        ("comic.cbz", ZIP, "application/vnd.cbz"),
        ("sums.xls", OLE, "application/vnd.ms-excel"),
        ("setup.msi", OLE, "application/x-ms-installer"),
        ("song.m4a", MP4, "audio/mp4"),
        ("clip.mov", MP4, "video/quicktime"),
        ("clip.webm", MKV, "video/webm"),
        ("song.wma", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "audio/x-ms-wma"),
        ("raw.nef", b"MM\x00*", "image/x-nikon-nef"),
        ("drawing.svgz", b"\x1f\x8b\x08", "image/svg+xml"),
        ("package.deb", b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package"),
    ],
)
def test_a_container_does_not_contradict_the_name_of_what_it_contains(name: str, head: bytes, wanted: str) -> None:
    assert mime_type(name, head) == wanted


@pytest.mark.parametrize("head", [b"<!DOCTYPE html><script>", b"<svg xmlns='x'>", b"<?xml version='1.0'?><html/>"])
def test_text_never_becomes_a_page_by_what_it_says(head: bytes) -> None:
    assert mime_type("page", head) == "text/plain"
    assert mime_type("page.unheardof", head) == "text/plain"
    assert mime_type("photo.png", head) == "image/png"
    assert mime_type("notes.txt", head) == "text/plain"


def test_text_is_what_reads_as_utf_8() -> None:
    assert mime_type("README", "Grüße\n".encode()) == "text/plain"
    assert mime_type("README", b"") == "text/plain"
    assert mime_type("build.output", b"\x1b[31mred\x1b[0m\r\n") == "text/plain"


def test_text_may_be_cut_within_a_character() -> None:
    assert mime_type("README", "ü".encode() * 4096) == "text/plain"
    assert mime_type("README", b"x" + "ü".encode() * 4096) == "text/plain"


@pytest.mark.parametrize("head", [b"\x00\x01\x02", b"text\x00more", b"\xff\xfe\xfd", b"\x07"])
def test_what_is_neither_known_nor_text_is_octets(head: bytes) -> None:
    assert mime_type("download", head) == "application/octet-stream"


def test_ts_is_typescript_or_a_transport_stream() -> None:
    assert mime_type("main.ts", b"export const x = 1;") == "text/typescript"
    assert mime_type("record.ts", (b"G" + bytes(187)) * 3) == "video/mp2t"


def test_a_book_says_what_it_is_inside_its_zip() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    assert mime_type("download", out.getvalue()) == "application/epub+zip"


def test_a_zip_cannot_call_itself_a_page() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "text/html")
    assert mime_type("download", out.getvalue()) == "application/zip"


@settings(max_examples=50, deadline=None)
@given(name=st.text(), head=st.binary(max_size=5000))
def test_every_file_has_a_type(name: str, head: bytes) -> None:
    family, _, rest = mime_type(name, head).partition("/")
    assert family
    assert rest


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_bytes_alone_never_make_a_page_or_a_drawing(head: bytes) -> None:
    assert signature(head) not in {"text/html", "application/xhtml+xml", "image/svg+xml", "application/xml"}


@pytest.mark.parametrize(
    ("mime", "wanted"),
    [
        ("image/svg+xml", "image"),
        ("image/never-heard-of", "image"),
        ("video/mp4", "video"),
        ("audio/ogg; codecs=opus", "audio"),
        ("TEXT/HTML; charset=utf-8", "text"),
        ("application/json", "text"),
        ("application/pdf", "pdf"),
        ("application/zip", "archive"),
        ("application/x-bittorrent", "torrent"),
        ("font/woff2", "font"),
        ("application/epub+zip", "document"),
        ("application/octet-stream", "other"),
        ("", "other"),
        ("nonsense", "other"),
    ],
)
def test_every_type_has_a_kind(mime: str, wanted: str) -> None:
    assert kind(mime) == wanted
