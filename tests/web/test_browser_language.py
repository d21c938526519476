"""German in a real browser: chosen in the footer, said by pages and by scripts, and fitting on a phone."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.people import Person
from tests.web.browsing import PHONE, SMALL_PHONE, barriers, is_too_wide, opened, press

pytestmark = pytest.mark.journey

ANY_DAY = re.compile(r"\d{1,2}\. \w+\.? 20\d\d")
CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.fixture
async def photo(alice: Person, png: bytes) -> str:
    return await alice.upload("photo.png", png)


async def choose_german(page: Page) -> None:
    await page.get_by_role("contentinfo").get_by_role("button", name="Deutsch").click()
    await expect(page.locator("html")).to_have_attribute("lang", "de")


async def test_german_is_chosen_on_the_page_of_a_file_and_stays(browser, client, alice, photo):
    for _ in range(3):
        await alice.get(f"/api/file/{photo}")
    async with opened(browser, client, f"/u/{photo}?range=week", permissions=CLIPBOARD) as page:
        await expect(page.get_by_role("link", name="Download")).to_be_visible()
        await choose_german(page)
        assert page.url.endswith(f"/u/{photo}?range=week")
        await expect(page.locator("#download")).to_contain_text("Herunterladen")
        await expect(page.locator("#download")).to_contain_text(re.compile(r"\d,\d\d kB"))
        await expect(page.locator(".facts")).to_contain_text(ANY_DAY)
        # By scripts: the buttons of the picture, what is said of the clipboard, the dialog of keys.
        await expect(page.get_by_role("button", name="Einpassen")).to_be_visible()
        await page.get_by_role("button", name="Link kopieren").click()
        await expect(page.get_by_role("button", name="Kopiert")).to_be_visible()
        await press(page, "?")
        await expect(page.get_by_role("dialog")).to_contain_text("Details ein- oder ausblenden")
        await page.get_by_role("dialog").get_by_role("button", name="Schließen").click()
        await page.goto(str(client.make_url("/login")))
        await expect(page.get_by_role("heading")).to_have_text("Anmelden")
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("heading")).to_have_text("Log in")


async def test_german_is_chosen_where_files_are_uploaded(browser, client, alice):
    async with opened(browser, client, "/", person=alice) as page:
        await choose_german(page)
        await expect(page.get_by_role("heading", name="Dateien hochladen")).to_be_visible()
        files = [{"name": name, "mimeType": "text/plain", "buffer": bytes(1234)} for name in ("eins.txt", "zwei.txt")]
        await page.locator("#files").set_input_files(files)
        await expect(page.get_by_text("2 Dateien hochgeladen").first).to_be_visible()
        await expect(page.get_by_text("1,23 kB").first).to_be_visible()
        await expect(page.get_by_role("button", name="Liste erstellen").first).to_be_visible()


async def test_what_the_api_refuses_is_said_in_german(browser, client, alice, photo):
    list_id = await alice.make_list(photo)
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice, excused=["status of 4"]) as page:
        await choose_german(page)
        await expect(page.locator("#save")).to_be_hidden()  # from here on the scripts save
        await alice.delete(f"/api/list/{list_id}")
        await page.get_by_label("Titel").fill("Urlaub")
        await page.get_by_label("Titel").press("Tab")
        said = "Was angefragt wurde, gibt es nicht oder nicht mehr"
        await expect(page.get_by_role("status")).to_have_text(f"Nicht gespeichert: {said}")


async def test_german_is_chosen_in_the_account(browser, client, alice, photo):
    async with opened(browser, client, "/user", person=alice) as page:
        await choose_german(page)
        await expect(page.get_by_text("Tarif und Guthaben").first).to_be_visible()
        await expect(page.get_by_text(re.compile(r"Guthaben: 0,00\s€"))).to_be_visible()
        await expect(page.get_by_role("link", name="1 Datei", exact=True)).to_be_visible()
        await page.goto(str(client.make_url("/user/filemanager")))
        await page.get_by_label("photo.png auswählen").check()
        await expect(page.locator("#picked")).to_have_text("1 ausgewählt")
        await page.goto(str(client.make_url("/user/transactions")))
        await expect(
            page.get_by_text(re.compile(r"(Januar|Februar|März|April|Mai|Ju[nl]i|\w+ber|August) 20\d\d"))
        ).to_be_visible()


async def test_a_directory_speaks_german(browser, client, alice):
    for name in ("eins.txt", "zwei.txt"):
        await alice.put(f"/api/filesystem/me/{name}", data=b"some bytes")
    async with opened(browser, client, "/d/me", person=alice, locale="de-AT") as page:
        await expect(page.locator("#figures")).to_have_text("2 Einträge, 20 Bytes")
        await expect(page.locator(".node-date").first).to_have_text(ANY_DAY)
        await page.get_by_label("eins.txt auswählen").check()
        await expect(page.get_by_text("1 ausgewählt")).to_be_visible()


async def test_longer_words_fit_on_a_phone(browser, client, alice, photo):
    list_id = await alice.make_list(photo, title="Bilder")
    assert (await alice.put("/api/filesystem/me/bild.png", data=b"some bytes")).status in {200, 201}
    visitor = ["/", "/login", "/register", "/password_reset", f"/u/{photo}", f"/l/{list_id}", "/u/nothere", "/docs"]
    visitor += [f"/u/{photo}/report", f"/l/{list_id}?item=0"]
    owner = ["/", f"/u/{photo}", f"/u/{photo}/edit", f"/u/{photo}/delete", f"/l/{list_id}", f"/l/{list_id}/edit"]
    account = ("", "filemanager", "lists", "settings", "api_keys", "two_factor", "sharing", "subscription")
    account += ("transactions", "activity", "connect_app", "connect_app?app=rclone", "connect_app?app=Mein+Programm")
    owner += [f"/user/{part}".rstrip("/") for part in account]
    owner += ["/d", "/d/me", "/d/me?view=gallery", "/d/me/bild.png", "/d/me?mkdir", "/d/me?upload", "/d/me?import"]
    owner += [f"/d/me/bild.png?{panel}" for panel in ("properties", "share", "figures", "rename", "move", "delete")]
    for person, paths in ((None, visitor), (alice, owner)):
        options = {"person": person, "locale": "de-DE", "excused": ["status of 4"]}
        async with opened(browser, client, "/", **options) as page:
            for path in paths:
                # What scripts show is there when nothing more is fetched.
                await page.goto(str(client.make_url("/")).rstrip("/") + path, wait_until="networkidle")
                await expect(page.locator("html")).to_have_attribute("lang", "de")
                for viewport in (PHONE, SMALL_PHONE):
                    await page.set_viewport_size(viewport)
                    assert not await is_too_wide(page), (path, viewport)


async def test_no_page_stumbles_in_german(browser, client, alice, photo):
    for path in (f"/u/{photo}", "/", "/user", "/d/me", "/docs/clients"):
        async with opened(browser, client, path, person=alice, locale="de") as page:
            assert await barriers(page) == [], path
