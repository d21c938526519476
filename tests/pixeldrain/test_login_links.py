"""POST /user/login by a link that was mailed."""

import asyncio
import uuid
from urllib.parse import unquote

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Answer, Person, make_person

ADDRESS = "alice@example.com"


@pytest.fixture
def noon(clock: MovableClock) -> MovableClock:
    """The clock, at the beginning of an hour."""
    now = clock.now()
    clock.advance(seconds=3600 - (now.minute * 60 + now.second))
    return clock


@pytest.fixture
async def carol(site: Site, client) -> Person:
    """Somebody whose e-mail address is verified."""
    return await make_person(site, client, "carol", email=ADDRESS, password="correct horse")


async def ask_for_link(person: Person, **fields: str) -> Answer:
    return await person.post("/api/user/login", data={"username": ADDRESS} | fields)


async def use(person: Person, link: dict[str, str], **fields: str) -> Answer:
    return await person.post("/api/user/login", data=link | fields)


async def test_an_address_alone_has_a_link_sent_that_logs_in_once(carol: Person, anyone: Person, site: Site):
    sent = await ask_for_link(anyone)
    assert (sent.status, sent.json["success"], sent.json["value"]) == (202, True, "login_link_sent")
    assert "Set-Cookie" not in sent.headers
    mail = await last_mail(site, ADDRESS)
    assert str(mail.link).startswith(str(anyone.client.make_url("/login?")))
    link = dict(mail.link.query)
    assert set(link) == {"link_login_user_id", "link_login_id"}

    made = await use(anyone, link, app_name="by mail")
    assert made.status == 201
    assert made.json["app_name"] == "by mail"
    assert "pd_auth_key=" in made.headers["Set-Cookie"]
    assert (await Person("", made.json["auth_key"], anyone.client).get("/api/user")).json["username"] == "carol"
    assert (await use(anyone, link)).refusal == (400, "invalid_login_link")


