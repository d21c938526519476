"""Tar: every dialect of its headers, and how far a packed one is trusted."""

import gzip
import io
import json
import lzma
import tarfile
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from backports import zstd

from pixelhost.media import archive_tar, archives
from tests.media.archive_samples import MODIFIED, tar_file, tar_of, tar_with

BLOCK = 512


def listed(data: bytes) -> dict[str, Any]:
    tree = json.loads(archives.listing(io.BytesIO(data)))
    assert isinstance(tree, dict)
    return tree


def content(data: bytes, path: str) -> bytes:
    return b"".join(archives.content(io.BytesIO(data), path))


def block(name: bytes = b"a", size: bytes = b"00000000000\0", kind: bytes = b"0", **fields: bytes) -> bytes:
    """A header with the right checksum; `fields` are `magic`, `prefix`, `mtime`, or `at_OFFSET`."""
    header = bytearray(BLOCK)
    places = {"magic": 257, "prefix": 345, "mtime": 136}
    for start, value in [
        (0, name),
        (124, size),
        (156, kind),
        *((places.get(k) or int(k[3:]), v) for k, v in fields.items()),
    ]:
        header[start : start + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def pax(**records: bytes) -> bytes:
    lines = b""
    for key, value in records.items():
        line = b" " + key.replace("_", ".").encode() + b"=" + value + b"\n"
        length = len(line) + len(str(len(line)))
        length += len(str(length)) > len(str(len(line)))
        lines += str(length).encode() + line
    return block(b"x", b"%011o\0" % len(lines), b"x") + padded(lines)


END = bytes(2 * BLOCK)
FIVE = b"00000000005\0"


@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["n" * 300, "ü" * 200 + ".txt", "/".join(["dir"] * 60)])
def test_long_names_are_read_in_both_dialects(tar_format: int, name: str) -> None:
    assert content(tar_of({name: b"hello"}, tar_format), name) == b"hello"


def test_a_name_in_two_parts_is_read() -> None:
    name = "p" * 100 + "/" + "n" * 90
    assert content(tar_of({name: b"hello"}, tarfile.USTAR_FORMAT), name) == b"hello"


def test_the_format_from_before_there_was_a_magic_is_read() -> None:
    data = block(b"dir/", kind=b"\0") + block(b"dir/a", FIVE, kind=b"\0") + padded(b"hello") + END
    assert listed(data)["children"] == {"dir": {"size": 5, "children": {"a": {"size": 5}}}}


def test_a_checksum_of_signed_bytes_is_accepted() -> None:
    header = bytearray(block(b"\xfc\xfc"))
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(byte - 256 * (byte > 127) for byte in header)
    assert len(listed(bytes(header) + END)["children"]) == 1


@pytest.mark.parametrize(
    ("seconds", "modified"),
    [(0, datetime(1970, 1, 1, tzinfo=UTC)), (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)), (1 << 62, None)],
)
@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_times_before_1970_and_beyond_every_calendar_are_read(
    seconds: int, modified: datetime | None, tar_format: int
) -> None:
    info = tar_file("a")
    info.mtime = seconds
    assert archives.entry(io.BytesIO(tar_with([(info, b"")], tar_format)), "a").modified == modified


@pytest.mark.parametrize("mtime", [b"nan", b"inf", b"-inf", b"1e400"])
def test_a_time_that_is_no_number_is_none(mtime: bytes) -> None:
    assert archives.entry(io.BytesIO(pax(mtime=mtime) + block() + END), "a").modified is None


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_devices_and_pipes_are_left_out(kind: bytes) -> None:
    data = tar_with([(tar_file("special", 0, kind, "/etc/passwd"), b""), (tar_file("a", 1), b"1")])
    assert listed(data)["children"] == {"a": {"size": 1}}
    with pytest.raises(archives.NoSuchMember):
        content(data, "special")


def test_members_behind_a_link_that_claims_a_size_are_found() -> None:
    data = block(b"link", FIVE, b"1") + block(b"a", FIVE) + padded(b"hello") + END
    assert content(data, "a") == b"hello"


