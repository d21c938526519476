"""The page of webhooks: made, shown with how they fare, tested, given new secrets, and deleted; with plain forms."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from pixelhost.app import build_app
from pixelhost.site import Site
from tests.pwpush.pushing import push_token, show
from tests.support.client import RealServer, fresh_client
from tests.support.hooks import Receiver, receiving, tell
from tests.support.people import Person, make_person
from tests.web.account.conftest import House, alert, done, look, problem, refused, send
from tests.web.browsing import DESKTOP, PHONE, SMALL_PHONE, barriers, is_too_wide, opened
from tests.web.reading import Page, read

PATH = "/user/webhooks"
BOTH = {"push.viewed": "true", "push.expired": "true"}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
async def house(site: Site) -> AsyncIterator[House]:
    """A server whose webhooks may reach this machine."""
    changed = replace(site, settings=replace(site.settings, webhook_networks=(ip_network("127.0.0.0/8"),)))
    async with RealServer(build_app(changed)) as server, fresh_client(server) as client:
        yield House(changed, client)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def add(person: Person, url: str, **fields: str) -> Page:
    answer = await send(person, PATH, url=url, **(fields or BOTH))
    page = read(answer)
    assert answer.status == 200, page.text
    return page


async def first_id(person: Person) -> str:
    found: str = (await person.get("/api/v2/webhooks")).json[0]["id"]
    return found


async def test_the_secret_is_shown_once_and_is_what_messages_are_signed_with(house, ann, receiver):
    page = await add(ann, receiver.url)
    (secret,) = set(SECRET.findall(page.text))
    assert page.headers["Cache-Control"] == "no-store"
    again = await look(ann, PATH)
    assert receiver.url in again.text
    assert not SECRET.search(again.source)

    assert await done(ann, PATH, test=await first_id(ann)) == f"{PATH}?done=webhook_tested"
    assert "on its way" in (await look(ann, PATH)).text
    await tell(house.site)
    assert receiver.arrived[0].is_signed_with(secret)
    assert "The last message arrived" in (await look(ann, PATH)).text


async def test_only_what_is_ticked_is_told(house, ann, receiver):
    await add(ann, receiver.url, **{"push.expired": "true"})
    page = await look(ann, PATH)
    (entry,) = [one for one in page.all("p", class_="soft") if "expires or is deleted" in one.text]
    assert "viewed" not in entry.text
    await show(ann, await push_token(ann))
    await tell(house.site)
    assert receiver.arrived == []


async def test_what_went_wrong_with_the_last_message_is_shown(house, ann, receiver):
    await add(ann, receiver.url)
    receiver.answers(418)
    await done(ann, PATH, test=await first_id(ann))
    await tell(house.site)
    page = await look(ann, PATH)
    assert "it answered 418" in page.text
    assert "failing" in page.text

    receiver.answers(410)
    await done(ann, PATH, test=await first_id(ann))
    await tell(house.site)
    assert "disabled" in (await look(ann, PATH)).text


async def test_a_new_secret_is_asked_about_shown_once_and_another_one(house, ann, receiver):
    (old,) = set(SECRET.findall((await add(ann, receiver.url)).text))
    asked = read(await send(ann, PATH, rotate=await first_id(ann)))
    assert "Make a new secret?" in asked.text
    assert receiver.url in asked.text
    page = read(await send(ann, PATH, rotate=await first_id(ann), confirmed="true"))
    (new,) = set(SECRET.findall(page.text))
    assert new != old


async def test_a_webhook_is_deleted_after_a_question(house, ann, receiver):
    await add(ann, receiver.url)
    assert "Delete this webhook?" in read(await send(ann, PATH, delete=await first_id(ann))).text
    assert len((await ann.get("/api/v2/webhooks")).json) == 1
    assert await done(ann, PATH, delete=await first_id(ann), confirmed="true") == f"{PATH}?done=webhook_deleted"
    assert "There are none yet." in (await look(ann, PATH)).text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "needed"),
        ("ftp://example.com", "HTTP or HTTPS"),
        ("http://10.0.0.1/", "no public address"),
        ("http://no-such-host.invalid/", "no such host"),
        ("https://a:b@example.com/", "password"),
        ("http://127.0.0.1/" + "x" * 2000, "2000"),
    ],
)
async def test_what_is_wrong_with_an_address_stands_beside_it(house, ann, url, said):
    fields = {"url": url} | BOTH if url else BOTH
    page = await refused(ann, PATH, 422 if url else 400, **fields)
    assert said in problem(page, "url")
    assert page.one("input", id="url")["value"] == url
    assert (await ann.get("/api/v2/webhooks")).json == []


async def test_nothing_to_tell_is_refused_where_it_is_chosen(house, ann, receiver):
    page = await refused(ann, PATH, 422, url=receiver.url)
    (said,) = [one for one in page.elements if one.attributes.get("id") == "events-said"]
    assert "push.viewed" in said.text


async def test_after_the_tenth_there_is_no_form_for_another(house, ann, receiver):
    for _ in range(10):
        await add(ann, receiver.url)
    page = await look(ann, PATH)
    assert page.all("input", id="url") == []
    assert "as many webhooks as an account may" in page.text


async def test_somebody_elses_webhook_is_not_there(house, ann, receiver):
    await add(ann, receiver.url)
    bob = await make_person(house.site, house.client, "bob")
    for action in ("test", "rotate", "delete"):
        page = await refused(bob, PATH, 404, **{action: await first_id(ann)}, confirmed="true")
        assert alert(page)
    assert receiver.url not in (await look(bob, PATH)).text
    assert len((await ann.get("/api/v2/webhooks")).json) == 1


async def test_whoever_is_logged_out_comes_back_after_the_login(house, stranger):
    assert await done(stranger, PATH, url="https://example.com/") == "/login?redirect=%2Fuser%2Fwebhooks"


@pytest.mark.journey
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_webhook_is_added_in_a_browser_without_barriers(browser, house, ann, receiver, scheme):
    async with opened(browser, house.client, PATH, person=ann, viewport=DESKTOP, color_scheme=scheme) as page:
        await page.get_by_label("Address").fill(receiver.url)
        await page.get_by_role("button", name="Add it").click()
        await page.get_by_role("heading", name="The secret of this webhook").wait_for()
        assert await barriers(page) == []
        for size in (PHONE, SMALL_PHONE):
            await page.set_viewport_size(size)
            assert not await is_too_wide(page)
        await page.get_by_role("button", name="Send a test message").click()
        await page.get_by_text("A test message is on its way.").wait_for()
        await tell(house.site)
        await page.reload()
        await page.get_by_text("The last message arrived").wait_for()
        assert await barriers(page) == []
