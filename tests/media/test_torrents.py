"""Torrents of every version, and bytes that pretend to be one."""

import hashlib
import io
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bencodepy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.media import torrents
from pixelhost.media.torrents import BrokenTorrent, NotATorrent, Torrent
from pixelhost.media.workers import MediaPool

V1: dict[str, Any] = {"name": "one.iso", "length": 700, "piece length": 16_384, "pieces": b"\xff" * 20}
V1_MANY: dict[str, Any] = {
    "name": "album",
    "piece length": 16_384,
    "pieces": b"\xff" * 20,
    "files": [
        {"length": 10, "path": ["cd1", "a.flac"]},
        {"length": 20, "path": ["cd1", "b.flac"]},
        {"length": 3, "path": ["cover.jpg"]},
    ],
}
LEAF = {"": {"length": 5, "pieces root": b"r" * 32}}
V2: dict[str, Any] = {
    "name": "album",
    "meta version": 2,
    "piece length": 16_384,
    "file tree": {"a.flac": LEAF, "more": {"b.flac": LEAF}},
}
V2_SINGLE: dict[str, Any] = V2 | {"name": "a.flac", "file tree": {"a.flac": LEAF}}
HYBRID: dict[str, Any] = V1_MANY | V2


def encoded(value: object) -> bytes:
    data = bencodepy.encode(value)
    assert isinstance(data, bytes)
    return data


def read(data: bytes) -> Torrent:
    return torrents.info(io.BytesIO(data))


def torrent(layout: dict[str, Any], **outer: Any) -> Torrent:
    return read(encoded({"info": layout, **{key.replace("_", " "): value for key, value in outer.items()}}))


def files(layout: dict[str, Any]) -> Any:
    return json.loads(torrent(layout).files)


def test_a_torrent_of_one_file_is_read() -> None:
    assert files(V1) == {"size": 700, "children": {"one.iso": {"size": 700}}}


def test_a_torrent_of_many_files_has_its_name_as_its_directory() -> None:
    assert files(V1_MANY) == {
        "size": 33,
        "children": {
            "album": {
                "size": 33,
                "children": {
                    "cd1": {"size": 30, "children": {"a.flac": {"size": 10}, "b.flac": {"size": 20}}},
                    "cover.jpg": {"size": 3},
                },
            }
        },
    }


def test_a_torrent_of_version_2_is_read() -> None:
    more = {"size": 5, "children": {"b.flac": {"size": 5}}}
    album = {"size": 10, "children": {"a.flac": {"size": 5}, "more": more}}
    assert files(V2) == {"size": 10, "children": {"album": album}}
    assert files(HYBRID) == files(V2)


def test_the_only_file_of_version_2_lies_in_no_directory() -> None:
    assert files(V2_SINGLE) == {"size": 5, "children": {"a.flac": {"size": 5}}}


def test_the_info_hash_is_sha_1_where_version_1_is_there_and_else_sha_256() -> None:
    assert torrent(V1).info_hash == hashlib.sha1(encoded(V1)).hexdigest()
    assert torrent(HYBRID).info_hash == hashlib.sha1(encoded(HYBRID)).hexdigest()
    assert torrent(V2).info_hash == hashlib.sha256(encoded(V2)).hexdigest()


def test_the_info_hash_is_that_of_the_bytes_as_they_are() -> None:
    """Keys out of order and twice: encoding anew would give another."""
    layout = b"d6:pieces0:4:name1:a6:lengthi5e6:lengthi7ee"
    assert read(b"d4:info" + layout + b"e").info_hash == hashlib.sha1(layout).hexdigest()
    assert read(b"d1:ai1e4:info" + layout + b"1:zlee").info_hash == hashlib.sha1(layout).hexdigest()


def test_an_info_inside_of_something_else_is_not_the_info() -> None:
    decoy = b"d4:infod4:name5:decoyee"
    data = b"d5:decoy" + decoy + b"4:info" + encoded(V1) + b"e"
    assert read(data).info_hash == hashlib.sha1(encoded(V1)).hexdigest()


def test_trackers_are_those_of_all_tiers_once_each_in_order() -> None:
    tiers = [["udp://a", "udp://b"], ["udp://c", "udp://a"], "udp://d", [""], [3]]
    assert torrent(V1, **{"announce": "udp://b", "announce-list": tiers}).trackers == [
        "udp://b",
        "udp://a",
        "udp://c",
        "udp://d",
    ]
    assert torrent(V1).trackers == []


