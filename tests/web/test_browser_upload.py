"""Uploading in a real browser: folders, the queue, refusals, lists, links, and the same without JavaScript."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from pixelhost.blobs.contract import StoreError
from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.people import Person, make_person
from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, is_too_wide, opened, press
from tests.web.reading import stranger_at

pytestmark = pytest.mark.journey

TINY = Plan(id="tiny", name="Tiny", type="free", file_size_limit=1000, storage_space=2500, file_count_limit=3)
SLOW_BYTES_A_SECOND = 400_000

PASTE = """(given) => {
  const clipboardData = new DataTransfer();
  if (given.text) clipboardData.setData("text/plain", given.text);
  else clipboardData.items.add(new File([given.data], given.name));
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """holiday/: two pictures, and one in a folder below."""
    folder = tmp_path / "holiday"
    (folder / "beach").mkdir(parents=True)
    (folder / "1.bin").write_bytes(b"1" * 300_000)
    (folder / "2.bin").write_bytes(b"2" * 200_000)
    (folder / "beach" / "3 & 4.txt").write_bytes(b"sand")
    return folder


@pytest.fixture
async def tina(site: Site) -> AsyncIterator[Person]:
    """Somebody on a plan with little room."""
    tight = replace(site, settings=replace(site.settings, plans={**BUILT_IN, "tiny": TINY}))
    async with stranger_at(tight) as stranger:
        yield await make_person(tight, stranger.client, "tina", plan_id="tiny")


def uploading(browser: Browser, person: Person, **options):
    return opened(browser, person.client, "/", person=person, **options)


def file(name: str, data: bytes = b"some bytes") -> dict:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def row(page: Page, name: str):
    return page.locator("#rows > li").filter(has=page.get_by_text(name, exact=True))


async def choose(page: Page, *files: dict) -> None:
    await page.locator("#files").set_input_files(list(files))


async def be_slow(page: Page, bytes_a_second: int = SLOW_BYTES_A_SECOND) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    await session.send("Network.emulateNetworkConditions", limits)


async def drop(page: Page, *paths: Path) -> None:
    """Files and folders of the disk, dropped as the operating system does it."""
    session = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 200, "data": data})


async def uploaded_id(page: Page, name: str) -> str:
    href = await row(page, name).get_by_role("link").get_attribute("href")
    assert href is not None
    return href.rpartition("/u/")[2]


async def test_a_folder_is_uploaded_with_progress(browser, alice, folder):
    async with uploading(browser, alice) as page:
        await be_slow(page)
        await page.locator("#folder").set_input_files(folder)
        await expect(page.locator("#rows > li")).to_have_count(3)
        await expect(row(page, "holiday/1.bin").locator("progress")).to_have_js_property("hidden", False)
        await expect(page.locator("#queue-said")).to_have_text(re.compile(r"of 500 kB · .*kB/s · 0:\d\d left"))
        await expect(page).to_have_title(re.compile(r"^\d+ % · Upload"))
        await expect(page.locator("#queue-said")).to_have_text("3 files uploaded")
        await expect(page.locator("#announced")).to_have_text("3 files uploaded")
        for name, data in {"holiday/1.bin": b"1" * 300_000, "holiday/beach/3 & 4.txt": b"sand"}.items():
            file_id = await uploaded_id(page, name)
            assert (await alice.info(file_id))["name"] == name.rpartition("/")[2]
            assert (await alice.get(f"/api/file/{file_id}")).body == data


async def test_a_dropped_folder_is_walked_through(browser, alice, folder):
    (folder / "many").mkdir()
    for number in range(120):
        (folder / "many" / f"{number}.txt").write_text(str(number))
    async with uploading(browser, alice) as page:
        await drop(page, folder, folder / "2.bin")
        await expect(page.locator("#queue-said")).to_have_text("124 files uploaded")
        names = await page.locator("#rows .row-name").all_text_contents()
        assert names[:3] == ["holiday/1.bin", "holiday/2.bin", "holiday/beach/3 & 4.txt"]
        assert names[3:5] == ["holiday/many/0.txt", "holiday/many/1.txt"]
        assert names[-1] == "2.bin"


