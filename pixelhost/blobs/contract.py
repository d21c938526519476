"""What a blob store is: stage, write, finish, place, settle; open and delete by location.

The caller places, commits a row, and calls `settle` only then. So what a crash left behind, placed but never
committed, can be found and cleared.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from isal import isal_zlib

Piece = bytes | bytearray | memoryview

ALGORITHMS = {"md5": hashlib.md5, "sha-512": hashlib.sha512}
"""What an upload may be checked against besides SHA-256, by the names of RFC 9530 (and MD5 of RFC 1864)."""


class StoreError(Exception):
    """The store cannot write or read, like a full disk. Nothing half-written stays visible."""


class BlobMissing(StoreError):
    """There are no bytes at this location."""


class Checksums:
    """SHA-256 and CRC-32 (IEEE 802.3, as zip uses it) of bytes as they pass, and others on demand."""

    def __init__(self, also: Sequence[str] = ()) -> None:
        self.size_bytes = 0
        self.crc32 = 0
        self._sha256 = hashlib.sha256()
        self._others = {name: ALGORITHMS[name](usedforsecurity=False) for name in also}

    def update(self, piece: Piece) -> None:
        """Blocking; leaves the interpreter to others while it hashes more than 2 KiB."""
        self._sha256.update(piece)
        self.crc32 = isal_zlib.crc32(piece, self.crc32)
        for other in self._others.values():
            other.update(piece)
        self.size_bytes += len(piece)

    @property
    def digest(self) -> bytes:
        """The SHA-256, 32 raw bytes."""
        return self._sha256.digest()

    def named(self, algorithm: str) -> bytes:
        """The digest by its RFC 9530 name: `sha-256`, or one of those asked for."""
        return self.digest if algorithm == "sha-256" else self._others[algorithm].digest()


class Staged(Protocol):
    """Bytes on their way in, invisible until placed."""

    checksums: Checksums

    async def write(self, pieces: Sequence[Piece]) -> None:
        """Append, hashing on the way; the pieces may be reused afterwards. Raises StoreError."""

    async def direct(self) -> int | None:
        """A descriptor to append to, where the bytes are kept in a local file: tell `appended` what was written.

        Either this or `write`, not both. Raises StoreError.
        """

    async def appended(self, count: int) -> None:
        """Hash the next `count` bytes that were written to the descriptor. Raises StoreError."""

    async def finish(self, pieces: Sequence[Piece] = ()) -> None:
        """Append the last pieces and make all durable, or ready to be made so by `place`. Raises StoreError."""

    async def discard(self) -> None:
        """Drop it. Never raises; safe at any time before `settle`, also twice."""


class OpenBlob(Protocol):
    """A blob being read. It stays readable after a delete."""

    size_bytes: int

    def fileno(self) -> int | None:
        """A descriptor for sendfile, its position undefined; None where the bytes are not local."""

    def read_cached(self, offset: int, count: int) -> bytes | None:
        """Exactly `count` bytes, or None where that would wait for a disk or a network."""

    async def read(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes. Raises StoreError."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Stored:
    """An entry of the store's own listing."""

    location: str
    digest: bytes
    size_bytes: int
    is_settled: bool = True
    """False while there is a staging that these bytes were placed from: a commit may be about to come."""


@dataclass(frozen=True)
class Abandoned:
    """What a dead process left staged. `placed` is not None where it was placed too, perhaps without a commit."""

    name: str
    placed: Stored | None


class BlobStore(Protocol):
    async def stage(self, also: Sequence[str] = (), expected_bytes: int = 0) -> Staged:
        """Begin; `also` names further checksums. Raises StoreError, at once if the bytes expected can't fit."""

    def location_of(self, staged: Staged) -> str:
        """Where `place` will put the finished bytes."""

    async def place(self, staged: Staged) -> None:
        """Make the finished bytes readable and durable, replacing what is there. Raises StoreError."""

    async def settle(self, staged: Staged) -> None:
        """The caller has committed: forget the staging. Never raises."""

    async def open(self, location: str) -> OpenBlob:
        """Raises BlobMissing or StoreError."""

    async def delete(self, location: str) -> None:
        """Gone afterwards, also if it was gone before. Raises StoreError."""

    def listing(self) -> AsyncIterator[Stored]:
        """Everything placed, in no order. Raises StoreError."""

    async def abandoned(self) -> list[Abandoned]:
        """What dead processes left; the living ones' staging is never among it. Raises StoreError."""

    async def clear(self, abandoned: Abandoned) -> None:
        """Drop the staging, not what was placed."""

    async def check(self) -> None:
        """Raises StoreError when the store cannot be written to."""

    async def close(self) -> None: ...
