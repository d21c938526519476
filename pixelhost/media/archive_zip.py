"""Zip archives: the directory at their end, and single members through it.

The format is PKWARE's APPNOTE.TXT 6.3.10, whose sections are cited below. Read are the end records, the central
directory, and of the members only those that are asked for.
"""

import io
import stat
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import BinaryIO, Final

import msgspec

from pixelhost.media.archive_decoders import (
    Decoder,
    bzip2_decoder,
    decoded,
    deflate_decoder,
    lzma_decoder,
    read_pieces,
    zstd_decoder,
)
from pixelhost.media.archive_members import BrokenArchive, UnsupportedCompression, cut, time_after_epoch, verified
from pixelhost.media.filetree import NODES_LIMIT, SIZE_LIMIT_BYTES
from pixelhost.media.zipstream import CENTRAL, END, END_64, LOCAL, LOCATOR_64, MAX_16, MAX_32

SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
DIRECTORY_LIMIT_BYTES: Final = 64 << 20
STORED: Final = 0
LZMA: Final = 14
ENCRYPTED: Final = 1 << 0
HAS_END_MARK: Final = 1 << 1
UTF_8: Final = 1 << 11
UNIX: Final = 3
NAME_EXTRA_COMMENT: Final = struct.Struct("<HHH")
DOS_DIRECTORY: Final = 0x10
ZIP64_FIELD: Final = 0x0001
NTFS_FIELD: Final = 0x000A
TIMESTAMP_FIELD: Final = 0x5455
# FILETIME counts steps of 100 ns from 1601 on.
FILETIME_STEPS: Final = 10_000_000
FILETIME_EPOCH_SECONDS: Final = 11_644_473_600

DECODERS: Final[Mapping[int, Callable[[], Decoder]]] = {
    8: deflate_decoder,
    12: bzip2_decoder,
    93: zstd_decoder,
}


class ZipMember(msgspec.Struct, gc=False):
    # What reads it, and not the archive: cycles of structures outside the garbage collection would never go.
    reader: "MemberReader"
    name: str
    size_bytes: int
    is_directory: bool
    crc32: int
    packed_bytes: int
    offset: int
    flags: int
    method: int
    dos_time: int
    dos_date: int
    extra: bytes
    # Of Unix, with the kind of file in its upper bits; 0 where the archive has none.
    mode: int

    def modified(self) -> datetime | None:
        """By the extra fields that know the time zone, else as DOS has it, in steps of 2 s (4.4.6)."""
        fields = dict(_extra_fields(self.extra))
        stamp, ntfs = fields.get(TIMESTAMP_FIELD, b""), fields.get(NTFS_FIELD, b"")
        if len(stamp) >= 5 and stamp[0] & 1:
            return time_after_epoch(struct.unpack_from("<i", stamp, 1)[0])
        # One reserved word, then attribute 1 with three times, of which the first is that of the last change.
        if len(ntfs) >= 16 and ntfs[4:8] == b"\x01\x00\x18\x00":
            return time_after_epoch(struct.unpack_from("<Q", ntfs, 8)[0] / FILETIME_STEPS - FILETIME_EPOCH_SECONDS)
        return _dos_moment(self.dos_date, self.dos_time)

    def content(self, start: int, stop: int) -> Iterator[bytes]:
        return self.reader.content(self, start, stop)


class ZipArchive:
    """BrokenArchive when the directory is damaged or when members overlap, as they do in a zip bomb."""

    has_random_access = True

    def __init__(self, file: BinaryIO) -> None:
        start, size_bytes, shift = _directory_place(file)
        file.seek(start)
        directory = file.read(min(size_bytes, DIRECTORY_LIMIT_BYTES))
        self.reader = MemberReader(file)
        members, is_whole = _members(self.reader, directory, shift, is_cut=size_bytes > DIRECTORY_LIMIT_BYTES)
        self.reader.starts = _starts(members, start)
        self.is_truncated = not is_whole
        self._members = [member for member in members if not _is_special(member)]

    def members(self) -> Iterator[ZipMember]:
        return iter(self._members)


