"""Thumbnails: made once a size in a media worker."""

import hashlib
from dataclasses import dataclass

from pixelhost import errors
from pixelhost.core import access, mediacache
from pixelhost.media import icons, thumbnails
from pixelhost.media.workers import MediaError
from pixelhost.model.files import Blob, File, FileList
from pixelhost.model.nodes import Node
from pixelhost.site import Site

STEP_PX, SMALLEST_PX, LARGEST_PX = 16, 16, 256
NONE_THERE = b""
"""What the cache holds for bytes that no thumbnail can be made of."""


@dataclass(frozen=True)
class Thumbnail:
    png: bytes
    etag: str


async def of_file(site: Site, file_id: str, width_px: int, height_px: int) -> Thumbnail:
    """A PNG at most so large, or an icon of its type. Raises NOT_FOUND, INVALID_THUMBNAIL_SIZE."""
    refuse_size(width_px, height_px)
    return await _of_listed(site, await access.file(site, file_id), width_px, height_px)


async def of_list(site: Site, found: FileList, width_px: int, height_px: int) -> Thumbnail:
    """That of the first file. Raises INVALID_THUMBNAIL_SIZE."""
    refuse_size(width_px, height_px)
    if found.files:
        return await _of_listed(site, found.files[0].file, width_px, height_px)
    return _icon("application/octet-stream", width_px, height_px)


async def of_node(site: Site, node: Node, width_px: int, height_px: int) -> Thumbnail:
    """Raises NODE_IS_A_DIRECTORY, INVALID_THUMBNAIL_SIZE."""
    refuse_size(width_px, height_px)
    if node.blob is None:
        raise errors.NODE_IS_A_DIRECTORY()
    return await _of(site, node.blob, node.mime_type, node.abuse_type, width_px, height_px)


async def for_administrators(site: Site, file: File, size_px: int) -> Thumbnail:
    """Of what was taken down too."""
    return await _of(site, file.blob, file.mime_type, "", size_px, size_px)


def refuse_size(width_px: int, height_px: int) -> None:
    """Raises INVALID_THUMBNAIL_SIZE."""
    for size in (width_px, height_px):
        if size % STEP_PX or not SMALLEST_PX <= size <= LARGEST_PX:
            raise errors.INVALID_THUMBNAIL_SIZE()


async def _of_listed(site: Site, file: File, width_px: int, height_px: int) -> Thumbnail:
    return await _of(site, file.blob, file.mime_type, file.abuse_type, width_px, height_px)


async def _of(site: Site, blob: Blob, mime_type: str, abuse_type: str, width_px: int, height_px: int) -> Thumbnail:
    if abuse_type:
        return _icon(mime_type, width_px, height_px)
    name = _name(blob, mime_type, width_px, height_px)
    png = await mediacache.get(site, name)
    if png is None:
        png = await _made(site, blob, mime_type, width_px, height_px)
        if png is None:
            return _icon(mime_type, width_px, height_px)
        await mediacache.keep(site, name, png)
    return Thumbnail(png, name) if png != NONE_THERE else _icon(mime_type, width_px, height_px)


async def _made(site: Site, blob: Blob, mime_type: str, width_px: int, height_px: int) -> bytes | None:
    """NONE_THERE when none can be made of these bytes; None when it didn't work out this time."""
    opened = await site.store.open(blob.location)
    try:
        descriptor = opened.fileno()
        if descriptor is None:
            return NONE_THERE
        png = await site.media.run(thumbnails.thumbnail, descriptor, mime_type, width_px, height_px)
        return png or NONE_THERE
    except MediaError:
        return None
    finally:
        opened.close()


def _icon(mime_type: str, width_px: int, height_px: int) -> Thumbnail:
    etag = hashlib.sha256(f"{mime_type} {width_px}x{height_px}".encode()).hexdigest()
    return Thumbnail(icons.icon(mime_type, width_px, height_px), f"icon-{etag}")


def _name(blob: Blob, mime_type: str, width_px: int, height_px: int) -> str:
    """By content, and by type too: it decides how the content is read, and a new name can change it."""
    as_type = hashlib.sha256(mime_type.encode()).hexdigest()[:8]
    return mediacache.name_of(blob, f"{width_px}x{height_px}-{as_type}.png")
