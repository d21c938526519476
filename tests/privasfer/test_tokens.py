"""Tokens, and that every kind of key works in every API."""

import asyncio

import pytest
from aiohttp import encode_basic_auth

from pixelhost.core.tokens import NAME_MAX, TOKENS_MAX
from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.people import Person
from tests.support.transfers import ADD_TOKENS, Sender

ONE_EACH = ("/api/user", "/api/files", "/api/v2/pushes/active", "/p/active.json", "/api/filesystem/me?stat")


async def token_of(who: Sender, name: str = "laptop") -> str:
    token: str = (await who.data("POST", "/api/tokens", 201, json={"name": name}))["token"]
    return token


async def test_a_token_is_shown_once_and_kept_as_a_hash(alice: Sender, site: Site):
    made = await alice.data("POST", "/api/tokens", 201, json={"name": " my laptop "})
    token = made.pop("token")
    assert (len(token), token.isalnum(), token.isascii()) == (60, True, True)
    assert made["name"] == "my laptop"
    assert await alice.data("GET", "/api/tokens") == [made]
    rows = await site.db.fetch("SELECT * FROM sessions WHERE kind = 'token'")
    assert [row["key_sealed"] for row in rows] == [None]
    assert token not in str([tuple(row) for row in rows])


def carriers(key: str) -> list[dict[str, str]]:
    return [
        {"Authorization": f"Bearer {key}"},
        {"Authorization": encode_basic_auth("", key)},
        {"Authorization": encode_basic_auth("alice", key)},
        {"X-User-Email": "alice@example.com", "X-User-Token": key},
        {"Cookie": f"pd_auth_key={key}"},
    ]


@pytest.mark.parametrize("kind", ["token", "key"])
@pytest.mark.parametrize("path", ONE_EACH)
async def test_a_token_and_a_key_work_in_every_api_however_they_come(alice: Sender, kind: str, path: str):
    key = await token_of(alice) if kind == "token" else alice.key
    for headers in carriers(key):
        answer = await Person("", "", alice.client).get(path, headers=headers)
        assert answer.status == 200, (headers, answer.body)


async def test_a_revoked_token_works_nowhere(alice: Sender):
    made = await alice.data("POST", "/api/tokens", 201, json={"name": "a"})
    other = Sender("alice", made["token"], alice.client)
    assert await other.status("DELETE", f"/api/tokens/{made['id']}") == 204
    for path in ONE_EACH:
        assert (await Person("", made["token"], alice.client).get(path)).status == 401
    assert (await other.get("/api/files")).json == {"message": "Unauthenticated."}


@pytest.mark.parametrize("key", ["", "x" * 60, "x" * 59, "x" * 61, "ü" * 60, "-" * 60, "null"])
async def test_what_is_no_key_is_refused(stranger: Sender, key: str):
    answer = await stranger.ask("GET", "/api/files", headers={"Authorization": encode_basic_auth("a", key, "utf-8")})
    assert (answer.status, answer.json) == (401, {"message": "Unauthenticated."})
    assert (await stranger.get("/api/files")).status == 401


async def test_names_have_so_many_characters(alice: Sender):
    await token_of(alice, "n" * NAME_MAX)
    for wrong in ("n" * (NAME_MAX + 1), "", " ", None, 7, "a\0"):
        assert list(await alice.refused("POST", "/api/tokens", json={"name": wrong})) == ["name"], wrong


async def test_an_account_has_a_thousand_tokens_also_when_many_are_made_at_once(alice: Sender, bob: Sender, site: Site):
    await site.db.execute(ADD_TOKENS, TOKENS_MAX - 1)
    answers = await asyncio.gather(*(alice.post("/api/tokens", json={"name": f"{number}"}) for number in range(5)))
    assert sorted(answer.status for answer in answers) == [201] + [422] * 4
    tokens = await alice.data("GET", "/api/tokens")
    assert len(tokens) == TOKENS_MAX
    refused = await alice.refused("POST", "/api/tokens", json={"name": "one more"})
    assert refused == {"name": ["There are at most 1000 tokens."]}
    await token_of(bob)
    assert await alice.status("DELETE", f"/api/tokens/{tokens[0]['id']}") == 204
    await token_of(alice, "in its place")


async def test_tokens_are_their_owners_and_logins_are_no_tokens(alice: Sender, bob: Sender, site: Site):
    made = await alice.data("POST", "/api/tokens", 201, json={"name": "a"})
    assert await bob.status("DELETE", f"/api/tokens/{made['id']}") == 404
    login = await site.db.fetchval("SELECT id::text FROM sessions WHERE kind = 'session' AND app_name = 'tests'")
    assert await alice.status("DELETE", f"/api/tokens/{login}") == 404
    assert await alice.status("DELETE", "/api/tokens/nothing") == 404


async def test_sessions_of_the_other_api_leave_tokens_out_and_the_page_of_keys_has_them(alice: Sender):
    await token_of(alice, "my-laptop-token")
    person = Person("alice", alice.key, alice.client)
    assert [one["app_name"] for one in (await person.get("/api/user/session")).json] == ["tests"]
    page = await person.get("/user/api_keys", headers={"Cookie": f"pd_auth_key={alice.key}", "Accept-Encoding": ""})
    assert b"my-laptop-token" in page.body


async def test_a_banned_account_may_do_nothing_here(alice: Sender, site: Site):
    await change_rows(site, "UPDATE users SET banned_at = now() WHERE name = 'alice'")
    for path in ("/api/files", "/api/mails", "/api/inbox", "/api/tokens", "/api/pin", "/api/categories"):
        assert await alice.status("GET", path) == 403
