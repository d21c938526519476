"""The file manager and the lists of an account."""

import re

import pytest

from tests.support.elsewhere import change_rows
from tests.support.plenty import add_files
from tests.web.account.conftest import alert, done, look, problem, refused
from tests.web.reading import HOSTILE, Page

MANAGER = "/user/filemanager"


def names(page: Page) -> list[str]:
    """Of the files that are shown, in order."""
    return [one.text.strip() for one in page.all("td", class_="named")]


async def test_all_files_are_there_the_newest_first(ann, clock):
    for name in ("one.txt", "two.txt", "three.txt"):
        await ann.upload(name)
        clock.advance(seconds=1)
    page = await look(ann, MANAGER)
    assert names(page) == ["three.txt", "two.txt", "one.txt"]
    assert "3 files · 30 bytes" in page.text


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("oldest", ["b.txt", "A.txt", "c.txt"]),
        ("name", ["A.txt", "b.txt", "c.txt"]),
        ("name_desc", ["c.txt", "b.txt", "A.txt"]),
        ("largest", ["c.txt", "b.txt", "A.txt"]),
        ("smallest", ["A.txt", "b.txt", "c.txt"]),
        ("downloads", ["c.txt", "b.txt", "A.txt"]),
        ("nonsense", ["c.txt", "A.txt", "b.txt"]),
    ],
)
async def test_files_are_sorted(ann, anyone, clock, flush, order, expected):
    for name, size in (("b.txt", 2), ("A.txt", 1), ("c.txt", 3)):
        last = await ann.upload(name, b"x" * size)
        clock.advance(seconds=1)
    if order == "downloads":
        await anyone.get(f"/api/file/{last}")
        await flush()
        assert names(await look(ann, f"{MANAGER}?sort={order}"))[0] == "c.txt"
        return
    assert names(await look(ann, f"{MANAGER}?sort={order}")) == expected


@pytest.mark.parametrize(("part", "found"), [("PHOTO", 2), ("100%", 1), ("_", 1), ("zebra", 0), ("\\", 0)])
async def test_files_are_found_by_a_part_of_their_name(ann, part, found):
    for name in ("photo 100%.png", "photo.png", "notes_1.txt"):
        await ann.upload(name)
    page = await look(ann, f"{MANAGER}?q={part.replace('%', '%25')}")
    assert len(names(page)) == found
    assert page.one("input", id="q")["value"] == part


async def test_nobody_sees_the_files_of_others_or_dead_ones(ann, alice, house, clock):
    await alice.upload("secret.txt")
    await ann.upload("short.txt", query="?delete_after_date=2999-01-01T00:00:00Z")
    await ann.upload("once.txt", query="?delete_after_downloads=1")
    assert len(names(await look(ann, MANAGER))) == 2
    await change_rows(house.site, "UPDATE files SET delete_after_date = $1 WHERE name = 'short.txt'", clock.now())
    await change_rows(house.site, "UPDATE files SET downloads = 1 WHERE name = 'once.txt'")
    assert names(await look(ann, MANAGER)) == []


async def test_what_the_plan_has_let_go_is_not_shown(ann, house, clock):
    await ann.upload("old.txt")
    await change_rows(house.site, "UPDATE users SET plan_id = 'small' WHERE name = 'ann'")
    assert names(await look(ann, MANAGER)) == ["old.txt"]
    clock.advance(seconds=31 * 24 * 3600)
    assert names(await look(ann, MANAGER)) == []


async def test_fifty_thousand_files_come_in_pages(ann, house):
    await add_files(house.site, "ann", 50_000)
    page = await look(ann, MANAGER)
    assert "50,000 files" in page.text
    assert "Page 1 of 1,000" in page.text
    assert names(page)[0] == "file number 50000"
    assert len(names(page)) == 50
    assert len(page.source) < 100_000
    page = await look(ann, page.one("a", rel="next")["href"])
    assert names(page)[0] == "file number 49950"
    last = await look(ann, f"{MANAGER}?page=1000000")
    assert names(last)[-1] == "file number 1"
    found = await look(ann, f"{MANAGER}?q=4999&sort=name&per=200")
    assert names(found)[0] == "file number 14999"
    assert len(names(found)) == 15


