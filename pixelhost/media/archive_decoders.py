"""Unpacking, piece by piece, in a bounded amount of memory.

A decoder is what bz2, lzma and zstd have as an incremental decompressor; zlib's is brought to the same shape here.
"""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol

from pixelhost.media.archive_members import BrokenArchive, UnsupportedCompression

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_BYTES: Final = 256 << 10
# What a dictionary or a window may take of a worker's memory; the most that 7-Zip takes by itself, of `xz -9` four
# times the need, of `zstd --long` twice.
DICTIONARY_LIMIT_BYTES: Final = 256 << 20
MEMORY_LIMIT_BYTES: Final = DICTIONARY_LIMIT_BYTES + (1 << 20)
WINDOW_LIMIT_LOG: Final = 27
PADDING: Final = b"\0"


class Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class Inflater:
    """`wbits` is -15 for a bare deflate stream and 31 for gzip."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)
        self._has_more = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._has_more

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        piece = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        # A full piece may have more behind it, inside, even when all input is taken.
        self._has_more = bool(self._inner.unconsumed_tail) or len(piece) == max_length
        return piece


def gzip_decoder() -> Decoder:
    return Inflater(31)


def deflate_decoder() -> Decoder:
    return Inflater(-15)


def bzip2_decoder() -> Decoder:
    return bz2.BZ2Decompressor()


def xz_decoder() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT_BYTES)


def zstd_decoder() -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LIMIT_LOG})


def lzma_decoder(properties: bytes, size_bytes: int | None) -> Decoder:
    """LZMA without a container, of `size_bytes` bytes; None when the stream has a mark at its end.

    `properties` are the 5 bytes of the LZMA specification. They are put before the stream as the header of an .lzma
    file, for only there can the decoder be told the size. Raises UnsupportedCompression.
    """
    if len(properties) != 5:
        raise BrokenArchive("properties of LZMA that are none")
    _refuse_dictionary(int.from_bytes(properties[1:], "little"))
    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT_BYTES)
    size = b"\xff" * 8 if size_bytes is None else size_bytes.to_bytes(8, "little")
    step(decoder, properties + size)
    return decoder


def decoded(packed: Iterator[bytes], decoder: Decoder) -> Iterator[bytes]:
    """One stream, up to its end or that of `packed`, in pieces of at most 256 KiB, none of them empty.

    BrokenArchive, UnsupportedCompression.
    """
    for data in packed:
        yield from _emptied(decoder, data)
        if decoder.eof:
            return
    while not decoder.eof and (piece := step(decoder, b"")):
        yield piece


def concatenated(packed: Iterator[bytes], make: Callable[[], Decoder]) -> Iterator[bytes]:
    """As many streams as there are, one after the other, with or without zeros in between."""
    decoder, is_fresh = make(), True
    for data in packed:
        rest = data
        while rest := rest.lstrip(PADDING) if is_fresh else rest:
            is_fresh = False
            yield from _emptied(decoder, rest)
            if not decoder.eof:
                break
            rest, decoder, is_fresh = decoder.unused_data, make(), True
    if not is_fresh:
        raise BrokenArchive("a packed stream is cut off")


def read_pieces(file: BinaryIO, start: int, size_bytes: int) -> Iterator[bytes]:
    """`size_bytes` bytes of `file` from `start` on, or up to its end, at most 256 KiB at a time."""
    position, stop = start, start + size_bytes
    while position < stop:
        file.seek(position)
        piece = file.read(min(PIECE_BYTES, stop - position))
        if not piece:
            return
        position += len(piece)
        yield piece


def step(decoder: Decoder, data: bytes) -> bytes:
    """At most 256 KiB, and nothing where it needs more input. BrokenArchive, UnsupportedCompression."""
    try:
        return decoder.decompress(data, PIECE_BYTES)
    except MemoryError:
        raise UnsupportedCompression("unpacking takes too much memory") from None
    except (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError, ValueError) as error:
        # Neither liblzma nor zstd has an error of its own for its memory limit.
        if "memory" in str(error).lower():
            raise UnsupportedCompression("unpacking takes too much memory") from None
        raise BrokenArchive(f"a packed stream is damaged: {error}") from None


def _emptied(decoder: Decoder, data: bytes) -> Iterator[bytes]:
    piece = step(decoder, data)
    while True:
        if piece:
            yield piece
        if decoder.eof or decoder.needs_input:
            return
        piece = step(decoder, b"")


def _refuse_dictionary(size_bytes: int) -> None:
    if size_bytes > DICTIONARY_LIMIT_BYTES:
        raise UnsupportedCompression("unpacking takes too much memory")
