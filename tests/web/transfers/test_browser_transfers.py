"""Transfers in a real browser: the document's three steps, and a message from one account to another with a PIN."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.mailbox import last_mail
from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, is_too_wide, opened
from tests.web.test_browser_upload import be_slow, file
from tests.web.transfers.reaching import BOB, CLIENT, FILES, NEW, TEXT, look, press, refused, upload, write

pytestmark = pytest.mark.journey

SECRET = bytes(range(256)) * 4000
LONG = "W" * 200


async def fill(page: Page, *to: str, subject: str = "Payment") -> None:
    await page.get_by_label("To", exact=True).fill("\n".join(to))
    await page.get_by_label("Subject").fill(subject)
    await page.get_by_label("Text", exact=True).fill(TEXT)


async def downloaded(page: Page, name: str | re.Pattern[str]) -> tuple[str, bytes]:
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).click()
    download = await downloading.value
    return download.suggested_filename, (await download.path()).read_bytes()


async def test_a_token_a_first_file_and_a_secured_file_to_a_client(browser, alice, anyone, site):
    permissions = ["clipboard-read", "clipboard-write"]
    async with opened(browser, alice.client, "/user/api_keys", person=alice, permissions=permissions) as page:
        await page.get_by_label("Name", exact=True).fill("laptop")
        await page.get_by_role("button", name="Make a token").click()
        token = await page.locator(".new-key pre").first.inner_text()
        assert (await anyone.get("/api/tokens", headers={"Authorization": f"Bearer {token}"})).status == 200

        await page.goto(str(alice.client.make_url(FILES)))
        await be_slow(page, 1_000_000)
        await page.locator("#files").set_input_files([file("payment.pdf", SECRET)])
        await page.get_by_role("button", name="Upload", exact=True).click()
        await expect(page.locator("#progress-said")).to_have_text(re.compile(r"^\d+(\.\d+)? kB of 1\.02 MB$"))
        await expect(page.get_by_text("Uploaded.")).to_be_visible()
        await page.get_by_role("checkbox", name="Select payment.pdf").check()
        await page.get_by_role("button", name="Send those selected …").click()

        await expect(page.get_by_role("checkbox", name="payment.pdf")).to_be_checked()
        await fill(page, CLIENT)
        await page.get_by_label("Passphrase").fill("sesame")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_role("heading", name="Sent: Payment")).to_be_visible()
        await page.get_by_role("button", name="Copy the link").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        link = await page.evaluate("navigator.clipboard.readText()")
        assert link == str((await last_mail(site, CLIENT)).link)

    async with opened(browser, anyone.client, "/m/" + link.rpartition("/")[2]) as page:
        await page.get_by_role("link", name="Show the secret").click()
        await page.get_by_label("Passphrase").fill("sesame")
        await page.get_by_role("button", name="Show the secret").click()
        assert await downloaded(page, re.compile("Download")) == ("payment.pdf", SECRET)


async def test_from_one_account_to_another_who_has_a_pin(browser, alice, bob):
    async with opened(browser, alice.client, NEW, person=alice) as page:
        await fill(page, BOB)
        await page.locator("#files").set_input_files([file("a.bin", SECRET)])
        await page.locator("#files").set_input_files([file("b.txt", b"words"), file("wrong.txt", b"x")])
        await page.get_by_role("button", name="Remove wrong.txt").click()
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_text("Finds it in the inbox of the account here.")).to_be_visible()
    async with opened(browser, bob.client, "/user/pin", person=bob, excused=["422"]) as page:
        await page.get_by_label("New PIN").fill("1234")
        await page.get_by_role("button", name="Set the PIN").click()
        await expect(page.get_by_text("The PIN holds from now on.")).to_be_visible()
        await page.get_by_role("link", name="Inbox").first.click()
        await expect(page.locator(".unread")).to_have_count(1)
        await page.get_by_role("link", name="Payment").click()
        assert await page.locator(".letter").inner_text() == TEXT
        await page.get_by_label("Your PIN").fill("4321")
        await page.get_by_role("button", name="Download all as a zip").click()
        await expect(page.locator("#pin-said")).to_contain_text("This is not your PIN.")
        await page.get_by_label("Your PIN").fill("1234")
        assert await downloaded(page, re.compile("a.bin")) == ("a.bin", SECRET)
        name, zipped = await downloaded(page, "Download all as a zip")
        assert (name, zipped[:2]) == ("files.zip", b"PK")
        await page.get_by_role("link", name="Inbox").first.click()
        await expect(page.locator(".unread")).to_have_count(0)


async def test_a_mistyped_address_costs_neither_what_was_typed_nor_the_files(browser, alice, bob):
    async with opened(browser, alice.client, NEW, person=alice, excused=["422"]) as page:
        await fill(page, "bob")
        await page.get_by_label("Passphrase").fill("sesame")
        await page.locator("#files").set_input_files([file("a.txt", b"words")])
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.locator("#recipients-said")).to_have_text("“bob” is not an e-mail address.")
        await expect(page.get_by_role("checkbox", name="a.txt")).to_be_checked()
        await expect(page.locator("#chosen li")).to_have_count(0)
        await expect(page.get_by_label("Passphrase")).to_have_value("sesame")
        await page.get_by_label("To", exact=True).fill(BOB)
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_role("heading", name="Sent: Payment")).to_be_visible()
    assert len((await look(alice, FILES)).all("td", class_="pick")) == 1


async def test_without_scripts_a_message_is_sent_and_its_file_downloaded(browser, alice, bob):
    async with opened(browser, alice.client, NEW, person=alice, java_script_enabled=False) as page:
        await fill(page, BOB)
        await page.locator("#files").set_input_files([file("a.txt", b"words")])
        await page.get_by_label("Passphrase").fill("sesame")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_role("heading", name="Sent: Payment")).to_be_visible()
    async with opened(browser, bob.client, "/user/inbox", person=bob, java_script_enabled=False) as page:
        await page.get_by_role("link", name="Payment").click()
        await page.get_by_role("textbox", name="Passphrase").fill("sesame")
        await page.get_by_role("button", name="Show the message").click()
        await expect(page.locator(".letter")).to_have_text(TEXT)
        assert await downloaded(page, re.compile("Download")) == ("a.txt", b"words")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_barriers_or_is_too_wide_for_a_small_phone(browser, alice, bob, scheme):
    ids = await upload(alice, {f"{LONG}.txt": b"x", "b.txt": b"y"})
    await press(alice, FILES, action="add_category", name="W" * 100)
    given = {f"file-{one}": "true" for one in ids.values()}
    sent = await write(alice, BOB, CLIENT, f"{'w' * 60}@example.org", subject=LONG, body=LONG, **given)
    (locked,) = await write(alice, BOB, passphrase="a", max_downloads="3")
    (over,) = await write(alice, BOB)
    await press(alice, f"/user/transfers/{over}", action="revoke", confirmed="true")
    await press(bob, "/user/pin", pin="1234")
    await refused(bob, "/user/pin", pin="5678", current_pin="x")
    pages = {
        alice: [
            *(NEW, "/user/transfers", FILES, f"{FILES}?trash=true", f"{FILES}/{ids['b.txt']}", "/user/pin"),
            *(f"/user/transfers/made?ids={','.join(sent)}", f"/user/transfers/{sent[1]}", f"/user/transfers/{over}"),
            "/user/api_keys",
        ],
        bob: ["/user/inbox", *(f"/user/inbox/{one}" for one in (sent[0], locked, over)), "/user/pin"],
    }
    found = []
    for person, paths in pages.items():
        for viewport in (DESKTOP, SMALL_PHONE):
            async with opened(
                *(browser, person.client, "/user"), person=person, viewport=viewport, color_scheme=scheme
            ) as page:
                for path in paths:
                    await page.goto(str(person.client.make_url("/")).rstrip("/") + path)
                    found += [f"{path}: {one}" for one in await barriers(page)]
                    if await is_too_wide(page):
                        found.append(f"{path} is too wide")
    assert found == []
