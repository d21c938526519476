"""The page of a file in a real browser: its viewers, its keys, its dialogs, and what hostile files can't do there."""

import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import (
    BROWSERS_OWN,
    DESKTOP,
    SMALL_PHONE,
    barriers,
    is_too_wide,
    opened,
    press,
    ready,
    until,
)
from tests.web.contents import CODE, zipped

pytestmark = pytest.mark.journey

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


async def test_keys_download_copy_and_show_themselves(browser, client, files):
    grants = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, f"/u/{files['text']}", permissions=grants) as page:
        await ready(page)
        async with page.expect_download() as downloading:
            await press(page, "s")
        assert (await downloading.value).suggested_filename == "greet.py"
        await press(page, "c")
        await expect(page.get_by_role("status")).to_contain_text("The link was copied")
        assert await page.evaluate("navigator.clipboard.readText()") == page.url
        await press(page, "i")
        await expect(page.locator(".facts")).to_be_hidden()
        await press(page, "f")
        await until(page, "document.fullscreenElement !== null")
        await press(page, "f")
        await until(page, "document.fullscreenElement === null")
        await press(page, "?")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(dialog).to_contain_text("Copy the link")
        assert await barriers(page) == []
        await dialog.get_by_label("Use these keys").uncheck()
        await press(page, "Escape")
        await press(page, "i")
        await expect(page.locator(".facts")).to_be_hidden()
        await press(page, "?")
        await expect(dialog).to_be_visible()


async def test_g_copies_a_file_to_ones_own(browser, client, bob, files):
    async with opened(browser, client, f"/u/{files['text']}", person=bob) as page:
        await ready(page)
        await press(page, "g")
        await expect(page.get_by_role("status").first).to_contain_text("this is your own copy")
        assert files["text"] not in page.url
        # It is one's own now, and there is nothing to copy.
        await ready(page)
        own = page.url
        await press(page, "g")
        await press(page, "?")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        await expect(dialog).to_contain_text("Leave")
        await expect(dialog).not_to_contain_text("Copy to my files")
        assert page.url == own


async def test_q_leads_back_to_where_one_came_from_else_to_the_front_page(browser, client, alice, files):
    list_id = await alice.make_list(files["text"], files["other"])
    here = str(client.make_url("/"))
    async with opened(browser, client, f"/l/{list_id}?item=0") as page:
        await ready(page)
        await page.locator("summary", has_text="More").click()
        await page.get_by_role("link", name="The file by itself").click()
        await expect(page).to_have_url(f"{here}u/{files['text']}")
        await ready(page)
        await press(page, "q")
        await expect(page).to_have_url(f"{here}l/{list_id}?item=0")
    async with opened(browser, client, f"/u/{files['text']}") as page:
        await ready(page)
        await press(page, "q")
        await expect(page).to_have_url(here)


async def test_the_owner_renames_and_deletes_in_dialogs(browser, client, alice, files):
    async with opened(browser, client, f"/u/{files['text']}", person=alice) as page:
        await ready(page)
        await press(page, "e")
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
            await press(page, "Escape")
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
