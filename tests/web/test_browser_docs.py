"""The documentation and the pages of administrators in a real browser."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from pixelhost.site import Site
from pixelhost.web.administration import ROUTES as ADMIN_ROUTES
from pixelhost.web.docs import ROUTES as DOCS_ROUTES
from tests.support.admins import block
from tests.support.people import Person, make_person
from tests.web.browsing import DESKTOP, POOR_CONTRAST, SMALL_PHONE, barriers, is_too_wide, opened, press
from tests.web.listed import HOSTILE

pytestmark = pytest.mark.journey

DOCS = [route.path for route in DOCS_ROUTES]
ADMIN = [route.path for route in ADMIN_ROUTES if route.method == "GET" and not route.path.endswith("/thumbnail")]


@pytest.fixture
async def admin(site: Site, client) -> Person:
    """An administrator of an instance where things have happened."""
    admin = await make_person(site, client, "admin", is_admin=True)
    maria = await make_person(site, client, "maria", email="maria.with.a.long.address@files.example.com")
    await make_person(site, client, "carol")
    file_id = await maria.upload("holidays_" * 20 + ".txt")
    await block(admin, file_id, "copyright")
    await admin.post("/api/admin/user_ban", data={"name": "carol", "reason": "Spam"})
    await admin.post("/api/admin/ip_ban", data={"address": "2001:db8::/32", "reason": "Spam"})
    return admin


@pytest.fixture
async def named(admin: Person) -> dict[str, object]:
    """What stands for the parts of a page's path that name something."""
    takedown = (await admin.get("/api/admin/takedown")).json["takedowns"][0]["id"]
    copies = (await admin.get(f"/api/admin/takedown/{takedown}")).json["copies"]
    return {"user": "maria", "takedown": takedown, "file": copies[0]["id"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*DOCS, *ADMIN])
async def test_every_page_can_be_read_by_everybody(browser, client, admin, named, path, scheme):
    async with opened(
        browser, client, path.format(**named), person=admin, viewport=DESKTOP, color_scheme=scheme
    ) as page:
        assert await barriers(page) == []
        assert await page.evaluate(POOR_CONTRAST) == []
        await page.set_viewport_size(SMALL_PHONE)
        assert not await is_too_wide(page)


async def test_hostile_names_and_reasons_run_nothing(browser, client, site, admin):
    other = await make_person(site, client, "mallory")
    await other.upload(HOSTILE)
    for path in ("user_ban", "ip_ban"):
        await admin.post(f"/api/admin/{path}", data={"name": "mallory", "address": "192.0.2.7", "reason": HOSTILE})
    asked = quote(HOSTILE)
    shown = ["users", "users/mallory", "users/mallory/files", "ip_bans", "invoices", "globals", "plans"]
    paths = ["/admin", *(f"/admin/{path}" for path in shown), *DOCS]
    paths += [f"/admin/users?q={asked}", f"/admin/users/mallory/files?q={asked}", f"/admin/users/{asked}/files"]
    paths += [f"/docs?q={asked}", f"/docs/api#{asked}", f"/docs/{asked}"]
    # A page that there isn't says so in the console; a script that ran would have opened a dialog.
    async with opened(browser, client, "/", person=admin, excused=["status of 404"]) as page:
        for path in paths:
            await page.goto(str(client.make_url("/")).rstrip("/") + path)
            assert await page.locator("main [onerror]").count() == 0, path
        await page.goto(str(client.make_url("/admin/users/mallory/files")))
        await expect(page.get_by_role("link", name="<img src=x onerror=alert(1)>")).to_be_visible()
        await page.goto(str(client.make_url("/docs/api")))
        await page.get_by_role("searchbox").fill(HOSTILE)
        await expect(page.get_by_text("No method has all of these words.")).to_be_visible()


async def test_a_double_click_gives_credit_once(browser, client, admin):
    async with opened(browser, client, "/admin/users/maria", person=admin) as page:
        await page.get_by_label("Amount in euro").fill("5")
        await page.get_by_role("button", name="Give credit").dblclick()
        await expect(page.get_by_role("status").first).to_contain_text("alance is")
    assert (await admin.get("/api/admin/users/maria")).json["balance_micro_eur"] == 5_000_000


