"""The page of a list in a real browser: going through its files, and playing them one after the other."""

import io
import json
import math
import re
import struct
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image
from playwright.async_api import expect

from tests.support.people import Person
from tests.web.browsing import (
    DESKTOP,
    PHONE,
    POOR_CONTRAST,
    SMALL_PHONE,
    barriers,
    is_too_wide,
    opened,
    press,
    ready,
    until,
)
from tests.web.listed import HOSTILE, letters, uploaded
from tests.web.reading import take_down

pytestmark = pytest.mark.journey

CURRENT_IS_IN_VIEW = """() => {
  const strip = document.querySelector("#strip").getBoundingClientRect();
  const current = document.querySelector("#strip [aria-current]").getBoundingClientRect();
  return current.left >= strip.left && current.right <= strip.right;
}"""

ENDED = """(media) =>
  media.ended || new Promise((done) => media.addEventListener("ended", () => setTimeout(done, 300)))"""

SWIPE = """([x, to]) => {
  const stage = document.querySelector(".picture");
  const at = (clientX) => [new Touch({ identifier: 1, target: stage, clientX, clientY: 200 })];
  const send = (type, touches, changedTouches) =>
    stage.dispatchEvent(new TouchEvent(type, { touches, changedTouches, bubbles: true }));
  send("touchstart", at(x), at(x));
  send("touchend", [], at(to));
}"""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Half a second of WebM, or more of it, with more or less blue."""
    folder: Path = tmp_path_factory.mktemp("films")

    def made(blue: int, seconds: float = 0.5) -> bytes:
        path = folder / f"{blue}.webm"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libvpx", rate=12)
            stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
            for step in range(int(12 * seconds)):
                frame = av.VideoFrame.from_image(Image.new("RGB", (160, 90), (40 * step % 256, 90, blue)))
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()

    return made


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), (shade, 90, 160)).save(out, "PNG")
    return out.getvalue()


def sound(hertz: int) -> bytes:
    """Half a second."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", int(99 * math.sin(hertz * step / 1273))) for step in range(4000)))
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("folder/inside.txt", "hello")
    return out.getvalue()


async def every_kind(alice: Person, film: Callable[[int], bytes]) -> tuple[str, list[str]]:
    files = {
        "a.png": picture(10),
        "b.png": picture(200),
        "c.webm": film(50),
        "d.wav": sound(440),
        "e.txt": b"some text\n" * 300,
        "f.md": b"# A heading\n",
        "g.zip": archive(),
        "h.bin": b"\0\1\2" * 100,
    }
    return await uploaded(alice, files), list(files)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_every_page_of_a_list(browser, client, alice, film, scheme):
    list_id, files = await every_kind(alice, film)
    paths = ["", "/edit", "/delete", "?embed", *(f"?item={index}" for index in range(len(files)))]
    async with opened(browser, client, "/", person=alice, viewport=DESKTOP, color_scheme=scheme) as page:
        for path in paths:
            await page.goto(str(client.make_url(f"/l/{list_id}")) + path)
            assert await barriers(page) == [], path
            assert await page.evaluate(POOR_CONTRAST) == [], path


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_nothing_is_too_wide_for_a_small_phone(browser, client, alice, film, scripts):
    list_id, files = await every_kind(alice, film)
    long = await uploaded(alice, {"a_long_name" * 20 + ".txt": b"1", HOSTILE: b"2"}, "Endless" * 40)
    paths = [f"/l/{list_id}?item={index}" for index in range(len(files))]
    paths += [f"/l/{one}{path}" for one in (list_id, long) for path in ("", "?item=1", "/edit", "/delete", "?embed")]
    options = {"person": alice, "viewport": SMALL_PHONE, "java_script_enabled": scripts}
    async with opened(browser, client, "/", **options) as page:
        for path in paths:
            await page.goto(str(client.make_url("/")).rstrip("/") + path)
            assert not await is_too_wide(page), path


async def test_keys_lead_through_files_of_every_kind(browser, client, alice, film):
    list_id, files = await every_kind(alice, film)
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        for index, name in enumerate(files):
            await expect(page.locator("h1")).to_have_text(name)
            await expect(page.locator(".position")).to_have_text(f"{index + 1} of {len(files)}")
            await expect(page.locator("#strip [aria-current]")).to_have_attribute("data-place", str(index))
            assert await page.evaluate(CURRENT_IS_IN_VIEW)
            await ready(page)
            await press(page, "d" if index % 2 else "ArrowRight")
        await expect(page).to_have_url(re.compile(r"item=7$"))
        for index in range(len(files) - 2, -1, -1):
            await ready(page)
            await press(page, "a" if index % 2 else "ArrowLeft")
            await expect(page.locator("h1")).to_have_text(files[index])


