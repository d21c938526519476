"""The server of the Model Context Protocol that lets assistants push, with all of its tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pixelhost import __version__
from tests.pwpush.clients.programs import Mcp
from tests.support.running import Running

pytestmark = pytest.mark.journey

TOOLS = {
    "create_push", "preview_push", "expire_push", "get_push_audit", "list_active_pushes", "list_expired_pushes",
    "get_version",
}  # fmt: skip
versions = pytest.mark.parametrize("version", ["v1", "v2", "auto"])


@versions
def test_all_tools_work(mcp: Callable[[str], Mcp], server: Running, version: str):
    client = mcp(version)
    assert {tool["name"] for tool in client.ask("tools/list")["tools"]} == TOOLS
    told = client.call("get_version")
    # Version 1 it asks for none.
    assert told.get("application_version", __version__) == __version__
    assert told["detected_api_version"] == ("v1" if version == "v1" else "v2")
    made = client.call("create_push", payload="s3cret", duration="1d", expire_after_views=3, name="n", note="m")
    token = made["url_token"]
    assert (made["expire_after_days"], made["expire_after_views"], made["name"], made["note"]) == (1, 3, "n", "m")
    assert made["deletable_by_viewer"] is False
    assert client.call("preview_push", url_token=token)["url"] == made["html_url"]
    assert server.ask("GET", f"/p/{token}.json", key="").json["payload"] == "s3cret"
    rows = next(iter(client.call("get_push_audit", url_token=token).values()))
    assert [row["kind"] for row in rows] == ["creation", "view"]
    assert token in str(client.call("list_active_pushes"))
    assert client.call("expire_push", url_token=token)["expired"] is True
    assert token not in str(client.call("list_active_pushes"))
    assert token in str(client.call("list_expired_pushes"))


@versions
@pytest.mark.parametrize(("kind", "payload"), [("url", "https://example.com/"), ("qr", "WIFI:x"), ("text", "ü☃")])
def test_every_kind_is_pushed(mcp: Callable[[str], Mcp], server: Running, version: str, kind: str, payload: str):
    made = mcp(version).call("create_push", payload=payload, kind=kind, passphrase="pp")
    shown = server.ask("GET", f"/p/{made['url_token']}.json?passphrase=pp", key="").json
    # Of codes its version 1 knows nothing.
    assert shown["kind"] == ("text" if (kind, version) == ("qr", "v1") else kind)
    assert shown["payload"] == payload


@versions
def test_files_are_pushed(mcp: Callable[[str], Mcp], server: Running, tmp_path: Path, version: str):
    paths = [tmp_path / "a.txt", tmp_path / "b.bin"]
    for path in paths:
        path.write_bytes(path.name.encode() * 1000)
    made = mcp(version).call("create_push", file_paths=[str(path) for path in paths], expire_after_views=2)
    shown = server.ask("GET", f"/p/{made['url_token']}.json", key="").json
    assert [file["filename"] for file in shown["files"]] == ["a.txt", "b.bin"]
    for path, file in zip(paths, shown["files"], strict=True):
        assert server.ask("GET", file["url"].removeprefix(server.url), key="").body == path.read_bytes()
