"""Pages in a real browser: what it complains of, what is hard to read, what a screen reader stumbles over."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from pixelhost.wire.credentials import COOKIE
from tests.support.people import Person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = {"width": 360, "height": 740}
SMALL_PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 800}
BROWSERS_OWN = ["chrome-extension:", "chrome:"]
"""Addresses of what a browser shows a PDF with."""

# The contrast of what is read with what is behind it, as WCAG 2.2 reckons it (1.4.3).
POOR_CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("h1, h2, p, a, button, dt, dd, code, small, label, pre, data")) {
    if (!element.innerText?.trim() || element.classList.contains("skip")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName} ${element.className} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """Ends the test where there is none, saying so."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    async with AsyncExitStack() as stack:
        try:
            playwright = await stack.enter_async_context(async_playwright())
        except Exception as error:
            raise RuntimeError("what drives Chromium doesn't start: apt-get install libatomic1") from error
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", *arguments]
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser,
    client: TestClient,
    path: str,
    *,
    person: Person | None = None,
    excused: Sequence[str] = (),
    **options,
) -> AsyncIterator[Page]:
    """A page in a context of its own, of a `person` who is logged in. What the browser complains of, and requests to
    elsewhere, fail the test, but for complaints that have one of `excused` in them.
    """
    here = str(client.make_url("/"))
    context = await browser.new_context(**({"viewport": DESKTOP} | options))
    if person is not None:
        await context.add_cookies([{"name": COOKIE, "value": person.key, "url": here}])
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: None if request.url.startswith(here) else complaints.append(request.url))
    await page.goto(here.rstrip("/") + path)
    yield page
    await context.close()
    left = [one for one in complaints if not any(words in one for words in excused)]
    assert left == [], f"the browser complains: {left}"


async def barriers(page: Page) -> list[str]:
    """What axe-core finds on a page that is serious or critical."""
    found = await Axe().run(page)
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found.response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


async def is_too_wide(page: Page) -> bool:
    """Whether the page has to be moved sideways to be read."""
    return await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


async def ready(page: Page) -> None:
    """When its scripts have run."""
    await page.wait_for_selector("#shortcuts:not([hidden])", state="attached")


async def press(page: Page, key: str) -> None:
    """When the scripts have run of the page that it is by now: before, nobody listens."""
    await page.wait_for_load_state("domcontentloaded")
    await page.keyboard.press(key)


async def until(page: Page, expression: str) -> None:
    """Playwright's own way to wait for this is what the policy of the pages forbids: eval."""
    async with asyncio.timeout(60):
        while not await page.evaluate(expression):
            await page.wait_for_timeout(50)
