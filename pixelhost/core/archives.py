"""Several files as one zip, streamed: its length is known in advance, any range of it can be sent."""

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pixelhost import errors
from pixelhost.core import access, gates, nodes, stats
from pixelhost.core.callers import Caller
from pixelhost.core.downloads import Content, Part, Slice
from pixelhost.core.gates import Origin
from pixelhost.core.nodes import Place
from pixelhost.media import zipstream
from pixelhost.media.zipstream import Extent, Member
from pixelhost.model import Blob, File, Node
from pixelhost.site import Site

FILES_MAX = 100


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
    await _refuse(site, caller, found, origin)
    async with gates.connection_slot(site, caller, found):
        made = _zip(site, caller, found, "pixelhost.zip")
        yield replace(made, bytes_per_second=gates.speed_limit(site, caller, found))


@asynccontextmanager
async def of_list(site: Site, caller: Caller, list_id: str, origin: Origin) -> AsyncIterator[Content]:
    """A zip of a list's files. Raises NOT_FOUND and what the gates do."""
    found = await access.file_list(site, list_id)
    files = list({listed.file.id: listed.file for listed in found.files}.values())
    await _refuse(site, caller, files, origin)
    async with gates.connection_slot(site, caller, files):
        made = _zip(site, caller, files, f"{found.title or found.id}.zip".replace("/", "_"))
        yield replace(made, bytes_per_second=gates.speed_limit(site, caller, files))


async def _refuse(site: Site, caller: Caller, files: Sequence[File], origin: Origin) -> None:
    for file in files:
        await gates.refuse(site, caller, file, origin)


@asynccontextmanager
async def of_directory(site: Site, caller: Caller, place: Place, origin: Origin) -> AsyncIterator[Content]:
    """A zip of a directory and all below it that the caller may read and that was not taken down.

    Raises NODE_IS_NOT_A_DIRECTORY and what the gates do.
    """
    if not place.node.is_directory:
        raise errors.NODE_IS_NOT_A_DIRECTORY()
    await gates.refuse_node(site, caller, place.node, origin)
    async with gates.connection_slot(site, caller, [place.node]):
        yield _tree(site, caller, place, await nodes.readable_below(site, caller, place))


@asynccontextmanager
async def of_children(
    site: Site, caller: Caller, place: Place, names: Collection[str], origin: Origin
) -> AsyncIterator[Content]:
    """The same of some of a directory's children. Raises as `of_directory`, and PATH_NOT_FOUND."""
    children = await nodes.readable_named(site, caller, place, names)
    await gates.refuse_node(site, caller, place.node, origin)
    async with gates.connection_slot(site, caller, [place.node]):
        found: list[tuple[str, Node]] = []
        for child in children:
            found.append((child.name, child))
            if child.is_directory and not child.abuse_type:
                below = await nodes.readable_below(site, caller, place.child(child))
                found += [(f"{child.name}/{path}", node) for path, node in below]
        yield _tree(site, caller, place, found)


def _tree(site: Site, caller: Caller, place: Place, nodes_by_path: Sequence[tuple[str, Node]]) -> Content:
    found = [(path, node) for path, node in nodes_by_path if not node.abuse_type]
    names = _names_in_tree([path if node.blob else f"{path}/" for path, node in found])
    entries = [
        _Entry(name, node.blob, node.modified_at, partial(stats.note_node_sent, site, caller, node))
        for name, (_, node) in zip(names, found, strict=True)
    ]
    made = _layout(site, entries, f"{place.node.name or place.path.bucket}.zip")
    return replace(made, bytes_per_second=gates.speed_limit(site, caller, [place.node]))


@dataclass(frozen=True)
class _Entry:
    """What goes into an archive under a name of its own; a directory has no blob, and `/` at its name's end.

    `note` is told how many of its bytes went out.
    """

    name: str
    blob: Blob | None
    modified_at: datetime
    note: Callable[[int], None]


def _zip(site: Site, caller: Caller, files: Sequence[File], name: str) -> Content:
    names = zipstream.unique_names(file.name for file in files)
    entries = [
        _Entry(member_name, file.blob, file.uploaded_at, partial(stats.note_sent, site, caller, file))
        for member_name, file in zip(names, files, strict=True)
    ]
    return _layout(site, entries, name)


def _names_in_tree(paths: Sequence[str]) -> list[str]:
    """Names fit for an archive, level by level, so that no two directories become one. Directories end in `/`."""
    inside: dict[str, dict[str, None]] = {"": {}}
    for path in paths:
        parent = ""
        for name in _steps(path):
            inside.setdefault(parent, {})[name] = None
            parent += name
    safe = {"": ""}
    for parent, names in inside.items():  # a directory stands before those in it
        for name, free in zip(names, zipstream.unique_names(names), strict=True):
            safe[parent + name] = safe[parent] + free
    return [safe[path] for path in paths]


def _steps(path: str) -> list[str]:
    """`a/b/c.txt` as `a/`, `b/`, `c.txt`."""
    return [step for step in re.split(r"(?<=/)", path) if step]


def _layout(site: Site, entries: Sequence[_Entry], name: str) -> Content:
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
            entry = entries[part.member]
            assert entry.blob is not None
            blob = await site.store.open(entry.blob.location)
            try:
                yield Slice(blob, part.offset, part.size_bytes, entry.note)
            finally:
                blob.close()

    return Content(
        name=name,
        mime_type="application/zip",
        size_bytes=plan.size_bytes,
        etag=_etag(members, entries),
        modified_at=max((entry.modified_at for entry in entries), default=site.clock.now()),
        parts=parts,
    )


def _etag(members: Sequence[Member], entries: Sequence[_Entry]) -> str:
    """The plan is made of names, times and digests alone, so their hash stands for the archive's bytes."""
    digest = hashlib.sha256()
    for member, entry in zip(members, entries, strict=True):
        digest.update(entry.blob.digest if entry.blob else b"")
        digest.update(f"{member.name}\0{member.modified.timestamp()}\0".encode())
    return f"zip-{digest.hexdigest()}"
