"""Thumbnails: made once a size in a media worker, kept in a cache on disk that a job trims."""

import asyncio
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiofiles
import aiofiles.os

from pixelhost import errors
from pixelhost.core import access
from pixelhost.media import icons, thumbnails
from pixelhost.media.workers import MediaError
from pixelhost.model import File, FileList
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
    return await _of(site, await access.file(site, file_id), width_px, height_px)


async def of_list(site: Site, found: FileList, width_px: int, height_px: int) -> Thumbnail:
    """That of the first file. Raises INVALID_THUMBNAIL_SIZE."""
    refuse_size(width_px, height_px)
    if found.files:
        return await _of(site, found.files[0].file, width_px, height_px)
    return _icon("application/octet-stream", width_px, height_px)


def refuse_size(width_px: int, height_px: int) -> None:
    """Raises INVALID_THUMBNAIL_SIZE."""
    for size in (width_px, height_px):
        if size % STEP_PX or not SMALLEST_PX <= size <= LARGEST_PX:
            raise errors.INVALID_THUMBNAIL_SIZE()


async def trim(site: Site) -> int:
    """Delete the thumbnails unused for longest until the cache fits its setting. Returns how many."""
    return await asyncio.to_thread(_trim, _folder(site), site.settings.thumbnail_cache_bytes)


async def forget(site: Site, digest: bytes) -> None:
    """The bytes are gone: so are their thumbnails."""
    await asyncio.to_thread(_forget, _folder(site), digest.hex())


async def _of(site: Site, file: File, width_px: int, height_px: int) -> Thumbnail:
    if file.abuse_type:
        return _icon(file.mime_type, width_px, height_px)
    name = _name(file, width_px, height_px)
    path = _folder(site) / name[:2] / name
    png = await _cached(path)
    if png is None:
        png = await _made(site, file, width_px, height_px)
        if png is None:
            return _icon(file.mime_type, width_px, height_px)
        await _keep(path, png)
    return Thumbnail(png, name) if png != NONE_THERE else _icon(file.mime_type, width_px, height_px)


async def _made(site: Site, file: File, width_px: int, height_px: int) -> bytes | None:
    """NONE_THERE when none can be made of these bytes; None when it didn't work out this time."""
    blob = await site.store.open(file.blob.location)
    try:
        descriptor = blob.fileno()
        if descriptor is None:
            return NONE_THERE
        png = await site.media.run(thumbnails.thumbnail, descriptor, file.mime_type, width_px, height_px)
        return png or NONE_THERE
    except MediaError:
        return None
    finally:
        blob.close()


def _icon(mime_type: str, width_px: int, height_px: int) -> Thumbnail:
    etag = hashlib.sha256(f"{mime_type} {width_px}x{height_px}".encode()).hexdigest()
    return Thumbnail(icons.icon(mime_type, width_px, height_px), f"icon-{etag}")


def _folder(site: Site) -> Path:
    return site.settings.data_dir / "cache" / "thumbnails"


def _name(file: File, width_px: int, height_px: int) -> str:
    """By content, and by type too: it decides how the content is read, and a new name can change it."""
    as_type = hashlib.sha256(file.mime_type.encode()).hexdigest()[:8]
    return f"{file.blob.digest.hex()}-{width_px}x{height_px}-{as_type}.png"


async def _cached(path: Path) -> bytes | None:
    try:
        async with aiofiles.open(path, "rb") as file:
            png = await file.read()
        await asyncio.to_thread(os.utime, path)
    except OSError:
        return None
    return png


async def _keep(path: Path, png: bytes) -> None:
    """A cache that can't be written to costs time, nothing else."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        await aiofiles.os.makedirs(path.parent, exist_ok=True)
        async with aiofiles.open(fresh, "wb") as file:
            await file.write(png)
        await aiofiles.os.replace(fresh, path)
    except OSError:
        return


def _trim(folder: Path, limit_bytes: int) -> int:
    found = []
    for entry in folder.glob("*/*"):
        with suppress(FileNotFoundError):
            found.append((entry.stat(), entry))
    size = sum(facts.st_size for facts, _ in found)
    deleted = 0
    for facts, entry in sorted(found, key=lambda pair: pair[0].st_mtime):
        if size <= limit_bytes:
            break
        entry.unlink(missing_ok=True)
        size -= facts.st_size
        deleted += 1
    return deleted


def _forget(folder: Path, name: str) -> None:
    for entry in (folder / name[:2]).glob(f"{name}-*"):
        entry.unlink(missing_ok=True)
