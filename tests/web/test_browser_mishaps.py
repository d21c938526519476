"""A directory in a real browser when something else happened meanwhile, and where the focus is after what was done."""

import pytest
from playwright.async_api import expect

from tests.web.browsing import opened, press
from tests.web.test_browser_directory import DROP, entry, link

pytestmark = pytest.mark.journey


async def test_what_is_gone_meanwhile_is_said_and_leaves_the_list(browser, client, alice):
    await alice.write("/me/docs/a.txt")
    await alice.write("/me/docs/b.txt")
    async with opened(browser, client, "/d/me/docs", person=alice, excused=["404"]) as page:
        await entry(page, "a.txt").get_by_role("checkbox").check()
        await page.get_by_role("button", name="Delete").click()
        confirmed = page.get_by_role("dialog").get_by_role("button", name="Delete")
        await expect(confirmed).to_be_visible()
        await alice.fs("DELETE", "/me/docs/a.txt")
        await confirmed.click()
        await expect(page.locator(".toast")).to_contain_text("moved or deleted meanwhile")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(entry(page, "a.txt")).to_have_count(0)

        await link(page, "b.txt").focus()
        await alice.fs("DELETE", "/me/docs/b.txt")
        await press(page, "F2")
        await expect(page.locator(".toast").last).to_contain_text("moved or deleted meanwhile")
        await expect(page.get_by_text("This folder is empty.")).to_be_visible()


async def test_what_was_typed_stays_where_the_server_cannot_be_reached(browser, client, alice):
    await alice.mkdir("/me/docs")
    async with opened(browser, client, "/d/me/docs", person=alice, excused=["ERR_INTERNET_DISCONNECTED"]) as page:
        await page.locator("#mkdir").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill("Letters")
        await page.context.set_offline(True)
        await dialog.get_by_role("button", name="Make folder").click()
        await expect(page.locator(".toast")).to_contain_text("could not be reached")
        await page.context.set_offline(False)
        await expect(dialog.get_by_label("Name")).to_have_value("Letters")
        await dialog.get_by_role("button", name="Make folder").click()
        await expect(link(page, "Letters")).to_be_visible()


async def test_the_focus_goes_to_an_entry_after_others_were_deleted(browser, client, alice):
    for name in ("a.txt", "b.txt", "c.txt"):
        await alice.write(f"/me/docs/{name}")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await entry(page, "b.txt").get_by_role("checkbox").check()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(entry(page, "b.txt")).to_have_count(0)
        await expect(link(page, "c.txt")).to_be_focused()

        await press(page, "Control+a")
        await press(page, "Delete")
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("This folder is empty.")).to_be_visible()
        await expect(page.locator("#main")).to_be_focused()


async def test_enter_among_the_people_of_a_share_saves_it(browser, client, alice, bob):
    await alice.mkdir("/me/docs")
    share_id = await alice.share("/me/docs")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await page.get_by_role("link", name="Share", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_text("People with an account here").click()
        await dialog.get_by_label("User name").first.fill("bob")
        await press(page, "Enter")
        await expect(page.locator(".toast")).to_be_visible()
    node = await alice.node("/me/docs")
    assert node["id"] == share_id
    assert list(node["user_permissions"]) == ["bob"]


async def test_space_on_a_box_chooses_once(browser, client, alice):
    await alice.write("/me/docs/a.txt")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        box = entry(page, "a.txt").get_by_role("checkbox")
        await box.focus()
        await press(page, "Space")
        await expect(box).to_be_checked()
        await expect(page.get_by_text("1 chosen")).to_be_visible()
        await press(page, "Space")
        await expect(box).not_to_be_checked()


async def test_a_search_that_was_left_stays_closed(browser, client, alice):
    await alice.write("/me/docs/letter.txt")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        async with page.expect_request(lambda request: "search=" in request.url):
            await page.get_by_role("searchbox").fill("letter")
        await expect(page.locator(".suggestions a")).to_have_count(1)
        await press(page, "Escape")
        await expect(page.locator(".suggestions")).to_have_count(0)

        searches = []
        page.on("request", lambda request: searches.append(request.url) if "search=" in request.url else None)
        await page.get_by_role("searchbox").fill("lette")
        await press(page, "Escape")
        await page.wait_for_timeout(400)
        assert searches == []
        await expect(page.locator(".suggestions")).to_have_count(0)


async def test_uploads_are_paused_and_cancelled_by_keyboard(browser, client, alice):
    await alice.mkdir("/me/docs")
    async with opened(browser, client, "/d/me/docs", person=alice, excused=["ERR_FAILED"]) as page:

        async def hold(_route):
            """Nothing is sent, so that there is time."""

        await page.route("**/api/filesystem/**make_parents**", hold)
        await page.evaluate(DROP, ["main", [["a.txt", "a"], ["b.txt", "b"], ["c.txt", "c"], ["d.txt", "d"]]])
        await page.get_by_role("button", name="Cancel a.txt").focus()
        await page.wait_for_timeout(500)  # the panel is drawn again meanwhile
        await expect(page.get_by_role("button", name="Cancel a.txt")).to_be_focused()
        await press(page, "Enter")
        await expect(page.get_by_role("button", name="Cancel b.txt")).to_be_focused()
        await page.get_by_role("button", name="Pause").focus()
        await press(page, "Enter")
        await expect(page.get_by_role("button", name="Go on")).to_be_focused()
        await page.get_by_role("button", name="Cancel all").press("Enter")
        await expect(page.get_by_role("button", name="Close")).to_be_focused()


async def test_the_keyboard_goes_on_where_it_was_in_a_dialog(browser, client, alice):
    await alice.mkdir("/me/docs/Letters")
    await alice.write("/me/docs/a.txt")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await entry(page, "a.txt").get_by_role("checkbox").check()
        await page.get_by_role("button", name="Move").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Letters", exact=True).press("Enter")
        await expect(dialog.locator("[aria-current]")).to_be_focused()
        await expect(dialog.locator("[aria-current]")).to_have_text("Letters")
        await press(page, "Escape")

        await page.get_by_role("link", name="Share", exact=True).click()
        await dialog.get_by_role("link", name="Properties").press("Enter")
        await expect(dialog.get_by_role("link", name="Properties")).to_be_focused()
