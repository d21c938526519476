"""The page of a list."""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import pytest

from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person
from tests.web.reading import HOSTILE, Element, Page, read, take_down, views_of, visit

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def names_of(page: Page) -> list[str]:
    return [one.text for one in page.all("bdi")][1:]


async def three(alice: Person) -> tuple[str, list[str]]:
    """A list of a.txt, b.txt and c.txt, and their IDs."""
    ids = [await alice.upload(f"{letter}.txt", letter.encode() * 10) for letter in "abc"]
    return await alice.make_list(*ids, title="Three letters"), ids


async def entries_of(person: Person, list_id: str) -> list[tuple[str, str]]:
    files = (await person.get(f"/api/list/{list_id}")).json["files"]
    return [(file["name"], file["description"]) for file in files]


async def save(person: Person, list_id: str, page: str = "", **fields: str) -> Answer:
    data = urlencode({name.replace("_", "."): value for name, value in fields.items()})
    return await person.post(f"/l/{list_id}/edit{page}", data=data, headers=FORM | {"Accept-Encoding": "identity"})


async def test_a_list_shows_its_files_in_order(alice, anyone):
    ids = [await alice.upload(name, name.encode() * 100) for name in ("c.txt", "a.txt", "b.txt")]
    list_id = await alice.make_list(*ids, title="Three <letters>")
    page = await visit(anyone, f"/l/{list_id}")
    assert page.status == 200
    assert page.one("h1").text == "Three <letters>"
    assert "3 files, 1.50 kB" in page.text
    assert names_of(page) == ["c.txt", "a.txt", "b.txt"]
    assert [link["href"] for link in page.all("a") if "?item=" in link["href"]] == ["?item=0", "?item=1", "?item=2"]
    pictures = page.all("img", loading="lazy")
    assert [picture["src"] for picture in pictures] == [f"/api/file/{file_id}/thumbnail" for file_id in ids]
    assert page.one("a", id="download-all")["href"] == f"/api/list/{list_id}/zip"


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


async def test_a_file_of_a_list_is_shown_between_its_neighbours(alice, anyone):
    list_id, ids = await three(alice)
    page = await visit(anyone, f"/l/{list_id}?item=1")
    assert page.status == 200
    assert page.one("h1").text == "b.txt"
    assert "bbbbbbbbbb" in page.text
    assert "2 of 3" in page.text
    assert page.one("a", rel="prev")["href"] == "?item=0"
    assert page.one("a", rel="next")["href"] == "?item=2"
    assert page.one("a", id="download")["href"] == f"/api/file/{ids[1]}?download"
    assert page.one("a", id="gallery").text == "Three letters"
    assert page.json("file") == await anyone.info(ids[1])


def strip_of(page: Page) -> list[Element]:
    return [link for link in page.all("a") if "data-place" in link.attributes]


async def test_the_strip_marks_where_one_is(alice, anyone):
    list_id, ids = await three(alice)
    page = await visit(anyone, f"/l/{list_id}?item=2")
    strip = strip_of(page)
    assert [link["href"] for link in strip] == ["?item=0", "?item=1", "?item=2"]
    assert [link.attributes.get("aria-current") for link in strip] == [None, None, "true"]
    pictures = page.all("img", loading="lazy")
    assert [picture["src"] for picture in pictures] == [f"/api/file/{file_id}/thumbnail" for file_id in ids]
    assert [picture["alt"] for picture in pictures] == ["1: a.txt", "2: b.txt", "3: c.txt"]


async def test_the_first_file_has_no_previous_and_the_last_no_next(alice, anyone):
    list_id, _ = await three(alice)
    first, last = await visit(anyone, f"/l/{list_id}?item=0"), await visit(anyone, f"/l/{list_id}?item=2")
    assert (first.all("a", rel="prev"), last.all("a", rel="next")) == ([], [])
    assert first.one("a", id="previous")["aria-disabled"] == "true"


