"""Shares of a filesystem in a real browser: made by their owner, opened by strangers."""

import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import DESKTOP, SMALL_PHONE, barriers, is_too_wide, opened, press, ready, until
from tests.web.contents import CODE, MARKDOWN, zipped
from tests.web.directories import READING, some_files

pytestmark = pytest.mark.journey


async def test_a_share_with_a_password_is_opened_in_a_clean_profile(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await page.get_by_role("link", name="Share", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_text("Passwords").click()
        await dialog.get_by_role("textbox", name="Password").first.fill('open sesame, "grüße"; 漢')
        await dialog.get_by_role("group", name="Whoever has the link may").get_by_label("See").uncheck()
        await dialog.get_by_role("button", name="Share").click()
        link_field = dialog.get_by_label("Link", exact=True)
        await expect(link_field).to_have_value(re.compile("/d/[A-Za-z0-9]{8}$"))
        path = (await link_field.input_value()).removeprefix(str(client.make_url("/")).rstrip("/"))
        await dialog.get_by_text("QR code").click()
        assert await dialog.locator("img.qr").evaluate("image => image.decode().then(() => image.naturalWidth > 0)")

    async with opened(browser, client, path, excused=["403 (Forbidden)"]) as page:
        await page.get_by_label("Password").fill("wrong")
        await press(page, "Enter")
        await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Password").fill('open sesame, "grüße"; 漢')
        await press(page, "Enter")
        await expect(page.locator("h1")).to_have_text("docs")
        await page.get_by_role("link", name="Gallery").click()
        image = page.locator("img.thumbnail").last
        assert await image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
        await press(page, "/")
        await page.keyboard.type("photo")
        await page.locator(".suggestions").get_by_role("link").click()
        await expect(page.locator(".stage img")).to_be_visible()
        assert await page.evaluate("document.cookie") == "pd_directory=gallery.name"
        cookies = [one for one in await page.context.cookies() if one["name"] == "pd_node_password"]
        assert {one["path"] for one in await page.context.cookies(page.url) if one in cookies} == {path}
        assert all(one["httpOnly"] and one["sameSite"] == "Lax" for one in cookies)
        await page.goto(str(client.make_url(path)))
        await page.get_by_text("More", exact=True).click()
        await page.get_by_role("button", name="Forget the password").click()
        await expect(page.locator("h1")).to_have_text("Shared, but not with everybody")


async def test_a_stranger_with_the_password_sees_documents_code_and_archives(browser, client, alice, flush):
    await alice.write("/me/docs/backup.zip", zipped({"a/b.txt": b"inside", "a/c.txt": b"y", "readme.md": b"# hi"}))
    await alice.write("/me/docs/greet.py", CODE)
    await alice.write("/me/docs/readme.md", MARKDOWN)
    share_id = await alice.share("/me/docs", link={}, password={"open sesame": READING})
    excused = ["403 (Forbidden)"]
    async with opened(browser, client, f"/d/{share_id}/readme.md", excused=excused) as page:
        await page.get_by_label("Password").fill("open sesame")
        await press(page, "Enter")
        await ready(page)
        assert await page.title() == "readme.md · pixelhost"
        await expect(page.frame_locator("iframe").get_by_role("heading", name="Hello")).to_be_visible()
        assert await barriers(page) == []

        await press(page, "a")
        await expect(page.get_by_role("heading", level=1)).to_have_text("greet.py")
        await ready(page)
        keyword = page.locator("pre .hl-k", has_text="def")
        plain = await page.locator("pre").evaluate("element => getComputedStyle(element).color")
        assert await keyword.evaluate("element => getComputedStyle(element).color") != plain
        assert await barriers(page) == []
        async with page.expect_download() as downloading:
            await press(page, "s")
        assert (await downloading.value).suggested_filename == "greet.py"
        await flush()
        await expect(page.locator("[data-live=downloads]")).to_have_text("1")
        await expect(page.locator("[data-live=traffic]")).to_have_text(f"{len(CODE)} bytes")
        await page.evaluate("window.isTheSamePage = true")
        await page.get_by_role("link", name="Downloads and traffic over time").click()
        await expect(page.get_by_role("img", name=re.compile("Traffic: "))).to_be_visible()
        assert await page.evaluate("window.isTheSamePage") is True

        await press(page, "ArrowLeft")
        await expect(page.get_by_role("heading", level=1)).to_have_text("backup.zip")
        await ready(page)
        await page.get_by_label("Find a file").fill("b.txt")
        await press(page, "Enter")
        await expect(page.get_by_role("link", name="a/b.txt", exact=True)).to_be_visible()
        assert await barriers(page) == []
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="Save a/b.txt").click()
        assert (await downloading.value).suggested_filename == "b.txt"
        await page.get_by_role("link", name="a/b.txt", exact=True).click()
        await expect(page.locator("body")).to_have_text("inside")


async def test_a_picture_of_a_share_is_zoomed_and_a_film_goes_on_where_it_was_left(
    browser, client, alice, png, long_film
):
    await alice.write("/me/docs/photo.png", png)
    await alice.write("/me/docs/zoo.webm", long_film)
    share_id = await alice.share("/me/docs")
    async with opened(browser, client, f"/d/{share_id}/photo.png") as page:
        await ready(page)
        await page.get_by_role("button", name="Larger").click()
        await expect(page.locator(".picture")).to_have_class(re.compile("zoomed"))
        await press(page, "d")
        await expect(page.get_by_role("heading", level=1)).to_have_text("zoo.webm")
        await until(page, "document.querySelector('video')?.readyState >= 1")
        await page.locator("video").evaluate("video => { video.currentTime = 31; }")
        await until(page, "localStorage.getItem('positions') !== null")
        await page.reload()
        await until(page, "document.querySelector('video').currentTime > 30")
        await press(page, "?")
        await expect(page.get_by_role("dialog")).to_contain_text("Play or pause")
        await expect(page.get_by_role("dialog")).to_contain_text("Previous file")


async def test_figures_change_in_a_dialog_too(browser, client, alice, anyone, flush):
    await some_files(alice)
    share_id = await alice.share("/me/docs")
    async with opened(browser, client, "/d/me/docs?figures", person=alice) as page:
        downloads = page.locator("[data-live=downloads]")
        await expect(downloads).to_have_text("0")
        await anyone.fs("GET", f"/{share_id}/b9.txt")
        await flush()
        await expect(downloads).to_have_text("1")
    async with opened(browser, client, "/d/me/docs/b9.txt", person=alice) as page:
        await page.locator("main summary", has_text="More").click()
        await page.get_by_role("link", name="Properties").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("link", name="Downloads").click()
        await dialog.get_by_role("link", name="Week").click()
        await expect(dialog.get_by_role("link", name="Week")).to_have_attribute("aria-current", "page")
        traffic = dialog.locator("[data-live=traffic]")
        await expect(traffic).to_have_text("20 bytes")
        await anyone.fs("GET", f"/{share_id}/b9.txt")
        await flush()
        await expect(traffic).to_have_text("40 bytes")
        assert await barriers(page) == []


async def test_a_domain_is_set_and_removed_in_a_dialog(browser, client, alice):
    await some_files(alice)
    async with opened(browser, client, "/d/me/docs", person=alice, excused=["400 (Bad Request)", "422"]) as page:
        await page.get_by_role("link", name="Share", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("link", name="Domain").click()
        field = dialog.get_by_role("textbox", name="Domain")
        await field.fill("no domain")
        await press(page, "Enter")
        await expect(field).to_have_attribute("aria-invalid", "true")
        assert await barriers(page) == []
        await field.fill("files.example.com")
        await press(page, "Enter")
        await expect(dialog.get_by_role("button", name="Remove the domain")).to_be_visible()
        assert (await alice.node("/me/docs"))["custom_domain_name"] == "files.example.com"
        await field.focus()
        await press(page, "Enter")
        await expect(field).to_have_value("files.example.com")
        await dialog.get_by_role("button", name="Remove the domain").click()
        await expect(dialog.get_by_role("button", name="Remove the domain")).to_have_count(0)
    assert "custom_domain_name" not in await alice.node("/me/docs")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_prompt_has_no_barrier_and_fits_a_small_phone(browser, client, alice, scheme):
    await some_files(alice)
    share_id = await alice.share("/me/docs", link={}, password={"open sesame": READING})
    options = {"viewport": SMALL_PHONE, "color_scheme": scheme, "excused": ["403 (Forbidden)"]}
    async with opened(browser, client, f"/d/{share_id}", **options) as page:
        for _ in range(2):
            assert not await is_too_wide(page)
            assert await barriers(page) == []
            await page.set_viewport_size(DESKTOP)
            assert await barriers(page) == []
            await page.set_viewport_size(SMALL_PHONE)
            await page.get_by_label("Password").fill("wrong")
            await press(page, "Enter")
            await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "colours",
    [
        {"background": "#102030", "highlight": "#ffdd00"},
        {"background": "#101820", "body": "#fff8e7", "highlight": "#ffdd00"},
        {"background": "#fdf6e3", "body": "#1b1f3b", "card": "#808080"},
        {},
    ],
)
async def test_branded_pages_have_no_barrier(browser, client, alice, png, scheme, colours):
    await some_files(alice)
    await alice.write("/me/docs/greet.py", CODE)
    await alice.write("/me/docs/readme.md", MARKDOWN)
    await alice.write("/me/docs/backup.zip", zipped({"a/b.txt": b"x", "c.txt": b"y"}))
    await alice.write("/me/logo.png", png)
    logo_id = await alice.share("/me/logo.png")
    share_id = await alice.share("/me/docs")
    chosen = {f"brand_{name}_color": value for name, value in colours.items()}
    pictures = {"brand_header_image": logo_id, "brand_background_image": logo_id}
    await alice.update(
        "/me/docs", branding_enabled="true", brand_header_link="https://example.com/", **chosen, **pictures
    )
    async with opened(browser, client, f"/d/{share_id}", color_scheme=scheme) as page:
        for name in ("", "/photo.png", "/greet.py", "/readme.md", "/backup.zip", "?properties", "?figures"):
            await page.goto(str(client.make_url(f"/d/{share_id}{name}")))
            assert await barriers(page) == [], name
            await page.set_viewport_size(SMALL_PHONE)
            assert not await is_too_wide(page), name
            await page.set_viewport_size(DESKTOP)


async def test_files_are_brought_to_a_share_that_shows_nothing(browser, client, alice, bob, tmp_path):
    await alice.write("/me/letterbox/secret.txt")
    box = await alice.share("/me/letterbox", link={"write": True})
    (tmp_path / "trip").mkdir()
    for name in ("one.txt", "two.txt", "trip/three.txt"):
        (tmp_path / name).write_text("brought")
    async with opened(browser, client, f"/d/{box}", person=bob) as page:
        await page.get_by_label("Files", exact=True).set_input_files([tmp_path / "one.txt", tmp_path / "two.txt"])
        await page.get_by_role("button", name="Upload", exact=True).click()
        await expect(page.get_by_role("heading", name="2 files uploaded")).to_be_visible()
        async with page.expect_file_chooser() as choosing:
            await page.get_by_role("button", name="A folder").click()
        await (await choosing.value).set_files(tmp_path / "trip")
        await expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
        assert await barriers(page) == []
        await page.get_by_role("button", name="Close").click()
        assert "secret.txt" not in await page.content()
        await page.set_viewport_size(SMALL_PHONE)
        assert not await is_too_wide(page)
        assert await barriers(page) == []
    assert await alice.names("/me/letterbox") == ["one.txt", "secret.txt", "trip", "two.txt"]
    assert await alice.names("/me/letterbox/trip") == ["three.txt"]


async def test_a_stranger_at_a_share_that_only_takes_files_logs_in_first(browser, client, alice):
    await alice.mkdir("/me/letterbox")
    box = await alice.share("/me/letterbox", link={"write": True})
    options = {"viewport": SMALL_PHONE, "excused": ["403 (Forbidden)"]}
    async with opened(browser, client, f"/d/{box}", **options) as page:
        assert await barriers(page) == []
        assert not await is_too_wide(page)
        await page.get_by_role("main").get_by_role("link", name="Log in").click()
        await page.wait_for_url("**/login?redirect=*")


async def test_sharing_is_stopped_after_a_question_in_the_dialog(browser, client, alice):
    await some_files(alice)
    await alice.share("/me/docs")
    async with opened(browser, client, "/d/me/docs", person=alice) as page:
        await page.get_by_role("link", name="Share", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("link", name="Stop sharing").click()
        await expect(dialog.get_by_role("heading")).to_have_text("Stop sharing?")
        assert await barriers(page) == []
        await dialog.get_by_role("link", name="Cancel").click()
        await expect(dialog.get_by_label("Link", exact=True)).to_be_visible()
        await dialog.get_by_role("link", name="Stop sharing").click()
        await dialog.get_by_role("button", name="Stop sharing").click()
        await expect(dialog.get_by_text("Only you can see this.")).to_be_visible()
    assert "id" not in await alice.node("/me/docs")


async def test_many_entries_are_dragged_in_one_request_and_what_cannot_be_moved_is_said(browser, client, alice):
    await alice.mkdir("/me/docs/Letters")
    await alice.write("/me/docs/Letters/0.txt")
    for number in range(6):
        await alice.write(f"/me/docs/{number}.txt")
    async with opened(browser, client, "/d/me/docs", person=alice, excused=["400 (Bad Request)"]) as page:
        sent = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        rows = page.locator("#nodes .node")
        for number in range(1, 6):
            await rows.filter(has_text=f"{number}.txt").get_by_role("checkbox").check()
        await rows.filter(has_text="3.txt").drag_to(rows.filter(has_text="Letters"))
        await expect(page.get_by_text("5 entries were moved")).to_be_visible()
        assert len(sent) == 1

        await rows.filter(has_text="0.txt").drag_to(rows.filter(has_text="Letters"))
        await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("0.txt")
        await press(page, "Escape")
        await expect(rows).to_have_count(2)
    assert await alice.names("/me/docs/Letters") == [f"{number}.txt" for number in range(6)]


async def test_too_many_entries_at_once_are_refused_with_what_to_do(browser, client, alice):
    await some_files(alice)
    options = {"person": alice, "excused": ["413 (Request Entity Too Large)", "413 (Payload Too Large)"]}
    async with opened(browser, client, "/d/me/docs", **options) as page:
        row = page.locator("#nodes .node").filter(has_text="b9.txt")
        await row.get_by_role("checkbox").check()
        # As many as there can be in a directory would take the test too long.
        await page.route(
            "**/d/me/docs",
            lambda route: route.continue_(post_data=(route.request.post_data or "") + "&x=" + "y" * (5 << 20)),
        )
        await row.drag_to(page.locator("#nodes .node").filter(has_text="Letters"))
        await expect(page.get_by_text("Choose fewer entries")).to_be_visible()
