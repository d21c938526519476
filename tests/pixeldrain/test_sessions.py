"""/user/session: API keys, made, listed, kept as a cookie and ended."""

import asyncio
import uuid

import pytest

from pixelhost import errors
from pixelhost.core import accounts, callers, secondfactor, totp
from pixelhost.core import login as logins
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.client import RealServer, fresh_client
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person, make_person


async def login(person: Person, app_name: str = "") -> Answer:
    form = {"username": "alice", "password": "correct horse", "app_name": app_name}
    return await person.post("/api/user/login", data=form)


async def test_extra_keys_are_made_listed_and_ended_one_by_one(alice: Person, bob: Person):
    headers = {"User-Agent": "tester/1.0"}
    made = await alice.post("/api/user/session", data={"app_name": "second"}, headers=headers)
    assert made.status == 201
    second = Person("alice", made.json["auth_key"], alice.client)
    listed = (await alice.get("/api/user/session")).json
    assert [one["auth_key"] for one in listed] == [alice.key, second.key]
    assert (listed[1]["app_name"], listed[1]["user_agent"]) == ("second", "tester/1.0")
    assert "valid_domains" not in listed[1]
    assert len((await bob.get("/api/user/session")).json) == 1
    assert (await second.delete("/api/user/session")).json["value"] == "ok"
    assert (await second.get("/api/user")).refusal == (401, "authentication_failed")
    assert (await alice.get("/api/user")).status == 200


async def test_logging_out_by_cookie_ends_the_cookie_too(alice: Person, anyone: Person):
    cookie = {"Cookie": f"pd_auth_key={alice.key}", "Sec-Fetch-Site": "same-origin"}
    ended = await anyone.delete("/api/user/session", headers=cookie)
    assert ended.status == 200
    assert ended.headers["Set-Cookie"].startswith("pd_auth_key=")
    assert "max-age=0" in ended.headers["Set-Cookie"].lower()


async def test_a_user_agent_of_any_bytes_makes_a_key(alice: Person, port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"POST /api/user/session HTTP/1.1\r\nHost: x\r\nUser-Agent: caf\xe9 " + b"x" * 2000)
        writer.write(f"\r\nAuthorization: Bearer {alice.key}\r\nContent-Length: 0\r\n\r\n".encode())
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 201 ")
    finally:
        writer.close()
    assert len((await alice.get("/api/user/session")).json) == 2


async def test_the_last_use_of_a_key_is_noted(alice: Person, clock, flush):
    before = (await alice.get("/api/user/session")).json[0]["last_used_time"]
    clock.advance(minutes=5)
    await alice.get("/api/user")
    await flush()
    assert (await alice.get("/api/user/session")).json[0]["last_used_time"] > before


async def test_the_name_of_an_application_has_at_most_100_characters(alice: Person, anyone: Person):
    assert (await login(anyone, "ä" * 100)).status == 201
    assert (await login(anyone, "ä" * 101)).refusal == (422, "string_out_of_range")
    assert (await alice.post("/api/user/session", data={"app_name": "ä" * 101})).refusal == (422, "string_out_of_range")


async def test_a_key_works_however_it_is_written(alice: Person, anyone: Person):
    for header in (f"Bearer {alice.key}", f"bearer {alice.key.upper()}"):
        assert (await anyone.get("/api/user", headers={"Authorization": header})).status == 200


@pytest.fixture
async def elsewhere(site: Site, served) -> Place:
    """Another worker on the same data."""
    return await served(site)


async def test_a_key_that_was_revoked_is_refused_by_every_worker_at_once(alice: Person, elsewhere: Place):
    there = Person("alice", alice.key, elsewhere.client)
    assert (await there.get("/api/user")).status == 200
    assert (await alice.delete("/api/user/session")).status == 200
    assert (await there.get("/api/user")).refusal == (401, "authentication_failed")
    assert (await there.put("/api/file/a", data=b"x")).refusal == (401, "authentication_failed")


async def test_a_ban_holds_on_every_worker_at_once(alice: Person, elsewhere: Place, site: Site):
    there = Person("alice", alice.key, elsewhere.client)
    assert (await there.get("/api/user")).status == 200
    await change_rows(site, "UPDATE users SET banned_at = now()")
    for method, path in (
        ("GET", "/user"),
        ("PUT", "/user"),
        ("DELETE", "/user"),
        ("GET", "/user/session"),
        ("POST", "/user/session"),
        ("POST", "/user/totp"),
        ("PUT", "/file/a"),
    ):
        assert (await there.ask(method, f"/api{path}")).refusal == (403, "account_banned"), path


async def test_a_new_password_ends_the_other_keys_on_every_worker_and_keeps_the_one_it_was_set_with(
    alice: Person, elsewhere: Place
):
    made = await alice.post("/api/user/session")
    other = Person("alice", made.json["auth_key"], elsewhere.client)
    assert (await other.get("/api/user")).status == 200
    assert (await alice.put("/api/user", data={"password_new": "battery staple"})).status == 200
    assert (await other.get("/api/user")).refusal == (401, "authentication_failed")
    assert (await Person("", alice.key, elsewhere.client).get("/api/user")).status == 200
    assert [one["auth_key"] for one in (await alice.get("/api/user/session")).json] == [alice.key]


