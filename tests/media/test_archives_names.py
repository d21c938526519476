"""Under which names things are listed, whatever an archive calls them, and how many of them."""

import io
import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelhost.media import archives, filetree
from pixelhost.media.filetree import FileTree
from tests.media.archive_samples import BARE_TARS, tar_file, tar_of, tar_with, zip_of


def tree_of(*names: str) -> FileTree:
    tree = FileTree()
    for name in names:
        tree.place(name, 0 if name.endswith("/") else 1, is_directory=name.endswith("/"))
    return tree


def names_in(*names: str) -> Any:
    """What is listed: a dictionary for a directory, None for a file."""

    def shape(node: dict[str, Any]) -> Any:
        return {name: shape(child) if "children" in child else None for name, child in node["children"].items()}

    return shape(json.loads(msgspec.json.encode(tree_of(*names).root)))


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("/etc/passwd", {"etc": {"passwd": None}}),
        ("../../up.txt", {"up.txt": None}),
        ("a/../b/./c", {"a": {"b": {"c": None}}}),
        ("a//b", {"a": {"b": None}}),
        ("..", {"file": None}),
        ("", {"file": None}),
        ("..\\..\\up.txt", {".._.._up.txt": None}),
        ("C:\\Windows\\x.dll", {"C__Windows_x.dll": None}),
        ("C:/x", {"C_": {"x": None}}),
        ("a\0b", {"a_b": None}),
        ("line\r\nbreak\x7f\x85", {"line__break__": None}),
        ("half\ud800", {"half_": None}),
        ("ok: a colon", {"ok: a colon": None}),
        ("./a", {"a": None}),
        ("a/./", {"a": {}}),
        ("./", {}),
        ("/", {}),
        ("../", {}),
    ],
)
def test_a_name_becomes_safe(name: str, listed: Any) -> None:
    assert names_in(name) == listed


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["a.txt", "a.txt", "a.txt"], {"a.txt": None, "a (2).txt": None, "a (3).txt": None}),
        (["a (2).txt", "a.txt", "a.txt"], {"a (2).txt": None, "a.txt": None, "a (3).txt": None}),
        (["x.tar.gz", "x.tar.gz"], {"x.tar.gz": None, "x (2).tar.gz": None}),
        (["none", "none"], {"none": None, "none (2)": None}),
        ([".hidden", ".hidden"], {".hidden": None, ".hidden (2)": None}),
        (["a/", "a/"], {"a": {}}),
        (["a", "a/b", "a/c", "a/"], {"a": None, "a (2)": {"b": None, "c": None}}),
        (["a/b", "a"], {"a": {"b": None}, "a (2)": None}),
        (["/a", "a", "../a"], {"a": None, "a (2)": None, "a (3)": None}),
        (["README", "readme"], {"README": None, "readme": None}),
    ],
)
def test_a_name_that_is_taken_gets_a_number(names: list[str], listed: Any) -> None:
    assert names_in(*names) == listed


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("ab./\\\0:ü", max_size=8), max_size=12))
def test_whatever_the_names_are_every_file_has_a_place_of_its_own(names: list[str]) -> None:
    tree = FileTree()
    places = [tree.place(name, 1, is_directory=False) for name in names]
    assert len({tuple(place or ()) for place in places}) == len(names)
    assert all(part not in {"", ".", ".."} and "/" not in part for place in places for part in place or [""])
    assert tree.root.size == len(names)


@pytest.mark.parametrize(("depth", "is_truncated"), [(64, False), (65, True)])
@pytest.mark.parametrize("end", ["", "/"])
def test_what_lies_deeper_than_64_levels_is_left_out(depth: int, is_truncated: bool, end: str) -> None:
    tree = tree_of("/".join("d" * depth) + end)
    assert tree.is_truncated == is_truncated
    assert bool(tree.root.children) != is_truncated


@pytest.mark.parametrize(("length", "is_truncated"), [(4096, False), (4097, True), (65_535, True)])
def test_what_has_a_longer_path_than_4096_characters_is_left_out(length: int, is_truncated: bool) -> None:
    tree = tree_of("n" * length)
    assert tree.is_truncated == is_truncated
    assert bool(tree.root.children) != is_truncated


@pytest.mark.parametrize(("count", "is_truncated"), [(10, False), (11, True)])
def test_more_files_and_directories_than_the_limit_are_left_out(
    count: int, is_truncated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filetree, "NODES_LIMIT", 10)
    tree = tree_of("one/two/", *(f"one/{number}" for number in range(count - 2)))
    assert tree.is_truncated == is_truncated
    assert tree.root.size == 8


@pytest.mark.parametrize(("count", "is_truncated"), [(4, False), (5, True)])
def test_longer_names_together_than_the_limit_are_left_out(
    count: int, is_truncated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filetree, "NAMES_LIMIT_CHARACTERS", 20)
    tree = tree_of(*(f"five{number}" for number in range(count)))
    assert tree.is_truncated == is_truncated
    assert len(tree.root.children) == 4


def test_the_largest_tree_fits_into_an_answer() -> None:
    tree = FileTree()
    name = '"' * 30
    for number in itertools.count():
        tree.place(f"{number:06}{name}", 1 << 44, is_directory=False)
        if tree.is_full:
            break
    assert len(msgspec.json.encode(tree.root)) < 64 << 20


HOSTILE = ["/abs", "../up", "a\\b", "C:/drive", "new\nline", "same", "same", "deep/" * 100 + "x", "file/x", "file"]


def test_hostile_names_are_alike_in_zip_and_tar_and_7z() -> None:
    files = dict.fromkeys(HOSTILE, b"1")
    wanted = names_in(*files)
    for data in (zip_of(files), *(make(files) for name, make in BARE_TARS.items() if name != "tar-ustar")):
        tree = json.loads(archives.listing(io.BytesIO(data)))
        assert tree["children"].keys() == wanted.keys()
        assert "truncated" in tree["properties"]


def test_the_path_of_the_listing_is_the_path_of_the_file() -> None:
    infos = [(tar_file("same", 3), b"one"), (tar_file("same", 3), b"two"), (tar_file("same/x", 5), b"three")]
    data = tar_with(infos)
    for path, content in (("same", b"one"), ("same (2)", b"two"), ("same (3)/x", b"three")):
        assert b"".join(archives.content(io.BytesIO(data), path)) == content


def test_what_is_left_out_of_the_listing_cannot_be_read() -> None:
    data = tar_of({"d/" * 64 + "x": b"1", "y": b"2"})
    with pytest.raises(archives.ArchiveTooLarge):
        list(archives.content(io.BytesIO(data), "d/" * 64 + "x"))
    assert b"".join(archives.content(io.BytesIO(data), "y")) == b"2"


def test_the_zip_of_a_directory_has_safe_names() -> None:
    data = tar_of({"d/a\\b": b"1", "d/c": b"2"})
    whole = b"".join(archives.directory_zip(io.BytesIO(data), "d"))
    assert json.loads(archives.listing(io.BytesIO(whole)))["children"].keys() == {"a_b", "c"}
