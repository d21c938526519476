"""Nothing that is secret lies anywhere in the clear: not in the database's files, not in the store, not in a log."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest

from tests.pwpush.pushing import V2
from tests.support.plaintext import checkpoint, found, word
from tests.support.running import Running, data_directory, serving

pytestmark = pytest.mark.journey

FILE_BYTES = 3 << 20
BOUNDARY = "----------------------------b"


def form_with_file(name: str, data: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="push[{field}]"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="push[files][]"; filename="{name}"\r\n\r\n'
    body = b"".join([*parts, head.encode(), data, f"\r\n--{BOUNDARY}--\r\n".encode()])
    return body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def post(server: Running, path: str, body: bytes, headers: dict[str, str]) -> dict[str, object]:
    connection = server.connect()
    try:
        connection.request("POST", path, body, headers | {"Authorization": f"Bearer {server.key}"})
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status == 201, told
        pushed: dict[str, object] = json.loads(told)
        return pushed
    finally:
        connection.close()


def test_no_file_of_the_server_and_no_log_holds_what_was_pushed():
    text, url_text, passphrase, note, file_name, line, name = (word() for _ in range(7))
    settings = {"access_log": "on", "log_level": "debug", "sweep_grace_seconds": 0}
    with data_directory() as directory, serving(directory, **settings) as server:
        fields = {"payload": text, "passphrase": passphrase, "note": note, "name": name}
        json_type, form_type = "application/json", "application/x-www-form-urlencoded"
        first = post(server, V2, json.dumps({"push": fields}).encode(), {"Content-Type": json_type})
        form = urlencode({"password[payload]": f"https://example.com/{url_text}", "password[kind]": "url"}).encode()
        second = post(server, "/p.json", form, {"Content-Type": form_type})
        data = (f"{line} {'.' * 4000}\n".encode() * 1000)[:FILE_BYTES]
        third = post(server, V2, *form_with_file(f"{file_name}.txt", data, payload=text, note=note))
        tokens = [str(one["url_token"]) for one in (first, second, third)]
        read_all(server, tokens, passphrase)
        # What is wrong is logged more often than what is right.
        server.ask("POST", V2, b'{"push": {"payload": "' + text.encode())
        server.ask("GET", f"/p/{tokens[0]}.json?passphrase={quote(passphrase)}x")
        server.ask("GET", f"/p/{tokens[0]}.json?passphrase={quote(passphrase)}&page=%FF")

        hidden = (text, url_text, passphrase, note, file_name, line)
        for _ in range(2):
            checkpoint(server)
            assert found(directory, *hidden) == {one: set() for one in hidden}
            # A name is for lists and is in the clear: this is how it looks when something is found.
            assert any(path.startswith("data/postgres/") for path in found(directory, name)[name])
            for token in tokens:
                assert server.ask("DELETE", f"{V2}/{token}").status == 200
            assert server.command("job", "sweep").returncode == 0

        log = server.log.read_text()
        assert '"GET /p/' in log
        assert "passphrase" not in log
        assert all(token not in log for token in tokens)
        assert [path for path in (server.data_dir / "blobs").rglob("*") if path.is_file()] == []
        assert server.fsck()["problems"] == []


def read_all(server: Running, tokens: list[str], passphrase: str) -> None:
    """As a stranger does, with the passphrase and the links."""
    for token in tokens:
        seen = server.ask("GET", f"/p/{token}.json?passphrase={quote(passphrase)}", key="")
        assert seen.status == 200, seen.body
        for file in seen.json["files"]:
            assert server.ask("GET", file["url"].removeprefix(server.url), key="").status == 200