async def test_what_is_pasted_is_uploaded(browser, alice):
    async with uploading(browser, alice) as page:
        await page.evaluate(PASTE, {"name": "notes.md", "data": "# Notes"})
        await expect(row(page, "notes.md").get_by_role("link")).to_be_visible()
        await page.evaluate(PASTE, {"name": "image.png", "data": "a picture"})
        await expect(page.get_by_text(re.compile(r"^pasted-[\d-]+\.png$"))).to_be_visible()
        await page.evaluate(PASTE, {"text": "some words"})
        await page.get_by_label("Name of the file").fill("words.txt")
        await page.get_by_role("dialog").get_by_role("button", name="Upload").click()
        await expect(row(page, "words.txt").get_by_role("link")).to_be_visible()
        assert (await alice.get(f"/api/file/{await uploaded_id(page, 'words.txt')}")).body == b"some words"


async def test_a_list_is_made_of_what_is_selected(browser, alice, folder):
    async with uploading(browser, alice) as page:
        await page.locator("#folder").set_input_files(folder)
        await expect(page.locator("#selected")).to_have_text("3 selected")
        await row(page, "holiday/2.bin").get_by_role("checkbox").uncheck()
        await expect(page.locator("#selected")).to_have_text("2 selected")
        await page.get_by_role("button", name="Make a list").click()
        title = page.get_by_role("dialog").get_by_label("Title")
        await expect(title).to_have_value("holiday")
        await title.fill("Holiday <b>2026</b>")
        await press(page, "Enter")
        link = page.locator("#lists").get_by_role("link")
        await expect(link).to_be_visible()
        list_id = (await link.get_attribute("href") or "").rpartition("/l/")[2]
    listed = (await alice.get(f"/api/list/{list_id}")).json
    assert listed["title"] == "Holiday <b>2026</b>"
    assert [entry["name"] for entry in listed["files"]] == ["1.bin", "3 & 4.txt"]
    assert [entry["description"] for entry in listed["files"]] == ["holiday/1.bin", "holiday/beach/3 & 4.txt"]


async def test_what_there_is_no_room_for_is_refused_before_a_byte_is_sent(browser, tina):
    async with uploading(browser, tina) as page:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
        await choose(page, file("large.bin", b"1" * 1001), file("empty.bin", b""), file("\u202egpj.exe", b"1"))
        await expect(row(page, "large.bin")).to_contain_text("It is too large: 1.00 kB. Your plan takes files of up to")
        await expect(row(page, "empty.bin")).to_contain_text("It is empty")
        await expect(row(page, "large.bin").get_by_role("button", name="Try again")).to_have_count(0)
        await expect(row(page, "\ufffdgpj.exe").get_by_role("link")).to_be_visible()
        await choose(page, file("a.bin", b"1" * 1000), file("b.bin", b"2" * 1000), file("c.bin", b"3" * 1000))
        await expect(row(page, "c.bin")).to_contain_text("There is no room for its 1.00 kB: 499 bytes are left")
        await expect(page.locator("#queue-said")).to_have_text("2 files uploaded · 3 not uploaded")
        assert len(sent) == 3
        await tina.delete(f"/api/file/{await uploaded_id(page, 'a.bin')}")
        await row(page, "c.bin").get_by_role("button", name="Try again").click()
        await expect(row(page, "c.bin").get_by_role("link")).to_be_visible()


