"""Bytes on their way out: what is sent, and what is counted for it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pixelhost.blobs.contract import OpenBlob
from pixelhost.core import access, gates, stats
from pixelhost.core.callers import Caller
from pixelhost.core.gates import Origin
from pixelhost.model import File
from pixelhost.site import Site


@dataclass(frozen=True)
class Slice:
    """`count` bytes of an open blob; `note` is told how many of them went out."""

    blob: OpenBlob
    offset: int
    count: int
    note: Callable[[int], None]


Part = bytes | Slice


@dataclass(frozen=True)
class Content:
    """Something to send: its facts, and `parts(start, stop)`, which gives the bytes of [start, stop) in order.

    `etag` is strong, without quotes: two contents with the same one are the same bytes.
    """

    name: str
    mime_type: str
    size_bytes: int
    etag: str
    modified_at: datetime
    parts: Callable[[int, int], AsyncGenerator[Part, None]]
    location: str = ""  # in the blob store, where the content is one whole blob
    note: Callable[[int], None] | None = None


@asynccontextmanager
async def of_file(site: Site, caller: Caller, file_id: str, origin: Origin) -> AsyncIterator[Content]:
    """One file to download. Raises NOT_FOUND and what the gates do."""
    file = await access.file(site, file_id)
    await gates.refuse(site, caller, file, origin)
    async with gates.connection_slot(site, caller, [file]):
        blob = await site.store.open(file.blob.location)
        try:
            yield _content(site, caller, file, blob)
        finally:
            blob.close()


def _content(site: Site, caller: Caller, file: File, blob: OpenBlob) -> Content:
    note = partial(stats.note_sent, site, caller, file)

    async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
        yield Slice(blob, start, stop - start, note)

    return Content(
        name=file.name,
        mime_type=file.mime_type,
        size_bytes=file.size_bytes,
        etag=file.blob.digest.hex(),
        modified_at=file.uploaded_at,
        parts=parts,
        location=file.blob.location,
        note=note,
    )


async def head_of(site: Site, file: File, limit_bytes: int) -> bytes:
    """The first bytes of a file, at most `limit_bytes`, for a preview. Counts nothing."""
    blob = await site.store.open(file.blob.location)
    try:
        return await blob.read(0, min(limit_bytes, blob.size_bytes))
    finally:
        blob.close()
