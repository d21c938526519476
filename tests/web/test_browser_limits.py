"""Files of a plan with limits, in a real browser: captchas, and films at a limited speed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Route, expect

from pixelhost.app import build_app
from pixelhost.plans import BUILT_IN
from pixelhost.site import Site
from tests.support.client import RealServer, fresh_client
from tests.support.people import Person
from tests.web.browsing import SMALL_PHONE, barriers, is_too_wide, opened, until

pytestmark = pytest.mark.journey

DATA = b"what was in it"
REFUSED = "403 (Forbidden)"


@asynccontextmanager
async def held(site: Site, captcha: str = "altcha", **limits: object) -> AsyncIterator[TestClient]:
    """A server of the same data, whose accounts have limits."""
    plan = msgspec.structs.replace(BUILT_IN["unlimited"], type="free", hotlinking=False, **limits)
    settings = replace(site.settings, plans=BUILT_IN | {"unlimited": plan}, captcha=captcha)
    async with (
        RealServer(build_app(replace(site, settings=settings))) as server,
        fresh_client(server) as client,
    ):
        yield client


@pytest.fixture
async def path(alice: Person, request: pytest.FixtureRequest) -> str:
    """The page of a file, or of one of a filesystem."""
    if request.param == "file":
        return f"/u/{await alice.upload('letter.txt', DATA)}"
    await alice.write("/me/letter.txt", DATA)
    return f"/d/{await alice.share('/me/letter.txt')}"


@pytest.mark.parametrize("path", ["file", "node"], indirect=True)
async def test_the_browser_works_for_a_download_that_takes_a_captcha(browser, site: Site, path: str):
    excused = [REFUSED]
    async with (
        held(site, downloads_per_ip_per_day=0) as client,
        opened(browser, client, path, excused=excused, viewport=SMALL_PHONE) as page,
    ):
        await expect(page.get_by_role("heading", name="That is enough for today")).to_be_visible()
        assert await barriers(page) == []
        assert not await is_too_wide(page)
        for _ in range(2):
            async with page.expect_download() as downloading:
                await page.get_by_role("button", name="Work, and download it").click()
            download = await downloading.value
            assert download.suggested_filename == "letter.txt"
            assert (await download.path()).read_bytes() == DATA
            await expect(page.get_by_text("The download begins")).to_be_visible()


@pytest.mark.parametrize("path", ["file", "node"], indirect=True)
async def test_a_captcha_that_is_refused_is_told_on_the_page_and_another_is_taken(browser, site: Site, path: str):
    async with (
        held(site, downloads_per_ip_per_day=0) as client,
        opened(browser, client, path, excused=[REFUSED, "424"]) as page,
    ):

        async def forge(route: Route) -> None:
            answer = await route.fetch()
            await route.fulfill(response=answer, json=await answer.json() | {"signature": "0" * 64})

        await page.route("**/api/misc/altcha", forge)
        work = page.get_by_role("button", name="Work, and download it")
        await work.click()
        await expect(page.get_by_text("The captcha response could not be verified")).to_be_visible()
        await expect(page.get_by_role("heading", name="That is enough for today")).to_be_visible()

        await page.unroute("**/api/misc/altcha")
        async with page.expect_download() as downloading:
            await work.click()
        assert (await (await downloading.value).path()).read_bytes() == DATA
        await expect(page.get_by_text("The download begins")).to_be_visible()


async def test_a_browser_that_cannot_have_a_challenge_says_so(browser, alice: Person, site: Site):
    path = f"/u/{await alice.upload('letter.txt', DATA)}"
    async with (
        held(site, downloads_per_ip_per_day=0) as client,
        opened(browser, client, path, excused=[REFUSED, "ERR_FAILED"]) as page,
    ):
        await page.route("**/api/misc/altcha", lambda route: route.abort())
        await page.get_by_role("button", name="Work, and download it").click()
        await expect(page.get_by_text("The server could not be reached")).to_be_visible()
        await expect(page.get_by_role("button", name="Work, and download it")).to_be_enabled()


async def test_without_a_captcha_the_page_offers_none(browser, alice: Person, site: Site):
    path = f"/u/{await alice.upload('letter.txt', DATA)}"
    async with (
        held(site, captcha="off", downloads_per_ip_per_day=0) as client,
        opened(browser, client, path, excused=[REFUSED]) as page,
    ):
        await expect(page.get_by_role("heading", name="That is enough for today")).to_be_visible()
        await expect(page.get_by_role("button", name="Work, and download it")).to_have_count(0)


async def test_a_film_at_a_limited_speed_still_seeks(browser, site: Site, files):
    async with (
        held(site, download_speed_limit=400_000, concurrent_downloads_per_ip=5) as client,
        opened(browser, client, f"/u/{files['video']}") as page,
    ):
        await until(page, "document.querySelector('video').readyState >= 1")
        await page.evaluate("document.querySelector('video').currentTime = 50")
        await until(
            page,
            "(({ seeking, currentTime, readyState }) => !seeking && currentTime >= 50 && readyState >= 2)"
            "(document.querySelector('video'))",
        )
