"""Making a secret in a real browser: passwords, files with progress, problems, and without scripts."""

import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import is_too_wide
from tests.web.pushes.browsing import TEXT, led_to, make, making, shown
from tests.web.test_browser_upload import be_slow, file

pytestmark = pytest.mark.journey


async def test_a_text_is_made_copied_and_read_in_another_browser(browser, anyone):
    permissions = ["clipboard-read", "clipboard-write"]
    async with making(browser, anyone, permissions=permissions) as page:
        await page.get_by_label("Text", exact=True).fill(TEXT)
        path = await make(page)
        await page.get_by_role("button", name="Copy the link").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert (await page.evaluate("navigator.clipboard.readText()")).endswith(path)
        mail = await page.get_by_role("link", name="Send by e-mail").get_attribute("href")
        assert path.replace("/", "%2F") in (mail or "")
        await page.locator(".link-code summary").click()
        await expect(page.get_by_alt_text("QR code of the link")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_label("Text", exact=True)).to_have_value("")
    async with led_to(browser, anyone, path) as page:
        assert await shown(page) == TEXT
        await expect(page.locator(".facts")).to_contain_text("in 7 days")


async def test_a_password_is_made_of_what_was_chosen(browser, anyone):
    async with making(browser, anyone) as page:
        text = page.get_by_label("Text", exact=True)
        await text.fill("user: me, password: ")
        await page.get_by_text("Make a password").click()
        await page.get_by_label("Length").fill("32")
        for kind in ("a–z", "A–Z"):
            await page.get_by_role("checkbox", name=kind, exact=True).uncheck()
        await page.get_by_role("button", name="Put a password into the text").click()
        assert re.fullmatch(r"user: me, password: [2-9]{32}", await text.input_value())
        await expect(page.locator("#generated")).to_have_text("A password of 32 characters is in the text.")
        await page.get_by_role("checkbox", name="0–9").uncheck()
        await page.get_by_role("button", name="Put a password into the text").click()
        await expect(page.locator("#generated")).to_have_text("Choose at least one kind of characters.")
        await page.get_by_role("checkbox", name="none that look alike").uncheck()
        await page.get_by_role("checkbox", name="!#$").check()
        await text.fill("")
        await page.get_by_role("button", name="Put a password into the text").click()
        assert re.fullmatch(r"[!#$%&*+\-=?@]{32}", await text.input_value())


async def test_files_are_sent_with_progress_and_downloaded(browser, alice, anyone):
    data = bytes(range(256)) * 4000
    async with making(browser, alice, "file") as page:
        await be_slow(page, 1_000_000)
        await page.locator("#files").set_input_files([file("a.bin", data), file("b & (c).txt", b"words")])
        await page.locator("#files").set_input_files([file("wrong.txt", b"x")])
        await page.get_by_role("button", name="Remove wrong.txt").click()
        await expect(page.locator("#chosen li")).to_have_count(2)
        await page.get_by_label("A message to go with them").fill("Look at these")
        await page.get_by_role("button", name="Make the link").click()
        await expect(page.locator("#progress-said")).to_have_text(re.compile(r"^\d+(\.\d+)? kB of 1\.03 MB$"))
        await expect(page.get_by_role("heading", name="The link to your secret")).to_be_visible()
        path = "/p/" + (await page.locator("#link").inner_text()).partition("/p/")[2]
    async with led_to(browser, anyone, path) as page:
        assert await shown(page) == "Look at these"
        for name, content in (("a.bin", data), ("b & (c).txt", b"words")):
            async with page.expect_download() as downloading:
                await page.locator("li").filter(has_text=name).get_by_role("link").click()
            download = await downloading.value
            assert download.suggested_filename == name
            assert (await download.path()).read_bytes() == content


async def test_what_the_server_refuses_is_said_beside_its_field_and_files_stay(browser, alice):
    async with making(browser, alice, "file", excused=["422"]) as page:
        await page.locator("#files").set_input_files([file(f"{number}.txt") for number in range(11)])
        await page.get_by_label("Passphrase").fill("sesame")
        await page.get_by_role("button", name="Make the link").click()
        await expect(page.locator("#files-said")).to_have_text("At most ten files go together.")
        await expect(page.locator("#files")).to_have_attribute("aria-invalid", "true")
        await page.get_by_role("button", name="Remove 10.txt").click()
        await expect(page.get_by_label("Passphrase")).to_have_value("sesame")
        await make(page)


async def test_whoever_was_logged_out_meanwhile_loses_nothing(browser, alice):
    async with making(browser, alice, "file", excused=["401"]) as page:
        await page.locator("#files").set_input_files([file("a.txt")])
        await alice.delete("/api/user/session")
        await page.get_by_role("button", name="Make the link").click()
        await expect(page.get_by_role("alert")).to_contain_text("This needs an account")
        await expect(page.locator("#chosen li")).to_have_count(1)


async def test_without_scripts_a_secret_is_made_and_read(browser, alice, anyone):
    async with making(browser, alice, "file", java_script_enabled=False) as page:
        await expect(page.get_by_label("Encrypt it end to end")).to_be_hidden()
        await page.locator("#files").set_input_files([file("a.txt", b"words")])
        await page.get_by_label("A message to go with them").fill(TEXT)
        await page.get_by_label("Passphrase").fill("sesame")
        path = await make(page)
    async with led_to(browser, anyone, path, java_script_enabled=False) as page:
        await page.get_by_label("Passphrase").fill("sesame")
        await page.get_by_role("button", name="Show the secret").click()
        await page.get_by_text("Show the message").click()
        await expect(page.locator("#secret-text")).to_have_text(TEXT)
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="Download").click()
        assert (await (await downloading.value).path()).read_bytes() == b"words"
        await page.get_by_role("link", name="Delete it").click()
        await page.get_by_role("button", name="Delete it").click()
        await expect(page.get_by_text("The secret is deleted.")).to_be_visible()


async def test_the_small_phone_has_room_for_the_forms(browser, alice):
    for tab in ("text", "file", "url", "qr"):
        async with making(browser, alice, tab, viewport={"width": 320, "height": 640}) as page:
            assert not await is_too_wide(page)
