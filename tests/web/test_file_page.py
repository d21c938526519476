"""The page of a file: what a visitor reads, and what programs read in its head."""

from dataclasses import replace

import msgspec
import pytest

from pixelhost.core import previews
from pixelhost.media.texts import decoded
from pixelhost.plans import BUILT_IN
from pixelhost.web import views, wording
from tests.web.reading import HOSTILE, stranger_at, views_of, visit


async def test_a_files_page_shows_what_it_is(alice, anyone):
    file_id = await alice.upload("walk.bin", b"\x00" * 12_345)
    page = await visit(anyone, f"/u/{file_id}")
    assert page.status == 200
    assert page.title == "walk.bin · pixelhost"
    assert page.one("h1").text == "walk.bin"
    assert page.one("data", value="12345").text == "12.3 kB"
    assert page.one("data", value="12345")["title"] == "12,345 bytes"
    info = await alice.info(file_id)
    for fact in (info["mime_type"], info["hash_sha256"]):
        assert fact in page.text
    assert page.one("time")["datetime"].startswith(info["date_upload"][:19])


async def test_a_files_page_offers_the_download_and_the_raw_file(alice, anyone):
    file_id = await alice.upload("walk.bin", b"some bytes")
    page = await visit(anyone, f"/u/{file_id}")
    download = page.one("a", class_="button primary")["href"]
    assert download == f"/api/file/{file_id}?download"
    got = await anyone.get(download)
    assert got.body == b"some bytes"
    assert got.headers["Content-Disposition"].startswith("attachment")
    raw = next(link for link in page.all("a") if link.text == "Open raw")
    assert (await anyone.get(raw["href"])).body == b"some bytes"


async def test_a_files_page_holds_exactly_what_the_api_says(alice, anyone):
    file_id = await alice.upload(HOSTILE, b"some text")
    assert (await visit(anyone, f"/u/{file_id}")).json("file") == await anyone.info(file_id)
    mine = (await visit(alice, f"/u/{file_id}")).json("file")
    assert mine == await alice.info(file_id)
    assert mine["can_edit"] is True


async def test_a_hostile_name_stays_a_name(alice, anyone):
    page = await visit(anyone, f"/u/{await alice.upload(HOSTILE, b'some text')}")
    shown = HOSTILE.replace("\u202e", "\ufffd")
    assert page.one("h1").text == shown
    assert page.tags["og:title"] == shown
    assert page.title == f"{shown} · pixelhost"
    assert page.json("file")["name"] == HOSTILE
    assert "<script>alert" not in page.source
    assert "\u202e" not in page.source.partition('id="file"')[0]
    assert "\u2028" not in page.source.partition('id="file"')[2]


async def test_a_name_is_kept_apart_from_the_text_around_it(alice, anyone):
    file_id = await alice.upload("שלום.txt")
    page = await visit(anyone, f"/u/{file_id}")
    assert page.one("bdi").text == "שלום.txt"


@pytest.mark.parametrize("control", [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))])
def test_controls_of_direction_in_a_name_are_visible(control):
    assert wording.honest(f"a{control}gpj.exe") == "a\ufffdgpj.exe"


async def test_an_image_is_shown_and_opens_raw(alice, anyone, png):
    file_id = await alice.upload("photo.png", png)
    page = await visit(anyone, f"/u/{file_id}")
    assert page.one("a", class_="picture")["href"] == f"/api/file/{file_id}"
    assert page.one("img", alt="photo.png")["src"] == f"/api/file/{file_id}"


@pytest.mark.parametrize(
    ("name", "head", "tag"), [("clip.mp4", b"\0\0\0\x18ftypisom", "video"), ("song.mp3", b"ID3\4", "audio")]
)
async def test_films_and_music_get_the_browsers_own_player(alice, anyone, name, head, tag):
    file_id = await alice.upload(name, head + bytes(500))
    player = (await visit(anyone, f"/u/{file_id}")).one(tag)
    assert player["src"] == f"/api/file/{file_id}"
    assert player["preload"] == "metadata"
    assert "controls" in player.attributes


async def test_what_cannot_be_shown_gets_its_icon_and_a_download_button(alice, anyone):
    file_id = await alice.upload("backup.bin", bytes(100))
    page = await visit(anyone, f"/u/{file_id}")
    assert "There is no preview of files of this type." in page.text
    assert page.all("img")[-1]["src"] == f"/api/file/{file_id}/thumbnail"
    assert page.one("a", class_="button primary").text.startswith("Download")


