"""Overview, keys, programs, two-factor login and settings."""

import pyotp
import pytest

from tests.support.elsewhere import change_rows
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Person, make_person
from tests.web.account.conftest import ADDRESS, PASSWORD, done, look, problem, refused, send, whoami
from tests.web.account.test_files import hidden
from tests.web.reading import Page, visit

PATHS = [
    "/user",
    "/user/filemanager",
    "/user/lists",
    "/user/activity",
    "/user/subscription",
    "/user/transactions",
    "/user/sharing",
    "/user/api_keys",
    "/user/connect_app",
    "/user/two_factor",
    "/user/settings",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_leads_to_every_other_and_marks_itself(ann, path):
    page = await look(ann, path)
    links = {one["href"] for one in page.all("a")}
    assert set(PATHS) <= links
    current = {one["href"] for one in page.all("a", aria_current="page")}
    assert current == {path}


@pytest.mark.parametrize("path", PATHS)
async def test_strangers_are_sent_to_the_login(stranger, path):
    answer = await stranger.get(path, headers={"Accept": "text/html"})
    assert (answer.status, answer.headers["Location"]) == (303, f"/login?redirect={path.replace('/', '%2F')}")


async def test_the_overview_shows_how_full_the_account_is(house, ann):
    await change_rows(house.site, "UPDATE users SET plan_id = 'small' WHERE name = 'ann'")
    await ann.upload("a.bin", b"x" * 400_000)
    page = await look(ann, "/user")
    assert "400 kB of 1.00 MB" in page.text
    meter = page.one("meter", aria_label="Storage")
    assert (meter["value"], meter["max"]) == ("400000", "1000000")
    assert "1 file" in page.text


@pytest.mark.parametrize(("chosen", "bars"), [("day", 24), ("week", 28), ("month", 30), ("year", 365), ("x", 30)])
async def test_the_plots_show_what_was_used_in_the_time_that_is_chosen(ann, anyone, flush, chosen, bars):
    file_id = await ann.upload("a.bin", b"x" * 5000)
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    page = await look(ann, f"/user?range={chosen}")
    labels = [one["aria-label"] for one in page.all("svg", role="img")]
    assert labels == [
        "Stored: 5.00 kB",
        "Transfer: 5.00 kB",
        "Premium transfer: 5.00 kB",
        "Views: 0",
        "Downloads: 1",
    ]
    assert len(page.all("rect")) == 4
    width = float(page.all("rect")[0]["width"])
    assert width == pytest.approx(640 / bars * 0.8, abs=0.01)


def keys_shown(page: Page) -> list[str]:
    return [one.text for one in page.all("li") if "Last used" in one.text]


async def test_a_key_is_made_shown_with_lines_to_paste_and_revoked(ann, house):
    location = await done(ann, "/user/api_keys", app_name="my laptop")
    page = await look(ann, location)
    key = page.all("pre")[0].text
    assert (await whoami(ann, key))["username"] == "ann"
    assert page.all("pre")[1].text == f"curl -T photo.jpg -u :{key} {house.url}/api/file/"
    assert page.all("pre")[2].text.splitlines() == [
        "[pixelhost]",
        "type = pixeldrain",
        f"api_key = {key}",
        f"api_url = {house.url}/api",
    ]
    button = page.one("button", aria_label="Revoke my laptop")
    assert await done(ann, "/user/api_keys", revoke=button["value"]) == "/user/api_keys?done=key_revoked"
    assert (await Person("", key, ann.client).get("/api/user")).status == 401
    page = await refused(ann, "/user/api_keys", 404, revoke=button["value"])
    assert "does not exist" in page.text


async def test_the_key_in_use_is_marked_and_all_others_can_be_revoked_after_a_question(ann):
    for name in ("one", "two"):
        await done(ann, "/user/api_keys", app_name=name)
    page = await look(ann, "/user/api_keys")
    assert len(keys_shown(page)) == 3
    (own,) = [text for text in keys_shown(page) if "This browser" in text]
    assert "tests" in own
    question = await refused(ann, "/user/api_keys", 200, action="revoke_others")
    assert len(keys_shown(await look(ann, "/user/api_keys"))) == 3
    await done(ann, "/user/api_keys", **hidden(question))
    assert len(keys_shown(await look(ann, "/user/api_keys"))) == 1


async def test_nobody_revokes_or_sees_the_keys_of_others(ann, alice):
    theirs = (await alice.get("/api/user/session")).json[0]["auth_key"]
    session_id = await session_of(alice)
    await refused(ann, "/user/api_keys", 404, revoke=session_id)
    assert (await alice.get("/api/user")).status == 200
    assert theirs not in (await look(ann, f"/user/api_keys?made={session_id}")).source


async def session_of(person: Person) -> str:
    """The ID of a new session, by which its page names it."""
    location = await done(person, "/user/api_keys", app_name="x")
    return location.partition("made=")[2]


async def test_a_name_that_is_too_long_is_refused_beside_its_field(ann):
    page = await refused(ann, "/user/api_keys", 422, app_name="x" * 101)
    assert problem(page, "app_name") == "This may have at most 100 characters. It has 101."


async def test_a_program_gets_a_key_when_its_user_agrees(ann):
    page = await look(ann, "/user/connect_app?app=<b>My%20App</b>")
    assert "<b>My App</b> asks for a key to your account, ann." in page.text
    before = len(keys_shown(await look(ann, "/user/api_keys")))
    page = await look(ann, await done(ann, "/user/connect_app?app=<b>My%20App</b>"))
    assert (await whoami(ann, page.all("pre")[0].text))["username"] == "ann"
    assert len(keys_shown(await look(ann, "/user/api_keys"))) == before + 1


async def test_known_programs_are_told_what_to_do_with_the_key(ann, house):
    assert "JDownloader" in (await look(ann, "/user/connect_app")).text
    page = await look(ann, await done(ann, "/user/connect_app?app=jdownloader"))
    assert "In JDownloader open Settings" in page.text
    page = await look(ann, await done(ann, "/user/connect_app?app=rclone"))
    assert f"api_url = {house.url}/api" in page.one("pre").text
    page = await look(ann, "/user/connect_app?app=sharex")
    (form,) = [one for one in page.all("form") if "sxcu" in str(one.attributes.get("action"))]
    answer = await ann.post(form["action"])
    assert answer.status == 200
    assert "attachment" in answer.headers["Content-Disposition"]


async def test_a_program_with_too_long_a_name_gets_none(ann):
    page = await refused(ann, f"/user/connect_app?app={'x' * 101}", 422)
    assert "at most 100 characters" in page.one("p", role="alert").text


async def test_two_factor_login_is_turned_on_with_a_code_and_off_after_a_question(ann, clock):
    page = await look(ann, "/user/two_factor")
    assert page.one("svg")
    secret = page.one("input", name="secret")["value"]
    page = await refused(ann, "/user/two_factor", secret=secret, otp="000000")
    assert "not match" in problem(page, "otp")
    assert page.one("input", name="secret")["value"] == secret
    code = pyotp.TOTP(secret).at(clock.now())
    location = await done(ann, "/user/two_factor", secret=secret, otp=code)
    page = await look(ann, location)
    assert "Two-factor login is on." in page.text
    assert secret not in page.source
    question = await refused(ann, "/user/two_factor", 200, action="disable")
    assert (await whoami(ann, ann.key))["otp_enabled"] is True
    await done(ann, "/user/two_factor", **hidden(question))
    assert (await whoami(ann, ann.key))["otp_enabled"] is False


async def test_settings_are_saved(ann, alice):
    sent = {"action": "profile", "username": "anna", "email": ADDRESS, "affiliate_user_name": "alice"}
    page = await look(ann, await done(ann, "/user/settings", **sent))
    assert "Saved." in page.text
    assert page.one("input", id="username")["value"] == "anna"
    assert page.one("input", id="affiliate_user_name")["value"] == "alice"


async def test_what_is_wrong_with_settings_stands_beside_the_fields_and_nothing_is_saved(ann, alice):
    sent = {"action": "profile", "username": "alice", "email": "x", "affiliate_user_name": "nobody"}
    page = await refused(ann, "/user/settings", **sent)
    assert "this name already" in problem(page, "username")
    assert "not a valid" in problem(page, "email")
    assert "no account" in problem(page, "affiliate_user_name")
    assert page.one("input", id="email")["value"] == "x"
    assert (await whoami(ann, ann.key))["username"] == "ann"


async def test_a_new_address_counts_once_its_link_is_used(ann, stranger, house):
    location = await done(ann, "/user/settings", action="profile", email="new@example.com")
    page = await look(ann, location)
    assert "A link was sent to this address" in page.text
    assert page.one("input", id="email")["value"] == ADDRESS
    page = await refused(ann, "/user/settings", action="profile", email="other@example.com")
    assert "was sent to this account already" in problem(page, "email")
    await done(stranger, "/login", **dict((await last_mail(house.site, "new@example.com")).link.query))
    assert (await whoami(ann, ann.key))["email"] == "new@example.com"


async def test_a_new_password_logs_all_others_out(ann, stranger):
    other = (await stranger.post("/api/user/login", data={"username": "ann", "password": PASSWORD})).json["auth_key"]
    page = await refused(ann, "/user/settings", 422, action="password", password_new="1234")
    assert "between 5 and 50" in problem(page, "password_new")
    page = await refused(ann, "/user/settings", action="password", password_new="")
    assert problem(page, "password_new") == "This is needed."
    await done(ann, "/user/settings", action="password", password_new="another one")
    assert (await ann.get("/api/user")).status == 200
    assert (await Person("", other, ann.client).get("/api/user")).status == 401
    assert await done(stranger, "/login", username="ann", password="another one") == "/user"


async def test_an_account_is_deleted_after_it_is_said_what_that_means(ann, stranger, house):
    question = await refused(ann, "/user/settings", 200, action="delete")
    assert "Seven days later the account goes" in question.text
    assert (await ann.get("/api/user")).status == 200
    answer = await send(ann, "/user/settings", **hidden(question))
    assert answer.status == 303
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "goes in seven days" in (await look(stranger, answer.headers["Location"])).text
    assert (await ann.get("/api/user")).status == 401
    assert len(await mail_to(house.site, ADDRESS)) == 1


async def test_a_banned_account_is_told_so(house, ann):
    await change_rows(house.site, "UPDATE users SET banned_at = now() WHERE name = 'ann'")
    page = await visit(ann, "/user")
    assert page.status == 403
    assert "banned" in page.text


async def test_the_pages_speak_german(ann):
    answer = await ann.get("/user", headers={"Accept-Language": "de", "Accept-Encoding": "identity"})
    assert b'lang="de"' in answer.body


async def test_an_account_without_a_password_has_pages_too(house):
    bare = await make_person(house.site, house.client, "bare")
    assert "bare" in (await look(bare, "/user")).one("h1").text
