"""The pages as they come over the wire: what a visitor reads, and what programs read in their heads."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from aiohttp.test_utils import make_mocked_request

from pixelhost import errors, web
from pixelhost.app import build_app
from pixelhost.errors import ApiErrors
from pixelhost.media import mime
from pixelhost.plans import BUILT_IN
from pixelhost.site import Site
from pixelhost.web import assets, files, pages, viewers, wording
from pixelhost.wire.credentials import COOKIE
from tests.support.client import RealServer, fresh_client
from tests.support.people import Answer, Person
from tests.web.reading import Page, read, visit

HOSTILE = "<script>alert(1) \"double\" 'single' & \u2028 {{ 7 * 7 }} \u202egpj.exe"
NOBODYS_KEY = "00000000-0000-4000-8000-000000000000"


@asynccontextmanager
async def stranger_at(site: Site) -> AsyncIterator[Person]:
    """Somebody without a key at another Site than the usual."""
    async with RealServer(build_app(site)) as server, fresh_client(server) as client:
        yield Person("", "", client)


async def take_down(site: Site, file_id: str, kind: str = "copyright") -> None:
    await site.db.execute("UPDATE files SET abuse_type = $2 WHERE id = $1", file_id, kind)


async def views_of(person: Person, file_id: str, flush) -> int:
    await flush()
    views: int = (await person.info(file_id))["views"]
    return views


# The page of a file


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
    assert (await anyone.get(page.all("a", class_="button")[0]["href"])).body == b"some bytes"


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
    file_id = await alice.upload("backup.zip", b"PK\3\4" + bytes(100))
    page = await visit(anyone, f"/u/{file_id}")
    assert page.all("img")[-1]["src"] == f"/api/file/{file_id}/thumbnail"
    assert page.one("a", class_="button primary").text.startswith("Download")


async def test_text_can_be_read_on_the_page(alice, anyone):
    text = '\n<b>bold</b> & "quoted"\n\tGrüße\n'
    page = await visit(anyone, f"/u/{await alice.upload('notes.txt', text.encode())}")
    assert page.one("pre").text == "\n" + text
    assert "Shortened" not in page.text


async def test_long_text_is_shown_from_its_beginning_and_says_so(alice, anyone):
    # The last character of what is shown would be half of a two-byte one.
    file_id = await alice.upload("long.txt", b"x" + "ä".encode() * files.PREVIEW_BYTES)
    page = await visit(anyone, f"/u/{file_id}")
    assert page.one("pre").text == "\nx" + "ä" * (files.PREVIEW_BYTES // 2 - 1)
    assert "Shortened. Open all" in page.text


def test_text_that_is_not_utf_8_is_shown_with_replacements():
    assert files.decoded(b"caf\xe9 au lait", is_truncated=False).text == "caf\ufffd au lait"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding_and_is_not_shown(encoding):
    assert files.decoded("Grüße".encode(encoding), is_truncated=False).text == "Grüße"


async def test_the_page_says_when_a_file_goes_by_itself(alice, anyone):
    file_id = await alice.upload("brief.txt", query="?delete_after_downloads=5&delete_after_date=2099-12-24T18:00:00Z")
    text = (await visit(anyone, f"/u/{file_id}")).text
    assert "Deleted on 24 Dec 2099" in text
    assert "Deleted after 5 downloads" in text


async def test_the_page_says_until_when_the_owners_plan_keeps_a_file(site, alice, anyone):
    file_id = await alice.upload("kept.txt")
    assert "Kept until" not in (await visit(anyone, f"/u/{file_id}")).text
    plans = BUILT_IN | {"unlimited": replace(BUILT_IN["unlimited"], file_expiry_days=60)}
    async with stranger_at(replace(site, settings=replace(site.settings, plans=plans))) as stranger:
        assert "Kept until" in (await visit(stranger, f"/u/{file_id}")).text


# What other programs make of it


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


# Counting


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


# Refusals


async def test_a_file_that_never_was_is_a_page_with_404(anyone):
    page = await visit(anyone, "/u/abcdefgh")
    assert page.status == 404
    assert page.one("h1").text == "There is nothing here"
    for path in ("/l/abcdefgh", "/u/x", "/u/%22%3E%3Cscript%3E", "/u/%FF", "/nothing", "/u/", "/u/abcdefgh/more"):
        assert (await visit(anyone, path)).status in {404, 422}


async def test_a_deleted_file_is_gone(alice, anyone):
    file_id = await alice.upload()
    await alice.delete(f"/api/file/{file_id}")
    assert (await visit(anyone, f"/u/{file_id}")).status == 404


async def test_an_expired_file_is_gone(alice, anyone, clock):
    file_id = await alice.upload(query="?delete_after_date=2099-01-01T00:00:00Z")
    clock.advance(days=40_000)
    assert (await visit(anyone, f"/u/{file_id}")).status == 404


async def test_a_file_that_was_taken_down_is_a_page_with_451_that_says_why(site, alice, anyone, flush):
    file_id = await alice.upload("secret name.txt", b"what was in it")
    await take_down(site, file_id, "revenge_porn")
    page = await visit(anyone, f"/u/{file_id}")
    assert page.status == 451
    assert "This file was taken down" in page.text
    assert "Reason given: revenge porn" in page.text
    assert "secret name" not in page.source
    assert "what was in it" not in page.source
    assert await views_of(alice, file_id, flush) == 0


async def test_a_file_marked_as_malware_has_a_page_that_says_so_instead_of_a_download(site, alice, anyone):
    file_id = await alice.upload("invoice.txt", b"what was in it")
    await site.db.execute("UPDATE files SET virus_name = 'Eicar' WHERE id = $1", file_id)
    page = await visit(anyone, f"/u/{file_id}")
    assert page.status == 200
    assert page.one("h2").text == "This file is marked as malware"
    assert page.all("a", class_="button primary") == []
    assert "what was in it" not in page.source
    owners = await visit(alice, f"/u/{file_id}")
    assert owners.one("pre").text == "\nwhat was in it"


async def test_a_page_can_only_be_read(anyone):
    answer = await anyone.post("/")
    page = read(answer)
    assert page.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD"}


async def test_what_breaks_inside_stays_inside(site, alice, database_url):
    file_id = await alice.upload()
    gone = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await gone.close()
    async with stranger_at(replace(site, db=gone)) as stranger:
        page = await visit(stranger, f"/u/{file_id}")
        assert page.status == 500
        assert page.one("h1").text == "Something went wrong here"
        assert "pool" not in page.source
        assert "Traceback" not in page.source


async def test_a_wrong_key_is_refused_with_a_page(client):
    page = await visit(Person("", NOBODYS_KEY, client), "/")
    assert page.status == 401
    assert page.headers["WWW-Authenticate"].startswith("Basic")


def test_several_problems_are_listed_on_one_page():
    problems = ApiErrors([errors.MISSING_FIELD(field="name"), errors.FORBIDDEN(message="<b>no</b>")])
    answer = web.DIALECT.render(make_mocked_request("GET", "/"), problems)
    page = read(Answer(answer.status, answer.headers, answer.body))
    assert page.status == 400
    assert [item.text for item in page.all("li")] == [errors.MISSING_FIELD.message, "<b>no</b>"]


@pytest.mark.parametrize("row", errors.KINDS.values(), ids=errors.KINDS)
def test_every_documented_refusal_has_a_page(row):
    error = row(**dict.fromkeys(row.extra, "<extra>"))
    answer = web.DIALECT.render(make_mocked_request("GET", "/"), error)
    page = read(Answer(answer.status, answer.headers, answer.body))
    assert page.status == row.status
    assert page.one("h1").text
    assert "<extra>" not in page.source


# Login cookies


async def test_a_login_cookie_that_is_no_longer_valid_is_cleared(anyone):
    answer = await anyone.get("/", headers={"Cookie": f"{COOKIE}={NOBODYS_KEY}"})
    assert answer.status == 200
    cleared = answer.headers["Set-Cookie"]
    assert cleared.startswith(f'{COOKIE}="";')
    assert "Max-Age=0" in cleared
    assert "Path=/" in cleared


async def test_a_valid_login_cookie_is_left_alone(alice, anyone):
    file_id = await alice.upload()
    answer = await anyone.get(
        f"/u/{file_id}", headers={"Cookie": f"{COOKIE}={alice.key}", "Accept-Encoding": "identity"}
    )
    assert "Set-Cookie" not in answer.headers
    assert read(answer).json("file")["can_edit"] is True


async def test_a_page_of_one_visitor_is_not_kept_for_another(alice, anyone):
    page = await visit(anyone, f"/u/{await alice.upload()}")
    assert page.headers["Cache-Control"] == "private, no-cache"


# Lists


async def names_of(page: Page) -> list[str]:
    return [one.text for one in page.all("bdi")][1:]


async def test_a_list_shows_its_files_in_order(alice, anyone):
    ids = [await alice.upload(name, name.encode() * 100) for name in ("c.txt", "a.txt", "b.txt")]
    list_id = await alice.make_list(*ids, title="Three <letters>")
    page = await visit(anyone, f"/l/{list_id}")
    assert page.status == 200
    assert page.one("h1").text == "Three <letters>"
    assert "3 files, 1.50 kB" in page.text
    assert await names_of(page) == ["c.txt", "a.txt", "b.txt"]
    cards = [link["href"] for link in page.all("a") if link["href"].startswith("/u/")]
    assert cards == [f"/u/{file_id}" for file_id in ids]
    pictures = page.all("img", loading="lazy")
    assert [picture["src"] for picture in pictures] == [f"/api/file/{file_id}/thumbnail" for file_id in ids]
    assert page.one("a", class_="button primary")["href"] == f"/api/list/{list_id}/zip"


async def test_a_lists_page_holds_exactly_what_the_api_says(alice, anyone):
    list_id = await alice.make_list(await alice.upload(HOSTILE), title=HOSTILE)
    page = await visit(anyone, f"/l/{list_id}")
    assert page.json("list") == (await anyone.get(f"/api/list/{list_id}")).json
    assert "<script>alert" not in page.source


async def test_a_link_to_a_list_has_a_preview_elsewhere(alice, anyone):
    list_id = await alice.make_list(await alice.upload(), await alice.upload(), title="Holidays")
    here = str(anyone.client.make_url("/")).rstrip("/")
    tags = (await visit(anyone, f"/l/{list_id}")).tags
    assert tags["og:title"] == "Holidays"
    assert tags["og:url"] == f"{here}/l/{list_id}"
    assert tags["og:image"] == f"{here}/api/list/{list_id}/thumbnail"
    assert tags["og:description"] == "2 files · 20 bytes"


async def test_descriptions_stand_in_the_list(alice, anyone):
    file_id = await alice.upload()
    answer = await alice.post("/api/list", json={"files": [{"id": file_id, "description": "On <the> summit"}]})
    assert "On <the> summit" in (await visit(anyone, f"/l/{answer.json['id']}")).text


async def test_a_list_marks_what_cannot_be_downloaded(site, alice, anyone):
    file_id = await alice.upload("gone.txt")
    list_id = await alice.make_list(file_id, await alice.upload("there.txt"))
    await take_down(site, file_id)
    text = (await visit(anyone, f"/l/{list_id}")).text
    assert "gone.txt Not available" in text
    assert "there.txt 10 bytes" in text


async def test_a_list_whose_files_are_all_gone_says_so(alice, anyone):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    await alice.delete(f"/api/file/{file_id}")
    page = await visit(anyone, f"/l/{list_id}")
    assert page.status == 200
    assert "The files of this list are all gone." in page.text
    assert page.all("a", class_="button primary") == []


async def test_the_largest_list_is_one_page_of_bearable_weight(alice, anyone):
    ids = await asyncio.gather(*(alice.upload(f"photo-{number}.jpg") for number in range(20)))
    list_id = await alice.make_list(*(ids * 500))
    answer = await anyone.get(f"/l/{list_id}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    source = gzip.decompress(answer.body).decode()
    assert source.count("<li>") == 10_000
    assert len(source) < 2_500_000
    assert 'id="list"' not in source


# The front page, and what all pages use


async def test_the_front_page_says_how_to_upload_to_this_very_host(anyone):
    page = await visit(anyone, "/")
    assert page.status == 200
    assert f"curl -T photo.jpg -u :API-KEY {anyone.client.make_url('/api/file/')}" in page.text


async def test_the_curl_line_of_the_front_page_works(alice):
    line = (await visit(alice, "/")).one("pre").text.replace("API-KEY", alice.key).split()
    answer = await alice.put(
        line[-1].removeprefix(str(alice.client.make_url("/")).rstrip("/")) + "photo.jpg", data=b"1"
    )
    assert answer.status == 201


async def test_static_files_are_cached_for_ever_under_their_hash(anyone):
    page = await visit(anyone, "/")
    urls = [page.one("link", rel="stylesheet")["href"], page.one("link", rel="icon")["href"]]
    urls += [script["src"] for script in page.all("script")]
    types = []
    for url in urls:
        answer = await anyone.get(url, headers={"Accept-Encoding": "identity"})
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        small = await anyone.get(url, headers={"Accept-Encoding": "gzip, br"})
        assert small.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(small.body) == answer.body
        types.append(answer.headers["Content-Type"])
    assert types == ["text/css; charset=utf-8", "image/svg+xml", "text/javascript; charset=utf-8"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/0000000000000000/page.css",
        f"/static/{assets.VERSION}/nothing.css",
        f"/static/{assets.VERSION}/",
        f"/static/{assets.VERSION}/../assets.py",
        f"/static/{assets.VERSION}/..%2Fassets.py",
        f"/static/{assets.VERSION}/%2e%2e/%2e%2e/settings.py",
        f"/static/{assets.VERSION}//etc/passwd",
    ],
)
async def test_there_are_no_other_static_files(anyone, path):
    assert (await visit(anyone, path)).status == 404


def test_the_version_changes_with_any_static_file(tmp_path):
    (tmp_path / "page.css").write_text("a {}")
    before = assets.version_of(assets.read(tmp_path))
    (tmp_path / "page.css").write_text("b {}")
    assert assets.version_of(assets.read(tmp_path)) != before


async def test_browsers_that_ask_for_a_favicon_get_one(anyone):
    answer = await anyone.get("/favicon.ico", headers={"Accept-Encoding": "identity"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/x-icon"
    assert answer.body.startswith(b"\0\0\1\0")


async def test_pages_ask_for_nothing_from_elsewhere(alice, anyone, png):
    file_id = await alice.upload("photo.png", png)
    list_id = await alice.make_list(file_id)
    for path in ("/", f"/u/{file_id}", f"/l/{list_id}", "/u/nothing"):
        for element in (await visit(anyone, path)).elements:
            if element.tag in {"img", "script", "video", "audio"} and "src" in element.attributes:
                assert element["src"].startswith("/")
                assert not element["src"].startswith("//")


# Words and tables


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_995, "10.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (5_694_837, "5.69 MB"),
        (10**10, "10.0 GB"),
        (10**21, "1000 EB"),
    ],
)
def test_sizes_have_three_digits(size_bytes, words):
    assert wording.human_size(size_bytes) == words


@pytest.mark.parametrize(
    ("mime_type", "viewer"),
    [
        ("image/jpeg", "image"),
        ("image/tiff", "other"),
        ("video/mp4", "video"),
        ("video/x-flv", "other"),
        ("audio/flac", "audio"),
        ("audio/x-mpegurl", "text"),
        ("text/x-python", "text"),
        ("application/json", "text"),
        ("application/zip", "other"),
        ("application/pdf", "other"),
        ("", "other"),
    ],
)
def test_a_type_decides_the_viewer(mime_type, viewer):
    assert viewers.viewer_of(mime_type) == viewer


def test_whatever_is_text_to_the_media_tables_is_shown_as_text():
    assert {one: viewers.viewer_of(one) for one in mime.TYPES["text"] if viewers.viewer_of(one) != "text"} == {}


def test_embedded_json_is_the_same_json():
    data = {"</script>": "<!--\u2028\u2029&amp;", "size": 1}
    text = str(pages.embedded(data))
    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)