async def test_text_can_be_read_on_the_page_line_by_line(alice, anyone):
    text = '\n<b>bold</b> & "quoted"\n\tGrüße\n'
    page = await visit(anyone, f"/u/{await alice.upload('notes.txt', text.encode())}")
    assert page.one("pre").text == text
    assert [line.text for line in lines_of(page)] == ["\n", '<b>bold</b> & "quoted"\n', "\tGrüße\n"]
    assert "Shortened" not in page.text


async def test_long_text_is_shown_from_its_beginning_with_a_way_to_more(alice, anyone):
    # The last character of what is shown would be half of a two-byte one.
    file_id = await alice.upload("long.txt", b"x" + "ä".encode() * views.WHOLE_BYTES)
    page = await visit(anyone, f"/u/{file_id}")
    assert page.one("pre").text == "x" + "ä" * (views.PREVIEW_BYTES // 2 - 1) + "\n"
    assert "Shortened. Show more Open all" in page.text
    page = await visit(anyone, f"/u/{file_id}?whole")
    assert page.one("pre").text == "x" + "ä" * (views.WHOLE_BYTES // 2 - 1) + "\n"
    assert "Shortened. Open all" in page.text


async def test_text_of_very_many_lines_is_shown_from_its_beginning(alice, anyone):
    file_id = await alice.upload("empty.txt", b"\n" * 300_000)
    page = await visit(anyone, f"/u/{file_id}?whole")
    assert "Shortened." in page.text
    assert len([line for line in page.all("span") if line.text == "\n"]) == previews.LINES_MAX


async def test_code_has_colours_by_classes_and_none_by_styles(alice, anyone):
    code = b'def greet(name):\r\n    """Two\r\n    lines & <b>"""\r\n    return f"hello {name}"\r\n'
    page = await visit(anyone, f"/u/{await alice.upload('greet.py', code)}")
    assert page.one("pre").text == code.decode().replace("\r", "")
    assert len(lines_of(page)) == 4
    assert [keyword.text for keyword in page.all("span", class_="hl-k")] == ["def", "return"]
    assert any("colours.css" in link["href"] for link in page.all("link", rel="stylesheet"))
    plain = await visit(anyone, f"/u/{await alice.upload('greet.txt', b'def greet')}")
    assert not any("colours.css" in link["href"] for link in plain.all("link", rel="stylesheet"))


def lines_of(page):
    spans = page.all("span")
    code = page.one("code", class_="lines")
    return [span for span in spans if not span.attributes and page.elements.index(span) > page.elements.index(code)]


async def test_markdown_comes_rendered_in_a_sandbox_of_its_own_or_as_source(alice, anyone):
    text = (
        b"# Hello\n\n[there](https://example.com/) [here](#sec)\n\n<script>alert(1)</script>\n\n<b onclick=alert(2)>x"
    )
    file_id = await alice.upload("readme.md", text)
    page = await visit(anyone, f"/u/{file_id}")
    frame = page.one("iframe")
    assert set(frame["sandbox"].split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    document = await visit(anyone, frame["src"])
    policy = document.headers["Content-Security-Policy"]
    assert "; sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "script-src 'none'" in policy
    assert document.one("h1").text == "Hello"
    assert document.all("script") == []
    assert document.one("a", href="https://example.com/")["target"] == "_blank"
    assert "target" not in document.one("a", href="#user-content-sec").attributes
    source = await visit(anyone, f"/u/{file_id}?source")
    assert source.one("pre").text == text.decode() + "\n"
    assert "Show it rendered" in source.text


async def test_long_markdown_is_shown_as_text_first(alice, anyone):
    file_id = await alice.upload("long.md", b"word " * (views.RENDERED_BYTES // 5 + 1))
    page = await visit(anyone, f"/u/{file_id}")
    assert page.all("iframe") == []
    assert "Shortened" in page.text


async def test_a_pdf_is_shown_by_the_browser_in_a_frame(alice, anyone):
    file_id = await alice.upload("paper.pdf", b"%PDF-1.7" + bytes(1000))
    page = await visit(anyone, f"/u/{file_id}")
    assert page.one("iframe")["src"] == f"/api/file/{file_id}"
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]


async def test_nothing_that_goes_after_some_downloads_is_spent_by_a_look(alice, anyone, png):
    file_id = await alice.upload("photo.png", png, query="?delete_after_downloads=1")
    page = await visit(anyone, f"/u/{file_id}")
    assert [image["src"] for image in page.all("img")][-1] == f"/api/file/{file_id}/thumbnail"
    assert "one of the downloads after which this file goes" in page.text


def test_text_that_is_not_utf_8_is_shown_with_replacements():
    assert decoded(b"caf\xe9 au lait", is_truncated=False) == "caf\ufffd au lait"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding_and_is_not_shown(encoding):
    assert decoded("Grüße".encode(encoding), is_truncated=False) == "Grüße"


async def test_views_and_downloads_over_time_are_drawn_when_they_are_asked_for(alice, anyone, flush):
    file_id = await alice.upload("photo.bin", b"the file itself")
    assert (await visit(anyone, f"/u/{file_id}")).all("svg") == []
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    for range_ in ("day", "week", "month", "year"):
        page = await visit(anyone, f"/u/{file_id}?range={range_}")
        assert [plot["aria-label"] for plot in page.all("svg")] == ["Views: 1", "Downloads: 1"]
        assert page.one("a", aria_current="true")["href"] == f"?range={range_}#figures"
    assert (await visit(anyone, f"/u/{file_id}?range=aeon")).status == 422


async def test_the_page_says_when_a_file_goes_by_itself(alice, anyone):
    file_id = await alice.upload("brief.txt", query="?delete_after_downloads=5&delete_after_date=2099-12-24T18:00:00Z")
    text = (await visit(anyone, f"/u/{file_id}")).text
    assert "Deleted on 24 Dec 2099" in text
    assert "Deleted after 5 downloads" in text


async def test_the_page_says_until_when_the_owners_plan_keeps_a_file(site, alice, anyone):
    file_id = await alice.upload("kept.txt")
    assert "Kept until" not in (await visit(anyone, f"/u/{file_id}")).text
    plans = BUILT_IN | {"unlimited": msgspec.structs.replace(BUILT_IN["unlimited"], file_expiry_days=60)}
    async with stranger_at(replace(site, settings=replace(site.settings, plans=plans))) as stranger:
        assert "Kept until" in (await visit(stranger, f"/u/{file_id}")).text


@pytest.mark.parametrize("program", ["curl/8.14.1", "Wget/1.25.0", "wget/2"])
async def test_curl_and_wget_are_sent_to_the_file_itself(alice, anyone, flush, program):
    file_id = await alice.upload("photo.bin", b"the file itself")
    answer = await anyone.get(f"/u/{file_id}", headers={"User-Agent": program})
    assert answer.status == 303
    assert (await anyone.get(answer.headers["Location"])).body == b"the file itself"
    assert await views_of(alice, file_id, flush) == 0


async def test_curl_is_told_that_a_file_does_not_exist(anyone):
    assert (await anyone.get("/u/abcdefgh", headers={"User-Agent": "curl/8"})).status == 404


async def test_a_link_to_a_file_has_a_preview_elsewhere(alice, anyone):
    file_id = await alice.upload("paper.pdf", b"%PDF-1.7" + bytes(1000))
    here = str(anyone.client.make_url("/")).rstrip("/")
    tags = (await visit(anyone, f"/u/{file_id}")).tags
    assert tags["og:title"] == tags["twitter:title"] == "paper.pdf"
    assert tags["og:type"] == "website"
    assert tags["og:url"] == f"{here}/u/{file_id}"
    assert tags["og:site_name"] == "pixelhost"
    assert tags["og:description"] == "1.01 kB · application/pdf"
    assert tags["og:image"] == tags["twitter:image"] == f"{here}/api/file/{file_id}/thumbnail"
    assert tags["og:image:type"] == "image/png"
    assert tags["twitter:card"] == "summary"
    assert "og:video" not in tags
    assert (await anyone.get(tags["og:image"].removeprefix(here))).headers["Content-Type"] == "image/png"


async def test_a_film_can_be_found_by_programs_that_read_og_video(alice, anyone):
    film = b"\0\0\0\x18ftypisom" + bytes(500)
    file_id = await alice.upload("clip.mp4", film)
    here = str(anyone.client.make_url("/")).rstrip("/")
    tags = (await visit(anyone, f"/u/{file_id}")).tags
    assert tags["og:type"] == "video.other"
    assert tags["og:video"] == tags["og:video:url"] == f"{here}/api/file/{file_id}"
    assert tags["og:video:type"] == "video/mp4"
    assert (await anyone.get(tags["og:video"].removeprefix(here))).body == film


@pytest.mark.parametrize(("name", "head"), [("clip.mp4", b"\0\0\0\x18ftypisom"), ("song.mp3", b"ID3\4")])
async def test_programs_that_preview_links_are_not_led_to_spend_the_downloads_of_a_file(alice, anyone, name, head):
    file_id = await alice.upload(name, head + bytes(500), "?delete_after_downloads=1")
    list_id = await alice.make_list(file_id)
    for path in (f"/u/{file_id}", f"/l/{list_id}?item=0"):
        tags = (await visit(anyone, path)).tags
        assert tags["og:title"] == name
        assert [content for content in tags.values() if content.endswith(f"/api/file/{file_id}")] == []


async def test_music_has_og_audio(alice, anyone):
    file_id = await alice.upload("song.mp3", b"ID3\4" + bytes(500))
    tags = (await visit(anyone, f"/u/{file_id}")).tags
    assert tags["og:type"] == "music.song"
    assert tags["og:audio"].endswith(f"/api/file/{file_id}")
    assert tags["og:audio:type"] == "audio/mpeg"


async def test_links_use_the_configured_address(site, alice):
    file_id = await alice.upload("clip.mp4", b"\0\0\0\x18ftypisom" + bytes(500))
    configured = replace(site.settings, base_url="https://files.example.com")
    async with stranger_at(replace(site, settings=configured)) as stranger:
        tags = (await visit(stranger, f"/u/{file_id}")).tags
        assert tags["og:url"] == f"https://files.example.com/u/{file_id}"
        assert tags["og:video:secure_url"] == f"https://files.example.com/api/file/{file_id}"
        home = await visit(stranger, "/")
        assert "https://files.example.com/api/file/" in home.text


async def test_raw_bytes_come_from_the_content_origin_where_one_is_set(site, alice, png):
    film = await alice.upload("clip.mp4", b"\0\0\0\x18ftypisom" + bytes(500))
    list_id = await alice.make_list(film)
    configured = replace(site.settings, content_origin="https://raw.example.com")
    async with stranger_at(replace(site, settings=configured)) as stranger:
        page = await visit(stranger, f"/u/{film}")
        assert page.one("video")["src"] == f"https://raw.example.com/api/file/{film}"
        assert page.tags["og:video"] == f"https://raw.example.com/api/file/{film}"
        policy = page.headers["Content-Security-Policy"]
        assert "img-src 'self' https://raw.example.com;" in policy
        assert "media-src 'self' https://raw.example.com;" in policy
        assert "script-src 'self';" in policy
        album = await visit(stranger, f"/l/{list_id}")
        assert album.one("a", class_="button primary")["href"] == f"https://raw.example.com/api/list/{list_id}/zip"
        curl = await stranger.get(f"/u/{film}", headers={"User-Agent": "curl/8"})
        assert curl.headers["Location"] == f"https://raw.example.com/api/file/{film}"


async def test_the_pages_of_files_are_kept_out_of_search_engines(alice, anyone):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    for path in (f"/u/{file_id}", f"/l/{list_id}"):
        assert (await visit(anyone, path)).tags["robots"] == "noindex"
    robots = await anyone.get("/robots.txt")
    assert robots.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_looking_at_a_page_counts_once_per_address(alice, anyone, flush):
    file_id = await alice.upload()
    await visit(anyone, f"/u/{file_id}")
    await visit(anyone, f"/u/{file_id}")
    assert await views_of(alice, file_id, flush) == 1
    await visit(anyone, f"/u/{file_id}")
    assert await views_of(alice, file_id, flush) == 1
    assert "Views 1 " in (await visit(anyone, f"/u/{file_id}")).text


async def test_asking_for_the_head_of_a_page_counts_nothing(alice, anyone, flush):
    file_id = await alice.upload()
    answer = await anyone.ask("HEAD", f"/u/{file_id}")
    assert (answer.status, answer.body) == (200, b"")
    assert await views_of(alice, file_id, flush) == 0