def test_members_behind_an_unknown_kind_are_found() -> None:
    data = block(b"odd", FIVE, b"Q") + padded(b"?????") + block(b"a", FIVE) + padded(b"hello") + END
    assert listed(data)["children"] == {"a": {"size": 5}}
    assert content(data, "a") == b"hello"


def test_headers_for_all_members_and_labels_are_passed_over() -> None:
    lines = b"20 path=everything!\n"
    common = block(b"g", b"%011o\0" % len(lines), b"g") + padded(lines)
    data = common + block(b"label", kind=b"V") + block(b"a", FIVE) + padded(b"hello") + END
    assert content(data, "a") == b"hello"


@pytest.mark.parametrize("is_old", [True, False])
def test_a_file_with_holes_is_listed_but_not_read(is_old: bool) -> None:
    if is_old:
        real = {"at_483": b"00000100000\0", "at_482": b"\1"}
        data = block(b"holes", FIVE, b"S", **real) + bytes(BLOCK) + padded(b"hello")
    else:
        data = pax(GNU_sparse_major=b"1", GNU_sparse_name=b"holes", GNU_sparse_realsize=b"32768") + block(b"tmp", FIVE)
        data += padded(b"hello")
    data += block(b"a", FIVE) + padded(b"after") + END
    assert listed(data)["children"] == {"holes": {"size": 32_768}, "a": {"size": 5}}
    assert content(data, "a") == b"after"
    with pytest.raises(archives.UnsupportedCompression, match="holes"):
        content(data, "holes")


def test_sizes_in_base_256_and_in_pax_are_read() -> None:
    large = (5).to_bytes(12, "big")
    data = block(b"a", b"\x80" + large[1:]) + padded(b"hello") + pax(size=b"5") + block(b"b") + padded(b"world") + END
    assert content(data, "a") == b"hello"
    assert content(data, "b") == b"world"


@pytest.mark.parametrize("size", [b"\xff" * 12, b"99999999999\0", b"\x80" + b"\x7f" * 11, b"-0000000001\0"])
def test_a_size_that_none_can_have_is_broken(size: bytes) -> None:
    with pytest.raises(archives.BrokenArchive):
        archives.listing(io.BytesIO(block(b"a", size) + END))


@pytest.mark.parametrize(
    "records",
    [
        b"",
        b"5 a=\n",
        b"99 path=a\n",
        b"9 path=ab\n",
        b"path=a\n",
        b"0 =\n",
        b"\0" * 30,
        b"10 size=x\n",
        b"11 mtime=y\n",
    ],
)
def test_damaged_extended_headers_are_broken(records: bytes) -> None:
    data = block(b"x", b"%011o\0" % len(records), b"x") + padded(records) + block() + END
    if records in {b"", b"5 a=\n"}:
        assert listed(data)["children"] == {"a": {"size": 0}}
        return
    with pytest.raises(archives.BrokenArchive):
        archives.listing(io.BytesIO(data))


@pytest.mark.parametrize(("size_bytes", "is_read"), [(1 << 20, True), ((1 << 20) + 1, False)])
def test_an_extended_header_has_at_most_1_mib(size_bytes: int, is_read: bool) -> None:
    data = block(b"long", b"%011o\0" % size_bytes, b"L") + padded(b"n".ljust(size_bytes, b"\0")) + block() + END
    if is_read:
        assert listed(data)["children"] == {"n": {"size": 0}}
        return
    with pytest.raises(archives.BrokenArchive, match="too large"):
        archives.listing(io.BytesIO(data))


def test_ten_thousand_extended_headers_in_a_row_do_not_recurse() -> None:
    chain = (block(b"long", b"00000000001\0", b"L") + padded(b"n")) * 10_000
    assert listed(chain + block() + END)["children"] == {"n": {"size": 0}}


@pytest.mark.parametrize("cut_bytes", [1, 100, 511, BLOCK])
def test_a_tar_that_ends_inside_a_file_is_broken(cut_bytes: int) -> None:
    whole = block(b"a", b"00000001000\0") + bytes(BLOCK)
    with pytest.raises(archives.BrokenArchive):
        archives.listing(io.BytesIO(whole[: len(whole) - cut_bytes]))


