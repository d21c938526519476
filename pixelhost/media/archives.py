"""Looking into zip, 7z and tar archives, the last also packed by gzip, xz or zstd. The kind is told by the content.

Paths are those of the listing, where names are safe and unique; a slash in front is optional, and the empty path is
the whole archive. Links, devices and pipes are left out everywhere, and archives inside of archives are just files.

Every function raises NotAnArchive, BrokenArchive or UnsupportedCompression. All of them are blocking and read hostile
bytes: call them in a media worker, those that yield by `MediaPool.stream`. For zip archives `archive_index` has what
finds a member without reading the directory again.

An archive may hold more than is looked through, which is what `FileTree` and the modules of the kinds limit. Of such
a one the listing says that it is `truncated`, a file before the limit can be had, and for any other path as for any
directory, which would not be whole, ArchiveTooLarge is raised.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, Final, TypeVar

import msgspec

from pixelhost.media import archive_7z, archive_tar, archive_zip
from pixelhost.media.archive_7z import SevenZipArchive
from pixelhost.media.archive_decoders import (
    Decoder,
    concatenated,
    gzip_decoder,
    read_pieces,
    xz_decoder,
    zstd_decoder,
)
from pixelhost.media.archive_members import (
    Archive,
    ArchiveTooLarge,
    BrokenArchive,
    Member,
    NoSuchMember,
    NotAnArchive,
    UnsupportedCompression,
)
from pixelhost.media.archive_tar import FileSource, TarArchive, UnpackedSource, is_tar
from pixelhost.media.archive_zip import ZipArchive
from pixelhost.media.filetree import Branch, FileTree, Root

__all__ = (
    "ArchiveTooLarge",
    "BrokenArchive",
    "Entry",
    "NoSuchMember",
    "NotAnArchive",
    "UnsupportedCompression",
    "content",
    "directory_zip",
    "entry",
    "listing",
    "names_of",
    "opened",
    "placed_members",
)

M = TypeVar("M", bound=Member)

READ_INDIVIDUAL_FILES: Final = "read_individual_files"
TRUNCATED: Final = "truncated"
FIRST_TIME_IN_ZIP: Final = datetime(1980, 1, 1, tzinfo=UTC)
LAST_TIME_IN_ZIP: Final = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or a directory with the size of everything below it.

    `name` is the last of the path, empty for the archive itself. `modified` is aware; that and `crc32` are None where
    the archive doesn't have them.
    """

    name: str
    size_bytes: int
    is_directory: bool
    modified: datetime | None
    crc32: int | None


def listing(file: BinaryIO) -> bytes:
    """JSON as it goes to the wire: `{"size", "children": {name: {"size"} or {"size", "children"}}, "properties"}`.

    `properties` holds `read_individual_files` for zip and bare tar archives, of which a file can be read without all
    before it, and `truncated` when something is left out for the limits of `FileTree`.
    """
    archive = opened(file)
    tree = FileTree()
    for member in archive.members():
        tree.place(member.name, member.size_bytes, is_directory=member.is_directory)
        if tree.is_truncated and tree.is_full:
            break
    properties = [READ_INDIVIDUAL_FILES] if archive.has_random_access else []
    if tree.is_truncated or archive.is_truncated:
        properties.append(TRUNCATED)
    return msgspec.json.encode(Root(tree.root.size, tree.root.children, properties))


def entry(file: BinaryIO, path: str) -> Entry:
    """Raises NoSuchMember and ArchiveTooLarge too."""
    wanted = names_of(path)
    archive, tree = opened(file), FileTree()
    modified: datetime | None = None
    for member, placed in placed_members(archive.members(), tree):
        if placed == wanted and not member.is_directory:
            return Entry(placed[-1], member.size_bytes, False, member.modified(), member.crc32)
        if placed == wanted:
            modified = member.modified()
    _refuse_truncated(archive, tree)
    found = tree.at(wanted)
    if not isinstance(found, Branch):
        raise NoSuchMember(path)
    return Entry(wanted[-1] if wanted else "", found.size, True, modified, None)


