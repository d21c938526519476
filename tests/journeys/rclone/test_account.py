"""Who one is, and how much one has."""

from __future__ import annotations

import json

import pytest

from tests.support.rclone import Rclone

pytestmark = pytest.mark.journey


def test_about_tells_what_is_used_and_the_quota_where_there_is_one(server, rclone, tmp_path):
    used = server.ask("GET", "/api/user").json["storage_space_used"]
    assert json.loads(rclone("about", "--json", "pd:")) == {"used": used}

    key = server.command("user", "add", "small", "--plan", "small").stdout.splitlines()[-1]
    (tmp_path / "home").mkdir()
    small = Rclone(tmp_path / "home", server.url, key)
    small("rcat", "pd:file", stdin=b"x" * 1000)
    assert json.loads(small("about", "--json", "pd:")) == {"total": 1_000_000, "used": 1000}
    full = small.try_("rcat", "pd:large", stdin=b"x" * 1_000_000)
    assert full.returncode != 0
    assert small.names("pd:") == ["file"]


def test_a_wrong_key_is_refused_in_words(server, tmp_path):
    intruder = Rclone(tmp_path, server.url, "00000000-0000-4000-8000-000000000000")

    refused = intruder.try_("lsd", "pd:")

    assert refused.returncode != 0
    assert b"authentication" in refused.stderr
