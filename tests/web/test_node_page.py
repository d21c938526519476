"""The page of a file in a filesystem: the viewers that any file has, for whom the share lets in."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest

from pixelhost.site import Site
from tests.support.admins import block
from tests.support.people import Person, make_person
from tests.web import contents
from tests.web.directories import READING, cookie_of, send
from tests.web.reading import Page, stranger_at, visit

ARCHIVE = contents.zipped({"a/b c&d+é.txt": b"inside", "a/c.txt": b"y", "readme.md": b"# hi"})
LOCKED = "open sesame"


async def locked(alice: Person, name: str, data: bytes) -> str:
    """The ID of a shared directory with such a file, which a password opens."""
    await alice.write(f"/me/docs/{name}", data)
    return await alice.share("/me/docs", link={}, password={LOCKED: READING})


async def unlocked(anyone: Person, share_id: str) -> dict[str, str]:
    """What a browser sends along once the password was entered."""
    return {"Cookie": cookie_of(await send(anyone, f"/{share_id}", action="password", password=LOCKED))}


def link(page: Page, text: str) -> str:
    return next(one for one in page.all("a") if one.text == text)["href"]


async def test_code_has_colours_and_numbered_lines(alice: Person, anyone: Person):
    share_id = await locked(alice, "greet.py", contents.CODE)
    page = await visit(anyone, f"/d/{share_id}/greet.py", **await unlocked(anyone, share_id))
    assert "def" in [keyword.text for keyword in page.all("span", class_="hl-k")]
    assert any("colours.css" in (one.attributes.get("href") or "") for one in page.all("link"))


async def test_a_long_text_is_shortened_and_more_of_it_is_a_link_away(alice: Person):
    await alice.write("/me/long.txt", b"a line of some length\n" * 9_000)
    page = await visit(alice, "/d/me/long.txt")
    assert "Shortened." in page.text
    more = await visit(alice, "/d/me/long.txt" + link(page, "Show more"))
    assert len(more.source) > 2 * len(page.source)


async def test_markdown_comes_rendered_in_a_frame_and_as_its_source(alice: Person, anyone: Person):
    share_id = await locked(alice, "read me.md", contents.MARKDOWN)
    kept = await unlocked(anyone, share_id)
    page = await visit(anyone, f"/d/{share_id}/read%20me.md", **kept)
    frame = page.one("iframe")
    assert frame["src"] == f"/d/{share_id}/read%20me.md?rendered="
    assert "allow-scripts" not in frame["sandbox"]
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    document = await visit(anyone, frame["src"], **kept)
    policy = document.headers["Content-Security-Policy"]
    assert document.one("h1").text == "Hello"
    assert "sandbox allow-popups" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    source = await visit(anyone, f"/d/{share_id}/read%20me.md{link(page, 'Show the source')}", **kept)
    assert "# Hello" in source.one("pre").text


async def test_an_archive_is_a_tree_whose_files_open_and_are_saved(alice: Person, anyone: Person):
    share_id = await locked(alice, "back up.zip", ARCHIVE)
    kept = await unlocked(anyone, share_id)
    page = await visit(anyone, f"/d/{share_id}/back%20up.zip", **kept)
    assert "3 files, 11 bytes" in page.text
    member = link(page, "b c&d+é.txt")
    answer = await anyone.get(member, headers=kept)
    assert answer.body == b"inside"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    saving = next(one["href"] for one in page.all("a", class_="save") if one["href"].startswith(member))
    saved = await anyone.get(saving, headers=kept)
    assert (saved.body, saved.headers["Content-Disposition"].split(";")[0]) == (b"inside", "attachment")
    found = await visit(anyone, f"/d/{share_id}/back%20up.zip?find=c.txt", **kept)
    assert "a/c.txt" in [one.text for one in found.all("bdi")]
    assert (await visit(anyone, f"/d/{share_id}/back%20up.zip?at=nowhere", **kept)).status == 404


async def test_a_torrent_tells_its_files_and_its_magnet_link(alice: Person):
    await alice.write("/me/film.torrent", contents.torrent())
    page = await visit(alice, "/d/me/film.torrent")
    assert "film.mkv" in page.text
    assert "udp://tracker.example:80" in page.text
    assert link(page, "Open the magnet link").startswith("magnet:?xt=urn:btih:")


async def test_a_pdf_is_framed_from_where_its_bytes_may_be_read(site: Site, alice: Person):
    await alice.write("/me/open/paper.pdf", contents.pdf())
    share_id = await alice.share("/me/open")
    locked_id = await locked(alice, "paper.pdf", contents.pdf())
    configured = replace(site.settings, content_origin="https://raw.example.com")
    async with stranger_at(replace(site, settings=configured)) as stranger:
        page = await visit(stranger, f"/d/{share_id}/paper.pdf")
        assert page.one("iframe")["src"] == f"https://raw.example.com/api/filesystem/{share_id}/paper.pdf"
        assert "frame-src 'self' https://raw.example.com" in page.headers["Content-Security-Policy"]
        # What only a cookie of this site opens is read from this site.
        page = await visit(stranger, f"/d/{locked_id}/paper.pdf", **await unlocked(stranger, locked_id))
        assert page.one("iframe")["src"] == f"/api/filesystem/{locked_id}/paper.pdf"


@pytest.mark.parametrize("name", ["readme.md", "greet.py", "backup.zip", "film.torrent", "paper.pdf"])
async def test_nothing_of_a_locked_share_is_shown_without_its_password(alice: Person, anyone: Person, name: str):
    data = {"readme.md": contents.MARKDOWN, "greet.py": contents.CODE, "backup.zip": ARCHIVE}
    share_id = await locked(alice, name, data.get(name) or contents.torrent())
    for query in ("", "?rendered", "?source", "?at=a", "?find=b", "?range=month"):
        page = await visit(anyone, f"/d/{share_id}/{name}{query}")
        assert page.status == 403
        assert page.one("input", name="password")
        assert not page.all("pre") + page.all("iframe") + page.all("li")


@pytest.mark.parametrize("name", ["readme.md", "greet.py", "backup.zip", "photo.png"])
async def test_what_was_taken_down_shows_no_preview_not_even_to_its_owner(site: Site, alice: Person, png, name: str):
    data = {"readme.md": contents.MARKDOWN, "greet.py": contents.CODE, "backup.zip": ARCHIVE, "photo.png": png}
    await alice.write(f"/me/{name}", data[name])
    await site.db.execute("UPDATE nodes SET abuse_type = 'gore' WHERE name = $1", name)
    page = await visit(alice, f"/d/me/{name}")
    assert page.status == 451
    assert "This file was taken down" in page.text
    assert not page.all("pre") + page.all("iframe")
    assert [one["src"] for one in page.all("img") if one["src"].startswith("/api")] == []
    assert not page.all("a", id="download")
    assert page.all("a", href=f"/d/me/{name}?delete")
    assert (await visit(alice, f"/d/me/{name}?rendered")).status == 451


async def test_a_file_that_is_no_document_is_not_rendered(alice: Person):
    await alice.write("/me/photo.png", b"x")
    assert (await visit(alice, "/d/me/photo.png?rendered")).status >= 400


async def test_hostile_documents_and_archives_stay_what_they_are(alice: Person):
    await alice.write(
        "/me/x.md", b"# <script>alert(1)</script>\n\n<img src=x onerror=alert(2)> [x](javascript:alert(3))"
    )
    document = await visit(alice, "/d/me/x.md?rendered")
    assert document.all("script") == []
    assert not [one for one in document.all("a") if "javascript" in (one.attributes.get("href") or "")]
    name = "<img src=x onerror=alert(1)>\u202egpj.exe"
    await alice.write("/me/x.zip", contents.zipped({name: b"x"}))
    page = await visit(alice, "/d/me/x.zip")
    assert not page.all("img", src="x")
    assert "\u202e" not in page.text


async def test_downloads_and_traffic_are_told_and_plotted_when_asked_for(alice: Person, anyone: Person, clock, flush):
    await alice.write("/me/docs/a.bin", b"x" * 1000)
    share_id = await alice.share("/me/docs")
    await anyone.fs("GET", f"/{share_id}/a.bin")
    await flush()
    clock.advance(minutes=1)
    page = await visit(anyone, f"/d/{share_id}/a.bin")
    assert "Downloads 1 Traffic 1.00 kB" in page.text
    assert page.one("dl")["data-stats"] == f"/api/filesystem/{share_id}/a.bin?download_stats"
    assert page.all("rect") == []
    for range_ in ("day", "week", "month", "year"):
        page = await visit(anyone, f"/d/{share_id}/a.bin?range={range_}")
        assert page.one("a", aria_current="true")["href"] == f"?range={range_}#figures"
        assert len(page.all("rect", class_="mark")) == 2


async def test_visitors_learn_whom_to_write_to_about_abuse_and_the_subject_is_what_to_take_down(
    site: Site, alice: Person, anyone: Person, client
):
    await alice.write("/me/docs/a b.txt", b"words")
    share_id = await alice.share("/me/docs")
    here = replace(site, settings=replace(site.settings, abuse_contact="abuse@example.com"))
    root = await make_person(site, client, "root", is_admin=True)
    for path in (f"/d/{share_id}", f"/d/{share_id}/a%20b.txt"):
        async with stranger_at(here) as stranger:
            report = link(await visit(stranger, path), "Report abuse")
            assert report.startswith("mailto:abuse@example.com?subject=")
        mine = await visit(alice, path.replace(share_id, "me/docs"))
        for page in (mine, await visit(anyone, path)):
            assert "Report abuse" not in page.text
    blocked = await block(root, unquote(report.partition("subject=")[2]), "copyright")
    assert blocked["nodes_blocked"] == [f"/{share_id}/a b.txt"]