async def test_many_are_deleted_after_a_question_and_only_ones_own(ann, alice):
    mine = [await ann.upload(f"{number}.txt") for number in range(3)]
    others = await alice.upload("hers.txt")
    picked = {f"pick-{file_id}": "true" for file_id in [*mine[:2], others]}
    page = await look_at_question(ann, action="delete", **picked)
    assert page.one("h1").text == "Delete 2 files?"
    assert "0.txt" in page.text
    assert (await ann.get(f"/api/file/{mine[0]}/info")).status == 200

    assert await done(ann, MANAGER, **hidden(page)) == f"{MANAGER}?done=deleted"
    assert names(await look(ann, MANAGER)) == ["2.txt"]
    assert (await alice.get(f"/api/file/{others}/info")).status == 200
    page = await refused(ann, MANAGER, **hidden(page))
    assert alert(page) == "These files are gone already."


async def look_at_question(person, **fields: str) -> Page:
    return await refused(person, MANAGER, 200, **fields)


def hidden(page: Page) -> dict[str, str]:
    return {one["name"]: one["value"] for one in page.all("input", type="hidden") if one["name"] != "back"}


async def test_nothing_selected_is_said(ann):
    await ann.upload()
    assert alert(await refused(ann, MANAGER, action="delete")) == "Select some files first."


async def test_a_list_is_made_of_the_selected_ones(ann):
    ids = [await ann.upload(f"{number}.txt") for number in range(2)]
    page = await look_at_question(ann, action="list", **{f"pick-{file_id}": "true" for file_id in ids})
    sent = hidden(page)
    page = await refused(ann, MANAGER, 413, **sent, title="x" * 301)
    assert "300 characters" in problem(page, "title")
    path = await done(ann, MANAGER, **sent, title="Both")
    shown = (await ann.get(f"/api/list/{path.removeprefix('/l/')}")).json
    assert (shown["title"], [file["id"] for file in shown["files"]]) == ("Both", ids)


async def test_the_links_of_the_selected_ones_stand_in_a_field(ann, house):
    ids = [await ann.upload(f"{number}.txt") for number in range(2)]
    page = await look_at_question(ann, action="links", **{f"pick-{file_id}": "true" for file_id in ids})
    assert page.one("textarea").text.split() == [f"{house.url}/u/{file_id}" for file_id in ids]


async def test_actions_come_back_to_the_same_page_of_the_same_search(ann):
    await ann.upload("a.txt")
    page = await look(ann, f"{MANAGER}?q=a&sort=name&per=200")
    assert page.one("form", class_="files-form")["action"] == f"{MANAGER}?q=a&sort=name&per=200"


async def test_the_table_of_all_files_can_be_saved(ann):
    await ann.upload("a.txt")
    href = next(one["href"] for one in (await look(ann, MANAGER)).all("a") if "csv" in str(one.attributes["href"]))
    answer = await ann.get(href)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert b"a.txt" in answer.body


async def test_hostile_names_are_text(ann):
    name = re.sub(r"[/\x00-\x1f]", "", HOSTILE)
    file_id = await ann.upload(name)
    await ann.make_list(file_id, title=HOSTILE)
    page = await look(ann, MANAGER)
    assert names(page) == [name.replace("\u202e", "\ufffd")]
    await look_at_question(ann, action="delete", **{f"pick-{file_id}": "true"})
    assert HOSTILE.replace("\u202e", "\ufffd") in names(await look(ann, "/user/lists"))


async def test_lists_are_shown_and_deleted_after_a_question(ann, alice):
    file_id = await ann.upload()
    list_id, others = await ann.make_list(file_id, title="Summer"), await alice.make_list(file_id, title="Hers")
    page = await look(ann, "/user/lists")
    assert names(page) == ["Summer"]
    question = await refused(ann, "/user/lists", 200, delete=list_id)
    assert question.one("h1").text == "Delete the list “Summer”?"
    assert (await refused(ann, "/user/lists", 403, delete=others)).all("input", name="confirmed") == []
    assert (await refused(ann, "/user/lists", 403, delete=others, confirmed="true")).all("h1")
    assert await done(ann, "/user/lists", **hidden(question)) == "/user/lists?done=deleted"
    assert (await ann.get(f"/api/list/{list_id}")).status == 404
    assert (await ann.get(f"/api/file/{file_id}/info")).status == 200
    assert "does not exist" in alert(await refused(ann, "/user/lists", 404, **hidden(question)))