async def test_a_failure_of_the_server_is_overcome_without_anybody_doing_anything(browser, alice, site, monkeypatch):
    stage = site.store.stage
    failures = [StoreError("the disk is tired") for _ in range(3)]

    async def stage_badly(*given):
        if failures:
            raise failures.pop()
        return await stage(*given)

    monkeypatch.setattr(site.store, "stage", stage_badly)
    async with uploading(browser, alice, excused=["500"]) as page:
        await choose(page, file("a.bin"))
        said = re.compile(r"The file could not be written .* Trying again in 0:0\d")
        await expect(row(page, "a.bin")).to_contain_text(said)
        await expect(row(page, "a.bin").get_by_role("link")).to_be_visible()


async def test_a_lost_connection_is_waited_for(browser, alice):
    async with uploading(browser, alice, excused=["ERR_INTERNET_DISCONNECTED"]) as page:
        await page.context.set_offline(True)
        await choose(page, *[file(f"{name}.bin") for name in "abcdef"])
        await expect(row(page, "a.bin")).to_contain_text("The server could not be reached")
        await expect(row(page, "f.bin")).to_contain_text("10 bytes, waiting")
        await page.context.set_offline(False)
        await expect(page.locator("#queue-said")).to_have_text("6 files uploaded")


async def test_what_fails_for_good_stays_and_can_be_tried_again(browser, alice, site):
    async with uploading(browser, alice, excused=["403"]) as page:
        await choose(page, file("first.bin"))
        await expect(row(page, "first.bin").get_by_role("link")).to_be_visible()
        await change_rows(site, "UPDATE users SET banned_at = now()")
        await choose(page, file("a.bin"), file("b.bin"))
        for name in ("a.bin", "b.bin"):
            await expect(row(page, name)).to_contain_text("Your account is banned")
        # The rows move when it is said that the queue has ended.
        await expect(page.locator("#queue-said")).to_have_text("0 files uploaded · 2 not uploaded")
        await change_rows(site, "UPDATE users SET banned_at = NULL")
        await row(page, "a.bin").get_by_role("button", name="Try again").click()
        await expect(row(page, "a.bin").get_by_role("link")).to_be_visible()
        await expect(row(page, "a.bin").get_by_role("button", name="Copy link")).to_be_focused()
        await expect(page.locator("#queue-said")).to_have_text("1 file uploaded · 1 not uploaded")
        await row(page, "b.bin").get_by_role("button", name="Remove").click()
        await expect(page.locator("#rows > li")).to_have_count(2)


async def test_the_queue_pauses_and_goes_on(browser, alice):
    async with uploading(browser, alice) as page:
        await be_slow(page)
        await choose(page, file("a.bin", b"1" * 800_000))
        await page.get_by_label("At a time").select_option("1")
        await choose(page, file("b.bin", b"2"))
        await expect(row(page, "a.bin")).to_contain_text("of 800 kB")
        await expect(row(page, "b.bin")).to_contain_text("1 byte, waiting")
        await page.get_by_role("button", name="Pause").click()
        await expect(row(page, "a.bin")).to_contain_text("800 kB, waiting")
        await expect(page.locator("#paused")).to_contain_text("will start again from their beginning")
        await page.wait_for_timeout(500)
        await expect(row(page, "b.bin")).to_contain_text("1 byte, waiting")
        await page.get_by_role("button", name="Resume").click()
        await expect(page.locator("#queue-said")).to_have_text("2 files uploaded")
        await expect(page.locator("#paused")).to_be_hidden()


async def test_uploads_are_canceled_one_by_one_or_all(browser, alice):
    async with uploading(browser, alice) as page:
        await be_slow(page, 50_000)
        await choose(page, *[file(f"{name}.bin", b"1" * 800_000) for name in "abcde"])
        await row(page, "a.bin").get_by_role("button", name="Cancel").click()
        await expect(row(page, "a.bin")).to_contain_text("800 kB, canceled")
        await expect(row(page, "d.bin").get_by_role("progressbar")).to_be_visible()
        await page.get_by_role("button", name="Cancel all").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel all").click()
        await expect(page.get_by_text("800 kB, canceled")).to_have_count(5)
        await expect(page.locator("#queue-progress")).to_be_hidden()
        await page.get_by_role("button", name="Clear what is finished").click()
        await expect(page.locator("#queue")).to_be_hidden()
    assert (await alice.get("/api/user")).json["file_count"] == 0


