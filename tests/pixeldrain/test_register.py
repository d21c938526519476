"""POST /user/register, and the link that verifies an e-mail address."""

import asyncio
from typing import Any

import pytest

from pixelhost.core import ratelimit
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Answer, Person, make_person

ADDRESS = "carol@example.com"
CAROL = {"username": "carol", "email": ADDRESS, "password": "correct horse"}


@pytest.fixture
async def open_place(limited) -> Place:
    place: Place = await limited(settings={"registration": "open"})
    return place


@pytest.fixture
async def stranger(open_place: Place) -> Person:
    return open_place.visitor(1)


async def register(person: Person, **fields: str) -> Answer:
    return await person.post("/api/user/register", data=CAROL | fields)


async def login(person: Person, **fields: str) -> Answer:
    return await person.post("/api/user/login", data={"username": "carol", "password": "correct horse"} | fields)


async def account(person: Person, key: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await Person("", key, person.client).get("/api/user")).json
    return shown


async def test_a_new_account_works_at_once_and_is_verified_by_the_link(stranger: Person, site: Site):
    made = await register(stranger)
    assert (made.status, made.json["success"]) == (201, True)
    key = (await login(stranger)).json["auth_key"]
    shown = await account(stranger, key)
    assert (shown["username"], shown["email"], shown["email_verified"]) == ("carol", ADDRESS, False)
    assert (shown["is_admin"], shown["subscription"]["id"]) == (False, "unlimited")
    assert (await Person("", key, stranger.client).put("/api/file/a", data=b"x")).status == 201

    link = dict((await last_mail(site, ADDRESS)).link.query)
    by_link = await stranger.post("/api/user/login", data=link)
    assert by_link.status == 201
    assert (await account(stranger, by_link.json["auth_key"]))["email_verified"] is True
    assert (await stranger.post("/api/user/login", data=link)).refusal == (400, "invalid_login_link")


async def test_the_link_is_good_for_an_hour_and_another_one_comes_when_a_login_is_asked_for(
    stranger: Person, site: Site, clock
):
    await register(stranger)
    first = dict((await last_mail(site, ADDRESS)).link.query)
    assert (await login(stranger, username=ADDRESS, password="")).refusal == (400, "login_link_already_sent")
    clock.advance(hours=1)
    assert (await stranger.post("/api/user/login", data=first)).refusal == (400, "invalid_login_link")
    assert (await login(stranger, username=ADDRESS, password="")).status == 202
    second = await last_mail(site, ADDRESS)
    assert "Confirm your e-mail address" in second.subject
    by_link = await stranger.post("/api/user/login", data=dict(second.link.query))
    assert (await account(stranger, by_link.json["auth_key"]))["email_verified"] is True


async def test_an_account_may_have_no_address(stranger: Person, site: Site):
    assert (await register(stranger, email="")).status == 201
    assert (await login(stranger)).status == 201
    assert await site.db.fetchval("SELECT count(*) FROM outbox") == 0


async def test_all_problems_are_told_at_once(stranger: Person, site: Site):
    await register(stranger)
    refused = await register(stranger, username="CAROL", email="Carol@Example.com", password="1234")
    assert refused.refusal == (400, "multiple_errors")
    assert [error["value"] for error in refused.json["errors"]] == [
        "username_already_registered",
        "email_address_already_registered",
        "string_out_of_range",
    ]
    refused = await stranger.post("/api/user/register", data={"email": "x"})
    assert [(error["value"], error.get("extra", {}).get("field")) for error in refused.json["errors"]] == [
        ("missing_field", "username"),
        ("invalid_email_address", None),
        ("missing_field", "password"),
    ]
    refused = await stranger.post("/api/user/register")
    assert [error["extra"]["field"] for error in refused.json["errors"]] == ["username", "email", "password"]
    assert await site.db.fetchval("SELECT count(*) FROM users") == 1
    assert len(await mail_to(site, ADDRESS)) == 1


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("username", "ab", "string_out_of_range"),
        ("username", "a" * 33, "string_out_of_range"),
        ("username", "", "string_out_of_range"),
        ("username", "carol@home", "field_contains_illegal_character"),
        ("username", "car ol", "field_contains_illegal_character"),
        ("username", "cärol", "field_contains_illegal_character"),
        ("username", "carol\0", "field_contains_illegal_character"),
        ("email", "carol", "invalid_email_address"),
        ("email", "carol@example.com\r\nBcc: dave@example.com", "invalid_email_address"),
        ("email", "carol@" + "a" * 300 + ".com", "invalid_email_address"),
        ("password", "1234", "string_out_of_range"),
        ("password", "x" * 51, "string_out_of_range"),
        ("password", "", "string_out_of_range"),
    ],
)
async def test_one_problem_is_told_as_itself(stranger: Person, site: Site, field: str, value: str, error: str):
    assert (await register(stranger, **{field: value})).value == error
    assert await site.db.fetchval("SELECT count(*) FROM users") == 0


