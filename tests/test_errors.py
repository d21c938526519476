"""The error registry against the document's own table, which lies beside the Pixeldrain tests as data."""

import json
from pathlib import Path

import pytest

from pixelhost import errors
from pixelhost.errors import KINDS, ApiErrors, ErrorKind
from pixelhost.pixeldrain import envelope

DOCUMENT = json.loads((Path(__file__).parent / "pixeldrain" / "errors.json").read_text(encoding="utf-8"))
CODES: dict[str, list[int]] = DOCUMENT["codes"]


def made_of(kind: ErrorKind) -> errors.ApiError:
    return kind(**dict.fromkeys(kind.extra, "x"))


@pytest.mark.parametrize("code", CODES)
def test_every_documented_code_is_in_the_registry_with_its_statuses(code: str):
    registered = {kind.status for kind in KINDS.values() if kind.code == code}
    # The one plural is elevated to 500 by what it holds.
    expected = {400} if code == "multiple_errors" else set(CODES[code])
    assert registered == expected


BEYOND = {
    # Of Password Pusher's API, which answers words, and of its pages: here they tell rules apart.
    "push_invalid": 422,
    "push_parameter_missing": 400,
    "push_page_invalid": 400,
    "push_passphrase_incorrect": 401,
    "push_passphrase_attempts": 429,
    "push_not_deletable": 401,
    "push_not_yours": 403,
    "push_expired": 404,
    "push_of_message": 403,
    # Of Privasfer's API, which answers messages.
    "transfer_invalid": 422,
    "transfer_query_invalid": 400,
    "transfer_ended": 410,
    # Of whatever changes by being looked at, which no method of the document does.
    "prefetched": 503,
}
"""Codes that the document doesn't have, with their statuses: none of its methods answers one."""


def test_the_registry_has_no_code_that_the_document_lacks_but_those_of_other_apis():
    assert {kind.code for kind in KINDS.values()} == set(CODES) | set(BEYOND)
    assert set(CODES).isdisjoint(BEYOND)
    assert {kind.code: kind.status for kind in KINDS.values() if kind.code in BEYOND} == BEYOND


@pytest.mark.parametrize("endpoint", DOCUMENT["endpoints"])
def test_every_code_of_an_endpoint_exists_with_the_status_it_has_there(endpoint: str):
    registered = {(kind.code, kind.status) for kind in KINDS.values()}
    assert set(DOCUMENT["endpoints"][endpoint].items()) <= registered


@pytest.mark.parametrize("name", KINDS)
def test_a_row_says_what_is_wrong_in_a_sentence(name: str):
    message = KINDS[name].message
    assert message[0].isupper()
    assert len(message) > 10


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.extra])
def test_a_row_called_without_its_extras_is_a_bug(name: str):
    with pytest.raises(TypeError):
        KINDS[name]()
    made_of(KINDS[name])


@pytest.mark.parametrize("name", KINDS)
def test_a_row_called_with_an_unknown_extra_is_a_bug(name: str):
    with pytest.raises(TypeError):
        KINDS[name](**dict.fromkeys(KINDS[name].extra, "x"), surprise=1)


def test_a_refusal_carries_its_extras_and_may_say_it_in_other_words():
    error = errors.MISSING_FIELD(field="name", message="Give it a name")
    assert (error.status, error.extra, error.message) == (400, {"field": "name"}, "Give it a name")


def test_several_refusals_are_400_unless_one_is_a_server_error():
    mistakes = [errors.MISSING_FIELD(field="a"), errors.FILE_TOO_LARGE()]
    assert ApiErrors(mistakes).status == 400
    assert ApiErrors([*mistakes, errors.INTERNAL()]).status == 500
    assert ApiErrors([errors.READ_ONLY_MODE_ENABLED(), *mistakes]).status == 500


def test_one_mistake_is_raised_as_itself_several_as_multiple_errors_none_not_at_all():
    errors.raise_all([])
    with pytest.raises(errors.ApiError, match="no_file"):
        errors.raise_all([errors.NO_FILE()])
    with pytest.raises(ApiErrors) as raised:
        errors.raise_all([errors.NO_FILE(), errors.FORBIDDEN()])
    assert [error.kind.code for error in raised.value.errors] == ["no_file", "forbidden"]


@pytest.mark.parametrize(("member", "status"), [("FORBIDDEN", 400), ("WRITING", 500)])
def test_multiple_errors_are_answered_with_each_of_them_as_a_whole_refusal(member: str, status: int):
    answer = envelope.refuse(None, ApiErrors([errors.MISSING_FIELD(field="name"), KINDS[member]()]))
    body = json.loads(answer.body)
    assert (answer.status, body["success"], body["value"]) == (status, False, "multiple_errors")
    assert body["errors"][0] == {
        "success": False,
        "value": "missing_field",
        "message": errors.MISSING_FIELD.message,
        "extra": {"field": "name"},
    }
    assert "extra" not in body["errors"][1]
