import io
import os
import random
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.media.zipstream import CHUNK_BYTES, Extent, Member, ZipPlan, plan, unique_names

GIB = 1 << 30
NOON = datetime(2026, 5, 17, 12, 30, 42, tzinfo=UTC)


def member_of(name: str, content: bytes, modified: datetime = NOON) -> Member:
    return Member(name, len(content), zlib.crc32(content), modified)


def members_of(contents: dict[str, bytes]) -> list[Member]:
    return [member_of(name, content) for name, content in contents.items()]


def written(planned: ZipPlan, contents: Sequence[bytes], start: int = 0, stop: int | None = None) -> bytes:
    """The bytes that a client gets for a range."""
    out = io.BytesIO()
    for part in planned.parts(start, planned.size_bytes if stop is None else stop):
        if isinstance(part, bytes):
            out.write(part)
        else:
            out.write(contents[part.member][part.offset : part.offset + part.size_bytes])
    return out.getvalue()


def archive_of(contents: dict[str, bytes]) -> zipfile.ZipFile:
    planned = plan(members_of(contents))
    return zipfile.ZipFile(io.BytesIO(written(planned, list(contents.values()))))


SOME = {
    "a.txt": b"hello",
    "empty": b"",
    "dir/": b"",
    "dir/Grüße 🎉.bin": bytes(range(256)) * 300,
    "dir/deep/er/x": b"x",
}


def test_the_archive_holds_every_file() -> None:
    archive = archive_of(SOME)
    assert archive.testzip() is None
    assert archive.namelist() == list(SOME)
    assert {name: archive.read(name) for name in archive.namelist()} == SOME


def test_the_length_is_known_in_advance() -> None:
    planned = plan(members_of(SOME))
    assert planned.size_bytes == len(written(planned, list(SOME.values())))


def test_an_empty_archive_is_an_archive() -> None:
    assert archive_of({}).namelist() == []


def test_directories_files_and_their_rights_are_told_apart() -> None:
    infos = {info.filename: info for info in archive_of(SOME).infolist()}
    assert infos["dir/"].is_dir()
    assert infos["dir/"].external_attr >> 16 == 0o40755
    assert infos["a.txt"].external_attr >> 16 == 0o100644
    assert infos["a.txt"].compress_type == zipfile.ZIP_STORED


def test_times_are_in_utc_and_exact_to_the_second() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=9))) + timedelta(seconds=1)
    planned = plan([member_of("a", b"", east)])
    (info,) = zipfile.ZipFile(io.BytesIO(written(planned, [b""]))).infolist()
    assert info.date_time == (2026, 5, 17, 12, 30, 42)
    assert info.extra == struct.pack("<HHBi", 0x5455, 5, 1, int(NOON.timestamp()) + 1)


@pytest.mark.parametrize(
    ("modified", "shown"),
    [
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), (1980, 1, 1, 0, 0, 0)),
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2050, 2, 3, 4, 5, 6, tzinfo=UTC), (2050, 2, 3, 4, 5, 6)),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times_that_the_format_lacks_become_its_nearest(modified: datetime, shown: tuple[int, ...]) -> None:
    planned = plan([member_of("a", b"", modified)])
    (info,) = zipfile.ZipFile(io.BytesIO(written(planned, [b""]))).infolist()
    assert info.date_time == shown


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_finds_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(written(plan(members_of(SOME)), list(SOME.values())))
    subprocess.run(["unzip", "-q", "-t", tmp_path / "a.zip"], check=True, stdout=subprocess.DEVNULL)
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    subprocess.run(["unzip", "-q", tmp_path / "a.zip", "-d", tmp_path / "out"], check=True, env=environment)
    assert (tmp_path / "out/dir/Grüße 🎉.bin").read_bytes() == SOME["dir/Grüße 🎉.bin"]
    assert (tmp_path / "out/a.txt").stat().st_mtime == NOON.timestamp()


@pytest.mark.skipif(shutil.which("7z") is None, reason="7z is not installed")
def test_7z_finds_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(written(plan(members_of(SOME)), list(SOME.values())))
    subprocess.run(["7z", "t", tmp_path / "a.zip"], check=True, stdout=subprocess.DEVNULL)


contents_of_archives = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=20),
    st.binary(max_size=200),
    max_size=12,
)


@settings(max_examples=50, deadline=None)
@given(contents=contents_of_archives, seed=st.integers())
def test_pieces_put_together_are_the_whole(contents: dict[str, bytes], seed: int) -> None:
    planned, files = plan(members_of(contents)), list(contents.values())
    whole = written(planned, files)
    chance = random.Random(seed)
    cuts = sorted([0, planned.size_bytes, *(chance.randint(0, planned.size_bytes) for _ in range(8))])
    pieces = [written(planned, files, start, stop) for start, stop in pairwise(cuts)]
    assert b"".join(pieces) == whole


