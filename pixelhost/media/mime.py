"""Which type a file has, by its name and its first bytes.

The tables are ours and not the operating system's mime.types, so that a file has the same type on every machine.
"""

import codecs
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal

Kind = Literal["image", "video", "audio", "text", "pdf", "archive", "torrent", "font", "document", "other"]

TEXT: Final = "text/plain"
BINARY: Final = "application/octet-stream"
SNIFFED_BYTES: Final = 4096

TYPES: Final[Mapping[Kind, Mapping[str, str]]] = {
    "pdf": {"application/pdf": "pdf"},
    "torrent": {"application/x-bittorrent": "torrent"},
    "image": {
        "image/apng": "apng",
        "image/avif": "avif avifs",
        "image/bmp": "bmp dib",
        "image/gif": "gif",
        "image/heic": "heic heics hif",
        "image/heif": "heif heifs",
        "image/jp2": "jp2 j2k jpf jpx j2c",
        "image/jpeg": "jpg jpeg jpe jfif pjpeg pjp",
        "image/jxl": "jxl",
        "image/png": "png",
        "image/qoi": "qoi",
        "image/svg+xml": "svg svgz",
        "image/tiff": "tif tiff",
        "image/vnd.adobe.photoshop": "psd psb",
        "image/vnd.djvu": "djvu djv",
        "image/vnd.ms-dds": "dds",
        "image/vnd.radiance": "hdr rgbe",
        "image/webp": "webp",
        "image/x-adobe-dng": "dng",
        "image/x-canon-cr2": "cr2",
        "image/x-canon-cr3": "cr3",
        "image/x-exr": "exr",
        "image/x-fuji-raf": "raf",
        "image/x-icns": "icns",
        "image/x-icon": "ico cur",
        "image/x-nikon-nef": "nef nrw",
        "image/x-olympus-orf": "orf",
        "image/x-panasonic-rw2": "rw2",
        "image/x-pcx": "pcx",
        "image/x-pentax-pef": "pef",
        "image/x-portable-anymap": "pnm",
        "image/x-portable-bitmap": "pbm",
        "image/x-portable-graymap": "pgm",
        "image/x-portable-pixmap": "ppm",
        "image/x-sony-arw": "arw sr2",
        "image/x-tga": "tga",
        "image/x-xcf": "xcf",
    },
    "video": {
        "video/3gpp": "3gp 3gpp",
        "video/3gpp2": "3g2",
        "video/dv": "dv",
        "video/mp2t": "m2ts mts m2t",
        "video/mp4": "mp4 mp4v mpg4",
        "video/mpeg": "mpg mpeg mpe m1v m2v vob",
        "video/ogg": "ogv ogm",
        "video/quicktime": "mov qt",
        "video/webm": "webm",
        "video/x-flv": "flv f4v",
        "video/x-m4v": "m4v",
        "video/x-matroska": "mkv mk3d",
        "video/x-ms-wmv": "wmv asf",
        "video/x-msvideo": "avi divx",
    },
    "audio": {
        "audio/aac": "aac adts",
        "audio/ac3": "ac3",
        "audio/aiff": "aif aiff aifc",
        "audio/amr": "amr",
        "audio/basic": "au snd",
        "audio/eac3": "eac3",
        "audio/flac": "flac",
        "audio/midi": "mid midi kar",
        "audio/mp4": "m4a m4b m4r f4a",
        "audio/mpeg": "mp3 mp2 mpga mp1",
        "audio/ogg": "ogg oga spx",
        "audio/opus": "opus",
        "audio/vnd.dts": "dts",
        "audio/wav": "wav wave",
        "audio/webm": "weba",
        "audio/x-ape": "ape",
        "audio/x-caf": "caf",
        "audio/x-matroska": "mka",
        "audio/x-mod": "xm it s3m",
        "audio/x-ms-wma": "wma",
        "audio/x-wavpack": "wv",
    },
    "archive": {
        "application/gzip": "gz tgz",
        "application/java-archive": "jar war ear",
        "application/vnd.android.package-archive": "apk apks xapk aab",
        "application/vnd.cbr": "cbr",
        "application/vnd.cbz": "cbz",
        "application/vnd.debian.binary-package": "deb udeb",
        "application/vnd.ms-cab-compressed": "cab",
        "application/vnd.rar": "rar",
        "application/x-7z-compressed": "7z cb7",
        "application/x-apple-diskimage": "dmg",
        "application/x-archive": "ar a",
        "application/x-brotli": "br",
        "application/x-bzip2": "bz2 tbz tbz2",
        "application/x-compress": "z",
        "application/x-cpio": "cpio",
        "application/x-iso9660-image": "iso",
        "application/x-lz4": "lz4",
        "application/x-lzh-compressed": "lzh lha",
        "application/x-lzip": "lz",
        "application/x-lzma": "lzma",
        "application/x-rpm": "rpm",
        "application/x-tar": "tar",
        "application/x-xpinstall": "xpi",
        "application/x-xz": "xz txz",
        "application/zip": "zip zipx ipa whl nupkg vsix 3mf",
        "application/zstd": "zst tzst",
    },
    "document": {
        "application/epub+zip": "epub",
        "application/msword": "doc dot",
        "application/oxps": "oxps xps",
        "application/postscript": "ps eps ai",
        "application/rtf": "rtf",
        "application/vnd.amazon.ebook": "azw azw3 kfx",
        "application/vnd.apple.keynote": "keynote",
        "application/vnd.apple.numbers": "numbers",
        "application/vnd.apple.pages": "pages",
        "application/vnd.ms-excel": "xls xlt xla",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
        "application/vnd.ms-excel.sheet.macroenabled.12": "xlsm",
        "application/vnd.ms-outlook": "msg",
        "application/vnd.ms-powerpoint": "ppt pps pot",
        "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptm",
        "application/vnd.ms-word.document.macroenabled.12": "docm",
        "application/vnd.oasis.opendocument.graphics": "odg",
        "application/vnd.oasis.opendocument.presentation": "odp",
        "application/vnd.oasis.opendocument.spreadsheet": "ods",
        "application/vnd.oasis.opendocument.text": "odt",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow": "ppsx",
        "application/vnd.openxmlformats-officedocument.presentationml.template": "potx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template": "xltx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template": "dotx",
        "application/vnd.visio": "vsd vsdx",
        "application/x-fictionbook+xml": "fb2",
        "application/x-mobipocket-ebook": "mobi prc",
    },
    "text": {
        "application/javascript": "js mjs cjs",
        "application/json": "json map webmanifest har",
        "application/json5": "json5",
        "application/ld+json": "jsonld",
        "application/geo+json": "geojson",
        "application/x-ndjson": "ndjson jsonl",
        "application/sql": "sql",
        "application/toml": "toml",
        "application/x-httpd-php": "php php3 php4 php5 phtml",
        "application/x-ipynb+json": "ipynb",
        "application/x-sh": "sh bash zsh fish ksh",
        "application/x-subrip": "srt",
        "application/x-tex": "tex latex sty cls",
        "application/xhtml+xml": "xhtml xht",
        "application/xml": "xml xsl xslt xsd dtd plist rng",
        "application/rss+xml": "rss",
        "application/atom+xml": "atom",
        "application/gpx+xml": "gpx",
        "application/vnd.google-earth.kml+xml": "kml",
        "application/yaml": "yaml yml",
        "application/vnd.apple.mpegurl": "m3u8",
        "application/dash+xml": "mpd",
        "application/pgp-signature": "sig",
        "application/pem-certificate-chain": "pem crt cer csr",
        "audio/x-mpegurl": "m3u",
        "audio/x-scpls": "pls",
        "message/rfc822": "eml mht mhtml",
        "text/calendar": "ics ifb",
        "text/css": "css",
        "text/csv": "csv",
        "text/html": "html htm",
        "text/markdown": "md markdown mkd mdown",
        "text/plain": "txt text log nfo diz ini cfg conf properties env asc readme sfv md5 sha1 sha256 sha512 "
        "gitignore dockerfile makefile cmake mk ninja gradle lock list desktop service reg",
        "text/rust": "rs",
        "text/tab-separated-values": "tsv tab",
        "text/typescript": "ts cts tsx",
        "text/vcard": "vcf vcard",
        "text/vtt": "vtt",
        "text/x-asm": "asm s",
        "text/x-ass": "ass ssa",
        "text/x-bat": "bat cmd",
        "text/x-c": "c h",
        "text/x-c++": "cpp cxx cc hpp hxx hh ino",
        "text/x-clojure": "clj cljs cljc edn",
        "text/x-csharp": "cs csx",
        "text/x-dart": "dart",
        "text/x-diff": "diff patch",
        "text/x-elixir": "ex exs",
        "text/x-erlang": "erl hrl",
        "text/x-fortran": "f f90 f95 for",
        "text/x-go": "go",
        "text/x-groovy": "groovy",
        "text/x-haskell": "hs lhs",
        "text/x-java": "java",
        "text/x-jsx": "jsx",
        "text/x-kotlin": "kt kts",
        "text/x-less": "less",
        "text/x-lisp": "lisp lsp el scm rkt",
        "text/x-lua": "lua",
        "text/x-nim": "nim",
        "text/x-nix": "nix",
        "text/x-objective-c": "m mm",
        "text/x-ocaml": "ml mli",
        "text/x-org": "org",
        "text/x-pascal": "pas pp dpr",
        "text/x-perl": "pl pm",
        "text/x-powershell": "ps1 psm1 psd1",
        "text/x-protobuf": "proto",
        "text/x-python": "py pyi pyw",
        "text/x-r": "r rmd",
        "text/x-rst": "rst",
        "text/x-ruby": "rb rake gemspec",
        "text/x-sass": "sass",
        "text/x-scala": "scala sc",
        "text/x-scss": "scss",
        "text/x-swift": "swift",
        "text/x-tcl": "tcl",
        "text/x-vbnet": "vb vbs bas",
        "text/x-verilog": "v sv vh vhd vhdl",
        "text/x-vue": "vue svelte astro",
        "text/x-zig": "zig",
    },
    "font": {
        "application/vnd.ms-fontobject": "eot",
        "application/x-font-type1": "pfb pfa",
        "font/collection": "ttc otc",
        "font/otf": "otf",
        "font/ttf": "ttf",
        "font/woff": "woff",
        "font/woff2": "woff2",
    },
    "other": {
        "application/vnd.microsoft.portable-executable": "exe dll sys scr",
        "application/vnd.sqlite3": "sqlite sqlite3 db db3",
        "application/vnd.tcpdump.pcap": "pcap pcapng cap",
        "application/wasm": "wasm",
        "application/x-elf": "elf so o ko",
        "application/x-java-class": "class",
        "application/x-ms-installer": "msi msix appx",
        "application/x-ms-shortcut": "lnk",
        "application/x-pkcs12": "p12 pfx",
        "application/x-python-bytecode": "pyc pyo",
        "application/x-qemu-disk": "qcow2 qcow",
        "application/x-shockwave-flash": "swf",
        "application/x-virtualbox-vdi": "vdi",
        "application/x-vmdk": "vmdk",
        "model/gltf+json": "gltf",
        "model/gltf-binary": "glb",
        "model/obj": "obj",
        "model/stl": "stl",
    },
}
EXTENSIONS: Final[Mapping[str, str]] = {
    extension: mime
    for types in TYPES.values()
    for mime, extensions in types.items()
    for extension in extensions.split()
}
KINDS: Final[Mapping[str, Kind]] = {mime: kind for kind, types in TYPES.items() for mime in types}
PREFIXES: Final[Mapping[str, Kind]] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "text": "text",
    "font": "font",
}

