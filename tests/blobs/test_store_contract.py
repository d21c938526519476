"""What every blob store promises, whatever it keeps the bytes in: `STORES` names the ways to open one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pixelhost.blobs.contract import Abandoned, BlobMissing, BlobStore, Piece, Staged, Stored, StoreError
from pixelhost.blobs.disk import DiskStore

TOP = Path(__file__).parents[2]

STORES: dict[str, Callable[[Path], BlobStore]] = {"disk": DiskStore}
"""From a directory that a test has to itself to a store; two on one directory share what they keep."""

# Another process on the same store, which stages, says so, and waits for its end.
OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from tests.blobs.test_store_contract import STORES

async def main():
    store = STORES[sys.argv[1]](Path(sys.argv[2]))
    staged = await store.stage()
    await staged.write([b"x" * 1_000_000])
    if sys.argv[3] != "written":
        await staged.finish([b"end"])
    if sys.argv[3] == "placed":
        await store.place(staged)
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
OTHERS_BYTES = b"x" * 1_000_000 + b"end"


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def store(kind: str, tmp_path: Path) -> AsyncIterator[BlobStore]:
    opened = STORES[kind](tmp_path / "store")
    yield opened
    await opened.close()


@pytest.fixture
def other_process(kind: str, store: BlobStore, tmp_path: Path):
    """Start one that stages and comes so far: written, finished or placed."""
    started = []

    def start(so_far: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, kind, tmp_path / "store", so_far],
            env=os.environ | {"PYTHONPATH": str(TOP)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


async def staged_with(store: BlobStore, *batches: list[Piece], also: tuple[str, ...] = ()) -> Staged:
    """Finished; all batches but the last are written before."""
    staged = await store.stage(also)
    for batch in batches[:-1]:
        await staged.write(batch)
    await staged.finish(batches[-1] if batches else ())
    return staged


async def kept(store: BlobStore, data: bytes) -> str:
    """Stage, place and settle; the location."""
    staged = await staged_with(store, [data])
    location = store.location_of(staged)
    await store.place(staged)
    await store.settle(staged)
    return location


async def content(store: BlobStore, location: str) -> bytes:
    blob = await store.open(location)
    try:
        return await blob.read(0, blob.size_bytes)
    finally:
        blob.close()


async def listed(store: BlobStore) -> list[Stored]:
    return sorted([stored async for stored in store.listing()], key=lambda stored: stored.digest)


async def is_empty(store: BlobStore) -> bool:
    """Nothing is placed and, once its writers are gone, nothing staged."""
    return await listed(store) == [] and await store.abandoned() == []


def stored(store: BlobStore, data: bytes, location: str, *, is_settled: bool = True) -> Stored:
    return Stored(location, hashlib.sha256(data).digest(), len(data), is_settled)


WRITTEN = {
    "nothing": [[]],
    "one byte": [[b"a"]],
    "a small one at once": [[b"some bytes"]],
    "just what fits into one piece": [[b"a" * 65536]],
    "one byte more": [[b"a" * 65537]],
    "a large one": [[os.urandom(5_000_000)]],
    "several batches": [[b"abc", b"def"], [b"ghi"], [b"jkl"]],
    "nothing at the end": [[b"abc"], [b"def"], []],
    "empty pieces between": [[b"", b"abc", b""], [b""], [b"", b"def"]],
    "more pieces than one system call takes": [[bytes([i % 256]) * (i % 7) for i in range(5000)], [b"e"] * 3000],
    "pieces of other types": [[bytearray(b"abc"), memoryview(b"xdefx")[1:4]], [bytearray(b"g" * 100_000)]],
}


@pytest.mark.parametrize("batches", WRITTEN.values(), ids=WRITTEN)
async def test_what_is_written_is_read_back(store, batches):
    data = b"".join(bytes(piece) for batch in batches for piece in batch)
    staged = await staged_with(store, *batches, also=("md5", "sha-512"))
    sums = staged.checksums

    assert sums.size_bytes == len(data)
    assert sums.digest == sums.named("sha-256") == hashlib.sha256(data).digest()
    assert sums.crc32 == zlib.crc32(data)
    assert sums.named("md5") == hashlib.md5(data).digest()
    assert sums.named("sha-512") == hashlib.sha512(data).digest()
    location = store.location_of(staged)
    await store.place(staged)
    await store.settle(staged)
    assert await content(store, location) == data
    assert await listed(store) == [stored(store, data, location)]


async def test_pieces_may_be_reused_once_they_are_written(store):
    piece = bytearray(b"a" * 100_000)
    staged = await store.stage()
    await staged.write([piece])
    piece[:] = b"b" * 100_000
    await staged.finish([piece])
    piece[:] = b"c" * 100_000
    await store.place(staged)

    assert await content(store, store.location_of(staged)) == b"a" * 100_000 + b"b" * 100_000
    await store.settle(staged)


async def test_nothing_is_visible_before_it_is_placed(store):
    staged = await staged_with(store, [b"a" * 2_000_000], [b"end"])

    with pytest.raises(BlobMissing):
        await store.open(store.location_of(staged))
    assert await listed(store) == []

    await store.place(staged)
    assert len(await listed(store)) == 1
    await store.settle(staged)


@pytest.mark.parametrize("size", [3, 3_000_000])
@pytest.mark.parametrize("so_far", ["staged", "written", "finished"])
async def test_discarding_leaves_nothing(store, so_far, size):
    staged = await store.stage()
    if so_far != "staged":
        await staged.write([b"a" * size])
    if so_far == "finished":
        await staged.finish([b"end"])

    await staged.discard()
    await staged.discard()

    assert await is_empty(store)


async def test_discarding_what_was_placed_leaves_the_bytes_to_whoever_refers_to_them(store):
    staged = await staged_with(store, [b"placed"])
    await store.place(staged)

    await staged.discard()

    assert await content(store, store.location_of(staged)) == b"placed"
    assert await store.abandoned() == []


@pytest.mark.parametrize("size", [3, 1_000_000])
async def test_placing_the_same_bytes_again_leaves_one_copy(store, size):
    first = await kept(store, b"a" * size)
    second = await kept(store, b"a" * size)

    assert first == second
    assert await listed(store) == [stored(store, b"a" * size, first)]
    assert await store.abandoned() == []


async def test_many_place_different_bytes_at_once(store):
    contents = [bytes([number]) * 70_000 for number in range(40)]

    locations = await asyncio.gather(*(kept(store, data) for data in contents))

    assert [await content(store, location) for location in locations] == contents
    assert len(await listed(store)) == 40
    assert await store.abandoned() == []


async def test_a_reader_keeps_what_it_opened_when_it_is_placed_again_and_deleted(store):
    location = await kept(store, b"abc" * 100_000)
    blob = await store.open(location)

    await kept(store, b"abc" * 100_000)
    await store.delete(location)

    assert await blob.read(0, 300_000) == b"abc" * 100_000
    blob.close()
    with pytest.raises(BlobMissing):
        await store.open(location)


async def test_any_part_of_a_blob_can_be_read(store):
    data = os.urandom(1_000_000)
    blob = await store.open(await kept(store, data))

    assert blob.size_bytes == len(data)
    for offset, count in ((0, 1), (999_999, 1), (12_345, 543_210), (0, len(data)), (500, 0)):
        assert await blob.read(offset, count) == data[offset : offset + count]
        assert blob.read_cached(offset, count) in {None, data[offset : offset + count]}
    if (descriptor := blob.fileno()) is not None:
        assert os.pread(descriptor, 10, 20) == data[20:30]
    blob.close()
    blob.close()


async def test_reading_past_the_end_is_an_error_and_never_less_than_was_asked_for(store):
    blob = await store.open(await kept(store, b"0123456789"))

    with pytest.raises(StoreError):
        await blob.read(5, 6)
    assert blob.read_cached(5, 6) is None
    blob.close()


async def test_many_read_one_blob_at_once(store):
    data = os.urandom(2_000_000)
    location = await kept(store, data)

    assert set(await asyncio.gather(*(content(store, location) for _ in range(30)))) == {data}


async def test_deleting_what_is_not_there_is_no_error(store):
    location = await kept(store, b"abc")
    await store.delete(location)

    await store.delete(location)

    assert await listed(store) == []


async def test_the_listing_has_everything_that_is_placed(store):
    contents = [f"content {number}".encode() for number in range(300)]
    wanted = [stored(store, data, await kept(store, data)) for data in contents]

    assert await listed(store) == sorted(wanted, key=lambda one: one.digest)


async def test_the_listing_goes_on_when_what_it_is_about_to_list_is_deleted(store):
    for number in range(200):
        await kept(store, f"content {number}".encode())

    async def delete_all() -> None:
        for one in await listed(store):
            await store.delete(one.location)

    await asyncio.gather(delete_all(), *(listed(store) for _ in range(20)))
    assert await listed(store) == []


@pytest.mark.parametrize("so_far", ["written", "finished", "placed"])
async def test_what_a_living_process_stages_is_not_abandoned(store, other_process, so_far):
    ours = await store.stage()
    await ours.write([b"ours" * 300_000])
    other_process(so_far)

    assert await store.abandoned() == []

    await ours.discard()


@pytest.mark.parametrize("so_far", ["written", "finished"])
async def test_what_a_dead_process_staged_is_abandoned_until_it_is_cleared(store, other_process, so_far):
    kill(other_process(so_far))

    (found,) = await store.abandoned()
    assert found == Abandoned(found.name, placed=None)
    await store.clear(found)
    await store.clear(found)
    assert await is_empty(store)


async def test_what_a_dead_process_placed_and_never_settled_is_told_and_stays(store, other_process):
    kill(other_process("placed"))

    (found,) = await store.abandoned()
    (there,) = await listed(store)
    assert found.placed == there == stored(store, OTHERS_BYTES, there.location, is_settled=False)
    await store.clear(found)
    assert await store.abandoned() == []
    assert await content(store, there.location) == OTHERS_BYTES
    assert await listed(store) == [stored(store, OTHERS_BYTES, there.location)]


@pytest.mark.parametrize("size", [100, 100_000])
async def test_what_was_deleted_before_it_was_settled_can_be_placed_again(store, size):
    staged = await staged_with(store, [b"a" * size])
    location = store.location_of(staged)
    await store.place(staged)
    assert [one.is_settled for one in await listed(store)] == [False]
    await store.delete(location)

    await store.place(staged)
    await store.place(staged)
    await store.settle(staged)

    assert await content(store, location) == b"a" * size
    assert await listed(store) == [stored(store, b"a" * size, location)]
    assert await store.abandoned() == []


async def test_a_dead_process_that_placed_known_bytes_again_is_told_too(store, other_process):
    location = await kept(store, OTHERS_BYTES)
    kill(other_process("placed"))

    assert [one.placed for one in await store.abandoned()] == [stored(store, OTHERS_BYTES, location, is_settled=False)]


async def test_a_settled_upload_leaves_nothing_abandoned_in_any_process(kind, store, tmp_path):
    await kept(store, b"settled" * 100_000)
    other = STORES[kind](tmp_path / "store")

    assert await other.abandoned() == []

    await other.close()


@pytest.mark.parametrize("step", ["write", "finish"])
async def test_a_step_that_is_cancelled_never_reaches_into_another_upload(store, step):
    """The thread, or the request, that does the work goes on when its waiter is cancelled."""
    for attempt in range(8):
        staged = await store.stage()
        await staged.write([b"begin"])
        working = asyncio.create_task(getattr(staged, step)([b"x" * 1000] * 20_000))
        await asyncio.sleep(0.002 * attempt)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await staged.discard()
        data = os.urandom(1_000_000)
        other = await staged_with(store, [data], [b"end"])
        await store.place(other)
        await store.settle(other)
        assert await content(store, store.location_of(other)) == data + b"end"


async def test_checking_leaves_nothing(store):
    await store.check()

    assert await is_empty(store)


async def test_more_than_there_is_room_for_is_refused_before_the_first_byte(store):
    with pytest.raises(StoreError):
        await store.stage(expected_bytes=1 << 60)
