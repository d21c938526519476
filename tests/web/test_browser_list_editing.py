"""Editing a list in a real browser: with a mouse, by the keyboard, and without scripts."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.people import Person
from tests.support.waiting import until
from tests.web.browsing import opened, press
from tests.web.listed import HOSTILE, letters, names

pytestmark = pytest.mark.journey


async def saved_as(person: Person, list_id: str, wanted: str) -> None:
    """Wait until the server has the files in this order."""

    async def is_saved() -> bool:
        return await names(person, list_id) == wanted

    await until(is_saved)


def order(page: Page) -> Locator:
    return page.locator(".entry a")


async def test_files_are_ordered_by_dragging(browser, client, alice):
    list_id = await letters(alice)
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice) as page:
        grips = page.locator(".grip")
        await expect(grips).to_have_count(5)
        await drag(page, grips.nth(0), page.locator(".entry").nth(2))
        await expect(order(page)).to_have_text(["b.txt", "c.txt", "a.txt", "d.txt", "e.txt"])
        await expect(page.locator("#state")).to_have_text("Saved: now 3 of 5")
        await saved_as(alice, list_id, "bcade")
        await page.get_by_role("button", name="Undo").click()
        await saved_as(alice, list_id, "abcde")
        await expect(page.locator("#state")).to_have_text("Undone")  # before that the page asks whether to leave it
        await page.reload()
        await expect(order(page)).to_have_text([f"{letter}.txt" for letter in "abcde"])


async def drag(page: Page, grip, onto, *, is_dropped: bool = True) -> None:
    start, end = await grip.bounding_box(), await onto.bounding_box()
    await page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(start["x"] + 5, start["y"] + 30)
    await page.mouse.move(end["x"] + 10, end["y"] + end["height"] * 0.8, steps=8)
    if is_dropped:
        await page.mouse.up()


async def test_escape_ends_dragging_where_it_began(browser, client, alice):
    list_id = await letters(alice)
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice) as page:
        await expect(page.locator(".grip")).to_have_count(5)
        await drag(page, page.locator(".grip").nth(1), page.locator(".entry").nth(3), is_dropped=False)
        await expect(order(page).nth(3)).to_have_text("b.txt")
        await press(page, "Escape")
        await expect(order(page)).to_have_text([f"{letter}.txt" for letter in "abcde"])
        await page.mouse.up()
    assert await names(alice, list_id) == "abcde"


async def test_files_are_ordered_by_the_keyboard(browser, client, alice):
    list_id = await letters(alice)
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice) as page:
        await expect(page.locator(".grip")).to_have_count(5)
        down = page.get_by_role("button", name="Move a.txt down")
        await down.focus()
        for _ in range(4):
            await press(page, "Enter")
        await expect(page.get_by_role("button", name="Move a.txt up")).to_be_focused()
        await saved_as(alice, list_id, "bcdea")
        position = page.get_by_label("Position of e.txt")
        await position.fill("1")
        await position.press("Tab")
        await saved_as(alice, list_id, "ebcda")
        await expect(order(page).first).to_have_text("e.txt")


async def test_title_descriptions_and_files_are_edited(browser, client, alice, bob):
    list_id = await letters(alice)
    more = await bob.upload("f.txt", b"f")
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice) as page:
        await expect(page.locator(".grip")).to_have_count(5)
        await page.get_by_label("Title").fill(HOSTILE)
        await page.get_by_label("Description of b.txt").fill("On the summit")
        await page.get_by_role("button", name="Remove c.txt from the list").click()
        await expect(page.get_by_role("button", name="Remove d.txt from the list")).to_be_focused()
        await saved_as(alice, list_id, "abde")
        await page.get_by_label("Links to files, or their IDs").fill(f"https://example.com/u/{more}")
        await page.get_by_role("button", name="Add to the end").click()
        await expect(order(page)).to_have_text(["a.txt", "b.txt", "d.txt", "e.txt", "f.txt"])
        await expect(page.locator(".grip")).to_have_count(5)  # on the new page too, by its script
        await page.get_by_label("Description of d.txt").fill("Typed last")
        await page.get_by_role("link", name="Done").click()
        await expect(page.locator("h1")).to_have_text(HOSTILE.replace("\u202e", "\ufffd"))
        await expect(page.locator(".files li").nth(1)).to_contain_text("On the summit")
        await expect(page.locator(".files li").nth(2)).to_contain_text("Typed last")


async def test_what_cannot_be_saved_is_told_beside_its_field(browser, client, alice):
    list_id = await letters(alice)
    excused = ["status of 422"]
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice, excused=excused) as page:
        await expect(page.locator(".grip")).to_have_count(5)
        field = page.get_by_label("Links to files, or their IDs")
        await field.fill("nobodyXX")
        await page.get_by_role("button", name="Add to the end").click()
        await expect(page.locator("#add-said")).to_have_text("There is no file nobodyXX")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Position of a.txt").fill("77")
        await press(page, "Tab")
        await expect(page.locator("#state")).to_have_text("A position is a number from 1 to 5")
        await expect(page.get_by_label("Position of a.txt")).to_have_value("1")
    assert await names(alice, list_id) == "abcde"


async def test_a_file_goes_to_another_page_of_a_long_list(browser, client, alice):
    ids = [await alice.upload(f"{number}.txt", str(number).encode()) for number in range(2)]
    list_id = await alice.make_list(*[ids[0]] * 120, ids[1])
    async with opened(browser, client, f"/l/{list_id}/edit?page=2", person=alice) as page:
        await expect(page.locator(".grip")).to_have_count(21)
        position = page.get_by_label("Position of 1.txt")
        await position.fill("3")
        await position.press("Tab")
        await expect(page).to_have_url(re.compile(r"page=1#file-2$"))
        await expect(order(page).nth(2)).to_have_text("1.txt")


async def test_a_list_is_edited_without_scripts(browser, client, alice):
    list_id = await letters(alice)
    async with opened(browser, client, f"/l/{list_id}", person=alice, java_script_enabled=False) as page:
        await page.get_by_role("link", name="Edit").click()
        await page.get_by_label("Title").fill("Letters")
        await page.get_by_label("Title").press("Enter")
        await expect(page.get_by_role("status").first).to_have_text("Saved.")
        await page.get_by_role("button", name="Move c.txt up").click()
        await expect(order(page)).to_have_text(["a.txt", "c.txt", "b.txt", "d.txt", "e.txt"])
        await page.get_by_label("Position of e.txt").fill("1")
        await page.get_by_role("button", name="Save").click()
        await expect(order(page).first).to_have_text("e.txt")
    assert await names(alice, list_id) == "eacbd"


async def test_a_list_is_deleted_after_a_question(browser, client, alice):
    list_id = await letters(alice)
    async with opened(browser, client, f"/l/{list_id}/edit", person=alice) as page:
        await page.get_by_role("link", name="Delete the list").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("The files in it stay.")
        await dialog.get_by_role("link", name="Cancel").click()
        await expect(dialog).to_be_hidden()
        await page.get_by_role("link", name="Delete the list").click()
        await dialog.get_by_role("button", name="Delete").click()
        await expect(page).to_have_url(re.compile("/user/lists"))
    assert (await alice.get(f"/api/list/{list_id}")).status == 404
