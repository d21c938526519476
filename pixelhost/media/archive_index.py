"""The members of a zip archive as a table in which one is found by a few small reads, whatever their number.

The table is made once, by a worker that reads the central directory, and kept; a row of it is all that is needed to
unpack the member. It is a head, which tells whether there are members that it doesn't have, and rows that are
ordered by the BLAKE2b hash of the path.
"""

import hashlib
import io
import math
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from pixelhost.media.archive_members import (
    ArchiveTooLarge,
    BrokenArchive,
    NoSuchMember,
    NotAnArchive,
    UnsupportedCompression,
    time_after_epoch,
)
from pixelhost.media.archive_zip import MemberReader, ZipArchive, ZipMember
from pixelhost.media.archives import Entry, names_of, opened, placed_members
from pixelhost.media.filetree import Branch, FileTree

__all__ = ("BrokenArchive", "NotAnArchive", "UnsupportedCompression", "content", "entry", "find", "index")

MARK: Final = b"zip1"
HEAD: Final = struct.Struct("<4s?")
KEY_BYTES: Final = 16
# Of a directory only the first two count: key, whether it is a directory, flags, method, CRC-32, offset, where the
# next member starts, size as packed, size, seconds since 1970 (NaN where there is no time).
ROW: Final = struct.Struct(f"<{KEY_BYTES}s?HHIQQQQd")


def index(file: BinaryIO) -> bytes:
    """The table of a zip, nothing for archives of other kinds. Blocking, and reads hostile bytes.

    Raises NotAnArchive, BrokenArchive, UnsupportedCompression.
    """
    archive, tree = opened(file), FileTree()
    if not isinstance(archive, ZipArchive):
        return b""
    placed = placed_members(archive.members(), tree)
    rows = [_row(archive, member, names) for member, names in placed if not member.is_directory]
    rows += [ROW.pack(_key(names), True, 0, 0, 0, 0, 0, 0, 0, math.nan) for names in _directories(tree.root, [])]
    rows.sort()
    return HEAD.pack(MARK, tree.is_truncated or archive.is_truncated) + b"".join(rows)


def find(table: BinaryIO, path: str) -> bytes:
    """The row of a file or directory. Raises NoSuchMember, and ArchiveTooLarge as `archives.entry` does."""
    _, is_truncated = HEAD.unpack(table.read(HEAD.size))
    count = (table.seek(0, io.SEEK_END) - HEAD.size) // ROW.size

    def row(number: int) -> bytes:
        table.seek(HEAD.size + number * ROW.size)
        return table.read(ROW.size)

    key = _key(names_of(path))
    number = bisect_left(range(count), key, key=lambda each: row(each)[:KEY_BYTES])
    found = row(number)
    is_there = found.startswith(key)
    if is_truncated and not (is_there and not entry(found, path).is_directory):
        raise ArchiveTooLarge("there is more in the archive than is looked through")
    if not is_there:
        raise NoSuchMember(path)
    return found


def entry(row: bytes, path: str) -> Entry:
    """What `archives.entry` tells, but for the size and the time of a directory."""
    _, is_directory, _, _, crc32, _, _, _, size_bytes, seconds = ROW.unpack(row)
    modified = None if math.isnan(seconds) else time_after_epoch(seconds)
    return Entry("".join(names_of(path)[-1:]), size_bytes, is_directory, modified, None if is_directory else crc32)


def content(file: BinaryIO, row: bytes, start: int, stop: int) -> Iterator[bytes]:
    """As `archives.content`, of the zip that the row's table was made of."""
    _, _, flags, method, crc32, offset, following, packed_bytes, size_bytes, _ = ROW.unpack(row)
    reader = MemberReader(file)
    reader.starts = [offset, following]
    member = ZipMember(
        reader=reader,
        name="",
        size_bytes=size_bytes,
        is_directory=False,
        crc32=crc32,
        packed_bytes=packed_bytes,
        offset=offset,
        flags=flags,
        method=method,
        dos_time=0,
        dos_date=0,
        extra=b"",
        mode=0,
    )
    stop = min(stop, size_bytes)
    return member.content(min(start, stop), stop)


def _row(archive: ZipArchive, member: ZipMember, names: Sequence[str]) -> bytes:
    starts = archive.reader.starts
    following = starts[bisect_right(starts, member.offset)]
    modified = member.modified()
    return ROW.pack(
        _key(names),
        False,
        member.flags,
        member.method,
        member.crc32,
        member.offset,
        following,
        member.packed_bytes,
        member.size_bytes,
        math.nan if modified is None else modified.timestamp(),
    )


def _directories(branch: Branch, names: list[str]) -> Iterator[list[str]]:
    """The names on the way to a directory, and to all below it."""
    yield names
    for name, below in branch.children.items():
        if isinstance(below, Branch):
            yield from _directories(below, [*names, name])


def _key(names: Sequence[str]) -> bytes:
    return hashlib.blake2b("/".join(names).encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