async def test_of_two_uses_of_a_link_at_once_one_gets_in(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    link = dict((await last_mail(site, ADDRESS)).link.query)
    answers = await asyncio.gather(*(use(anyone, link) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 7


async def test_an_account_has_one_link_at_a_time_for_a_quarter_of_an_hour(
    carol: Person, anyone: Person, site: Site, clock
):
    answers = await asyncio.gather(*(ask_for_link(anyone) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [202] + [400] * 4
    assert (await ask_for_link(anyone)).refusal == (400, "login_link_already_sent")
    first = dict((await last_mail(site, ADDRESS)).link.query)
    clock.advance(minutes=15)
    assert (await use(anyone, first)).refusal == (400, "invalid_login_link")
    assert (await ask_for_link(anyone)).status == 202
    assert len(await mail_to(site, ADDRESS)) == 2
    assert (await use(anyone, first)).refusal == (400, "invalid_login_link")
    assert (await use(anyone, dict((await last_mail(site, ADDRESS)).link.query))).status == 201
    assert (await ask_for_link(anyone)).status == 202


async def test_a_link_is_good_for_its_own_account_only(carol: Person, bob: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    link = dict((await last_mail(site, ADDRESS)).link.query)
    for changed in (
        {"link_login_user_id": str(await site.db.fetchval("SELECT id FROM users WHERE name = 'bob'"))},
        {"link_login_user_id": str(uuid.uuid4())},
        {"link_login_id": str(uuid.uuid4())},
    ):
        assert (await use(anyone, link | changed)).refusal == (400, "invalid_login_link")
    for name, value in link.items():
        missing = await use(anyone, {name: value})
        assert missing.refusal == (400, "missing_field")
        assert missing.json["extra"]["field"] in set(link) - {name}
        assert (await use(anyone, link | {name: "x"})).refusal == (422, "uuid_parse_failed")
    assert (await use(anyone, link)).status == 201


async def test_a_link_that_another_sites_page_sends_is_refused(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    link = dict((await last_mail(site, ADDRESS)).link.query)
    refused = await anyone.post("/api/user/login", data=link, headers={"Origin": "https://evil.example"})
    assert refused.refusal == (400, "request_origin_invalid")
    assert (await use(anyone, link)).status == 201


async def test_nobody_is_mailed_who_has_no_account(carol: Person, anyone: Person, site: Site):
    form = {"username": "dave@example.com"}
    assert (await anyone.post("/api/user/login", data=form)).refusal == (404, "user_not_found")
    for address in ("@", "carol@", "carol@exa mple.com", "a@b@c", "carol@example.com\r\nBcc: dave@example.com"):
        refused = await anyone.post("/api/user/login", data={"username": address})
        assert refused.refusal == (400, "invalid_email_address"), address
    assert (await anyone.post("/api/user/login", data={"username": "carol"})).refusal == (
        400,
        "no_login_method_available",
    )
    assert await site.db.fetchval("SELECT count(*) FROM outbox") == 0


async def test_login_links_are_limited_as_logins_are(limited, carol: Person, noon):
    place: Place = await limited(settings={"login_attempts_per_minute": 1})
    assert (await ask_for_link(place.visitor(1))).status == 202
    assert (await ask_for_link(place.visitor(1))).refusal == (429, "ip_rate_limit_reached")
    assert (await ask_for_link(place.visitor(2))).refusal == (400, "login_link_already_sent")


async def test_the_path_to_go_to_afterwards_is_in_the_link(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone, redirect="/user/filemanager?sort=name&x=%2F#top")
    link = (await last_mail(site, ADDRESS)).link
    assert link.query["redirect"] == "/user/filemanager?sort=name&x=%2F#top"
    assert (await use(anyone, dict(link.query))).status == 201


@pytest.mark.parametrize(
    "redirect",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example",
        "/\r\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "%2F%2Fevil.example",
        "?next=//evil.example",
        "@evil.example",
    ],
)
async def test_a_link_never_leads_to_another_site(carol: Person, anyone: Person, site: Site, redirect: str):
    assert (await ask_for_link(anyone, redirect=redirect)).status == 202
    mail = await last_mail(site, ADDRESS)
    assert set(mail.link.query) == {"link_login_user_id", "link_login_id"}
    assert "evil" not in unquote(mail.text + mail.html)


async def test_a_link_is_void_when_the_password_changes(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    link = dict((await last_mail(site, ADDRESS)).link.query)
    assert (await carol.put("/api/user", data={"password_new": "battery staple"})).status == 200
    assert (await use(anyone, link)).refusal == (400, "invalid_login_link")


async def test_a_link_to_another_address_is_void_when_the_password_changes(carol: Person, anyone: Person, site: Site):
    """Whoever had the password, or a key, may have asked for it."""
    for change in ("settings", "reset"):
        assert (await carol.put("/api/user", data={"email": "thief@example.com"})).status == 202
        link = dict((await last_mail(site, "thief@example.com")).link.query)
        if change == "settings":
            answer = await carol.put("/api/user", data={"password_new": "battery staple"})
        else:
            await anyone.post("/api/user/password_reset", data={"email": ADDRESS})
            form = {"key": (await last_mail(site, ADDRESS)).link.query["key"], "new_password": "battery staple"}
            answer = await anyone.post("/api/user/password_reset_confirm", data=form)
        assert answer.status == 200
        assert (await use(anyone, link)).refusal == (400, "invalid_login_link")


async def test_a_link_is_void_when_the_address_goes(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    link = dict((await last_mail(site, ADDRESS)).link.query)
    assert (await carol.put("/api/user", data={"email": ""})).status == 200
    assert (await use(anyone, link)).refusal == (400, "invalid_login_link")
    assert (await ask_for_link(anyone)).refusal == (404, "user_not_found")


async def test_a_link_does_not_let_a_banned_account_in(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    link = dict((await last_mail(site, ADDRESS)).link.query)
    await change_rows(site, "UPDATE users SET banned_at = now()")
    assert (await use(anyone, link)).refusal == (403, "account_banned")


async def test_neither_links_nor_keys_can_be_taken_from_the_database(carol: Person, anyone: Person, site: Site):
    await ask_for_link(anyone)
    secret = uuid.UUID((await last_mail(site, ADDRESS)).link.query["link_login_id"])
    row = await site.db.fetchrow("SELECT * FROM email_links")
    assert secret.bytes not in row.values()
    assert str(secret) not in map(str, row.values())
    kept = await site.db.fetchrow("SELECT * FROM sessions")
    assert uuid.UUID(carol.key).bytes not in kept["key_sealed"]
    assert carol.key not in map(str, kept.values())


@pytest.mark.parametrize(
    "host", ["[evil", "evil.example/?", "evil example", 'x"><b>', "@evil.example", "x:port", "\xff"]
)
async def test_no_link_is_mailed_that_leads_to_what_is_no_host(carol: Person, site: Site, port: int, host: str):
    form = f"username={ADDRESS}".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"POST /api/user/login HTTP/1.1\r\nHost: " + host.encode("latin-1") + b"\r\n")
        writer.write(b"Content-Type: application/x-www-form-urlencoded\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(form) + form)
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 400 ")
    finally:
        writer.close()
    assert await mail_to(site, ADDRESS) == []
