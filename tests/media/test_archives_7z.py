"""7z: what its header may say, how its folders are read, and what py7zr makes of hostile ones."""

import io
import json
import lzma
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import py7zr
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixelhost.media import archive_7z, archives
from pixelhost.media.workers import MediaPool
from tests.media.archive_samples import (
    FILES,
    LZMA2,
    REFUSALS,
    SEVEN_ZIPS,
    seven_zip_of,
    seven_zip_with_plain_header,
)

SMALL = {"a.txt": b"hello" * 20, "dir/b": bytes(range(200)) * 3, "dir/c": b"c" * 5000}


@cache
def sample(kind: str) -> bytes:
    return SEVEN_ZIPS[kind](SMALL)


def listed(data: bytes) -> dict[str, Any]:
    tree = json.loads(archives.listing(io.BytesIO(data)))
    assert isinstance(tree, dict)
    return tree


def content(data: bytes, path: str) -> bytes:
    return b"".join(archives.content(io.BytesIO(data), path))


def number(value: int) -> bytes:
    """In the shortest of two of the forms there are."""
    return bytes([value]) if value < 0x80 else b"\xff" + value.to_bytes(8, "little")


def archive(header: bytes, packed: bytes = b"") -> bytes:
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def one_file(
    coders: bytes,
    packed: bytes,
    content_bytes: int,
    *,
    unpacked_sizes: bytes | None = None,
    file_properties: bytes = b"",
    packed_sizes: list[int] | None = None,
    folder_crc32: int | None = None,
) -> bytes:
    """An archive of one folder, made by hand, with the file `a` in it."""
    sizes = [len(packed)] if packed_sizes is None else packed_sizes
    pack_info = b"\x06\0" + number(len(sizes)) + b"\x09" + b"".join(map(number, sizes)) + b"\0"
    checksum = b"" if folder_crc32 is None else b"\x0a\x01" + struct.pack("<I", folder_crc32)
    unpack_info = b"\x07\x0b\x01\0" + coders + b"\x0c" + (unpacked_sizes or number(content_bytes)) + checksum + b"\0"
    names = "a\0".encode("utf-16-le")
    files = b"\x05\x01\x11" + number(len(names) + 1) + b"\0" + names + file_properties + b"\0"
    return archive(b"\x01\x04" + pack_info + unpack_info + b"\x08\0\0" + files + b"\0", packed)


COPY = b"\x01\x01\x00"


def lzma_coder(dictionary_bytes: int) -> bytes:
    return b"\x01\x23\x03\x01\x01\x05\x5d" + struct.pack("<I", dictionary_bytes)


@pytest.fixture
async def pool() -> AsyncIterator[MediaPool]:
    pool = MediaPool(1)
    yield pool
    await pool.close()


async def streamed_bytes(pool: MediaPool, path: Path, name: str) -> int:
    async with pool.stream(archives.content, path, name) as pieces:
        return sum([len(piece) async for piece in pieces])


def test_an_archive_of_nothing_is_empty() -> None:
    assert listed(seven_zip_of({}))["children"] == {}
    assert listed(archive(b""))["children"] == {}


def test_a_header_that_is_not_packed_is_read() -> None:
    assert content(seven_zip_with_plain_header(FILES), "dir/sub/c.txt") == FILES["dir/sub/c.txt"]


def test_a_folder_made_by_hand_is_read() -> None:
    assert content(one_file(COPY, b"hello", 5), "a") == b"hello"


def test_a_solid_archive_is_unpacked_once_for_all_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    unpacked = archive_7z._unpacked
    monkeypatch.setattr(archive_7z, "_unpacked", lambda *args: opened.append(1) or unpacked(*args))
    data = seven_zip_of({f"{index}": b"x" * 100 for index in range(50)}, filters=[LZMA2])
    assert b"".join(archives.directory_zip(io.BytesIO(data), "")).count(b"PK\x03\x04") == 50
    assert len(opened) == 1


