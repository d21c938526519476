"""Single files: streamed, read in part, replaced, and cut off midway."""

from __future__ import annotations

import os

import pytest

from tests.support.running import until

pytestmark = pytest.mark.journey


def test_a_move_onto_a_file_replaces_it(rclone):
    rclone("rcat", "pd:onto/old.txt", stdin=b"old")
    rclone("rcat", "pd:onto/new.txt", stdin=b"new")

    rclone("moveto", "pd:onto/new.txt", "pd:onto/old.txt")

    assert rclone.names("pd:onto") == ["old.txt"]
    assert rclone("cat", "pd:onto/old.txt") == "new"


def test_rcat_writes_and_cat_reads_from_anywhere(rclone):
    data = bytes(range(256)) * 1000
    rclone("rcat", "pd:streamed.bin", stdin=data)
    rclone("rcat", "pd:nothing.bin", stdin=b"")

    def cat(*arguments: object) -> bytes:
        done = rclone.try_("cat", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert cat("pd:streamed.bin") == data
    assert cat("--offset", 250, "--count", 12, "pd:streamed.bin") == data[250:262]
    assert cat("--offset", -5, "pd:streamed.bin") == data[-5:]
    assert cat("--head", 3, "pd:streamed.bin") == data[:3]
    assert cat("--tail", 3, "pd:streamed.bin") == data[-3:]
    assert cat("pd:nothing.bin") == b""
    assert cat("--offset", 5, "pd:nothing.bin") == b""


def test_an_upload_killed_midway_leaves_nothing_behind(server, rclone):
    rclone("rcat", "pd:killed/old.bin", stdin=b"the old version")
    piece = os.urandom(1 << 20)
    for name in ("old.bin", "new.bin"):
        with rclone.begun("rcat", f"pd:killed/{name}") as (process, _):
            assert process.stdin is not None
            for _ in range(24):
                process.stdin.write(piece)
            until(lambda: server.incoming)
            process.kill()
        until(lambda: server.incoming == [])

    assert rclone.names("pd:killed") == ["old.bin"]
    assert rclone("cat", "pd:killed/old.bin") == "the old version"
    assert server.fsck()["problems"] == []
