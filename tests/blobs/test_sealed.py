"""Bytes encrypted at rest: any part of them comes back, nothing of them shows, and no change goes unnoticed."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixelhost.blobs.contract import BlobStore, OpenBlob, StoreError
from pixelhost.blobs.sealed import CHUNK_BYTES, Sealing, Tampered, Unsealed, sealed_bytes, unsealed
from tests.blobs.test_store_contract import STORES

KEY = bytes(range(32))
SIZES = (0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 5_000_000)
SEALED = CHUNK_BYTES + 16


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BlobStore]:
    opened = STORES[request.param](tmp_path / "store")
    yield opened
    await opened.close()


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


async def kept(store: BlobStore, data: bytes, piece_bytes: int = 1 << 20, key: bytes = KEY) -> str:
    """Seal it, in batches of one piece; the location."""
    sealing = Sealing(await store.stage(), key)
    for start in range(0, len(data), piece_bytes):
        await sealing.write([data[start : start + piece_bytes]])
    await sealing.finish()
    assert sealing.plain_bytes == len(data)
    location = store.location_of(sealing.inner)
    await store.place(sealing.inner)
    await store.settle(sealing.inner)
    return location


async def raw(store: BlobStore, location: str) -> bytes:
    """What lies in the store."""
    blob = await store.open(location)
    try:
        return await blob.read(0, blob.size_bytes)
    finally:
        blob.close()


async def placed(store: BlobStore, data: bytes) -> OpenBlob:
    """A blob of exactly these bytes."""
    staged = await store.stage()
    await staged.finish([data])
    location = store.location_of(staged)
    await store.place(staged)
    await store.settle(staged)
    return await store.open(location)


async def whole(blob: OpenBlob, key: bytes = KEY) -> bytes:
    """Everything that a sealed blob holds; it is closed."""
    try:
        opened = await unsealed(blob, key)
        return await opened.read(0, opened.size_bytes)
    finally:
        blob.close()


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_sealed_comes_back_and_its_size_is_known_in_advance(store: BlobStore, size: int):
    location = await kept(store, content(size))
    assert len(await raw(store, location)) == sealed_bytes(size)
    opened = await unsealed(await store.open(location), KEY)
    assert opened.size_bytes == size
    assert await opened.read(0, size) == content(size)
    opened.close()


@pytest.mark.parametrize("piece_bytes", [1_000, 65_535, 65_536, 65_537, 200_000])
async def test_it_does_not_matter_in_which_pieces_the_bytes_arrive(store: BlobStore, piece_bytes: int):
    data = content(400_000)
    assert await whole(await store.open(await kept(store, data, piece_bytes))) == data


async def test_pieces_may_be_reused_once_they_are_written(store: BlobStore):
    sealing = Sealing(await store.stage(), KEY)
    buffer = bytearray(b"a" * 70_000)
    await sealing.write([memoryview(buffer)])
    buffer[:] = b"b" * 70_000
    await sealing.finish([buffer, b"c"])
    await store.place(sealing.inner)
    opened = await store.open(store.location_of(sealing.inner))
    await store.settle(sealing.inner)
    assert await whole(opened) == b"a" * 70_000 + b"b" * 70_000 + b"c"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_part_comes_back(tmp_path: Path, data: st.DataObject):
    store = STORES["disk"](tmp_path / "store")
    size = data.draw(st.sampled_from([1, 65_536, 65_537, 200_000, 2_500_000]))
    opened = await unsealed(await store.open(await kept(store, content(size))), KEY)
    near = st.sampled_from(
        [at for border in (0, CHUNK_BYTES, 2 * CHUNK_BYTES, size) for at in range(border - 2, border + 3)]
    )
    bounds = st.one_of(near, st.integers(0, size)).filter(lambda at: 0 <= at <= size)
    start, stop = sorted((data.draw(bounds), data.draw(bounds)))
    assert await opened.read(start, stop - start) == content(size)[start:stop]
    cached = opened.read_cached(start, stop - start)
    assert cached is None or cached == content(size)[start:stop]
    opened.close()
    await store.close()


async def test_reading_past_the_end_is_refused(store: BlobStore):
    opened = await unsealed(await store.open(await kept(store, content(70_000))), KEY)
    assert len(await opened.read(69_990, 10)) == 10
    with pytest.raises(StoreError):
        await opened.read(69_990, 11)
    assert opened.read_cached(69_990, 11) is None
    assert opened.fileno() is None
    opened.close()


async def test_the_store_keeps_nothing_of_the_content_and_no_two_copies_are_alike(store: BlobStore):
    secret = b"attack at dawn. " * 10_000
    first, second = [await kept(store, secret) for _ in range(2)]
    assert first != second
    sealed = await raw(store, first)
    assert b"attack at dawn" not in sealed
    assert sealed[:16] != (await raw(store, second))[:16]


async def test_the_checksums_of_a_sealed_blob_are_those_of_its_ciphertext(store: BlobStore):
    sealing = Sealing(await store.stage(), KEY, ["sha-256", "md5"])
    await sealing.write([b"attack "])
    await sealing.finish([b"at dawn"])
    await store.place(sealing.inner)
    sealed = await raw(store, store.location_of(sealing.inner))
    await store.settle(sealing.inner)
    assert sealing.checksums.digest == hashlib.sha256(sealed).digest()
    assert sealing.checksums.size_bytes == sealed_bytes(14)
    assert sealing.plain_checksums is not None
    assert sealing.plain_checksums.named("sha-256") == hashlib.sha256(b"attack at dawn").digest()
    assert sealing.plain_checksums.named("md5") == hashlib.md5(b"attack at dawn").digest()


async def test_what_is_given_up_leaves_nothing(store: BlobStore):
    sealing = Sealing(await store.stage(), KEY)
    assert await sealing.direct() is None
    await sealing.write([content(300_000)])
    await sealing.discard()
    assert [stored async for stored in store.listing()] == []
    assert await store.abandoned() == []


async def test_the_format_is_the_one_that_is_described(store: BlobStore):
    data = content(65_537)
    sealed = await raw(store, await kept(store, data))
    cipher = AESGCM(HKDF(hashes.SHA256(), 32, salt=sealed[:16], info=b"pixelhost sealed blob 1").derive(KEY))
    assert cipher.decrypt(bytes(12), sealed[16 : 16 + SEALED], None) == data[:65_536]
    assert cipher.decrypt(bytes(10) + b"\x01\x01", sealed[16 + SEALED :], None) == data[65_536:]


def _flipped(sealed: bytes, at: int) -> bytes:
    return sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]


def _chunk(sealed: bytes, number: int) -> bytes:
    return sealed[16 + number * SEALED : 16 + (number + 1) * SEALED]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit of the salt": lambda sealed: _flipped(sealed, 0),
    "the last bit of the salt": lambda sealed: _flipped(sealed, 15),
    "a bit of the first chunk": lambda sealed: _flipped(sealed, 16),
    "a bit of a tag": lambda sealed: _flipped(sealed, 16 + CHUNK_BYTES),
    "the last bit": lambda sealed: _flipped(sealed, len(sealed) - 1),
    "cut off by a byte": lambda sealed: sealed[:-1],
    "cut off after a chunk": lambda sealed: sealed[: 16 + 2 * SEALED],
    "cut off after the first chunk": lambda sealed: sealed[: 16 + SEALED],
    "cut off within a tag": lambda sealed: sealed[: 16 + 2 * SEALED + 15],
    "cut off to an empty last chunk": lambda sealed: sealed[: 16 + 2 * SEALED + 16],
    "cut off to the salt": lambda sealed: sealed[:16],
    "cut off to less": lambda sealed: sealed[:15],
    "cut off to nothing": lambda sealed: sealed[:0],
    "a byte more": lambda sealed: sealed + b"\0",
    "a chunk more": lambda sealed: sealed + sealed[-SEALED:],
    "two chunks swapped": lambda sealed: (
        sealed[:16] + _chunk(sealed, 1) + _chunk(sealed, 0) + sealed[16 + 2 * SEALED :]
    ),
    "a chunk twice": lambda sealed: sealed[:16] + _chunk(sealed, 0) * 2 + sealed[16 + 2 * SEALED :],
    "a chunk too many": lambda sealed: sealed[: 16 + SEALED] + _chunk(sealed, 0) + sealed[16 + SEALED :],
    "a chunk left out": lambda sealed: sealed[: 16 + SEALED] + sealed[16 + 2 * SEALED :],
    "the first chunk left out": lambda sealed: sealed[:16] + sealed[16 + SEALED :],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("size", [150_000, 3 * CHUNK_BYTES])
async def test_no_change_goes_unnoticed(store: BlobStore, size: int, change: Callable[[bytes], bytes]):
    sealed = await raw(store, await kept(store, content(size)))
    assert await whole(await placed(store, sealed)) == content(size)
    with pytest.raises(Tampered):
        await whole(await placed(store, change(sealed)))


async def test_a_shortened_blob_does_not_even_open(store: BlobStore):
    sealed = await raw(store, await kept(store, content(150_000)))
    blob = await placed(store, sealed[: 16 + 2 * SEALED])
    with pytest.raises(Tampered):
        await unsealed(blob, KEY)
    blob.close()


async def test_damage_costs_only_the_chunk_it_is_in(store: BlobStore):
    data = content(200_000)
    sealed = await raw(store, await kept(store, data))
    opened = await unsealed(await placed(store, _flipped(sealed, 16 + SEALED + 5)), KEY)
    assert await opened.read(0, CHUNK_BYTES) == data[:CHUNK_BYTES]
    assert await opened.read(2 * CHUNK_BYTES, 10) == data[2 * CHUNK_BYTES :][:10]
    with pytest.raises(Tampered):
        await opened.read(CHUNK_BYTES - 1, 2)
    assert opened.read_cached(CHUNK_BYTES, 1) is None
    opened.close()


@pytest.mark.parametrize("size", [0, 1, 65_536, 150_000])
async def test_another_key_opens_nothing(store: BlobStore, size: int):
    location = await kept(store, content(size))
    for key in (bytes(32), secrets.token_bytes(32), _flipped(KEY, 31)):
        with pytest.raises(Tampered):
            await whole(await store.open(location), key)


async def test_chunks_of_one_blob_do_not_pass_in_another_of_the_same_key(store: BlobStore):
    first, second = [await raw(store, await kept(store, content(150_000))) for _ in range(2)]
    with pytest.raises(Tampered):
        await whole(await placed(store, first[: 16 + SEALED] + second[16 + SEALED :]))


def test_the_size_of_what_is_sealed():
    expected = {0: 32, 1: 33, 65_535: 65_567, 65_536: 65_568, 65_537: 65_585, 131_072: 131_120, 131_073: 131_137}
    assert {size: sealed_bytes(size) for size in expected} == expected


async def test_what_was_never_sealed_is_not_taken_for_it(store: BlobStore):
    for data in (b"x" * 31, b"x" * 32, b"x" * 70_000):
        with pytest.raises(Tampered):
            await whole(await placed(store, data))


def test_unsealing_offers_what_a_blob_offers():
    offered: type[OpenBlob] = Unsealed
    assert offered
