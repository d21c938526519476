"""The pages of accounts in a real browser: from the registration to a deposit, and without scripts."""

import re
from dataclasses import replace

import pyotp
import pytest
from playwright.async_api import Page, expect

from pixelhost.core import login as logins
from pixelhost.core.callers import Caller
from pixelhost.wire.credentials import COOKIE
from tests.support.mailbox import last_mail
from tests.support.people import Person
from tests.web.account.conftest import PASSWORD
from tests.web.account.test_account import PATHS
from tests.web.browsing import DESKTOP, PHONE, SMALL_PHONE, barriers, is_too_wide, opened, press

pytestmark = pytest.mark.journey

REFUSED = ("status of 400", "status of 404", "status of 422")
"""What the browser says of a form that comes back with a problem."""

OUTSIDE = ["/login", "/register", "/password_reset", "/login?link_login_id=x"]


async def log_in(page: Page, name: str = "ann", password: str = PASSWORD) -> None:
    await page.get_by_label("User name or e-mail address").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("main").get_by_role("button", name="Log in").click()


async def test_from_the_registration_by_the_mailed_link_to_the_login(browser, house):
    async with opened(browser, house.client, "/") as page:
        await page.get_by_role("link", name="Register").click()
        await page.get_by_label("User name").fill("carol")
        await page.get_by_label("E-mail address").fill("carol@example.com")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Make an account").click()
        await expect(page).to_have_url(re.compile("/user"))
        await expect(page.get_by_text("Your e-mail address is not confirmed")).to_be_visible()

        link = (await last_mail(house.site, "carol@example.com")).link
        await page.goto(house.url + link.path_qs)
        await page.get_by_role("button", name="Confirm and log in").click()
        await expect(page.get_by_role("heading", name="carol")).to_be_visible()
        await expect(page.get_by_text("not confirmed")).to_have_count(0)

        await page.locator(".places summary").click()
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_text("You are logged out.")).to_be_visible()
        await page.locator(".places").get_by_role("link", name="Log in").click()
        await log_in(page, "carol")
        await expect(page.get_by_role("heading", name="carol")).to_be_visible()


async def test_after_the_login_the_page_that_was_wanted_is_there(browser, house, ann):
    async with opened(browser, house.client, "/user/api_keys", excused=REFUSED) as page:
        await log_in(page, password="wrong")
        problem = page.get_by_text("This is not the password of the account.")
        await expect(problem).to_be_visible()
        await expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
        await log_in(page)
        await expect(page).to_have_url(f"{house.url}/user/api_keys")


async def test_without_scripts_one_logs_in_and_gets_along(browser, house, ann):
    await ann.upload("a.txt")
    async with opened(browser, house.client, "/user/filemanager", java_script_enabled=False) as page:
        await log_in(page)
        await page.get_by_role("checkbox", name="Select a.txt").check()
        await page.get_by_role("button", name="Get the links").click()
        await expect(page.get_by_role("textbox")).to_have_value(re.compile(f"^{house.url}/u/"))
        await page.get_by_role("link", name="Back to the files").click()
        await page.get_by_role("checkbox", name="Select a.txt").check()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("There are no files yet.")).to_be_visible()


async def test_two_factor_login_is_set_up_with_a_real_code_and_asked_for(browser, house, ann, clock):
    async with opened(browser, house.client, "/user/two_factor", person=ann) as page:
        app = pyotp.TOTP(await page.locator(".secret").inner_text())
        assert await page.locator(".qr svg").evaluate("svg => svg.getBoundingClientRect().width") > 150
        await page.get_by_label("Enter the code that the app shows now").fill(app.at(clock.now()))
        await page.get_by_role("button", name="Turn it on").click()
        await expect(page.get_by_text("Two-factor login is on.")).to_be_visible()
    clock.advance(seconds=90)
    async with opened(browser, house.client, "/login?redirect=/user/settings", excused=REFUSED) as page:
        await log_in(page)
        code = page.get_by_label("Six-digit code")
        await expect(code).to_be_focused()
        await code.fill("000000")
        await press(page, "Enter")
        await expect(page.get_by_text("This code is not right")).to_be_visible()
        await code.fill(app.at(clock.now()))
        await press(page, "Enter")
        await expect(page).to_have_url(f"{house.url}/user/settings")


