"""The pages of requests for secrets: making a link, sending by it, and seeing what came."""

import re

import pytest
from playwright.async_api import expect

from tests.support.mailbox import last_mail
from tests.support.people import Person, make_person
from tests.web.account.conftest import done, look, problem, refused, send
from tests.web.browsing import DESKTOP, PHONE, SMALL_PHONE, barriers, is_too_wide, opened
from tests.web.reading import HOSTILE, read

PATH = "/p/requests"


async def make(owner: Person, **fields: str) -> str:
    """A link; its token."""
    where = await done(owner, PATH, **({"name": "the router"} | fields))
    return where.partition("?made=")[2]


async def open_page(person: Person, token: str):
    return await look(person, f"/request/{token}")


async def test_a_request_is_made_and_its_link_and_code_are_shown(alice):
    token = await make(alice, name="the router", message="please", push_days="3", max_pushes="2")
    page = await look(alice, f"{PATH}?made={token}")
    link = str(alice.client.make_url(f"/request/{token}"))
    assert link in page.text
    assert "QR code of the link" in page.source
    assert {one["data-copy"] for one in page.all("button") if "data-copy" in one.attributes} == {link}
    assert "Takes 2 more" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    shown = (await alice.get(f"/api/v2/request_links/{token}")).json
    assert (shown["message"], shown["push_days"], shown["pushes_left"]) == ("please", 3, 2)


async def test_the_page_of_a_link_says_who_asks_for_what_and_has_a_form(alice, anyone):
    page = await open_page(anyone, await make(alice, name="the router", message="line one\nline two"))
    assert page.title == "the router · pixelhost"
    assert "alice asks you for a secret" in page.text
    assert "line one line two" in page.text
    assert "required" not in page.one("textarea", id="payload").attributes
    assert page.all("input", type="file")
    assert page.one("meta", name="robots")["content"] == "noindex, nofollow"


async def test_hostile_words_stay_words(alice, anyone):
    page = await open_page(anyone, await make(alice, name=HOSTILE, message=HOSTILE))
    assert "<script>alert(1)" in page.one("h1").text
    assert "\u202e" not in page.source
    assert "<script>alert(1)" in (await look(alice, PATH)).text


async def test_what_came_is_listed_for_the_owner_and_among_their_secrets(alice, anyone):
    token = await make(alice)
    sent = read(await send(anyone, f"/request/{token}", payload="s3cret"))
    assert "Sent" in sent.text
    assert "s3cret" not in sent.source
    page = await look(alice, PATH)
    (pushed,) = (await alice.get("/api/v2/pushes/active")).json
    assert page.all("a", href=f"/p/{pushed['url_token']}")
    assert "s3cret" not in page.source
    assert "closed" in page.text
    assert "the router" in (await look(alice, "/p/active")).text


async def test_a_refused_text_is_told_beside_its_field_and_not_sent_back(alice, anyone):
    token = await make(alice)
    page = await refused(anyone, f"/request/{token}", 422, payload="s3cret" + "x" * (1 << 20))
    assert "1048576" in problem(page, "payload")
    assert "s3cret" not in page.source


async def test_a_request_is_closed(alice, anyone):
    token = await make(alice)
    assert await done(alice, PATH, close=token) == f"{PATH}?done=request_closed"
    assert "closed" in (await look(alice, PATH)).text
    assert (await anyone.get(f"/request/{token}")).status == 404


@pytest.mark.parametrize(
    ("field", "wrong", "status"),
    [
        ("name", "", 400),
        ("name", "x" * 256, 422),
        ("name", "   ", 422),
        ("message", "x" * 2001, 422),
        ("push_days", "0", 422),
        ("push_days", "91", 422),
        ("push_days", "soon", 422),
        ("expire_after_days", "91", 422),
        ("max_pushes", "101", 422),
    ],
)
async def test_what_is_wrong_with_a_request_stands_beside_its_field(alice, field, wrong, status):
    page = await refused(alice, PATH, status, **({"name": "the router"} | {field: wrong}))
    assert problem(page, field)
    assert (await alice.get("/api/v2/request_links")).json == []


