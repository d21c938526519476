"""What holds for every kind of archive."""

import io
import itertools
import json
import signal
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixelhost.media import archives
from pixelhost.media.workers import MediaPool
from tests.media.archive_samples import (
    BARE_TARS,
    FILES,
    MAKERS,
    MODIFIED,
    PACKED_TARS,
    REFUSALS,
    SEVEN_ZIPS,
    ZIPS,
    Maker,
    seven_zip_of,
    seven_zip_with_plain_header,
    tar_of,
    zip_of,
)

every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


@cache
def sample(make: Maker) -> bytes:
    return make(FILES)


def listed(data: bytes) -> dict[str, Any]:
    tree = json.loads(archives.listing(io.BytesIO(data)))
    assert isinstance(tree, dict)
    return tree


def paths_of(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, node in tree["children"].items():
        if "children" in node:
            yield from paths_of(node, f"{above}{name}/")
        else:
            yield f"{above}{name}"


def extracted(data: bytes, path: str, *cut: int) -> bytes:
    return b"".join(archives.content(io.BytesIO(data), path, *cut))


def zipped(data: bytes, path: str) -> dict[str, bytes]:
    """The files of the zip that a directory comes as, after every checksum in it was verified."""
    whole = b"".join(archives.directory_zip(io.BytesIO(data), path))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


@every_kind
def test_a_listing_is_a_tree_of_sizes(make: Maker) -> None:
    tree = listed(sample(make))
    assert tree["size"] == 906_001
    assert tree["children"] == {
        "a.txt": {"size": 6_000},
        "dir": {
            "size": 900_000,
            "children": {
                "b.bin": {"size": 600_000},
                "sub": {"size": 300_000, "children": {"c.txt": {"size": 300_000}}},
                "empty": {"size": 0},
            },
        },
        "z": {"size": 1, "children": {"z.txt": {"size": 1}}},
    }


@pytest.mark.parametrize("make", (ZIPS | BARE_TARS).values(), ids=(ZIPS | BARE_TARS).keys())
def test_zip_and_bare_tar_say_that_files_can_be_read_one_by_one(make: Maker) -> None:
    assert listed(sample(make))["properties"] == ["read_individual_files"]


@pytest.mark.parametrize("make", (PACKED_TARS | SEVEN_ZIPS).values(), ids=(PACKED_TARS | SEVEN_ZIPS).keys())
def test_what_is_packed_as_a_whole_does_not_say_so(make: Maker) -> None:
    assert listed(sample(make))["properties"] == []


@every_kind
def test_every_file_comes_out_as_it_went_in(make: Maker) -> None:
    data = sample(make)
    for path, content in FILES.items():
        assert extracted(data, path) == content


@every_kind
@pytest.mark.parametrize(
    "cut", [(0, 0), (0, 1), (5, 10), (262_143, 262_145), (300_000, 600_000), (599_999,), (600_000,), (700_000, 800_000)]
)
def test_any_range_of_a_file_can_be_had(make: Maker, cut: tuple[int, ...]) -> None:
    assert (
        extracted(sample(make), "dir/b.bin", *cut)
        == FILES["dir/b.bin"][slice(*cut) if cut[1:] else slice(cut[0], None)]
    )


@every_kind
def test_an_entry_tells_the_facts_of_a_file(make: Maker) -> None:
    found = archives.entry(io.BytesIO(sample(make)), "dir/sub/c.txt")
    assert (found.name, found.size_bytes, found.is_directory) == ("c.txt", 300_000, False)


@every_kind
def test_an_entry_of_a_directory_has_the_size_of_all_below(make: Maker) -> None:
    found = archives.entry(io.BytesIO(sample(make)), "/dir/")
    assert (found.name, found.size_bytes, found.is_directory) == ("dir", 900_000, True)


@every_kind
def test_the_empty_path_is_the_archive_itself(make: Maker) -> None:
    for path in ("", "/"):
        found = archives.entry(io.BytesIO(sample(make)), path)
        assert (found.name, found.size_bytes, found.is_directory) == ("", 906_001, True)


@pytest.mark.parametrize("make", (ZIPS | SEVEN_ZIPS).values(), ids=(ZIPS | SEVEN_ZIPS).keys())
def test_zip_and_7z_know_checksums(make: Maker) -> None:
    assert archives.entry(io.BytesIO(sample(make)), "a.txt").crc32 == zlib.crc32(FILES["a.txt"])


@pytest.mark.parametrize("make", (ZIPS | BARE_TARS).values(), ids=(ZIPS | BARE_TARS).keys())
def test_zip_and_tar_tell_when_a_file_was_changed(make: Maker) -> None:
    assert archives.entry(io.BytesIO(sample(make)), "a.txt").modified == MODIFIED


@every_kind
def test_a_slash_in_front_of_a_path_is_optional(make: Maker) -> None:
    assert extracted(sample(make), "/dir/sub/c.txt") == extracted(sample(make), "dir/sub/c.txt")


@every_kind
@pytest.mark.parametrize("path", ["absent", "dir/absent", "a.txt/below", "dir/../a.txt", "\0", "DIR"])
def test_a_path_that_nothing_has_is_refused(make: Maker, path: str) -> None:
    data = sample(make)
    for function in (
        archives.entry,
        lambda *args: list(archives.content(*args)),
        lambda *args: list(archives.directory_zip(*args)),
    ):
        with pytest.raises(archives.NoSuchMember):
            function(io.BytesIO(data), path)


@every_kind
def test_a_directory_has_no_content(make: Maker) -> None:
    with pytest.raises(archives.NoSuchMember):
        extracted(sample(make), "dir")


@every_kind
def test_a_file_is_no_directory_to_be_zipped(make: Maker) -> None:
    with pytest.raises(archives.NoSuchMember):
        zipped(sample(make), "a.txt")


@every_kind
def test_a_directory_comes_as_a_zip_of_what_is_below_it(make: Maker) -> None:
    assert zipped(sample(make), "dir") == {
        "b.bin": FILES["dir/b.bin"],
        "sub/c.txt": FILES["dir/sub/c.txt"],
        "empty": b"",
    }


@every_kind
def test_a_whole_archive_comes_as_a_zip(make: Maker) -> None:
    assert zipped(sample(make), "") == FILES


def test_an_empty_directory_comes_as_an_empty_zip() -> None:
    assert zipped(zip_of({"dir/": b""}), "dir") == {}


def test_a_directory_that_is_listed_for_itself_has_its_time() -> None:
    assert archives.entry(io.BytesIO(zip_of({"dir/": b"", "dir/a": b"1"})), "dir").modified == MODIFIED
    assert archives.entry(io.BytesIO(zip_of({"dir/a": b"1"})), "dir").modified is None


def test_an_archive_inside_of_an_archive_is_just_a_file() -> None:
    inner = zip_of({"inner.txt": b"x" * 1000})
    assert listed(zip_of({"inner.zip": inner}))["children"] == {"inner.zip": {"size": len(inner)}}


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"hello", bytes(10_240), b"\x1f\x8b", b"Rar!\x1a\x07\x01\0" + bytes(600), b"%PDF-1.7" + bytes(9_999)],
)
def test_what_is_no_archive_is_told_apart(data: bytes) -> None:
    with pytest.raises(archives.NotAnArchive):
        archives.listing(io.BytesIO(data))


