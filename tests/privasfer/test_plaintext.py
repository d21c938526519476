"""Nothing that is sent lies anywhere in the clear: not in the database's files, not in the store, not in a log."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.support.plaintext import checkpoint, found, word
from tests.support.running import Reply, Running, authorization, data_directory, serving

pytestmark = pytest.mark.journey

BOUNDARY = "----------------------------b"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
FILE_BYTES = 3 << 20


def send(
    server: Running, method: str, path: str, body: Any = None, key: str = "", kind: str = "application/json"
) -> Any:
    """The `data` of the answer."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection = server.connect()
    try:
        connection.request(method, path, sent, authorization(key or server.key) | {"Content-Type": kind})
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status in {200, 201}, told
        return json.loads(told)["data"]
    finally:
        connection.close()


def get(server: Running, path: str, key: str = "") -> Reply:
    answer = server.ask("GET", path, key=key)
    assert answer.status == 200, answer.body
    return answer


def form_with_file(name: str, data: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def read_in_the_inbox(server: Running, sent: Any, key: str, passphrase: str, pin: str) -> list[str]:
    """As its recipient does, who has a PIN; the keys that this took."""
    send(server, "PUT", "/api/pin", {"pin": pin}, key)
    read = get(server, f"/api/inbox/{sent['id']}?include=download&passphrase={quote(passphrase)}", key).json["data"]
    temporary = send(server, "POST", "/api/keys", {"pin": pin}, key)["key"]
    download = f"/api/downloads/{read['download']['id']}"
    made = send(server, "POST", f"{download}/keys", {"pinKey": temporary, "passphrase": passphrase}, key)["key"]
    get(server, f"{download}/{made}")
    return [temporary, made]


def read_by_the_link(server: Running, sent: Any, passphrase: str) -> None:
    """As somebody without an account does."""
    push = server.ask("GET", urlsplit(sent["url"]).path, key="").headers["Location"].removesuffix("/r")
    seen = get(server, f"{push}.json?passphrase={quote(passphrase)}").json
    for file in seen["files"]:
        get(server, file["url"].removeprefix(server.url))


def test_no_file_of_the_server_and_no_log_holds_what_was_sent():
    line, text, passphrase, name = (word() for _ in range(4))
    pin = word()[:32]
    settings = {"access_log": "on", "log_level": "debug", "sweep_grace_seconds": 0}
    with data_directory() as directory, serving(directory, **settings) as server:
        bob = server.command("user", "add", "bob", "--email", "bob@example.com").stdout.split()[-1]
        content = (f"{line} {'.' * 4000}\n".encode() * 1000)[:FILE_BYTES]
        file = send(server, "POST", "/api/files", form_with_file(f"{name}.txt", content), kind=FORM)
        assert get(server, f"/api/files/{file['id']}/download", server.key).body == content
        token = send(server, "POST", "/api/tokens", {"name": "laptop"})["token"]
        fields = {"subject": "Invoice", "body": text, "passphrase": passphrase, "files": [file["id"]]}
        to = ("bob@example.com", "client@example.org")
        inside, outside = send(server, "POST", "/api/mails", fields | {"recipients": to}, token)
        keys = read_in_the_inbox(server, inside, bob, passphrase, pin)
        read_by_the_link(server, outside, passphrase)
        # What is wrong is logged more often than what is right.
        server.ask("POST", "/api/mails", b'{"body": "' + text.encode())
        server.ask("GET", f"/api/inbox/{inside['id']}?passphrase={quote(passphrase)}x", key=bob)
        server.ask("POST", "/api/keys", b'{"pin": "' + pin.encode(), key=bob)
        server.ask("GET", f"/api/downloads/{inside['download']['id']}/{keys[1]}?%FF", key="")

        hidden = (line, text, passphrase, pin, token, *keys)
        for _ in range(2):
            checkpoint(server)
            assert found(directory, *hidden) == {one: set() for one in hidden}
            # A name is searched for and is in the clear: this is how it looks when something is found.
            assert any(path.startswith("data/postgres/") for path in found(directory, name)[name])
            for path in (f"/api/mails/{inside['id']}", f"/api/mails/{outside['id']}", f"/api/files/{file['id']}"):
                assert server.ask("DELETE", path).status in {204, 404}
            assert server.command("job", "sweep").returncode == 0

        assert '"GET /api/downloads/' in server.log.read_text()
        assert "passphrase" not in server.log.read_text()
        assert [path for path in (server.data_dir / "blobs").rglob("*") if path.is_file()] == []
        assert server.fsck()["problems"] == []
