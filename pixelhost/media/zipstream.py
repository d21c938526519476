"""The layout of a zip archive, known to the last byte before any byte of it is sent.

Members are stored, not compressed: what people upload is compressed already, and only so the length is known in
advance and any range can be answered. The format is PKWARE's APPNOTE.TXT 6.3.10, whose sections are cited below;
the extended timestamp (0x5455) is the one that Info-ZIP defined in its `extrafld.txt`.
"""

import re
import struct
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, chain
from typing import Final

MAX_16: Final = 0xFFFF
MAX_32: Final = 0xFFFFFFFF
CHUNK_BYTES: Final = 64 * 1024

LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
END: Final = struct.Struct("<4sHHHHIIH")
END_64: Final = struct.Struct("<4sQHHIIQQQQ")
LOCATOR_64: Final = struct.Struct("<4sIQI")
TIMESTAMP: Final = struct.Struct("<HHBi")

FOR_DIRECTORIES: Final = 20
FOR_ZIP64: Final = 45
MADE_ON_UNIX: Final = (3 << 8) | 63
UTF_8: Final = 1 << 11
FILE_ATTRIBUTES: Final = 0o100644 << 16
DIRECTORY_ATTRIBUTES: Final = (0o040755 << 16) | 0x10

FIRST_DOS_TIME: Final = datetime(1980, 1, 1, tzinfo=UTC)
LAST_DOS_TIME: Final = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)

