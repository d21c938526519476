"""7z archives: py7zr reads what their header tells and has the decoders; folders are led through these from here.

A folder is what 7z calls a number of files that are packed as one. It is unpacked from its beginning, once for any
number of files that are asked for in their order. py7zr's own extraction isn't used: whatever the size of a file, it
takes in a megabyte of packed bytes for it and puts out up to 128 MB at once, more than a worker has memory for.

The format is that of `7zFormat.txt` in the LZMA SDK 24.09.
"""

import io
import stat
import struct
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from pixelhost.media.archive_decoders import PIECE_BYTES, read_pieces
from pixelhost.media.archive_members import (
    BrokenArchive,
    UnsupportedCompression,
    cut,
    time_after_epoch,
    verified,
)
from pixelhost.media.archive_tar import UnpackedSource
from pixelhost.media.filetree import NODES_LIMIT, SIZE_LIMIT_BYTES

if TYPE_CHECKING:
    from py7zr.archiveinfo import Folder, StreamsInfo
    from py7zr.compressor import SevenZipDecompressor
    from py7zr.py7zr import ArchiveFile, ArchiveFileList

SIGNATURE: Final = b"7z\xbc\xaf\x27\x1c"
# Of the signature header only the size of the header that it points to; py7zr checks the rest.
START: Final = struct.Struct("<20xQ4x")
HEADER_LIMIT_BYTES: Final = 32 << 20
FILES_LIMIT: Final = 300_000
# Some decoders heed no limit, and unpack up to 32,768 times what they are given.
PACKED_BYTES: Final = 2 << 10
UNPACKED_LIMIT_BYTES: Final = 16 << 20
FILE_KINDS: Final = frozenset({None, 0, stat.S_IFREG, stat.S_IFDIR})


class SevenZipMember(msgspec.Struct):
    archive: "SevenZipArchive"
    name: str
    size_bytes: int
    is_directory: bool
    crc32: int | None
    seconds: float | None
    folder: "Folder | None"
    # In what the folder unpacks to.
    offset: int

    def modified(self) -> datetime | None:
        return None if self.seconds is None else time_after_epoch(self.seconds)

    def content(self, start: int, stop: int) -> Iterator[bytes]:
        return cut(self.archive.content(self), start, stop)


class SevenZipArchive:
    # Single files of a solid archive can only be had by unpacking those before them.
    has_random_access = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._files, self._empty_files, self._places = _contents(file)
        self.is_truncated = len(self._files) > NODES_LIMIT
        self._open_folder: Folder | None = None
        self._source = UnpackedSource(iter(()))

    def members(self) -> Iterator[SevenZipMember]:
        folder, offset = None, 0
        empty_files = iter(self._empty_files)
        for file in islice(self._files, NODES_LIMIT):
            is_empty_file = file.emptystream and next(empty_files, False)
            if not file.emptystream and file.folder is not folder:
                folder, offset = file.folder, 0
            member = self._member(file, offset, is_empty_file=is_empty_file)
            offset += member.size_bytes
            if not _is_special(file):
                yield member

    def content(self, member: SevenZipMember) -> Iterator[bytes]:
        if member.folder is None:
            return iter(())
        if self._open_folder is not member.folder or self._source.position > member.offset:
            self._source = UnpackedSource(_unpacked(self._file, member.folder, *self._places[member.folder]))
            self._open_folder = member.folder
        self._source.skip(member.offset - self._source.position)
        return verified(self._read(member.size_bytes), member.size_bytes, member.crc32)

    def _read(self, size_bytes: int) -> Iterator[bytes]:
        rest = size_bytes
        while rest and (piece := self._source.read(min(PIECE_BYTES, rest))):
            rest -= len(piece)
            yield piece

    def _member(self, file: "ArchiveFile", offset: int, *, is_empty_file: bool) -> SevenZipMember:
        if not file.emptystream and file.folder is None:
            raise BrokenArchive("a file has no content")
        if not 0 <= file.uncompressed <= SIZE_LIMIT_BYTES:
            raise BrokenArchive("a file has a size that nothing can have")
        time = file.lastwritetime
        return SevenZipMember(
            archive=self,
            name=file.filename,
            size_bytes=file.uncompressed,
            is_directory=file.emptystream and not is_empty_file and file.st_fmt != stat.S_IFREG,
            crc32=_crc32(file),
            seconds=None if time is None else time.totimestamp(),
            folder=file.folder,
            offset=offset,
        )


