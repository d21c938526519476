"""POST /file/{id}: another name, another lifetime."""

import pytest

from tests.support.people import Answer, Person

NEVER = "0001-01-01T00:00:00Z"


async def change(person: Person, file_id: str, **fields: str) -> Answer:
    return await person.post(f"/api/file/{file_id}", data=fields)


async def test_a_file_is_renamed_and_its_type_follows(alice: Person):
    file_id = await alice.upload("a.txt", b"plain")
    assert (await change(alice, file_id, action="rename", name="a.md")).status == 200
    info = await alice.info(file_id)
    assert (info["name"], info["mime_type"]) == ("a.md", "text/markdown")


@pytest.mark.parametrize(
    ("name", "status", "value"),
    [
        ("", 400, "missing_field"),
        ("a/b", 422, "name_contains_illegal_character"),
        ("a\0b", 422, "name_contains_illegal_character"),
        ("ä" * 256, 422, "string_out_of_range"),
    ],
)
async def test_a_new_name_is_held_to_the_same_rules(alice: Person, name: str, status: int, value: str):
    file_id = await alice.upload("a.txt")
    assert (await change(alice, file_id, action="rename", name=name)).refusal == (status, value)
    assert (await alice.info(file_id))["name"] == "a.txt"
    assert (await change(alice, file_id, action="rename", name="ä" * 255)).status == 200


async def test_only_the_owner_changes_a_file(alice: Person, bob: Person, anyone: Person):
    file_id = await alice.upload("a.txt")
    for fields in ({"action": "rename", "name": "b"}, {"action": "update", "delete_after_downloads": "1"}):
        for person in (bob, anyone):
            assert (await change(person, file_id, **fields)).refusal == (403, "forbidden")
        assert (await change(alice, "AAAAAAAA", **fields)).refusal == (404, "not_found")
    assert (await alice.info(file_id))["name"] == "a.txt"


@pytest.mark.parametrize("action", ["", "destroy", "RENAME"])
async def test_an_action_is_one_of_those_there_are(alice: Person, action: str):
    refused = await change(alice, await alice.upload(), action=action)
    assert refused.refusal == (422, "enum_parse_failed")
    assert {"rename", "update"} <= set(refused.json["extra"]["allowed_values"])


async def test_an_action_is_needed(alice: Person):
    refused = await change(alice, await alice.upload(), name="x")
    assert refused.refusal == (400, "missing_field")
    assert refused.json["extra"] == {"field": "action"}


async def test_what_is_not_sent_stays_as_it_is(alice: Person):
    file_id = await alice.upload(query="?delete_after_date=2099-01-01T00:00:00Z&delete_after_downloads=5")
    assert (await change(alice, file_id, action="update", delete_after_downloads="7")).status == 200
    info = await alice.info(file_id)
    assert (info["delete_after_date"], info["delete_after_downloads"]) == ("2099-01-01T00:00:00.000000Z", 7)
    moved = await change(alice, file_id, action="update", delete_after_date="2100-01-01T00:00:00.5+01:00")
    assert moved.status == 200
    info = await alice.info(file_id)
    assert (info["delete_after_date"], info["delete_after_downloads"]) == ("2099-12-31T23:00:00.500000Z", 7)


async def test_a_lifetime_is_taken_back_with_the_values_that_mean_never(alice: Person):
    file_id = await alice.upload(query="?delete_after_date=2099-01-01T00:00:00Z&delete_after_downloads=5")
    assert (await change(alice, file_id, action="update", delete_after_downloads="0")).status == 200
    assert (await change(alice, file_id, action="update", delete_after_date=NEVER)).status == 200
    info = await alice.info(file_id)
    assert (info["delete_after_date"], info["delete_after_downloads"]) == (NEVER, 0)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("delete_after_downloads", "-1", "integer_out_of_range"),
        ("delete_after_downloads", "2147483648", "integer_out_of_range"),
        ("delete_after_downloads", "99999999999999999999", "integer_out_of_range"),
        ("delete_after_downloads", "x", "integer_parse_failed"),
        ("delete_after_downloads", "", "integer_parse_failed"),
        ("delete_after_date", "tomorrow", "time_parse_failed"),
    ],
)
async def test_a_wrong_lifetime_is_refused(alice: Person, field: str, text: str, value: str):
    file_id = await alice.upload()
    assert (await change(alice, file_id, action="update", **{field: text})).refusal == (422, value)
    assert (await alice.info(file_id))["delete_after_downloads"] == 0


async def test_a_form_that_is_too_large_is_refused(alice: Person):
    refused = await change(alice, await alice.upload(), action="rename", name="a", note="x" * (4 << 20))
    assert refused.refusal == (413, "file_too_large")