class MemberReader:
    """`starts` are the places in the file where anything begins, in order; behind the last there is no member."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.starts: list[int] = []

    def content(self, member: ZipMember, start: int, stop: int) -> Iterator[bytes]:
        if member.flags & ENCRYPTED:
            raise UnsupportedCompression("the member is encrypted")
        content_start = self._content_start(member)
        if member.method == STORED:
            if member.packed_bytes != member.size_bytes:
                raise BrokenArchive("a stored member has two sizes")
            if (start, stop) != (0, member.size_bytes):
                return read_pieces(self._file, content_start + start, stop - start)
        unpacked = self._unpacked(member, content_start)
        return cut(verified(unpacked, member.size_bytes, member.crc32), start, stop)

    def _unpacked(self, member: ZipMember, content_start: int) -> Iterator[bytes]:
        packed = read_pieces(self._file, content_start, member.packed_bytes)
        if member.method == STORED:
            return packed
        if member.method == LZMA:
            return self._without_lzma(member, content_start)
        if member.method not in DECODERS:
            raise UnsupportedCompression(f"the member is packed by method {member.method}")
        return decoded(packed, DECODERS[member.method]())

    def _without_lzma(self, member: ZipMember, content_start: int) -> Iterator[bytes]:
        """5.8.8: two bytes of version, the length of the properties in two, the properties, the stream."""
        self._file.seek(content_start)
        header = self._file.read(9)
        if len(header) < 9 or header[2:4] != b"\x05\x00" or member.packed_bytes < 9:
            raise BrokenArchive("a member packed by LZMA has no header")
        size_bytes = None if member.flags & HAS_END_MARK else member.size_bytes
        packed = read_pieces(self._file, content_start + 9, member.packed_bytes - 9)
        return decoded(packed, lzma_decoder(header[4:], size_bytes))

    def _content_start(self, member: ZipMember) -> int:
        """Behind the local header (4.3.7), whose name and extra field have lengths of their own."""
        self._file.seek(member.offset)
        header = self._file.read(LOCAL.size)
        if len(header) < LOCAL.size or not header.startswith(b"PK\x03\x04"):
            raise BrokenArchive("a member is not where it should be")
        name_bytes, extra_bytes = LOCAL.unpack(header)[-2:]
        content_start: int = member.offset + LOCAL.size + name_bytes + extra_bytes
        following = self.starts[bisect_right(self.starts, member.offset)]
        if content_start + member.packed_bytes > following:
            raise BrokenArchive("members overlap")
        return content_start


def has_end_record(file: BinaryIO) -> bool:
    """As a zip has behind whatever: it may begin with a program that unpacks it."""
    found = _end_record(file)
    return found is not None and found[0] + END.size + END.unpack(found[1])[7] == file.seek(0, io.SEEK_END)


def _members(reader: MemberReader, directory: bytes, shift: int, *, is_cut: bool) -> tuple[list[ZipMember], bool]:
    """Of the headers in `directory`, which the limit may have cut off, and whether those are all that there are."""
    members: list[ZipMember] = []
    position = 0
    while position < len(directory):
        if len(members) == NODES_LIMIT:
            return members, False
        header_stop = _header_stop(directory, position)
        if header_stop > len(directory):
            if is_cut:
                return members, False
            raise BrokenArchive("the directory is cut off")
        members.append(_member(reader, directory, position, shift))
        position = header_stop
    return members, not is_cut


def _header_stop(directory: bytes, position: int) -> int:
    if position + CENTRAL.size > len(directory):
        return position + CENTRAL.size
    lengths: tuple[int, int, int] = NAME_EXTRA_COMMENT.unpack_from(directory, position + 28)
    return position + CENTRAL.size + sum(lengths)


def _member(reader: MemberReader, directory: bytes, position: int, shift: int) -> ZipMember:
    """4.3.12."""
    fields = CENTRAL.unpack_from(directory, position)
    signature, made_by, _, flags, method, dos_time, dos_date, crc32, packed_bytes, size_bytes = fields[:10]
    name_bytes, extra_bytes, _, _, _, attributes, offset = fields[10:]
    if signature != b"PK\x01\x02":
        raise BrokenArchive("the directory is damaged")
    name_start = position + CENTRAL.size
    extra_start = name_start + name_bytes
    extra = directory[extra_start : extra_start + extra_bytes]
    if MAX_32 in {size_bytes, packed_bytes, offset}:
        size_bytes, packed_bytes, offset = _large(extra, size_bytes, packed_bytes, offset)
    if size_bytes > SIZE_LIMIT_BYTES:
        raise BrokenArchive("a member says that it is larger than any can be")
    name = _name(directory[name_start:extra_start], flags)
    mode = attributes >> 16 if made_by >> 8 == UNIX else 0
    is_directory = name.endswith("/") or bool(attributes & DOS_DIRECTORY) or stat.S_ISDIR(mode)
    return ZipMember(
        reader=reader,
        name=name,
        size_bytes=0 if is_directory else size_bytes,
        is_directory=is_directory,
        crc32=crc32,
        packed_bytes=packed_bytes,
        offset=offset + shift,
        flags=flags,
        method=method,
        dos_time=dos_time,
        dos_date=dos_date,
        extra=extra,
        mode=mode,
    )


def _is_special(member: ZipMember) -> bool:
    """A link, a device, a pipe."""
    return stat.S_IFMT(member.mode) not in {0, stat.S_IFREG, stat.S_IFDIR}


def _name(encoded: bytes, flags: int) -> str:
    """UTF-8 where it says so or is it, as many programs write it without saying so; else what DOS had."""
    if flags & UTF_8:
        return encoded.decode("utf-8", "replace")
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError:
        return encoded.decode("cp437")


def _large(extra: bytes, size_bytes: int, packed_bytes: int, offset: int) -> tuple[int, int, int]:
    """4.5.3: those of the three that don't fit in 32 bits, in this order."""
    field = dict(_extra_fields(extra)).get(ZIP64_FIELD, b"")
    numbers = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
    try:
        return (
            next(numbers) if size_bytes == MAX_32 else size_bytes,
            next(numbers) if packed_bytes == MAX_32 else packed_bytes,
            next(numbers) if offset == MAX_32 else offset,
        )
    except StopIteration:
        raise BrokenArchive("a large member has no large numbers") from None


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """4.5.1: numbers and contents, as far as they are whole."""
    position = 0
    while position + 4 <= len(extra):
        number, size_bytes = struct.unpack_from("<HH", extra, position)
        yield number, extra[position + 4 : position + 4 + size_bytes]
        position += 4 + size_bytes


