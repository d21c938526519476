"""What the owner of a file puts on its page."""

from typing import Any

import pytest

from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.people import Person
from tests.web.reading import HOSTILE, Page, take_down, visit

HOSTILE_LINK = "https://evil.example/\"><script>alert(1)</script>'&quot;"


async def brand(person: Person, **fields: Any) -> None:
    answer = await person.put("/api/user/file_customization", data=fields)
    assert answer.status == 200, answer.body


async def branded_page(owner: Person, visitor: Person, **fields: Any) -> Page:
    await brand(owner, **fields)
    return await visit(visitor, f"/u/{await owner.upload('some.txt', b'some text')}")


def banner(page: Page, element: str) -> list[str]:
    """The image's address and, if there is one, the link's."""
    [found] = page.all(element, class_="banner")
    after = page.elements[page.elements.index(found) + 1 :][:2]
    links = [one["href"] for one in after if one.tag == "a"]
    return [next(one for one in after if one.tag == "img")["src"], *links]


async def test_a_page_without_branding_has_no_trace_of_it(alice, anyone):
    page = await visit(anyone, f"/u/{await alice.upload()}")
    assert (
        page.all("header", class_="banner")
        == page.all("footer", class_="banner")
        == page.all("img", class_="brand-background")
        == []
    )
    assert "branded" not in page.one("main")["class"]


@pytest.mark.parametrize("element", ["header", "footer"])
async def test_a_banner_shows_its_image_and_leads_to_its_link(alice, anyone, png, element):
    image = await alice.upload("banner.png", png)

    page = await branded_page(
        alice, anyone, **{f"{element}_image": image, f"{element}_link": "https://example.com/?a=b&c"}
    )

    assert banner(page, element) == [f"/api/file/{image}", "https://example.com/?a=b&c"]
    assert page.one("a", href="https://example.com/?a=b&c")["rel"] == "nofollow ugc noopener noreferrer"
    assert (await anyone.get(f"/api/file/{image}")).body == png


async def test_a_banner_needs_no_link_and_a_link_alone_shows_nothing(alice, anyone, png):
    image = await alice.upload("banner.png", png)
    page = await branded_page(alice, anyone, header_image=image, footer_link="https://example.com/")
    assert banner(page, "header") == [f"/api/file/{image}"]
    assert page.all("footer", class_="banner") == []
    assert "https://example.com/" not in page.source.partition('id="file"')[0]


async def test_a_background_lies_behind_the_page(alice, anyone, png):
    image = await alice.upload("background.png", png)
    page = await branded_page(alice, anyone, background_image=image)
    assert page.one("img", class_="brand-background")["src"] == f"/api/file/{image}"
    assert "branded" in page.one("main")["class"].split()


@pytest.mark.parametrize(
    ("theme", "shown"), [("dark", "theme-dark"), ("nord_light", "theme-light"), ("classic", None), ('"><script>', None)]
)
async def test_a_theme_is_light_or_dark_or_the_visitors_own(alice, anyone, theme, shown):
    page = await branded_page(alice, anyone, theme=theme)
    assert [name for name in page.one("main")["class"].split() if name.startswith("theme-")] == (
        [shown] if shown else []
    )


async def test_buttons_can_be_left_out(alice, anyone):
    page = await branded_page(alice, anyone, disable_download_button="true")
    assert [button.text for button in page.all("a", class_="button primary") + page.all("a", class_="button")] == []
    assert page.all("button", class_="button") != []

    page = await branded_page(alice, anyone, disable_download_button="false", disable_share_button="true")
    assert len(page.all("a", class_="button primary")) == 1
    assert page.all("button", class_="button") == []


async def test_a_message_is_text_whatever_it_says(alice, anyone):
    page = await branded_page(alice, anyone, affiliate_prompt=HOSTILE)
    assert page.one("p", class_="brand-prompt").text == HOSTILE.replace("\u202e", "\ufffd")
    assert "<script>alert" not in page.source
    assert page.json("file")["branding"] == {"affiliate_prompt": HOSTILE}


async def test_a_hostile_link_stays_in_its_attribute(alice, anyone, png):
    image = await alice.upload("banner.png", png)
    page = await branded_page(alice, anyone, header_image=image, header_link=HOSTILE_LINK)
    assert banner(page, "header") == [f"/api/file/{image}", HOSTILE_LINK]
    assert "<script>alert" not in page.source


async def test_the_policy_of_the_page_stays_as_strict_as_it_was(alice, anyone, png):
    plain = await visit(anyone, f"/u/{await alice.upload()}")
    image = await alice.upload("banner.png", png)
    page = await branded_page(alice, anyone, header_image=image, background_image=image)
    assert page.headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


async def test_a_change_shows_at_once(alice, anyone, png):
    image = await alice.upload("banner.png", png)
    file_id = await alice.upload()
    await visit(anyone, f"/u/{file_id}")
    await brand(alice, header_image=image)
    assert (await visit(anyone, f"/u/{file_id}")).all("header", class_="banner") != []
    await brand(alice, header_image="")
    assert (await visit(anyone, f"/u/{file_id}")).all("header", class_="banner") == []


@pytest.mark.parametrize("gone", ["deleted", "taken down", "expired", "to be spent"])
async def test_an_image_that_cannot_be_shown_any_more_is_left_out(alice, anyone, site: Site, clock, png, gone):
    date = "" if gone != "expired" else "?delete_after_date=" + clock.now().isoformat().replace("+", "%2B")
    image = await alice.upload("banner.png", png)
    await brand(alice, header_image=image, background_image=image, footer_image=await alice.upload("footer.png", png))
    if gone == "deleted":
        await alice.delete(f"/api/file/{image}")
    elif gone == "taken down":
        await take_down(site, image)
    else:
        field = {"delete_after_date": clock.now().isoformat()} if date else {"delete_after_downloads": "5"}
        await alice.post(f"/api/file/{image}", data={"action": "update"} | field)

    page = await visit(anyone, f"/u/{await alice.upload()}")

    assert page.status == 200
    assert page.all("header", class_="banner") == page.all("img", class_="brand-background") == []
    assert len(page.all("footer", class_="banner")) == 1


async def test_a_plan_without_branding_shows_none_and_keeps_it_for_later(alice, anyone, site: Site, png):
    image = await alice.upload("banner.png", png)
    file_id = await alice.upload()
    await brand(alice, header_image=image, disable_download_button="true")
    for plan, is_shown in (("free", False), ("prepaid", True)):
        await change_rows(site, "UPDATE users SET plan_id = $1", plan)
        page = await visit(anyone, f"/u/{file_id}")
        assert bool(page.all("header", class_="banner")) is is_shown
        assert ("branding" in page.json("file")) is is_shown
        assert bool(page.all("a", class_="button primary")) is not is_shown


async def test_other_accounts_pages_are_their_own(alice, bob, anyone, png):
    await brand(alice, header_image=await alice.upload("banner.png", png))
    assert (await visit(anyone, f"/u/{await bob.upload()}")).all("header", class_="banner") == []
