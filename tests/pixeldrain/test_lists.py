"""Lists: made, read, changed, deleted, and sent as a zip."""

import asyncio
import io
import json
import re
import zipfile
from typing import Any

import pytest

from pixelhost.site import Site
from tests.support.people import Answer, Person


async def post(person: Person, body: Any) -> Answer:
    return await person.post("/api/list", data=body if isinstance(body, bytes) else json.dumps(body))


def files(*ids: str) -> list[dict[str, str]]:
    return [{"id": file_id} for file_id in ids]


async def test_a_list_keeps_its_files_in_order_with_their_descriptions(alice: Person, anyone: Person):
    ids = [await alice.upload(name) for name in "abc"]
    entries = [{"id": ids[2], "description": "the last"}, {"id": ids[0]}, {"id": ids[1], "description": "grüße"}]
    made = await post(alice, {"title": "Rust in Peace", "files": entries})
    assert (made.status, set(made.json)) == (201, {"success", "id"})
    shown = (await anyone.get(f"/api/list/{made.json['id']}")).json
    assert (shown["success"], shown["id"], shown["title"]) == (True, made.json["id"], "Rust in Peace")
    assert (shown["file_count"], shown["can_edit"]) == (3, False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", shown["date_created"])
    assert [file["id"] for file in shown["files"]] == [ids[2], ids[0], ids[1]]
    assert [file["description"] for file in shown["files"]] == ["the last", "", "grüße"]
    whole = await anyone.info(ids[2]) | {"detail_href": f"/file/{ids[2]}/info", "description": "the last"}
    assert shown["files"][0] == whole


async def test_a_list_has_a_title_by_itself_and_belongs_to_its_maker(alice: Person, bob: Person):
    list_id = await alice.make_list(await alice.upload())
    shown = (await alice.get(f"/api/list/{list_id}")).json
    assert (shown["title"], shown["can_edit"]) == ("Pixeldrain List", True)
    assert (await bob.get(f"/api/list/{list_id}")).json["can_edit"] is False


async def test_somebody_elses_files_and_the_same_file_twice_may_be_in_a_list(alice: Person, bob: Person):
    file_id = await alice.upload()
    shown = (await bob.get(f"/api/list/{await bob.make_list(file_id, file_id)}")).json
    assert [file["id"] for file in shown["files"]] == [file_id, file_id]


async def test_making_a_list_needs_a_key_even_an_anonymous_one(alice: Person, anyone: Person):
    file_id = await alice.upload()
    for anonymous in (True, False):
        refused = await post(anyone, {"files": files(file_id), "anonymous": anonymous})
        assert refused.refusal == (401, "authentication_required")


async def test_an_anonymous_list_belongs_to_nobody(alice: Person):
    list_id = await alice.make_list(await alice.upload(), anonymous=True)
    assert (await alice.get(f"/api/list/{list_id}")).json["can_edit"] is False
    assert (await alice.delete(f"/api/list/{list_id}")).refusal == (403, "forbidden")
    assert (await alice.put(f"/api/list/{list_id}", json={"title": "mine"})).refusal == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"files"',
        b"\xff",
        b'{"files": "abc"}',
        b'{"files": [1]}',
        b'{"files": ["AAAAAAAA"]}',
        b'{"files": [{}]}',
        b'{"files": [{"id": 1}]}',
        b'{"files": null}',
        b'{"files": [], "title": 5}',
        b'{"files": [{"id": "\xff"}]}',
        b'{"anonymous": "yes"}',
        b'{"title": "\\ud800"}',
        b'{"a": ' + b"[" * 100_000,
        b'{"files": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"title": ' + b'{"a":' * 100_000,
    ],
    ids=lambda body: ascii(body[:30]),
)
async def test_a_body_that_is_not_the_object_expected_is_refused(alice: Person, site: Site, body: bytes):
    refused = await post(alice, body)
    assert (refused.status, refused.value) in {(422, "json_parse_failed"), (400, "multiple_errors")}
    assert await site.db.fetchval("SELECT count(*) FROM lists") == 0


