"""Uploads that are sealed on their way into the store: limits, digests and types are judged by what was sent."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import closing

import pytest

from pixelhost.blobs.contract import BlobMissing, Piece
from pixelhost.blobs.sealed import Tampered, sealed_bytes
from pixelhost.core import storage
from pixelhost.db import blobs
from pixelhost.errors import ERROR_READING_INPUT, FILE_TOO_LARGE, ApiError
from pixelhost.model.files import Blob
from pixelhost.site import Site

KEY = secrets.token_bytes(32)


class Arriving:
    def __init__(self, *pieces: Piece) -> None:
        self._left = list(pieces)

    async def read(self) -> Piece:
        return self._left.pop(0) if self._left else b""


class Cut(Arriving):
    async def read(self) -> Piece:
        if not self._left:
            raise ERROR_READING_INPUT()
        return await super().read()


def at_most(limit: int):
    def refuse(size_bytes: int) -> None:
        if size_bytes > limit:
            raise FILE_TOO_LARGE()

    return refuse


async def kept(site: Site, pieces: Sequence[Piece], limit: int = 1 << 40, **digests: bytes) -> Blob:
    """Receive, place and commit."""
    wanted = {name.replace("_", "-"): digest for name, digest in digests.items()}
    source = Arriving(*pieces)
    async with storage.received(site, source, refuse_size=at_most(limit), digests=wanted, key=KEY) as got:
        content = b"".join(pieces)
        assert got.size_bytes == len(content)
        assert got.head == content[:4096]
        async with storage.placed(site, got) as blob, site.db.acquire() as tx, tx.transaction():
            await blobs.insert(tx, blob, site.clock.now())
    return blob


async def nothing_is_there(site: Site) -> bool:
    return [one async for one in site.store.listing()] == [] and await site.store.abandoned() == []


@pytest.mark.parametrize("size", [1, 65_536, 5_000_000])
async def test_what_is_received_with_a_key_is_opened_with_it(site: Site, size: int):
    data = secrets.token_bytes(size)
    blob = await kept(site, [data[:1000], data[1000:]])
    assert blob.size_bytes == sealed_bytes(size)
    with closing(await site.store.open(blob.location)) as raw:
        sealed = await raw.read(0, raw.size_bytes)
    assert hashlib.sha256(sealed).digest() == blob.digest
    assert data[:100] not in sealed or size < 16
    with closing(await storage.open_sealed(site, blob, KEY)) as opened:
        assert opened.size_bytes == size
        assert await opened.read(0, size) == data


async def test_the_same_bytes_twice_are_two_blobs(site: Site):
    assert (await kept(site, [b"meow"])).digest != (await kept(site, [b"meow"])).digest


async def test_limits_count_what_was_sent_and_not_what_it_becomes(site: Site):
    await kept(site, [b"x" * 50_000, b"y" * 50_000], limit=100_000)
    with pytest.raises(ApiError) as refused:
        await kept(site, [b"x" * 50_000, b"y" * 50_001], limit=100_000)
    assert refused.value.kind is FILE_TOO_LARGE


async def test_digests_are_those_of_what_was_sent(site: Site):
    data = b"attack at dawn" * 10_000
    await kept(site, [data], sha_256=hashlib.sha256(data).digest())
    await kept(site, [data], md5=hashlib.md5(data).digest(), sha_512=hashlib.sha512(data).digest())
    for digests in ({"sha_256": bytes(32)}, {"sha_256": hashlib.sha256(data).digest(), "md5": bytes(16)}):
        with pytest.raises(ApiError) as refused:
            await kept(site, [data], **digests)
        assert refused.value.kind is ERROR_READING_INPUT


async def test_an_upload_that_fails_leaves_nothing(site: Site):
    for pieces in ([b"x"], [b"x" * 10_000_000], [b"x" * 3_000_000] * 4):
        with pytest.raises(ApiError) as refused:
            async with storage.received(site, Cut(*pieces), refuse_size=at_most(1 << 40), digests={}, key=KEY):
                raise AssertionError("it was taken")
        assert refused.value.kind is ERROR_READING_INPUT
    assert await nothing_is_there(site)


async def test_another_key_and_missing_bytes_open_nothing_and_leave_nothing_open(site: Site):
    blob = await kept(site, [b"x" * 100_000])
    with pytest.raises(Tampered):
        await storage.open_sealed(site, blob, bytes(32))
    await site.store.delete(blob.location)
    with pytest.raises(BlobMissing):
        await storage.open_sealed(site, blob, KEY)
