"""Seeing a secret in a real browser: hidden until it is asked for, behind a passphrase, leading on, and deleted."""

import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import opened, press
from tests.web.pushes.browsing import TEXT, led_to, make, making, shown
from tests.web.pushes.reaching import kinds, views
from tests.web.pushes.reaching import make as push

pytestmark = pytest.mark.journey


async def test_a_text_is_hidden_until_it_is_asked_for_and_again_later(browser, anyone):
    token = await push(anyone, payload=TEXT)
    async with opened(browser, anyone.client, f"/p/{token}/r") as page:
        await page.clock.install()
        await page.get_by_role("link", name="Show the secret").click()
        text = page.locator(".revealed")
        await expect(text).to_have_class("revealed is-hidden")
        await page.get_by_role("button", name="Show the secret").press("Enter")
        await expect(text).to_have_class("revealed")
        await expect(text.locator("pre")).to_be_focused()
        await page.clock.fast_forward("00:19")
        await expect(text).to_have_class("revealed")
        await page.clock.fast_forward("00:01")
        await expect(text).to_have_class("revealed is-hidden")
        await expect(page.get_by_role("button", name="Show the secret")).to_be_focused()
        await page.get_by_role("button", name="Show the secret").click()
        await page.get_by_role("button", name="Hide").click()
        await expect(text).to_have_class("revealed is-hidden")


async def test_a_text_is_copied_without_being_shown(browser, anyone):
    token = await push(anyone, payload=TEXT)
    permissions = ["clipboard-read", "clipboard-write"]
    async with led_to(browser, anyone, f"/p/{token}/r", permissions=permissions) as page:
        await page.get_by_role("button", name="Copy").click()
        await expect(page.get_by_text("Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == TEXT
        await expect(page.locator(".revealed")).to_have_class("revealed is-hidden")


async def test_a_passphrase_opens_it_and_a_wrong_one_does_not(browser, alice, anyone):
    token = await push(alice, payload=TEXT, passphrase="open sesame")
    async with led_to(browser, anyone, f"/p/{token}/r", excused=["401"]) as page:
        await page.get_by_label("Passphrase").fill("wrong")
        await press(page, "Enter")
        await expect(page.locator("#passphrase-said")).to_contain_text("This is not the passphrase.")
        await page.get_by_label("Passphrase").fill("open sesame")
        await press(page, "Enter")
        assert await shown(page) == TEXT
        assert page.url.endswith(f"/p/{token}")
        assert await page.context.cookies() == []
    assert await kinds(alice, token) == ["creation", "failed_passphrase", "view"]


async def test_a_link_leads_on_after_the_step_and_the_passphrase(browser, anyone):
    here = str(anyone.client.make_url("/docs"))
    for passphrase in ("", "sesame"):
        token = await push(anyone, kind="url", payload=here.replace("127.0.0.1", "localhost"), passphrase=passphrase)
        async with opened(browser, anyone.client, f"/p/{token}/r", excused=["http://localhost"]) as page:
            await page.get_by_role("link", name="Show the secret").click()
            if passphrase:
                await page.get_by_label("Passphrase").fill(passphrase)
                await press(page, "Enter")
            await expect(page.get_by_role("heading", name="Documentation")).to_be_visible()
            assert page.url.startswith("http://localhost")
            assert await page.evaluate("document.referrer") == ""


async def test_a_qr_code_is_shown(browser, anyone):
    async with making(browser, anyone, "qr") as page:
        await page.get_by_label("What the code holds").fill("WIFI:T:WPA;S:guest;P:secret;;")
        path = await make(page)
    async with led_to(browser, anyone, path) as page:
        code = await page.get_by_role("img", name="QR code").bounding_box()
        assert code is not None
        assert code["width"] > 200
        assert await shown_by(page, "Show what it says") == "WIFI:T:WPA;S:guest;P:secret;;"


async def shown_by(page, label):
    await page.get_by_role("button", name=label).click()
    return await page.locator(".revealed pre").inner_text()


async def test_the_owner_follows_and_changes_a_secret(browser, alice, anyone):
    token = await push(alice, payload=TEXT)
    async with led_to(browser, anyone, f"/p/{token}/r"):
        assert await views(alice, token) == 1
    async with opened(browser, alice.client, "/p/active", person=alice) as page:
        await page.get_by_role("link", name=token).click()
        await expect(page.locator("tbody tr")).to_have_count(2)
        await expect(page.locator("tbody tr").nth(1)).to_contain_text("Viewed")
        await page.get_by_role("link", name="Change").click()
        await page.get_by_label("Another text").fill("another")
        await page.get_by_label("Name").fill("Router")
        await page.get_by_label("Views in all").fill("2")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", name="Router")).to_be_visible()
        await expect(page.get_by_text("Saved.")).to_be_visible()
    async with led_to(browser, anyone, f"/p/{token}/r") as page:
        assert await shown(page) == "another"
        await expect(page.get_by_text("This was the last view.")).to_be_visible()
    async with opened(browser, alice.client, "/p/expired", person=alice) as page:
        await expect(page.get_by_role("link", name="Router")).to_be_visible()


async def test_a_viewer_deletes_a_secret(browser, alice, anyone):
    token = await push(alice, payload=TEXT)
    async with led_to(browser, anyone, f"/p/{token}/r") as page:
        await page.get_by_role("link", name="Delete it").click()
        await expect(page.get_by_text("To keep it, just close this page.")).to_be_visible()
        await page.get_by_role("button", name="Delete it").click()
        await expect(page.get_by_text("The secret is deleted.")).to_be_visible()
    assert (await kinds(alice, token))[-1] == "expire"


async def test_the_time_that_is_left_is_counted_down(browser, anyone):
    token = await push(anyone, payload=TEXT, expire_after_duration="0")
    async with led_to(browser, anyone, f"/p/{token}/r") as page:
        await expect(page.locator("#ends")).to_have_text(re.compile(r"in 1[45]:\d\d"))
        await page.clock.install()
        await page.reload()
        await page.clock.fast_forward("16:00")
        await expect(page.locator("#ends")).to_have_text("Its time is over")