async def test_numbers_that_are_left_empty_are_the_usual_ones(alice):
    token = await make(alice, push_days="", expire_after_days="", max_pushes="")
    shown = (await alice.get(f"/api/v2/request_links/{token}")).json
    assert (shown["push_days"], shown["pushes_left"]) == (7, 1)


async def test_fifty_requests_are_on_a_page(alice):
    for number in range(51):
        await make(alice, name=f"request {number}")
    first, second = await look(alice, PATH), await look(alice, f"{PATH}?page=2")
    assert "request 50" in first.text
    assert "request 0 " not in first.text
    assert "request 0 " in second.text
    assert first.all("a", href="?page=2")
    assert second.all("a", href="?page=1")
    for odd in ("0", "-1", "x", "9" * 30):
        assert (await alice.get(f"{PATH}?page={odd}")).status == 200


async def test_somebody_elses_request_is_neither_shown_nor_closed(alice, bob, anyone):
    token = await make(alice)
    assert "the router" not in (await look(bob, f"{PATH}?made={token}")).text
    await refused(bob, PATH, 404, close=token)
    assert (await anyone.get(f"/request/{token}")).status == 200


async def test_strangers_are_led_to_the_login(anyone):
    answer = await anyone.get(PATH, headers={"Accept": "text/html"})
    assert answer.headers["Location"] == "/login?redirect=%2Fp%2Frequests"
    assert await done(anyone, PATH, name="x") == "/login?redirect=%2Fp%2Frequests"


async def test_the_closed_page_leads_nowhere_else(anyone):
    page = read(await anyone.get("/request/nosuch", headers={"Accept-Encoding": "identity"}))
    assert page.status == 404
    assert "Nothing can be sent here" in page.text
    assert "nosuch" not in page.source


@pytest.mark.journey
async def test_from_the_request_to_the_secret(browser, site, client, tmp_path):
    ann = await make_person(site, client, "ann", email="ann@example.com")
    plan = tmp_path / "plan.txt"
    plan.write_text("the plan")
    async with opened(browser, client, PATH, person=ann) as page:
        await page.get_by_label("What you ask for").fill("The plan")
        await page.get_by_label("Message to whoever sends").fill("With the key, please")
        await page.get_by_role("button", name="Make the link").click()
        await expect(page.get_by_role("heading", name="The link of your request: The plan")).to_be_visible()
        link = await page.locator(".new-key .request-link").inner_text()
        assert await barriers(page) == []

    path = link[link.index("/request/") :]
    async with opened(browser, client, path) as page:
        await expect(page.get_by_text("With the key, please")).to_be_visible()
        await page.get_by_label("Your text").fill("the key is 1234")
        await page.get_by_label("Files", exact=True).set_input_files(plan)
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("heading", name="Sent")).to_be_visible()
        assert await barriers(page) == []

    mailed = (await last_mail(site, "ann@example.com")).link
    async with opened(browser, client, mailed.path, person=ann) as page:
        await expect(page.get_by_text(re.compile("/p/"))).not_to_have_count(0)
        await page.goto(str(client.make_url(PATH)))
        await page.locator("table").get_by_role("link", name="The plan").click()
        await expect(page.get_by_role("link", name=re.compile("plan.txt"))).to_be_visible()


@pytest.mark.journey
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_have_no_barriers_and_fit_on_a_small_phone(browser, client, alice, anyone, scheme):
    token = await make(alice, name="A" * 255, message="W" * 2000, max_pushes="2")
    await send(anyone, f"/request/{token}", payload="x")
    for path, person in ((f"{PATH}?made={token}", alice), (f"/request/{token}", None), ("/request/nosuch", None)):
        excused = ["status of 404"]
        async with opened(browser, client, path, person=person, excused=excused, color_scheme=scheme) as page:
            for size in (DESKTOP, PHONE, SMALL_PHONE):
                await page.set_viewport_size(size)
                assert not await is_too_wide(page), (path, size)
            assert await barriers(page) == []
