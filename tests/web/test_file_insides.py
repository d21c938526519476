"""What is in archives and torrents, as their pages show it; and the page of a file in another site's frame."""

import hashlib
import io
import json
import zipfile

import bencodepy
import pytest

from pixelhost import errors
from pixelhost.errors import ApiError
from pixelhost.site import Site
from pixelhost.web import trees
from tests.support.elsewhere import change_rows
from tests.support.people import Person
from tests.web.reading import HOSTILE, visit

INSIDE = {
    "readme.md": b"# hi",
    "photos/2024/one.txt": b"one",
    "photos/2024/two.txt": b"two two",
    "src/a b?#%.py": b"print(1)",
}
TRACKERS = ["udp://tracker.example:80", "https://two.example/announce?a=b&c"]


def zipped(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()


def torrent(**more: object) -> bytes:
    files = [{b"length": 300, b"path": [b"video", b"film.mkv"]}, {b"length": 20, b"path": [b"read me.txt"]}]
    info = {b"name": b"A film & more", b"piece length": 262144, b"pieces": bytes(20), b"files": files}
    whole = {b"announce": TRACKERS[0].encode(), b"announce-list": [[one.encode()] for one in TRACKERS], b"info": info}
    encoded: bytes = bencodepy.encode(whole | {name.encode(): value for name, value in more.items()})
    return encoded


async def test_an_archive_is_shown_as_a_tree_whose_files_open_and_are_saved(alice: Person, anyone: Person):
    file_id = await alice.upload("backup.zip", zipped(INSIDE))
    page = await visit(anyone, f"/u/{file_id}")
    assert "4 files, 22 bytes" in page.text
    names = [name.text for name in page.all("bdi")][1:]
    assert names == ["photos/", "2024/", "one.txt", "two.txt", "src/", "a b?#%.py", "readme.md"]
    member = next(link for link in page.all("a") if link.text == "a b?#%.py")
    answer = await anyone.get(member["href"])
    assert answer.body == b"print(1)"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    saved = await anyone.get(f"{member['href']}?download")
    assert saved.headers["Content-Disposition"].startswith("attachment")


async def test_an_archive_is_searched_and_entered_by_links_and_a_form(alice: Person, anyone: Person):
    file_id = await alice.upload("backup.zip", zipped(INSIDE))
    found = await visit(anyone, f"/u/{file_id}?find=TWO")
    assert [name.text for name in found.all("bdi")][1:] == ["photos/2024/two.txt"]
    assert "Nothing has this in its name." in (await visit(anyone, f"/u/{file_id}?find=nothing")).text
    entered = await visit(anyone, f"/u/{file_id}?at=photos/2024")
    assert [name.text for name in entered.all("bdi")][1:] == ["photos", "2024", "one.txt", "two.txt"]
    assert (await visit(anyone, f"/u/{file_id}?at=nowhere")).status == 404


async def test_a_large_directory_is_shown_a_page_at_a_time(alice: Person, anyone: Person):
    contents = {f"many/{number:04}.txt": b"" for number in range(trees.ROWS_MAX + 5)}
    file_id = await alice.upload("backup.zip", zipped(contents))
    page = await visit(anyone, f"/u/{file_id}")
    assert [name.text for name in page.all("bdi")][1:] == ["many/"]
    page = await visit(anyone, f"/u/{file_id}?at=many")
    assert len(page.all("li")) == trees.ROWS_MAX
    further = next(link for link in page.all("a") if link.text == "Further on")
    page = await visit(anyone, f"/u/{file_id}{further['href']}")
    assert [name.text for name in page.all("bdi")][2:] == [f"{trees.ROWS_MAX + number:04}.txt" for number in range(5)]


async def test_hostile_names_in_an_archive_stay_names(alice: Person, anyone: Person):
    file_id = await alice.upload("backup.zip", zipped({f"{HOSTILE[:20]}/<img src=x onerror=alert(1)>.txt": b"x"}))
    page = await visit(anyone, f"/u/{file_id}")
    assert "<script>alert" not in page.source
    assert "<img src=x" not in page.source


@pytest.mark.parametrize("data", [b"PK\3\4" + bytes(100), b"\x1f\x8b\x08" + bytes(50)])
async def test_an_archive_that_cannot_be_read_says_so_and_can_be_downloaded(alice: Person, anyone: Person, data: bytes):
    page = await visit(anyone, f"/u/{await alice.upload('backup.zip', data)}")
    assert page.status == 200
    assert "There is no preview. " in page.text
    assert page.one("a", id="download")


async def test_a_torrent_shows_its_files_its_trackers_and_a_magnet_link(alice: Person, anyone: Person):
    data = torrent(comment=b"A comment", **{"created by": b"me/1.0", "creation date": 1_600_000_000})
    page = await visit(anyone, f"/u/{await alice.upload('film.torrent', data)}")
    digest = hashlib.sha1(bencodepy.encode(bencodepy.decode(data)[b"info"])).hexdigest()
    for said in (digest, "A comment", "me/1.0", "13 Sept 2020", *TRACKERS, "A film & more/", "film.mkv", "read me.txt"):
        assert said in page.text
    [link] = [link["href"] for link in page.all("a") if link["href"].startswith("magnet:")]
    assert link == (
        f"magnet:?xt=urn:btih:{digest}&dn=A%20film%20%26%20more"
        "&tr=udp%3A%2F%2Ftracker.example%3A80&tr=https%3A%2F%2Ftwo.example%2Fannounce%3Fa%3Db%26c"
    )


async def test_a_broken_torrent_says_so(alice: Person, anyone: Person):
    page = await visit(anyone, f"/u/{await alice.upload('film.torrent', b'd8:announce0:e')}")
    assert "There is no preview. " in page.text


def test_a_listing_that_is_too_long_for_a_page_is_refused_before_it_is_taken_apart():
    with pytest.raises(ApiError) as refused:
        trees.tree(b" " * (trees.LISTING_MAX_BYTES + 1))
    assert refused.value.kind is errors.FILE_TOO_LARGE


def test_directories_next_to_the_top_are_opened_while_there_is_room():
    wide = {"size": 0, "children": {str(number): {"size": 0} for number in range(trees.ROWS_MAX)}}
    small = {"size": 0, "children": {"x": {"size": 0}}}
    shown = trees.tree(json.dumps({"size": 0, "children": {"small": small, "wide": wide}}).encode())
    assert [(row.name, row.children is not None) for row in shown.rows] == [("small", True), ("wide", False)]


async def name_domains(site: Site, domains: str) -> None:
    await change_rows(site, "UPDATE users SET embed_domains = $1", domains)


async def test_only_sites_that_the_owner_names_may_embed_a_file(site: Site, alice: Person, anyone: Person):
    file_id = await alice.upload("walk.bin")
    embedded = await visit(anyone, f"/u/{file_id}?embed")
    assert "frame-ancestors 'self';" in embedded.headers["Content-Security-Policy"] + ";"
    await name_domains(site, "blog.example other.example")
    policy = (await visit(anyone, f"/u/{file_id}?embed")).headers["Content-Security-Policy"]
    assert "https://blog.example:* http://blog.example:* https://*.blog.example:*" in policy
    assert "other.example" in policy
    assert "frame-ancestors 'none'" in (await visit(anyone, f"/u/{file_id}")).headers["Content-Security-Policy"]


async def test_an_embedded_page_is_what_the_file_shows_and_the_way_to_its_page(
    site: Site, alice: Person, anyone: Person
):
    file_id = await alice.upload("notes.txt", b"some text")
    page = await visit(anyone, f"/u/{file_id}?embed")
    here = str(anyone.client.make_url("/")).rstrip("/")
    assert page.one("h1").text == "notes.txt"
    assert page.one("a", href=f"{here}/u/{file_id}")["target"] == "_blank"
    assert page.one("pre").text == "some text\n"
    assert page.all("nav") == page.all("form") == []


async def test_an_embedded_page_speaks_the_visitors_language_to_its_scripts_too(alice: Person, anyone: Person):
    file_id = await alice.upload("a.txt", b"hello")
    list_id = await alice.make_list(file_id)
    for path in (f"/u/{file_id}?embed", f"/l/{list_id}?embed"):
        root = (await visit(anyone, path, **{"Accept-Language": "de"})).one("html")
        assert root["lang"] == "de"
        assert root["data-strings"].endswith("/strings/de.json")


async def test_the_code_to_embed_a_file_is_offered_where_somebody_may(site: Site, alice: Person, anyone: Person):
    file_id = await alice.upload("notes.txt")
    assert [one for one in (await visit(anyone, f"/u/{file_id}")).all("button") if "data-embed" in one.attributes] == []
    await name_domains(site, "blog.example")
    [button] = [one for one in (await visit(anyone, f"/u/{file_id}")).all("button") if "data-embed" in one.attributes]
    assert button["data-embed"].endswith(f"/u/{file_id}?embed")