# Where two formats share an extension the choice is settled by the bytes.
AMBIGUOUS: Final[Mapping[tuple[str, str], str]] = {
    ("ts", "video/mp2t"): "video/mp2t",
    ("key", "application/zip"): "application/vnd.apple.keynote",
}

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

# Formats that share a container: its signature does not contradict the extension of a member.
CONTAINERS: Final[tuple[frozenset[str], ...]] = tuple(
    frozenset(types.split())
    for types in (
        "image/png image/apng",
        "image/heic image/heif",
        "image/tiff image/x-adobe-dng image/x-canon-cr2 image/x-nikon-nef image/x-olympus-orf image/x-panasonic-rw2 "
        "image/x-pentax-pef image/x-sony-arw",
        "video/mp4 video/quicktime video/x-m4v video/3gpp video/3gpp2 audio/mp4",
        "video/webm video/x-matroska audio/webm audio/x-matroska",
        "video/ogg audio/ogg audio/opus audio/flac",
        "video/x-ms-wmv audio/x-ms-wma",
        "video/mpeg video/mp2t",
        "audio/mpeg audio/aac audio/flac audio/x-ape",
        "application/zip application/java-archive application/vnd.android.package-archive application/vnd.cbz "
        "application/x-xpinstall",
        "application/vnd.rar application/vnd.cbr",
        "application/x-archive application/vnd.debian.binary-package",
    )
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
# Tab, line feed, form feed, carriage return, and the escape of coloured logs.
TEXT_CONTROLS: Final = "\t\n\f\r\x1b"


def mime_type(name: str, head: bytes) -> str:
    """The type of a file called `name` that begins with `head`; of `head` the first 4096 bytes count.

    The extension decides, unless the bytes are certainly another format of the same family (a .png that is a JPEG).
    Bytes alone never make a page: what has no known extension and reads as text is text/plain, whatever it says.
    """
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    by_name = EXTENSIONS.get(extension)
    by_bytes = signature(head[:SNIFFED_BYTES])
    if by_bytes is not None and (settled := AMBIGUOUS.get((extension, by_bytes))):
        return settled
    if by_name is None:
        return by_bytes or (TEXT if _is_text(head[:SNIFFED_BYTES]) else BINARY)
    if by_bytes is not None and _contradicts(by_bytes, by_name):
        return by_bytes
    return by_name


def kind(mime: str) -> Kind:
    """What a viewer or an icon makes of a type. Parameters such as a charset are ignored."""
    bare = mime.partition(";")[0].strip().lower()
    return KINDS.get(bare) or PREFIXES.get(bare.partition("/")[0], "other")


def signature(head: bytes) -> str | None:
    """The type that the bytes alone prove."""
    for offset, magic, mime in SIGNATURES:
        if head.startswith(magic, offset):
            return mime
    for sniff in (_iso_media, _riff, _matroska, _ogg, _zip, _transport_stream, _executable, _bitmap, _aiff):
        if (found := sniff(head)) is not None:
            return found
    return None


def _contradicts(by_bytes: str, by_name: str) -> bool:
    if by_bytes == by_name or any(by_bytes in types and by_name in types for types in CONTAINERS):
        return False
    family = _family(by_bytes)
    return family is not None and family == _family(by_name)


def _family(mime: str) -> str | None:
    """Kinds within which the bytes are believed over the name; None where they never are."""
    found = kind(mime)
    if found in {"audio", "video"}:
        return "media"
    return found if found in {"image", "archive", "font", "document"} else None


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


def _is_text(head: bytes) -> bool:
    try:
        # Not final: the head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(letter) == "Cc" and letter not in TEXT_CONTROLS for letter in text)