async def test_keys_do_with_a_file_of_a_list_what_they_do_on_its_own_page(browser, client, alice, bob, film):
    list_id, _ = await every_kind(alice, film)
    address = str(client.make_url(f"/l/{list_id}"))
    grants = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, f"/l/{list_id}?item=4", person=bob, permissions=grants) as page:
        await ready(page)
        async with page.expect_download() as downloading:
            await press(page, "s")
        assert (await downloading.value).suggested_filename == "e.txt"
        await press(page, "c")
        await expect(page.get_by_text("The link was copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == f"{address}?item=4"
        await press(page, "i")
        await expect(page.locator(".facts")).to_be_hidden()
        await press(page, "f")
        await until(page, "document.fullscreenElement !== null")
        await press(page, "f")
        await until(page, "document.fullscreenElement === null")
        await press(page, "?")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(dialog).to_contain_text("All files of the list")
        await expect(dialog).not_to_contain_text("Leave")
        await expect(dialog).not_to_contain_text("Edit")
        await press(page, "Escape")
        await press(page, "q")
        await expect(page).to_have_url(address)
        await page.go_back()
        await ready(page)
        await press(page, "g")
        await expect(page.get_by_role("status").first).to_contain_text("this is your own copy")
    async with opened(browser, client, f"/l/{list_id}?item=4", person=alice) as page:
        await ready(page)
        await press(page, "e")
        await expect(page.get_by_role("heading", name="Edit the list")).to_be_visible()


async def test_keys_in_a_frame_lead_through_the_list_and_not_out_of_it(browser, client, alice, film):
    list_id, _ = await every_kind(alice, film)
    async with opened(browser, client, f"/l/{list_id}?embed") as page:
        await press(page, "q")
        await press(page, "d")
        await expect(page.locator("h1")).to_have_text("b.png")
        await press(page, "ArrowLeft")
        await expect(page.locator("h1")).to_have_text("a.png")
        assert page.url == f"{client.make_url(f'/l/{list_id}')}?embed&item=0"


async def test_what_is_offered_and_told_is_that_of_the_file_that_came(browser, client, alice, anyone, flush):
    list_id = await uploaded(alice, {f"{index}.png": picture(index * 60) for index in range(3)})
    ids = [file["id"] for file in (await anyone.get(f"/api/list/{list_id}")).json["files"]]
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        await ready(page)
        await page.evaluate("window.isSame = true")
        await press(page, "d")
        await expect(page.locator("h1")).to_have_text("1.png")
        await page.locator("summary", has_text="Share").click()
        await page.get_by_role("link", name="QR code").click()
        await expect(page.get_by_role("dialog")).to_contain_text(f"/u/{ids[1]}")
        await press(page, "Escape")
        await page.locator("summary", has_text="More").click()
        await page.get_by_role("link", name="Report abuse").click()
        await expect(page.get_by_role("dialog", name="Report abuse")).to_contain_text("1.png")
        await press(page, "Escape")
        before = int(await page.locator("[data-live=downloads]").inner_text())
        await anyone.get(f"/api/file/{ids[1]}?download")
        await flush()
        await expect(page.locator("[data-live=downloads]")).not_to_have_text(str(before))
        await page.get_by_role("link", name="Views and downloads over time").click()
        await expect(page.get_by_role("img", name=re.compile("Views: "))).to_be_visible()
        await expect(page.locator("h1")).to_have_text("1.png")
        await press(page, "d")
        await expect(page.locator("h1")).to_have_text("2.png")
        assert await page.evaluate("window.isSame")


async def test_one_walks_over_a_file_that_was_taken_down(browser, client, alice, site):
    list_id = await uploaded(alice, {f"{index}.png": picture(index * 60) for index in range(3)})
    taken = (await alice.get(f"/api/list/{list_id}")).json["files"][1]["id"]
    await take_down(site, taken)
    for scheme in ("light", "dark"):
        options = {"excused": ["status of 451"], "color_scheme": scheme}
        async with opened(browser, client, f"/l/{list_id}?item=0", **options) as page:
            await ready(page)
            await press(page, "d")
            await expect(page.locator("h1")).to_have_text("This file was taken down")
            assert await barriers(page) == []
            await page.set_viewport_size(SMALL_PHONE)
            assert not await is_too_wide(page)
            await press(page, "d")
            await expect(page.locator("h1")).to_have_text("2.png")
            await press(page, "a")
            await expect(page.locator("h1")).to_have_text("This file was taken down")
            await page.locator("#strip a").first.click()
            await expect(page.locator("h1")).to_have_text("0.png")


async def test_pictures_follow_one_another_without_a_new_page(browser, client, alice):
    list_id = await uploaded(alice, {f"{index}.png": picture(index * 60) for index in range(4)})
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        await page.evaluate("window.isSame = true")
        await page.get_by_role("button", name="Larger").click()
        await page.get_by_role("link", name="Next").click()
        await expect(page.locator("h1")).to_have_text("1.png")
        shown = page.locator(".picture img")
        await expect(shown).to_have_attribute("alt", "1.png")
        await expect(shown).not_to_have_class(re.compile("waits"))
        await expect(page.locator(".picture")).not_to_have_class(re.compile("zoomed"))
        await page.locator("#strip a").nth(3).click()
        await expect(page.locator("h1")).to_have_text("3.png")
        await expect(page).to_have_title(re.compile("^3.png"))
        await page.go_back()
        await expect(page.locator("h1")).to_have_text("1.png")
        await page.go_back()
        await expect(page.locator("h1")).to_have_text("0.png")
        assert await page.evaluate("window.isSame")
        await page.reload()
        await expect(page.locator("h1")).to_have_text("0.png")


async def test_the_focus_stays_on_the_button_that_was_pressed(browser, client, alice):
    list_id = await uploaded(alice, {f"{index}.png": picture(index * 60) for index in range(3)})
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        await page.locator("#next").focus()
        await press(page, "Enter")
        await expect(page.locator("#walked")).to_have_text("2 of 3: 1.png")
        await expect(page.locator("#next")).to_be_focused()


async def test_swiping_leads_on_and_back(browser, client, alice):
    list_id = await uploaded(alice, {f"{index}.png": picture(index * 60) for index in range(3)})
    async with opened(browser, client, f"/l/{list_id}?item=1", viewport=PHONE, has_touch=True) as page:
        await page.evaluate(SWIPE, [300, 100])
        await expect(page.locator("h1")).to_have_text("2.png")
        await page.evaluate(SWIPE, [100, 300])
        await expect(page.locator("h1")).to_have_text("1.png")
        await page.evaluate(SWIPE, [100, 120])
        await expect(page.locator("h1")).to_have_text("1.png")


async def test_one_film_after_the_other_plays_by_itself(browser, client, alice, film):
    files = {"one.webm": film(50), "notes.txt": b"between them", "two.webm": film(150, 60), "three.wav": sound(600)}
    list_id = await uploaded(alice, files)
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        await page.evaluate("window.isSame = true")
        video = page.locator("video")
        await video.click(position={"x": 20, "y": 20})
        await expect(page.locator("h1")).to_have_text("two.webm")
        assert await page.evaluate("window.isSame")
        await until(page, "document.querySelector('video').duration > 1")
        await video.evaluate("film => { film.currentTime = film.duration - 0.2 }")
        await expect(page.locator("h1")).to_have_text("three.wav")
        await page.locator("audio").evaluate(ENDED)
        await expect(page.locator("h1")).to_have_text("three.wav")


async def test_nothing_plays_by_itself_where_that_is_turned_off(browser, client, alice, film):
    list_id = await uploaded(alice, {"one.webm": film(50), "two.webm": film(150)})
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        await page.get_by_label("Play the next by itself").uncheck()
        await page.reload()
        await expect(page.get_by_label("Play the next by itself")).not_to_be_checked()
        await page.locator("video").click(position={"x": 20, "y": 20})
        await page.locator("video").evaluate(ENDED)
        await expect(page.locator("h1")).to_have_text("one.webm")


async def test_shuffled_everything_comes_once(browser, client, alice):
    list_id = await uploaded(alice, {f"{index}.wav": sound(300 + 50 * index) for index in range(5)})
    async with opened(browser, client, f"/l/{list_id}?item=2") as page:
        await press(page, "r")
        await expect(page.get_by_role("button", name="Shuffle")).to_have_attribute("aria-pressed", "true")
        seen = ["2.wav"]
        for _ in range(4):
            before = await page.locator("h1").inner_text()
            await press(page, "d")
            await expect(page.locator("h1")).not_to_have_text(before)
            seen.append(await page.locator("h1").inner_text())
        assert sorted(seen) == [f"{index}.wav" for index in range(5)]
        await expect(page.locator("#next")).to_have_attribute("aria-disabled", "true")
        await press(page, "a")
        await expect(page.locator("h1")).to_have_text(seen[-2])


async def test_a_list_is_walked_through_without_scripts(browser, client, alice, film):
    list_id, files = await every_kind(alice, film)
    async with opened(browser, client, f"/l/{list_id}", java_script_enabled=False) as page:
        await page.get_by_role("link", name="a.png").click()
        for name in files[1:]:
            await page.get_by_role("link", name="Next", exact=True).click()
            await expect(page.locator("h1")).to_have_text(name)
        await page.get_by_role("link", name="2: b.png").click()
        await expect(page.locator(".picture img")).to_be_visible()
        await page.get_by_role("link", name="Holidays").click()
        await expect(page.locator(".files li")).to_have_count(len(files))


async def test_the_strip_of_a_long_list_grows_as_it_is_scrolled(browser, client, alice):
    ids = [await alice.upload(f"{number}.txt", str(number).encode()) for number in range(10)]
    list_id = await alice.make_list(*(ids * 1000))
    async with opened(browser, client, f"/l/{list_id}?item=5000") as page:
        await expect(page.locator("#strip [aria-current]")).to_have_attribute("data-place", "5000")
        assert await page.evaluate(CURRENT_IS_IN_VIEW)
        assert await page.locator("#strip img").count() < 200
        await page.evaluate("document.querySelector('#strip').scrollLeft = 1e6")
        await expect(page.locator("#strip [data-place='5060']")).to_be_attached()
        await page.locator("#strip [data-place='5060']").click()
        await expect(page.locator(".position")).to_have_text("5,061 of 10,000")
        await page.evaluate("document.querySelector('#strip').scrollLeft = 0")
        await expect(page.locator("#strip [data-place='5000']")).to_be_attached()


async def test_links_made_for_the_original_lead_to_the_file(browser, client, alice):
    list_id = await letters(alice)
    async with opened(browser, client, f"/l/{list_id}#item=2") as page:
        await expect(page.locator("h1")).to_have_text("c.txt")


async def test_all_links_are_copied_in_the_formats_of_other_places(browser, client, alice):
    file_id = await alice.upload("a [draft].txt")
    list_id = await alice.make_list(file_id)
    url = str(client.make_url(f"/u/{file_id}"))
    wanted = {
        "As text": url,
        "As Markdown": f"[a \\[draft\\].txt]({url})",
        "As BBCode": f"[url={url}]a (draft).txt[/url]",
    }
    permissions = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, f"/l/{list_id}", permissions=permissions) as page:
        for label, text in wanted.items():
            await page.get_by_text("Copy all links").click()
            await page.get_by_role("button", name=label).click()
            await until(page, f"navigator.clipboard.readText().then(now => now === {json.dumps(text)})")
            await expect(page.get_by_text("Copied").first).to_be_visible()


async def test_the_link_of_a_list_is_also_a_code(browser, client, alice):
    async with opened(browser, client, f"/l/{await letters(alice)}") as page:
        await page.locator("summary", has_text="Share").click()
        await page.get_by_role("link", name="QR code").click()
        code = page.get_by_role("dialog").locator("img")
        assert await code.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


async def test_hostile_titles_and_names_run_nothing(browser, client, alice):
    document = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(3)</script></svg>"
    list_id = await uploaded(alice, {HOSTILE: b"<script>alert(4)</script>", "x.svg": document}, HOSTILE)
    async with opened(browser, client, f"/l/{list_id}", person=alice) as page:
        for path in ("?item=0", "?item=1", "/edit", "?embed"):
            await page.goto(str(client.make_url(f"/l/{list_id}")) + path)
        await page.goto(str(client.make_url(f"/l/{list_id}?item=0")))
        await press(page, "d")
        await expect(page.locator("h1")).to_have_text("x.svg")
        assert HOSTILE.replace("\u202e", "\ufffd") in await page.title()