@pytest.mark.parametrize("embed", ["", "embed&"])
async def test_a_file_that_has_gone_leaves_the_way_to_the_others(alice, anyone, embed):
    list_id, ids = await three(alice)
    await alice.delete(f"/api/file/{ids[2]}")
    page = await visit(anyone, f"/l/{list_id}?{embed}item=2")
    assert page.status == 404
    assert "There is nothing here" in page.text
    assert page.one("a", rel="prev")["href"] == f"?{embed}item=1"
    assert page.all("a", rel="next") == []
    assert [link["href"] for link in strip_of(page)] == [f"?{embed}item=0", f"?{embed}item=1"]
    assert page.all("a", id="download") == []
    far = await visit(anyone, f"/l/{list_id}?{embed}item=9000")
    assert (far.status, far.one("a", rel="prev")["href"]) == (404, f"?{embed}item=1")


async def test_a_place_that_is_no_number_is_refused(alice, anyone):
    list_id, _ = await three(alice)
    for wrong in ("two", "-1", "10001"):
        assert (await visit(anyone, f"/l/{list_id}?item={wrong}")).status == 422


async def test_an_item_of_an_empty_list_is_the_empty_list(alice, anyone):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    await alice.delete(f"/api/file/{file_id}")
    assert "The files of this list are all gone." in (await visit(anyone, f"/l/{list_id}?item=0")).text


async def test_a_look_at_a_file_of_a_list_is_a_view_of_it_and_the_gallery_is_none(
    alice: Person, anyone: Person, flush: Callable[[], Awaitable[int]]
):
    list_id, ids = await three(alice)
    await visit(anyone, f"/l/{list_id}")
    await anyone.get(f"/l/{list_id}/strip?first=0")
    assert await views_of(anyone, ids[1], flush) == 0
    await visit(anyone, f"/l/{list_id}?item=1")
    assert [await views_of(anyone, one, flush) for one in ids] == [0, 1, 0]


async def test_links_within_a_viewer_stay_in_the_list(alice, anyone):
    long = await alice.upload("long.txt", b"a line\n" * 20_000)
    list_id = await alice.make_list(long, await alice.upload("notes.md", b"# Notes"))
    assert page_links(await visit(anyone, f"/l/{list_id}?item=0"), "whole") == ["?item=0&whole"]
    source = page_links(await visit(anyone, f"/l/{list_id}?item=1"), "source")
    assert source == ["?item=1&source"]
    page = await visit(anyone, f"/l/{list_id}{source[0]}")
    assert "# Notes" in page.text
    assert page.one("h1").text == "notes.md"


def page_links(page: Page, word: str) -> list[str]:
    return [link["href"] for link in page.all("a") if link.attributes.get("href", "").endswith(word)]


async def test_documents_and_torrents_are_shown_in_a_list_too(alice, anyone):
    torrent = b"d4:infod6:lengthi1e4:name5:a.txt12:piece lengthi16384e6:pieces20:" + bytes(20) + b"ee"
    document = await alice.upload("a.pdf", b"%PDF-1.4\n")
    list_id = await alice.make_list(document, await alice.upload("b.torrent", torrent))
    page = await visit(anyone, f"/l/{list_id}?item=0")
    assert page.one("iframe")["src"] == f"/api/file/{document}"
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "a.txt" in (await visit(anyone, f"/l/{list_id}?item=1")).text


async def test_a_file_that_was_taken_down_says_so_in_its_place(site, alice, anyone, flush):
    list_id, ids = await three(alice)
    await take_down(site, ids[1], "malware")
    for embed in ("", "embed&"):
        page = await visit(anyone, f"/l/{list_id}?{embed}item=1")
        assert page.status == 451
        assert "This file was taken down" in page.text
        assert "Reason given: Malware" in page.text
        assert "b.txt" not in page.source
        assert page.all("a", id="download") == []
        assert (page.one("a", rel="prev")["href"], page.one("a", rel="next")["href"]) == (
            f"?{embed}item=0",
            f"?{embed}item=2",
        )
        assert len(strip_of(page)) == 3
    assert "b.txt" not in (await visit(anyone, f"/l/{list_id}?item=0")).source
    assert await views_of(anyone, ids[1], flush) == 0