async def test_a_key_is_made_copied_and_revoked(browser, house, ann):
    rights = ["clipboard-read", "clipboard-write"]
    async with opened(browser, house.client, "/user/api_keys", person=ann, permissions=rights) as page:
        await page.get_by_label("What it is for").fill("my laptop")
        await page.get_by_role("button", name="Make a key").click()
        made = page.locator(".new-key")
        await made.get_by_role("button", name="Copy").first.click()
        key = await page.evaluate("navigator.clipboard.readText()")
        assert (await Person("", key, house.client).get("/api/user")).status == 200
        await expect(made).to_contain_text(f"api_key = {key}")
        await page.get_by_role("button", name="Revoke my laptop").click()
        await expect(page.get_by_text("The key is revoked.")).to_be_visible()
        assert (await Person("", key, house.client).get("/api/user")).status == 401


async def test_many_files_are_selected_at_once_and_deleted(browser, house, ann):
    for number in range(5):
        await ann.upload(f"file {number}.txt")
    rights = ["clipboard-read", "clipboard-write"]
    async with opened(browser, house.client, "/user/filemanager", person=ann, permissions=rights) as page:
        delete = page.get_by_role("button", name="Delete")
        await expect(delete).to_be_hidden()
        await page.get_by_role("checkbox", name="Select file 4.txt").click()
        await page.get_by_role("checkbox", name="Select file 2.txt").click(modifiers=["Shift"])
        await expect(page.locator(".bulk")).to_contain_text("3 selected")
        await page.get_by_role("button", name="Get the links").click()
        await expect(page.get_by_text("3 links copied")).to_be_visible()
        assert (await page.evaluate("navigator.clipboard.readText()")).count(f"{house.url}/u/") == 3
        await delete.click()
        await expect(page.get_by_role("heading", name="Delete 3 files?")).to_be_visible()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("Deleted.")).to_be_visible()
        await expect(page.locator("td.named")).to_have_count(2)

        await page.get_by_role("checkbox", name="Select all on this page").check()
        await page.get_by_role("button", name="Make a list").click()
        await page.get_by_label("Title").fill("What is left")
        await page.get_by_role("button", name="Make the list").click()
        await expect(page.get_by_role("heading", name="What is left")).to_be_visible()


async def test_files_are_found_and_sorted_by_the_keyboard(browser, house, ann):
    for name in ("zebra.txt", "apple.txt", "photo.png"):
        await ann.upload(name)
    async with opened(browser, house.client, "/user/filemanager", person=ann) as page:
        await page.get_by_role("link", name="Name").click()
        await expect(page.locator("td.named").first).to_have_text("apple.txt")
        await expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Name")
        await page.get_by_label("Search names").fill("zeb")
        await press(page, "Enter")
        await expect(page.locator("td.named")).to_have_count(1)
        await expect(page.locator("td.named")).to_have_text("zebra.txt")


async def test_a_deposit_is_paid_on_the_test_gateway_and_is_credit_then(browser, house, ann):
    async with opened(browser, house.client, "/user/subscription", person=ann) as page:
        await page.get_by_label("Amount in euro").fill("20")
        await page.get_by_label("Country").select_option(label="Netherlands")
        await page.get_by_role("button", name="Go on to the payment").click()
        await expect(page).to_have_url(re.compile("/checkout/"))
        await page.get_by_role("button", name="Pay").click()
        await expect(page).to_have_url(f"{house.url}/user/subscription")
        await expect(page.get_by_text("Credit: €20.00")).to_be_visible()
        await page.get_by_role("button", name="Change to Prepaid", exact=True).click()
        await expect(page.get_by_role("heading", name="Your plan: Prepaid")).to_be_visible()
        await page.goto(f"{house.url}/user/transactions")
        await expect(page.get_by_role("cell", name="€20.00").first).to_be_visible()


async def test_what_is_wrong_with_the_settings_is_said_beside_the_field(browser, house, ann, alice):
    async with opened(browser, house.client, "/user/settings", person=ann, excused=REFUSED) as page:
        await page.get_by_label("User name").fill("alice")
        await page.get_by_role("button", name="Save").click()
        field = page.get_by_label("User name")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description("There is an account with this name already")
        await field.fill("anna")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await expect(page.locator(".places summary")).to_have_text("anna")


async def test_the_preview_follows_the_form(browser, house, ann, png):
    await ann.upload("banner.png", png)
    async with opened(browser, house.client, "/user/sharing", person=ann) as page:
        preview = page.locator("#preview")
        await page.get_by_label("Image at the top").first.select_option(index=1)
        await expect(preview.get_by_role("img", name="Image at the top")).to_be_visible()
        await page.get_by_label("Message on the page").fill("Buy me a coffee")
        await expect(preview).to_contain_text("Buy me a coffee")
        await page.get_by_label("Leave the download button out").check()
        await expect(preview.get_by_text("Download", exact=True)).to_be_hidden()
        await page.get_by_label("Colours").select_option("dark")
        assert await preview.evaluate("p => getComputedStyle(p).backgroundColor") == "rgb(19, 23, 22)"
        await page.locator("#branding").get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await expect(preview).to_contain_text("Buy me a coffee")