async def test_of_two_registrations_of_a_name_at_once_one_wins(open_place: Place, site: Site):
    answers = await asyncio.gather(
        *(register(open_place.visitor(n), email=f"carol{n}@example.com") for n in range(5)),
        *(register(open_place.visitor(n), username=f"carol{n}") for n in range(5, 10)),
    )
    assert sorted(answer.status for answer in answers[:5]) == [201] + [400] * 4
    assert {answer.value for answer in answers[:5] if answer.status == 400} == {"username_already_registered"}
    assert sorted(answer.status for answer in answers[5:]) == [201] + [400] * 4
    assert {answer.value for answer in answers[5:] if answer.status == 400} == {"email_address_already_registered"}


async def test_where_registration_is_closed_only_admins_make_accounts(site: Site, alice: Person, anyone: Person):
    assert (await register(anyone)).refusal == (403, "forbidden")
    assert (await register(alice)).refusal == (403, "forbidden")
    admin = await make_person(site, anyone.client, "admin", is_admin=True)
    assert (await register(admin)).status == 201
    assert (await login(anyone)).status == 201


async def test_registrations_are_limited_by_address(limited, clock):
    clock.hold()
    place: Place = await limited(settings={"registration": "open", "login_attempts_per_minute": 2})
    answers = await asyncio.gather(
        *(register(place.visitor(1), username=f"carol{n}", email=f"carol{n}@example.com") for n in range(4))
    )
    assert sorted(answer.status for answer in answers) == [201, 201, 429, 429]
    assert (await register(place.visitor(2))).status == 201


async def test_an_address_that_is_somebody_elses_cannot_be_flooded(stranger: Person, site: Site, clock):
    clock.hold()
    await register(stranger)
    password = "correct horse"
    for n in range(2 * ratelimit.MAILS_AN_HOUR):
        mallory = Person("", (await login(stranger, password=password)).json["auth_key"], stranger.client)
        password = f"password {n}"
        assert (await mallory.put("/api/user", data={"password_new": password})).status == 200
        assert (await stranger.post("/api/user/password_reset", data={"email": ADDRESS.upper()})).status == 200
        assert (await mallory.delete("/api/user")).status == 200
    assert len(await mail_to(site, ADDRESS)) == ratelimit.MAILS_AN_HOUR
    refused = await login(stranger, username=ADDRESS, password="")
    assert refused.refusal == (400, "login_link_already_sent")
    clock.advance(hours=1)
    assert (await login(stranger, username=ADDRESS, password="")).status == 202


async def test_questions_by_strangers_do_not_use_up_the_owners_mail(stranger: Person, client, site: Site):
    await make_person(site, client, "carol", email=ADDRESS, password="correct horse")
    for _ in range(2 * ratelimit.MAILS_AN_HOUR):
        await stranger.post("/api/user/password_reset", data={"email": ADDRESS})
        await register(stranger, username="dave")
    assert len(await mail_to(site, ADDRESS)) == 1
    assert (await login(stranger, username=ADDRESS, password="")).status == 202