async def test_a_file_that_needs_a_captcha_says_so_in_its_place(site, alice, anyone):
    list_id, ids = await three(alice)
    await change_rows(
        site, "UPDATE blobs SET virus_name = 'Eicar' WHERE digest = (SELECT blob FROM files WHERE id = $1)", ids[1]
    )
    page = await visit(anyone, f"/l/{list_id}?item=1")
    assert page.status == (await visit(anyone, f"/u/{ids[1]}")).status == 403
    assert "This file is marked as malware" in page.text
    assert page.one("h1").text == "b.txt"
    assert page.all("a", id="download") == []
    assert page.one("a", rel="next")["href"] == "?item=2"
    assert len(strip_of(page)) == 3
    assert (await visit(alice, f"/l/{list_id}?item=1")).status == 200


async def test_a_file_of_a_list_has_what_its_own_page_has(alice, bob, anyone):
    list_id, ids = await three(alice)
    for person, own in ((alice, True), (bob, False), (anyone, False)):
        alone, listed = await visit(person, f"/u/{ids[1]}"), await visit(person, f"/l/{list_id}?item=1")
        assert [one.text for one in listed.all("dt")] == [one.text for one in alone.all("dt")]
        assert hashlib.sha256(b"b" * 10).hexdigest() in listed.text
        assert [one["data-live"] for one in listed.all("dd") if "data-live" in one.attributes] == ["views", "downloads"]
        code = listed.one("a", data_qr=alone.one("link", rel="canonical")["href"])
        assert code["href"] == alone.one("a", data_qr=code["data-qr"])["href"]
        forms = [one["href"] for one in listed.all("a") if "data-form" in one.attributes]
        assert forms == [one["href"] for one in alone.all("a") if "data-form" in one.attributes]
        assert (f"/u/{ids[1]}/report" in forms) is not own
        assert bool(listed.all("form", id="grab")) is (person is bob)
        assert bool(listed.all("a", id="edit-list")) is own


async def test_the_plots_of_a_file_stay_in_the_list(alice, anyone):
    list_id, _ = await three(alice)
    page = await visit(anyone, f"/l/{list_id}?item=1")
    assert page.all("figure") == []
    asked = page.one("a", data_swap="#figures")["href"]
    assert asked == "?item=1&range=month#figures"
    drawn = await visit(anyone, f"/l/{list_id}{asked.partition('#')[0]}")
    assert drawn.one("h1").text == "b.txt"
    assert len(drawn.all("figure")) == 2
    ranges = [one["href"] for one in drawn.all("a", data_swap="#figures")]
    assert ranges == [f"?item=1&range={name}#figures" for name in ("day", "week", "month", "year")]


async def test_a_file_with_few_downloads_is_not_spent_by_looking(alice, anyone, png):
    file_id = await alice.upload("once.png", png, "?delete_after_downloads=1")
    list_id = await alice.make_list(await alice.upload(), file_id)
    assert page_pictures(await visit(anyone, f"/l/{list_id}?item=1")) == []
    assert (await visit(anyone, f"/l/{list_id}?item=0")).one("a", rel="next")["data-picture"] == ""


def page_pictures(page: Page) -> list[str]:
    return [
        image["src"] for image in page.all("img") if "thumbnail" not in image["src"] and "static" not in image["src"]
    ]


async def test_what_can_be_played_is_told(site, alice, anyone, png):
    ids = [await alice.upload(name, b"RIFF" + name.encode()) for name in ("a.mp3", "b.mp3", "c.txt", "d.mp3", "e.mp3")]
    list_id = await alice.make_list(*ids)
    await take_down(site, ids[4])
    assert (await visit(anyone, f"/l/{list_id}?item=0")).one("nav", id="walk")["data-playable"] == "0-1 3"
    assert (await visit(anyone, f"/l/{list_id}?item=2")).one("nav", id="walk")["data-playable"] == ""