@pytest.fixture
async def full(house, ann, png) -> Person:
    """Ann, with something on every page. She is ann of another key, so that there is one to revoke."""
    long_name = "holidays_" * 24 + ".png"
    ids = [await ann.upload(long_name, png), await ann.upload("notes.txt")]
    await ann.make_list(*ids, title="A title " + "without_an_end_" * 10)
    await ann.post("/user/subscription", data={"amount": "10", "network": "test", "country": "NL", "name": "Ann"})
    await ann.post("/user/sharing", data={"action": "branding", "header_image": ids[0], "affiliate_prompt": "Hello"})
    firefox = Caller("203.0.113.1", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    made = await logins.with_password(house.site, logins.Attempt(firefox), "ann", PASSWORD)
    return replace(ann, key=str(made.key))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_bars_anybody_from_the_pages_of_an_account(browser, house, full, scheme):
    options = {"person": full, "color_scheme": scheme}
    async with opened(browser, house.client, "/user", **options) as page:
        for path in [*PATHS, "/user/connect_app?app=Something", "/user/api_keys?made=" + await _made(full)]:
            await page.goto(house.url + path)
            assert await barriers(page) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_questions_payments_and_refusals_bar_nobody(browser, house, full, scheme):
    options = {"person": full, "color_scheme": scheme, "excused": REFUSED}
    async with opened(browser, house.client, "/user/filemanager", **options) as page:
        for button in ("Delete", "Make a list"):
            await page.goto(f"{house.url}/user/filemanager")
            await page.get_by_role("checkbox", name="Select notes.txt").check()
            assert await barriers(page) == []
            await page.get_by_role("button", name=button).click()
            await expect(page.get_by_role("checkbox")).to_have_count(0)
            assert await barriers(page) == [], button
        await page.goto(f"{house.url}/user/subscription")
        await page.get_by_role("link", name="Pay").first.click()
        await expect(page.get_by_role("button", name="Pay")).to_be_visible()
        assert await barriers(page) == []
        await page.goto(f"{house.url}/u/abcdefgh")
        assert await barriers(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_bars_anybody_from_getting_in(browser, house, scheme):
    async with opened(browser, house.client, "/login", color_scheme=scheme, excused=REFUSED) as page:
        for path in OUTSIDE:
            await page.goto(house.url + path)
            assert await barriers(page) == [], path
        await page.goto(f"{house.url}/login")
        await log_in(page, "nobody", "x")
        await expect(page.locator(".problem")).to_be_visible()
        assert await barriers(page) == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, SMALL_PHONE], ids=["desktop", "phone", "small"])
async def test_every_page_fits(browser, house, full, viewport):
    made = await _made(full)
    async with opened(browser, house.client, "/user", person=full, viewport=viewport) as page:
        for path in [*PATHS, f"/user/api_keys?made={made}", f"/user/connect_app?app=rclone&made={made}"]:
            await page.goto(house.url + path)
            assert not await is_too_wide(page), path
    async with opened(browser, house.client, "/login", viewport=viewport, excused=REFUSED) as page:
        for path in OUTSIDE:
            await page.goto(house.url + path)
            assert not await is_too_wide(page), path


async def _made(person: Person) -> str:
    answer = await person.post("/user/api_keys", data={"app_name": "x" * 100})
    return answer.headers["Location"].partition("made=")[2]


async def test_on_a_phone_the_pages_of_an_account_are_in_a_menu(browser, house, ann):
    async with opened(browser, house.client, "/user", person=ann, viewport=PHONE) as page:
        await expect(page.locator(".sections")).to_be_hidden()
        menu = page.locator(".sections-narrow")
        await menu.locator("summary").click()
        await menu.get_by_role("link", name="API keys").click()
        await expect(page.get_by_role("heading", name="API keys")).to_be_visible()


async def test_the_login_cookie_is_kept_from_scripts(browser, house, ann):
    async with opened(browser, house.client, "/login") as page:
        await log_in(page)
        await expect(page).to_have_url(f"{house.url}/user")
        assert COOKIE not in await page.evaluate("document.cookie")
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == COOKIE]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
