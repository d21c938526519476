"""The pages in a real browser: what is seen, what the keyboard reaches, and that nothing hostile runs."""

import json
from pathlib import Path

import av
import pytest
from PIL import Image
from playwright.async_api import expect

from tests.support.people import Person
from tests.web.browsing import DESKTOP, PHONE, POOR_CONTRAST, opened, press

pytestmark = pytest.mark.journey

LONG_NAME = "holidays_" * 24 + ".txt"

PLAYED_SECONDS = """async (video) => {
  video.muted = true;
  await video.play();
  await new Promise((done) => video.addEventListener("ended", done));
  return video.currentTime;
}"""

LAYOUT_SHIFTS = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().length)).observe({type: "layout-shift", buffered: true});
  setTimeout(done, 300, 0);
})"""

ARE_LAID_OUT = """() => Array.from(document.querySelectorAll(".files li a"))
  .filter((link) => link.checkVisibility({ contentVisibilityAuto: true })).length"""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A second of WebM."""
    path: Path = tmp_path_factory.mktemp("film") / "clip.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=12)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for step in range(12):
            frame = av.VideoFrame.from_image(Image.new("RGB", (160, 90), (20 * step, 90, 160)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture
async def paths(alice: Person, png: bytes) -> dict[str, str]:
    """One page of every layout."""
    ids = {
        "image": await alice.upload("photo.png", png),
        "text": await alice.upload(LONG_NAME, b"some text\n" * 200),
        "other": await alice.upload("backup.zip", b"PK\3\4" + bytes(100)),
        "audio": await alice.upload("song.mp3", b"ID3\4" + bytes(500)),
    }
    list_id = await alice.make_list(*ids.values(), title="Of every kind")
    return {"home": "/", "list": f"/l/{list_id}"} | {name: f"/u/{file_id}" for name, file_id in ids.items()}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_can_be_read(browser, client, paths, viewport, scheme):
    for name, path in paths.items():
        async with opened(browser, client, path, viewport=viewport, color_scheme=scheme) as page:
            assert await page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], name
            assert await page.evaluate(POOR_CONTRAST) == [], name


async def test_a_photo_is_seen_and_nothing_moves_when_it_comes(browser, client, paths):
    async with opened(browser, client, paths["image"]) as page:
        picture = page.locator(".picture img")
        assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
        box, stage = await picture.bounding_box(), await page.locator(".stage").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(640 / 360, rel=0.02)
        assert stage["x"] <= box["x"]
        assert stage["height"] >= box["height"]
        assert await page.evaluate(LAYOUT_SHIFTS) == 0


async def test_a_film_plays(browser, client, alice, film):
    path = f"/u/{await alice.upload('clip.webm', film)}"
    async with opened(browser, client, path) as page:
        assert await page.locator("video").evaluate(PLAYED_SECONDS) == pytest.approx(1, abs=0.2)
        await expect(page.locator(".unplayable")).to_be_hidden()


async def test_a_film_that_the_browser_cannot_play_says_so(browser, client, alice):
    file_id = await alice.upload("clip.mp4", b"\0\0\0\x18ftypisom" + bytes(500))
    async with opened(browser, client, f"/u/{file_id}") as page:
        await expect(page.locator(".unplayable")).to_be_visible()
        await expect(page.locator("video")).to_be_hidden()


async def test_a_hostile_name_runs_nothing(browser, client, alice):
    name = "<img src=x onerror=alert(1)>\"'<script>alert(2)<!-- \u202egpj.exe"
    file_id = await alice.upload(name, b"<script>alert(3)</script></pre><script>alert(4)</script>")
    list_id = await alice.make_list(file_id, title=name)
    for path in (f"/u/{file_id}", f"/l/{list_id}"):
        async with opened(browser, client, path) as page:
            await expect(page.locator("h1")).to_have_text(name.replace("\u202e", "\ufffd"))
            info = json.loads(await page.locator("script[type='application/json']").text_content())
            assert name in {info.get("name"), info.get("title")}


async def test_the_download_button_downloads_the_file_under_its_name(browser, client, alice, tmp_path):
    path = f"/u/{await alice.upload('Grüße.txt', b'hello')}"
    async with opened(browser, client, path) as page:
        async with page.expect_download() as downloading:
            await page.locator("#download").click()
        download = await downloading.value
        assert download.suggested_filename == "Grüße.txt"
        await download.save_as(tmp_path / "saved.txt")
    assert (tmp_path / "saved.txt").read_bytes() == b"hello"


async def test_the_keyboard_reaches_everything_in_order(browser, client, paths):
    async with opened(browser, client, paths["image"]) as page:
        places = ("Skip to the content", "pixelhost", "Share a secret", "Log in")
        for wanted in (
            *places,
            "photo.png",
            "−",
            "Fit",
            "+",
            "Download",
            "Copy link",
            "Share",
            "More",
            "Details",
            "Copy",
        ):
            await press(page, "Tab")
            focused = page.locator(":focus")
            shown = (await focused.inner_text()) or await focused.locator("img").get_attribute("alt")
            assert shown.startswith(wanted)
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


async def test_the_link_can_be_copied(browser, client, paths):
    async with opened(browser, client, paths["image"], permissions=["clipboard-read", "clipboard-write"]) as page:
        button = page.get_by_role("button", name="Copy link")
        await button.focus()
        await press(page, "Enter")
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == page.url
        await expect(button).to_have_text("Copy link")


async def test_the_link_can_be_copied_where_the_page_has_no_clipboard(browser, client, paths):
    async with opened(browser, client, "/") as page:
        await page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', {value: undefined})")
        await page.goto(str(client.make_url(paths["image"])))
        await page.get_by_role("button", name="Copy link").click()
        await expect(page.get_by_role("button", name="Copied")).to_be_focused()


async def test_long_lines_can_be_left_unwrapped(browser, client, alice):
    path = f"/u/{await alice.upload('wide.txt', b'word ' * 1000)}"
    async with opened(browser, client, path, viewport=PHONE) as page:
        text = page.locator("pre")
        assert await text.evaluate("pre => pre.scrollWidth <= pre.clientWidth")
        await page.get_by_label("Wrap lines").uncheck()
        assert await text.evaluate("pre => pre.scrollWidth > pre.clientWidth")


async def test_pages_work_without_javascript(browser, client, paths):
    async with opened(browser, client, paths["image"], java_script_enabled=False) as page:
        await expect(page.locator(".picture img")).to_be_visible()
        await expect(page.locator("#download")).to_be_visible()
        await expect(page.locator("[data-copy]").first).to_be_hidden()


async def test_the_cards_of_a_list_lead_to_the_files(browser, client, paths):
    async with opened(browser, client, paths["list"]) as page:
        await expect(page.locator(".files li")).to_have_count(4)
        await page.get_by_role("link", name="photo.png").click()
        await expect(page).to_have_url(str(client.make_url(paths["list"])) + "?item=0")


async def test_of_the_largest_list_only_what_is_seen_is_laid_out(browser, client, alice):
    file_id = await alice.upload("photo.txt")
    list_id = await alice.make_list(*[file_id] * 10_000)
    async with opened(browser, client, f"/l/{list_id}") as page:
        assert 0 < await page.evaluate(ARE_LAID_OUT) < 1000
        await press(page, "End")
        await expect(page.locator(".files li").last).to_be_in_viewport()
