"""Whole trees: copied, synced, moved, removed, and kept the same on both sides."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from tests.support.rclone import assert_same, directories_of, files_of, milliseconds, moment

pytestmark = pytest.mark.journey

DIRECTORY_NOT_FOUND = 3
MANY_FILES = 1000


def test_a_library_of_thousands_of_files_is_copied_checked_listed_and_synced(server, rclone, library):
    """And every byte, hash, time and mode is the same there as here."""
    rclone("copy", library, "pd:library")

    local = files_of(library)
    assert len(local) > MANY_FILES
    rclone("check", library, "pd:library")
    there = rclone.listed("pd:library")
    assert {path for path, entry in there.items() if not entry["IsDir"]} == local.keys()
    assert {path for path, entry in there.items() if entry["IsDir"]} == directories_of(library).keys()
    for name, path in local.items():
        entry = there[name]
        assert entry["Hashes"] == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        assert entry["Size"] == path.stat().st_size
        assert moment(entry["ModTime"]) == milliseconds(path)
        assert entry["Metadata"].keys() == {"btime", "mode", "mtime"}
        assert entry["Metadata"]["mode"] == "644"

    shutil.rmtree(library / "json")
    (library / "os.py").unlink()
    (library / "re" / "__init__.py").write_text("nothing any more\n")
    os.utime(library / "ast.py", (1_000_000_000, 1_000_000_000.5))
    (library / "new").mkdir()
    (library / "new" / "file.py").write_text("new\n")
    (library / "logging").rename(library / "lumbering")
    sent = rclone.try_("sync", "-v", library, "pd:library")

    assert (sent.returncode, b"ERROR" in sent.stderr) == (0, False)
    renamed = len(list((library / "lumbering").iterdir()))
    assert sent.stderr.count(b": Copied (") == renamed + 2
    rclone("check", library, "pd:library")
    assert rclone.names("pd:library") == sorted(path.name for path in library.iterdir())
    assert rclone.listed("pd:library/lumbering").keys() == files_of(library / "lumbering").keys()
    (touched,) = json.loads(rclone("lsjson", "--stat", "pd:library/ast.py").join("[]"))
    assert touched["ModTime"] == "2001-09-09T01:46:40.500Z"
    assert rclone("cat", "pd:library/re/__init__.py") == "nothing any more\n"
    rclone("purge", "pd:library")
    assert rclone.try_("lsf", "pd:library").returncode == DIRECTORY_NOT_FOUND
    assert server.fsck()["problems"] == []


def test_a_download_of_a_tree_has_the_bytes_and_times_of_the_upload(rclone, library, tmp_path):
    rclone("copy", library / "asyncio", "pd:asyncio")
    sizes = [path.stat().st_size for path in files_of(library / "asyncio").values()]
    assert json.loads(rclone("size", "--json", "pd:asyncio")) == {
        "count": len(sizes), "bytes": sum(sizes), "sizeless": 0
    }  # fmt: skip

    rclone("copy", "pd:asyncio", tmp_path / "back")

    assert_same(library / "asyncio", tmp_path / "back")


def test_moveto_renames_files_and_moves_whole_directories_without_sending_bytes(server, rclone):
    rclone("rcat", "pd:from/a.txt", stdin=b"a")
    rclone("rcat", "pd:from/deep/b.txt", stdin=b"b")
    before = rclone.listed("pd:from")

    rclone("moveto", "pd:from/a.txt", "pd:from/new parent/c.txt")
    assert rclone("cat", "pd:from/new parent/c.txt") == "a"
    rclone("moveto", "pd:from", "pd:somewhere/else")

    moved = rclone.listed("pd:somewhere/else")
    assert [path for path, entry in sorted(moved.items()) if not entry["IsDir"]] == ["deep/b.txt", "new parent/c.txt"]
    for old, new in (("a.txt", "new parent/c.txt"), ("deep/b.txt", "deep/b.txt")):
        assert before[old]["Metadata"] == moved[new]["Metadata"]
    assert "from" not in rclone.names("pd:")


def test_directories_are_made_and_removed_as_asked(rclone):
    rclone("mkdir", "pd:made/a/b")
    rclone("mkdir", "pd:made/a/b")
    rclone("mkdir", "pd:made/c/d")
    rclone("rcat", "pd:made/e/file", stdin=b"x")

    refused = rclone.try_("rmdir", "pd:made/a")
    assert refused.returncode != 0
    assert b"directory not empty" in refused.stderr
    rclone("rmdir", "pd:made/a/b")
    assert rclone.names("pd:made/a") == []
    rclone("rmdirs", "pd:made")
    assert rclone.listed("pd:made").keys() == {"e", "e/file"}
    rclone("delete", "pd:made")
    assert rclone.listed("pd:made").keys() == {"e"}
    rclone("purge", "pd:made")
    assert "made" not in rclone.names("pd:")


def test_bisync_carries_changes_of_both_sides_to_the_other(rclone, tmp_path):
    here = tmp_path / "here"
    for name in ("kept", "deleted here", "deleted there", "changed here", "changed there", "日本/深い"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    rclone("mkdir", "pd:both")
    rclone("bisync", "--resync", here, "pd:both")

    (here / "deleted here").unlink()
    (here / "changed here").write_text("changed")
    (here / "new here").write_text("new")
    rclone("deletefile", "pd:both/deleted there")
    rclone("rcat", "pd:both/changed there", stdin=b"changed too")
    rclone("rcat", "pd:both/new there/file", stdin=b"new too")
    rclone("bisync", here, "pd:both")

    assert {name: path.read_text() for name, path in files_of(here).items()} == {
        "kept": "kept", "日本/深い": "日本/深い", "changed here": "changed", "new here": "new",
        "changed there": "changed too", "new there/file": "new too",
    }  # fmt: skip
    rclone("check", here, "pd:both")