def test_an_encrypted_file_is_listed_but_not_read() -> None:
    data = seven_zip_of({"secret": b"x" * 20}, password="hush")
    assert listed(data)["children"] == {"secret": {"size": 20}}
    with pytest.raises(archives.UnsupportedCompression, match="encrypted"):
        content(data, "secret")


def test_an_encrypted_header_is_refused() -> None:
    with pytest.raises(archives.UnsupportedCompression, match="encrypted"):
        listed(seven_zip_of({"secret": b"x" * 20}, password="hush", header_encryption=True))


@pytest.mark.parametrize("method", [b"\x04\xf7\x11\x04", b"\x03\x03\x01\x1b", b"\x7f"], ids=["lz4", "bcj2", "none"])
def test_a_method_that_we_do_not_know_is_refused_on_reading(method: bytes) -> None:
    data = one_file(b"\x01" + bytes([len(method)]) + method, b"hello", 20)
    assert listed(data)["size"] == 20
    with pytest.raises(archives.UnsupportedCompression, match="method"):
        content(data, "a")


def test_ppmd_is_refused_for_what_its_decoder_does_to_memory() -> None:
    data = seven_zip_of({"a": b"x" * 20}, filters=[{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}])
    assert listed(data)["size"] == 20
    with pytest.raises(archives.UnsupportedCompression, match="method"):
        content(data, "a")


def test_a_header_that_is_packed_by_ppmd_is_refused() -> None:
    ppmd = b"\x01\x23\x03\x04\x01\x05\x06" + struct.pack("<I", 1 << 24)
    streams = b"\x06\0\x01\x09\x05\0" + b"\x07\x0b\x01\0" + ppmd + b"\x0c\x14\0\0"
    with pytest.raises(archives.UnsupportedCompression, match="method"):
        listed(archive(b"\x17" + streams, b"hello"))


def test_coders_that_form_more_than_a_row_are_listed_but_not_read() -> None:
    """As BCJ2 does: four streams in, of which one comes from another coder."""
    bcj2 = b"\x02" + COPY[1:] + b"\x14\x03\x03\x01\x1b\x04\x01" + b"\x01\x00" + b"\x00\x02\x03\x04"
    data = one_file(bcj2, b"hello", 5, unpacked_sizes=number(5) + number(7), packed_sizes=[1, 1, 1, 2])
    assert listed(data)["children"] == {"a": {"size": 7}}
    with pytest.raises(archives.UnsupportedCompression, match="method"):
        content(data, "a")


def test_coders_in_a_circle_come_to_an_end() -> None:
    circle = b"\x03" + COPY[1:] * 3 + b"\x01\x01\x00\x02"
    with pytest.raises(archives.BrokenArchive):
        content(one_file(circle, b"hello", 6, unpacked_sizes=number(6) * 3), "a")


@pytest.mark.parametrize(("dictionary_bytes", "is_read"), [(256 << 20, True), (1 << 30, False), (0xFFFFFFFF, False)])
async def test_a_dictionary_that_a_worker_has_no_memory_for_is_refused(
    dictionary_bytes: int, is_read: bool, pool: MediaPool, tmp_path: Path
) -> None:
    packed = lzma.compress(b"hello", lzma.FORMAT_ALONE)[13:]
    (tmp_path / "a.7z").write_bytes(one_file(lzma_coder(dictionary_bytes), packed, 5))
    if is_read:
        assert await streamed_bytes(pool, tmp_path / "a.7z", "a") == 5
        return
    with pytest.raises(archives.UnsupportedCompression, match="memory"):
        await streamed_bytes(pool, tmp_path / "a.7z", "a")


@pytest.mark.parametrize("kind", ["7z-lzma2", "7z-zstd"])
async def test_what_unpacks_to_more_than_the_memory_of_a_worker_is_streamed(
    kind: str, pool: MediaPool, tmp_path: Path
) -> None:
    (tmp_path / "a.7z").write_bytes(SEVEN_ZIPS[kind]({"before": b"x", "zeros": bytes(520 << 20)}))
    assert await streamed_bytes(pool, tmp_path / "a.7z", "zeros") == 520 << 20


