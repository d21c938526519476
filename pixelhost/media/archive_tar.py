"""Tar archives, bare or packed as a whole, read from front to back.

The formats are those of POSIX.1-2017 (`pax`, "ustar Interchange Format" and "pax Extended Header"), of GNU tar
(its manual, "Basic Tar Format"), and the one before them. A member's extended headers are followed in a loop and
are limited, unlike in the standard library, where they recurse.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final, Protocol

import msgspec

from pixelhost.media.archive_decoders import PIECE_BYTES
from pixelhost.media.archive_members import BrokenArchive, UnsupportedCompression, time_after_epoch, verified
from pixelhost.media.filetree import SIZE_LIMIT_BYTES

BLOCK_BYTES: Final = 512
ZEROS: Final = bytes(BLOCK_BYTES)
EXTENSION_LIMIT_BYTES: Final = 1 << 20
REGULAR: Final = frozenset(b"0\x007")
DIRECTORIES: Final = frozenset(b"5D")
SPARSE: Final = ord("S")
# Links, devices and pipes have no content, whatever their size says.
WITHOUT_CONTENT: Final = frozenset(b"123456")
PAX: Final = frozenset(b"xX")
LONG_NAME: Final = ord("L")
# Of the next member's link, of all members, and of a whole volume: nothing that is wanted here.
OTHER_EXTENSIONS: Final = frozenset(b"KgV")
PAX_LENGTH: Final = re.compile(rb"([1-9][0-9]{0,6}) ")
OCTAL: Final = re.compile(rb"[ \0]*([0-7]*)[ \0]*")


class Source(Protocol):
    """Bytes in their order."""

    def read(self, size_bytes: int) -> bytes:
        """Fewer than `size_bytes` only at the end."""

    def skip(self, size_bytes: int) -> None:
        """Raises BrokenArchive when there are fewer."""


class FileSource:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file_bytes = file.seek(0, 2)
        file.seek(0)

    def read(self, size_bytes: int) -> bytes:
        return self._file.read(size_bytes)

    def skip(self, size_bytes: int) -> None:
        if self._file.seek(size_bytes, 1) > self._file_bytes:
            raise BrokenArchive("the archive is cut off")


class UnpackedSource:
    """What comes out of a decoder. `position` is how much of it is used up."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")
        self.position = 0

    def read(self, size_bytes: int) -> bytes:
        read = bytearray()
        while len(read) < size_bytes and (part := self._next(size_bytes - len(read))):
            read += part
        return bytes(read)

    def skip(self, size_bytes: int) -> None:
        rest = size_bytes
        while rest:
            part = self._next(rest)
            if not part:
                raise BrokenArchive("the archive is cut off")
            rest -= len(part)

    def _next(self, limit_bytes: int) -> memoryview:
        """Not empty but at the end."""
        if not self._piece:
            self._piece = memoryview(next(self._pieces, b""))
        part, self._piece = self._piece[:limit_bytes], self._piece[limit_bytes:]
        self.position += len(part)
        return part


class Extension(msgspec.Struct):
    """What the headers before a member's own say about it."""

    name: str | None = None
    size_bytes: int | None = None
    real_size_bytes: int | None = None
    modified_seconds: float | None = None
    is_sparse: bool = False


class TarMember(msgspec.Struct):
    archive: "TarArchive"
    name: str
    size_bytes: int
    is_directory: bool
    is_sparse: bool
    modified_seconds: float
    # How many bytes of content follow the header.
    stored_bytes: int
    crc32: int | None = None

    def modified(self) -> datetime | None:
        return time_after_epoch(self.modified_seconds)

    def content(self, start: int, stop: int) -> Iterator[bytes]:
        return self.archive.content(self, start, stop)


