"""A file in a frame of another site, in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from tests.support.elsewhere import change_rows
from tests.web.browsing import opened, ready

pytestmark = pytest.mark.journey


@asynccontextmanager
async def another_site(frame: str) -> AsyncIterator[int]:
    """A server whose only page has a frame; its port."""

    async def show(_request: web.Request) -> web.Response:
        body = f"<!doctype html><iframe src='{frame}' width=600 height=400></iframe>"
        return web.Response(text=body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    async with TestServer(app) as server:
        yield server.port


async def test_a_file_may_be_framed_by_the_sites_that_its_owner_names_and_by_no_other(
    browser, client, alice, site, files
):
    await change_rows(site, "UPDATE users SET embed_domains = 'localhost'")
    async with another_site(str(client.make_url(f"/u/{files['text']}?embed"))) as port:
        for host, is_shown in (("localhost", True), ("127.0.0.1", False)):
            context = await browser.new_context()
            page = await context.new_page()
            complaints: list[str] = []
            page.on("console", lambda message, said=complaints: said.append(message.text))
            await page.goto(f"http://{host}:{port}/")
            heading = page.frame_locator("iframe").get_by_role("heading", name="greet.py")
            await expect(heading).to_have_count(1 if is_shown else 0)
            assert any("frame-ancestors" in one for one in complaints) is not is_shown
            await context.close()


async def test_the_code_to_embed_a_file_can_be_copied(browser, client, site, files):
    await change_rows(site, "UPDATE users SET embed_domains = 'blog.example'")
    grants = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, f"/u/{files['text']}", permissions=grants) as page:
        await ready(page)
        await page.get_by_text("Share", exact=True).click()
        await page.get_by_role("button", name="Embed").click()
        await page.get_by_role("dialog", name="Embed").get_by_role("button", name="Copy").click()
        await expect(page.get_by_role("status")).to_contain_text("The code was copied")
        code = await page.evaluate("navigator.clipboard.readText()")
        assert code.startswith(f'<iframe src="{page.url}?embed" title="greet.py"')
