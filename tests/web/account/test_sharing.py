"""What an account sets about downloads by others, and about the look of its files' pages."""

from tests.support.elsewhere import change_rows
from tests.web.account.conftest import done, look, problem, refused, send, whoami

SHARING = "/user/sharing"


async def test_the_terms_are_saved(ann):
    sent = {
        "action": "terms",
        "skip_file_viewer": "true",
        "transfer_cap": "1.5",
        "embed_domains": "a.example\nB.example",
    }
    page = await look(ann, await done(ann, SHARING, **sent))
    shown = await whoami(ann, ann.key)
    assert (shown["hotlinking_enabled"], shown["skip_file_viewer"]) == (False, True)
    assert shown["monthly_transfer_cap"] == 1_500_000_000
    assert shown["file_embed_domains"] == "a.example b.example"
    assert page.one("input", id="transfer_cap")["value"] == "1.5"
    assert "checked" not in page.one("input", id="hotlinking_enabled").attributes
    assert "checked" in page.one("input", id="skip_file_viewer").attributes

    await done(ann, SHARING, action="terms", hotlinking_enabled="true", transfer_cap="", embed_domains="")
    shown = await whoami(ann, ann.key)
    assert (shown["hotlinking_enabled"], shown["skip_file_viewer"], shown["monthly_transfer_cap"]) == (True, False, 0)


async def test_what_is_wrong_with_the_terms_stands_beside_the_fields(ann):
    page = await refused(ann, SHARING, action="terms", embed_domains="localhost")
    assert "no period" in problem(page, "embed_domains")
    assert page.one("textarea", id="embed_domains").text.strip() == "localhost"
    page = await refused(ann, SHARING, 422, action="terms", transfer_cap="lots")
    assert "number of gigabytes" in problem(page, "transfer_cap")
    page = await refused(ann, SHARING, 422, action="terms", transfer_cap="-1")
    assert "must be between 0 and" in problem(page, "transfer_cap")
    assert "checked" not in page.one("input", id="hotlinking_enabled").attributes


async def test_the_look_is_chosen_among_ones_own_images_and_previewed(ann, png):
    image = await ann.upload("banner.png", png)
    await ann.upload("notes.txt")
    page = await look(ann, SHARING)
    offered = [one["value"] for one in page.all("option")]
    assert offered.count(image) == 3
    sent = {"action": "branding", "theme": "dark", "header_image": image, "header_link": "https://example.com/"}
    page = await look(ann, await done(ann, SHARING, **sent, affiliate_prompt="Hello", disable_share_button="true"))
    assert (await whoami(ann, ann.key))["file_viewer_branding"] == {
        "theme": "dark",
        "header_image": image,
        "header_link": "https://example.com/",
        "affiliate_prompt": "Hello",
        "disable_share_button": "true",
    }
    assert page.one("img", data_of="header_image")["src"] == f"/api/file/{image}"
    assert "preview-dark" in page.one("div", id="preview")["class"]
    assert "hidden" in page.one("span", data_without="disable_share_button").attributes

    await done(ann, SHARING, action="branding")
    assert (await whoami(ann, ann.key))["file_viewer_branding"] is None


async def test_what_is_wrong_with_the_look_stands_beside_the_fields(ann, alice, png):
    text, hers = await ann.upload("notes.txt"), await alice.upload("hers.png", png)
    page = await refused(
        ann,
        SHARING,
        action="branding",
        header_image="AAAAAAAA",
        background_image=text,
        footer_image=hers,
        header_link="http://example.com",
        affiliate_prompt="x" * 501,
    )
    assert "does not exist" in problem(page, "header_image")
    assert "JPEG, PNG, GIF or WebP" in problem(page, "background_image")
    assert "not a file of your account" in problem(page, "footer_image")
    assert "https://" in problem(page, "header_link")
    assert problem(page, "affiliate_prompt")
    assert (await whoami(ann, ann.key))["file_viewer_branding"] is None


async def test_a_plan_without_branding_says_so(house, ann):
    await change_rows(house.site, "UPDATE users SET plan_id = 'small' WHERE name = 'ann'")
    page = await look(ann, SHARING)
    assert "Yours, Small, doesn't." in page.text
    assert page.all("form", id="branding") == []
    answer = await send(ann, SHARING, action="branding", theme="dark")
    assert answer.status == 403