def test_every_single_byte_can_be_asked_for() -> None:
    contents = {"a": b"one", "b": b"", "c": b"three"}
    planned, files = plan(members_of(contents)), list(contents.values())
    whole = written(planned, files)
    for start in range(planned.size_bytes):
        assert written(planned, files, start, start + 1) == whole[start : start + 1]


def test_a_range_beyond_the_archive_is_a_mistake() -> None:
    planned = plan(members_of(SOME))
    for start, stop in ((-1, 1), (2, 1), (0, planned.size_bytes + 1)):
        with pytest.raises(ValueError, match="no range"):
            planned.parts(start, stop)


def test_an_empty_range_has_no_parts() -> None:
    assert list(plan(members_of(SOME)).parts(7, 7)) == []


def test_headers_come_in_chunks_of_moderate_size() -> None:
    planned = plan([member_of(f"file {number}", b"") for number in range(20_000)])
    sizes = [len(part) for part in planned.parts(0, planned.size_bytes) if isinstance(part, bytes)]
    assert max(sizes) <= CHUNK_BYTES
    assert min(sizes[:-1]) > CHUNK_BYTES // 2


# Zip64. Nobody writes four gigabytes here: the structures are read where the plan says they are.


def structure(planned: ZipPlan, start: int, stop: int) -> bytes:
    """The bytes of a range that holds headers only."""
    parts = list(planned.parts(start, stop))
    assert all(isinstance(part, bytes) for part in parts)
    return b"".join(part for part in parts if isinstance(part, bytes))


def central_directory(planned: ZipPlan) -> tuple[int, int, int, bytes]:
    """Count, size and offset by the end records, and the bytes from the central directory on (APPNOTE 4.3.14 to 16)."""
    end = structure(planned, planned.size_bytes - 22, planned.size_bytes)
    magic, _, _, _, count, size, offset, _ = struct.unpack("<4sHHHHIIH", end)
    assert magic == b"PK\x05\x06"
    if count == 0xFFFF or size == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        locator = structure(planned, planned.size_bytes - 42, planned.size_bytes - 22)
        magic, _, record_offset, _ = struct.unpack("<4sIQI", locator)
        assert magic == b"PK\x06\x07"
        record = structure(planned, record_offset, record_offset + 56)
        magic, record_size, _, version, _, _, _, count, size, offset = struct.unpack("<4sQHHIIQQQQ", record)
        assert (magic, record_size, version) == (b"PK\x06\x06", 44, 45)
    return count, size, offset, structure(planned, offset, planned.size_bytes)


def central_headers(planned: ZipPlan) -> list[dict[str, object]]:
    count, size, _, data = central_directory(planned)
    headers, position = [], 0
    for _ in range(count):
        fields = struct.unpack_from("<4sHHHHHHIIIHHHHHII", data, position)
        assert fields[0] == b"PK\x01\x02"
        stored, unpacked, name_length, extra_length, offset = fields[8], fields[9], fields[10], fields[11], fields[16]
        name = data[position + 46 : position + 46 + name_length].decode()
        extra = data[position + 46 + name_length : position + 46 + name_length + extra_length]
        large = zip64_numbers(extra)
        has_zip64 = bool(large)
        unpacked = large.pop(0) if unpacked == 0xFFFFFFFF else unpacked
        stored = large.pop(0) if stored == 0xFFFFFFFF else stored
        offset = large.pop(0) if offset == 0xFFFFFFFF else offset
        assert not large
        assert stored == unpacked
        headers.append({"name": name, "size": unpacked, "offset": offset, "zip64": has_zip64, "version": fields[2]})
        position += 46 + name_length + extra_length
    assert position == size
    return headers


def zip64_numbers(extra: bytes) -> list[int]:
    position = 0
    while position < len(extra):
        tag, size = struct.unpack_from("<HH", extra, position)
        if tag == 1:
            return list(struct.unpack_from(f"<{size // 8}Q", extra, position + 4))
        position += 4 + size
    return []


@pytest.mark.parametrize("size_bytes", [4 * GIB - 2, 4 * GIB - 1, 4 * GIB, 4 * GIB + 1, 5 * 1024 * GIB])
def test_zip64_begins_where_a_size_no_longer_fits(size_bytes: int) -> None:
    planned = plan([Member("large", size_bytes, 0, NOON), Member("after", 5, 0, NOON)])
    large, after = central_headers(planned)
    is_large = size_bytes >= 0xFFFFFFFF
    assert (large["size"], large["offset"], large["zip64"]) == (size_bytes, 0, is_large)
    assert large["version"] == (45 if is_large else 20)
    local = structure(planned, 0, 30 + 5 + 9 + 20 * is_large)
    sizes = struct.unpack_from("<II", local, 18)
    assert sizes == ((0xFFFFFFFF,) * 2 if is_large else (size_bytes,) * 2)
    assert zip64_numbers(local[35:]) == ([size_bytes] * 2 if is_large else [])
    assert after["offset"] == len(local) + size_bytes
    assert next(planned.parts(len(local), len(local) + 10)) == Extent(0, 0, 10)


