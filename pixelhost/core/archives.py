"""Several files as one zip, streamed: its length is known in advance, any range of it can be sent."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from pixelhost import errors
from pixelhost.core import access, gates, stats
from pixelhost.core.callers import Caller
from pixelhost.core.downloads import Content, Part, Slice
from pixelhost.core.gates import Origin
from pixelhost.media import zipstream
from pixelhost.media.zipstream import Extent, Member
from pixelhost.model import File
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
        yield _zip(site, caller, found, "pixelhost.zip")


@asynccontextmanager
async def of_list(site: Site, caller: Caller, list_id: str, origin: Origin) -> AsyncIterator[Content]:
    """A zip of a list's files. Raises NOT_FOUND and what the gates do."""
    found = await access.file_list(site, list_id)
    files = list({listed.file.id: listed.file for listed in found.files}.values())
    await _refuse(site, caller, files, origin)
    async with gates.connection_slot(site, caller, files):
        yield _zip(site, caller, files, f"{found.title or found.id}.zip".replace("/", "_"))


async def _refuse(site: Site, caller: Caller, files: Sequence[File], origin: Origin) -> None:
    for file in files:
        await gates.refuse(site, caller, file, origin)


def _zip(site: Site, caller: Caller, files: Sequence[File], name: str) -> Content:
    names = zipstream.unique_names(file.name for file in files)
    members = [
        Member(member_name, file.size_bytes, file.blob.crc32, file.uploaded_at)
        for member_name, file in zip(names, files, strict=True)
    ]
    plan = zipstream.plan(members)

    async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
        for part in plan.parts(start, stop):
            if not isinstance(part, Extent):
                yield part
                continue
            file = files[part.member]
            blob = await site.store.open(file.blob.location)
            try:
                yield Slice(blob, part.offset, part.size_bytes, partial(stats.note_sent, site, caller, file))
            finally:
                blob.close()

    return Content(
        name=name,
        mime_type="application/zip",
        size_bytes=plan.size_bytes,
        etag=_etag(members, files),
        modified_at=max((file.uploaded_at for file in files), default=site.clock.now()),
        parts=parts,
    )


def _etag(members: Sequence[Member], files: Sequence[File]) -> str:
    """The plan is made of names, times and digests alone, so their hash stands for the archive's bytes."""
    digest = hashlib.sha256()
    for member, file in zip(members, files, strict=True):
        digest.update(file.blob.digest)
        digest.update(f"{member.name}\0{member.modified.timestamp()}\0".encode())
    return f"zip-{digest.hexdigest()}"