async def test_the_strip_of_the_largest_list_is_a_piece_of_it(alice, anyone):
    ids = [await alice.upload(f"{number}.txt", str(number).encode()) for number in range(10)]
    list_id = await alice.make_list(*(ids * 1000))
    page = await visit(anyone, f"/l/{list_id}?item=5000")
    assert len(page.all("img", loading="lazy")) == 41
    assert "5,001 of 10,000" in page.text
    links = {link.text: link["href"] for link in page.all("a", class_="button small")}
    assert (links["Before these"], links["After these"]) == ("?item=4979", "?item=5021")
    piece = await anyone.get(f"/l/{list_id}/strip?first=9990")
    assert piece.body.count(b"<img") == 10


async def test_a_list_can_be_framed_where_its_file_can(site, alice, anyone):
    list_id, _ = await three(alice)
    await change_rows(site, "UPDATE users SET embed_domains = 'example.com'")
    page = await visit(anyone, f"/l/{list_id}?embed")
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://example.com:*" in policy
    assert page.one("a", rel="next")["href"] == "?embed&item=1"
    usual = await visit(anyone, f"/l/{list_id}?item=0")
    assert "frame-ancestors 'none'" in usual.headers["Content-Security-Policy"]


async def test_hostile_names_and_titles_are_text_everywhere(alice, anyone):
    list_id = await alice.make_list(await alice.upload(HOSTILE), await alice.upload(), title=HOSTILE)
    await alice.put(
        f"/api/list/{list_id}", json={"files": [{"id": await alice.upload(HOSTILE), "description": HOSTILE}]}
    )
    for path in ("", "?item=0", "?embed", "/edit", "/delete"):
        page = await visit(alice, f"/l/{list_id}{path}")
        assert page.status == 200
        assert "<script>alert" not in page.source


async def test_only_the_owner_may_edit(alice, bob, anyone):
    list_id, _ = await three(alice)
    assert (await visit(alice, f"/l/{list_id}")).one("a", id="edit")["href"] == f"/l/{list_id}/edit"
    assert (await visit(bob, f"/l/{list_id}")).all("a", id="edit") == []
    for path in ("edit", "delete"):
        assert (await visit(bob, f"/l/{list_id}/{path}")).status == 403
        assert (await bob.post(f"/l/{list_id}/{path}", data="", headers=FORM)).status == 403
        answer = await anyone.get(f"/l/{list_id}/{path}", headers={"Accept": "text/html"})
        assert answer.headers["Location"] == f"/login?redirect=%2Fl%2F{list_id}%2F{path}"
    assert len(await entries_of(anyone, list_id)) == 3


async def test_another_sites_page_cannot_edit_with_ones_cookie(alice, anyone):
    list_id, _ = await three(alice)
    headers = FORM | {"Cookie": f"pd_auth_key={alice.key}", "Sec-Fetch-Site": "cross-site"}
    answer = await anyone.post(f"/l/{list_id}/delete", data="", headers=headers)
    assert answer.status == 400
    assert len(await entries_of(anyone, list_id)) == 3


async def test_the_form_saves_title_and_descriptions(alice):
    list_id, ids = await three(alice)
    answer = await save(alice, list_id, title="Letters", id_1=ids[1], description_1="The second\r\nof them")
    assert (answer.status, answer.headers["Location"]) == (303, f"/l/{list_id}/edit?page=1&done=saved")
    assert (await alice.get(f"/api/list/{list_id}")).json["title"] == "Letters"
    assert await entries_of(alice, list_id) == [("a.txt", ""), ("b.txt", "The second\nof them"), ("c.txt", "")]
    assert "Saved." in (await visit(alice, answer.headers["Location"])).text


