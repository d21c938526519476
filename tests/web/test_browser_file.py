"""The page of a file in a real browser: its viewers, its keys, its dialogs, and what hostile files can't do there."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import bencodepy
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Page, expect

from tests.support.people import Person
from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, is_too_wide, opened

pytestmark = pytest.mark.journey

MARKDOWN = (
    b"# Hello\n\nSome *text* with `code`.\n\n```python\ndef f():\n    return 1  # one\n```\n\n"
    b"| a | b |\n|---|---|\n| 1 | 2 |\n"
)
CODE = (
    b'"""Greets."""\n\nimport sys\n\n\ndef greet(name: str = "you") -> int:\n    # Says it.\n'
    b'    print(f"hello {name}")\n    return 0\n'
)
HOSTILE_NAME = "<img src=x onerror=alert(1)>\"'<script>alert(2)<!-- \u202egpj."
HOSTILE_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="50" height="50" onload="alert(1)"><script>alert(2)</script>'
    b'<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">'
    b'<img src="x" onerror="alert(3)"/></body></foreignObject>'
    b'<rect width="50" height="50" fill="red"/></svg>'
)
HOSTILE_HTML = (
    b"<!doctype html><title>x</title><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
)
HOSTILE_MARKDOWN = (
    b"# <script>alert(1)</script> title\n\n"
    b"<img src=x onerror=alert(2)> [x](javascript:alert(3)) <svg onload=alert(4)>\n\n"
    b'<iframe srcdoc="<script>alert(5)</script>"></iframe><a href="data:text/html,<script>alert(6)</script>">y</a>\n'
)
PAGE_MAX_BYTES = 60_000
BROWSERS_OWN = ["chrome-extension:", "chrome:"]
"""Addresses of what a browser shows a PDF with."""


def zipped(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()


def pdf() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (200, 280), "white").save(out, "PDF")
    return out.getvalue()


def torrent() -> bytes:
    files = [{b"length": 300, b"path": [b"video", b"film.mkv"]}, {b"length": 20, b"path": [b"read me.txt"]}]
    info = {b"name": b"A film", b"piece length": 262144, b"pieces": bytes(20), b"files": files}
    encoded: bytes = bencodepy.encode(
        {b"announce": b"udp://tracker.example:80", b"comment": b"A comment", b"info": info}
    )
    return encoded


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A minute of WebM, noisy enough that a browser doesn't fetch all of it at once."""
    path: Path = tmp_path_factory.mktemp("film") / "long.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=5)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 180, "yuv420p", 1_000_000
        stream.options = {"g": "5", "deadline": "realtime", "cpu-used": "8"}
        for _ in range(300):
            frame = av.VideoFrame.from_image(Image.effect_noise((320, 180), 90).convert("RGB"))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture
