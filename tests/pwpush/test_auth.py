"""Who asks: every way to carry a key, what an invalid one does, and pushes for accounts only."""

import json

import pytest
from aiohttp import encode_basic_auth

from tests.pwpush.pushing import V2, kinds_of_log, push, push_token, send_files, show
from tests.support.people import Person

NOBODYS = "00000000-0000-4000-8000-000000000000"


def carriers(key: str) -> dict[str, dict[str, str]]:
    """Headers that carry a key, by how they do."""
    return {
        "bearer": {"Authorization": f"Bearer {key}"},
        "bearer, more spaces": {"Authorization": f"Bearer    {key}"},
        "bare": {"Authorization": key},
        "another scheme": {"Authorization": f"Token token {key}"},
        "basic, mail": {"Authorization": encode_basic_auth("alice@example.com", key)},
        "basic, nobody": {"Authorization": encode_basic_auth("", key)},
        "pair": {"X-User-Email": "alice@example.com", "X-User-Token": key},
        "pair, any mail": {"X-User-Email": "x", "X-User-Token": key},
        "pair, no mail": {"X-User-Email": "", "X-User-Token": key},
        "pair beside a bearer": {"X-User-Email": "x", "X-User-Token": key, "Authorization": f"Bearer {NOBODYS}"},
        "all, as the CLI sends them": {"X-User-Email": "x", "X-User-Token": key, "Authorization": f"Bearer {key}"},
        "cookie": {"Cookie": f"pd_auth_key={key}"},
        "a key beats the cookie": {"Cookie": f"pd_auth_key={NOBODYS}", "Authorization": f"Bearer {key}"},
    }


@pytest.mark.parametrize("carrier", carriers(""))
async def test_a_key_may_come_in_any_of_these_ways(alice: Person, anyone: Person, carrier: str):
    headers = carriers(alice.key)[carrier]
    for path in ("/p/active.json", f"{V2}/active", "/en/d/active"):
        answer = await anyone.get(path, headers=headers)
        assert (answer.status, answer.json) == (200, [])
        assert "Set-Cookie" not in answer.headers
    made = await anyone.post("/f.json", json={"file_push": {"note": ""}}, headers=headers)
    assert made.status == 201
    (mine,) = (await alice.get("/p/active.json")).json
    assert mine["url_token"] == made.json["url_token"]


def wrong_carriers(key: str) -> dict[str, dict[str, str]]:
    return {
        **{name: headers for name, headers in carriers(NOBODYS).items() if name != "pair beside a bearer"},
        "no key at all": {"Authorization": "Bearer"},
        "not even a UUID": {"Authorization": "Bearer abcDEF123-_xyz456789"},
        "the token alone": {"X-User-Token": key},
        "the token alone, beside a bearer": {"X-User-Token": key, "Authorization": f"Bearer {key}"},
        "the pair wins": {"X-User-Email": "x", "X-User-Token": NOBODYS, "Authorization": f"Bearer {key}"},
        "an empty pair": {"X-User-Email": "x", "X-User-Token": ""},
        "odd basic": {"Authorization": "Basic %%%"},
        "odd letters": {"Authorization": "Bearer ü☃"},
    }


@pytest.mark.parametrize("carrier", wrong_carriers(""))
async def test_a_key_that_isnt_good_is_refused_also_where_none_is_needed(alice: Person, anyone: Person, carrier: str):
    token = await push_token(alice)
    headers = wrong_carriers(alice.key)[carrier]
    asked = [
        ("GET", f"/p/{token}.json"), ("GET", f"{V2}/{token}"), ("GET", f"/p/{token}/preview.json"),
        ("GET", f"{V2}/{token}/preview"), ("DELETE", f"/p/{token}.json"), ("DELETE", f"{V2}/{token}"),
        ("GET", "/p/active.json"), ("GET", f"/p/{token}/audit.json"), ("GET", f"/p/{'x' * 18}.json"),
        ("POST", "/p.json"), ("POST", V2), ("POST", "/f.json"), ("POST", "/r.json"),
    ]  # fmt: skip
    for method, path in asked:
        refused = await anyone.ask(method, path, headers=headers)
        assert (refused.status, list(refused.json)) == (401, ["error"]), (method, path)
    assert (await anyone.ask("HEAD", f"/p/{token}.json", headers=headers)).status == 401
    for path in ("/api/v1/version", "/api/v1/version.json", "/api/v2/version", "/api/v2/version.json"):
        assert (await anyone.get(path, headers=headers)).status == 200
    assert await kinds_of_log(alice, token) == ["creation"]


async def test_a_mail_address_alone_is_nobody(alice: Person, anyone: Person):
    headers = {"X-User-Email": "alice@example.com"}
    token = await push_token(alice)
    assert (await anyone.get(f"/p/{token}.json", headers=headers)).json["views_remaining"] == 4
    assert (await anyone.get("/p/active.json", headers=headers)).status == 401