async def test_the_form_moves_files_to_positions(alice):
    list_id, ids = await three(alice)
    await save(alice, list_id, id_0=ids[0], position_0="3", id_1=ids[1], position_1="2", id_2=ids[2], position_2="1")
    assert [name for name, _ in await entries_of(alice, list_id)] == ["c.txt", "b.txt", "a.txt"]


async def test_buttons_move_a_file_by_one_and_remove_it(alice):
    list_id, _ = await three(alice)
    answer = await save(alice, list_id, up="2")
    assert answer.headers["Location"] == f"/l/{list_id}/edit?page=1#file-1"
    assert [name for name, _ in await entries_of(alice, list_id)] == ["a.txt", "c.txt", "b.txt"]
    await save(alice, list_id, down="0")
    assert [name for name, _ in await entries_of(alice, list_id)] == ["c.txt", "a.txt", "b.txt"]
    await save(alice, list_id, remove="1")
    assert [name for name, _ in await entries_of(alice, list_id)] == ["c.txt", "b.txt"]


async def test_files_are_added_by_links_and_ids(alice, bob):
    list_id, _ = await three(alice)
    one, two, three_ = [await bob.upload(f"{name}.txt", name.encode()) for name in ("x", "y", "z")]
    await save(alice, list_id, add=f"http://127.0.0.1/u/{one}\r\n{two}, https://example.com/api/file/{three_}?download")
    assert [name for name, _ in await entries_of(alice, list_id)][3:] == ["x.txt", "y.txt", "z.txt"]


async def test_what_is_wrong_in_the_form_is_told_beside_its_field(alice):
    list_id, ids = await three(alice)
    said = {
        "title-said": {"title": "x" * 301},
        "add-said": {"add": "http://example.com/"},
        "position-1-said": {"id_1": ids[1], "position_1": "9"},
    }
    for place, fields in said.items():
        page = read(await save(alice, list_id, **fields))
        assert page.status >= 400
        assert page.one("p", id=place).text
        assert [one for one in page.elements if one.attributes.get("aria-invalid")], place
    missing = read(await save(alice, list_id, title="New", add="nobodyXX"))
    assert "does not exist" in missing.one("p", id="add-said").text
    assert missing.one("input", id="title")["value"] == "New"
    assert (await alice.get(f"/api/list/{list_id}")).json["title"] == "Three letters"


async def test_the_last_file_of_a_list_cannot_be_removed(alice):
    list_id = await alice.make_list(await alice.upload())
    page = read(await save(alice, list_id, remove="0"))
    assert page.status == 422
    assert "A list needs at least one file" in page.text


async def test_a_form_of_an_older_state_changes_nothing(alice):
    list_id, ids = await three(alice)
    await save(alice, list_id, up="1")
    page = read(await save(alice, list_id, id_0=ids[0], description_0="Of the first"))
    assert page.status == 409
    assert "The list was changed meanwhile" in page.text
    assert await entries_of(alice, list_id) == [("b.txt", ""), ("a.txt", ""), ("c.txt", "")]


async def test_a_long_list_is_edited_in_pages(alice):
    file_id = await alice.upload("a.txt")
    last = await alice.upload("z.txt", b"z")
    list_id = await alice.make_list(*[file_id] * 250, last)
    page = await visit(alice, f"/l/{list_id}/edit?page=3")
    assert len(page.all("li", class_="entry")) == 51
    assert "Page 3 of 3" in page.text
    await save(alice, list_id, "?page=3", id_250=last, position_250="1")
    assert (await entries_of(alice, list_id))[0] == ("z.txt", "")


async def test_a_list_is_deleted_after_a_question_and_its_files_stay(alice, anyone):
    list_id, ids = await three(alice)
    assert "Delete this list?" in (await visit(alice, f"/l/{list_id}/delete")).text
    answer = await alice.post(f"/l/{list_id}/delete", data="", headers=FORM)
    assert (answer.status, answer.headers["Location"]) == (303, "/user/lists?done=deleted")
    assert (await visit(anyone, f"/l/{list_id}")).status == 404
    assert (await anyone.info(ids[0]))["name"] == "a.txt"
