"""Shares of a filesystem: who is let in by what, how they are made, and how they look."""

from __future__ import annotations

import re

import pytest

from tests.support.people import Person
from tests.web.directories import READING, cookie_of, send
from tests.web.reading import read, visit


class TestPasswords:
    async def test_a_share_asks_for_its_password_and_keeps_it_for_itself_only(self, alice: Person, anyone: Person):
        await alice.write("/me/pics/b.txt", b"hello")
        share_id = await alice.share("/me/pics", link={}, password={'pass; "wörd" 漢': READING})
        closed = await visit(anyone, f"/d/{share_id}/b.txt")
        assert closed.status == 403
        assert closed.one("input", name="password")["type"] == "password"

        answer = await send(anyone, f"/{share_id}", action="password", password='pass; "wörd" 漢')

        assert (answer.status, answer.headers["Location"]) == (303, f"/d/{share_id}")
        cookies = answer.headers.getall("Set-Cookie")
        assert [re.search("Path=([^;]+)", one, re.IGNORECASE)[1] for one in cookies] == [
            f"/d/{share_id}",
            f"/api/filesystem/{share_id}",
        ]
        assert all("HttpOnly" in one and "SameSite=Lax" in one and "Expires" not in one for one in cookies)
        kept = {"Cookie": cookie_of(answer)}
        assert (await visit(anyone, f"/d/{share_id}", **kept)).status == 200
        assert (await anyone.get(f"/api/filesystem/{share_id}/b.txt", headers=kept)).body == b"hello"

    async def test_a_wrong_password_says_so_beside_its_field(self, alice: Person, anyone: Person):
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics", link={}, password={"abc": READING})

        page = read(await send(anyone, f"/{share_id}", action="password", password="abd"))

        assert page.status == 403
        assert page.one("input", name="password")["aria-invalid"] == "true"
        assert "This is not the password" in page.text
        assert "Set-Cookie" not in page.headers

    async def test_guesses_are_counted(self, alice: Person, anyone: Person, clock):
        clock.hold()
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics", link={}, password={"abc": READING})
        for number in range(60):
            await send(anyone, f"/{share_id}", action="password", password=f"wrong {number}")

        assert (await send(anyone, f"/{share_id}", action="password", password="abc")).status == 429

    async def test_a_password_that_gives_more_can_be_entered_though_the_link_lets_read(self, alice, bob):
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics", password={"abc": {"read": True, "write": True}})
        page = await visit(bob, f"/d/{share_id}")
        assert page.all("a", href=f"/d/{share_id}?password")
        assert not page.all("a", href=f"/d/{share_id}?mkdir")

        answer = await send(bob, f"/{share_id}", action="password", password="abc")

        page = await visit(bob, f"/d/{share_id}", Cookie=cookie_of(answer))
        assert page.all("a", href=f"/d/{share_id}?mkdir")

    async def test_a_password_is_asked_for_only_where_there_is_one(self, alice: Person, anyone: Person):
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics")
        assert (await visit(anyone, f"/d/{share_id}?password")).one("h1").text == "pics"
        assert (await visit(anyone, "/d/aaaaAAAA?password")).status == 404

    async def test_what_is_shared_with_some_people_offers_a_login(self, alice: Person, bob: Person, anyone: Person):
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics", link={}, user={"bob": READING})

        page = await visit(anyone, f"/d/{share_id}")

        assert page.status == 403
        assert page.all("a", href=f"/login?redirect=%2Fd%2F{share_id}")
        assert not page.all("input", name="password")
        assert (await visit(bob, f"/d/{share_id}")).status == 200


