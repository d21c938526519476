"""What is special about the store in a local directory."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pixelhost.blobs import disk
from pixelhost.blobs.contract import StoreError
from pixelhost.blobs.disk import DiskStore
from tests.blobs.test_store_contract import content, kept, listed, staged_with

HELLO = hashlib.sha256(b"hello").hexdigest()
HELLO_AT = f"{HELLO[:2]}/{HELLO[2:4]}/{HELLO}"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[DiskStore]:
    opened = DiskStore(tmp_path / "blobs")
    yield opened
    await opened.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little more room than the store keeps free."""
    directory = tmp_path / "small"
    directory.mkdir()
    size = disk.ROOM_TO_KEEP_BYTES + (8 << 20)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "-l", directory], check=True)


def remount_read_only(directory: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", directory], check=True)


def names(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


async def test_bytes_lie_under_their_digest_and_nothing_else_lies_there(store):
    location = await kept(store, b"hello")

    assert location == HELLO_AT
    assert names(store.root) == [HELLO_AT]
    assert (store.root / HELLO_AT).read_bytes() == b"hello"


async def test_until_the_commit_the_bytes_have_a_name_in_incoming_too(store):
    staged = await staged_with(store, [b"hello"])
    await store.place(staged)

    (incoming,) = store.incoming.iterdir()
    assert incoming.samefile(store.root / HELLO_AT)

    await store.settle(staged)
    assert list(store.incoming.iterdir()) == []


@pytest.mark.parametrize("damage", [b"jello", b"hell", b"", b"hello, and more"])
async def test_placing_over_damaged_bytes_heals_them(store, damage):
    await kept(store, b"hello")
    (store.root / HELLO_AT).chmod(0o640)
    (store.root / HELLO_AT).write_bytes(damage)

    await kept(store, b"hello")

    assert await content(store, HELLO_AT) == b"hello"
    assert names(store.root) == [HELLO_AT]


async def test_stored_bytes_are_not_for_everybody_to_read(store):
    await kept(store, b"hello")

    assert (store.root / HELLO_AT).stat().st_mode & 0o007 == 0


async def test_files_that_are_no_blobs_are_neither_listed_nor_touched(store):
    await kept(store, b"hello")
    for name in ("README", "ab/notes.txt", f"{HELLO[:2]}/{HELLO[2:4]}/{HELLO}.bak", f"{HELLO[:2]}/{HELLO[2:4]}/abc"):
        (store.root / name).parent.mkdir(exist_ok=True)
        (store.root / name).write_text("not ours")

    assert [one.location for one in await listed(store)] == [HELLO_AT]
    assert len(names(store.root)) == 5


async def test_a_listing_passes_over_what_is_deleted_while_it_reads_a_directory(store):
    folder = store.root / "ab" / "cd"
    folder.mkdir(parents=True)
    for number in range(1500):
        (folder / f"abcd{number:060x}").touch()
    found = 0

    async for _ in store.listing():
        if not found:
            for path in list(folder.iterdir()):
                path.unlink()
        found += 1

    assert 0 < found <= 1500


async def test_a_leftover_of_a_replacement_is_cleared_and_the_bytes_stay(store):
    """A crash between the second link and the rename that replaces what is there."""
    await kept(store, b"hello")
    (store.incoming / "0123-again").hardlink_to(store.root / HELLO_AT)

    (found,) = await store.abandoned()
    await store.clear(found)

    assert found.placed is not None
    assert found.placed.location == HELLO_AT
    assert names(store.root) == [HELLO_AT]


async def test_a_damaged_leftover_is_told_by_the_digest_that_it_has_now(store):
    (store.incoming / "0123").write_bytes(b"half")
    (store.incoming / "other-name").hardlink_to(store.incoming / "0123")

    digest = hashlib.sha256(b"half").digest()
    assert {one.placed.digest for one in await store.abandoned() if one.placed} == {digest}
    assert await listed(store) == []


def test_a_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match="file/blobs cannot be used for blobs"):
        DiskStore(tmp_path / "file" / "blobs")


async def test_a_store_whose_directory_is_gone_says_so_and_works_when_it_is_back(store, tmp_path):
    location = await kept(store, b"hello")
    store.root.rename(tmp_path / "away")

    for attempt in (store.stage, store.check, store.abandoned, lambda: listed(store)):
        with pytest.raises(StoreError):
            await attempt()

    (tmp_path / "away").rename(store.root)
    await store.check()
    assert await content(store, location) == b"hello"


async def test_a_store_that_loses_its_directory_during_an_upload_refuses_it(store):
    staged = await store.stage()
    await staged.write([b"a" * 2_000_000])
    shutil.rmtree(store.root)

    await staged.finish([b"end"])
    with pytest.raises(StoreError):
        await store.place(staged)

    await staged.discard()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes to read-only directories; see the next test")
async def test_a_directory_without_leave_to_write_is_refused(store):
    store.incoming.chmod(0o500)

    with pytest.raises(StoreError, match="Permission denied"):
        await kept(store, b"hello")
    with pytest.raises(StoreError):
        await store.check()


async def test_a_read_only_file_system_is_refused_and_still_read_from(small_disk):
    store = DiskStore(small_disk / "blobs")
    location = await kept(store, b"hello")
    remount_read_only(small_disk)

    for size in (5, 2_000_000):
        with pytest.raises(StoreError, match="Read-only file system"):
            await kept(store, b"a" * size)
    with pytest.raises(StoreError, match="Read-only file system"):
        await store.check()
    with pytest.raises(StoreError, match="Read-only file system"):
        await store.delete(location)
    assert await content(store, location) == b"hello"
    await store.close()


async def test_a_full_disk_refuses_an_upload_and_has_its_room_back_afterwards(small_disk):
    store = DiskStore(small_disk / "blobs")
    with pytest.raises(StoreError, match="no room"):
        await store.stage(expected_bytes=16 << 20)
    staged = await store.stage()

    with pytest.raises(StoreError, match="No space left"):
        await staged.write([b"a" * (1 << 20)] * 100)

    with pytest.raises(StoreError, match="no room"):
        await store.stage()
    await staged.discard()
    location = await kept(store, b"hello")
    assert await content(store, location) == b"hello"
    assert names(store.root) == [HELLO_AT]
    await store.close()


async def test_in_memory_too_a_cached_read_is_all_or_nothing(small_disk):
    store = DiskStore(small_disk / "blobs")
    blob = await store.open(await kept(store, b"0123456789"))

    assert blob.read_cached(2, 5) == b"23456"
    assert blob.read_cached(5, 6) is None
    blob.close()
    await store.close()


@pytest.mark.parametrize("step", ["write", "finish"])
async def test_an_upload_that_is_cancelled_while_it_is_written_leaves_nothing_in_incoming(store, step):
    for attempt in range(5):
        staged = await store.stage()
        await staged.write([b"begin"])
        working = asyncio.create_task(getattr(staged, step)([b"x" * 1000] * 20_000))
        await asyncio.sleep(0.002 * attempt)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await staged.discard()
    await store.close()  # waits for the threads

    assert names(store.incoming) == []


async def test_discarding_and_settling_keep_no_descriptor_open(store):
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await kept(store, b"hello")
    before = descriptors()
    for _ in range(50):
        staged = await store.stage()
        await staged.write([b"a" * 100_000])
        await staged.discard()
        await kept(store, b"hello")

    assert descriptors() <= before
