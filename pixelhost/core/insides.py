"""Looking inside what was uploaded: archives, torrents, markdown. Workers do it; what they find is kept in a cache."""

import hashlib
import html
import io
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import BinaryIO, Final

import msgspec

from pixelhost import errors
from pixelhost.core import mediacache, storage
from pixelhost.core.downloads import Content, Part, Stream
from pixelhost.errors import ApiError, ErrorKind
from pixelhost.media import archive_index, archives, markdown, torrents
from pixelhost.media.archives import Entry
from pixelhost.media.mime import mime_type as type_of
from pixelhost.media.torrents import Torrent
from pixelhost.media.workers import MediaBusy, MediaError
from pixelhost.model.files import Blob
from pixelhost.site import Site

__all__ = ("Torrent", "listing", "member", "page", "torrent")

log = logging.getLogger(__name__)

TORRENT_MAX_BYTES: Final = 16 << 20
MARKDOWN_MAX_BYTES: Final = 2 << 20
TORRENT_TYPE: Final = "application/x-bittorrent"
MARKDOWN_TYPES: Final = frozenset({"text/markdown", "text/plain"})

REFUSALS: Final[dict[type[Exception], ErrorKind]] = {
    archives.NotAnArchive: errors.NOT_A_ZIP,
    archives.BrokenArchive: errors.INVALID_ZIP_FILE,
    archives.UnsupportedCompression: errors.UNSUPPORTED_ZIP_COMPRESSION,
    archives.NoSuchMember: errors.PATH_NOT_FOUND,
    archives.ArchiveTooLarge: errors.ARCHIVE_TOO_LARGE,
    torrents.NotATorrent: errors.NOT_A_TORRENT,
    torrents.BrokenTorrent: errors.TORRENT_PARSE_FAILED,
}
REFUSED: Final = b"\0refused "
KEPT_START_BYTES: Final = 100
KINDS: Final = {kind.code: kind for kind in REFUSALS.values()}
BUSY_SECONDS: Final = 5

