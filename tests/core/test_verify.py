"""fsck, which finds what is wrong, says nothing of what is well, and changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from pixelhost.core import storage, verify
from pixelhost.core.verify import Report
from pixelhost.site import Site

DATA = b"the bytes of a file" * 1000
HEX = hashlib.sha256(DATA).hexdigest()
AT = f"{HEX[:2]}/{HEX[2:4]}/{HEX}"


async def fsck(site: Site, *, deep: bool = True, progress: verify.Progress = lambda *_: None) -> Report:
    return await verify.fsck(site, deep=deep, progress=progress)


def found(report: Report) -> list[tuple[str, str]]:
    return [(problem.kind, problem.subject) for problem in report.problems]


@pytest.fixture
async def path(site: Site, alice) -> Path:
    """Where the bytes of the one file lie."""
    await alice.upload("a.txt", DATA)
    return site.settings.data_dir / "blobs" / AT


@pytest.fixture
async def set_wrong(site: Site, path: Path) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Change a count behind the triggers' back; it is right again when the test is over."""
    yield site.db.execute
    await site.db.execute("UPDATE blobs b SET refs = (SELECT count(*) FROM files f WHERE f.blob = b.digest)")
    await site.db.execute(
        """UPDATE users u SET file_count = (SELECT count(*) FROM files f WHERE f.owner_id = u.id),
                  storage_used_bytes = (SELECT coalesce(sum(b.size_bytes), 0) FROM files f JOIN blobs b
                                            ON b.digest = f.blob WHERE f.owner_id = u.id)"""
    )


async def test_all_is_well_with_nothing_at_all(site):
    assert await fsck(site) == Report()


async def test_all_is_well_after_ordinary_use(site, alice, bob):
    for person in (alice, bob):
        for number in range(5):
            await person.upload("a.txt", b"x" * (number + 1))
    await alice.delete(f"/api/file/{await alice.upload('gone.txt', b'gone')}")

    report = await fsck(site)

    assert report == Report(blobs=6, size_bytes=1 + 2 + 3 + 4 + 5 + 4, waiting_to_be_swept=1, problems=[])


async def test_bytes_that_are_not_there_are_missing(site, path):
    path.unlink()

    assert found(await fsck(site, deep=False)) == [("missing", HEX)]


@pytest.mark.parametrize("damage", [DATA[:-1], b"", DATA + b"more"])
async def test_bytes_of_another_size_are_told_with_both_sizes(site, path, damage):
    path.chmod(0o640)
    path.write_bytes(damage)

    report = await fsck(site, deep=False)

    assert found(report) == [("size", HEX)]
    assert report.problems[0].detail == f"{len(damage)} bytes are there, {len(DATA)} should be"


async def test_a_changed_byte_is_found_by_a_deep_look_only(site, path):
    path.chmod(0o640)
    path.write_bytes(DATA[:500] + b"X" + DATA[501:])

    assert found(await fsck(site, deep=False)) == []
    assert found(await fsck(site, deep=True)) == [("damaged", HEX)]


async def test_a_wrong_checksum_for_zips_is_found_too(site, path):
    await site.db.execute("UPDATE blobs SET crc32 = crc32 # 1")

    assert found(await fsck(site)) == [("damaged", HEX)]


async def test_bytes_that_no_row_knows_are_orphans(site, path):
    orphan = path.with_name("a" * 64)
    orphan.write_bytes(b"12345")

    report = await fsck(site, deep=False)

    assert found(report) == [("orphan", f"{HEX[:2]}/{HEX[2:4]}/{'a' * 64}")]
    assert report.problems[0].detail == "5 bytes that no row knows"


@pytest.mark.parametrize("counted", [0, 2])
async def test_a_wrong_count_of_references_is_found(site, set_wrong, counted):
    await set_wrong("UPDATE blobs SET refs = $1", counted)

    report = await fsck(site, deep=False)

    assert found(report) == [("references", HEX)]
    assert report.problems[0].detail == f"counts {counted} references, has 1"