@pytest.mark.parametrize("name", PACKED_TARS)
def test_a_packed_file_that_is_no_tar_is_no_archive(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.media.archive_samples.tar_of", lambda _: b"just a text " * 100)
    with pytest.raises(archives.NotAnArchive):
        archives.listing(io.BytesIO(PACKED_TARS[name]({})))


@every_kind
def test_half_an_archive_is_broken(make: Maker) -> None:
    data = sample(make)
    with pytest.raises(archives.BrokenArchive):
        archives.listing(io.BytesIO(data[: len(data) // 2]))


@pytest.mark.parametrize("make", (ZIPS | SEVEN_ZIPS).values(), ids=(ZIPS | SEVEN_ZIPS).keys())
def test_a_file_with_one_wrong_bit_never_comes_out_whole(make: Maker) -> None:
    data = bytearray(make({"x.bin": FILES["dir/b.bin"]}))
    data[len(data) // 2] ^= 0x10
    out: list[bytes] = []
    with pytest.raises(archives.BrokenArchive):
        out.extend(archives.content(io.BytesIO(bytes(data)), "x.bin"))
    assert len(b"".join(out)) < 600_000


async def test_a_file_streams_from_a_worker(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zip_of(FILES, zipfile.ZIP_DEFLATED))
    pool = MediaPool(1)
    try:
        async with pool.stream(archives.content, tmp_path / "x.zip", "dir/b.bin", 7) as pieces:
            assert b"".join([piece async for piece in pieces]) == FILES["dir/b.bin"][7:]
        with pytest.raises(archives.NoSuchMember):
            async with pool.stream(archives.content, tmp_path / "x.zip", "absent"):
                pass
        assert json.loads(await pool.run(archives.listing, tmp_path / "x.zip"))["size"] == 906_001
        assert (await pool.run(archives.entry, tmp_path / "x.zip", "a.txt")).modified == MODIFIED
    finally:
        await pool.close()


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fails what hangs."""

    def give_up(*_: object) -> None:
        raise AssertionError(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def look_everywhere(data: bytes) -> None:
    """Does all that can be done with an archive; nothing but declared refusals may come of it."""
    with within(20):
        try:
            tree = listed(data)
        except REFUSALS:
            return
        for path in itertools.islice(paths_of(tree), 8):
            with suppress(*REFUSALS):
                assert not archives.entry(io.BytesIO(data), path).is_directory
                list(itertools.islice(archives.content(io.BytesIO(data), path), 16))
        with suppress(*REFUSALS):
            list(itertools.islice(archives.directory_zip(io.BytesIO(data), ""), 32))


SMALL = {"a.txt": b"hello" * 20, "dir/b": bytes(range(200)), "dir/sub/c": b""}
TAR_BLOCK = 512


def with_right_checksums(tar: bytes) -> bytes:
    """So that damage gets past the first check."""
    blocks = [bytearray(tar[start : start + TAR_BLOCK]) for start in range(0, len(tar), TAR_BLOCK)]
    for block in blocks:
        if block[257:262] == b"ustar":
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
    return b"".join(blocks)


def with_right_crcs(archive: bytes) -> bytes:
    if len(archive) < 32:
        return archive
    offset, size_bytes = struct.unpack_from("<QQ", archive, 12)
    header = archive[32 + offset : 32 + offset + size_bytes] if offset < len(archive) else b""
    start = struct.pack("<QQI", offset, size_bytes, zlib.crc32(header))
    return archive[:8] + struct.pack("<I", zlib.crc32(start)) + start + archive[32:]


FUZZED: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "zip": (zip_of(SMALL, zipfile.ZIP_DEFLATED), bytes),
    "zip-lzma": (zip_of(SMALL, zipfile.ZIP_LZMA), bytes),
    "tar-pax": (tar_of({**SMALL, "ü" * 60: b"long"}), with_right_checksums),
    "tar-gnu": (tar_of({**SMALL, "n" * 200: b"long"}, tarfile.GNU_FORMAT), with_right_checksums),
    "tar.gz": (PACKED_TARS["tar.gz"](SMALL), bytes),
    "tar.xz": (PACKED_TARS["tar.xz"](SMALL), bytes),
    "tar.zst": (PACKED_TARS["tar.zst"](SMALL), bytes),
    "7z": (seven_zip_of(SMALL), with_right_crcs),
    "7z-plain": (seven_zip_with_plain_header(SMALL), with_right_crcs),
}


@pytest.mark.parametrize("kind", FUZZED)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4),
    length=st.floats(0.2, 1.2),
)
def test_a_damaged_archive_is_refused_or_read(kind: str, places: list[tuple[float, bytes]], length: float) -> None:
    whole, mend = FUZZED[kind]
    data = bytearray(whole if length > 1 else whole[: int(length * len(whole))])
    for where, replacement in places:
        start = int(where * (len(data) - 1))
        data[start : start + len(replacement)] = replacement
    look_everywhere(mend(bytes(data)))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from(
        [b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c\0\4", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b""]
    ),
    noise=st.binary(max_size=600),
)
def test_noise_behind_a_signature_is_refused(start: bytes, noise: bytes) -> None:
    with within(20), pytest.raises(REFUSALS):
        archives.listing(io.BytesIO(start + noise))
