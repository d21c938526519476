"""What others get to see: links, shares, and word of changes."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from tests.support.rclone import Rclone
from tests.support.running import until

pytestmark = pytest.mark.journey


def fetched(url: str) -> tuple[int, bytes]:
    """As somebody without any key gets it."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.status, answer.read()


def test_a_public_link_works_without_a_key_until_it_is_taken_back(server, rclone):
    rclone("rcat", "pd:shared/file.txt", stdin=b"for everybody")

    link = rclone("link", "pd:shared/file.txt").strip()
    of_directory = rclone("link", "pd:shared").strip()

    share_id = link.rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9]{8}", share_id)
    assert link == f"{server.url}/d/{share_id}"
    assert fetched(f"{server.url}/api/filesystem/{share_id}") == (200, b"for everybody")
    assert fetched(f"{server.url}/api/filesystem/{of_directory[-8:]}/file.txt") == (200, b"for everybody")
    assert rclone("link", "pd:shared/file.txt").strip() == link
    rclone("link", "--unlink", "pd:shared/file.txt")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        fetched(f"{server.url}/api/filesystem/{share_id}")
    assert refusal.value.code == 404


def test_what_was_shared_is_a_remote_of_its_own_for_others(server, rclone, tmp_path):
    rclone("copy", "/etc/hostname", "pd:given")
    bucket = rclone("link", "pd:given").strip()[-8:]
    key = server.command("user", "add", "reader").stdout.splitlines()[-1]
    (tmp_path / "home").mkdir()
    theirs = Rclone(tmp_path / "home", server.url, key)
    with (tmp_path / "home" / "rclone.conf").open("a") as config:
        config.write(f"root_folder_id = {bucket}\n")

    assert theirs.names("pd:") == ["hostname"]
    assert theirs("cat", "pd:hostname") == Path("/etc/hostname").read_text()
    denied = theirs.try_("rcat", "pd:intruder", stdin=b"x")
    assert denied.returncode != 0
    assert b"permission" in denied.stderr
    assert rclone.names("pd:given") == ["hostname"]


def test_changes_made_elsewhere_are_noticed(rclone):
    """As a mount does, which polls the activity log."""
    with rclone.begun("test", "changenotify", "pd:", "--poll-interval", "1s") as (_, messages):
        until(lambda: "Waiting for changes" in messages.read_text())
        rclone("rcat", "pd:noticed/file", stdin=b"x")
        rclone("mkdir", "pd:noticed/directory")
        rclone("moveto", "pd:noticed/file", "pd:noticed/moved")

        until(lambda: messages.read_text().count('"noticed/file": 1') == 2)
        assert '"noticed": 0' in messages.read_text()
        assert '"noticed/directory": 0' in messages.read_text()
