"""The command line as it was in 2023, on paths that its own server has given up."""

from __future__ import annotations

import pytest

from tests.pwpush.clients.programs import Cli, token_in
from tests.support.running import Running

pytestmark = pytest.mark.journey


@pytest.fixture
def member(old_cli: Cli, server: Running, key: str) -> Cli:
    said = old_cli("login", "--url", server.url, "--email", "admin@example.com", "--token", key)
    assert "Login successful" in said
    return old_cli


def test_texts_are_pushed(member: Cli, server: Running):
    url = member("push", "old secret", "--days", "3", "--views", "4").strip()
    shown = server.ask("GET", f"/p/{token_in(url)}.json", key="").json
    assert (shown["payload"], shown["html_url"]) == ("old secret", url)
    assert (shown["expire_after_days"], shown["expire_after_views"]) == (3, 4)
    assert token_in(member.printed("push", "x")["url"])


def test_pushes_are_listed_looked_after_and_ended(member: Cli, server: Running):
    token = token_in(member("push", "x"))
    server.ask("GET", f"/p/{token}.json", key="")
    assert token in member("list")
    log = member("audit", token)
    assert "creation" in log
    assert "view" in log
    assert member.printed("expire", token)["expired"] is True
    assert token not in member("list")
    assert token in [one["url_token"] for one in member.printed("list", "--expired")]


def test_a_wrong_token_is_no_login(old_cli: Cli, server: Running):
    wrong = old_cli.try_("login", "--url", server.url, "--email", "a@example.com", "--token", "wrong")
    assert "Login successful" not in wrong.stdout