class TestSharing:
    async def test_a_link_is_switched_on_and_off(self, alice: Person, anyone: Person):
        await alice.mkdir("/me/pics")
        assert "Only you can see this." in (await visit(alice, "/d/me/pics?share")).text

        answer = await send(alice, "/me/pics", action="share", **{"link.read": "true"})
        assert answer.headers["Location"] == "/d/me/pics?share=&done=saved"
        url = (await visit(alice, "/d/me/pics?share")).one("input", id="share-url")["value"]
        share_id = (await alice.node("/me/pics"))["id"]
        assert url.endswith(f"/d/{share_id}")
        assert (await visit(anyone, f"/d/{share_id}")).status == 200

        await send(alice, "/me/pics", action="unshare")
        assert (await visit(anyone, f"/d/{share_id}")).status == 404

    async def test_sharing_is_stopped_after_a_question(self, alice: Person, bob: Person):
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics", link={"read": True, "write": True})
        page = await visit(alice, "/d/me/pics?share")
        assert not page.all("button", value="unshare")
        assert page.all("a", href="/d/me/pics?unshare")

        page = await visit(alice, "/d/me/pics?unshare")

        assert "This link leads nowhere from then on, for good." in page.text
        assert f"/d/{share_id}" in page.text
        assert page.all("a", href="/d/me/pics?share")
        assert page.one("button", value="unshare").text == "Stop sharing"
        assert (await alice.node("/me/pics"))["id"] == share_id
        assert (await visit(bob, f"/d/{share_id}?unshare")).status == 400

    @pytest.mark.usefixtures("bob")
    async def test_people_and_passwords_get_their_rights(self, alice: Person):
        await alice.mkdir("/me/pics")
        fields = {
            "person.0": " bob ",
            "person.0.read": "true",
            "person.0.write": "true",
            "person.1": "",
            "password.1": "a b",
            "password.1.delete": "true",
            "password.0": "",
            "password.0.read": "true",
        }
        await send(alice, "/me/pics", action="share", **fields)
        node = await alice.node("/me/pics")
        assert node["link_permissions"]["read"] is False
        assert list(node["user_permissions"]) == ["bob"]
        assert node["user_permissions"]["bob"]["write"] is True
        assert list(node["password_permissions"]) == ["a b"]
        page = await visit(alice, "/d/me/pics?share")
        assert page.one("input", name="person.0")["value"] == "bob"
        assert "checked" in page.one("input", name="person.0.write").attributes

    async def test_somebody_unknown_is_refused_beside_the_people(self, alice: Person):
        await alice.mkdir("/me/pics")
        page = read(await send(alice, "/me/pics", action="share", **{"person.0": "nobody_here", "link.read": "true"}))
        assert page.status == 404
        assert "There is no user called 'nobody_here'" in page.text
        assert page.one("input", name="person.0")["value"] == "nobody_here"
        assert "id" not in await alice.node("/me/pics")

    async def test_only_the_owner_sees_how_it_is_shared(self, alice: Person, bob: Person):
        await alice.mkdir("/me/pics")
        share_id = await alice.share("/me/pics", link={"read": True, "write": True}, password={"hunter2": READING})
        for panel in ("share", "branding"):
            page = await visit(bob, f"/d/{share_id}?{panel}")
            assert page.status == 400
            assert "hunter2" not in page.source
        assert "hunter2" not in (await visit(bob, f"/d/{share_id}")).source

    async def test_all_shares_are_on_one_page(self, alice: Person):
        await alice.write("/me/docs/deep/a.txt")
        await alice.mkdir("/me/zoo")
        ids = [await alice.share("/me/zoo"), await alice.share("/me/docs/deep/a.txt")]
        page = await visit(alice, "/d")
        assert [
            link["href"] for link in page.all("a") if link["href"].startswith("/d/me/") and "?" not in link["href"]
        ] == [
            "/d/me/docs/deep/a.txt",
            "/d/me/zoo",
        ]
        assert {
            button["data-copy"].rpartition("/")[2] for button in page.all("button") if "data-copy" in button.attributes
        } == set(ids)


class TestWaysBack:
    @pytest.fixture
    async def share_id(self, alice: Person) -> str:
        await alice.write("/me/pics/2024/a.txt")
        return await alice.share("/me/pics")

    @pytest.mark.parametrize(
        ("gone", "near", "name"),
        [
            ("/gone.txt", "", "pics"),
            ("/gone/b.txt", "", "pics"),
            ("/2024/gone/b.txt", "/2024", "2024"),
            ("/2024/a.txt/b.txt", "/2024", "2024"),
        ],
    )
    async def test_what_is_not_there_leads_to_the_nearest_folder_that_is(
        self, anyone: Person, share_id: str, gone: str, near: str, name: str
    ):
        page = await visit(anyone, f"/d/{share_id}{gone}")
        assert page.status == 404
        assert [link.text for link in page.all("a", href=f"/d/{share_id}{near}")] == [f"Back to {name}"]

    async def test_in_ones_own_filesystem_too(self, alice: Person):
        page = await visit(alice, "/d/me/gone.txt")
        assert [link.text for link in page.all("a", href="/d/me") if "Back" in link.text] == ["Back to Filesystem"]

    async def test_a_share_that_is_gone_leads_nowhere(self, anyone: Person):
        assert "Back to" not in (await visit(anyone, "/d/aaaaAAAA/b.txt")).text


class TestBranding:
    async def test_it_is_seen_by_whoever_the_directory_is_shared_with(self, alice: Person, anyone: Person):
        await alice.mkdir("/me/pics/sub")
        await alice.write("/me/logo.png", b"\x89PNG\r\n\x1a\n" + bytes(30))
        logo_id = await alice.share("/me/logo.png")
        share_id = await alice.share("/me/pics")
        fields = {
            "branding_enabled": "true",
            "brand_background_color": "#102030",
            "brand_highlight_color": "#ff0",
            "brand_header_image": logo_id,
            "brand_header_link": "https://example.com/",
        }
        assert (await send(alice, "/me/pics", action="branding", **fields)).status == 303

        page = await visit(anyone, f"/d/{share_id}/sub")

        assert page.all("img", src=f"/api/filesystem/{logo_id}")
        assert page.all("a", href="https://example.com/")
        sheet = await anyone.get(f"/d/{share_id}?theme")
        assert page.all("link", href=f"/d/{share_id}?theme", rel="stylesheet")
        assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
        text = sheet.body.decode()
        assert "--page: #102030" in text
        assert "--ink: #f2f5f4" in text
        assert "--accent: #ff0" in text

    async def test_a_wrong_colour_is_refused_beside_its_field(self, alice: Person):
        await alice.mkdir("/me/pics")
        page = read(await send(alice, "/me/pics", action="branding", brand_card_color="red; } body { display: none"))
        assert page.one("input", name="brand_card_color")["aria-invalid"] == "true"
        assert "properties" not in await alice.node("/me/pics")
