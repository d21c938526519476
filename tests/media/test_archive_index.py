"""The table that finds a member of a zip without its directory."""

import io
from pathlib import Path

import pytest

from pixelhost.media import archive_index, archive_zip, archives, filetree, zipstream
from pixelhost.media.workers import MediaPool
from pixelhost.media.zipstream import Member
from tests.media.archive_samples import BARE_TARS, FILES, MODIFIED, PACKED_TARS, SEVEN_ZIPS, ZIPS, Maker, zip_of
from tests.media.test_archives_zip import Counting, patched

every_zip = pytest.mark.parametrize("make", ZIPS.values(), ids=ZIPS.keys())
OTHERS = BARE_TARS | PACKED_TARS | SEVEN_ZIPS


def table_of(data: bytes) -> bytes:
    return archive_index.index(io.BytesIO(data))


def row_of(table: bytes, path: str) -> bytes:
    return archive_index.find(io.BytesIO(table), path)


def extracted(data: bytes, row: bytes, start: int = 0, stop: int | None = None) -> bytes:
    size_bytes = archive_index.entry(row, "").size_bytes
    return b"".join(archive_index.content(io.BytesIO(data), row, start, size_bytes if stop is None else stop))


@every_zip
def test_every_file_is_found_as_without_the_table(make: Maker) -> None:
    data = make(FILES)
    table = table_of(data)
    for path, content in FILES.items():
        row = row_of(table, f"/{path}")
        assert archive_index.entry(row, path) == archives.entry(io.BytesIO(data), path)
        assert archive_index.entry(row, path).modified == MODIFIED
        assert extracted(data, row) == content
        assert extracted(data, row, 5, 9) == content[5:9]


@every_zip
def test_directories_are_found_too(make: Maker) -> None:
    table = table_of(make(FILES))
    for path in ("", "/", "dir", "dir/sub/"):
        assert archive_index.entry(row_of(table, path), path).is_directory
    assert archive_index.entry(row_of(table, "dir/sub"), "dir/sub").name == "sub"


@pytest.mark.parametrize("path", ["absent", "dir/absent", "a.txt/below", "dir/../a.txt", "DIR", "z"])
def test_a_path_that_nothing_has_is_refused(path: str) -> None:
    with pytest.raises(archives.NoSuchMember):
        row_of(table_of(zip_of({name: b"" for name in FILES if name != "z/z.txt"})), path)


def test_names_that_are_taken_are_those_of_the_listing() -> None:
    data = zip_of({"same": b"one", "sam!": b"two", "../up": b"three"}).replace(b"sam!", b"same")
    table = table_of(data)
    for path, content in (("same", b"one"), ("same (2)", b"two"), ("up", b"three")):
        assert extracted(data, row_of(table, path)) == content


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS.keys())
def test_other_kinds_have_no_table(make: Maker) -> None:
    assert table_of(make(FILES)) == b""


def test_an_empty_zip_has_a_root() -> None:
    assert archive_index.entry(row_of(table_of(zip_of({})), ""), "").is_directory


@pytest.mark.parametrize(("limit", "is_whole"), [(4, True), (3, False)])
def test_what_a_table_has_no_room_for_is_refused(limit: int, is_whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetree, "NODES_LIMIT", limit)
    data = zip_of({"a/1": b"first", "a/2": b"second", "b/3": b"third"})
    table = table_of(data)
    assert extracted(data, row_of(table, "a/2")) == b"second"
    if is_whole:
        assert extracted(data, row_of(table, "b/3")) == b"third"
        assert archive_index.entry(row_of(table, "a"), "a").is_directory
        return
    for path in ("b/3", "a", "b", "", "absent"):
        with pytest.raises(archives.ArchiveTooLarge):
            row_of(table, path)


@pytest.mark.parametrize(("limit", "is_whole"), [(3, True), (2, False)])
def test_a_directory_that_was_not_read_whole_makes_no_whole_table(
    limit: int, is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_zip, "NODES_LIMIT", limit)
    table = table_of(zip_of({"1": b"", "2": b"", "3": b""}))
    assert row_of(table, "2")
    if is_whole:
        assert row_of(table, "3")
        return
    with pytest.raises(archives.ArchiveTooLarge):
        row_of(table, "3")


def test_overlapping_members_and_wrong_checksums_are_refused_through_the_table() -> None:
    data = zip_of({"a": b"x" * 100, "b": b"y" * 100})
    with pytest.raises(archives.BrokenArchive, match="overlap"):
        table_of(patched(data, 42, bytes(4), number=1))
    long_name = patched(data, 26, b"\xff\xff", signature=b"PK\x03\x04")
    with pytest.raises(archives.BrokenArchive, match="overlap"):
        extracted(long_name, row_of(table_of(long_name), "a"))
    other = patched(data, 16, b"\x01\x02\x03\x04")
    with pytest.raises(archives.BrokenArchive, match="checksum"):
        extracted(other, row_of(table_of(other), "a"))


def test_of_a_large_table_and_its_archive_hardly_anything_is_read(tmp_path: Path) -> None:
    files = {f"{number // 1000}/{number}": b"%d" % number for number in range(20_000)}
    (tmp_path / "large.zip").write_bytes(zip_of(files))
    with (tmp_path / "large.zip").open("rb") as file:
        (tmp_path / "table").write_bytes(archive_index.index(file))
    with Counting(tmp_path / "table") as table, Counting(tmp_path / "large.zip") as archive:
        row = archive_index.find(table, "7/7654")
        assert b"".join(archive_index.content(archive, row, 0, 4)) == b"7654"
        assert table.read_bytes < 2_000
        assert archive.read_bytes < 200


async def test_the_largest_table_fits_into_a_worker_and_its_answer(tmp_path: Path) -> None:
    plan = zipstream.plan([Member(f"{number}", 0, 0, MODIFIED) for number in range(filetree.NODES_LIMIT)])
    parts = (part for part in plan.parts(0, plan.size_bytes) if isinstance(part, bytes))
    (tmp_path / "large.zip").write_bytes(b"".join(parts))
    pool = MediaPool(1)
    try:
        table = await pool.run(archive_index.index, tmp_path / "large.zip")
    finally:
        await pool.close()
    assert archive_index.entry(row_of(table, "249999"), "249999").name == "249999"
    with pytest.raises(archives.NoSuchMember):
        row_of(table, "250000")
