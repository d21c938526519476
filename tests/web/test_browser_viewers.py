"""What the viewers do in a real browser: zoom, seek, play, search."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.web.browsing import BROWSERS_OWN, SMALL_PHONE, opened, press, ready, until

pytestmark = pytest.mark.journey


async def scale_of(page: Page) -> float:
    return await page.locator(".picture img").evaluate("image => new DOMMatrix(getComputedStyle(image).transform).a")


async def test_a_picture_is_zoomed_by_click_wheel_keys_and_buttons_and_then_moved(browser, client, files):
    async with opened(browser, client, f"/u/{files['image']}") as page:
        await ready(page)
        picture = page.locator(".picture")
        assert await scale_of(page) == 1
        await picture.click(position={"x": 300, "y": 300})
        assert await scale_of(page) >= 2
        place = "image => new DOMMatrix(getComputedStyle(image).transform).e"
        before = await page.locator(".picture img").evaluate(place)
        await page.mouse.move(400, 400)
        await page.mouse.down()
        await page.mouse.move(340, 400, steps=3)
        await page.mouse.up()
        assert await page.locator(".picture img").evaluate(place) == pytest.approx(before - 60, abs=1)
        assert await scale_of(page) >= 2  # letting go is no click
        await press(page, "l")
        assert await page.locator(".picture img").evaluate(place) < before - 60
        await press(page, "0")
        assert await scale_of(page) == 1
        await page.mouse.wheel(0, -300)
        await until(page, "document.querySelector('.picture').classList.contains('zoomed')")
        await page.get_by_role("button", name="Fit").click()
        assert await scale_of(page) == 1
        await press(page, "+")
        assert await scale_of(page) == 1.5
        await page.get_by_role("button", name="Smaller").click()
        assert await scale_of(page) == 1
        await picture.focus()
        await press(page, "Enter")
        assert await scale_of(page) >= 2


async def test_a_picture_is_moved_by_h_j_k_l(browser, client, files):
    async with opened(browser, client, f"/u/{files['image']}") as page:
        await ready(page)
        for _ in range(4):
            await press(page, "+")
        place = "image => { const { e, f } = new DOMMatrix(getComputedStyle(image).transform); return [e, f]; }"
        picture = page.locator(".picture img")
        assert await picture.evaluate(place) == [0, 0]
        for key, wanted in (("h", [80, 0]), ("k", [80, 80]), ("l", [0, 80]), ("j", [0, 0])):
            await press(page, key)
            assert await picture.evaluate(place) == pytest.approx(wanted)


async def test_two_fingers_zoom_a_picture(browser, client, files):
    async with opened(browser, client, f"/u/{files['image']}", viewport=SMALL_PHONE, has_touch=True) as page:
        await ready(page)
        session = await page.context.new_cdp_session(page)
        box = await page.locator(".picture").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        async def touch(kind: str, apart: float | None) -> None:
            points = [] if apart is None else [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
            await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        await touch("touchStart", 20)
        for apart in (30, 40, 50, 60):
            await touch("touchMove", apart)
        await touch("touchEnd", None)
        assert await scale_of(page) > 1.5


async def test_a_film_is_sought_by_ranges_and_played_by_keys(browser, client, files, long_film):
    statuses: list[int] = []
    async with opened(browser, client, f"/u/{files['video']}") as page:
        page.on("response", lambda response: statuses.append(response.status) if "/api/file/" in response.url else None)
        video = page.locator("video")
        await until(page, "document.querySelector('video').readyState >= 2")
        await video.evaluate("video => { video.muted = true; video.currentTime = 50; }")
        await until(page, "!document.querySelector('video').seeking")
        assert await video.evaluate("video => video.currentTime") == pytest.approx(50, abs=1)
        for key, seconds in (("h", 45), ("ArrowRight", 50), ("ArrowLeft", 45), ("l", 50)):
            await press(page, key)
            assert await video.evaluate("video => video.currentTime") == pytest.approx(seconds, abs=1)
        await press(page, "m")
        assert await video.evaluate("video => video.muted") is False
        await press(page, "m")
        await press(page, "j")
        assert await video.evaluate("video => video.volume") == pytest.approx(0.9)
        await press(page, "k")
        assert await video.evaluate("video => video.volume") == pytest.approx(1)
        await press(page, "Space")
        assert await video.evaluate("video => video.paused") is False
        await press(page, "Space")
        assert await video.evaluate("video => video.paused") is True
        assert set(statuses) == {206}


async def test_who_pauses_a_film_before_it_has_begun_to_play_is_told_of_no_error(browser, client, files):
    async with opened(browser, client, f"/u/{files['video']}") as page:
        await press(page, "m")
        # It is fetched anew, as if the network were slow.
        await page.route("**/api/file/*", lambda _: None)
        await page.evaluate("document.querySelector('video').load()")
        for is_paused in (False, True):
            await press(page, "Space")
            assert await page.locator("video").evaluate("video => video.paused") is is_paused


async def test_a_film_goes_on_where_it_was_left(browser, client, files):
    async with opened(browser, client, f"/u/{files['video']}") as page:
        await until(page, "document.querySelector('video').readyState >= 1")
        await page.locator("video").evaluate("video => { video.currentTime = 31; }")
        await until(page, "localStorage.getItem('positions') !== null")
        await page.reload()
        await until(page, "document.querySelector('video').currentTime > 30")
        await page.locator("video").evaluate("video => { video.currentTime = 1; }")
        await until(page, "localStorage.getItem('positions') === '{}'")


async def test_a_pdf_is_shown_in_the_page_by_the_browsers_own_viewer(browser, client, files):
    async with opened(browser, client, f"/u/{files['pdf']}", excused=BROWSERS_OWN) as page:
        async with asyncio.timeout(60):
            while not any(frame.url.startswith("chrome-extension:") for frame in page.frames):
                await page.wait_for_timeout(100)


async def test_an_archive_is_searched_without_leaving_the_page(browser, client, files):
    async with opened(browser, client, f"/u/{files['archive']}") as page:
        await ready(page)
        await page.evaluate("window.isTheSamePage = true")
        await page.get_by_label("Find a file").fill("c.txt")
        await press(page, "Enter")
        await expect(page.get_by_role("link", name="a/c.txt", exact=True)).to_be_visible()
        assert await page.evaluate("window.isTheSamePage") is True
        await page.get_by_role("link", name="All").click()
        await expect(page.get_by_role("link", name="readme.md", exact=True)).to_be_visible()