class TarArchive:
    is_truncated = False

    def __init__(self, source: Source, *, has_random_access: bool) -> None:
        self.has_random_access = has_random_access
        self._source = source
        # Of the member that `members` stands at, with what fills up its last block.
        self._unread_bytes = 0

    def members(self) -> Iterator[TarMember]:
        extension = Extension()
        while (header := self._header()) is not None:
            kind, size_bytes = header[156], _number(header[124:136])
            if kind in PAX or kind == LONG_NAME:
                _extend(extension, kind, self._extension_content(size_bytes))
                continue
            if kind in OTHER_EXTENSIONS:
                self._extension_content(size_bytes)
                continue
            member = self._member(header, kind, extension)
            self._unread_bytes = -(-member.stored_bytes // BLOCK_BYTES) * BLOCK_BYTES
            if kind == SPARSE and header[482]:
                self._skip_sparse_map()
            if kind in REGULAR or kind in DIRECTORIES or kind == SPARSE:
                yield member
            self._source.skip(self._unread_bytes)
            extension = Extension()

    def content(self, member: TarMember, start: int, stop: int) -> Iterator[bytes]:
        if member.is_sparse:
            raise UnsupportedCompression("the member is stored with holes")
        self._skip(start)
        return verified(self._read(stop - start), stop - start, None)

    def _read(self, size_bytes: int) -> Iterator[bytes]:
        rest = size_bytes
        while rest:
            piece = self._source.read(min(PIECE_BYTES, rest))
            if not piece:
                return
            rest -= len(piece)
            self._unread_bytes -= len(piece)
            yield piece

    def _skip(self, size_bytes: int) -> None:
        self._source.skip(size_bytes)
        self._unread_bytes -= size_bytes

    def _header(self) -> bytes | None:
        """None at the end, which a block of zeros marks."""
        block = self._source.read(BLOCK_BYTES)
        if not block or block == ZEROS:
            return None
        if not is_tar(block):
            raise BrokenArchive("a header is damaged")
        return block

    def _extension_content(self, size_bytes: int) -> bytes:
        if not 0 <= size_bytes <= EXTENSION_LIMIT_BYTES:
            raise BrokenArchive("a header is too large")
        content = self._source.read(size_bytes)
        if len(content) < size_bytes:
            raise BrokenArchive("the archive is cut off")
        self._source.skip(-size_bytes % BLOCK_BYTES)
        return content

    def _skip_sparse_map(self) -> None:
        """GNU's old format: more blocks of it follow while the last says so."""
        is_continued = True
        while is_continued:
            block = self._source.read(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                raise BrokenArchive("the archive is cut off")
            is_continued = bool(block[504])

    def _member(self, header: bytes, kind: int, extension: Extension) -> TarMember:
        name = extension.name or _name(header)
        stored_bytes = _number(header[124:136]) if extension.size_bytes is None else extension.size_bytes
        size_bytes = _number(header[483:495]) if kind == SPARSE else extension.real_size_bytes
        if not all(0 <= size <= SIZE_LIMIT_BYTES for size in (stored_bytes, size_bytes or 0)):
            raise BrokenArchive("a member has a size that no member can have")
        seconds = extension.modified_seconds
        # Before there was a type for directories only the slash told.
        is_directory = kind in DIRECTORIES or (kind == 0 and name.endswith("/"))
        return TarMember(
            archive=self,
            name=name,
            size_bytes=0 if is_directory else stored_bytes if size_bytes is None else size_bytes,
            is_directory=is_directory,
            is_sparse=kind == SPARSE or extension.is_sparse,
            modified_seconds=_number(header[136:148]) if seconds is None else seconds,
            stored_bytes=0 if kind in WITHOUT_CONTENT else stored_bytes,
        )


def is_tar(block: bytes) -> bool:
    """Whether its checksum makes the first block that of a tar archive. Some programs have summed up signed bytes."""
    found = OCTAL.fullmatch(block[148:156])
    if len(block) < BLOCK_BYTES or found is None or not found[1]:
        return False
    total = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    signed = total - 256 * sum(byte > 127 for byte in (*block[:148], *block[156:BLOCK_BYTES]))
    return int(found[1], 8) in {total, signed}


def _name(header: bytes) -> str:
    """With the prefix that POSIX has; GNU's format, with another magic, has something else there."""
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base 256 when the highest bit of the first byte is set, which is no part of it."""
    if field[0] in {0x80, 0xFF}:
        return int.from_bytes(field[1:], "big", signed=True)
    digits = OCTAL.fullmatch(field)
    if digits is None:
        raise BrokenArchive("a header has a number that is none")
    return int(digits[1] or b"0", 8)


def _extend(extension: Extension, kind: int, content: bytes) -> None:
    if kind == LONG_NAME:
        extension.name = content.split(b"\0", 1)[0].decode("utf-8", "replace")
        return
    for key, value in _pax_records(content):
        _extend_by(extension, key, value)


def _extend_by(extension: Extension, key: bytes, value: bytes) -> None:
    extension.is_sparse = extension.is_sparse or key.startswith(b"GNU.sparse.")
    try:
        if key in {b"path", b"GNU.sparse.name"}:
            extension.name = value.decode("utf-8", "replace")
        elif key == b"size":
            extension.size_bytes = _decimal(value)
        elif key in {b"GNU.sparse.size", b"GNU.sparse.realsize"}:
            extension.real_size_bytes = _decimal(value)
        elif key == b"mtime":
            extension.modified_seconds = float(value)
    except ValueError:
        raise BrokenArchive("a header has a number that is none") from None


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise ValueError("not a size")
    return int(digits)


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """`25 ctime=1084839148.1212\\n`, where 25 is the length of all of it."""
    position = 0
    while position < len(content):
        length = PAX_LENGTH.match(content, position)
        stop = position + int(length[1]) if length else 0
        record = content[length.end() : stop] if length else b""
        key, separator, value = record.removesuffix(b"\n").partition(b"=")
        if not separator or not record.endswith(b"\n") or stop > len(content):
            raise BrokenArchive("an extended header is damaged")
        yield key, value
        position = stop
