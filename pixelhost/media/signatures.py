"""What the first bytes of a file prove about its type."""

from collections.abc import Mapping
from typing import Final

from pixelhost.media.formats import KINDS

# Offset, bytes, type. The first match wins, so the longer of two that begin alike stands first.
SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/jp2"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"qoif", "image/qoi"),
    (0, b"DDS ", "image/vnd.ms-dds"),
    (0, b"icns", "image/x-icns"),
    (0, b"gimp xcf", "image/x-xcf"),
    (0, b"\x76\x2f\x31\x01", "image/x-exr"),
    (0, b"AT&TFORM", "image/vnd.djvu"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"MThd", "audio/midi"),
    (0, b"wvpk", "audio/x-wavpack"),
    (0, b"MAC ", "audio/x-ape"),
    (0, b"caff", "audio/x-caf"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"LZIP\x01", "application/x-lzip"),
    (0, b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (0, b"!<arch>\ndebian-binary", "application/vnd.debian.binary-package"),
    (0, b"!<arch>\n", "application/x-archive"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (257, b"ustar", "application/x-tar"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\x00", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"ttcf", "font/collection"),
    (0, b"d8:announce", "application/x-bittorrent"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\x00asm", "application/wasm"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)

ISO_BRANDS: Final[Mapping[bytes, str]] = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"crx ": "image/x-canon-cr3",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4V ": "video/x-m4v",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3g2a": "video/3gpp2",
}
RIFF_FORMS: Final[Mapping[bytes, str]] = {
    b"WEBP": "image/webp",
    b"WAVE": "audio/wav",
    b"AVI ": "video/x-msvideo",
}
# Sizes of the header that follows the file header of a Windows bitmap.
BITMAP_HEADERS: Final = frozenset(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))


def signature(head: bytes) -> str | None:
    """The type that the bytes alone prove."""
    for offset, magic, mime in SIGNATURES:
        if head.startswith(magic, offset):
            return mime
    for sniff in (_iso_media, _riff, _matroska, _ogg, _zip, _transport_stream, _executable, _bitmap, _aiff):
        if (found := sniff(head)) is not None:
            return found
    return None


def _iso_media(head: bytes) -> str | None:
    """ISO/IEC 14496-12, 4.3: a box `ftyp` with a major brand, a version and compatible brands."""
    if head[4:8] != b"ftyp":
        return None
    brands = head[8:12], *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4]), 64), 4))
    major = ISO_BRANDS.get(brands[0], "video/mp4")
    if brands[0] not in {b"mif1", b"msf1"}:
        return major
    return next((ISO_BRANDS[brand] for brand in brands[1:] if brand in {b"avif", b"avis", b"heic", b"heix"}), major)


def _riff(head: bytes) -> str | None:
    return RIFF_FORMS.get(head[8:12]) if head[:4] in {b"RIFF", b"RF64"} else None


def _matroska(head: bytes) -> str | None:
    """RFC 8794, 11.2: the EBML header names its document type."""
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return "video/webm" if b"\x42\x82\x84webm" in head[:64] else "video/x-matroska"


def _ogg(head: bytes) -> str | None:
    """RFC 3533, 6: the first page holds the first packet of the first stream, which names the codec."""
    if not head.startswith(b"OggS"):
        return None
    if b"OpusHead" in head[:64]:
        return "audio/opus"
    return "video/ogg" if b"\x80theora" in head[:64] else "audio/ogg"


def _zip(head: bytes) -> str | None:
    """EPUB and OpenDocument store their type, uncompressed, as the first member `mimetype`."""
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return None
    if head[30:38] == b"mimetype" and head[8:10] == b"\0\0":
        size_bytes = int.from_bytes(head[18:22], "little")
        start = 38 + int.from_bytes(head[28:30], "little")
        stored = head[start : start + size_bytes].decode("ascii", "replace").strip()
        if KINDS.get(stored) == "document":
            return stored
    return "application/zip"


def _transport_stream(head: bytes) -> str | None:
    """ISO/IEC 13818-1: packets of 188 bytes (on Blu-ray of 192) that begin with 0x47."""
    for start, packet_bytes in ((0, 188), (4, 192)):
        if head[start : start + 3 * packet_bytes : packet_bytes] == b"GGG":
            return "video/mp2t"
    return None


def _executable(head: bytes) -> str | None:
    header = int.from_bytes(head[60:64], "little")
    if head.startswith(b"MZ") and head[header : header + 4] == b"PE\0\0":
        return "application/vnd.microsoft.portable-executable"
    return None


def _bitmap(head: bytes) -> str | None:
    """Two letters prove little: the reserved zeros and the size of the second header do."""
    is_bitmap = head.startswith(b"BM") and head[6:10] == bytes(4) and head[14:18] in BITMAP_HEADERS
    return "image/bmp" if is_bitmap else None


def _aiff(head: bytes) -> str | None:
    return "audio/aiff" if head.startswith(b"FORM") and head[8:12] in {b"AIFF", b"AIFC"} else None