async def files(alice: Person, png: bytes, long_film: bytes) -> dict[str, str]:
    """A file for every viewer, by the viewer's name."""
    kinds = {
        "image": ("photo.png", png),
        "video": ("film.webm", long_film),
        "audio": ("song.mp3", b"ID3\4" + bytes(500)),
        "text": ("greet.py", CODE),
        "markdown": ("readme.md", MARKDOWN),
        "pdf": ("paper.pdf", pdf()),
        "archive": ("backup.zip", zipped({"a/b.txt": b"x", "a/c.txt": b"y", "readme.md": b"# hi"})),
        "torrent": ("film.torrent", torrent()),
        "other": ("walk.bin", bytes(100)),
    }
    return {kind: await alice.upload(name, data) for kind, (name, data) in kinds.items()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_viewer_is_without_barriers_and_fits_a_small_phone(browser, client, alice, files, scheme):
    paths = {kind: f"/u/{file_id}" for kind, file_id in files.items()}
    paths |= {"plots": f"/u/{files['other']}?range=week", "embed": f"/u/{files['text']}?embed"}
    paths |= {form: f"/u/{files['other']}/{form}" for form in ("edit", "delete", "report")}
    for kind, path in paths.items():
        person = alice if kind in {"edit", "delete"} else None
        options = {"person": person, "viewport": SMALL_PHONE, "color_scheme": scheme, "excused": BROWSERS_OWN}
        async with opened(browser, client, path, **options) as page:
            assert not await is_too_wide(page), kind
            await page.set_viewport_size(DESKTOP)
            assert not await is_too_wide(page), kind
            if kind == "pdf":
                # The browser's own viewer is none of ours to look into.
                await page.evaluate("document.querySelector('.document').remove()")
            assert await barriers(page) == [], kind


async def test_the_first_view_of_any_file_stays_below_60_kb_of_page(browser, client, alice, files):
    noise = "".join(f"{number * 7919 % 100_003:x}" for number in range(200_000)).encode()
    files |= {
        "long text": await alice.upload("noise.txt", noise),
        "long code": await alice.upload("long.py", CODE * 5000),
        "large archive": await alice.upload(
            "many.zip", zipped({f"{n % 9}/f{n * 7919 % 10007}.txt": b"" for n in range(2000)})
        ),
    }
    for kind, file_id in files.items():
        assert 0 < await transferred(browser, str(client.make_url(f"/u/{file_id}"))) < PAGE_MAX_BYTES, kind


async def transferred(browser, url: str) -> int:
    """How many bytes of HTML, CSS and scripts come over the wire with a first visit, headers included."""
    context = await browser.new_context(viewport=DESKTOP)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    await session.send("Network.enable")
    await page.goto(url)
    await page.wait_for_timeout(300)
    await context.close()
    return sum(size for one, size in sizes.items() if kinds.get(one) in {"Document", "Stylesheet", "Script"})


async def ready(page: Page) -> None:
    """When its scripts have run."""
    await page.wait_for_selector("#shortcuts:not([hidden])", state="attached")


async def until(page: Page, expression: str) -> None:
    """Playwright's own way to wait for this is what the policy of the pages forbids: eval."""
    async with asyncio.timeout(20):
        while not await page.evaluate(expression):
            await page.wait_for_timeout(50)


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
        await page.keyboard.press("l")
        assert await page.locator(".picture img").evaluate(place) < before - 60
        await page.keyboard.press("0")
        assert await scale_of(page) == 1
        await page.mouse.wheel(0, -300)
        await until(page, "document.querySelector('.picture').classList.contains('zoomed')")
        await page.get_by_role("button", name="Fit").click()
        assert await scale_of(page) == 1
        await page.keyboard.press("+")
        assert await scale_of(page) == 1.5
        await page.get_by_role("button", name="Smaller").click()
        assert await scale_of(page) == 1
        await picture.focus()
        await page.keyboard.press("Enter")
        assert await scale_of(page) >= 2


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
        await page.keyboard.press("h")
        assert await video.evaluate("video => video.currentTime") == pytest.approx(45, abs=1)
        await page.keyboard.press("ArrowRight")
        assert await video.evaluate("video => video.currentTime") == pytest.approx(50, abs=1)
        await page.keyboard.press("m")
        assert await video.evaluate("video => video.muted") is False
        await page.keyboard.press("m")
        await page.keyboard.press("j")
        assert await video.evaluate("video => video.volume") == pytest.approx(0.9)
        await page.keyboard.press("Space")
        assert await video.evaluate("video => video.paused") is False
        await page.keyboard.press("Space")
        assert await video.evaluate("video => video.paused") is True
        assert set(statuses) == {206}


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
        async with asyncio.timeout(20):
            while not any(frame.url.startswith("chrome-extension:") for frame in page.frames):
                await page.wait_for_timeout(100)


async def test_keys_download_copy_and_show_themselves(browser, client, files):
    grants = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, f"/u/{files['text']}", permissions=grants) as page:
        await ready(page)
        async with page.expect_download() as downloading:
            await page.keyboard.press("s")
        assert (await downloading.value).suggested_filename == "greet.py"
        await page.keyboard.press("c")
        await expect(page.get_by_role("status")).to_contain_text("The link was copied")
        assert await page.evaluate("navigator.clipboard.readText()") == page.url
        await page.keyboard.press("i")
        await expect(page.locator(".facts")).to_be_hidden()
        await page.keyboard.press("f")
        await until(page, "document.fullscreenElement !== null")
        await page.keyboard.press("f")
        await until(page, "document.fullscreenElement === null")
        await page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(dialog).to_contain_text("Copy the link")
        assert await barriers(page) == []
        await dialog.get_by_label("Use these keys").uncheck()
        await page.keyboard.press("Escape")
        await page.keyboard.press("i")
        await expect(page.locator(".facts")).to_be_hidden()
        await page.keyboard.press("?")
        await expect(dialog).to_be_visible()