@pytest.mark.parametrize("properties", [b"\x21\x21\x00", b"\x21\x21\x01\x29", b"\x21\x21\x02\x10\x10"])
def test_properties_that_are_none_are_broken(properties: bytes) -> None:
    with pytest.raises(archives.BrokenArchive):
        content(one_file(b"\x01" + properties, b"hello", 5), "a")


@pytest.mark.parametrize("said_bytes", [6, 1 << 40])
@pytest.mark.parametrize("kind", ["copy", "lzma"])
def test_a_size_that_is_not_true_is_found_out(kind: str, said_bytes: int) -> None:
    packed = lzma.compress(b"hello", lzma.FORMAT_ALONE)[13:]
    data = one_file(COPY, b"hello", said_bytes) if kind == "copy" else one_file(lzma_coder(4096), packed, said_bytes)
    with pytest.raises(archives.BrokenArchive):
        content(data, "a")


def test_the_checksum_of_a_folder_is_that_of_its_only_file() -> None:
    right = zlib.crc32(b"hello")
    assert content(one_file(COPY, b"hello", 5, folder_crc32=right), "a") == b"hello"
    with pytest.raises(archives.BrokenArchive, match="checksum"):
        content(one_file(COPY, b"hello", 5, folder_crc32=right ^ 1), "a")


@pytest.mark.parametrize(("size_bytes", "is_listed"), [(1 << 44, True), ((1 << 44) + 1, False), ((1 << 64) - 1, False)])
def test_a_size_beyond_16_tib_is_broken(size_bytes: int, is_listed: bool) -> None:
    data = one_file(COPY, b"hello", size_bytes)
    if is_listed:
        assert listed(data)["size"] == size_bytes
        return
    with pytest.raises(archives.BrokenArchive, match="size"):
        listed(data)


@pytest.mark.parametrize("section", [b"\x04\x06\0", b"\x04\x07\x0b", b"\x05"], ids=["packed", "folders", "files"])
@pytest.mark.parametrize("count", [300_001, 1 << 40, (1 << 64) - 1])
def test_counts_that_the_header_has_no_room_for_are_broken(section: bytes, count: int) -> None:
    with pytest.raises(archives.BrokenArchive):
        listed(archive(b"\x01" + section + number(count) + b"\0\0"))


