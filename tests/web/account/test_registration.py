"""Making an account, confirming its address, and setting a new password by mail."""

import pytest

from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Person
from tests.web.account.conftest import ADDRESS, PASSWORD, cookie_of, done, look, problem, refused, send, whoami
from tests.web.reading import visit

CAROL = {"username": "carol", "email": "carol@example.com", "password": PASSWORD}


async def test_whoever_registers_is_logged_in_and_told_to_open_the_link(stranger, house):
    answer = await send(stranger, "/register", **CAROL)
    assert answer.status == 303
    carol = Person("carol", cookie_of(answer), stranger.client)
    page = await look(carol, answer.headers["Location"])
    assert "Welcome." in page.text
    assert "Your e-mail address is not confirmed" in page.text

    link = (await last_mail(house.site, CAROL["email"])).link
    page = await look(stranger, link.path_qs)
    assert page.one("h1").text == "Confirm your e-mail address"
    assert (await whoami(carol, carol.key))["email_verified"] is False
    assert await done(stranger, "/login", **dict(link.query)) == "/user"
    assert (await whoami(carol, carol.key))["email_verified"] is True
    assert "not confirmed" not in (await look(carol, "/user")).text


async def test_an_account_needs_no_address(stranger):
    answer = await send(stranger, "/register", **CAROL | {"email": ""})
    assert answer.headers["Location"] == "/user"


async def test_everything_that_is_wrong_is_said_beside_its_field(stranger, ann):
    page = await refused(stranger, "/register", username="a b", email="nonsense", password="1234")
    assert problem(page, "username") == "The character “ ” is not allowed here."
    assert problem(page, "email") == "This is not a valid e-mail address"
    assert problem(page, "password") == "This must have between 5 and 50 characters. It has 4."
    page = await refused(stranger, "/register", username="ANN", email=ADDRESS, password=PASSWORD)
    assert "with this name already" in problem(page, "username")
    assert "with this e-mail address already" in problem(page, "email")
    page = await refused(stranger, "/register")
    assert problem(page, "username") == "This is needed."


async def test_where_registration_is_closed_the_page_says_so(anyone):
    page = await visit(anyone, "/register")
    assert page.status == 403
    assert "Nobody can register here" in page.text
    assert page.all("input", id="username") == []
    assert (await anyone.post("/register", data=CAROL)).status == 403


async def test_the_confirmation_can_be_sent_again_once_the_first_link_is_over(stranger, house, clock):
    carol = Person("carol", cookie_of(await send(stranger, "/register", **CAROL)), stranger.client)
    page = await refused(carol, "/user")
    assert "was sent to this account already" in page.text
    clock.advance(seconds=3601)
    assert "A link was sent" in (await look(carol, await done(carol, "/user"))).text
    assert len(await mail_to(house.site, CAROL["email"])) == 2


async def test_a_new_password_is_set_by_the_mailed_link(stranger, house, ann):
    location = await done(stranger, "/password_reset", email=ADDRESS)
    assert "a link to set a new password was sent" in (await look(stranger, location)).text
    link = (await last_mail(house.site, ADDRESS)).link
    page = await look(stranger, link.path_qs)
    key = page.one("input", name="key")["value"]

    page = await refused(stranger, "/password_reset_confirm", 422, key=key, new_password="1234")
    assert "between 5 and 50" in problem(page, "new_password")
    location = await done(stranger, "/password_reset_confirm", key=key, new_password="new password")
    assert "The new password holds" in (await look(stranger, location)).text
    assert await done(stranger, "/login", username="ann", password="new password") == "/user"
    assert (await ann.get("/api/user")).status == 401

    page = await refused(stranger, "/password_reset_confirm", key=key, new_password="another one")
    assert "not good any more" in page.text


async def test_whether_there_is_an_account_is_not_told(stranger, house):
    assert await done(stranger, "/password_reset", email="nobody@example.com") == "/password_reset?done=reset_sent"
    assert await mail_to(house.site, "nobody@example.com") == []
    page = await refused(stranger, "/password_reset", email="nonsense")
    assert "not a valid" in problem(page, "email")


@pytest.mark.parametrize("key", ["", "x", "00000000-0000-4000-8000-000000000000"])
async def test_a_reset_link_that_is_not_good_says_so(stranger, key):
    page = await visit(stranger, f"/password_reset_confirm?key={key}")
    assert (page.status, page.one("h1").text) == (400, "This link is not good any more")
