"""Where rows meet bytes: receive into staging, place, sweep what nobody refers to.

Bytes are placed before the row that refers to them is inserted, and deleted only under the lock of the blob's row, or
of the place in the index where it would be. So whoever inserts looks, with that lock, whether they are still there
(`intake`), and places them again if they are not.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol, Self, runtime_checkable

from pixelhost import errors
from pixelhost.blobs import sealed
from pixelhost.blobs.contract import BlobMissing, OpenBlob, Piece, Staged, StoreError
from pixelhost.blobs.sealed import Sealing
from pixelhost.core import mediacache
from pixelhost.db import blobs
from pixelhost.db.connect import DiskFull
from pixelhost.model.files import Blob
from pixelhost.site import Site

log = logging.getLogger(__name__)

BATCH_BYTES = 2 << 20
HASHED_BEHIND_BYTES = 64 << 20  # so far hashing may fall behind receiving: what it reads should be in memory still
HEAD_BYTES = 4096
SWEEP_BATCH = 200


class Source(Protocol):
    """Bytes that arrive."""

    async def read(self) -> Piece:
        """The next piece, of any size, empty at the end. Raises ERROR_READING_INPUT when it was cut off."""


@runtime_checkable
class Pourable(Source, Protocol):
    """Bytes that may arrive in a file without passing through here."""

    @property
    def can_pour(self) -> bool:
        """Whether `pour` may be used instead of `read`: not every connection lets it."""

    async def pour(self, descriptor: int) -> int:
        """Append what comes next to a file; how many bytes that were, 0 at the end.

        Raises ERROR_READING_INPUT when it was cut off, OSError when the file can't take it.
        """


@dataclass(frozen=True)
class Received:
    """Bytes that are all here, durable, and referred to by nothing yet.

    `size_bytes` and `head` are of what arrived, also where what is staged was sealed.
    """

    staged: Staged
    head: bytes
    size_bytes: int


@asynccontextmanager
async def received(
    site: Site,
    source: Source,
    *,
    refuse_size: Callable[[int], None],
    digests: Mapping[str, bytes],
    expected_bytes: int = 0,
    key: bytes | None = None,
) -> AsyncIterator[Received]:
    """Take all of `source`, hashing while it arrives. What the block doesn't `place` is dropped at its end.

    `refuse_size` is told the size so far, and raises when that is too much; `digests` are what the sender says the
    bytes hash to, by RFC 9530 name. With a `key`, of 32 random bytes, they are sealed on their way: see `open_sealed`.
    Raises ERROR_READING_INPUT, WRITING.
    """
    with writing_errors():
        staged = await _stage(site, list(digests), expected_bytes, key)
    try:
        head = await _take(staged, source, refuse_size)
        yield _checked(staged, head, digests)
    finally:
        await staged.discard()


async def _stage(site: Site, digests: Sequence[str], expected_bytes: int, key: bytes | None) -> Staged:
    if key is not None:
        return Sealing(await site.store.stage((), sealed.sealed_bytes(expected_bytes)), key, digests)
    return await site.store.stage([name for name in digests if name != "sha-256"], expected_bytes)


def _checked(staged: Staged, head: bytes, digests: Mapping[str, bytes]) -> Received:
    """Raises ERROR_READING_INPUT."""
    if isinstance(staged, Sealing):
        sums, got = staged.plain_checksums, Received(staged.inner, head, staged.plain_bytes)
    else:
        sums, got = staged.checksums, Received(staged, head, staged.checksums.size_bytes)
    for name, digest in digests.items():
        if sums is None or sums.named(name) != digest:
            raise errors.ERROR_READING_INPUT(
                message=f"The bytes that arrived do not match the {name} digest of the request. Send them again"
            )
    return got


@asynccontextmanager
async def placed(site: Site, got: Received) -> AsyncIterator[Blob]:
    """Make the bytes readable; the block commits what refers to them. If it fails, they go again unless others do.

    Raises WRITING.
    """
    sums = got.staged.checksums
    blob = Blob(sums.digest, sums.size_bytes, sums.crc32, site.store.location_of(got.staged))
    try:
        # Always place, never "it is there already": the bytes there may be damaged, these are known to be good.
        with writing_errors():
            await site.store.place(got.staged)
            yield blob
    except BaseException:
        await delete_if_orphan(site, blob.digest, blob.location)
        raise
    await site.store.settle(got.staged)


async def open_sealed(site: Site, blob: Blob, key: bytes) -> OpenBlob:
    """What was received with this key. Raises Tampered where it wasn't, or isn't as it was; BlobMissing, StoreError."""
    opened = await site.store.open(blob.location)
    try:
        return await sealed.unsealed(opened, key)
    except BaseException:
        opened.close()
        raise


async def sweep(site: Site) -> int:
    """Delete bytes that nothing refers to since the grace period. Returns how many blobs went.

    Bytes first, then the row, under its lock: an upload of the same bytes waits, and places them again.
    """
    grace = timedelta(seconds=site.settings.sweep_grace_seconds)
    swept = 0
    while True:
        async with site.db.acquire() as db, db.transaction():
            unwanted = await blobs.claim_unreferenced(db, site.clock.now() - grace, SWEEP_BATCH)
            for blob in unwanted:
                await site.store.delete(blob.location)
                await mediacache.forget(site, blob.digest)
            await blobs.delete(db, [blob.digest for blob in unwanted])
        swept += len(unwanted)
        if len(unwanted) < SWEEP_BATCH:
            return swept


async def clear_abandoned(site: Site) -> int:
    """Clear what dead processes left half-done: staged bytes, and bytes placed without a commit. Returns how many."""
    abandoned = await site.store.abandoned()
    for one in abandoned:
        if one.placed is not None:
            await delete_if_orphan(site, one.placed.digest, one.placed.location)
        await site.store.clear(one)
    return len(abandoned)


@asynccontextmanager
async def still_known(site: Site, digest: bytes) -> AsyncIterator[tuple[Blob, int, int] | None]:
    """A blob's row as it is now, with its counted and its real references; until the block ends it can't be swept.

    None when it is gone.
    """
    async with site.db.acquire() as db, db.transaction():
        yield await blobs.claim_with_references(db, digest)


async def is_orphan(site: Site, digest: bytes, location: str) -> bool:
    """Whether there are bytes without a row, waiting for an upload that is committing one."""
    async with _unknown(site, digest) as is_unknown:
        return is_unknown and await _is_there(site, location)


async def _is_there(site: Site, location: str) -> bool:
    try:
        (await site.store.open(location)).close()
    except BlobMissing:
        return False
    return True


async def head_of(site: Site, blob: Blob, limit_bytes: int = HEAD_BYTES) -> bytes:
    """The first bytes, for sniffing or a preview. Counts nothing."""
    opened = await site.store.open(blob.location)
    try:
        return await opened.read(0, min(limit_bytes, opened.size_bytes))
    finally:
        opened.close()


async def delete_if_orphan(site: Site, digest: bytes, location: str) -> None:
    """Delete bytes that have no row. An upload of the same bytes waits to insert one, and places them again."""
    async with _unknown(site, digest) as is_unknown:
        if is_unknown:
            await site.store.delete(location)


@asynccontextmanager
async def _unknown(site: Site, digest: bytes) -> AsyncIterator[bool]:
    """Whether no row has this digest; within the block none can come."""
    async with site.db.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        try:
            yield await blobs.claim_if_unknown(db, digest, site.clock.now())
        finally:
            await transaction.rollback()


async def _take(staged: Staged, source: Source, refuse_size: Callable[[int], None]) -> bytes:
    """All of `source`, poured where both ends can do that. Returns the first bytes, for sniffing."""
    if isinstance(source, Pourable) and source.can_pour:
        with writing_errors():
            descriptor = await staged.direct()
        if descriptor is not None:
            return await _pour(staged, descriptor, source, refuse_size)
    return await _receive(staged, source, refuse_size)


async def _receive(staged: Staged, source: Source, refuse_size: Callable[[int], None]) -> bytes:
    """Hash and write one batch while the next arrives. Returns the first bytes, for sniffing."""
    head = b""
    size = waiting = 0
    batch: list[Piece] = []
    async with _Beside() as beside:
        while piece := await source.read():
            size += len(piece)
            refuse_size(size)
            if len(head) < HEAD_BYTES:
                head += bytes(piece[: HEAD_BYTES - len(head)])
            batch.append(piece)
            waiting += len(piece)
            if waiting >= BATCH_BYTES:
                await beside.begin(partial(_write, staged, batch))
                batch, waiting = [], 0
    with writing_errors():
        await staged.finish(batch)
    return head


async def _pour(staged: Staged, descriptor: int, source: Pourable, refuse_size: Callable[[int], None]) -> bytes:
    """Hash what is in the file while more arrives there. Returns the first bytes, for sniffing."""
    size = waiting = 0
    async with _Beside() as beside:
        while count := await _poured(source, descriptor):
            size += count
            refuse_size(size)
            waiting += count
            if beside.is_idle or waiting >= HASHED_BEHIND_BYTES:
                await beside.begin(partial(_appended, staged, waiting))
                waiting = 0
    await _appended(staged, waiting)
    with writing_errors():
        await staged.finish()
    return os.pread(descriptor, HEAD_BYTES, 0)


class _Beside:
    """Work beside a block, one piece at a time. The block ends when the last has."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._running is None or self._running.done()

    async def begin(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """When what was begun before is done. Raises what that has raised."""
        await self._finished()
        self._running = asyncio.create_task(work())

    async def _finished(self) -> None:
        if self._running is not None:
            await self._running

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if failure is None:
            await self._finished()
        else:
            # A thread may still work on the file: let it end before the file is dropped.
            with suppress(errors.ApiError, asyncio.CancelledError):
                await self._finished()


async def _poured(source: Pourable, descriptor: int) -> int:
    with writing_errors():
        try:
            return await source.pour(descriptor)
        except OSError as error:
            raise StoreError(f"an arriving file: {error.strerror}") from error


async def _appended(staged: Staged, count: int) -> None:
    with writing_errors():
        await staged.appended(count)


async def _write(staged: Staged, batch: list[Piece]) -> None:
    with writing_errors():
        await staged.write(batch)


@contextmanager
def writing_errors() -> Iterator[None]:
    """What the store can't do becomes WRITING, with the reason in the log and not in the answer."""
    try:
        yield
    except (StoreError, DiskFull) as error:
        log.error("storing failed: %s", error)
        raise errors.WRITING() from error
