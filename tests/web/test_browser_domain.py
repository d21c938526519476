"""A node on a domain of its own, in a real browser."""

import datetime as dt
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.support.domains import Front, front, serve_on
from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, chromium, is_too_wide, press
from tests.web.contents import MARKDOWN

pytestmark = pytest.mark.journey

DOMAIN = "files.example.com"
FAR = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
async def here(site) -> AsyncIterator[Front]:
    async with front(site) as made:
        yield made


@pytest.fixture
async def browser_there(here: Front) -> AsyncIterator[Browser]:
    """One for which the domain is this server."""
    async with chromium(f"--host-resolver-rules=MAP {DOMAIN}:443 127.0.0.1:{here.tls_port}") as browser:
        yield browser


async def test_a_visitor_stays_on_the_domain_from_the_password_to_the_picture(here, browser_there, alice, png):
    await alice.write("/me/docs/sub/photo.png", png)
    await alice.write("/me/docs/sub/readme.md", MARKDOWN)
    await alice.write("/me/docs/a.txt", b"words\n")
    await alice.share("/me/docs", link={}, password={"open sesame": {"read": True}})
    await serve_on(alice, "/me/docs", DOMAIN, ends_at=FAR)
    await here.hears(DOMAIN)

    context = await browser_there.new_context(ignore_https_errors=True, viewport=DESKTOP)
    page = await context.new_page()
    seen: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    await page.goto(f"https://{DOMAIN}/sub")
    await page.get_by_label("Password").fill("open sesame")
    await press(page, "Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("sub")
    assert await page.locator("header.top").count() == 0
    await page.get_by_role("link", name="Gallery").click()
    image = page.locator("img.thumbnail").first
    assert await image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    await page.get_by_role("link", name="photo.png").first.click()
    await expect(page).to_have_url(f"https://{DOMAIN}/sub/photo.png")
    picture = page.locator(".stage img")
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    await press(page, "d")
    await expect(page).to_have_url(re.compile(rf"^https://{DOMAIN}/sub/(readme\.md|photo\.png)$"))
    await page.goto(f"https://{DOMAIN}/sub/readme.md")
    await expect(page.frame_locator("iframe").get_by_role("heading", name="Hello")).to_be_visible()
    assert await barriers(page) == []
    await page.set_viewport_size(SMALL_PHONE)
    assert not await is_too_wide(page)
    await page.goto(f"https://{DOMAIN}/")
    await expect(page.get_by_text("a.txt")).to_be_visible()
    assert await barriers(page) == []

    cookies = await context.cookies()
    assert {one["domain"] for one in cookies} == {DOMAIN}
    assert all(one["name"] in {"pd_node_password", "pd_directory"} for one in cookies)
    assert {url.split("/")[2] for url in seen if url.startswith("http")} == {DOMAIN}
    assert [one for one in complaints if "403" not in one] == []
    await context.close()
