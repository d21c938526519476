"""`pixelhost rotate-key` beside a running server: nobody who uses it notices."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest

from tests.support.running import Running, command, data_directory, serving, until

pytestmark = pytest.mark.journey

PASSWORD = "correct horse"


@pytest.fixture
def directory() -> Iterator[Path]:
    with data_directory() as directory:
        yield directory


def post(running: Running, path: str, **options: Any) -> Any:
    """The JSON that is answered to a form."""
    key = options.pop("key", None)
    answer = running.ask("POST", path, urlencode(options), key=key)
    assert answer.status in {200, 201}, answer.body
    return answer.json


def push(running: Running, payload: str) -> str:
    token: str = post(running, "/p.json", **{"password[payload]": payload, "password[expire_after_views]": "50"})[
        "url_token"
    ]
    return token


def payload_of(running: Running, token: str) -> Any:
    return running.ask("GET", f"/p/{token}.json", key="").json["payload"]


def keys_of(running: Running) -> set[str]:
    return {session["auth_key"] for session in running.ask("GET", "/api/user/session").json}


def with_second_factor(running: Running) -> pyotp.TOTP:
    """Of the account alice. Its code of half a minute ago is used up."""
    made = running.command("user", "add", "alice", "--password-stdin", stdin=PASSWORD)
    key = made.stdout.split()[-1]
    app = pyotp.TOTP(post(running, "/api/user/totp", action="generate", key=key)["secret"])
    until(lambda: time.time() % 30 < 20)
    code = app.at(int(time.time()) - 30)
    assert post(running, "/api/user/totp", action="verify", secret=app.secret, otp=code, key=key)["value"] == "ok"
    return app


def log_in(running: Running, app: pyotp.TOTP, seconds_ahead: int) -> None:
    code = app.at(int(time.time()) + seconds_ahead)
    assert post(running, "/api/user/login", username="alice", password=PASSWORD, totp=code, key="")["auth_key"]


def shared(running: Running, password: str) -> str:
    """A share that only this password opens; the path of a file in it."""
    assert running.ask("PUT", "/api/filesystem/me/d/cat.txt?make_parents=true", b"meow").status in {200, 201}
    rights = json.dumps({password: {"read": True}})
    options = {"action": "update", "shared": "true", "link_permissions": "{}", "password_permissions": rights}
    return f"/api/filesystem/{post(running, '/api/filesystem/me/d', **options)['id']}/cat.txt"


def read_share(running: Running, path: str, password: str) -> bytes:
    return running.ask("GET", path, key=password).body


class Busy(threading.Thread):
    """Pushes and makes API keys until it is told to stop."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self.pushed: dict[str, str] = {}
        self.keys: set[str] = set()
        self._running = running
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            payload = f"secret {len(self.pushed)}"
            self.pushed[push(self._running, payload)] = payload
            self.keys.add(post(self._running, "/api/user/session", app_name="busy")["auth_key"])

    def __enter__(self) -> Busy:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def test_nobody_notices_a_new_key(directory: Path):
    with serving(directory, workers=2, push_requests_per_minute=0, push_requests_per_second=0) as running:
        key_file = running.data_dir / "secret.key"
        old = key_file.read_text()
        token, path, app = push(running, "from before"), shared(running, "hunter2"), with_second_factor(running)
        before = keys_of(running)

        with Busy(running) as busy:
            until(lambda: len(busy.pushed) >= 5)
            rotated = running.command("rotate-key")
            during = len(busy.pushed)
            until(lambda: len(busy.pushed) >= during + 5)

        def all_is_well() -> None:
            assert payload_of(running, token) == "from before"
            assert {made: payload_of(running, made) for made in busy.pushed} == busy.pushed
            assert keys_of(running) == before | busy.keys
            assert read_share(running, path, "hunter2") == b"meow"
            assert read_share(running, path, "hunter3") != b"meow"

        assert rotated.returncode == 0, rotated.stderr
        assert "API keys" in rotated.stderr
        assert key_file.read_text().endswith("\n" + old)
        assert key_file.stat().st_mode & 0o777 == 0o600
        all_is_well()
        log_in(running, app, 0)

        before |= keys_of(running)
        assert "1 earlier keys are gone" in running.command("rotate-key", "--drop-earlier").stdout
        assert old not in key_file.read_text()
        all_is_well()
        log_in(running, app, 30)

        with_old = dict(running.env) | {"PIXELHOST_SECRET_KEY": old.strip(), "PIXELHOST_SECRET_KEY_PREVIOUS": "x" * 32}
        told = command("rotate-key", env=with_old).stdout
        assert "0 values were sealed anew" in told
        for what in ("API keys", "1 second factors", "1 passwords of shares", f"{len(busy.pushed) + 1} keys of pushes"):
            assert f"{what} were sealed with a key that is not known" in told


def test_keys_from_the_environment_are_exchanged(directory: Path):
    old, new = "o" * 32, "n" * 32
    with serving(directory, workers=1, secret_key=old) as running:
        admin = running.key
        token = push(running, "from before")
        told = running.command("rotate-key")
        assert (told.returncode, "PIXELHOST_SECRET_KEY_PREVIOUS" in told.stdout) == (0, True)
    with serving(directory, workers=1, secret_key=new, secret_key_previous=old) as running:
        running.key = admin
        assert payload_of(running, token) == "from before"
        refused = running.command("rotate-key", "--drop-earlier")
        assert refused.returncode == 1
        assert "still sealed with an earlier key" in refused.stderr
        assert running.command("rotate-key").returncode == 0
        assert "not needed any more" in running.command("rotate-key", "--drop-earlier").stdout
    with serving(directory, workers=1, secret_key=new) as running:
        running.key = admin
        assert payload_of(running, token) == "from before"
        assert admin in keys_of(running)