async def test_whoever_was_logged_out_meanwhile_is_asked_to_come_back(browser, alice):
    async with uploading(browser, alice, excused=["401"]) as page:
        await alice.delete("/api/user/session")
        await choose(page, file("a.bin"))
        await expect(page.locator("#paused")).to_contain_text("You are logged out")
        await expect(page.locator("#paused").get_by_role("link", name="Log in")).to_be_visible()
        await expect(row(page, "a.bin")).to_contain_text("waiting")


async def test_a_server_that_becomes_read_only_stops_the_queue(browser, alice, site):
    async with uploading(browser, alice, excused=["503"]) as page:
        await site.runtime.set("read_only_mode", "true")
        await choose(page, file("a.bin"))
        await expect(page.locator("#paused")).to_contain_text("read-only mode")
        await site.runtime.set("read_only_mode", "false")
        await page.get_by_role("button", name="Resume").click()
        await expect(row(page, "a.bin").get_by_role("link")).to_be_visible()


async def test_leaving_asks_first_while_uploads_are_under_way(browser, alice):
    async with uploading(browser, alice, excused=["dialog"]) as page:
        await be_slow(page, 20_000)
        await page.locator("h1").click()
        await choose(page, file("a.bin", b"1" * 800_000))
        await expect(row(page, "a.bin").get_by_role("progressbar")).to_be_visible()
        async with page.expect_event("dialog") as asking:
            await page.close(run_before_unload=True)
        asked = await asking.value
        assert asked.type == "beforeunload"
        await asked.accept()


