"""Logging in and out on the pages."""

from datetime import timedelta

import pyotp
import pytest

from pixelhost.wire.credentials import COOKIE
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Person
from tests.web.account.conftest import ADDRESS, PASSWORD, alert, cookie_of, done, look, problem, refused, send, whoami

LOGIN = {"username": "ann", "password": PASSWORD}


async def test_a_password_logs_in_with_a_cookie_and_leads_to_the_account(ann, stranger):
    answer = await send(stranger, "/login", **LOGIN)
    assert (answer.status, answer.headers["Location"]) == (303, "/user")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert (await whoami(stranger, cookie_of(answer)))["username"] == "ann"


async def test_the_cookie_is_the_one_that_the_api_sets(ann, stranger):
    by_page = await send(stranger, "/login", **LOGIN)
    by_api = await stranger.post("/api/user/login", data=LOGIN)
    assert by_page.headers["Set-Cookie"].partition(";")[2] == by_api.headers["Set-Cookie"].partition(";")[2]


async def test_a_page_that_needs_an_account_leads_to_the_login_and_back(ann, stranger):
    answer = await stranger.get("/user/filemanager?q=a%20b", headers={"Accept": "text/html"})
    assert answer.status == 303
    page = await look(stranger, answer.headers["Location"])
    back = page.one("input", name="redirect")["value"]
    assert await done(stranger, "/login", **LOGIN, redirect=back) == "/user/filemanager?q=a%20b"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_a_login_never_leads_to_another_site(ann, stranger, elsewhere):
    assert await done(stranger, "/login", **LOGIN, redirect=elsewhere) == "/user"


async def test_whoever_is_logged_in_is_led_on(ann):
    answer = await ann.get("/login?redirect=/d/me")
    assert (answer.status, answer.headers["Location"]) == (303, "/d/me")


async def test_what_is_wrong_stands_beside_its_field(ann, stranger):
    page = await refused(stranger, "/login", **LOGIN | {"password": "wrong"})
    assert problem(page, "password") == "This is not the password of the account."
    assert page.one("input", id="username")["value"] == "ann"
    assert "wrong" not in page.source.partition("<form")[2].partition("</form>")[0].replace('wrong"', "")
    page = await refused(stranger, "/login", 404, **LOGIN | {"username": "nobody"})
    assert "no account" in problem(page, "username")
    page = await refused(stranger, "/login", username="", password="")
    assert problem(page, "username") == "This is needed."
    page = await refused(stranger, "/login", username="ann", password="")
    assert "Enter the password" in problem(page, "password")


