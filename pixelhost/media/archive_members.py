"""What every kind of archive has in common: members, and the ways in which one refuses."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NotAnArchive(Exception):
    """The bytes are of no kind of archive that we know."""


class BrokenArchive(Exception):
    """It is damaged, cut off, or made to deceive."""


class UnsupportedCompression(Exception):
    """It is encrypted, packed by a method that we don't know, or needs more memory than it may have."""


class ArchiveTooLarge(Exception):
    """It holds more than is looked through, and what is asked for may be, or reach, into what isn't."""


class NoSuchMember(Exception):
    """Nothing has this path, or a directory has it where a file is wanted, or a file where a directory is."""


class Member(Protocol):
    """A file or a directory of an archive. `name` is as the archive has it."""

    @property
    def name(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def is_directory(self) -> bool: ...
    @property
    def crc32(self) -> int | None: ...

    def modified(self) -> datetime | None:
        """Aware. Where the archive knows no time zone its time is taken as UTC."""

    def content(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to but without `stop`, at most about 1 MiB at a time.

        Where an archive is read in one pass this works only before the next member is asked for.
        """


class Archive(Protocol):
    """`members` can be gone through once. Links, devices and whatever else is no file and no directory are left out."""

    @property
    def has_random_access(self) -> bool:
        """Whether a member can be read without reading all before it."""

    @property
    def is_truncated(self) -> bool:
        """Whether there are more members than `members` gives, after it has given all."""

    def members(self) -> Iterator[Member]: ...


def verified(pieces: Iterator[bytes], size_bytes: int, crc32: int | None) -> Iterator[bytes]:
    """`pieces`, of which the last is held back until their length and their CRC-32 have proved right."""
    held_back, position, checksum = b"", 0, 0
    for piece in pieces:
        position += len(piece)
        if position > size_bytes:
            raise BrokenArchive("a member is longer than it says")
        checksum = zlib.crc32(piece, checksum)
        if held_back:
            yield held_back
        held_back = piece
    if position < size_bytes:
        raise BrokenArchive("a member is shorter than it says")
    if crc32 not in {None, checksum}:
        raise BrokenArchive("a member has another checksum than it says")
    if held_back:
        yield held_back


def cut(pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Those of the bytes that lie from `start` up to but without `stop`."""
    position = 0
    for piece in pieces:
        wanted = piece[max(0, start - position) : max(0, stop - position)]
        position += len(piece)
        if wanted:
            yield wanted
        if position >= stop:
            return


def time_after_epoch(seconds: float) -> datetime | None:
    """None where no calendar goes."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