async def test_links_are_copied_in_the_formats_of_other_places(browser, alice):
    permissions = ["clipboard-read", "clipboard-write"]
    async with uploading(browser, alice, permissions=permissions) as page:
        await choose(page, file("a_[1].txt"), file("b & c.txt"))
        await expect(page.locator("#selected")).to_have_text("2 selected")
        here = page.url
        one, two = [f"{here}u/{await uploaded_id(page, name)}" for name in ("a_[1].txt", "b & c.txt")]
        wanted = {
            "Plain text": f"{one}\n{two}",
            "Markdown": f"[a\\_\\[1\\].txt]({one})\n[b & c.txt]({two})",
            "BBCode": f"[url={one}]a_(1).txt[/url]\n[url={two}]b & c.txt[/url]",
            "HTML": f'<a href="{one}">a_[1].txt</a>\n<a href="{two}">b &amp; c.txt</a>',
        }
        for name, text in wanted.items():
            await page.get_by_text("Copy links").click()
            await page.get_by_role("button", name=name).click()
            await expect(page.get_by_role("status").get_by_text("Copied").last).to_be_visible()
            assert await page.evaluate("navigator.clipboard.readText()") == text
        await row(page, "b & c.txt").get_by_role("button", name="Copy link").click()
        await expect(page.get_by_text(f"Copied {two}")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == two
        await page.locator("#select-all").uncheck()
        await expect(page.get_by_role("button", name="Make a list")).to_be_disabled()


async def test_a_link_is_shown_as_a_qr_code(browser, alice):
    async with uploading(browser, alice) as page:
        await choose(page, file("a.txt"))
        await page.get_by_role("button", name="QR code").click()
        code = page.get_by_role("img", name=re.compile("QR code of http"))
        assert await code.evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
        await press(page, "Escape")
        await expect(page.get_by_role("button", name="QR code")).to_be_focused()


async def test_the_curl_line_gets_a_key_of_ones_own_when_asked(browser, alice, tmp_path):
    async with uploading(browser, alice) as page:
        assert alice.key not in await page.content()
        await page.get_by_role("button", name="Put in a key of my own").click()
        await expect(page.get_by_role("button", name="Put in a key of my own")).to_have_count(0)
        line = await page.locator("pre").inner_text()
        assert await page.locator("[data-copy]").get_attribute("data-copy") == line
        key = re.search(r"-u :([\da-f-]{36}) ", line)
        assert key is not None
        await page.reload()
        await page.get_by_role("button", name="Put in a key of my own").click()
        await expect(page.locator("pre")).to_have_text(line)
    with_key = replace(alice, key=key[1])
    assert (await with_key.get("/api/user")).json["username"] == "alice"
    assert key[1] != alice.key


async def test_the_configuration_of_sharex_is_downloaded(browser, alice, tmp_path):
    async with uploading(browser, alice) as page:
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download the configuration").click()
        download = await downloading.value
        assert download.suggested_filename == "127.0.0.1.sxcu"
        await download.save_as(tmp_path / "host.sxcu")
    assert json.loads((tmp_path / "host.sxcu").read_text())["FileFormName"] == "file"


async def test_a_hostile_name_runs_nothing(browser, alice):
    name = "<img src=x onerror=alert(1)>\"'<script>alert(2)<!--"
    async with uploading(browser, alice) as page:
        await choose(page, file(name), file(f"2{name}"))
        await expect(row(page, name).get_by_role("link")).to_be_visible()
        await row(page, name).get_by_role("button", name="QR code").click()
        await expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text(name)
        await press(page, "Escape")
        await page.get_by_role("button", name="Make a list").click()
        await press(page, "Enter")
        await expect(page.locator("#lists .row-name")).to_have_text(f"{name} and 1 other")


async def test_uploading_works_without_javascript(browser, alice):
    async with uploading(browser, alice, java_script_enabled=False) as page:
        await expect(page.get_by_role("button", name="Choose files")).to_be_hidden()
        await choose(page, file("a.txt", b"hello"))
        await page.get_by_role("button", name="Upload").click()
        await expect(page.locator("h1")).to_have_text("a.txt")
        await page.goto(str(alice.client.make_url("/")))
        await choose(page, file("b.txt", b"1"), file("c.txt", b"2"), file("empty.txt", b""))
        await page.get_by_role("button", name="Upload").click()
        await expect(page.locator("h1")).to_have_text("Uploaded: 2 files")
        await expect(page.get_by_role("alert")).to_contain_text("empty.txt: It is empty")
        await page.get_by_label("Title of the list").fill("Both")
        await page.get_by_role("button", name="Make a list").click()
        await expect(page.locator("h1")).to_have_text("Both")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, SMALL_PHONE], ids=["desktop", "phone"])
async def test_nothing_of_it_is_a_barrier(browser, alice, scheme, viewport):
    options = {"color_scheme": scheme, "viewport": viewport}
    async with opened(browser, alice.client, "/", **options) as page:
        assert await barriers(page) == []
        assert not await is_too_wide(page)
    async with uploading(browser, alice, **options) as page:
        assert await barriers(page) == []
        assert not await is_too_wide(page)
        await choose(page, file("a" * 200 + ".txt"), file("b.txt"), file("empty.txt", b""))
        await expect(page.locator("#selected")).to_have_text("2 selected")
        assert await barriers(page) == []
        await page.get_by_text("Copy links").click()
        assert await barriers(page) == []
        assert not await is_too_wide(page)
        box = await page.locator("#formats .menu-items").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        await press(page, "Escape")
        await page.get_by_role("button", name="Make a list").click()
        assert await barriers(page) == []
    ids = f"{await alice.upload('a' * 200)},{await alice.upload('b')}"
    async with opened(browser, alice.client, f"/upload?files={ids}", person=alice, **options) as page:
        assert await barriers(page) == []
        assert not await is_too_wide(page)
