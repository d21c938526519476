"""PUT /user/file_customization, and what of it the API shows."""

import io
from typing import Any

import pytest
from PIL import Image

from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person

LARGEST = 10_000_000
PATH = "/api/user/file_customization"


def picture(kind: str, size_bytes: int = 0) -> bytes:
    """A real image, filled up behind its end, as many are."""
    out = io.BytesIO()
    Image.new("RGB", (64, 32), "teal").save(out, kind)
    return out.getvalue().ljust(size_bytes, b"\0")


async def put(person: Person, **fields: str) -> Answer:
    return await person.put(PATH, data=fields)


async def brand(person: Person, **fields: str) -> None:
    answer = await put(person, **fields)
    assert (answer.status, answer.json["value"]) == (200, "ok"), answer.body


async def shown(person: Person) -> dict[str, Any]:
    """The branding in the info of a file, the same as in GET /user."""
    info = await person.info(await person.upload())
    kept = (await person.get("/api/user")).json["file_viewer_branding"]
    assert info.get("branding") == kept
    assert kept is None or (kept and all(isinstance(value, str) for value in kept.values()))
    return kept or {}


async def test_every_field_is_shown_as_it_was_set(alice: Person):
    image = await alice.upload("banner.png", picture("PNG"))
    fields = {
        "theme": "nord_dark",
        "header_image": image,
        "header_link": "https://example.com/header",
        "background_image": image,
        "footer_image": image,
        "footer_link": "https://example.com/footer?a=1&b=ü",
        "affiliate_prompt": "Get a plan, please",
        "disable_download_button": "true",
        "disable_share_button": "true",
    }
    await brand(alice, **fields)
    assert await shown(alice) == fields


async def test_without_branding_there_is_none(alice: Person):
    assert await shown(alice) == {}
    await brand(alice)
    assert await shown(alice) == {}


async def test_what_is_not_sent_stays_and_what_is_sent_empty_goes(alice: Person):
    await brand(alice, theme="dark", affiliate_prompt="Hello", disable_share_button="true")
    await brand(alice, theme="light")
    assert await shown(alice) == {"theme": "light", "affiliate_prompt": "Hello", "disable_share_button": "true"}
    await brand(alice, affiliate_prompt="", disable_share_button="")
    assert await shown(alice) == {"theme": "light"}
    await brand(alice, theme="")
    assert await shown(alice) == {}


async def test_a_switch_that_is_off_is_left_out(alice: Person):
    await brand(alice, theme="dark", disable_download_button="true")
    await brand(alice, disable_download_button="false", disable_share_button="false")
    assert await shown(alice) == {"theme": "dark"}


async def test_everybody_sees_it_in_the_info_of_every_file_and_in_lists(alice: Person, bob: Person, anyone: Person):
    file_id = await alice.upload()
    list_id = await bob.make_list(file_id, await bob.upload())
    assert "branding" not in await anyone.info(file_id)
    await brand(alice, theme="dark")
    assert (await anyone.info(file_id))["branding"] == {"theme": "dark"}
    files = (await anyone.get(f"/api/list/{list_id}")).json["files"]
    assert [file.get("branding") for file in files] == [{"theme": "dark"}, None]


async def test_the_answer_to_an_upload_has_it_too(alice: Person):
    await brand(alice, theme="dark")
    assert (await alice.put("/api/file/a", data=b"x")).json["branding"] == {"theme": "dark"}


