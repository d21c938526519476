"""Several files as one zip, streamed: its length is known in advance, any range of it can be sent."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pixelhost import errors, threads
from pixelhost.blobs.contract import OpenBlob
from pixelhost.core import access, gates, nodes, nodetrees, stats
from pixelhost.core.callers import Caller
from pixelhost.core.downloads import Content, Part, Slice
from pixelhost.core.gates import Origin
from pixelhost.core.nodes import Place
from pixelhost.db import trees
from pixelhost.db.trees import TreeRow
from pixelhost.media import zipstream
from pixelhost.media.zipstream import Extent, Member
from pixelhost.model.files import Blob, File
from pixelhost.model.nodes import Node
from pixelhost.site import Site

FILES_MAX = 100
TURN_FILES = 64

# Laying out 50,000 files takes most of a second, in which other requests are answered.
_threads = ThreadPoolExecutor(2, thread_name_prefix="zip")


@asynccontextmanager
async def of_files(site: Site, caller: Caller, file_ids: Sequence[str], origin: Origin) -> AsyncIterator[Content]:
    """A zip of at most 100 files. Raises STRING_OUT_OF_RANGE, FILE_NOT_FOUND, and what the gates do."""
    if len(file_ids) > FILES_MAX:
        raise errors.STRING_OUT_OF_RANGE(field="id", min_len=1, max_len=FILES_MAX, len=len(file_ids))
    if not file_ids:
        raise errors.NOT_FOUND()
    found = await access.some_files(site, list(dict.fromkeys(file_ids)))
    there = {file.id for file in found}
    missing = next((file_id for file_id in file_ids if file_id not in there), None)
    if missing is not None:
        raise errors.FILE_NOT_FOUND(file=missing)
    gate = gates.admit(site, caller, found, origin)
    yield replace(await _zip(site, caller, found, "pixelhost.zip"), gate=gate)


@asynccontextmanager
async def of_list(site: Site, caller: Caller, list_id: str, origin: Origin) -> AsyncIterator[Content]:
    """A zip of a list's files. Raises NOT_FOUND and what the gates do."""
    found = await access.file_list(site, list_id)
    files = list({listed.file.id: listed.file for listed in found.files}.values())
    gate = gates.admit(site, caller, files, origin)
    made = await _zip(site, caller, files, f"{found.title or found.id}.zip".replace("/", "_"))
    yield replace(made, gate=gate)


@asynccontextmanager
async def of_directory(site: Site, caller: Caller, place: Place, origin: Origin) -> AsyncIterator[Content]:
    """A zip of a directory and all below it that the caller may read and that was not taken down, nor is malware.

    Raises NODE_IS_NOT_A_DIRECTORY and what the gates do.
    """
    if not place.node.is_directory:
        raise errors.NODE_IS_NOT_A_DIRECTORY()
    gate = gates.admit(site, caller, [place.node], origin)
    rows = [row async for some in trees.below(site.db, place.node.id) for row in some]
    yield replace(await _tree(site, caller, place, rows), gate=gate)


@asynccontextmanager
async def of_children(
    site: Site, caller: Caller, place: Place, names: Collection[str], origin: Origin
) -> AsyncIterator[Content]:
    """The same of some of a directory's children. Raises as `of_directory`, and PATH_NOT_FOUND."""
    chosen = {child.id for child in await nodes.readable_named(site, caller, place, names)}
    gate = gates.admit(site, caller, [place.node], origin)
    # Who goes down from above never comes to what is below the others.
    rows = [
        row
        async for some in trees.below(site.db, place.node.id)
        for row in some
        if row.parent_id != place.node.id or row.id in chosen
    ]
    yield replace(await _tree(site, caller, place, rows), gate=gate)