def test_a_tar_without_an_end_mark_is_read() -> None:
    assert content(block(b"a", FIVE) + padded(b"hello"), "a") == b"hello"


def test_what_comes_behind_the_end_mark_is_not_read() -> None:
    assert listed(block(b"a") + END + block(b"b"))["children"].keys() == {"a"}


def test_a_damaged_header_further_on_is_broken() -> None:
    with pytest.raises(archives.BrokenArchive, match="header"):
        archives.listing(io.BytesIO(block(b"a") + b"x" * BLOCK + END))


def test_tars_packed_in_several_parts_are_read() -> None:
    tar = tar_of({"a": b"hello" * 5000})
    half = len(tar) // 2
    skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc"
    for data in (
        gzip.compress(tar[:half]) + gzip.compress(tar[half:]) + bytes(512),
        lzma.compress(tar[:half]) + bytes(8) + lzma.compress(tar[half:]) + bytes(4),
        skippable + zstd.compress(tar[:half]) + skippable + zstd.compress(tar[half:]),
    ):
        assert content(data, "a") == b"hello" * 5000


def test_a_packed_tar_with_a_wrong_checksum_at_its_end_is_broken() -> None:
    packed = bytearray(gzip.compress(block(b"a", FIVE) + padded(b"hello")))
    packed[-8] ^= 1
    with pytest.raises(archives.BrokenArchive, match="damaged"):
        archives.listing(io.BytesIO(bytes(packed)))


@pytest.mark.parametrize(("window_log", "is_read"), [(27, True), (28, False)])
def test_a_zstd_window_beyond_128_mib_is_refused(window_log: int, is_read: bool) -> None:
    options = {zstd.CompressionParameter.window_log: window_log}
    compressor = zstd.ZstdCompressor(options=options)
    data = compressor.compress(tar_of({"a": b"hello"})) + compressor.flush()
    if is_read:
        assert content(data, "a") == b"hello"
        return
    with pytest.raises(archives.UnsupportedCompression, match="memory"):
        archives.listing(io.BytesIO(data))


@pytest.mark.parametrize(("dictionary_bytes", "is_read"), [(256 << 20, True), (384 << 20, False)])
def test_an_xz_dictionary_beyond_256_mib_is_refused(dictionary_bytes: int, is_read: bool) -> None:
    """The size is patched into the header of a small file, as to write it so takes ten times as much memory."""
    packed = bytearray(lzma.compress(tar_of({"a": b"hello"}), preset=0))
    # Stream header of 12 bytes; block header: size, flags, id of LZMA2, 1, size of the dictionary.
    assert packed[14:16] == b"\x21\x01"
    packed[16] = {256 << 20: 32, 384 << 20: 33}[dictionary_bytes]
    header_bytes = (packed[12] + 1) * 4
    packed[8 + header_bytes : 12 + header_bytes] = zlib.crc32(packed[12 : 8 + header_bytes]).to_bytes(4, "little")
    if is_read:
        assert content(bytes(packed), "a") == b"hello"
        return
    with pytest.raises(archives.UnsupportedCompression, match="memory"):
        archives.listing(io.BytesIO(bytes(packed)))


def test_a_bomb_of_zeros_is_passed_over_in_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    keep = archive_tar.UnpackedSource._next

    def watched(source: archive_tar.UnpackedSource, limit_bytes: int) -> memoryview:
        part = keep(source, limit_bytes)
        sizes.append(len(part))
        return part

    monkeypatch.setattr(archive_tar.UnpackedSource, "_next", watched)
    size_bytes = 100 << 20
    tar = block(b"bomb", b"%011o\0" % size_bytes) + bytes(size_bytes) + block(b"a", FIVE) + padded(b"hello") + END
    assert content(gzip.compress(tar, 1), "a") == b"hello"
    assert max(sizes) <= 256 << 10


def test_the_time_of_a_pax_header_is_that_of_one_member() -> None:
    data = pax(mtime=b"1.5") + block(b"a") + block(b"b", mtime=b"%011o\0" % int(MODIFIED.timestamp())) + END
    assert archives.entry(io.BytesIO(data), "a").modified == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert archives.entry(io.BytesIO(data), "b").modified == MODIFIED
