"""GET /filesystem/{path}: the bytes of files, their thumbnails, and what keeps them back."""

import io

import pytest
from PIL import Image

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.filesystem import picture
from tests.support.people import Person

DATA = bytes(range(256)) * 1000


async def test_a_file_is_sent_whole_and_inert(alice: Person):
    node = await alice.write("/me/page.html", b"<script>alert(1)</script>")
    got = await alice.fs("GET", "/me/page.html")
    assert got.body == b"<script>alert(1)</script>"
    assert got.headers["ETag"] == f'"{node["sha256_sum"]}"'
    assert got.headers["Accept-Ranges"] == "bytes"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].startswith("sandbox")
    assert got.headers["Content-Disposition"].startswith("inline; ")


async def test_an_attachment_says_so_and_names_itself(alice: Person):
    name = 'grüße "1"\n.txt'
    await alice.write(f"/me/{name}", b"x")
    for flag in ("?attach", "?attach=", "?attach=false"):
        got = await alice.fs("GET", f"/me/{name}", flag)
        assert got.headers["Content-Disposition"] == (
            "attachment; filename=\"gr__e _1__.txt\"; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%221%22%0A.txt"
        )


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        ("bytes=0-9", 206, DATA[:10]),
        ("bytes=255000-", 206, DATA[255_000:]),
        ("bytes=-1", 206, DATA[-1:]),
        ("bytes=0-999999", 206, DATA),
        ("bytes=5-4", 200, DATA),
        ("pages=1-2", 200, DATA),
        ("bytes=256000-", 416, None),
        ("bytes=-0", 416, None),
    ],
)
async def test_ranges_of_a_file(alice: Person, sent: str, status: int, expected: bytes | None):
    await alice.write("/me/a", DATA)
    got = await alice.fs("GET", "/me/a", headers={"Range": sent})
    assert got.status == status
    if expected is None:
        assert got.headers["Content-Range"] == "bytes */256000"
        assert got.value == "integer_out_of_range"
    else:
        assert got.body == expected
        head = await alice.fs("HEAD", "/me/a", headers={"Range": sent})
        assert (head.status, head.headers["Content-Length"], head.body) == (status, str(len(expected)), b"")


async def test_several_ranges_come_in_one_answer(alice: Person):
    await alice.write("/me/a", DATA)
    got = await alice.fs("GET", "/me/a", headers={"Range": "bytes=0-1,100-101"})
    assert got.status == 206
    assert got.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert b"Content-Range: bytes 100-101/256000" in got.body


@pytest.mark.parametrize("sent", ["bytes=0-", "bytes=-1", "bytes=0-0", "bytes=5-9"])
async def test_any_range_of_an_empty_file_is_the_empty_file(alice: Person, sent: str):
    await alice.write("/me/empty", b"")
    got = await alice.fs("GET", "/me/empty", headers={"Range": sent})
    assert (got.status, got.body) == (200, b"")


async def test_conditions_are_kept(alice: Person):
    await alice.write("/me/a", DATA, "?modified=2024-02-04T18:34:13.5Z")
    first = await alice.fs("GET", "/me/a")
    etag, since = first.headers["ETag"], first.headers["Last-Modified"]
    assert since == "Sun, 04 Feb 2024 18:34:13 GMT"

    async def status(**headers: str) -> int:
        return (
            await alice.fs("GET", "/me/a", headers={name.replace("_", "-"): one for name, one in headers.items()})
        ).status

    assert await status(If_None_Match=etag) == 304
    assert await status(If_None_Match='"other"') == 200
    assert await status(If_Modified_Since=since) == 304
    assert await status(If_Match=etag) == 200
    assert await status(If_Match='"other"') == 412
    assert await status(Range="bytes=0-1", If_Range=etag) == 206
    assert await status(Range="bytes=0-1", If_Range='"other"') == 200
    await alice.write("/me/a", b"other")
    assert await status(If_None_Match=etag) == 200
    assert await status(Range="bytes=0-1", If_Range=etag) == 200
    assert await status(Range="bytes=0-1", If_Match=etag) == 412


async def test_what_is_not_there_is_told_from_what_is_no_directory(alice: Person):
    await alice.write("/me/a/b")
    for path in ("/me/x", "/me/a/x", "/me/a/b/x", "/me/x/y/z"):
        for query in ("", "?stat", "?attach", "?thumbnail", "?bulk_download"):
            assert (await alice.fs("GET", path, query)).refusal == (404, "path_not_found")
    assert (await alice.fs("GET", "/me/a", "?thumbnail")).refusal == (400, "node_is_a_directory")
    assert (await alice.fs("GET", "/me/a/b", "?bulk_download")).refusal == (400, "node_is_not_a_directory")


@pytest.mark.parametrize(
    ("query", "size"), [("", (256, 171)), ("&width=64&height=64", (64, 43)), ("&width=16&mod=1", (16, 11))]
)
async def test_a_thumbnail_is_a_png_of_the_size_asked_for(alice: Person, query: str, size: tuple[int, int]):
    await alice.write("/me/a.png", picture())
    got = await alice.fs("GET", "/me/a.png", f"?thumbnail{query}")
    assert got.headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(got.body)).size == size
    again = await alice.fs("GET", "/me/a.png", f"?thumbnail{query}", headers={"If-None-Match": got.headers["ETag"]})
    assert again.status == 304


