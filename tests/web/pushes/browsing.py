"""Making and opening secrets in a real browser, as somebody does who was sent a link."""

from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, expect

from tests.support.people import Person
from tests.web.browsing import opened

TEXT = "correct horse\nbattery staple ☃ <b>&amp;</b>"


def making(browser: Browser, person: Person, tab: str = "text", **options):
    who = person if person.key else None
    return opened(browser, person.client, f"/p/new?tab={tab}", person=who, **options)


async def make(page: Page) -> str:
    """Send the form; the path of the link, with the key where it has one."""
    await page.get_by_role("button", name="Make the link").click()
    await expect(page.get_by_role("heading", name="The link to your secret")).to_be_visible()
    if "#" in page.url:
        await expect(page.locator("#link")).to_contain_text("#")
    link = await page.locator("#link").inner_text()
    return "/p/" + link.partition("/p/")[2]


@asynccontextmanager
async def led_to(browser: Browser, person: Person, path: str, **options):
    """What the button of the step leads to, in a browser that has never been here."""
    async with opened(browser, person.client, path, **options) as page:
        await page.get_by_role("link", name="Show the secret").click()
        await page.wait_for_load_state()
        yield page


async def shown(page: Page) -> str:
    """The text of a secret, after it was asked for."""
    await page.get_by_role("button", name="Show the ").click()
    return await page.locator(".revealed pre").inner_text()
