"""What holds for everything that is sent to a page: other sites send nothing, and in read-only mode nothing is done."""

import re

import pytest

from pixelhost import web
from pixelhost.wire.credentials import COOKIE
from tests.web.reading import read

SENT_TO = sorted(re.sub(r"\{[^}]+\}", "abcdefgh", route.path) for route in web.DIALECT.routes if route.method == "POST")
OPEN_WHEN_READ_ONLY = {"/login", "/logout", "/language", "/d/abcdefgh"}
BROWSER = {"Accept": "text/html,*/*;q=0.8", "Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", SENT_TO)
@pytest.mark.parametrize("foreign", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_a_form_of_another_site_is_refused_whatever_the_browser_sends_along(alice, anyone, path, foreign):
    with_a_password_window = await alice.post(path, data={}, headers=foreign)
    with_the_cookie = await anyone.post(path, data={}, headers=foreign | {"Cookie": f"{COOKIE}={alice.key}"})
    with_nothing = await anyone.post(path, data={}, headers=foreign)
    for answer in (with_a_password_window, with_the_cookie, with_nothing):
        assert answer.status == 400
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", [path for path in SENT_TO if not path.startswith("/admin")])
async def test_in_read_only_mode_forms_do_nothing_but_log_in_and_out(site, anyone, path):
    await site.runtime.set("read_only_mode", "true")
    answer = await anyone.post(path, data={})
    await site.runtime.set("read_only_mode", "false")
    assert (answer.status == 503) is (path not in OPEN_WHEN_READ_ONLY)


async def test_whoever_is_logged_out_meanwhile_is_led_to_the_login_and_back_to_the_form(anyone, alice):
    file_id = await alice.upload()
    headers = BROWSER | {"Referer": f"{anyone.client.make_url('/')}l/abcdefgh?item=3"}
    answer = await anyone.post(f"/u/{file_id}/grab", data={}, headers=headers)
    page = read(answer)
    assert page.status == 401
    # Else the browser asked for a password in a window of its own.
    assert "WWW-Authenticate" not in answer.headers
    assert page.one("a", class_="button primary")["href"] == "/login?redirect=%2Fl%2Fabcdefgh%3Fitem%3D3"
    by_a_program = await anyone.post(f"/u/{file_id}/grab", data={})
    assert by_a_program.headers["WWW-Authenticate"].startswith("Basic")


async def test_in_read_only_mode_a_filesystem_is_looked_at_only(site, alice):
    await alice.write("/me/a.txt")
    await site.runtime.set("read_only_mode", "true")
    answers = [
        await alice.post("/d/me", data={"action": action, "name": "b", "pick": "a.txt"})
        for action in ("mkdir", "rename-now", "delete-now")
    ]
    looked_at = await alice.get("/d/me")
    await site.runtime.set("read_only_mode", "false")
    assert [answer.status for answer in answers] == [503] * 3
    assert looked_at.status == 200
    assert await alice.names("/me") == ["a.txt"]
