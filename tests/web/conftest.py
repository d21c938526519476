"""Files to look at, and a browser to look with."""

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from playwright.async_api import Browser, async_playwright

from tests.web.browsing import CHROMIUM


@pytest.fixture(scope="session")
def png() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()
