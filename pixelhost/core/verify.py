"""fsck: rows against bytes. It changes nothing, but tells accounts by their activity log what they have lost."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from pixelhost.blobs.contract import BlobMissing, Checksums, OpenBlob, Stored, StoreError
from pixelhost.core import removals, storage
from pixelhost.db import blobs, nodes, users
from pixelhost.model.files import Blob
from pixelhost.site import Site

ROWS_AT_ONCE = 500
READ_BYTES = 4 << 20

Progress = Callable[[int, int], None]
"""Is told how many blobs and how many bytes were checked so far."""


@dataclass(frozen=True)
class Problem:
    """`kind` is missing, size, damaged, references, orphan or counters; `subject` the digest, location or account."""

    kind: str
    subject: str
    detail: str


@dataclass
class Report:
    blobs: int = 0
    size_bytes: int = 0
    waiting_to_be_swept: int = 0
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def fsck(site: Site, *, deep: bool, progress: Progress) -> Report:
    """Compare every blob's row with its bytes, every reference count with the referrers, and look for bytes without
    a row. `deep` reads and hashes everything. Works beside a running server. Raises StoreError if it can't read on.
    """
    report = Report()
    last = b""
    while rows := await blobs.after(site.db, last, ROWS_AT_ONCE):
        for blob, counted, there in rows:
            last = blob.digest
            report.blobs += 1
            report.size_bytes += blob.size_bytes
            await _check(site, report, blob, counted, there, deep=deep)
            progress(report.blobs, report.size_bytes)
    await _find_orphans(site, report)
    for name, counter, counted, there in await users.with_wrong_counters(site.db):
        report.problems.append(Problem("counters", name, f"counts {counted} {counter}, has {there}"))
    for node_id, counted, there in await nodes.with_wrong_child_counts(site.db):
        report.problems.append(Problem("counters", f"node {node_id}", f"counts {counted} children, has {there}"))
    return report


async def _check(site: Site, report: Report, blob: Blob, counted: int, there: int, *, deep: bool) -> None:
    if there == 0:
        # Without references the bytes may go at any moment, and may be gone already.
        report.waiting_to_be_swept += 1
    if not await _problems(site, blob, counted, there, deep=deep):
        return
    # What looks wrong may have been deleted or uploaded anew meanwhile: look again while nobody can do that.
    async with storage.still_known(site, blob.digest) as row:
        found = await _problems(site, *row, deep=deep) if row is not None else []
    report.problems += found
    if any(problem.kind == "missing" for problem in found):
        await removals.note_lost(site, blob.digest)


async def _problems(site: Site, blob: Blob, counted: int, there: int, *, deep: bool) -> list[Problem]:
    name = blob.digest.hex()
    found = []
    if counted != there:
        found.append(Problem("references", name, f"counts {counted} references, has {there}"))
    if there == 0:
        return found
    try:
        opened = await site.store.open(blob.location)
    except BlobMissing:
        return [*found, Problem("missing", name, f"{there} references to bytes that are not there")]
    try:
        if opened.size_bytes != blob.size_bytes:
            found.append(Problem("size", name, f"{opened.size_bytes} bytes are there, {blob.size_bytes} should be"))
        elif deep:
            sums = await _checksums(opened)
            if (sums.digest, sums.crc32) != (blob.digest, blob.crc32):
                found.append(Problem("damaged", name, f"the bytes hash to {sums.digest.hex()}"))
    except StoreError as error:
        found.append(Problem("damaged", name, str(error)))
    finally:
        opened.close()
    return found


async def _checksums(opened: OpenBlob) -> Checksums:
    sums = Checksums()
    for offset in range(0, opened.size_bytes, READ_BYTES):
        piece = await opened.read(offset, min(READ_BYTES, opened.size_bytes - offset))
        await asyncio.to_thread(sums.update, piece)
    return sums


async def _find_orphans(site: Site, report: Report) -> None:
    """Bytes that were placed and settled, or whose upload has died. Other uploads may be about to commit."""
    await _check_orphans(site, report, [one.placed for one in await site.store.abandoned() if one.placed is not None])
    batch: list[Stored] = []
    async for stored in site.store.listing():
        if not stored.is_settled:
            continue
        batch.append(stored)
        if len(batch) == ROWS_AT_ONCE:
            await _check_orphans(site, report, batch)
            batch = []
    await _check_orphans(site, report, batch)


async def _check_orphans(site: Site, report: Report, batch: list[Stored]) -> None:
    known = await blobs.known(site.db, [stored.digest for stored in batch])
    for stored in batch:
        if stored.digest not in known and await storage.is_orphan(site, stored.digest, stored.location):
            detail = f"{stored.size_bytes} bytes that no row knows"
            report.problems.append(Problem("orphan", stored.location, detail))