@pytest.mark.parametrize(("length", "count"), [(2_000, 1), (2_001, 0)])
def test_an_address_of_a_tracker_has_at_most_2000_bytes(length: int, count: int) -> None:
    assert len(torrent(V1, announce="u" * length).trackers) == count


@pytest.mark.parametrize("count", [1_000, 1_001])
def test_there_are_at_most_1000_trackers(count: int) -> None:
    tiers = [[f"udp://{index}"] for index in range(count)]
    assert len(torrent(V1, **{"announce-list": tiers}).trackers) == 1_000


def test_who_made_it_when_and_why_is_told() -> None:
    found = torrent(V1, comment="for you", created_by="a client", creation_date=1_000_000_000)
    assert (found.comment, found.created_by) == ("for you", "a client")
    assert found.created_at == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


@pytest.mark.parametrize("moment", [0, -5, 10**18, "yesterday", []])
def test_a_moment_that_is_none_is_left_out(moment: object) -> None:
    assert torrent(V1, creation_date=moment).created_at is None


def test_what_is_not_told_is_empty() -> None:
    found = torrent(V1)
    assert (found.comment, found.created_by, found.created_at) == ("", "", None)


def test_texts_that_are_not_utf_8_are_replaced() -> None:
    assert torrent(V1, comment=b"gr\xfcn").comment == "gr\N{REPLACEMENT CHARACTER}n"
    assert list(files(V1 | {"name": b"gr\xfcn"})["children"]) == ["gr\N{REPLACEMENT CHARACTER}n"]


def test_names_in_utf_8_go_before_those_that_may_be_in_anything() -> None:
    assert list(files(V1 | {"name": b"\xfc", "name.utf-8": "ü"})["children"]) == ["ü"]


@pytest.mark.parametrize("length", [10_000, 10_001])
def test_a_comment_has_at_most_10000_characters(length: int) -> None:
    assert len(torrent(V1, comment="x" * length).comment) == 10_000


def test_names_that_leave_the_directory_stay_in_it() -> None:
    layout = V1_MANY | {
        "files": [{"length": 1, "path": ["..", "..", "etc/passwd"]}, {"length": 1, "path": ["", "a\\b"]}]
    }
    assert files(layout)["children"]["album"]["children"].keys() == {"etc_passwd", "_"}
    assert list(files(V1 | {"name": "../../up"})["children"]) == [".._.._up"]


@pytest.mark.parametrize("attributes", ["p", "xp", "l"])
def test_padding_and_links_are_left_out(attributes: str) -> None:
    padding = {"length": 99, "path": [".pad", "99"], "attr": attributes}
    assert files(V1_MANY | {"files": [*V1_MANY["files"], padding]}) == files(V1_MANY)
    leaf = {"": {"length": 99, "attr": attributes}}
    assert files(V2 | {"file tree": V2["file tree"] | {"x": leaf}}) == files(V2)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"i5e", b"le", b"4:spam", b"de", b"d3:fooi5ee", b"d" + b"x" * 100, b"\x00", b"d4:infx"]
)
def test_what_is_no_torrent_is_told_apart(data: bytes) -> None:
    with pytest.raises((NotATorrent, BrokenTorrent)):
        read(data)


@pytest.mark.parametrize("data", [b"", b"hello", b"i5e", b"le", b"de", b"d3:fooi5ee", b"x" * 1000])
def test_without_an_info_there_is_no_torrent(data: bytes) -> None:
    with pytest.raises(NotATorrent):
        read(data)


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"name": "a", "length": 5},
        {"name": "a", "pieces": ""},
        {"length": 5, "pieces": ""},
        {"name": 5, "length": 5, "pieces": ""},
        {"name": "a", "length": "5", "pieces": ""},
        {"name": "a", "length": -1, "pieces": ""},
        {"name": "a", "files": {}, "pieces": ""},
        {"name": "a", "files": [5], "pieces": ""},
        {"name": "a", "files": [{"length": 5}], "pieces": ""},
        {"name": "a", "files": [{"length": 5, "path": []}], "pieces": ""},
        {"name": "a", "files": [{"length": 5, "path": "a"}], "pieces": ""},
        {"name": "a", "files": [{"length": 5, "path": [5]}], "pieces": ""},
        {"name": "a", "files": [{"path": ["a"]}], "pieces": ""},
        {"name": "a", "file tree": []},
        {"name": "a", "file tree": {"a": 5}},
        {"name": "a", "file tree": {"a": {"": 5}}},
        {"name": "a", "file tree": {"a": {"": {}}}},
        {"name": "a", "file tree": {"": {"length": 5}}},
        [],
        5,
        "text",
    ],
)
def test_a_layout_that_is_none_is_broken(layout: object) -> None:
    with pytest.raises(BrokenTorrent):
        read(encoded({"info": layout}))