async def test_the_owner_renames_and_deletes_in_dialogs(browser, client, alice, files):
    async with opened(browser, client, f"/u/{files['text']}", person=alice) as page:
        await ready(page)
        await page.keyboard.press("e")
        dialog = page.get_by_role("dialog", name="Edit this file")
        await dialog.get_by_label("Name").fill("renamed.py")
        assert await barriers(page) == []
        await dialog.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status").first).to_have_text("Saved.")
        await expect(page.get_by_role("heading", level=1)).to_have_text("renamed.py")
        await page.get_by_text("More").click()
        await page.get_by_role("link", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.get_by_text("More").click()
        await page.get_by_role("link", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("status").first).to_have_text("Deleted.")
    assert (await alice.get(f"/api/file/{files['text']}/info")).status == 404


async def test_after_a_dialog_the_focus_is_on_the_button_of_the_menu_that_it_came_from(browser, client, alice, files):
    async with opened(browser, client, f"/u/{files['text']}", person=alice) as page:
        for menu, entry in (("More", "Edit"), ("More", "Delete"), ("Share", "QR code"), ("More", "Keyboard shortcuts")):
            opener = page.locator("main summary", has_text=menu)
            await opener.click()
            await page.locator(".menu-items").get_by_text(entry, exact=True).click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await expect(opener).to_be_focused()


async def test_what_deletes_is_not_what_enter_presses(browser, client, alice, files):
    async with opened(browser, client, f"/u/{files['text']}", person=alice) as page:
        await page.locator("summary", has_text="More").click()
        await page.locator(".menu-items").get_by_text("Delete").click()
        await expect(page.get_by_role("link", name="Cancel")).to_be_focused()


async def test_a_visitor_reports_in_a_dialog(browser, client, site, files):
    async with opened(browser, client, f"/u/{files['text']}") as page:
        await page.get_by_text("More").click()
        await page.get_by_role("link", name="Report abuse").click()
        dialog = page.get_by_role("dialog", name="Report abuse")
        assert await barriers(page) == []
        await dialog.get_by_label("Malware").check()
        await dialog.get_by_label("Description").fill("It is one.")
        await dialog.get_by_role("button", name="Send the report").click()
        await expect(page.get_by_role("status").first).to_contain_text("Thank you.")
    assert await site.db.fetchval("SELECT type FROM abuse_reports") == "malware"


async def test_forms_and_viewers_work_without_javascript(browser, client, alice, site, files):
    async with opened(browser, client, f"/u/{files['text']}", person=alice, java_script_enabled=False) as page:
        await page.get_by_text("More").click()
        await page.get_by_role("link", name="Edit").click()
        await page.get_by_label("Name").fill("renamed.py")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("renamed.py")
        await page.get_by_role("link", name="Views and downloads over time").click()
        await expect(page.get_by_role("img", name=re.compile("Views: "))).to_be_visible()
    async with opened(browser, client, f"/u/{files['archive']}", java_script_enabled=False) as page:
        await page.get_by_label("Find a file").fill("b.txt")
        await page.get_by_role("button", name="Find").click()
        await expect(page.get_by_role("link", name="a/b.txt").first).to_be_visible()
        await page.get_by_text("More").click()
        await page.get_by_role("link", name="Report abuse").click()
        await page.get_by_label("Malware").check()
        await page.get_by_role("button", name="Send the report").click()
        await expect(page.get_by_role("status")).to_contain_text("Thank you.")


async def test_the_link_is_shared_as_a_qr_code(browser, client, files):
    async with opened(browser, client, f"/u/{files['other']}") as page:
        await ready(page)
        await page.get_by_text("Share", exact=True).click()
        await page.get_by_role("link", name="QR code").click()
        code = page.get_by_role("img", name="QR code of the link")
        assert await code.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert await barriers(page) == []


async def test_figures_change_while_one_looks(browser, client, anyone, files, flush):
    async with opened(browser, client, f"/u/{files['other']}") as page:
        downloads = page.locator("[data-live=downloads]")
        await expect(downloads).to_have_text("0")
        await anyone.get(f"/api/file/{files['other']}")
        await flush()
        await expect(downloads).to_have_text("1")


async def test_plots_come_while_a_film_goes_on_playing(browser, client, files):
    async with opened(browser, client, f"/u/{files['video']}") as page:
        await ready(page)
        await page.evaluate("window.isTheSamePage = true")
        await page.get_by_role("link", name="Views and downloads over time").click()
        await expect(page.get_by_role("img", name=re.compile("Views: "))).to_be_visible()
        await page.get_by_role("link", name="Year").click()
        await expect(page.get_by_role("link", name="Year")).to_have_attribute("aria-current", "true")
        assert await page.evaluate("window.isTheSamePage") is True


async def test_an_archive_is_searched_without_leaving_the_page(browser, client, files):
    async with opened(browser, client, f"/u/{files['archive']}") as page:
        await ready(page)
        await page.evaluate("window.isTheSamePage = true")
        await page.get_by_label("Find a file").fill("c.txt")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="a/c.txt", exact=True)).to_be_visible()
        assert await page.evaluate("window.isTheSamePage") is True
        await page.get_by_role("link", name="All").click()
        await expect(page.get_by_role("link", name="readme.md", exact=True)).to_be_visible()