@pytest.mark.parametrize("offset", [4 * GIB - 2, 4 * GIB - 1, 4 * GIB])
def test_zip64_begins_where_an_offset_no_longer_fits(offset: int) -> None:
    filling = offset - (30 + 1 + 9)
    planned = plan([Member("a", filling, 0, NOON), Member("b", 1, 0, NOON)])
    header = central_headers(planned)[1]
    assert (header["offset"], header["zip64"]) == (offset, offset >= 0xFFFFFFFF)
    assert structure(planned, offset, offset + 4) == b"PK\x03\x04"


@pytest.mark.parametrize("start", [4 * GIB - 2, 4 * GIB - 1, 4 * GIB])
def test_zip64_begins_where_the_directory_lies_too_far(start: int) -> None:
    planned = plan([Member("a", start - (30 + 1 + 9), 0, NOON)])
    assert central_directory(planned)[2] == start
    assert (b"PK\x06\x06" in central_directory(planned)[3]) == (start >= 0xFFFFFFFF)


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536])
def test_zip64_begins_where_the_members_can_no_longer_be_counted(count: int) -> None:
    planned = plan([Member(str(number), 0, 0, NOON) for number in range(count)])
    whole = written(planned, [b""] * count)
    assert (b"PK\x06\x06" in whole) == (count >= 65_535)
    assert len(zipfile.ZipFile(io.BytesIO(whole)).namelist()) == count


def test_a_range_in_the_middle_of_terabytes_is_found() -> None:
    planned = plan([Member(f"{number}.iso", 1024 * GIB, 0, NOON) for number in range(100)])
    middle = planned.size_bytes // 2
    (part,) = planned.parts(middle, middle + 1000)
    assert isinstance(part, Extent)
    assert part.size_bytes == 1000


@pytest.mark.parametrize(
    "member",
    [
        Member("", 0, 0, NOON),
        Member("x" * 65_536, 0, 0, NOON),
        Member("dir/", 1, 0, NOON),
        Member("a", -1, 0, NOON),
        Member("a", 0, 1 << 32, NOON),
        Member("a", 0, 0, NOON.replace(tzinfo=None)),
        Member("\ud800", 0, 0, NOON),
    ],
)
def test_what_no_archive_can_hold_is_a_mistake(member: Member) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        plan([member])


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["a.txt", "b.txt"], ["a.txt", "b.txt"]),
        (["a.txt", "a.txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a.txt", "A.TXT"], ["a.txt", "A (2).TXT"]),
        (["a.txt", "a (2).txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a.tar.gz", "a.tar.gz"], ["a.tar.gz", "a (2).tar.gz"]),
        ([".profile", ".profile"], [".profile", ".profile (2)"]),
        (["README", "readme"], ["README", "readme (2)"]),
        (["d/x.txt", "d/x.txt"], ["d/x.txt", "d/x (2).txt"]),
        (["v1.0/x", "v1.0/x"], ["v1.0/x", "v1.0/x (2)"]),
        (["d/", "d/"], ["d/", "d (2)/"]),
        (["d", "d/x"], ["d (2)", "d/x"]),
        (["é.txt", "e\u0301.txt"], ["é.txt", "e\u0301 (2).txt"]),
    ],
)
def test_names_become_unique(names: list[str], wanted: list[str]) -> None:
    assert unique_names(names) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a/../../b", "a/b"),
        ("./a//b", "a/b"),
        ("..\\..\\boot.ini", ".._.._boot.ini"),
        ("C:\\boot.ini", "C__boot.ini"),
        ("c:/boot.ini", "c_/boot.ini"),
        ("a\x00b\nc\x7f", "a_b_c_"),
        ("..", "file"),
        ("", "file"),
        ("/", "file/"),
        ("..hidden", "..hidden"),
    ],
)
def test_names_stay_below_the_directory_they_are_extracted_to(name: str, wanted: str) -> None:
    assert unique_names([name]) == [wanted]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("aA./\\: \x00é(2)\ud800"), max_size=8), max_size=12))
def test_any_names_become_safe_and_unique(names: list[str]) -> None:
    made = unique_names(names)
    assert len({name.casefold() for name in made}) == len(names)
    for name in made:
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert not set(name) & {"\\", "\x00"}
        name.encode()
    files = {name.casefold() for name in made if not name.endswith("/")}
    directories = {str(parent).casefold() for name in made for parent in PurePosixPath(name + "x").parents}
    assert not files & directories