async def test_more_files_than_there_is_memory_for_are_refused(pool: MediaPool, tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(archive(b"\x01\x05" + number(8_000_000) + bytes(8_000_000)))
    with pytest.raises(archives.UnsupportedCompression, match="memory"):
        await pool.run(archives.listing, tmp_path / "a.7z")


@pytest.mark.parametrize(("limit", "is_listed"), [(5, True), (4, False)])
def test_more_files_than_allowed_are_refused(limit: int, is_listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_7z, "FILES_LIMIT", limit)
    data = seven_zip_of({f"{index}": b"x" for index in range(5)})
    if is_listed:
        assert listed(data)["size"] == 5
        return
    with pytest.raises(archives.UnsupportedCompression, match="too many"):
        listed(data)


@pytest.mark.parametrize(("limit", "properties"), [(5, []), (4, ["truncated"])])
def test_more_files_than_the_limit_are_left_out(
    limit: int, properties: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_7z, "NODES_LIMIT", limit)
    tree = listed(seven_zip_of({f"{index}": b"x" for index in range(5)}))
    assert len(tree["children"]) == limit
    assert tree["properties"] == properties


def test_a_header_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = one_file(COPY, b"hello", 5)
    (size_bytes,) = struct.unpack_from("<Q", data, 20)
    monkeypatch.setattr(archive_7z, "HEADER_LIMIT_BYTES", size_bytes)
    assert listed(data)["size"] == 5
    monkeypatch.setattr(archive_7z, "HEADER_LIMIT_BYTES", size_bytes - 1)
    with pytest.raises(archives.UnsupportedCompression, match="header"):
        listed(data)


def test_a_packed_header_that_unpacks_to_too_much_is_refused() -> None:
    streams = b"\x06\0\x01\x09\x05\0" + b"\x07\x0b\x01\0" + COPY + b"\x0c" + number(1 << 30) + b"\0\0"
    with pytest.raises(archives.BrokenArchive, match="header"):
        listed(archive(b"\x17" + streams, b"hello"))


def test_a_header_packed_in_itself_does_not_go_on_for_ever() -> None:
    streams = b"\x06\0\x01\x09\x19\0\x07\x0b\x01\0" + COPY + b"\x0c\x19\0\0"
    header = b"\x17" + streams
    again = header.replace(b"\x19", bytes([len(header)]))
    with pytest.raises(archives.BrokenArchive):
        listed(archive(again, again))


def test_a_header_with_a_wrong_checksum_is_broken() -> None:
    data = one_file(COPY, b"hello", 5)
    for place in (-1, 12, 30):
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(archives.BrokenArchive):
            listed(bytes(damaged))


def test_a_file_without_a_name_is_broken() -> None:
    with pytest.raises(archives.BrokenArchive, match="string"):
        listed(archive(b"\x01\x05\x02\x11\x05\0a\0\0\0\0\0"))


def test_a_file_without_content_is_broken() -> None:
    with pytest.raises(archives.BrokenArchive, match="content"):
        listed(archive(b"\x01\x05\x01\x11\x05\0a\0\0\0\0\0"))


def test_links_are_left_out() -> None:
    attributes = b"\x15\x06\x01\0" + struct.pack("<I", 0x8000 | 0o120777 << 16)
    assert listed(one_file(COPY, b"hello", 5, file_properties=attributes))["children"] == {}


def test_the_time_of_a_file_is_read() -> None:
    time = b"\x14\x0a\x01\0" + struct.pack("<Q", 126_444_736_000_000_000)
    found = archives.entry(io.BytesIO(one_file(COPY, b"hello", 5, file_properties=time)), "a")
    assert found.modified is not None
    assert found.modified.isoformat() == "2001-09-09T01:46:40+00:00"


def test_an_item_that_deletes_makes_an_archive_broken() -> None:
    """py7zr doesn't know such: they are in incremental backups alone."""
    properties = b"\x0e\x01\x80" + b"\x10\x01\x80"
    with pytest.raises(archives.BrokenArchive):
        listed(archive(b"\x01\x05\x01\x11\x05\0a\0\0\0" + properties + b"\0\0"))


@pytest.mark.parametrize(
    ("properties", "children"),
    [
        (b"", {"a": {"size": 0, "children": {}}}),
        (b"\x0f\x01\x80", {"a": {"size": 0}}),
        (b"\x15\x06\x01\0" + struct.pack("<I", 0x8020 | 0o100644 << 16), {"a": {"size": 0}}),
        (b"\x15\x06\x01\0" + struct.pack("<I", 0x8010 | 0o040755 << 16), {"a": {"size": 0, "children": {}}}),
        (b"\x15\x06\x01\0" + struct.pack("<I", 0x10), {"a": {"size": 0, "children": {}}}),
    ],
)
def test_what_has_no_content_is_a_directory_or_an_empty_file(properties: bytes, children: dict[str, Any]) -> None:
    files = b"\x05\x01\x0e\x01\x80\x11\x05\0a\0\0\0" + properties + b"\0"
    assert listed(archive(b"\x01" + files + b"\0"))["children"] == children


@pytest.mark.parametrize("kind", SEVEN_ZIPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_damaged_content_is_refused_or_read(kind: str, places: list[tuple[float, bytes]]) -> None:
    data = bytearray(sample(kind))
    (packed_bytes,) = struct.unpack_from("<Q", data, 12)
    for where, replacement in places:
        start = 32 + int(where * (packed_bytes - len(replacement)))
        data[start : start + len(replacement)] = replacement
    for path, wanted in SMALL.items():
        with suppress(*REFUSALS):
            assert content(bytes(data), path) == wanted
