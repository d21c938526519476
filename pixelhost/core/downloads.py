"""Bytes on their way out: what is sent, and what is counted for it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pixelhost import errors
from pixelhost.blobs.contract import BlobMissing, OpenBlob
from pixelhost.core import access, gates, nodes, stats
from pixelhost.core.callers import Caller
from pixelhost.core.gates import Gate, Origin
from pixelhost.core.nodes import Place
from pixelhost.model.files import Blob
from pixelhost.model.nodes import Node
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
    gate: Gate | None = None  # to pass before the first byte
    note: Callable[[int], None] | None = None
    may_be_overwritten: bool = False

    @property
    def fixed_date(self) -> datetime | None:
        """None where other bytes may come to have the same date."""
        return None if self.may_be_overwritten else self.modified_at


@dataclass(frozen=True)
class Stream:
    """Bytes of unknown number, once, from the beginning. So many as `source_bytes` they are made of count meanwhile."""

    name: str
    mime_type: str
    pieces: AsyncIterator[bytes]
    source_bytes: int
    gate: Gate | None = None


@asynccontextmanager
async def of_file(site: Site, caller: Caller, file_id: str, origin: Origin) -> AsyncIterator[Content]:
    """One file to download. Raises NOT_FOUND and what the gates do."""
    file = await access.file(site, file_id)
    gate = gates.admit(site, caller, [file], origin)
    blob = await site.store.open(file.blob.location)
    try:
        note = partial(stats.note_sent, site, caller, file)
        yield _whole(file.name, file.mime_type, file.blob, file.uploaded_at, blob, gate, note)
    finally:
        blob.close()


@asynccontextmanager
async def of_node(site: Site, caller: Caller, place: Place, origin: Origin) -> AsyncIterator[Content]:
    """A file of a filesystem to download. Raises NODE_IS_A_DIRECTORY and what the gates do; as `nodes.readable` when
    it has gone meanwhile.
    """
    node, row, gate, blob = await _opened(site, caller, place, origin)
    with closing(blob):
        note = partial(stats.note_node_sent, site, caller, node)
        content = _whole(node.name, node.mime_type, row, node.modified_at, blob, gate, note)
        yield replace(content, may_be_overwritten=True)


async def _opened(
    site: Site, caller: Caller, place: Place, origin: Origin, tries: int = 3
) -> tuple[Node, Blob, Gate, OpenBlob]:
    """A file as it is now: what was overwritten after its path was walked may be swept already."""
    node = place.node
    if node.blob is None:
        raise errors.NODE_IS_A_DIRECTORY()
    gate = gates.admit(site, caller, [node], origin)
    try:
        return node, node.blob, gate, await site.store.open(node.blob.location)
    except BlobMissing:
        if tries == 1:
            raise
    return await _opened(site, caller, await nodes.readable(site, caller, place.path), origin, tries - 1)


def _whole(
    name: str,
    mime_type: str,
    row: Blob,
    modified_at: datetime,
    blob: OpenBlob,
    gate: Gate,
    note: Callable[[int], None],
) -> Content:
    async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
        yield Slice(blob, start, stop - start, note)

    return Content(
        name=name,
        mime_type=mime_type,
        size_bytes=row.size_bytes,
        etag=row.digest.hex(),
        modified_at=modified_at,
        parts=parts,
        location=row.location,
        gate=gate,
        note=note,
    )