async def test_strangers_are_asked_for_a_key_with_a_body(anyone: Person):
    token = await push_token(anyone)
    asked = [(f"/{letter}/{name}.json") for letter in "pfr" for name in ("active", "expired", f"{token}/audit")]
    asked += [f"{V2}/active", f"{V2}/expired", f"{V2}/{token}/audit", "/d/active.json", "/en/d/expired.json"]
    for path in asked:
        refused = await anyone.get(path)
        assert (refused.status, list(refused.json)) == (401, ["error"]), path
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_key_that_is_revoked_is_no_key(alice: Person, anyone: Person):
    extra = (await alice.post("/api/user/session", data={"app_name": "cli"})).json["auth_key"]
    headers = {"Authorization": f"Bearer {extra}"}
    assert (await anyone.get("/p/active.json", headers=headers)).status == 200
    assert (await anyone.delete("/api/user/session", headers=headers)).status == 200
    assert (await anyone.get("/p/active.json", headers=headers)).status == 401


async def test_a_banned_account_pushes_nothing_and_reads_as_anybody(alice: Person, root: Person):
    token = await push_token(alice)
    assert (await root.post("/api/admin/user_ban", data={"name": "alice", "reason": "Spam"})).status == 200
    for path, envelope in (("/p.json", "password"), (V2, "push"), ("/f.json", "file_push")):
        refused = await alice.post(path, json={envelope: {"payload": "x"}})
        assert (refused.status, list(refused.json)) == (403, ["error"])
    assert (await send_files(alice, ("a", b"x"))).status == 403
    for path in ("/p/active.json", f"{V2}/expired", f"{V2}/{token}/audit"):
        assert (await alice.get(path)).status == 403
    assert (await show(alice, token))["views_remaining"] == 4


async def test_a_banned_address_pushes_nothing_with_or_without_an_account(limited, root: Person):
    place = await limited()
    stranger, other = place.visitor(7), place.visitor(8)
    owner = await place.person("owner")
    account = place.visitor(7, key=owner.key)
    banned = await root.post("/api/admin/ip_ban", data={"address": "203.0.113.7", "reason": "Spam"})
    assert banned.status == 200
    for who in (stranger, account):
        refused = await who.post(V2, json={"push": {"payload": "x"}})
        assert (refused.status, list(refused.json)) == (403, ["error"])
    token = await push_token(other)
    assert (await show(stranger, token))["payload"] == "s3cret"


async def test_where_pushes_are_for_accounts_strangers_get_nothing_at_all(changed, alice: Person, anyone: Person):
    place = await changed(anonymous_pushes="off")
    stranger, member = Person("", "", place.client), Person("", alice.key, place.client)
    token = await push_token(alice)
    paths = [f"/p/{token}.json", f"/p/{token}/r.json", f"/p/{token}/preview.json", f"{V2}/{token}"]
    paths += [f"{V2}/{token}/preview", "/p/active.json", f"{V2}/{token}/audit", f"/p/{'x' * 18}.json"]
    for path in paths:
        refused = await stranger.get(path)
        assert (refused.status, list(refused.json)) == (401, ["error"]), path
    assert (await stranger.ask("HEAD", f"/p/{token}.json")).status == 401
    for path, envelope in (("/p.json", "password"), (V2, "push"), ("/passwords.json", "password")):
        assert (await stranger.post(path, json={envelope: {"payload": "x"}})).status == 401
    for path in (f"/p/{token}.json", f"{V2}/{token}"):
        assert (await stranger.delete(path)).status == 401
    assert (await stranger.get("/api/v2/version")).json["features"]["anonymous_access"] is False
    assert await kinds_of_log(alice, token) == ["creation"]
    assert (await show(member, token))["payload"] == "s3cret"
    await push(member)


async def test_the_key_of_the_other_api_is_the_token(alice: Person):
    """A Pixeldrain API key is a UUID; Password Pusher's tokens are opaque to its clients."""
    session = json.loads((await alice.post("/api/user/session", data={"app_name": "pwpush"})).body)
    there = Person("", "", alice.client)
    answer = await there.get(f"{V2}/active", headers={"Authorization": f"Bearer {session['auth_key']}"})
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/p.json", "/f.json", "/r.json", V2])
async def test_a_page_of_another_site_writes_with_nobodys_cookie(alice: Person, anyone: Person, path: str):
    headers = {"Cookie": f"pd_auth_key={alice.key}", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = await anyone.post(path, data={"password[payload]": "x", "push[payload]": "x"}, headers=headers)
    assert answer.status == 400
    assert (await alice.get(f"{V2}/active")).json == []