@pytest.mark.parametrize(("length", "is_read"), [(1 << 44, True), ((1 << 44) + 1, False)])
def test_a_file_has_at_most_16_tib(length: int, is_read: bool) -> None:
    if is_read:
        assert files(V1 | {"length": length})["size"] == length
        return
    with pytest.raises(BrokenTorrent):
        files(V1 | {"length": length})


WHOLE = encoded({"info": V1})


@pytest.mark.parametrize(
    "data",
    [
        WHOLE + b"\n",
        WHOLE[:-1],
        WHOLE[:-30],
        WHOLE * 2,
        b"d4:info" + encoded(V1) + b"4:info" + encoded(V1) + b"e",
        b"d4:infoi" + b"9" * 5000 + b"ee",
        b"d4:infoi-0ee",
        b"d4:infoi05ee",
        b"d4:infoi1_0ee",
        b"d4:infoi e",
        b"d4:info04:nameee",
        b"d4:info99999999999:aee",
        b"d4:info9999:aee",
        b"d4:infod1:a1:b-6:e",
        b"d4:info-3:e",
        b"d4:infodi5ei6eee",
        b"d4:infode1:ae",
        b"d4:info" + b"l" * 81 + b"e" * 81 + b"e",
        b"d4:info" + b"d1:a" * 500_000 + b"e" * 500_000 + b"e",
    ],
)
def test_bytes_that_break_the_rules_of_bencoding_are_refused(data: bytes) -> None:
    with pytest.raises(BrokenTorrent):
        read(data)


@pytest.mark.parametrize(("nested", "is_read"), [(79, True), (80, False)])
def test_values_lie_at_most_80_deep(nested: int, is_read: bool) -> None:
    data = b"d4:info" + encoded(V1) + b"1:z" + b"l" * nested + b"e" * nested + b"e"
    if is_read:
        assert read(data).info_hash
        return
    with pytest.raises(BrokenTorrent, match="deep"):
        read(data)


def test_a_torrent_has_at_most_as_many_values_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    # The dictionary, its two keys, the info of twelve tokens, the list with three numbers, and the ends.
    data = b"d4:info" + encoded(V1) + b"1:zli1ei2ei3eee"
    tokens = 1 + 1 + (1 + 8 + 1) + 1 + (1 + 3 + 1) + 1
    monkeypatch.setattr(torrents, "VALUES_LIMIT", tokens)
    assert read(data).info_hash
    monkeypatch.setattr(torrents, "VALUES_LIMIT", tokens - 1)
    with pytest.raises(BrokenTorrent, match="too many"):
        read(data)


@settings(max_examples=300, deadline=None)
@given(
    layout=st.sampled_from([V1, V1_MANY, V2, V2_SINGLE, HYBRID]),
    places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4),
)
def test_a_damaged_torrent_is_refused_or_read(layout: dict[str, Any], places: list[tuple[float, bytes]]) -> None:
    data = bytearray(encoded({"announce": "udp://a", "info": layout}))
    for where, replacement in places:
        start = int(where * (len(data) - 1))
        data[start : start + len(replacement)] = replacement
    with suppress(NotATorrent, BrokenTorrent):
        assert json.loads(read(bytes(data)).files)["size"] >= 0


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.integers() | st.binary(max_size=8),
        lambda one: (
            st.lists(one)
            | st.dictionaries(
                st.sampled_from([b"", b"name", b"files", b"path", b"length", b"pieces", b"file tree"]), one
            )
        ),
    )
)
def test_any_layout_is_refused_or_read(layout: object) -> None:
    with suppress(NotATorrent, BrokenTorrent):
        read(encoded({"info": layout}))


async def test_a_torrent_comes_back_from_a_worker(tmp_path: Path) -> None:
    (tmp_path / "x.torrent").write_bytes(encoded({"info": V1, "creation date": 1_000_000_000}))
    (tmp_path / "x.txt").write_bytes(b"hello")
    pool = MediaPool(1)
    try:
        found = await pool.run(torrents.info, tmp_path / "x.torrent")
        assert found == torrent(V1, creation_date=1_000_000_000)
        with pytest.raises(NotATorrent):
            await pool.run(torrents.info, tmp_path / "x.txt")
    finally:
        await pool.close()