# What is safe as it is: a name alone, without a slash but that of a directory.
PLAIN = re.compile(r"(?!\.\.?/?$)[^\\/:\x00-\x1f\x7f-\x9f\ud800-\udfff]+/?")
DRIVE = re.compile(r"^[A-Za-z]:")
SUFFIX = re.compile(r"(?<=[^/])((?:\.tar)?\.[^./ ]{1,12})$")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive, or with a `name` that ends in `/` and no content a directory.

    `modified` is aware.
    """

    name: str
    size_bytes: int
    crc32: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Extent:
    """`size_bytes` bytes from `offset` on of the content of the member with the index `member`."""

    member: int
    offset: int
    size_bytes: int


class ZipPlan:
    """An archive of `size_bytes` bytes that exists only as a rule for what stands where.

    Headers are made when they are asked for; held are two offsets a member.
    """

    __slots__ = ("_central", "_local", "_members", "_tail", "size_bytes")

    def __init__(self, members: Sequence[Member], local: "array[int]", central: "array[int]", tail: bytes) -> None:
        self._members = members
        self._local = local
        self._central = central
        self._tail = tail
        self.size_bytes = central[-1] + len(tail)

    def parts(self, start: int, stop: int) -> Iterator[bytes | Extent]:
        """What the bytes from `start` up to but without `stop` consist of, in order and without gaps.

        Pieces of bytes are at most about 64 KiB and never empty; neither are extents.
        """
        if not 0 <= start <= stop <= self.size_bytes:
            raise ValueError(f"no range of {self.size_bytes} bytes: {start} to {stop}")
        return _in_chunks(self._pieces(start, stop))

    def _pieces(self, start: int, stop: int) -> Iterator[bytes | Extent]:
        position = start
        while position < stop:
            begins, piece = self._piece_at(position)
            size_bytes = len(piece) if isinstance(piece, bytes) else piece.size_bytes
            skip, end = position - begins, min(size_bytes, stop - begins)
            if isinstance(piece, bytes):
                yield piece[skip:end]
            else:
                yield Extent(piece.member, skip, end - skip)
            position = begins + end

    def _piece_at(self, position: int) -> tuple[int, bytes | Extent]:
        """The piece that holds the byte at `position`, and the position of its first byte."""
        if position >= self._central[-1]:
            return self._central[-1], self._tail
        if position >= self._central[0]:
            index = bisect_right(self._central, position) - 1
            return self._central[index], central_header(self._members[index], self._local[index])
        index = bisect_right(self._local, position) - 1
        member = self._members[index]
        content = self._local[index + 1] - member.size_bytes
        if position >= content:
            return content, Extent(index, 0, member.size_bytes)
        return self._local[index], local_header(member)


def plan(members: Sequence[Member]) -> ZipPlan:
    """Lays out an archive of `members` in their order, under their names as they are.

    `members` is kept and must not change. ValueError on a member that no zip archive can hold.
    """
    for member in members:
        _check(member)
    local = array("Q", accumulate((_local_size(member) + member.size_bytes for member in members), initial=0))
    sizes = (_central_size(member, offset) for member, offset in zip(members, local, strict=False))
    central = array("Q", accumulate(sizes, initial=local[-1]))
    return ZipPlan(members, local, central, end_records(len(members), central[0], central[-1]))


def local_header(member: Member) -> bytes:
    """APPNOTE 4.3.7; in the zip64 field both sizes must stand (4.5.3)."""
    name, is_large = member.name.encode(), member.size_bytes >= MAX_32
    size_bytes = MAX_32 if is_large else member.size_bytes
    extra = _timestamp(member)
    if is_large:
        extra += struct.pack("<HHQQ", 1, 16, member.size_bytes, member.size_bytes)
    return b"".join(
        (
            LOCAL.pack(
                b"PK\x03\x04",
                FOR_ZIP64 if is_large else FOR_DIRECTORIES,
                UTF_8,
                0,
                *_dos_time(member.modified),
                member.crc32,
                size_bytes,
                size_bytes,
                len(name),
                len(extra),
            ),
            name,
            extra,
        )
    )


def central_header(member: Member, offset: int) -> bytes:
    """APPNOTE 4.3.12, of the member whose local header stands at `offset`."""
    name, is_large, is_far = member.name.encode(), member.size_bytes >= MAX_32, offset >= MAX_32
    size_bytes = MAX_32 if is_large else member.size_bytes
    large = (member.size_bytes, member.size_bytes) * is_large + (offset,) * is_far
    extra = _timestamp(member)
    if large:
        extra += struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large)
    return b"".join(
        (
            CENTRAL.pack(
                b"PK\x01\x02",
                MADE_ON_UNIX,
                FOR_ZIP64 if large else FOR_DIRECTORIES,
                UTF_8,
                0,
                *_dos_time(member.modified),
                member.crc32,
                size_bytes,
                size_bytes,
                len(name),
                len(extra),
                0,
                0,
                0,
                DIRECTORY_ATTRIBUTES if member.name.endswith("/") else FILE_ATTRIBUTES,
                min(offset, MAX_32),
            ),
            name,
            extra,
        )
    )


def end_records(count: int, start: int, stop: int) -> bytes:
    """APPNOTE 4.3.14 to 4.3.16, after a central directory of `count` headers from `start` to `stop`."""
    size_bytes = stop - start
    end = END.pack(
        b"PK\x05\x06", 0, 0, min(count, MAX_16), min(count, MAX_16), min(size_bytes, MAX_32), min(start, MAX_32), 0
    )
    if count < MAX_16 and size_bytes < MAX_32 and start < MAX_32:
        return end
    end_64 = END_64.pack(
        b"PK\x06\x06", END_64.size - 12, MADE_ON_UNIX, FOR_ZIP64, 0, 0, count, count, size_bytes, start
    )
    return end_64 + LOCATOR_64.pack(b"PK\x06\x07", 0, stop, 1) + end


def unique_names(names: Iterable[str]) -> list[str]:
    """Names fit for an archive, in the order given: `a.txt`, `a (2).txt`, and nothing that leaves the directory.

    Unique also where case or the composition of accents doesn't count, and no file is called like a directory. A
    trailing `/` stays.
    """
    safe = [safe_name(name) for name in names]
    taken = set(chain.from_iterable(_directories(name) for name in safe))
    following: dict[str, int] = {}
    return [_claim(name, taken, following) for name in safe]


def safe_name(name: str) -> str:
    """`name` as a relative path without `..`, backslashes, drive letters and control characters."""
    if PLAIN.fullmatch(name):
        return name
    readable = "".join(
        "_" if letter == "\\" or unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in name
    )
    components = [component for component in readable.split("/") if component not in {"", ".", ".."}]
    path = DRIVE.sub(lambda drive: drive[0][0] + "_", "/".join(components) or "file")
    return path + "/" * name.endswith("/")


def _claim(name: str, taken: set[str], following: dict[str, int]) -> str:
    """The first free one of `name`, `name (2)`, `name (3)`; `following` remembers where to go on."""
    key, free = _folded(name), name
    number = following.get(key, 2)
    keys = {key}
    while not taken.isdisjoint(keys):
        free = _numbered(name, number)
        # A directory under a new name must not be called like a file either.
        keys = {_folded(free), _folded(free.removesuffix("/"))}
        number += 1
    following[key] = number
    taken |= keys
    return free


def _numbered(name: str, number: int) -> str:
    if name.endswith("/"):
        return f"{name[:-1]} ({number})/"
    stem, *suffix = SUFFIX.split(name)
    return f"{stem} ({number}){''.join(suffix)}"


def _directories(name: str) -> Iterator[str]:
    """The directories that extracting `name` makes, as the keys of files they would collide with."""
    *directories, _ = name.split("/")
    return (_folded("/".join(directories[: depth + 1])) for depth in range(len(directories)))


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", name).casefold()


def _in_chunks(pieces: Iterable[bytes | Extent]) -> Iterator[bytes | Extent]:
    """Joins neighbouring headers, of which a central directory has one a member."""
    waiting: list[bytes] = []
    waiting_bytes = 0
    for piece in pieces:
        if isinstance(piece, bytes) and waiting_bytes + len(piece) <= CHUNK_BYTES:
            waiting.append(piece)
            waiting_bytes += len(piece)
            continue
        if waiting:
            yield b"".join(waiting)
        if isinstance(piece, bytes):
            waiting, waiting_bytes = [piece], len(piece)
        else:
            waiting, waiting_bytes = [], 0
            yield piece
    if waiting:
        yield b"".join(waiting)


def _check(member: Member) -> None:
    if not 0 < len(member.name.encode()) <= MAX_16:
        raise ValueError("the name of a member has 1 to 65535 bytes")
    if not (0 <= member.size_bytes < 1 << 62 and 0 <= member.crc32 <= MAX_32):
        raise ValueError(f"not a size or a CRC-32: {member}")
    if member.name.endswith("/") and member.size_bytes:
        raise ValueError(f"a directory has no content: {member}")
    if member.modified.tzinfo is None:
        raise ValueError(f"not an aware time: {member}")


def _local_size(member: Member) -> int:
    zip64_bytes = 20 if member.size_bytes >= MAX_32 else 0
    return LOCAL.size + len(member.name.encode()) + len(_timestamp(member)) + zip64_bytes


def _central_size(member: Member, offset: int) -> int:
    zip64_bytes = 16 * (member.size_bytes >= MAX_32) + 8 * (offset >= MAX_32)
    zip64_bytes += 4 if zip64_bytes else 0
    return CENTRAL.size + len(member.name.encode()) + len(_timestamp(member)) + zip64_bytes


def _timestamp(member: Member) -> bytes:
    """The time in UTC, in both headers the same. Nothing where it doesn't fit, before 1901 and after 2038."""
    seconds = int(member.modified.timestamp() // 1)
    return TIMESTAMP.pack(0x5455, 5, 1, seconds) if -(1 << 31) <= seconds < 1 << 31 else b""


def _dos_time(modified: datetime) -> tuple[int, int]:
    """APPNOTE 4.4.6: time and date, in UTC and in steps of 2 s."""
    utc = min(max(modified, FIRST_DOS_TIME), LAST_DOS_TIME).astimezone(UTC)
    return (utc.hour << 11) | (utc.minute << 5) | (utc.second // 2), ((utc.year - 1980) << 9) | (
        utc.month << 5
    ) | utc.day