def _starts(members: list[ZipMember], directory_start: int) -> list[int]:
    """Where the members start, in order, and where the directory does. BrokenArchive when any two overlap."""
    ordered = sorted((member.offset, member.offset + LOCAL.size + member.packed_bytes) for member in members)
    ordered.append((directory_start, directory_start))
    if any(stop > following for (_, stop), (following, _) in pairwise(ordered)):
        raise BrokenArchive("members overlap")
    return [start for start, _ in ordered]


def _directory_place(file: BinaryIO) -> tuple[int, int, int]:
    """Start and size of the central directory, and by how much offsets are too small: what stands before the zip."""
    found = _end_record(file)
    if found is None:
        raise BrokenArchive("the directory at the end is missing")
    end_start, end = found
    _, disk, _, _, _, size_bytes, offset, _ = END.unpack(end)
    locator_start = end_start - LOCATOR_64.size
    if locator_start >= 0:
        file.seek(locator_start)
        locator = file.read(LOCATOR_64.size)
        if locator.startswith(b"PK\x06\x07"):
            end_start, disk, size_bytes, offset = _large_end(file, locator, locator_start)
    if disk not in {0, MAX_16}:
        raise UnsupportedCompression("the archive is split over several files")
    start = end_start - size_bytes
    if start < offset:
        raise BrokenArchive("the directory is not where it should be")
    return start, size_bytes, start - offset


def _large_end(file: BinaryIO, locator: bytes, locator_start: int) -> tuple[int, int, int, int]:
    """4.3.14: where this record starts, the disk, the size and the offset of the directory.

    Looked for where the locator says, and right before it, where it is when something stands before the zip.
    """
    for start in dict.fromkeys((LOCATOR_64.unpack(locator)[2], locator_start - END_64.size)):
        if 0 <= start <= locator_start - END_64.size:
            file.seek(start)
            record = file.read(END_64.size)
            if record.startswith(b"PK\x06\x06"):
                fields = END_64.unpack(record)
                return start, fields[4], fields[8], fields[9]
    raise BrokenArchive("the large end record is missing")


def _end_record(file: BinaryIO) -> tuple[int, bytes] | None:
    """4.3.16, and where it starts: the last that has room for its comment."""
    file_bytes = file.seek(0, io.SEEK_END)
    tail_start = max(0, file_bytes - END.size - MAX_16)
    file.seek(tail_start)
    tail = file.read(END.size + MAX_16)
    position = tail.rfind(b"PK\x05\x06")
    while position >= 0:
        record = tail[position : position + END.size]
        if len(record) == END.size and position + END.size + END.unpack(record)[7] <= len(tail):
            return tail_start + position, record
        position = tail.rfind(b"PK\x05\x06", 0, position)
    return None


def _dos_moment(dos_date: int, dos_time: int) -> datetime | None:
    year, month, day = 1980 + (dos_date >> 9), dos_date >> 5 & 15, dos_date & 31
    hour, minute, second = dos_time >> 11, dos_time >> 5 & 63, (dos_time & 31) * 2
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