async def test_a_login_from_a_page_of_another_site_is_refused(ann, stranger):
    answer = await stranger.post("/login", data=LOGIN, headers={"Origin": "https://evil.example"})
    assert answer.status == 400
    assert "Set-Cookie" not in answer.headers
    for path in ("/register", "/password_reset", "/password_reset_confirm", "/logout"):
        assert (await stranger.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"})).status == 400


async def test_the_cookie_writes_nothing_when_another_site_sends_the_form(ann, stranger):
    headers = {"Cookie": f"{COOKIE}={ann.key}", "Origin": "https://evil.example"}
    assert (await stranger.post("/user/settings", data={"action": "delete"}, headers=headers)).status == 400


async def test_an_address_without_a_password_gets_a_link_that_is_not_spent_by_opening_it(ann, stranger, house):
    location = await done(stranger, "/login", username=ADDRESS, password="", redirect="/user/lists")
    assert "A link was sent" in (await look(stranger, location)).text
    link = (await last_mail(house.site, ADDRESS)).link
    for _ in range(3):
        page = await look(stranger, link.path_qs)
        assert ADDRESS in page.text
    hidden = {one["name"]: one["value"] for one in page.all("input", type="hidden") if one["name"] != "back"}
    answer = await send(stranger, "/login", **hidden)
    assert (answer.status, answer.headers["Location"]) == (303, "/user/lists")
    assert (await whoami(stranger, cookie_of(answer)))["username"] == "ann"

    page = await refused(stranger, "/login", **hidden)
    assert page.one("h1").text == "This link is not good any more"
    assert (await stranger.get(link.path_qs)).status == 400


async def test_a_second_link_is_not_sent_while_the_first_is_good(ann, stranger, house):
    await done(stranger, "/login", username=ADDRESS, password="")
    page = await refused(stranger, "/login", username=ADDRESS, password="")
    assert "was sent to this account already" in problem(page, "username")
    assert len(await mail_to(house.site, ADDRESS)) == 1


@pytest.mark.parametrize("query", ["link_login_id=x", "link_login_id=&link_login_user_id=", "link_login_id=%00"])
async def test_a_mangled_link_says_that_it_is_not_good(stranger, query):
    answer = await stranger.get(f"/login?{query}", headers={"Accept-Encoding": "identity"})
    assert answer.status == 400
    assert b"not good any more" in answer.body


@pytest.fixture
async def app(ann, clock) -> pyotp.TOTP:
    """Ann's authenticator app. The code that it was set up with is old."""
    secret = (await ann.post("/api/user/totp", data={"action": "generate"})).json["secret"]
    app = pyotp.TOTP(secret)
    await ann.post("/api/user/totp", data={"action": "verify", "secret": secret, "otp": app.at(clock.now())})
    clock.advance(seconds=90)
    return app


async def code_step(stranger: Person, **fields: str) -> dict[str, str]:
    """The hidden fields of the page that asks for a code."""
    page = await refused(stranger, "/login", 200, **LOGIN | fields)
    assert page.one("h1").text == "One more step"
    assert PASSWORD not in page.source
    return {one["name"]: one["value"] for one in page.all("input", type="hidden") if one["name"] != "back"}


async def test_a_second_factor_is_asked_for_on_a_page_of_its_own(stranger, app, clock):
    hidden = await code_step(stranger, redirect="/user/lists")
    page = await refused(stranger, "/login", **hidden, totp="000000")
    assert "not right" in problem(page, "totp")
    answer = await send(stranger, "/login", **hidden, totp=app.at(clock.now()))
    assert (answer.status, answer.headers["Location"]) == (303, "/user/lists")
    assert (await whoami(stranger, cookie_of(answer)))["username"] == "ann"


async def test_after_ten_minutes_the_password_is_asked_for_again(stranger, app, clock):
    hidden = await code_step(stranger)
    clock.advance(seconds=601)
    page = await refused(stranger, "/login", **hidden, totp=app.at(clock.now()))
    assert alert(page) == "That took too long. Please log in again."
    assert page.one("input", id="password")


async def test_a_forged_first_step_is_none(stranger, app, clock):
    for forged in ("AAAA", "%", "x" * 200):
        page = await refused(stranger, "/login", step=forged, totp=app.at(clock.now() + timedelta(0)))
        assert "too long" in alert(page)


async def test_a_link_needs_the_second_factor_too(stranger, house, app, clock):
    await done(stranger, "/login", username=ADDRESS, password="")
    link = dict((await last_mail(house.site, ADDRESS)).link.query)
    page = await refused(stranger, "/login", 200, **link)
    hidden = {one["name"]: one["value"] for one in page.all("input", type="hidden") if one["name"] != "back"}
    assert "step" not in hidden
    answer = await send(stranger, "/login", **hidden, totp=app.at(clock.now()))
    assert (await whoami(stranger, cookie_of(answer)))["username"] == "ann"


async def test_logging_out_ends_the_key_of_this_browser_and_no_other(ann, stranger):
    key = cookie_of(await send(stranger, "/login", **LOGIN))
    answer = await stranger.post("/logout", headers={"Cookie": f"{COOKIE}={key}"})
    assert answer.status == 303
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "You are logged out." in (await look(stranger, answer.headers["Location"])).text
    assert (await Person("", key, stranger.client).get("/api/user")).status == 401
    assert (await ann.get("/api/user")).status == 200


async def test_logging_in_again_leaves_no_key_behind(ann, stranger):
    first = cookie_of(await send(stranger, "/login", **LOGIN))
    answer = await stranger.post("/login", data=LOGIN, headers={"Cookie": f"{COOKIE}={first}"})
    assert answer.status == 303
    assert (await Person("", first, stranger.client).get("/api/user")).status == 401


async def test_a_form_that_is_sent_after_the_login_ended_leads_back_to_its_page(stranger):
    assert await done(stranger, "/user/settings?x=1", action="profile") == "/login?redirect=%2Fuser%2Fsettings%3Fx%3D1"
