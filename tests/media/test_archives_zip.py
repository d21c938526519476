"""Zip: what is read of it, its large form, and the ways in which one can lie."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pixelhost.media import archive_zip, archives, zipstream
from tests.media.archive_samples import FILES, MODIFIED, zip_of

GIB = 1 << 30


class Counting(io.FileIO):
    """Counts the bytes that are read."""

    read_bytes = 0

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer) or 0
        self.read_bytes += count
        return count

    def readall(self) -> bytes:
        raise AssertionError("nobody wants all of it")


def listed(data: bytes) -> dict[str, Any]:
    tree = json.loads(archives.listing(io.BytesIO(data)))
    assert isinstance(tree, dict)
    return tree


def content(data: bytes, path: str) -> bytes:
    return b"".join(archives.content(io.BytesIO(data), path))


def headers(data: bytes, signature: bytes) -> Iterator[int]:
    position = data.find(signature)
    while position >= 0:
        yield position
        position = data.find(signature, position + 1)


def patched(data: bytes, offset: int, field: bytes, *, number: int = 0, signature: bytes = b"PK\x01\x02") -> bytes:
    """`field` put at `offset` of a header, of the central directory if nothing else is said."""
    start = list(headers(data, signature))[number] + offset
    return data[:start] + field + data[start + len(field) :]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """10 GiB of which hardly anything is on the disk: a large hole, a small text, and 5 GiB more."""
    members = [
        zipstream.Member("hole.bin", 5 * GIB, 0, MODIFIED),
        zipstream.Member("dir/small.txt", 5, 0x3610A686, MODIFIED),
        zipstream.Member("hole2.bin", 5 * GIB, 0, MODIFIED),
    ]
    plan = zipstream.plan(members)
    with (tmp_path / "large.zip").open("wb") as out:
        for part in plan.parts(0, plan.size_bytes):
            if isinstance(part, bytes):
                out.write(part)
            elif part.member == 1:
                out.write(b"hello")
            else:
                out.seek(part.size_bytes, io.SEEK_CUR)
    return tmp_path / "large.zip"


def test_of_a_large_zip_only_the_directory_is_read(large: Path) -> None:
    with Counting(large) as raw:
        tree = json.loads(archives.listing(io.BufferedReader(raw)))
        assert tree["size"] == 10 * GIB + 5
        assert raw.read_bytes < 200_000


def test_of_a_large_zip_only_the_member_is_read(large: Path) -> None:
    with Counting(large) as raw:
        file = io.BufferedReader(raw)
        assert archives.entry(file, "dir/small.txt").size_bytes == 5
        assert b"".join(archives.content(file, "dir/small.txt")) == b"hello"
        assert raw.read_bytes < 400_000


def test_a_range_of_a_stored_member_is_read_alone(large: Path) -> None:
    with Counting(large) as raw:
        pieces = archives.content(io.BufferedReader(raw), "hole2.bin", 4 * GIB, 4 * GIB + 1_000_000)
        assert sum(len(piece) for piece in pieces) == 1_000_000
        assert raw.read_bytes < 1_300_000


def test_a_zip_with_large_records_though_it_is_small_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"hello")
    assert content(out.getvalue(), "a") == b"hello"


def test_a_program_that_unpacks_itself_is_a_zip() -> None:
    data = b"MZ" + bytes(5000) + zip_of({"a": b"hello"})
    assert content(data, "a") == b"hello"


def test_a_comment_that_looks_like_an_end_record_does_not_confuse() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"hello")
        archive.comment = b"PK\x05\x06" + b"\xff" * 40
    assert content(out.getvalue(), "a") == b"hello"


def test_a_zip_written_without_seeking_is_read() -> None:
    class Pipe(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", FILES["a.txt"])
    assert content(pipe.written, "a") == FILES["a.txt"]


def test_names_are_utf_8_or_what_dos_had() -> None:
    def named(name: bytes, flags: int) -> str:
        data = zip_of({"x" * len(name): b""}).replace(b"x" * len(name), name)
        (listed_name,) = listed(patched(data, 8, struct.pack("<H", flags)))["children"]
        return str(listed_name)

    assert named("grün.txt".encode(), 1 << 11) == "grün.txt"
    assert named("grün.txt".encode(), 0) == "grün.txt"
    assert named("grün.txt".encode("cp437"), 0) == "grün.txt"
    assert named(b"gr\xffn", 1 << 11) == "gr\N{REPLACEMENT CHARACTER}n"


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        (struct.pack("<HHBi", 0x5455, 5, 1, 1_000_000_000), datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (struct.pack("<HHBi", 0x5455, 5, 1, -1), datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (
            struct.pack("<HHIHHQQQ", 0x000A, 32, 0, 1, 24, 126_444_736_000_000_000, 0, 0),
            datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC),
        ),
        (struct.pack("<HHB", 0x5455, 1, 1), MODIFIED),
        (b"\x55", MODIFIED),
    ],
)
def test_times_are_those_of_the_extra_field_if_it_has_any(extra: bytes, wanted: datetime) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a", MODIFIED.timetuple()[:6])
        archive.writestr(info, b"")
        info.extra = extra
    assert archives.entry(io.BytesIO(out.getvalue()), "a").modified == wanted


def test_a_date_that_no_calendar_has_is_none() -> None:
    assert archives.entry(io.BytesIO(patched(zip_of({"a": b""}), 12, bytes(4))), "a").modified is None


def test_directories_are_known_by_their_slash_and_by_their_attributes() -> None:
    by_dos = patched(zip_of({"dir": b""}), 38, struct.pack("<I", 0x10))
    by_unix = patched(zip_of({"dir": b""}), 38, struct.pack("<I", 0o040755 << 16))
    for data in (zip_of({"dir/": b""}), by_dos, by_unix):
        assert listed(data)["children"] == {"dir": {"size": 0, "children": {}}}


@pytest.mark.parametrize("kind", [0o120000, 0o020000, 0o060000, 0o010000, 0o140000])
def test_links_devices_and_pipes_are_left_out(kind: int) -> None:
    data = patched(zip_of({"special": b"/etc/passwd", "a": b"1"}), 38, struct.pack("<I", (kind | 0o777) << 16))
    assert listed(data)["children"] == {"a": {"size": 1}}
    with pytest.raises(archives.NoSuchMember):
        content(data, "special")


def test_an_encrypted_member_is_listed_but_not_read() -> None:
    data = patched(zip_of({"secret": b"x" * 20, "open": b"1"}), 8, struct.pack("<H", 1))
    assert listed(data)["children"]["secret"] == {"size": 20}
    assert content(data, "open") == b"1"
    with pytest.raises(archives.UnsupportedCompression, match="encrypted"):
        content(data, "secret")


@pytest.mark.parametrize("method", [1, 6, 9, 19, 95, 98, 99, 65535])
def test_a_method_that_we_do_not_know_is_refused_on_reading(method: int) -> None:
    data = patched(zip_of({"a": b"x" * 20}), 10, struct.pack("<H", method))
    assert listed(data)["size"] == 20
    with pytest.raises(archives.UnsupportedCompression, match=str(method)):
        content(data, "a")


@pytest.mark.parametrize(
    ("size_bytes", "reason"), [(1999, "longer"), (2001, "shorter"), (0, "longer"), (1 << 31, "shorter")]
)
def test_a_size_that_is_not_true_is_found_out(size_bytes: int, reason: str) -> None:
    data = patched(zip_of({"a": b"x" * 2000}, zipfile.ZIP_DEFLATED), 24, struct.pack("<I", size_bytes))
    with pytest.raises(archives.BrokenArchive, match=reason):
        content(data, "a")


def test_a_wrong_checksum_is_found_out_before_the_last_piece() -> None:
    data = patched(zip_of({"a": b"x" * 900_000}, zipfile.ZIP_DEFLATED), 16, b"\0\0\0\0")
    received: list[bytes] = []
    with pytest.raises(archives.BrokenArchive, match="checksum"):
        received.extend(archives.content(io.BytesIO(data), "a"))
    assert len(b"".join(received)) < 900_000


def test_a_part_that_does_not_reach_the_end_is_not_checked() -> None:
    data = patched(zip_of({"a": b"x" * 900_000}, zipfile.ZIP_DEFLATED), 16, b"\0\0\0\0")
    assert b"".join(archives.content(io.BytesIO(data), "a", 5, 899)) == b"x" * 894


def test_a_stored_member_with_two_sizes_is_broken() -> None:
    data = patched(zip_of({"a": b"x" * 900}), 24, struct.pack("<I", 800))
    with pytest.raises(archives.BrokenArchive, match="two sizes"):
        content(data, "a")


def test_two_entries_for_the_same_bytes_are_broken() -> None:
    data = zip_of({"a": b"x" * 900, "b": b"x" * 900})
    with pytest.raises(archives.BrokenArchive, match="overlap"):
        archives.listing(io.BytesIO(patched(data, 42, bytes(4), number=1)))


def test_a_member_that_reaches_into_the_next_is_broken() -> None:
    data = zip_of({"a": b"x" * 900, "b": b"x" * 900})
    with pytest.raises(archives.BrokenArchive, match="overlap"):
        archives.listing(io.BytesIO(patched(data, 20, struct.pack("<I", 1000))))


def test_a_member_that_reaches_into_the_directory_is_broken() -> None:
    with pytest.raises(archives.BrokenArchive, match="overlap"):
        archives.listing(io.BytesIO(patched(zip_of({"a": b"x" * 900}), 20, struct.pack("<I", 1000))))


def test_a_local_header_that_swallows_the_next_member_is_broken_on_reading() -> None:
    data = zip_of({"a": b"x" * 900, "b": b"x" * 900})
    quoted = patched(data, 28, struct.pack("<H", 50), signature=b"PK\x03\x04")
    with pytest.raises(archives.BrokenArchive, match="overlap"):
        content(quoted, "a")


def test_a_member_that_is_not_where_it_should_be_is_broken() -> None:
    data = patched(zip_of({"a": b"x" * 900}), 0, b"XX", signature=b"PK\x03\x04")
    with pytest.raises(archives.BrokenArchive, match="not where"):
        content(b"PK\x05\x06" + data[4:], "a")


def test_a_directory_that_starts_before_the_file_is_broken() -> None:
    data = zip_of({"a": b"x"})
    for offset, field in ((12, struct.pack("<I", 1 << 30)), (16, struct.pack("<I", 1 << 30))):
        with pytest.raises(archives.BrokenArchive):
            archives.listing(io.BytesIO(patched(data, offset, field, signature=b"PK\x05\x06")))


def test_a_size_beyond_16_tib_is_broken() -> None:
    def with_size(size_bytes: int) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("a"), b"")
            archive.infolist()[0].file_size = size_bytes
        return out.getvalue()

    assert listed(with_size(1 << 44))["size"] == 1 << 44
    with pytest.raises(archives.BrokenArchive):
        listed(with_size((1 << 44) + 1))


def test_a_part_of_a_split_archive_is_not_supported() -> None:
    data = patched(zip_of({"a": b"x"}), 4, struct.pack("<H", 1), signature=b"PK\x05\x06")
    with pytest.raises(archives.UnsupportedCompression, match="split"):
        archives.listing(io.BytesIO(data))


@pytest.mark.parametrize(("limit", "properties"), [(5, []), (4, ["truncated"])])
def test_a_directory_of_more_entries_than_the_limit_is_truncated(
    limit: int, properties: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_zip, "NODES_LIMIT", limit)
    tree = listed(zip_of({f"{number}": b"" for number in range(5)}))
    assert len(tree["children"]) == limit
    assert tree["properties"] == ["read_individual_files", *properties]


@pytest.mark.parametrize(("fewer_bytes", "count"), [(0, 5), (1, 4), (46, 4), (47, 4), (48, 3)])
def test_a_directory_of_more_bytes_than_the_limit_is_truncated(
    fewer_bytes: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = zip_of({f"{number}": b"" for number in range(5)})
    monkeypatch.setattr(archive_zip, "DIRECTORY_LIMIT_BYTES", 5 * 47 - fewer_bytes)
    tree = listed(data)
    assert len(tree["children"]) == count
    assert ("truncated" in tree["properties"]) == (fewer_bytes > 0)


def test_a_hundred_thousand_files_are_listed_whole() -> None:
    """More than the small end record can count."""
    tree = listed(zip_of({f"{number // 1000}/{number}": b"" for number in range(100_000)}))
    assert tree["properties"] == ["read_individual_files"]
    assert sum(len(directory["children"]) for directory in tree["children"].values()) == 100_000