def _contents(file: BinaryIO) -> "tuple[ArchiveFileList, list[bool], dict[Folder, tuple[int, int]]]":
    """The files; which of those without content are no directories; where folders start and what they take."""
    # Only here, so that the server, which imports this module, does without it.
    from py7zr import FILTER_PPMD, SevenZipFile
    from py7zr.compressor import PpmdCompressor, algorithm_class_map

    # Damaged input makes pyppmd 1.3 write outside of its memory. This is how py7zr marks what can't be unpacked.
    algorithm_class_map[FILTER_PPMD] = (PpmdCompressor, None)
    file.seek(0)
    start = file.read(START.size)
    if len(start) == START.size and START.unpack(start)[0] > HEADER_LIMIT_BYTES:
        raise UnsupportedCompression("the header takes too much memory")
    file.seek(0)
    try:
        archive = SevenZipFile(file)
    except Exception as error:
        raise _refusal(error) from error
    if len(archive.files) > FILES_LIMIT:
        raise UnsupportedCompression("the archive has too many files")
    empty_files = archive.header.files_info.emptyfiles if archive.header.files_info else []
    return archive.files, empty_files, dict(_places(archive.header.main_streams))


def _places(streams: "StreamsInfo | None") -> "Iterator[tuple[Folder, tuple[int, int]]]":
    if streams is None or streams.packinfo is None or streams.unpackinfo is None:
        return
    start, sizes = START.size + streams.packinfo.packpos, iter(streams.packinfo.packsizes)
    for folder in streams.unpackinfo.folders:
        packed_bytes = sum(islice(sizes, len(folder.packed_indices)))
        if start + packed_bytes > SIZE_LIMIT_BYTES:
            raise BrokenArchive("a folder lies where no file goes")
        yield folder, (start, packed_bytes)
        start += packed_bytes


def _unpacked(file: BinaryIO, folder: "Folder", start: int, packed_bytes: int) -> Iterator[bytes]:
    from py7zr.compressor import SevenZipDecompressor

    try:
        decoder = SevenZipDecompressor(folder.coders, packed_bytes, folder.unpacksizes, None)
    except Exception as error:
        raise _refusal(error) from error
    for packed in _sips(read_pieces(file, start, packed_bytes)):
        piece = _step(decoder, packed)
        while piece:
            yield piece
            # A full piece may have more behind it.
            piece = _step(decoder, b"") if len(piece) == UNPACKED_LIMIT_BYTES else b""
    # Some keep bytes back until they are asked without input.
    while piece := _step(decoder, b""):
        yield piece


def _sips(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), PACKED_BYTES):
            yield piece[start : start + PACKED_BYTES]


def _step(decoder: "SevenZipDecompressor", packed: bytes) -> bytes:
    try:
        return decoder.decompress(io.BytesIO(packed), UNPACKED_LIMIT_BYTES)
    except Exception as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> Exception:
    """Ours for theirs: py7zr and its decoders raise nearly anything when the bytes aren't as they should be."""
    from py7zr import PasswordRequired, UnsupportedCompressionMethodError

    if isinstance(error, PasswordRequired):
        return UnsupportedCompression("the file is encrypted")
    if isinstance(error, UnsupportedCompressionMethodError):
        return UnsupportedCompression("the file is packed by a method that we don't know")
    # zstd has no error of its own for its memory limit.
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return UnsupportedCompression("unpacking takes too much memory")
    return BrokenArchive(f"the archive is damaged: {error}")


def _crc32(file: "ArchiveFile") -> int | None:
    """That of the folder, where the file is all that is in it."""
    if file.crc32 is None and file.folder is not None and file.folder.digestdefined:
        return file.folder.crc if file.uncompressed == file.folder.get_unpack_size() else None
    return file.crc32


def _is_special(file: "ArchiveFile") -> bool:
    """A link, a device, a pipe."""
    return file.is_symlink or file.is_junction or file.st_fmt not in FILE_KINDS
