"""What media workers made of blobs, kept on disk until a job trims it: thumbnails, listings, pages."""

import asyncio
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import aiofiles
import aiofiles.os

from pixelhost.model.files import Blob
from pixelhost.site import Site

T = TypeVar("T")


def name_of(blob: Blob, what: str) -> str:
    """Of something that is made of these bytes alone."""
    return f"{blob.digest.hex()}-{what}"


async def get(site: Site, name: str) -> bytes | None:
    path = _path(site, name)
    try:
        async with aiofiles.open(path, "rb") as file:
            data = await file.read()
        await asyncio.to_thread(os.utime, path)
    except OSError:
        return None
    return data


async def look(site: Site, name: str, find: Callable[[BinaryIO], T]) -> T | None:
    """What `find` makes of it in a thread, without reading all of it; None when it isn't there."""
    return await asyncio.to_thread(_look, _path(site, name), find)


async def keep(site: Site, name: str, data: bytes) -> None:
    """A cache that can't be written to costs time, nothing else."""
    path = _path(site, name)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        await aiofiles.os.makedirs(path.parent, exist_ok=True)
        async with aiofiles.open(fresh, "wb") as file:
            await file.write(data)
        await aiofiles.os.replace(fresh, path)
    except OSError:
        return


async def trim(site: Site) -> int:
    """Delete what was unused for longest until the cache fits its setting. Returns how many files went."""
    return await asyncio.to_thread(_trim, _folder(site), site.settings.media_cache_bytes)


async def forget(site: Site, digest: bytes) -> None:
    """The bytes are gone: so is what was made of them."""
    await asyncio.to_thread(_forget, _folder(site), digest.hex())


def _look(path: Path, find: Callable[[BinaryIO], T]) -> T | None:
    try:
        with path.open("rb", buffering=0) as file:
            os.utime(path)
            return find(file)
    except OSError:
        return None


def _folder(site: Site) -> Path:
    return site.settings.data_dir / "cache" / "media"


def _path(site: Site, name: str) -> Path:
    return _folder(site) / name[:2] / name


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