async def _tree(site: Site, caller: Caller, place: Place, rows: Sequence[TreeRow]) -> Content:
    def entries() -> list[Entry]:
        return [
            Entry(name, row.blob, row.modified_at, partial(_note, site, caller, place.node, row))
            for row, name in _named(nodetrees.in_order(site, caller, place, rows), place.node.id)
        ]

    return await laid_out(site, entries, f"{place.node.name or place.path.bucket}.zip")


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes into an archive under a name of its own; a directory has no blob, and `/` at its name's end.

    `note` is told how many of its bytes went out. `blob` tells of the content; `opened` gives it where it isn't what
    the store has under that location.
    """

    name: str
    blob: Blob | None
    modified_at: datetime
    note: Callable[[int], None]
    opened: Callable[[], Awaitable[OpenBlob]] | None = None


async def _zip(site: Site, caller: Caller, files: Sequence[File], name: str) -> Content:
    def entries() -> list[Entry]:
        names = zipstream.unique_names(file.name for file in files)
        return [
            Entry(member_name, file.blob, file.uploaded_at, partial(stats.note_sent, site, caller, file))
            for member_name, file in zip(names, files, strict=True)
        ]

    return await laid_out(site, entries, name)


def _note(site: Site, caller: Caller, top: Node, row: TreeRow, bytes_sent: int) -> None:
    """All that is below a directory is its owner's, whose plan decides who pays."""
    stats.note_node_sent(site, caller, replace(top, id=row.id, blob=row.blob), bytes_sent)


def _named(ordered: Sequence[tuple[TreeRow, bool]], top_id: int) -> list[tuple[TreeRow, str]]:
    """What may be seen of a tree, under names fit for an archive, level by level, so that no two directories become
    one. In the order of `nodetrees.in_order`; directories end in `/`.
    """
    wanted: set[int] = set()
    for row, is_shown in reversed(ordered):
        if is_shown or row.id in wanted:
            wanted |= {row.id, row.parent_id}
    levels: dict[int, list[TreeRow]] = {}
    for row, _ in ordered:
        if row.id in wanted:
            levels.setdefault(row.parent_id, []).append(row)
    paths = {top_id: ""}
    for parent_id, children in levels.items():  # a directory stands before those in it
        names = zipstream.unique_names(row.name + "/" * (row.blob is None) for row in children)
        paths |= {row.id: paths[parent_id] + name for row, name in zip(children, names, strict=True)}
    return [(row, paths[row.id]) for row, is_shown in ordered if is_shown]


async def laid_out(site: Site, make: Callable[[], Sequence[Entry]], name: str) -> Content:
    """Out of entries that are made in a thread, as the rest is."""
    now = site.clock.now()
    return await threads.run(_threads, lambda: _layout(site, make(), name, now))


def _layout(site: Site, entries: Sequence[Entry], name: str, now: datetime) -> Content:
    members = [
        Member(
            entry.name,
            entry.blob.size_bytes if entry.blob else 0,
            entry.blob.crc32 if entry.blob else 0,
            entry.modified_at,
        )
        for entry in entries
    ]
    plan = zipstream.plan(members)

    async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
        for part in plan.parts(start, stop):
            if not isinstance(part, Extent):
                yield part
                continue
            if part.member % TURN_FILES == 0:
                # Small files that are in memory are read without waiting: others want their turn.
                await asyncio.sleep(0)
            entry = entries[part.member]
            assert entry.blob is not None
            blob = await (entry.opened() if entry.opened else site.store.open(entry.blob.location))
            try:
                yield Slice(blob, part.offset, part.size_bytes, entry.note)
            finally:
                blob.close()

    return Content(
        name=name,
        mime_type="application/zip",
        size_bytes=plan.size_bytes,
        etag=_etag(members, entries),
        modified_at=max((entry.modified_at for entry in entries), default=now),
        parts=parts,
    )


def _etag(members: Sequence[Member], entries: Sequence[Entry]) -> str:
    """The plan is made of names, times and digests alone, so their hash stands for the archive's bytes."""
    digest = hashlib.sha256()
    for member, entry in zip(members, entries, strict=True):
        digest.update(entry.blob.digest if entry.blob else b"")
        digest.update(f"{member.name}\0{member.modified.timestamp()}\0".encode())
    return f"zip-{digest.hexdigest()}"
