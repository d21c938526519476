"""The blob store in a local directory.

    incoming/<random>           being written, locked by its writer; a crash frees the lock, so leftovers show
    <aa>/<bb>/<sha256 in hex>   placed

Bytes are placed by a hard link, and the incoming name goes only after the commit. So an incoming name without a lock
that has two links is an upload that died between the two, and its bytes may be an orphan.
"""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from pixelhost import threads
from pixelhost.batching import Batcher
from pixelhost.blobs.contract import Abandoned, BlobMissing, Checksums, Piece, Staged, Stored, StoreError
from pixelhost.blobs.durable import (
    ROOM_TO_KEEP_BYTES,
    check_room,
    is_in_memory,
    link_again,
    make_directory,
    sync_directory,
    write_all,
)
from pixelhost.blobs.incoming import Incoming

P = ParamSpec("P")
T = TypeVar("T")

INCOMING = "incoming"
THREADS = 16
TOGETHER = 4  # threads that share a group of small files
HELD_BYTES = 64 << 10
READ_BYTES = 1 << 20


class DiskStore:
    def __init__(self, root: Path) -> None:
        """Makes the directories. Raises StoreError when it can't."""
        self.root = root
        self.incoming = root / INCOMING
        self._prefix = str(root)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="disk")
        self._together = Batcher(self._place_together)
        try:
            self._files = Incoming(self.incoming)
            self.is_in_memory = is_in_memory(root)
        except OSError as error:
            raise StoreError(f"{root} cannot be used for blobs: {error.strerror}") from error

    async def stage(self, also: Sequence[str] = (), expected_bytes: int = 0) -> "DiskStaged":
        try:
            room = os.statvfs(self.root)
        except OSError as error:
            raise StoreError(f"{self.root}: {error.strerror}") from error
        if expected_bytes + ROOM_TO_KEEP_BYTES > room.f_bavail * room.f_frsize:
            raise StoreError(f"{self.root} has no room for {expected_bytes} more bytes")
        return DiskStaged(self, self._files, Checksums(also))

    def location_of(self, staged: Staged) -> str:
        return _location(staged.checksums.digest)

    async def place(self, staged: Staged) -> None:
        assert isinstance(staged, DiskStaged)
        if not staged.is_held:
            await self.in_thread(self._place, staged)
        elif failure := await self._together.get(staged):
            raise self._error(failure) from failure

    async def settle(self, staged: Staged) -> None:
        # One of two names of the same file goes: no data is freed, so it is not worth a thread.
        assert isinstance(staged, DiskStaged)
        staged.drop()

    async def open(self, location: str) -> "DiskBlob":
        # A look-up of metadata, mostly in memory: a thread would cost more than it.
        try:
            descriptor = os.open(f"{self._prefix}/{location}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise BlobMissing(location) from error
        except OSError as error:
            raise StoreError(f"{location}: {error.strerror}") from error
        return DiskBlob(self, descriptor)

    async def delete(self, location: str) -> None:
        await self.in_thread((self.root / location).unlink, missing_ok=True)

    async def listing(self) -> AsyncIterator[Stored]:
        walk = self._walk()
        while batch := await self.in_thread(_take, walk, 1000):
            for stored in batch:
                yield stored

    async def abandoned(self) -> list[Abandoned]:
        return await self.in_thread(
            lambda: [Abandoned(name, _placed(descriptor)) for name, descriptor in self._files.abandoned()]
        )

    async def clear(self, abandoned: Abandoned) -> None:
        await self.in_thread(self._files.clear, abandoned.name)

    async def check(self) -> None:
        staged = await self.stage()
        try:
            await self.in_thread(staged.written)
        finally:
            await staged.discard()

    async def close(self) -> None:
        self._threads.shutdown(wait=True)

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking disk work. An OSError becomes a StoreError."""
        try:
            return await threads.run(self._threads, lambda: function(*args, **kwargs))
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> StoreError:
        return StoreError(f"{error.filename or self.root}: {error.strerror}")

    async def _place_together(self, held: Sequence["DiskStaged"]) -> Mapping["DiskStaged", OSError]:
        """Those that failed. A few threads for all, because a visit costs as much as a small file; more only wait."""
        size = -(-len(held) // (1 if self.is_in_memory else TOGETHER))
        parts = [held[start : start + size] for start in range(0, len(held), size)]
        failures = await asyncio.gather(*(self.in_thread(self._place_some, part) for part in parts))
        return dict(pair for part in failures for pair in part)

    def _place_some(self, held: Sequence["DiskStaged"]) -> list[tuple["DiskStaged", OSError]]:
        failures = []
        for staged in held:
            try:
                self._place(staged)
            except OSError as error:
                failures.append((staged, error))
        return failures

    def _place(self, staged: "DiskStaged") -> None:
        source = staged.written()
        target = self.root / self.location_of(staged)
        try:
            os.link(source, target)
        except FileExistsError:
            # Replace whatever lies there: it may be damaged, and these bytes were just hashed.
            link_again(source, target)
        except FileNotFoundError:
            make_directory(target.parent)
            link_again(source, target)
        sync_directory(target.parent)

    def _walk(self) -> Iterator[Stored]:
        for first in _folders(self.root):
            for second in _folders(first):
                for entry in os.scandir(second):
                    if not _is_digest(entry.name):
                        continue
                    with suppress(FileNotFoundError):
                        location = f"{first.name}/{second.name}/{entry.name}"
                        facts = entry.stat()
                        yield Stored(location, bytes.fromhex(entry.name), facts.st_size, is_settled=facts.st_nlink == 1)


class DiskStaged:
    """An incoming file. A small upload is held in memory until it is placed: one visit to a thread instead of two."""

    def __init__(self, store: DiskStore, files: Incoming, checksums: Checksums) -> None:
        self.checksums = checksums
        self._store = store
        self._files = files
        self._path: Path | None = None
        self._descriptor = -1
        self._held = b""

    async def write(self, pieces: Sequence[Piece]) -> None:
        # Hashing and writing take about as long: one core each.
        hashing, appending = self._store.in_thread(self._hash, pieces), self._store.in_thread(self._append, pieces)
        for failure in await asyncio.gather(hashing, appending, return_exceptions=True):
            if failure is not None:
                raise failure

    async def direct(self) -> int:
        await self._store.in_thread(self._append, ())
        return self._descriptor

    async def appended(self, count: int) -> None:
        await self._store.in_thread(self._hash_file, count)

    async def finish(self, pieces: Sequence[Piece] = ()) -> None:
        if self._path is None and sum(len(piece) for piece in pieces) <= HELD_BYTES:
            self._held = b"".join(pieces)
            self._hash([self._held])
        else:
            await self._store.in_thread(self._finish, pieces)

    @property
    def is_held(self) -> bool:
        return self._path is None

    async def discard(self) -> None:
        # Unlike settling, this frees what may be gigabytes: work for a thread.
        if self._path is not None:
            await self._store.in_thread(self.drop)

    def drop(self) -> None:
        """Close and forget the incoming name. A failure leaves a leftover, which the next start clears."""
        path, descriptor, self._path, self._descriptor = self._path, self._descriptor, None, -1
        with suppress(OSError):
            if path is not None:
                path.unlink(missing_ok=True)
        with suppress(OSError):
            if descriptor >= 0:
                os.close(descriptor)

    def written(self) -> Path:
        """The incoming file, written and durable. Blocking."""
        if self._path is None:
            self._append([self._held])
            os.fsync(self._descriptor)
        assert self._path is not None
        return self._path

    def _hash(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self.checksums.update(piece)

    def _hash_file(self, count: int) -> None:
        """They were just written: so they come from memory, not from the disk."""
        check_room(self._descriptor)
        buffer = memoryview(bytearray(min(count, READ_BYTES)))
        end = self.checksums.size_bytes + count
        while (at := self.checksums.size_bytes) < end:
            read = os.preadv(self._descriptor, [buffer[: end - at]], at)
            if read == 0:
                raise OSError(errno.EIO, "bytes that were written are not there")
            self.checksums.update(buffer[:read])

    def _append(self, pieces: Sequence[Piece]) -> None:
        if self._descriptor < 0:
            self._path, self._descriptor = self._files.new()
        check_room(self._descriptor)
        write_all(self._descriptor, pieces)

    def _finish(self, pieces: Sequence[Piece]) -> None:
        self._hash(pieces)
        self._append(pieces)
        os.fsync(self._descriptor)


class DiskBlob:
    def __init__(self, store: DiskStore, descriptor: int) -> None:
        self.size_bytes = os.fstat(descriptor).st_size
        self._store = store
        self._descriptor = descriptor

    def fileno(self) -> int | None:
        return self._descriptor

    def read_cached(self, offset: int, count: int) -> bytes | None:
        if self._store.is_in_memory:
            data = os.pread(self._descriptor, count, offset)
            return data if len(data) == count else None
        buffer = bytearray(count)
        try:
            read = os.preadv(self._descriptor, [buffer], offset, os.RWF_NOWAIT)
        except OSError:  # EAGAIN: not in memory; EOPNOTSUPP: this file system can't tell
            return None
        return bytes(buffer) if read == count else None

    async def read(self, offset: int, count: int) -> bytes:
        data = await self._store.in_thread(os.pread, self._descriptor, count, offset)
        if len(data) != count:
            raise StoreError(f"{count} bytes wanted at {offset}, {len(data)} there")
        return data

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _location(digest: bytes) -> str:
    name = digest.hex()
    return f"{name[:2]}/{name[2:4]}/{name}"


def _placed(descriptor: int) -> Stored | None:
    """What an incoming file was placed as: then it has two names."""
    facts = os.fstat(descriptor)
    if facts.st_nlink < 2:
        return None
    with open(descriptor, "rb", closefd=False) as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return Stored(_location(digest), digest, facts.st_size, is_settled=False)


def _folders(directory: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(directory) if len(entry.name) == 2 and entry.is_dir()]


def _is_digest(name: str) -> bool:
    return len(name) == 64 and all(character in "0123456789abcdef" for character in name)


def _take(iterator: Iterator[T], count: int) -> list[T]:
    return [item for _, item in zip(range(count), iterator, strict=False)]