async def test_methods_are_searched_with_the_keyboard(browser, client):
    async with opened(browser, client, "/docs/api") as page:
        everything = await page.locator(".operation").count()
        await press(page, "/")
        field = page.get_by_role("searchbox", name="Search the methods")
        await expect(field).to_be_focused()
        await page.keyboard.type("thumbnail list")
        await expect(page.locator(".operation:visible h3")).to_have_text(["A small picture of a list"])
        await expect(page.locator("#found")).to_have_text("1 method")
        await expect(page.get_by_role("heading", name="Administration", exact=True)).to_be_hidden()
        await field.fill("xyzzy")
        await expect(page.get_by_text("No method has all of these words.")).to_be_visible()
        await field.fill("")
        assert await page.locator(".operation:visible").count() == everything


async def test_a_link_to_a_method_is_found_whatever_is_searched(browser, client):
    async with opened(browser, client, "/docs/api") as page:
        await page.get_by_role("searchbox").fill("thumbnail")
        await page.evaluate("location.hash = '#post-list'")
        await expect(page.locator("#post-list")).to_be_in_viewport()


async def test_a_line_is_copied_with_the_address_of_this_host(browser, client):
    allowed = ["clipboard-read", "clipboard-write"]
    async with opened(browser, client, "/docs/api#get-file-id-info", permissions=allowed) as page:
        article = page.locator("#get-file-id-info")
        await article.get_by_role("button", name="Copy").click()
        await expect(article.get_by_role("button", name="Copied")).to_be_visible()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == f"curl {client.make_url('/api/file/')}$ID/info"


async def test_the_api_page_is_read_without_javascript(browser, client):
    async with opened(browser, client, "/docs/api", java_script_enabled=False) as page:
        await expect(page.get_by_role("searchbox")).to_be_hidden()
        await expect(page.locator("[data-copy]").first).to_be_hidden()
        await page.locator("#get-file-id details summary").filter(has_text="Refusals").click()
        await expect(page.locator("#get-file-id").get_by_text("hotlink_detected")).to_be_visible()


async def test_an_administrator_finds_an_account_bans_it_and_gives_it_credit(browser, client, admin):
    async with opened(browser, client, "/admin", person=admin) as page:
        await page.get_by_role("navigation", name="Administration").get_by_role("link", name="Accounts").click()
        await page.get_by_label("Search names and e-mail addresses").fill("maria")
        await press(page, "Enter")
        await page.get_by_role("link", name="maria", exact=True).click()
        await page.get_by_label("Amount in euro").fill("12.50")
        await page.get_by_role("button", name="Give credit").click()
        await expect(page.get_by_role("status")).to_have_text("The balance is changed.")
        await expect(page.get_by_text("€12.50")).to_be_visible()
        await page.get_by_label("Reason").fill("Spam")
        await page.get_by_role("button", name="Ban this account").click()
        await expect(page.get_by_role("heading", name=re.compile("Banned since"))).to_be_visible()
        await page.get_by_role("button", name="Lift the ban").click()
        await expect(page.get_by_role("status")).to_have_text("The ban is lifted.")


async def test_an_account_is_deleted_only_after_a_question(browser, client, admin):
    async with opened(browser, client, "/admin/users/maria", person=admin, java_script_enabled=False) as page:
        await page.get_by_role("button", name="Delete the account …").click()
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.get_by_role("heading", name="maria")).to_be_visible()
        await page.get_by_role("button", name="Delete the account …").click()
        await page.get_by_role("button", name="Delete the account").click()
        await expect(page.get_by_role("status")).to_have_text("Deleted.")
        await expect(page.get_by_role("link", name="maria")).to_have_count(0)


async def test_what_is_wrong_with_a_form_stands_beside_its_field(browser, client, admin):
    excused = ["422"]
    async with opened(browser, client, "/admin/ip_bans", person=admin, excused=excused) as page:
        await page.get_by_label("Address or network").fill("example.com")
        await page.get_by_label("Reason").fill("Spam")
        await page.get_by_role("button", name="Ban the address").click()
        field = page.get_by_label("Address or network")
        await expect(field).to_have_accessible_description(re.compile("Write an address like"))
        await expect(field).to_have_value("example.com")
        assert await barriers(page) == []