async def test_a_list_needs_a_file(alice: Person):
    for body in ({}, {"files": []}, {"title": "x"}):
        assert (await post(alice, body)).refusal == (422, "cannot_create_empty_list")


@pytest.mark.parametrize("missing", ["AAAAAAAA", "0h42No", "", "a" * 5000, "\0", "ä"], ids=ascii)
async def test_a_missing_file_is_named_and_no_list_is_made(alice: Person, site: Site, missing: str):
    refused = await post(alice, {"files": files(await alice.upload(), missing)})
    assert refused.refusal == (422, "list_file_not_found")
    assert refused.json["extra"] == {"file_not_found": missing}
    assert await site.db.fetchval("SELECT count(*) FROM lists") == 0


@pytest.mark.parametrize("letter", ["a", "ä", "🎉"])
async def test_a_title_has_at_most_300_characters(alice: Person, letter: str):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id, title=letter * 300)
    assert (await alice.get(f"/api/list/{list_id}")).json["title"] == letter * 300
    assert (await post(alice, {"title": letter * 301, "files": files(file_id)})).refusal == (413, "title_too_long")
    assert (await alice.put(f"/api/list/{list_id}", json={"title": "x" * 301})).refusal == (413, "title_too_long")


@pytest.mark.parametrize("text", ["a\0b", "\0"])
async def test_a_text_that_cannot_be_stored_is_a_mistake_of_the_client(alice: Person, text: str):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    described = {"files": [{"id": file_id, "description": text}]}
    for answer in (
        await post(alice, {"title": text, "files": files(file_id)}),
        await post(alice, described),
        await alice.put(f"/api/list/{list_id}", json={"title": text}),
        await alice.put(f"/api/list/{list_id}", json=described),
    ):
        assert answer.status < 500, answer.body


async def test_a_list_holds_at_most_10000_files(alice: Person):
    ids = [await alice.upload(name) for name in "abcd"] * 2500
    made = await post(alice, {"files": files(*ids)})
    assert made.status == 201
    shown = (await alice.get(f"/api/list/{made.json['id']}")).json
    assert shown["file_count"] == 10_000
    assert [file["id"] for file in shown["files"]] == ids
    assert (await post(alice, {"files": files(*ids, ids[0])})).refusal == (413, "too_many_files")
    changed = await alice.put(f"/api/list/{made.json['id']}", json={"files": files(*ids, ids[0])})
    assert changed.refusal == (413, "too_many_files")


async def test_a_list_of_names_and_descriptions_up_to_the_limit_is_taken(alice: Person):
    file_id = await alice.upload()
    entry = {"id": file_id, "description": "ä" * 3000}
    assert (await post(alice, {"files": [entry]})).status == 201
    entry["description"] += "x"
    refused = await post(alice, {"files": [entry]})
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"]["field"] == "description"


async def test_everything_wrong_with_a_list_is_told_at_once(alice: Person):
    refused = await post(alice, {"title": "x" * 301, "files": []})
    assert refused.refusal == (400, "multiple_errors")
    assert [one["value"] for one in refused.json["errors"]] == ["title_too_long", "cannot_create_empty_list"]


async def test_the_owner_changes_what_is_sent_and_the_rest_stays(alice: Person):
    ids = [await alice.upload(name) for name in "ab"]
    list_id = await alice.make_list(*ids, title="before")
    assert (await alice.put(f"/api/list/{list_id}", json={"title": "after"})).status == 200
    assert (await alice.put(f"/api/list/{list_id}", json={"files": files(*reversed(ids), ids[0])})).status == 200
    shown = (await alice.get(f"/api/list/{list_id}")).json
    assert shown["title"] == "after"
    assert [file["id"] for file in shown["files"]] == [ids[1], ids[0], ids[0]]


