"""Shares that take files and show nothing: what is seen of them by whom, and bringing files there."""

from __future__ import annotations

import pytest
from aiohttp import FormData

from tests.support.people import Person
from tests.web.directories import PLAIN, cookie_of, send
from tests.web.reading import read, visit

BRINGING = {"write": True}
SECRET = "what others brought.txt"


def a_form(*names: str) -> FormData:
    form = FormData(quote_fields=False)
    for name in names:
        form.add_field("files", b"brought", filename=name)
    if not names:
        form.add_field("other", "nothing", content_type="text/plain")
    return form


@pytest.fixture
async def box(alice: Person) -> str:
    await alice.write(f"/me/letterbox/{SECRET}")
    await alice.write("/me/letterbox/sub/deep.txt")
    return await alice.share("/me/letterbox", link=BRINGING)


class TestWhoMayBring:
    async def test_its_name_and_a_form_are_shown_and_nothing_that_is_in_it(self, bob: Person, box: str):
        page = await visit(bob, f"/d/{box}")

        assert page.status == 200
        assert page.one("h1").text == "letterbox"
        assert "What was uploaded is not shown" in page.text
        assert page.one("input", type="file")["name"] == "files"
        assert SECRET not in page.source
        assert "sub" not in [link.text for link in page.all("a")]

    async def test_files_are_brought_with_a_form(self, alice: Person, bob: Person, box: str):
        answer = await bob.post(f"/d/{box}", data=a_form("one.txt", "Ünï & co.txt"))

        assert (answer.status, answer.headers["Location"]) == (303, f"/d/{box}?done=uploaded")
        page = await visit(bob, answer.headers["Location"])
        assert "Uploaded." in page.text
        assert "one.txt" not in page.source
        assert {"one.txt", "Ünï & co.txt"} < set(await alice.names("/me/letterbox"))

    async def test_what_is_wrong_is_said_on_the_same_page(self, bob: Person, box: str):
        page = read(await bob.post(f"/d/{box}", data=a_form(), headers=PLAIN))
        assert page.status == 400
        assert page.one("input", type="file")["aria-invalid"] == "true"
        page = read(await bob.post(f"/d/{box}", data=a_form("x" * 300), headers=PLAIN))
        assert page.status == 422
        assert page.one("form", id="dropbox")
        assert page.all("div", role="alert")
        assert SECRET not in page.source

    @pytest.mark.parametrize("below", [SECRET, "sub", "sub/deep.txt", "nothing"])
    async def test_what_is_below_is_refused_whether_or_not_it_is_there(self, bob: Person, box: str, below: str):
        page = await visit(bob, f"/d/{box}/{below.replace(' ', '%20')}")
        assert page.status == 403
        assert "You do not have the permission to see this." in page.text

    @pytest.mark.parametrize(
        "panel", ["properties", "share", "figures", "activity", "search=brought", "delete", "move"]
    )
    async def test_no_panel_tells_what_is_in_it(self, bob: Person, box: str, panel: str):
        assert SECRET not in (await visit(bob, f"/d/{box}?{panel}")).source

    @pytest.mark.parametrize("action", ["delete", "move", "rename", "download", "delete-now", "mkdir"])
    async def test_no_form_tells_what_is_in_it(self, alice: Person, bob: Person, box: str, action: str):
        page = read(await send(bob, f"/{box}", "sub", action=action))
        assert page.status == 400
        assert "deep" not in page.source
        assert "sub" in await alice.names("/me/letterbox")

    async def test_it_looks_as_its_owner_wants(self, alice: Person, bob: Person, box: str):
        await alice.update("/me/letterbox", branding_enabled="true", brand_background_color="#102030")
        page = await visit(bob, f"/d/{box}")
        assert page.all("link", href=f"/d/{box}?theme")
        assert "--page: #102030" in (await bob.get(f"/d/{box}?theme")).body.decode()

    async def test_a_box_in_a_readable_share_is_found_by_its_path(self, alice: Person, bob: Person, box: str):
        share_id = await alice.share("/me/letterbox", link={"read": True, "write": True})
        assert share_id == box
        await alice.mkdir("/me/letterbox/in")
        await alice.share("/me/letterbox/in", link=BRINGING)
        assert (await visit(bob, f"/d/{box}/in")).one("form", id="dropbox")


class TestStrangers:
    async def test_they_are_told_why_and_led_to_the_login(self, anyone: Person, box: str):
        page = await visit(anyone, f"/d/{box}")
        assert page.status == 403
        assert "That needs an account, so that somebody answers for what is uploaded." in page.text
        assert page.all("a", href=f"/login?redirect=%2Fd%2F{box}")
        assert not page.all("input", name="password")
        assert "letterbox" not in page.source

    async def test_they_bring_nothing(self, alice: Person, anyone: Person, box: str):
        assert (await anyone.post(f"/d/{box}", data=a_form("one.txt"))).status == 400
        assert "one.txt" not in await alice.names("/me/letterbox")

    async def test_a_share_for_some_people_says_no_more_than_that(self, alice: Person, bob: Person, anyone: Person):
        await alice.mkdir("/me/letterbox")
        box = await alice.share("/me/letterbox", link={}, user={"bob": BRINGING})
        assert "Files can be uploaded here" not in (await visit(anyone, f"/d/{box}")).text
        assert (await visit(bob, f"/d/{box}")).one("form", id="dropbox")


class TestPasswords:
    @pytest.fixture
    async def locked(self, alice: Person) -> str:
        await alice.mkdir("/me/letterbox")
        return await alice.share("/me/letterbox", link={}, password={"sesame": BRINGING})

    async def test_a_password_opens_it(self, alice: Person, bob: Person, locked: str):
        assert (await visit(bob, f"/d/{locked}")).one("input", name="password")
        answer = await send(bob, f"/{locked}", action="password", password="sesame")
        assert answer.status == 303
        kept = {"Cookie": cookie_of(answer)}
        page = await visit(bob, f"/d/{locked}", **kept)
        assert page.one("form", id="dropbox")
        assert page.one("button", value="lock")
        await bob.post(f"/d/{locked}", data=a_form("one.txt"), headers=kept)
        assert await alice.names("/me/letterbox") == ["one.txt"]

    async def test_a_wrong_one_is_told_from_one_that_needs_an_account(self, anyone: Person, locked: str):
        page = read(await send(anyone, f"/{locked}", action="password", password="sesam"))
        assert "This is not the password" in page.text
        answer = await send(anyone, f"/{locked}", action="password", password="sesame")
        assert answer.status == 303
        page = await visit(anyone, f"/d/{locked}", Cookie=cookie_of(answer))
        assert "Files can be uploaded here" in page.text
        assert "This is not the password" not in page.text
