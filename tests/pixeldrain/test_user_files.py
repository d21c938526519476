"""GET /user/files: everything that an account has, as JSON and as a spreadsheet."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientPayloadError

from pixelhost.core import accountdata
from pixelhost.db import files
from pixelhost.site import Site
from tests.support.people import Answer, Person
from tests.support.plenty import add_files


async def listed(person: Person, path: str = "/api/user/files") -> list[dict[str, Any]]:
    answer = await person.get(path)
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["files"]
    found: list[dict[str, Any]] = answer.json["files"]
    return found


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_every_file_comes_as_its_info_says_the_newest_first(alice: Person, bob: Person):
    first = await alice.upload("first.txt", b"1")
    second = await alice.upload("second.txt", b"22", "?delete_after_downloads=7")
    await bob.upload("somebody else's")

    assert await listed(alice) == [await alice.info(second), await alice.info(first)]


async def test_an_account_without_files_has_an_empty_list(alice: Person):
    assert await listed(alice) == []
    assert (await alice.get("/api/user/files?format=csv")).body.count(b"\r\n") == 1


async def test_a_key_is_needed(anyone: Person):
    for query in ("", "?format=csv"):
        assert (await anyone.get(f"/api/user/files{query}")).refusal == (401, "authentication_required")
    stranger = Person("", "00000000-0000-4000-8000-000000000000", anyone.client)
    assert (await stranger.get("/api/user/files")).refusal == (401, "authentication_failed")


@pytest.mark.parametrize("name", ["xml", "CSV", ""])
async def test_an_unknown_format_is_refused(alice: Person, name: str):
    answer = await alice.get(f"/api/user/files?format={name}")
    assert answer.refusal == (422, "enum_parse_failed")
    assert answer.json["extra"] == {"field": "format", "allowed_values": ["json", "csv"]}


async def test_json_can_be_asked_for_by_name(alice: Person):
    file_id = await alice.upload()
    assert [file["id"] for file in await listed(alice, "/api/user/files?format=json")] == [file_id]


async def test_a_spreadsheet_holds_the_same_under_a_header(alice: Person):
    await alice.upload("one.txt", b"1")
    await alice.upload('two, "quoted".txt', b"22")

    answer = await alice.get("/api/user/files?format=csv")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="files.csv"')
    assert answer.body.count(b"\r\n") == answer.body.count(b"\n") == 3
    as_json = await listed(alice)
    for row, file in zip(rows(answer), as_json, strict=True):
        assert row == {column: str(file[column]) for column in row}
    assert [row["name"] for row in rows(answer)] == ['two, "quoted".txt', "one.txt"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")'])
async def test_no_name_becomes_a_formula(alice: Person, name: str):
    await alice.upload(name)

    assert [row["name"] for row in rows(await alice.get("/api/user/files?format=csv"))] == [f"'{name}"]
    assert [file["name"] for file in await listed(alice)] == [name]


@pytest.mark.parametrize("name", ["写真 😀.jpg", "a=b", "'quoted'", "semi;colon", " space "])
async def test_other_names_stay_as_they_are(alice: Person, name: str):
    await alice.upload(name)

    assert [row["name"] for row in rows(await alice.get("/api/user/files?format=csv"))] == [name]


async def test_files_of_one_moment_come_once_each(alice: Person, site: Site):
    ids = await add_files(site, "alice", 3 * accountdata.PAGE + 1, at=site.clock.now())

    found = [file["id"] for file in await listed(alice)]

    assert sorted(found) == sorted(ids)


async def test_the_newest_fifty_thousand_are_listed(alice: Person, site: Site):
    await add_files(site, "alice", 50_001)

    found = await listed(alice)

    assert len(found) == 50_000
    assert [file["date_upload"] for file in found] == sorted((file["date_upload"] for file in found), reverse=True)
    assert "file number 1" not in {file["name"] for file in found}
    assert {"file number 2", "file number 50001"} <= {file["name"] for file in found}
    assert len(rows(await alice.get("/api/user/files?format=csv"))) == 50_000


async def test_a_file_past_its_time_is_not_listed_any_more(alice: Person, clock):
    date = (clock.now() + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    await alice.upload("short", b"1", f"?delete_after_date={date}")
    staying = await alice.upload("long", b"2")
    assert len(await listed(alice)) == 2

    clock.advance(minutes=2)

    assert [file["id"] for file in await listed(alice)] == [staying]


async def test_head_answers_without_the_files(alice: Person):
    await alice.upload()
    answer = await alice.ask("HEAD", "/api/user/files")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/json"


async def test_a_failure_midway_cuts_the_connection(alice: Person, site: Site, monkeypatch):
    """Half a list must not look like a whole one."""
    await add_files(site, "alice", 2 * accountdata.PAGE)
    real = files.of_user

    async def breaking(db, owner_id, before, limit):
        if before != accountdata.LATEST:
            raise OSError("the database has gone")
        return await real(db, owner_id, before, limit)

    monkeypatch.setattr(files, "of_user", breaking)
    for query in ("", "?format=csv"):
        with pytest.raises(ClientPayloadError):
            await alice.get(f"/api/user/files{query}")


async def test_a_failure_before_the_first_file_is_answered(alice: Person, monkeypatch):
    async def broken(*_):
        raise OSError("the database has gone")

    monkeypatch.setattr(files, "of_user", broken)
    assert (await alice.get("/api/user/files")).refusal == (500, "internal")