def content(file: BinaryIO, path: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes of one file from `start` up to but without `stop`, or its end.

    Its length must be as declared, and its checksum when all up to the end is read: else BrokenArchive comes instead
    of the last piece. NoSuchMember too, for directories as well, and ArchiveTooLarge.
    """
    wanted = names_of(path)
    archive, tree = opened(file), FileTree()
    for member, placed in placed_members(archive.members(), tree):
        if placed == wanted and not member.is_directory:
            size_bytes = member.size_bytes
            stop = size_bytes if stop is None else min(stop, size_bytes)
            yield from member.content(min(start, stop), stop)
            return
    _refuse_truncated(archive, tree)
    raise NoSuchMember(path)


def directory_zip(file: BinaryIO, path: str) -> Iterator[bytes]:
    """Everything below a directory as a zip archive of stored files, whose length isn't known in advance.

    NoSuchMember too, for files as well. ArchiveTooLarge comes instead of the end, for only there it shows: `entry`
    tells it in advance.
    """
    wanted = names_of(path)
    archive, tree = opened(file), FileTree()
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as out:
        for member, placed in placed_members(archive.members(), tree):
            if placed[: len(wanted)] == wanted and len(placed) > len(wanted):
                yield from _written(out, sink, "/".join(placed[len(wanted) :]), member)
        _refuse_truncated(archive, tree)
        if not isinstance(tree.at(wanted), Branch):
            raise NoSuchMember(path)
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what is written, until it is asked for. It can't seek, so sizes and checksums go behind the content."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "memoryview | bytes", /) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _written(out: zipfile.ZipFile, sink: _Sink, name: str, member: Member) -> Iterator[bytes]:
    modified = min(max(member.modified() or FIRST_TIME_IN_ZIP, FIRST_TIME_IN_ZIP), LAST_TIME_IN_ZIP)
    info = zipfile.ZipInfo(name + "/" * member.is_directory, modified.timetuple()[:6])
    info.external_attr = (0o040755 << 16) | 0x10 if member.is_directory else 0o100644 << 16
    info.file_size = member.size_bytes
    with out.open(info, "w") as target:
        if not member.is_directory:
            for piece in member.content(0, member.size_bytes):
                target.write(piece)
                yield sink.taken()


def placed_members(members: Iterator[M], tree: FileTree) -> Iterator[tuple[M, list[str]]]:
    """The members that have a place in the tree, with the names on the way to it."""
    for member in members:
        placed = tree.place(member.name, member.size_bytes, is_directory=member.is_directory)
        if placed is not None:
            yield member, placed
        elif tree.is_full:
            return


def _refuse_truncated(archive: Archive, tree: FileTree) -> None:
    """When all members are gone through."""
    if tree.is_truncated or archive.is_truncated:
        raise ArchiveTooLarge("there is more in the archive than is looked through")


def names_of(path: str) -> list[str]:
    return [name for name in path.split("/") if name]


def opened(file: BinaryIO) -> Archive:
    file.seek(0)
    block = file.read(archive_tar.BLOCK_BYTES)
    for signature, kind in KINDS.items():
        if block.startswith(signature):
            return kind(file)
    if is_tar(block):
        return TarArchive(FileSource(file), has_random_access=True)
    if archive_zip.has_end_record(file):
        return ZipArchive(file)
    raise NotAnArchive("no archive of a known kind")


def _packed_tar(make: Callable[[], Decoder], file: BinaryIO) -> TarArchive:
    if not is_tar(_unpacked(make, file).read(archive_tar.BLOCK_BYTES)):
        raise NotAnArchive("a packed file that is no tar archive")
    return TarArchive(_unpacked(make, file), has_random_access=False)


def _unpacked(make: Callable[[], Decoder], file: BinaryIO) -> UnpackedSource:
    return UnpackedSource(concatenated(read_pieces(file, 0, file.seek(0, io.SEEK_END)), make))


KINDS: Final[Mapping[bytes, Callable[[BinaryIO], Archive]]] = {
    **dict.fromkeys(archive_zip.SIGNATURES, ZipArchive),
    archive_7z.SIGNATURE: SevenZipArchive,
    b"\x1f\x8b\x08": partial(_packed_tar, gzip_decoder),
    b"\xfd7zXZ\x00": partial(_packed_tar, xz_decoder),
    b"\x28\xb5\x2f\xfd": partial(_packed_tar, zstd_decoder),
    # Frames for a program's own use may come first (RFC 8878, 3.1.2).
    **dict.fromkeys(
        (bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16)), partial(_packed_tar, zstd_decoder)
    ),
}