async def test_hostile_files_run_nothing_on_any_page(browser, client, alice):
    contents = {
        "svg": HOSTILE_SVG,
        "html": HOSTILE_HTML,
        "md": HOSTILE_MARKDOWN,
        "txt": HOSTILE_HTML,
        "xhtml": HOSTILE_SVG,
    }
    contents["zip"] = zipped(
        {f"{HOSTILE_NAME}/{HOSTILE_NAME}html".replace("</", "<"): HOSTILE_HTML, "x.svg": HOSTILE_SVG}
    )
    for ending, data in contents.items():
        file_id = await alice.upload(f"{HOSTILE_NAME}{ending}".replace("/", ""), data)
        paths = [f"/u/{file_id}", f"/u/{file_id}?embed", f"/u/{file_id}?source", f"/u/{file_id}/report"]
        paths += [f"/u/{file_id}/rendered"] if ending == "md" else []
        paths += [f"/api/file/{file_id}"] if ending != "zip" else [f"/api/file/{file_id}/info/zip/x.svg"]
        for path in paths:
            # What a policy blocks is told in the console; a script that ran would have opened a dialog.
            excused = ["Content Security Policy", "Content-Security-Policy", "Blocked script execution", "404", "500"]
            async with opened(browser, client, path, excused=excused) as page:
                await page.wait_for_timeout(150)
                assert await page.evaluate("window.name") == ""


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
    await site.db.execute("UPDATE users SET embed_domains = 'localhost'")
    site.changes.note()
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
    await site.db.execute("UPDATE users SET embed_domains = 'blog.example'")
    site.changes.note()
    grants = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, f"/u/{files['text']}", permissions=grants) as page:
        await ready(page)
        await page.get_by_text("Share", exact=True).click()
        await page.get_by_role("button", name="Embed").click()
        await page.get_by_role("dialog", name="Embed").get_by_role("button", name="Copy").click()
        await expect(page.get_by_role("status")).to_contain_text("The code was copied")
        code = await page.evaluate("navigator.clipboard.readText()")
        assert code.startswith(f'<iframe src="{page.url}?embed" title="greet.py"')
