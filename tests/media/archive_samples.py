"""Archives as the real libraries write them, for the tests that look into them."""

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import py7zr
from backports import zstd

from pixelhost.media import archives

MODIFIED = datetime(2024, 2, 29, 13, 14, 16, tzinfo=UTC)
FILES: dict[str, bytes] = {
    "a.txt": b"hello\n" * 1000,
    "dir/b.bin": bytes(number * number % 251 for number in range(600_000)),
    "dir/sub/c.txt": b"c" * 300_000,
    "dir/empty": b"",
    "z/z.txt": b"z",
}
REFUSALS = (
    archives.NotAnArchive,
    archives.BrokenArchive,
    archives.UnsupportedCompression,
    archives.ArchiveTooLarge,
    archives.NoSuchMember,
)


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, MODIFIED.timetuple()[:6])
            info.compress_type = method
            archive.writestr(info, content)
    return out.getvalue()


def tar_of(files: Mapping[str, bytes], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    return tar_with([(tar_file(name, len(content)), content) for name, content in files.items()], tar_format)


def tar_with(members: Iterable[tuple[tarfile.TarInfo, bytes]], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tar_file(name: str, size_bytes: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mtime = size_bytes, kind, link, int(MODIFIED.timestamp())
    return info


def seven_zip_of(files: Mapping[str, bytes], filters: list[dict[str, Any]] | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=filters, **options) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return out.getvalue()


def seven_zip_with_plain_header(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
        archive.set_encoded_header_mode(False)
        for name, content in files.items():
            archive.writestr(content, name)
    return out.getvalue()


Maker = Callable[[Mapping[str, bytes]], bytes]
ZIPS: dict[str, Maker] = {
    "zip-stored": zip_of,
    "zip-deflate": partial(zip_of, method=zipfile.ZIP_DEFLATED),
    "zip-bzip2": partial(zip_of, method=zipfile.ZIP_BZIP2),
    "zip-lzma": partial(zip_of, method=zipfile.ZIP_LZMA),
}
BARE_TARS: dict[str, Maker] = {
    "tar-ustar": partial(tar_of, tar_format=tarfile.USTAR_FORMAT),
    "tar-gnu": partial(tar_of, tar_format=tarfile.GNU_FORMAT),
    "tar-pax": tar_of,
}
PACKED_TARS: dict[str, Maker] = {
    "tar.gz": lambda files: gzip.compress(tar_of(files)),
    "tar.xz": lambda files: lzma.compress(tar_of(files), preset=0),
    "tar.zst": lambda files: zstd.compress(tar_of(files)),
}
X86, LZMA2 = {"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 0}
SEVEN_ZIPS: dict[str, Maker] = {
    "7z-copy": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_COPY}]),
    "7z-lzma2": partial(seven_zip_of, filters=[LZMA2]),
    "7z-lzma": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_LZMA}]),
    "7z-bcj-lzma2": partial(seven_zip_of, filters=[X86, LZMA2]),
    "7z-bcj-lzma": partial(seven_zip_of, filters=[X86, {"id": py7zr.FILTER_LZMA}]),
    "7z-delta": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_DELTA, "dist": 3}, LZMA2]),
    "7z-arm": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_ARM}, LZMA2]),
    "7z-bzip2": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_BZIP2}]),
    "7z-deflate": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_DEFLATE}]),
    "7z-zstd": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_ZSTD}]),
    "7z-brotli": partial(seven_zip_of, filters=[{"id": py7zr.FILTER_BROTLI, "level": 5}]),
    "7z-deflate64": partial(seven_zip_of, filters=[{"id": py7zr.properties.FILTER_DEFLATE64}]),
}
MAKERS = ZIPS | BARE_TARS | PACKED_TARS | SEVEN_ZIPS
