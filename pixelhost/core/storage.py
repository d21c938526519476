"""Where rows meet bytes: receive into staging, place under the digest's lock, sweep what nobody refers to.

The digest's lock is an advisory one of the database. It covers the time from placing bytes until the row that knows
them is committed; the sweep and the clearing of leftovers take it before they delete bytes. It stands in for a lock
on the row itself, which would need a transaction around the disk's work: two round trips more for every upload.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pixelhost import errors
from pixelhost.blobs.contract import BlobMissing, Piece, Staged, StoreError
from pixelhost.core import thumbnails
from pixelhost.db import blobs
from pixelhost.db.connect import DiskFull, Transaction
from pixelhost.model import Blob
from pixelhost.site import Site

log = logging.getLogger(__name__)

BATCH_BYTES = 1 << 20
HEAD_BYTES = 4096
SWEEP_BATCH = 200


class Source(Protocol):
    """Bytes that arrive."""

    async def read(self) -> Piece:
        """The next piece, of any size, empty at the end. One of 1 MiB and more is good until the next read but one.

        Raises ERROR_READING_INPUT when it was cut off.
        """


@dataclass(frozen=True)
class Received:
    """Bytes that are all here, durable, and referred to by nothing yet."""

    staged: Staged
    head: bytes

    @property
    def size_bytes(self) -> int:
        return self.staged.checksums.size_bytes


@asynccontextmanager
async def received(
    site: Site,
    source: Source,
    *,
    refuse_size: Callable[[int], None],
    digests: Mapping[str, bytes],
    expected_bytes: int = 0,
) -> AsyncIterator[Received]:
    """Take all of `source`, hashing while it arrives. What the block doesn't `place` is dropped at its end.

    `refuse_size` is told the size so far, and raises when that is too much; `digests` are what the sender says the
    bytes hash to, by RFC 9530 name. Raises ERROR_READING_INPUT, WRITING.
    """
    with writing_errors():
        staged = await site.store.stage([name for name in digests if name != "sha-256"], expected_bytes)
    try:
        head = await _receive(staged, source, refuse_size)
        for name, digest in digests.items():
            if staged.checksums.named(name) != digest:
                raise errors.ERROR_READING_INPUT(
                    message=f"The bytes that arrived do not match the {name} digest of the request. Send them again"
                )
        yield Received(staged, head)
    finally:
        await staged.discard()


@asynccontextmanager
async def placed(site: Site, got: Received) -> AsyncIterator[tuple[Transaction, Blob]]:
    """Make the bytes readable, the digest locked; the block inserts what refers to them, which unlocks it.

    If the block fails, they go again unless others refer to them. Raises WRITING.
    """
    sums = got.staged.checksums
    blob = Blob(sums.digest, sums.size_bytes, sums.crc32, site.store.location_of(got.staged))
    try:
        async with site.db.acquire() as db, _unlocked_on_failure(db, blob.digest):
            # Always place, never "it is there already": the bytes there may be damaged, these are known to be good.
            with writing_errors():
                await site.store.place(got.staged)
                yield db, blob
    except BaseException:
        await delete_if_orphan(site, blob.digest, blob.location)
        raise
    await site.store.settle(got.staged)


@asynccontextmanager
async def kept(site: Site, blob: Blob) -> AsyncIterator[Transaction]:
    """Keep a blob that is there from being swept; the block inserts another reference, which unlocks the digest.

    Raises NOT_FOUND when it is gone.
    """
    async with site.db.acquire() as db, _unlocked_on_failure(db, blob.digest):
        if not await blobs.known(db, [blob.digest]) or not await _is_there(site, blob.location):
            raise errors.NOT_FOUND()
        yield db


@asynccontextmanager
async def _unlocked_on_failure(db: Transaction, digest: bytes) -> AsyncIterator[None]:
    """The digest's lock, for a block that gives it back itself when it succeeds."""
    try:
        await blobs.lock(db, digest)
        yield
    except BaseException:
        await _unlock(db, digest)
        raise


async def _unlock(db: Transaction, digest: bytes) -> None:
    """A connection that can't be told to give a lock back is not used again: with it the lock goes."""
    try:
        await blobs.unlock(db, digest)
    except BaseException:
        db.terminate()
        raise


async def sweep(site: Site) -> int:
    """Delete bytes that nothing refers to since the grace period. Returns how many blobs went.

    Bytes first, then the row, both under the digest's lock: an upload of the same bytes waits, and places them again.
    """
    grace = timedelta(seconds=site.settings.sweep_grace_seconds)
    swept = 0
    while True:
        async with site.db.acquire() as db, db.transaction():
            unwanted = await blobs.claim_unreferenced(db, site.clock.now() - grace, SWEEP_BATCH)
            for blob in unwanted:
                await site.store.delete(blob.location)
                await thumbnails.forget(site, blob.digest)
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
    async with site.db.acquire() as db, _unlocked_on_failure(db, digest):
        yield await blobs.with_references(db, digest)
        await blobs.unlock(db, digest)


async def is_orphan(site: Site, digest: bytes, location: str) -> bool:
    """Whether there are bytes without a row, waiting for an upload that is about to commit one."""
    async with _unknown(site, digest) as is_unknown:
        return is_unknown and await _is_there(site, location)


async def _is_there(site: Site, location: str) -> bool:
    try:
        (await site.store.open(location)).close()
    except BlobMissing:
        return False
    return True


async def delete_if_orphan(site: Site, digest: bytes, location: str) -> None:
    """Delete bytes that have no row. An upload of the same bytes waits, and places them again."""
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


async def _receive(staged: Staged, source: Source, refuse_size: Callable[[int], None]) -> bytes:
    """Hash and write one batch while the next arrives. Returns the first bytes, for sniffing."""
    head = b""
    size = waiting = 0
    batch: list[Piece] = []
    writing: asyncio.Task[None] | None = None
    try:
        while piece := await source.read():
            size += len(piece)
            refuse_size(size)
            if len(head) < HEAD_BYTES:
                head += bytes(piece[: HEAD_BYTES - len(head)])
            batch.append(piece)
            waiting += len(piece)
            if waiting >= BATCH_BYTES:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(_write(staged, batch))
                batch, waiting = [], 0
        if writing is not None:
            await writing
    except BaseException:
        # The thread still works on the file: let it end before the file is dropped.
        if writing is not None:
            with suppress(errors.ApiError, asyncio.CancelledError):
                await writing
        raise
    with writing_errors():
        await staged.finish(batch)
    return head


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