async def test_a_refused_change_changes_nothing(alice: Person):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id, title="before")
    for body, refusal in (
        ({"title": "after", "files": files("AAAAAAAA")}, (422, "list_file_not_found")),
        ({"title": "after", "files": []}, (422, "cannot_create_empty_list")),
    ):
        assert (await alice.put(f"/api/list/{list_id}", json=body)).refusal == refusal
    shown = (await alice.get(f"/api/list/{list_id}")).json
    assert (shown["title"], shown["file_count"]) == ("before", 1)


async def test_only_the_owner_changes_or_deletes_a_list(alice: Person, bob: Person, anyone: Person):
    list_id = await alice.make_list(await alice.upload())
    assert (await bob.put(f"/api/list/{list_id}", json={"title": "x"})).refusal == (403, "forbidden")
    assert (await anyone.put(f"/api/list/{list_id}", json={"title": "x"})).refusal == (401, "authentication_required")
    for person in (bob, anyone):
        assert (await person.delete(f"/api/list/{list_id}")).status in {401, 403}
    assert (await alice.get(f"/api/list/{list_id}")).json["title"] == "Pixeldrain List"


async def test_a_deleted_list_is_gone_and_its_files_stay(alice: Person):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    assert (await alice.delete(f"/api/list/{list_id}")).json["value"] == "ok"
    for path in ("", "/zip", "/thumbnail"):
        assert (await alice.get(f"/api/list/{list_id}{path}")).refusal == (404, "not_found")
    assert (await alice.delete(f"/api/list/{list_id}")).refusal == (404, "not_found")
    assert (await alice.get(f"/api/file/{file_id}")).status == 200


@pytest.mark.parametrize("list_id", ["AAAAAAAA", "x", "%00", "AAAAAAAA,BBBBBBBB"])
async def test_a_list_that_does_not_exist_is_not_found(alice: Person, list_id: str):
    for path in ("", "/zip", "/thumbnail"):
        assert (await alice.get(f"/api/list/{list_id}{path}")).refusal == (404, "not_found")
    assert (await alice.put(f"/api/list/{list_id}", json={"title": "x"})).refusal == (404, "not_found")


async def test_a_list_comes_as_a_zip(alice: Person, anyone: Person):
    ids = [await alice.upload("a", b"1"), await alice.upload("a", b"2")]
    got = await anyone.get(f"/api/list/{await alice.make_list(*ids, ids[0], title='Grüße/1')}/zip")
    assert (got.status, got.headers["Content-Type"]) == (200, "application/zip")
    assert got.headers["Content-Disposition"].startswith("attachment; ")
    with zipfile.ZipFile(io.BytesIO(got.body)) as archive:
        assert sorted(archive.read(name) for name in archive.namelist()) == [b"1", b"2"]


async def test_a_list_whose_files_are_gone_is_empty_but_there(alice: Person):
    file_id = await alice.upload()
    list_id = await alice.make_list(file_id)
    await alice.delete(f"/api/file/{file_id}")
    assert (await alice.get(f"/api/list/{list_id}")).json["files"] == []
    assert (await alice.get(f"/api/list/{list_id}/zip")).status in {200, 404}
    assert (await alice.get(f"/api/list/{list_id}/thumbnail")).status == 200


async def test_the_thumbnail_of_a_list_is_that_of_its_first_file(alice: Person):
    ids = [await alice.upload("a.txt"), await alice.upload("b.mp3")]
    path = f"/api/list/{await alice.make_list(*ids)}/thumbnail"
    assert (await alice.get(path)).body == (await alice.get(f"/api/file/{ids[0]}/thumbnail")).body
    assert (await alice.get(path + "?width=17")).refusal == (400, "invalid_thumbnail_size")


async def test_many_changes_at_once_all_end(alice: Person):
    first, second = await alice.upload("a"), await alice.upload("b")
    list_ids = [await alice.make_list(first) for _ in range(30)]
    change = {"files": [{"id": second}]}
    answers = await asyncio.gather(*(alice.put(f"/api/list/{list_id}", json=change) for list_id in list_ids))
    assert {answer.status for answer in answers} == {200}