@pytest.mark.parametrize("drift", ["file_count = file_count + 1", "storage_used_bytes = storage_used_bytes - 1"])
async def test_a_wrong_count_of_an_account_is_found(site, set_wrong, drift):
    await set_wrong(f"UPDATE users SET {drift}")

    assert found(await fsck(site, deep=False)) == [("counters", "alice")]


async def test_every_problem_is_found_at_once(site, path, alice, set_wrong):
    await alice.upload("b.txt", b"b")
    path.unlink()
    path.with_name("b" * 64).write_bytes(b"orphan")
    await set_wrong("UPDATE blobs SET refs = 5 WHERE size_bytes = 1")

    assert sorted(kind for kind, _ in found(await fsck(site))) == ["missing", "orphan", "references"]


async def test_bytes_that_wait_to_be_swept_may_be_gone_already(site, path, alice):
    await site.db.execute("DELETE FROM files")
    path.unlink()

    report = await fsck(site)

    assert (report.problems, report.waiting_to_be_swept) == ([], 1)


async def test_it_changes_nothing(site, path, alice):
    path.with_name("c" * 64).write_bytes(b"orphan")
    before = await site.db.fetch("SELECT b::text FROM blobs b UNION ALL SELECT u::text FROM users u")

    await fsck(site)
    await fsck(site)

    assert await site.db.fetch("SELECT b::text FROM blobs b UNION ALL SELECT u::text FROM users u") == before
    assert path.read_bytes() == DATA
    assert path.with_name("c" * 64).read_bytes() == b"orphan"


async def test_more_blobs_than_one_batch_are_all_looked_at(site, alice, monkeypatch):
    monkeypatch.setattr(verify, "ROWS_AT_ONCE", 7)
    for number in range(20):
        await alice.upload("a.txt", str(number).encode())
    seen = []

    report = await fsck(site, progress=lambda blobs, size_bytes: seen.append((blobs, size_bytes)))

    assert report.blobs == 20
    assert [blobs for blobs, _ in seen] == list(range(1, 21))
    assert seen[-1][1] == report.size_bytes


async def test_a_file_deleted_and_swept_while_fsck_looks_is_not_called_missing(site, alice, database_url):
    for number in range(3):
        await alice.upload("a.txt", str(number).encode())

    async def delete_and_sweep_the_others() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("DELETE FROM files")
        await connection.execute("DELETE FROM blobs")
        await connection.close()
        for blob in (site.settings.data_dir / "blobs").glob("??/??/*"):
            blob.unlink()

    def on_the_first(blobs: int, _size_bytes: int) -> None:
        if blobs == 1:
            meanwhile = threading.Thread(target=asyncio.run, args=(delete_and_sweep_the_others(),))
            meanwhile.start()
            meanwhile.join()

    assert found(await fsck(site, progress=on_the_first)) == []


async def test_it_finds_nothing_wrong_while_everybody_uploads_deletes_and_sweeps(site, alice, bob):
    is_over = False

    async def use(person) -> None:
        while not is_over:
            file_id = await person.upload("a.txt", b"the same")
            await person.upload("b.txt", file_id.encode())
            await person.delete(f"/api/file/{file_id}")
            await storage.sweep(site)

    using = [asyncio.create_task(use(person)) for person in (alice, bob, alice, bob)]
    reports = [await fsck(site) for _ in range(15)]
    is_over = True
    await asyncio.gather(*using)

    assert [found(report) for report in reports] == [[]] * 15


async def test_a_wrong_count_of_children_is_told(site, alice):
    await alice.write("/me/d/a.txt")
    await site.db.execute("UPDATE nodes SET child_count = 5 WHERE name = 'd'")

    problems = (await fsck(site)).problems

    await site.db.execute("UPDATE nodes SET child_count = 1 WHERE name = 'd'")
    assert [problem.detail for problem in problems] == ["counts 5 children, has 1"]