Pieces = Callable[[int, int], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens the bytes of a member from the first number up to but without the second."""


async def torrent(site: Site, blob: Blob, mime_type: str) -> Torrent:
    """Raises NOT_A_TORRENT, TORRENT_TOO_LARGE, TORRENT_PARSE_FAILED."""
    if mime_type != TORRENT_TYPE:
        raise errors.NOT_A_TORRENT()
    if blob.size_bytes > TORRENT_MAX_BYTES:
        raise errors.TORRENT_TOO_LARGE()

    async def look(descriptor: int) -> bytes:
        return msgspec.json.encode(await site.media.run(torrents.info, descriptor))

    return msgspec.json.decode(
        await _known(site, blob, "torrent.json", look, errors.TORRENT_PARSE_FAILED), type=Torrent
    )


async def listing(site: Site, blob: Blob) -> bytes:
    """The tree of an archive as JSON. Raises NOT_A_ZIP, INVALID_ZIP_FILE, UNSUPPORTED_ZIP_COMPRESSION."""

    async def look(descriptor: int) -> bytes:
        return await site.media.run(archives.listing, descriptor)

    return await _known(site, blob, "listing.json", look, errors.INVALID_ZIP_FILE)


async def page(site: Site, blob: Blob, mime_type: str) -> bytes:
    """Markdown as sanitised HTML. One that couldn't be rendered this time is shown as it was written.

    Raises NOT_A_MARKDOWN_FILE, FILE_TOO_LARGE.
    """
    if mime_type not in MARKDOWN_TYPES:
        raise errors.NOT_A_MARKDOWN_FILE()
    if blob.size_bytes > MARKDOWN_MAX_BYTES:
        raise errors.FILE_TOO_LARGE(message="Markdown can be rendered up to a size of 2 MiB")

    async def look(descriptor: int) -> bytes:
        return (await site.media.run(markdown.render, descriptor)).encode()

    try:
        return await _known(site, blob, "markdown.html", look, errors.INTERNAL)
    except ApiError as refusal:
        if refusal.kind is not errors.INTERNAL:
            raise
    text = (await storage.head_of(site, blob, MARKDOWN_MAX_BYTES)).decode("utf-8", "replace")
    return f"<pre>{html.escape(text)}</pre>".encode()


@asynccontextmanager
async def member(
    site: Site, blob: Blob, path: str, modified_at: datetime, note: Callable[[int], None]
) -> AsyncIterator[Content | Stream]:
    """One file of an archive, or one of its directories as a zip. `note` is told how many bytes of it went out.

    Raises NOT_A_ZIP, INVALID_ZIP_FILE, UNSUPPORTED_ZIP_COMPRESSION, PATH_NOT_FOUND, ARCHIVE_TOO_LARGE.
    """
    opened = await site.store.open(blob.location)
    try:
        descriptor = opened.fileno()
        if descriptor is None:
            raise errors.NOT_A_ZIP()
        with _refused(errors.INVALID_ZIP_FILE):
            row = await _row(site, blob, path)
            found = archive_index.entry(row, path) if row else await site.media.run(archives.entry, descriptor, path)
        if not found.is_directory:
            pieces = _pieces(site, descriptor, path, row)
            yield _content(blob, path, found, found.modified or modified_at, pieces, note)
            return
        with _refused(errors.INVALID_ZIP_FILE):
            async with site.media.stream(archives.directory_zip, descriptor, path) as zipped:
                name = f"{found.name or 'archive'}.zip"
                yield Stream(name, "application/zip", _noted(zipped, note), blob.size_bytes)
    finally:
        opened.close()


async def _row(site: Site, blob: Blob, path: str) -> bytes:
    """Where a zip has this member, so that its directory is read for the first request only.

    Empty for an archive of another kind. Raises NoSuchMember, ArchiveTooLarge, and refusals.
    """
    name = mediacache.name_of(blob, "members.index")
    row = await mediacache.look(site, name, partial(_find, path))
    if row is None:

        async def look(descriptor: int) -> bytes:
            return await site.media.run(archive_index.index, descriptor)

        made = await _looked(site, blob, look, errors.INVALID_ZIP_FILE)
        await mediacache.keep(site, name, made)
        row = _find(path, io.BytesIO(made))
    return row


def _pieces(site: Site, descriptor: int, path: str, row: bytes) -> Pieces:
    if row:
        return lambda start, stop: site.media.stream(archive_index.content, descriptor, row, start, stop)
    return lambda start, stop: site.media.stream(archives.content, descriptor, path, start, stop)


def _find(path: str, kept: BinaryIO) -> bytes:
    start = kept.read(KEPT_START_BYTES)
    _raise_kept(start)
    kept.seek(0)
    return archive_index.find(kept, path) if start else b""


async def _known(
    site: Site, blob: Blob, what: str, look: Callable[[int], Awaitable[bytes]], broken: ErrorKind
) -> bytes:
    """What was found in these bytes before, else what `look` finds; a refusal is remembered too."""
    name = mediacache.name_of(blob, what)
    kept = await mediacache.get(site, name)
    if kept is None:
        kept = await _looked(site, blob, look, broken)
        await mediacache.keep(site, name, kept)
    _raise_kept(kept)
    return kept


def _raise_kept(kept: bytes) -> None:
    """What begins as a refusal is nothing else."""
    if kept.startswith(REFUSED):
        raise KINDS[kept.removeprefix(REFUSED).decode()]()


async def _looked(site: Site, blob: Blob, look: Callable[[int], Awaitable[bytes]], broken: ErrorKind) -> bytes:
    opened = await site.store.open(blob.location)
    try:
        descriptor = opened.fileno()
        if descriptor is None:
            raise broken()
        with _refused(broken):
            return await look(descriptor)
    except ApiError as refusal:
        # What a decoder says of the bytes stays true; a worker that failed may do better next time.
        if type(refusal.__cause__) not in REFUSALS:
            raise
        return REFUSED + refusal.kind.code.encode()
    finally:
        opened.close()


@contextmanager
def _refused(broken: ErrorKind) -> Iterator[None]:
    """What a worker refuses as our own refusal; where it crashed or ran out of time, the bytes are to blame."""
    try:
        yield
    except tuple(REFUSALS) as refusal:
        raise REFUSALS[type(refusal)]() from refusal
    except MediaBusy as error:
        raise _busy() from error
    except MediaError as error:
        log.warning("looking into a file failed: %s", error)
        raise broken() from error


def _busy() -> ApiError:
    """No captcha helps here but time: 503 and Retry-After are what programs understand (RFC 9110, 15.6.4)."""
    error = errors.SERVER_OVERLOAD(message="The server looks into too many files at the moment. Try again soon")
    error.status, error.headers = 503, {"Retry-After": str(BUSY_SECONDS)}
    return error


def _content(
    blob: Blob, path: str, found: Entry, modified_at: datetime, stream: Pieces, note: Callable[[int], None]
) -> Content:
    async def parts(start: int, stop: int) -> AsyncGenerator[Part, None]:
        with _refused(errors.INVALID_ZIP_FILE):
            async with stream(start, stop) as pieces:
                async for piece in _noted(pieces, note):
                    yield piece

    return Content(
        name=found.name,
        mime_type=type_of(found.name, b""),
        size_bytes=found.size_bytes,
        etag=f"{blob.digest.hex()}-{hashlib.sha256(path.strip('/').encode()).hexdigest()[:16]}",
        modified_at=modified_at,
        parts=parts,
    )


async def _noted(pieces: AsyncIterator[bytes], note: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield piece
        note(len(piece))
