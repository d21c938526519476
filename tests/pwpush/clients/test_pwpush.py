"""The official command line, with every command of it that this server has something for."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.pwpush.clients.programs import Cli, token_in
from tests.support.running import Running

pytestmark = pytest.mark.journey


@pytest.fixture(params=["v2", "legacy"])
def member(cli: Cli, server: Running, key: str, request: pytest.FixtureRequest) -> Cli:
    """Somebody who is logged in with an API key, and speaks one version of the API."""
    assert "Login successful" in cli("login", "--url", server.url, "--email", "admin@example.com", "--token", key)
    if request.param == "legacy":
        cli("config", "set", "api_profile", "legacy")
        cli("config", "set", "api_profile_checked_at", str(int(time.time())))
    return cli


def pushed(cli: Cli, server: Running, *arguments: str, stdin: str = "") -> dict[str, Any]:
    """What a stranger is shown of what a command pushed."""
    url = cli.json(*arguments, stdin=stdin)["url"]
    assert url.startswith(f"{server.url}/p/")
    reply = server.ask("GET", f"/p/{token_in(url)}.json", key="")
    assert reply.status == 200
    shown: dict[str, Any] = reply.json
    assert shown["html_url"] == url
    return shown


def test_a_stranger_pushes_a_text(cli: Cli, server: Running):
    cli("config", "set", "url", server.url)
    assert pushed(cli, server, "push", "--secret", "anonsecret ☃")["payload"] == "anonsecret ☃"


def test_every_option_of_a_text_arrives(member: Cli, server: Running):
    options = ["--days", "7", "--views", "3", "--passphrase", "pp", "--note", "n", "--name", "x", "--deletable"]
    url = member.json("push", "--secret", "s", *options, "--no-retrieval-step")["url"]
    token = token_in(url)
    assert url == f"{server.url}/p/{token}"
    (listed,) = [one for one in member.json("list") if one["url_token"] == token]
    told = {"expire_after_days": 7, "expire_after_views": 3, "note": "n", "name": "x", "passphrase": "pp"}
    assert told.items() <= listed.items()
    assert (listed["deletable_by_viewer"], listed["retrieval_step"]) == (True, False)
    assert server.ask("GET", f"/p/{token}.json", key="").status == 401
    assert server.ask("GET", f"/p/{token}.json?passphrase=pp", key="").json["payload"] == "s"


@pytest.mark.parametrize("days", [1, 10, 90])
def test_the_days_are_those_that_were_asked_for(member: Cli, server: Running, days: int):
    assert pushed(member, server, "push", "--secret", "s", "--days", str(days))["expire_after_days"] == days


def test_urls_and_codes_are_pushed_as_what_they_are(member: Cli, server: Running):
    url = pushed(member, server, "push", "--secret", "https://example.com/x", "--kind", "url", "--days", "1")
    assert (url["kind"], url["payload"]) == ("url", "https://example.com/x")
    code = pushed(member, server, "push", "--secret", "WIFI:S:x;;", "--kind", "qr", "--days", "1")
    assert (code["kind"], code["payload"]) == ("qr", "WIFI:S:x;;")


def test_a_text_comes_by_a_pipe(member: Cli, server: Running):
    assert pushed(member, server, "push", stdin="piped")["payload"] == "piped"


def test_a_text_and_its_passphrase_are_made_up(member: Cli, server: Running):
    said = member("push", "--auto")
    passphrase = said.rstrip("\n").partition("Passphrase is: ")[2]  # there may be a space between its two words
    shown = server.ask("GET", f"/p/{token_in(said)}.json?passphrase={quote(passphrase)}", key="").json
    assert len(shown["payload"]) > 5
    assert shown["passphrase"] == passphrase


def test_a_file_is_pushed(member: Cli, server: Running):
    (member.home / "f.txt").write_text("bytes of it")
    options = ["--days", "2", "--views", "4", "--note"]
    shown = pushed(member, server, "push-file", "f.txt", *options, "file note")
    assert (shown["kind"], shown["expire_after_days"], shown["expire_after_views"]) == ("file", 2, 4)
    (file,) = shown["files"]
    assert (file["filename"], file["content_type"], file["size"]) == ("f.txt", "text/plain", 11)
    assert server.ask("GET", file["url"].removeprefix(server.url), key="").body == b"bytes of it"


def test_pushes_are_listed_looked_after_and_ended(member: Cli, server: Running):
    token = token_in(member.json("push", "--secret", "s", "--note", "remember")["url"])
    server.ask("GET", f"/p/{token}.json", key="")
    table = member("list")
    assert token in table
    assert "remember" in table
    log = member("audit", token).lower()
    assert "creation" in log
    assert "view" in log
    rows = next(iter(member.json("audit", token).values()))
    assert [row["kind"] for row in rows] == ["creation", "view"]
    ended = member.json("expire", token)
    assert (ended["expired"], ended["deleted"]) == (True, True)
    assert token not in [one["url_token"] for one in member.json("list")]
    assert token in [one["url_token"] for one in member.json("list", "--expired")]
    assert token in member("list", "--expired")
    assert "not-found" in member.try_("--json", "expire", "x" * 18).stdout


def test_the_number_of_an_account_changes_nothing(member: Cli, server: Running):
    member("config", "set", "account_id", "42")
    assert pushed(member, server, "push", "--secret", "s")["payload"] == "s"


def test_a_wrong_token_is_no_login(cli: Cli, server: Running):
    wrong = cli.try_("login", "--url", server.url, "--email", "a@example.com", "--token", "wrong")
    assert "Login successful" not in wrong.stdout
