"""POST /user/password_reset and POST /user/password_reset_confirm."""

import asyncio
import uuid

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.elsewhere import change_rows
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Answer, Person, make_person

ADDRESS = "alice@example.com"


@pytest.fixture
async def alice(site: Site, client) -> Person:
    return await make_person(site, client, "alice", email=ADDRESS, password="correct horse")


async def ask(person: Person, email: str = ADDRESS) -> Answer:
    return await person.post("/api/user/password_reset", data={"email": email})


async def confirm(person: Person, key: str, password: str = "battery staple") -> Answer:
    return await person.post("/api/user/password_reset_confirm", data={"key": key, "new_password": password})


async def login(person: Person, password: str) -> Answer:
    return await person.post("/api/user/login", data={"username": "alice", "password": password})


async def key_of_last_mail(site: Site) -> str:
    link = (await last_mail(site, ADDRESS)).link
    assert (link.path, set(link.query)) == ("/password_reset_confirm", {"key"})
    return link.query["key"]


async def test_the_link_sets_a_new_password_once_and_ends_all_sessions(alice: Person, anyone: Person, site: Site):
    assert (await ask(anyone, "ALICE@example.com")).json["value"] == "ok"
    key = await key_of_last_mail(site)
    assert (await login(anyone, "correct horse")).status == 201
    assert (await confirm(anyone, key)).json["value"] == "ok"
    assert (await alice.get("/api/user")).refusal == (401, "authentication_failed")
    assert (await login(anyone, "correct horse")).refusal == (400, "password_incorrect")
    assert (await login(anyone, "battery staple")).status == 201
    assert (await confirm(anyone, key, "third password")).refusal == (400, "invalid_login_link")
    assert (await login(anyone, "battery staple")).status == 201


async def test_of_two_uses_at_once_one_wins(alice: Person, anyone: Person, site: Site):
    await ask(anyone)
    key = await key_of_last_mail(site)
    answers = await asyncio.gather(*(confirm(anyone, key, f"password {n}") for n in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400, 400]
    (winner,) = [n for n, answer in enumerate(answers) if answer.status == 200]
    assert (await login(anyone, f"password {winner}")).status == 201


async def test_the_answer_does_not_tell_whether_there_is_an_account(alice: Person, anyone: Person, site: Site):
    there, again, nowhere = await ask(anyone), await ask(anyone), await ask(anyone, "nobody@example.com")
    assert (there.status, there.body) == (again.status, again.body) == (nowhere.status, nowhere.body)
    assert len(await mail_to(site, ADDRESS)) == 1
    assert await mail_to(site, "nobody@example.com") == []


async def test_the_link_is_good_for_an_hour(alice: Person, anyone: Person, site: Site, clock):
    await ask(anyone)
    first = await key_of_last_mail(site)
    clock.advance(hours=1)
    assert (await confirm(anyone, first)).refusal == (400, "invalid_login_link")
    await ask(anyone)
    assert (await confirm(anyone, await key_of_last_mail(site))).status == 200


async def test_it_does_not_log_in_and_a_login_link_does_not_reset(alice: Person, anyone: Person, site: Site):
    await ask(anyone)
    key = await key_of_last_mail(site)
    user_id = str(await site.db.fetchval("SELECT id FROM users"))
    as_login = {"link_login_user_id": user_id, "link_login_id": key}
    assert (await anyone.post("/api/user/login", data=as_login)).refusal == (400, "invalid_login_link")
    await anyone.post("/api/user/login", data={"username": ADDRESS})
    link = (await last_mail(site, ADDRESS)).link.query
    assert (await confirm(anyone, link["link_login_id"])).refusal == (400, "invalid_login_link")
    assert (await confirm(anyone, key)).status == 200


async def test_what_is_wrong_with_the_request_is_told_and_leaves_the_link_good(
    alice: Person, anyone: Person, site: Site
):
    await ask(anyone)
    key = await key_of_last_mail(site)
    for password in ("1234", "x" * 51, ""):
        refused = await confirm(anyone, key, password)
        assert (refused.value, refused.json["extra"]["field"]) == ("string_out_of_range", "new_password")
    assert (await confirm(anyone, str(uuid.uuid4()))).refusal == (400, "invalid_login_link")
    assert (await confirm(anyone, "x")).refusal == (422, "uuid_parse_failed")
    assert (await anyone.post("/api/user/password_reset_confirm")).value == "multiple_errors"
    assert (await ask(anyone, "no address")).refusal == (400, "invalid_email_address")
    assert (await anyone.post("/api/user/password_reset")).refusal == (400, "missing_field")
    assert (await confirm(anyone, key)).status == 200


async def test_a_link_sent_to_an_address_that_the_account_no_longer_has_is_void(
    alice: Person, anyone: Person, site: Site
):
    await ask(anyone)
    key = await key_of_last_mail(site)
    assert (await alice.put("/api/user", data={"email": ""})).status == 200
    assert (await confirm(anyone, key)).refusal == (400, "invalid_login_link")


async def test_the_link_shows_that_the_address_is_ones_own(anyone: Person, limited, site: Site):
    place: Place = await limited(settings={"registration": "open"})
    form = {"username": "alice", "email": ADDRESS, "password": "correct horse"}
    await place.visitor(1).post("/api/user/register", data=form)
    await ask(anyone)
    assert (await confirm(anyone, await key_of_last_mail(site))).status == 200
    key = (await login(anyone, "battery staple")).json["auth_key"]
    assert (await Person("", key, anyone.client).get("/api/user")).json["email_verified"] is True


async def test_the_second_factor_is_still_asked_for(alice: Person, anyone: Person, site: Site):
    await change_rows(site, "UPDATE users SET totp_secret_sealed = $1", site.keyring.seal(b"totp", b"x" * 20))
    await ask(anyone)
    assert (await confirm(anyone, await key_of_last_mail(site))).status == 200
    assert (await login(anyone, "battery staple")).refusal == (400, "otp_required")


async def test_requests_are_limited_by_address(limited, alice: Person, clock):
    clock.hold()
    place: Place = await limited(settings={"login_attempts_per_minute": 2})
    answers = await asyncio.gather(*(ask(place.visitor(1), f"nobody{n}@example.com") for n in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 429, 429]
    assert (await confirm(place.visitor(1), str(uuid.uuid4()))).refusal == (429, "ip_rate_limit_reached")