async def test_a_multipart_form_does_as_well(alice: Person):
    body = b'--x\r\nContent-Disposition: form-data; name="theme"\r\n\r\ndark\r\n--x--\r\n'
    answer = await alice.put(PATH, data=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status == 200, answer.body
    assert await shown(alice) == {"theme": "dark"}


@pytest.mark.parametrize("field", ["header_image", "background_image", "footer_image"])
@pytest.mark.parametrize(
    ("name", "kind"), [("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.gif", "GIF"), ("a.webp", "WEBP"), ("a.gif", "PNG")]
)
async def test_an_image_may_be_of_four_types(alice: Person, field: str, name: str, kind: str):
    image = await alice.upload(name, picture(kind))
    await brand(alice, **{field: image})
    assert await shown(alice) == {field: image}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b"text"),
        ("a.png", b"no image, for all its name says"),
        ("a.txt", picture("PNG")),
        ("a.bmp", picture("BMP")),
        ("a.tiff", picture("TIFF")),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("a.apng", picture("PNG")),
        ("a.html", picture("GIF")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_such_image_by_content_and_by_type_is_refused(alice: Person, name: str, data: bytes):
    answer = await put(alice, header_image=await alice.upload(name, data))
    assert answer.refusal == (400, "invalid_file_type")
    assert await shown(alice) == {}


async def test_an_image_has_exactly_ten_megabytes_at_most(alice: Person):
    largest = await alice.upload("a.png", picture("PNG", LARGEST))
    one_past = await alice.upload("b.png", picture("PNG", LARGEST + 1))
    await brand(alice, header_image=largest)
    assert (await put(alice, header_image=one_past)).refusal == (413, "file_too_large")
    assert await shown(alice) == {"header_image": largest}


@pytest.mark.parametrize("file_id", ["aaaaaaaa", "x", "../../etc", "写真"])
async def test_an_image_that_is_not_there_is_refused(alice: Person, file_id: str):
    assert (await put(alice, footer_image=file_id)).refusal == (404, "branding_image_not_found")


async def test_somebody_elses_image_is_refused(alice: Person, bob: Person):
    image = await bob.upload("banner.png", picture("PNG"))
    assert (await put(alice, background_image=image)).refusal == (404, "not_found")


@pytest.mark.parametrize("field", ["header_link", "footer_link"])
@pytest.mark.parametrize(
    "link",
    [
        "http://example.com/",
        "HTTPS//example.com",
        "//example.com",
        "example.com",
        "javascript:alert(1)//https://",
        " https://example.com/",
        "https://",
        "https:///path",
        "https://[",
        "https://example.com/\r\nX: y",
        "https://exam ple.com/",
        "data:text/html,https://",
    ],
)
async def test_a_link_that_is_not_https_is_refused(alice: Person, field: str, link: str):
    assert (await put(alice, **{field: link})).refusal == (400, "invalid_link")
    assert await shown(alice) == {}


@pytest.mark.parametrize(
    ("field", "start", "longest"),
    [("theme", "", 50), ("affiliate_prompt", "", 500), ("header_link", "https://a.b/", 1000)],
)
async def test_texts_have_a_longest_length(alice: Person, field: str, start: str, longest: int):
    await brand(alice, **{field: start.ljust(longest, "ü")})
    refused = await put(alice, **{field: start.ljust(longest + 1, "ü")})
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"] == {"field": field, "min_len": 0, "max_len": longest, "len": longest + 1}


@pytest.mark.parametrize("field", ["disable_download_button", "disable_share_button"])
@pytest.mark.parametrize("value", ["1", "yes", "TRUE"])
async def test_a_switch_is_true_or_false(alice: Person, field: str, value: str):
    refused = await put(alice, **{field: value})
    assert refused.refusal == (422, "bool_parse_failed")
    assert refused.json["extra"] == {"field": field}


async def test_everything_that_is_wrong_is_said_at_once_and_nothing_changes(alice: Person):
    await brand(alice, theme="dark")
    text = await alice.upload("a.txt", b"text")
    answer = await put(
        alice,
        theme="light",
        header_image="aaaaaaaa",
        header_link="ftp://x",
        footer_image=text,
        disable_share_button="?",
    )
    assert answer.refusal == (400, "multiple_errors")
    assert [error["value"] for error in answer.json["errors"]] == [
        "branding_image_not_found",
        "invalid_link",
        "invalid_file_type",
        "bool_parse_failed",
    ]
    assert await shown(alice) == {"theme": "dark"}


async def test_a_plan_without_branding_may_not(limited):
    place = await limited(file_viewer_branding=False)
    carol = await place.person("carol")
    for fields in ({"theme": "dark"}, {"header_image": "aaaaaaaa"}, {}):
        assert (await put(carol, **fields)).refusal == (403, "forbidden")
    await brand(await (await limited(file_viewer_branding=True)).person("dave"), theme="dark")


async def test_a_key_is_needed_and_an_account_that_is_not_banned(alice: Person, anyone: Person, site: Site):
    assert (await put(anyone, theme="dark")).refusal == (401, "authentication_required")
    stranger = Person("", "00000000-0000-4000-8000-000000000000", anyone.client)
    assert (await put(stranger, theme="dark")).refusal == (401, "authentication_failed")
    await change_rows(site, "UPDATE users SET banned_at = now()")
    assert (await put(alice, theme="dark")).status in {401, 403}


async def test_an_image_that_is_deleted_later_breaks_nothing(alice: Person):
    image = await alice.upload("banner.png", picture("PNG"))
    await brand(alice, header_image=image, theme="dark")
    await alice.delete(f"/api/file/{image}")
    await brand(alice, theme="light")
    assert await shown(alice) == {"header_image": image, "theme": "light"}
    await brand(alice, header_image="")
    assert await shown(alice) == {"theme": "light"}


async def test_what_the_account_says_about_pages_is_in_the_info(alice: Person, site: Site):
    info = await alice.info(await alice.upload())
    assert (info["embed_domains"], info["skip_file_viewer"]) == ([], False)
    await change_rows(site, "UPDATE users SET embed_domains = 'a.example b.example', skip_file_viewer = true")
    info = await alice.info(await alice.upload())
    assert (info["embed_domains"], info["skip_file_viewer"]) == (["a.example", "b.example"], True)


async def test_a_change_made_on_another_machine_is_heard_of(alice: Person, anyone: Person, site: Site):
    """The row is changed past our process: only the database can tell it."""
    await site.changes.listen()
    file_id = await alice.upload()
    await anyone.info(file_id)
    before = site.changes.generation
    await change_rows(site, """UPDATE users SET branding = '{"theme": "dark"}'""")
    while site.changes.generation == before:
        await site.db.execute("SELECT pg_sleep(0.01)")
    assert (await anyone.info(file_id))["branding"] == {"theme": "dark"}
