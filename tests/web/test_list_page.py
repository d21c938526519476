"""The page of a list."""

import asyncio
import gzip

from tests.web.reading import HOSTILE, Page, take_down, visit


def names_of(page: Page) -> list[str]:
    return [one.text for one in page.all("bdi")][1:]


async def test_a_list_shows_its_files_in_order(alice, anyone):
    ids = [await alice.upload(name, name.encode() * 100) for name in ("c.txt", "a.txt", "b.txt")]
    list_id = await alice.make_list(*ids, title="Three <letters>")
    page = await visit(anyone, f"/l/{list_id}")
    assert page.status == 200
    assert page.one("h1").text == "Three <letters>"
    assert "3 files, 1.50 kB" in page.text
    assert names_of(page) == ["c.txt", "a.txt", "b.txt"]
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
