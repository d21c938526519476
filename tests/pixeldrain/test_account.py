"""POST /user/login, GET /user and /user/session."""

import asyncio
import uuid

import pytest

from pixelhost.site import Site
from tests.support.people import Answer, Person, make_person


async def login(person: Person, username: str = "alice", password: str = "correct horse", **fields: str) -> Answer:
    return await person.post("/api/user/login", data={"username": username, "password": password} | fields)


async def test_a_login_gives_a_key_that_works(alice: Person, anyone: Person):
    made = await login(anyone, app_name="my_app")
    assert made.status == 201
    body = made.json
    assert str(uuid.UUID(body["auth_key"])) == body["auth_key"]
    assert body["app_name"] == "my_app"
    assert body["creation_ip_address"] == "127.0.0.1"
    assert body["valid_domains"] == ["127.0.0.1"]
    assert body["creation_time"] == body["last_used_time"]
    new = Person("alice", body["auth_key"], anyone.client)
    assert (await new.get("/api/user")).json["username"] == "alice"


async def test_the_key_is_set_as_a_cookie_that_scripts_cannot_read(alice: Person, anyone: Person):
    made = await login(anyone)
    cookie = made.headers["Set-Cookie"]
    assert cookie.startswith(f"pd_auth_key={made.json['auth_key']}; ")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "secure" not in cookie.lower()
    by_cookie = await anyone.get("/api/user", headers={"Cookie": cookie.partition(";")[0]})
    assert by_cookie.json["username"] == "alice"


async def test_behind_https_the_cookie_is_only_for_https(limited, alice: Person):
    place = await limited()
    headers = {"X-Forwarded-Proto": "https"}
    form = {"username": "alice", "password": "correct horse"}
    made = await place.visitor(1).post("/api/user/login", data=form, headers=headers)
    assert "Secure" in made.headers["Set-Cookie"]
    assert made.json["creation_ip_address"] == "203.0.113.1"


@pytest.mark.parametrize("name", ["ALICE", "Alice@Example.com"])
async def test_the_name_or_the_address_logs_in_without_regard_to_case(site: Site, anyone: Person, name: str):
    await make_person(site, anyone.client, "alice", email="alice@example.com", password="correct horse")
    assert (await login(anyone, name)).status == 201


async def test_a_wrong_login_is_refused_without_a_key(alice: Person, bob: Person, anyone: Person):
    for answer, refusal in (
        (await login(anyone, password="wrong horse"), (400, "password_incorrect")),
        (await login(anyone, "nobody"), (404, "user_not_found")),
        (await login(anyone, "bob"), (400, "password_incorrect")),
        (await login(anyone, password=""), (400, "no_login_method_available")),
        (await login(anyone, ""), (400, "missing_field")),
        (await login(anyone, password="CORRECT HORSE"), (400, "password_incorrect")),
    ):
        assert answer.refusal == refusal
        assert "Set-Cookie" not in answer.headers
    assert (await anyone.post("/api/user/login", data=b"")).refusal == (400, "missing_field")


@pytest.mark.parametrize(
    ("name", "password"), [("a\0b", "x"), ("alice", "\0"), ("x" * 100_000, "x"), ("alice", "x" * 100_000), ("é", "é")]
)
async def test_odd_names_and_passwords_are_only_wrong(alice: Person, anyone: Person, name: str, password: str):
    answer = await login(anyone, name, password)
    assert answer.status < 500, answer.body
    assert answer.value


async def test_the_name_of_an_application_has_at_most_100_characters(alice: Person, anyone: Person):
    assert (await login(anyone, app_name="ä" * 100)).status == 201
    assert (await login(anyone, app_name="ä" * 101)).refusal == (422, "string_out_of_range")
    assert (await alice.post("/api/user/session", data={"app_name": "ä" * 101})).refusal == (422, "string_out_of_range")


async def test_logins_are_limited_by_address_and_minute(limited, alice: Person, clock):
    place = await limited(settings={"login_attempts_per_minute": 3})
    clock.advance(seconds=60 - place.site.clock.now().second)
    for _ in range(3):
        assert (await login(place.visitor(1), password="wrong")).refusal == (400, "password_incorrect")
    assert (await login(place.visitor(1))).refusal == (429, "ip_rate_limit_reached")
    assert (await login(place.visitor(2))).status == 201
    clock.advance(seconds=60)
    assert (await login(place.visitor(1))).status == 201


async def test_of_many_logins_at_once_no_more_than_the_limit_are_tried(limited, alice: Person, clock):
    place = await limited(settings={"login_attempts_per_minute": 3})
    clock.advance(seconds=60 - place.site.clock.now().second)
    answers = await asyncio.gather(*(login(place.visitor(1), password="wrong") for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [400] * 3 + [429] * 7


async def test_another_sites_page_cannot_log_its_visitor_in(alice: Person, anyone: Person):
    form = {"username": "alice", "password": "correct horse"}
    for origin in ("https://evil.example", "null"):
        refused = await anyone.post("/api/user/login", data=form, headers={"Origin": origin})
        assert refused.refusal == (400, "request_origin_invalid")
    ours = {"Origin": str(anyone.client.make_url("/")).rstrip("/")}
    assert (await anyone.post("/api/user/login", data=form, headers=ours)).status == 201


async def test_the_account_tells_its_plan_and_what_it_uses(alice: Person):
    await alice.upload("a", b"12345")
    user = (await alice.get("/api/user")).json
    assert (user["username"], user["is_admin"], user["file_count"]) == ("alice", False, 1)
    assert user["storage_space_used"] == 5
    assert user["subscription"]["id"] == "unlimited"
    assert user["subscription"]["storage_space"] == -1
    documented = {
        "username", "email", "email_verified", "otp_enabled", "subscription", "storage_space_used",
        "filesystem_storage_used", "file_count", "filesystem_node_count", "is_admin", "balance_micro_eur",
        "hotlinking_enabled", "monthly_transfer_cap", "monthly_transfer_used", "file_viewer_branding",
        "file_embed_domains", "skip_file_viewer", "affiliate_user_name", "checkout_country", "checkout_name",
        "checkout_provider",
    }  # fmt: skip
    assert documented <= set(user)
    assert set(user["subscription"]) >= {
        "id", "name", "type", "file_size_limit", "file_expiry_days", "storage_space", "price_per_tb_storage",
        "price_per_tb_bandwidth", "monthly_transfer_cap", "file_viewer_branding", "filesystem_access",
        "filesystem_storage_limit",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/user"), ("GET", "/user/session"), ("POST", "/user/session"), ("DELETE", "/user/session")],
)
async def test_an_account_is_shown_only_with_a_key(anyone: Person, method: str, path: str):
    assert (await anyone.ask(method, f"/api{path}")).refusal == (401, "authentication_required")
    wrong = Person("", str(uuid.uuid4()), anyone.client)
    assert (await wrong.ask(method, f"/api{path}")).refusal == (401, "authentication_failed")


async def test_a_key_works_however_it_is_written(alice: Person, anyone: Person):
    for header in (f"Bearer {alice.key}", f"bearer {alice.key.upper()}"):
        assert (await anyone.get("/api/user", headers={"Authorization": header})).status == 200


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
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 201 ")
    finally:
        writer.close()
    assert len((await alice.get("/api/user/session")).json) == 2


async def test_the_last_use_of_a_key_is_noted(alice: Person, clock, flush):
    before = (await alice.get("/api/user/session")).json[0]["last_used_time"]
    clock.advance(minutes=5)
    await alice.get("/api/user")
    await flush()
    assert (await alice.get("/api/user/session")).json[0]["last_used_time"] > before
