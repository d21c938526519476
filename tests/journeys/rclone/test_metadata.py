"""Times and modes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from tests.support.rclone import moment

pytestmark = pytest.mark.journey


def test_the_times_of_directories_are_kept(rclone, tmp_path):
    (tmp_path / "tree" / "old").mkdir(parents=True)
    (tmp_path / "tree" / "old" / "file").touch()
    os.utime(tmp_path / "tree" / "old", (1_000_000_000, 1_000_000_000.25))

    rclone("copy", tmp_path / "tree", "pd:dated")

    (entry,) = json.loads(rclone("lsjson", "pd:dated"))
    assert (entry["Name"], entry["ModTime"]) == ("old", "2001-09-09T01:46:40.250Z")


def test_touch_sets_the_time_of_files_old_and_new(rclone):
    rclone("rcat", "pd:touched/file", stdin=b"x")
    before = rclone.listed("pd:touched")["file"]

    rclone("touch", "-t", "2001-02-03T04:05:06.123", "pd:touched/file")
    rclone("touch", "-t", "1969-07-20T20:17:40", "pd:touched/new")

    after = rclone.listed("pd:touched")
    assert after["file"]["ModTime"] == "2001-02-03T04:05:06.123Z"
    assert after["file"]["Hashes"] == before["Hashes"]
    assert after["file"]["Metadata"]["btime"] == before["Metadata"]["btime"]
    assert (after["new"]["Size"], after["new"]["ModTime"]) == (0, "1969-07-20T20:17:40.000Z")


def test_metadata_goes_there_and_back(rclone, tmp_path):
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "script").chmod(0o751)

    rclone("copy", "-M", tmp_path / "script", "pd:scripts")
    rclone("copy", "-M", "pd:scripts/script", tmp_path / "back")

    assert rclone.listed("pd:scripts")["script"]["Metadata"]["mode"] == "751"
    assert (tmp_path / "back" / "script").stat().st_mode & 0o7777 == 0o751


def test_times_are_kept_to_the_millisecond_in_any_zone(rclone):
    rclone("touch", "--localtime", "-t", "2024-02-29T12:00:00.001", "pd:zoned")

    (entry,) = json.loads(rclone("lsjson", "pd:zoned"))

    local = datetime(2024, 2, 29, 12, 0, 0, 1000).astimezone()
    assert moment(entry["ModTime"]) == round(local.astimezone(UTC).timestamp() * 1000)
