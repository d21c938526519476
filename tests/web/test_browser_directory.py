"""The filesystem in a real browser: bringing folders in, putting them in order, sharing them."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.plenty import add_nodes
from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, is_too_wide, opened, press
from tests.web.directories import some_files
from tests.web.reading import HOSTILE

pytestmark = pytest.mark.journey

# Files as a drag from another program brings them: the browser gives no way to drag a real one.
DROP = """([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) transfer.items.add(new File([text], name));
  const target = document.querySelector(selector);
  for (const type of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}));
  }
}"""

LONG_TASKS = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().map((one) => one.duration)))
    .observe({type: "longtask", buffered: true});
  setTimeout(done, 500, []);
})"""


def entry(page: Page, name: str):
    return page.locator("#nodes .node").filter(has=page.locator("bdi").get_by_text(name, exact=True))


def link(page: Page, name: str):
    return entry(page, name).locator(".node-link")


async def names(page: Page) -> list[str]:
    return await page.locator("#nodes .node bdi").all_inner_texts()


async def test_a_folder_is_uploaded_with_all_that_is_in_it(browser, client, alice, tmp_path: Path):
    (tmp_path / "trip" / "day 1").mkdir(parents=True)
    (tmp_path / "trip" / "notes.txt").write_text("went there")
    (tmp_path / "trip" / "day 1" / "a#b?.txt").write_text("saw that")
    await alice.mkdir("/me/docs")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await page.get_by_text("Upload", exact=True).locator("visible=true").last.click()
        async with page.expect_file_chooser() as choosing:
            await page.get_by_role("button", name="A folder").click()
        await (await choosing.value).set_files(tmp_path / "trip")
        await expect(page.get_by_role("heading", name="2 files uploaded")).to_be_visible()
        await expect(page.locator(".uploads progress")).to_have_js_property("value", 1)
        await expect(link(page, "trip")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        await expect(page.locator(".uploads")).to_have_count(0)
    assert await alice.names("/me/docs/trip") == ["day 1", "notes.txt"]
    assert await alice.names("/me/docs/trip/day 1") == ["a#b?.txt"]


async def test_files_are_dropped_on_the_page_and_on_a_folder_of_it(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await page.evaluate(DROP, ["main", [["here.txt", "1"]]])
        await expect(link(page, "here.txt")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        await expect(entry(page, "Bills")).to_have_attribute("data-at", "0")
        await page.evaluate(DROP, ["#nodes [data-at='0']", [["there.txt", "2"]]])
        await expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    assert await alice.names("/me/docs/Bills") == ["there.txt"]


async def test_what_is_refused_says_why_and_stays_to_be_tried_again(browser, client, alice):
    await some_files(alice)
    excused = ["400 (Bad Request)"]
    async with opened(browser, client, "/d/me/docs", person=alice, excused=excused) as page:
        await page.evaluate(DROP, ["main", [["Letters", "a file where a folder is"]]])
        await expect(page.locator(".uploads .problem")).to_contain_text("This is a directory")
        await alice.fs("DELETE", "/me/docs/Letters", "?recursive")
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    assert (await alice.node("/me/docs/Letters"))["type"] == "file"


async def test_a_folder_is_made_renamed_and_deleted(browser, client, alice):
    excused = ["400 (Bad Request)"]
    async with opened(browser, client, "/d/me", person=alice, excused=excused) as page:
        await expect(page.get_by_text("This folder is empty.")).to_be_visible()
        for _ in range(2):
            await page.get_by_role("link", name="New folder").click()
            await page.get_by_role("textbox", name="Name").fill("Plans")
            await press(page, "Enter")
            await expect(link(page, "Plans")).to_be_visible()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")
        await expect(dialog).to_contain_text("There is a file or directory with this name already")
        await press(page, "Escape")
        await expect(dialog).to_have_count(0)

        await link(page, "Plans").focus()
        await press(page, "F2")
        await page.get_by_role("textbox", name="New name").fill("Old plans")
        await press(page, "Enter")
        await expect(link(page, "Old plans")).to_be_visible()
        await expect(page.locator(".toasts")).to_contain_text("Renamed.")

        await link(page, "Old plans").focus()
        await press(page, "Delete")
        await expect(page.get_by_role("dialog")).to_contain_text("In all 0 files and 1 folder")
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("This folder is empty.")).to_be_visible()
    assert await alice.names("/me") == []


async def test_entries_are_moved_by_a_dialog_with_a_tree(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await entry(page, "b9.txt").get_by_role("checkbox").check()
        await entry(page, "Bills").get_by_role("checkbox").check()
        await page.get_by_role("button", name="Move").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="Move to docs")).to_be_disabled()
        await expect(dialog.get_by_role("button", name="Bills")).to_have_count(0)
        await dialog.get_by_role("button", name="Letters").click()
        await dialog.get_by_role("button", name="Old", exact=True).click()
        await dialog.get_by_role("button", name="Move to Old").click()
        await expect(entry(page, "b9.txt")).to_have_count(0)
        await expect(page.locator(".toasts")).to_contain_text("Moved.")
    assert await alice.names("/me/docs/Letters/Old") == ["Bills", "b9.txt"]


async def test_what_cannot_be_moved_stays_and_says_why(browser, client, alice):
    await some_files(alice)
    await alice.write("/me/docs/Letters/b9.txt")
    excused = ["400 (Bad Request)"]
    async with opened(browser, client, "/d/me/docs", person=alice, excused=excused) as page:
        for name in ("b9.txt", "b10.txt"):
            await entry(page, name).get_by_role("checkbox").check()
        await page.get_by_role("button", name="Move").click()
        await page.get_by_role("dialog").get_by_role("button", name="Letters").click()
        await page.get_by_role("dialog").get_by_role("button", name="Move to Letters").click()
        alert = page.get_by_role("dialog").get_by_role("alert")
        await expect(alert).to_have_text(
            re.compile(r"^\s*b9\.txt: There is a file or directory with this name already")
        )
        await press(page, "Escape")
        await expect(entry(page, "b10.txt")).to_have_count(0)
    assert "b9.txt" in await alice.names("/me/docs")


async def test_entries_are_dragged_onto_a_folder_and_onto_the_path(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await entry(page, "b9.txt").drag_to(entry(page, "Letters"))
        await expect(entry(page, "b9.txt")).to_have_count(0)
        await entry(page, "photo.png").drag_to(page.locator(".trail").get_by_role("link", name="Filesystem"))
        await expect(entry(page, "photo.png")).to_have_count(0)
    assert "b9.txt" in await alice.names("/me/docs/Letters")
    assert "photo.png" in await alice.names("/me")


async def test_many_are_chosen_by_keyboard_and_mouse_and_deleted(browser, client, alice):
    for number in range(8):
        await alice.write(f"/me/docs/{number}.txt")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await entry(page, "1.txt").get_by_role("checkbox").check()
        await entry(page, "3.txt").get_by_role("checkbox").click(modifiers=["Shift"])
        await expect(page.locator("#chosen-count")).to_have_text("3 chosen, 30 bytes")
        await press(page, "Escape")
        await expect(page.locator("#chosen-bar")).to_be_hidden()

        await link(page, "0.txt").focus()
        for key in ("Space", "ArrowDown", "ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown"):
            await press(page, key)
        await expect(page.locator("#nodes input:checked")).to_have_count(5)
        await press(page, "Control+a")
        await expect(page.locator("#chosen-count")).to_have_text("8 chosen, 80 bytes")
        await entry(page, "5.txt").get_by_role("checkbox").uncheck()
        await press(page, "Delete")
        await expect(page.get_by_role("dialog")).to_contain_text("In all 7 files and 0 folders, 70 bytes")
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.locator("#nodes .node")).to_have_count(1)
    assert await alice.names("/me/docs") == ["5.txt"]


async def test_what_is_chosen_is_downloaded_as_a_zip(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        for name in ("Letters", "b9.txt"):
            await entry(page, name).get_by_role("checkbox").check()
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download").click()
        assert (await downloading.value).suggested_filename == "docs.zip"


async def test_entries_are_sorted_and_seen_in_the_view_of_the_last_time(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        assert await names(page) == ["Bills", "Letters", "b9.txt", "b10.txt", "photo.png"]
        await page.locator("[data-sort=size]").click()
        await expect(page.locator("[data-sort=size]")).to_have_attribute("data-way", "down")
        assert (await names(page))[2] == "b10.txt"
        await page.get_by_role("link", name="Gallery").click()
        image = page.locator("img.thumbnail").first
        await expect(image).to_be_visible()
        await page.reload()
        assert (await names(page))[2] == "b10.txt"
        await expect(page.locator("#nodes")).to_have_class(re.compile("view-gallery"))
        await expect(entry(page, "Bills")).to_have_attribute("data-at", "0")
        await link(page, "Bills").focus()
        await press(page, "ArrowRight")
        await expect(link(page, "Letters")).to_be_focused()
        await press(page, "Enter")
        await expect(page.locator("h1")).to_have_text("Letters")


async def test_a_search_finds_while_one_types(browser, client, alice):
    await some_files(alice)
    await alice.write("/me/docs/Letters/Old/to a friend.txt")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await press(page, "/")
        await page.keyboard.type("friend")
        found = page.locator(".suggestions").get_by_role("link")
        await expect(found).to_have_text(re.compile("to a friend.txt"))
        await expect(found).to_contain_text("Letters/Old")
        await press(page, "ArrowDown")
        await press(page, "Enter")
        await expect(page.locator("h1")).to_have_text("to a friend.txt")


async def test_hostile_names_run_nothing_and_can_be_worked_with(browser, client, alice):
    name = HOSTILE.replace("/", "⁄") + "\r\n line%2F two"
    await alice.write(f"/me/docs/{name}")
    await alice.mkdir(f"/me/docs/sub {name[:60]}")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await expect(page.locator("#nodes .node")).to_have_count(2)
        await page.locator("#all").check()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("dialog")).to_contain_text("In all 1 file and 1 folder")
        await press(page, "Escape")
        await page.locator(".node-link").last.click()
        await expect(page.locator("h1")).to_contain_text("<script>")
        await page.go_back()
        await page.locator("#all").check()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("This folder is empty.")).to_be_visible()
    assert await alice.names("/me/docs") == []


async def test_ten_thousand_entries_stay_smooth(browser, client, site, alice):
    await alice.mkdir("/me/many")
    await add_nodes(site, "alice", "/me/many", 10_000)
    async with opened(browser, client, "/d/me/many", person=alice) as page:
        await expect(page.locator("#pager")).to_have_count(0)
        await expect(page.locator("#figures")).to_contain_text("10,000 entries")
        assert await page.locator("#nodes .node").count() < 100
        await press(page, "End")
        await expect(link(page, "file 10000.txt")).to_be_focused()
        await expect(link(page, "file 10000.txt")).to_be_in_viewport()
        await page.locator("[data-sort=modified]").focus()
        await press(page, "Enter")
        await press(page, "Control+a")
        await expect(page.locator("#chosen-count")).to_contain_text("10,000 chosen")
        assert await page.locator("#nodes .node").count() < 100


async def test_everything_works_without_javascript(browser, client, alice, tmp_path: Path):
    await some_files(alice)
    (tmp_path / "one.txt").write_text("1")
    (tmp_path / "two.txt").write_text("2")
    async with opened(browser, client, "/d/me/docs", person=alice, java_script_enabled=False) as page:
        await page.get_by_role("link", name="New folder").click()
        await page.get_by_label("Name").fill("Fresh")
        await page.get_by_role("button", name="Make folder").click()
        await expect(page.get_by_role("status").first).to_have_text("The folder is there.")

        await page.locator("#upload-menu summary").click()
        await page.get_by_role("link", name="Files", exact=True).last.click()
        await page.locator("#files").set_input_files([tmp_path / "one.txt", tmp_path / "two.txt"])
        await page.get_by_role("button", name="Upload", exact=True).click()
        await expect(link(page, "two.txt")).to_be_visible()

        await entry(page, "one.txt").get_by_role("checkbox").check()
        await page.get_by_role("button", name="Rename").click()
        await page.get_by_label("New name").fill("first.txt")
        await page.get_by_role("button", name="Rename").click()
        for name in ("first.txt", "two.txt"):
            await entry(page, name).get_by_role("checkbox").check()
        await page.get_by_role("button", name="Move").click()
        await page.get_by_role("button", name="Fresh").click()
        await page.get_by_role("button", name="Move to Fresh").click()
        await expect(page.get_by_role("status").first).to_have_text("Moved.")

        await page.locator("[data-sort=name]").click()
        assert (await names(page))[:2] == ["Letters", "Fresh"]
        await entry(page, "Letters").get_by_role("checkbox").check()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Delete").click()
        await expect(entry(page, "Letters")).to_have_count(0)

        await page.get_by_role("link", name="Share", exact=True).click()
        await page.get_by_role("button", name="Share").click()
        await expect(page.get_by_label("Link", exact=True)).to_have_value(re.compile("/d/"))
        await page.get_by_role("link", name="Stop sharing").click()
        await page.get_by_role("button", name="Stop sharing").click()
        await expect(page.get_by_text("Only you can see this.")).to_be_visible()
    assert await alice.names("/me/docs/Fresh") == ["first.txt", "two.txt"]
    assert "Letters" not in await alice.names("/me/docs")


PAGES = (
    *("/d", "/d/me", "/d/me/docs", "/d/me/docs?view=gallery", "/d/me/docs/photo.png", "/d/me/docs/b9.txt"),
    *(
        f"/d/me/docs?{panel}"
        for panel in (
            *("share", "properties", "branding", "domain", "activity", "figures", "import", "mkdir", "upload"),
            *("search=tt", "move", "delete", "rename"),
        )
    ),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_has_a_barrier(browser, client, alice, scheme):
    await some_files(alice)
    await alice.share("/me/docs", password={"abc": {"read": True}}, user={"alice": {"read": True}})
    await alice.upload("holiday.jpg")
    async with opened(browser, client, "/d", person=alice, color_scheme=scheme) as page:
        for path in PAGES:
            await page.goto(str(client.make_url("/")).rstrip("/") + path)
            assert await barriers(page) == [], path


async def test_dialogs_and_what_is_chosen_have_no_barrier(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await press(page, "Control+a")
        assert await barriers(page) == []
        await page.evaluate(DROP, ["main", [["here.txt", "1"]]])
        await expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
        assert await barriers(page) == []
        await page.get_by_role("link", name="Share", exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await barriers(page) == []


@pytest.mark.parametrize("viewport", [SMALL_PHONE, DESKTOP], ids=["small phone", "desktop"])
async def test_nothing_is_too_wide(browser, client, alice, viewport):
    await some_files(alice)
    await alice.write(f"/me/docs/{'very_long_name_' * 16}.txt")
    await alice.share("/me/docs", password={"abc": {"read": True}})
    async with opened(browser, client, "/d", person=alice, viewport=viewport) as page:
        for path in PAGES:
            await page.goto(str(client.make_url("/")).rstrip("/") + path)
            assert not await is_too_wide(page), path
