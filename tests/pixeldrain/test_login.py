"""POST /user/login by password, and what keeps others out."""

import asyncio
import uuid

import pytest

from pixelhost.core import passwords, ratelimit
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person, make_person

ADDRESS = "alice@example.com"


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


async def test_a_key_that_is_no_longer_good_does_not_hinder_a_login(alice: Person, anyone: Person):
    form = {"username": "alice", "password": "correct horse"}
    for headers in (
        {"Cookie": f"pd_auth_key={uuid.uuid4()}"},
        {"Authorization": f"Bearer {uuid.uuid4()}"},
    ):
        assert (await anyone.post("/api/user/login", data=form, headers=headers)).status == 201


async def test_a_login_that_a_browser_calls_foreign_is_refused(alice: Person, anyone: Person):
    form = {"username": "alice", "password": "correct horse"}
    for site in ("cross-site", "same-site"):
        refused = await anyone.post("/api/user/login", data=form, headers={"Sec-Fetch-Site": site})
        assert refused.refusal == (400, "request_origin_invalid")
    for site in ("same-origin", "none"):
        headers = {"Sec-Fetch-Site": site}
        assert (await anyone.post("/api/user/login", data=form, headers=headers)).status == 201


async def test_a_banned_account_is_told_so_only_with_its_password(site: Site, alice: Person, anyone: Person):
    await change_rows(site, "UPDATE users SET banned_at = now()")
    assert (await login(anyone, password="wrong horse")).refusal == (400, "password_incorrect")
    assert (await login(anyone)).refusal == (403, "account_banned")


@pytest.fixture
def noon(clock: MovableClock) -> MovableClock:
    """The clock, at the beginning of an hour."""
    now = clock.now()
    clock.advance(seconds=3600 - (now.minute * 60 + now.second))
    return clock


async def test_an_account_under_attack_gives_new_addresses_three_wrong_passwords_and_the_owner_gets_in(
    limited, alice: Person, noon
):
    place: Place = await limited()
    assert (await login(place.visitor(200))).status == 201  # where the owner logged in before
    for n in range(ratelimit.ATTACK_FROM):
        assert (await login(place.visitor(n), password="wrong")).refusal == (400, "password_incorrect")

    newcomer = place.visitor(100)
    for _ in range(ratelimit.WRONG_WHEN_NEW):
        assert (await login(newcomer, password="wrong")).refusal == (400, "password_incorrect")
    assert (await login(newcomer, password="wrong")).refusal == (429, "ip_rate_limit_reached")
    assert (await login(newcomer)).refusal == (429, "ip_rate_limit_reached")

    assert (await login(place.visitor(101))).status == 201  # the owner at a new address
    known = place.visitor(200)
    for _ in range(ratelimit.WRONG_WHEN_NEW + 1):
        assert (await login(known, password="wrong")).refusal == (400, "password_incorrect")
    assert (await login(known)).status == 201
    noon.advance(hours=1)
    assert (await login(newcomer)).status == 201


async def test_many_wrong_passwords_at_one_account_do_not_matter_to_another(limited, alice: Person, site: Site, noon):
    place: Place = await limited()
    await make_person(site, place.client, "bob", password="correct horse")
    for _ in range(ratelimit.ATTACK_FROM + 1):
        await login(place.visitor(1), password="wrong")
    assert (await login(place.visitor(1))).refusal == (429, "ip_rate_limit_reached")
    assert (await login(place.visitor(1), "bob")).status == 201


async def test_a_name_that_nobody_has_is_limited_as_any_other(limited, noon):
    place: Place = await limited()
    for _ in range(ratelimit.ATTACK_FROM):
        assert (await login(place.visitor(1), "nobody")).refusal == (404, "user_not_found")
    assert (await login(place.visitor(1), "NOBODY")).refusal == (429, "ip_rate_limit_reached")


async def test_logins_that_would_wait_too_long_are_put_off(alice: Person, anyone: Person, monkeypatch):
    monkeypatch.setattr(passwords, "WAITING_MAX", 2)
    answers = await asyncio.gather(*(login(anyone) for _ in range(6)))
    assert {answer.status for answer in answers} == {201, 429}
    assert (await login(anyone)).status == 201


def test_the_addresses_that_one_subscriber_has_of_ipv6_count_together():
    assert ratelimit.network_of("2001:db8::1") == ratelimit.network_of("2001:db8::ffff:0:0:2") == "2001:db8::/64"
    assert ratelimit.network_of("2001:db8:0:1::1") != ratelimit.network_of("2001:db8::1")
    assert ratelimit.network_of("203.0.113.7") == "203.0.113.7"


async def test_guesses_from_all_of_a_network_of_ipv6_are_limited_together(limited, alice: Person, noon):
    place: Place = await limited(settings={"login_attempts_per_minute": 2})
    form = {"username": "alice", "password": "wrong"}
    statuses = [
        (
            await place.visitor(1).post(
                "/api/user/login", data=form, headers={"X-Forwarded-For": f"2001:db8::{last:x}"}
            )
        ).status
        for last in range(1, 4)
    ]
    assert statuses == [400, 400, 429]
