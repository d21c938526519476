"""GET /user/lists: the lists of an account, without their files."""

import csv
import io
from typing import Any

from pixelhost.core import accountdata
from pixelhost.site import Site
from tests.support.people import Person


async def listed(person: Person) -> list[dict[str, Any]]:
    answer = await person.get("/api/user/lists")
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["lists"]
    found: list[dict[str, Any]] = answer.json["lists"]
    return found


async def rows(person: Person) -> list[dict[str, str]]:
    answer = await person.get("/api/user/lists?format=csv")
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="lists.csv"')
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_every_list_comes_as_it_is_but_without_its_files_the_newest_first(alice: Person, bob: Person):
    one, two = await alice.upload("1"), await alice.upload("2")
    first = await alice.make_list(one, two, title="First")
    second = await alice.make_list(two, title="Second")
    await bob.make_list(one, title="Bob's")

    expected = []
    for list_id in (second, first):
        whole = (await alice.get(f"/api/list/{list_id}")).json
        del whole["files"]
        expected.append(whole)
    assert await listed(alice) == expected
    assert [one["file_count"] for one in expected] == [1, 2]


async def test_an_anonymous_list_is_nobodys(alice: Person):
    await alice.make_list(await alice.upload(), anonymous=True)
    assert await listed(alice) == []


async def test_a_deleted_file_is_counted_no_more(alice: Person):
    one, two = await alice.upload("1"), await alice.upload("2")
    await alice.make_list(one, two)
    await alice.delete(f"/api/file/{one}")
    assert [found["file_count"] for found in await listed(alice)] == [1]


async def test_a_spreadsheet_holds_the_same_under_a_header(alice: Person):
    file_id = await alice.upload()
    await alice.make_list(file_id, title='two\r\nlines, "quoted"')
    await alice.make_list(file_id, title="=cmd()")

    assert await rows(alice) == [
        {column: str(found[column]) for column in ("id", "title", "date_created", "file_count")}
        | {"can_edit": "true"}
        | ({"title": "'=cmd()"} if found["title"] == "=cmd()" else {})
        for found in await listed(alice)
    ]


async def test_an_account_without_lists_has_none(alice: Person):
    assert await listed(alice) == []
    assert await rows(alice) == []


async def test_lists_of_many_pages_come_once_each(alice: Person, site: Site):
    count = 2 * accountdata.PAGE + 1
    await site.db.execute(
        """INSERT INTO lists (id, owner_id, title, created_at)
           SELECT 'list' || lpad(number::text, 4, '0'), u.id, 'List', now()
             FROM users u, generate_series(1, $1) AS number WHERE u.name = 'alice'""",
        count,
    )
    assert len({found["id"] for found in await listed(alice)}) == len(await listed(alice)) == count


async def test_a_key_is_needed(anyone: Person):
    assert (await anyone.get("/api/user/lists")).refusal == (401, "authentication_required")
    stranger = Person("", "00000000-0000-4000-8000-000000000000", anyone.client)
    assert (await stranger.get("/api/user/lists")).refusal == (401, "authentication_failed")


async def test_an_unknown_format_is_refused(alice: Person):
    answer = await alice.get("/api/user/lists?format=xml")
    assert answer.refusal == (422, "enum_parse_failed")
    assert answer.json["extra"] == {"field": "format", "allowed_values": ["json", "csv"]}


async def test_head_answers_without_the_lists(alice: Person):
    await alice.make_list(await alice.upload())
    answer = await alice.ask("HEAD", "/api/user/lists")
    assert (answer.status, answer.body) == (200, b"")