async def test_what_has_no_picture_has_the_icon_of_its_type(alice: Person):
    await alice.write("/me/a.txt", b"text")
    await alice.write("/me/b.txt", b"other text")
    await alice.write("/me/broken.png", b"\x89PNG\r\n\x1a\nbroken")
    icons = {name: await alice.fs("GET", f"/me/{name}", "?thumbnail") for name in ("a.txt", "b.txt", "broken.png")}
    assert {icon.headers["Content-Type"] for icon in icons.values()} == {"image/png"}
    assert icons["a.txt"].body == icons["b.txt"].body != icons["broken.png"].body


@pytest.mark.parametrize("query", ["width=15", "width=24", "height=272", "width=0", "height=-16"])
async def test_sizes_that_no_thumbnail_has(alice: Person, query: str):
    await alice.write("/me/a.png", picture())
    refused = await alice.fs("GET", "/me/a.png", f"?thumbnail&{query}")
    assert refused.refusal == (400, "invalid_thumbnail_size")


async def test_a_taken_down_file_is_kept_back_even_from_its_owner(alice: Person, anyone: Person, site: Site):
    await alice.write("/me/d/a.png", picture())
    share_id = await alice.share("/me/d")
    await site.db.execute("UPDATE nodes SET abuse_type = 'doxing', abuse_reported_at = now() WHERE name = 'a.png'")
    for person, path in ((alice, "/me/d/a.png"), (anyone, f"/{share_id}/a.png")):
        for query in ("", "?attach"):
            refused = await person.fs("GET", path, query)
            assert refused.refusal == (451, "unavailable_for_legal_reasons")
            assert refused.json["extra"] == {"abuse_type": "doxing"}
        assert (await person.fs("HEAD", path)).status == 451
        assert (await person.node(path))["abuse_type"] == "doxing"
        thumbnail = await person.fs("GET", path, "?thumbnail&width=64&height=64")
        assert Image.open(io.BytesIO(thumbnail.body)).convert("RGB").getpixel((32, 32)) != (255, 0, 0)


@pytest.mark.parametrize("query", ["", "?attach", "?bulk_download"])
async def test_links_from_other_sites_are_refused_on_a_plan_without_hotlinking(limited, query: str):
    place: Place = await limited(filesystem_access=True)
    carol, premium = await place.person("carol"), await place.person("dave", plan_id="pro")
    await carol.write("/me/d/a", DATA)
    share_id = await carol.share("/me/d")
    path = f"/{share_id}" if "bulk" in query else f"/{share_id}/a"

    async def refusal(person: Person, referer: str | None) -> tuple[int, str] | None:
        answer = await person.fs("GET", path, query, headers={} if referer is None else {"Referer": referer})
        return None if answer.status == 200 else answer.refusal

    other = "https://other.example/page"
    assert await refusal(place.visitor(1), other) == (403, "embed_not_allowed")
    for referer in ("nonsense", "http://[", "http://host:port/", "\xff"):
        assert await refusal(place.visitor(1), referer) == (400, "invalid_referrer")
    for referer in (None, "", f"http://127.0.0.1:{place.port}/d/{share_id}"):
        assert await refusal(place.visitor(1), referer) is None
    assert await refusal(carol, other) is None
    assert await refusal(premium, other) is None


async def test_a_stat_may_be_asked_for_from_anywhere(limited):
    place: Place = await limited(filesystem_access=True)
    carol = await place.person("carol")
    await carol.write("/me/a")
    share_id = await carol.share("/me/a")
    got = await place.visitor(1).fs("GET", f"/{share_id}", "?stat", headers={"Referer": "https://other.example/"})
    assert got.status == 200


async def test_downloads_at_once_are_limited_by_the_owners_plan(limited):
    place: Place = await limited(filesystem_access=True, concurrent_downloads_per_ip=0)
    carol = await place.person("carol")
    await carol.write("/me/d/a", DATA)
    share_id = await carol.share("/me/d")
    for path, query in ((f"/{share_id}/a", ""), (f"/{share_id}", "?bulk_download")):
        assert (await place.visitor(1).fs("GET", path, query)).refusal == (403, "max_concurrent_downloads")
    assert (await carol.fs("GET", "/me/d/a")).status == 200


async def test_a_range_is_not_resumed_by_a_date_that_the_owner_can_set(alice: Person):
    date = "?modified=2024-01-01T00:00:00Z"
    await alice.write("/me/a.txt", b"first version", date)
    first = await alice.fs("GET", "/me/a.txt")
    await alice.write("/me/a.txt", b"other version", date)

    resumed = {"Range": "bytes=5-", "If-Range": first.headers["Last-Modified"]}
    answer = await alice.fs("GET", "/me/a.txt", headers=resumed)

    assert (answer.status, answer.body) == (200, b"other version")