async def test_no_key_outlives_the_change_of_the_password_that_it_races_with(alice: Person, anyone: Person):
    thief = Person("", (await login(anyone)).json["auth_key"], anyone.client)
    made = await asyncio.gather(
        alice.put("/api/user", data={"password_new": "battery staple"}),
        *(thief.post("/api/user/session") for _ in range(10)),
        *(login(anyone) for _ in range(5)),
    )
    assert made[0].status == 200
    for answer in made[1:]:
        if answer.status == 201:
            stolen = Person("", answer.json["auth_key"], anyone.client)
            assert (await stolen.get("/api/user")).refusal == (401, "authentication_failed")
    assert len((await alice.get("/api/user/session")).json) == 1


@pytest.mark.parametrize(
    ("way_out", "refusal"),
    [
        ("DELETE FROM sessions", errors.AUTHENTICATION_FAILED),
        ("UPDATE users SET banned_at = now()", errors.ACCOUNT_BANNED),
    ],
    ids=["revoked", "banned"],
)
async def test_what_was_asked_before_a_key_lost_its_rights_is_not_done_after(
    site: Site, alice: Person, way_out: str, refusal: errors.ErrorKind
):
    caller = await callers.identify(site, alice.key, "127.0.0.1", "")
    secret = totp.new_secret()
    code = totp.code_of(totp.decoded(secret) or b"", totp.step_at(site.clock.now()))
    await site.db.execute(way_out)
    for attempt in (
        secondfactor.enable(site, caller, secret, code),
        secondfactor.disable(site, caller),
        accounts.schedule_deletion(site, caller, "http://127.0.0.1"),
        accounts.change(site, caller, accounts.Changes(password_new="stolen"), [], "http://127.0.0.1"),
        logins.another_session(site, caller, ""),
    ):
        with pytest.raises(errors.ApiError) as refused:
            await attempt
        assert refused.value.kind is refusal
    assert await site.db.fetchval("SELECT count(*) FROM users WHERE totp_secret_sealed IS NULL AND delete_at IS NULL")


async def test_another_key_is_revoked_by_sending_both(alice: Person, anyone: Person):
    """As the web site does it: the key to end in the header, beside the cookie."""
    second = (await alice.post("/api/user/session")).json["auth_key"]
    headers = {"Cookie": f"pd_auth_key={alice.key}", "Authorization": f"Bearer {second}"}
    ended = await anyone.delete("/api/user/session", headers=headers)
    assert ended.status == 200
    assert "Set-Cookie" not in ended.headers
    assert [one["auth_key"] for one in (await alice.get("/api/user/session")).json] == [alice.key]


@pytest.mark.parametrize(("method", "path"), [("POST", "/user/session"), ("DELETE", "/user/session"), ("PUT", "/user")])
async def test_a_page_of_another_site_cannot_use_the_cookie(alice: Person, anyone: Person, method: str, path: str):
    cookie = {"Cookie": f"pd_auth_key={alice.key}"}
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await anyone.ask(method, f"/api{path}", headers=cookie | foreign)
        assert refused.refusal == (400, "request_origin_invalid")
    assert (await alice.get("/api/user")).status == 200


async def test_the_cookie_is_set_for_a_key_made_at_the_same_address(limited, alice: Person):
    place: Place = await limited()
    key = (await place.visitor(1, alice.key).post("/api/user/session")).json["auth_key"]
    kept = await place.visitor(1).get(f"/api/user/session/set_cookie?api_key={key}")
    assert (kept.status, kept.json["value"]) == (200, "ok")
    cookie = kept.headers["Set-Cookie"]
    assert cookie.startswith(f"pd_auth_key={key}; ")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    by_cookie = await place.visitor(2).get("/api/user", headers={"Cookie": cookie.partition(";")[0]})
    assert by_cookie.json["username"] == "alice"


async def test_the_cookie_is_not_set_for_a_key_made_elsewhere(limited, alice: Person):
    place: Place = await limited()
    key = (await place.visitor(1, alice.key).post("/api/user/session")).json["auth_key"]
    refused = await place.visitor(2).get(f"/api/user/session/set_cookie?api_key={key}")
    assert refused.refusal == (401, "invalid_key_ip")
    assert "Set-Cookie" not in refused.headers
    # Not even with that key beside it: made by command, it has no address.
    sent = place.visitor(2, alice.key)
    assert (await sent.get(f"/api/user/session/set_cookie?api_key={alice.key}")).refusal == (401, "invalid_key_ip")


async def test_the_cookie_is_not_set_for_what_is_no_key(anyone: Person, alice: Person):
    path = "/api/user/session/set_cookie"
    for key in (str(uuid.uuid4()), "x", "", "%0d%0aSet-Cookie:x"):
        assert (await anyone.get(f"{path}?api_key={key}")).refusal == (401, "authentication_failed")
    assert (await anyone.get(path)).refusal == (400, "missing_field")
    stale = {"Cookie": f"pd_auth_key={uuid.uuid4()}"}
    assert (await anyone.get(f"{path}?api_key={uuid.uuid4()}", headers=stale)).refusal == (401, "authentication_failed")


async def test_a_worker_that_starts_later_knows_the_keys(alice: Person, server: RealServer):
    async with fresh_client(server) as client:
        assert (await Person("", alice.key, client).get("/api/user")).status == 200


async def test_a_session_of_another_account_is_not_listed(alice: Person, site: Site, client):
    dave = await make_person(site, client, "dave")
    assert [one["auth_key"] for one in (await dave.get("/api/user/session")).json] == [dave.key]
