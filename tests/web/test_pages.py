"""What all pages share: cookies, static files, words; and the front page."""

import gzip
import json

import pytest

from pixelhost.media import mime
from pixelhost.web import assets, pages, viewers, wording
from pixelhost.web.languages import ENGLISH
from pixelhost.wire.credentials import COOKIE
from tests.web.reading import NOBODYS_KEY, read, visit


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


async def test_the_front_page_says_how_to_upload_to_this_very_host(anyone):
    page = await visit(anyone, "/")
    assert page.status == 200
    assert f"curl -T photo.jpg -u :API-KEY {anyone.client.make_url('/api/file/')}" == page.one("pre").text


async def test_the_curl_line_of_the_front_page_works(alice):
    line = (await visit(alice, "/")).one("pre").text.replace("API-KEY", alice.key).split()
    answer = await alice.put(
        line[-1].removeprefix(str(alice.client.make_url("/")).rstrip("/")) + "photo.jpg", data=b"1"
    )
    assert answer.status == 201


async def test_static_files_are_cached_for_ever_under_their_hash(anyone):
    page = await visit(anyone, "/")
    urls = [*(link["href"] for link in page.all("link", rel="stylesheet")), page.one("link", rel="icon")["href"]]
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
    assert set(types) == {"text/css; charset=utf-8", "image/svg+xml", "text/javascript; charset=utf-8"}


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
    assert wording.human_size(ENGLISH, size_bytes) == words


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
        ("application/zip", "archive"),
        ("application/pdf", "pdf"),
        ("application/x-bittorrent", "torrent"),
        ("text/markdown", "markdown"),
        ("", "other"),
    ],
)
def test_a_type_decides_the_viewer(mime_type, viewer):
    assert viewers.viewer_of(mime_type) == viewer


def test_whatever_is_text_to_the_media_tables_is_shown_as_text():
    shown_as = {one: viewers.viewer_of(one) for one in mime.TYPES["text"]}
    assert {one: viewer for one, viewer in shown_as.items() if viewer != "text"} == {"text/markdown": "markdown"}


def test_embedded_json_is_the_same_json():
    data = {"</script>": "<!--\u2028\u2029&amp;", "size": 1}
    text = str(pages.embedded(data))
    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)
