"""Forms instead of JSON: lists are named `files[]` or `files[0]`, in forms of both kinds."""

import pytest
from aiohttp import FormData

from tests.support.transfers import Sender, form

Fields = list[tuple[str, str]]


def multipart(fields: Fields) -> FormData:
    """As `curl -F` sends it."""
    made = FormData(default_to_multipart=True, quote_fields=False)
    for name, value in fields:
        made.add_field(name, value)
    return made


def urlencoded(fields: Fields) -> FormData:
    """As `curl -d` sends it."""
    return FormData(fields)


KINDS = pytest.mark.parametrize("encoded", [multipart, urlencoded], ids=["multipart", "urlencoded"])


@KINDS
@pytest.mark.parametrize("brackets", [("[]", "[]"), ("[0]", "[1]")], ids=["unnumbered", "numbered"])
@pytest.mark.parametrize("path", ["/api/mails", "/api/messages"])
async def test_a_form_sends_files_to_several_recipients(alice: Sender, encoded, brackets: tuple[str, str], path: str):
    recipients = ["x@example.org", "y@example.org"]
    files = [(await alice.send_file(name))["id"] for name in ("a", "b")]
    fields = [("subject", "Invoice"), ("body", "Here it is"), ("expires_in_days", "3")]
    for name, values in (("recipients", recipients), ("files", files)):
        fields += [(name + bracket, value) for bracket, value in zip(brackets, values, strict=True)]
    sent = await alice.data("POST", path, 201, data=encoded(fields))
    assert [one["recipient_email"] for one in sent] == recipients
    for one in sent:
        assert (one["subject"], one["body"]) == ("Invoice", "Here it is")
        assert [file["id"] for file in one["download"]["files"]] == files


@KINDS
async def test_a_form_makes_a_download_of_several_files(alice: Sender, encoded):
    files = [(await alice.send_file(name))["id"] for name in ("a", "b")]
    made = await alice.data("POST", "/api/downloads", 201, data=encoded([("files[]", one) for one in files]))
    assert [one["id"] for one in made["files"]] == files


@KINDS
async def test_a_form_is_told_which_values_of_a_list_are_wrong(alice: Sender, encoded):
    fields = [("recipients[]", "x@example.org"), ("recipients[]", "@"), ("files[]", "no ID"), ("subject", "a")]
    assert sorted(await alice.refused("POST", "/api/mails", data=encoded(fields))) == ["files.0", "recipients.1"]
    once = [("recipients", "x@example.org"), ("subject", "a"), ("body", "b")]
    assert list(await alice.refused("POST", "/api/mails", data=encoded(once))) == ["recipients"]


async def test_numbered_files_of_one_form_are_answered_as_a_list(alice: Sender):
    sent = form(("files[0]", "a.txt", b"a"), ("files[1]", "b.txt", b"b"), ("files[x]", "c.txt", b"c"))
    made = await alice.data("POST", "/api/files", 201, data=sent)
    assert [one["full_filename"] for one in made] == ["a.txt", "b.txt"]
    (single,) = await alice.data("POST", "/api/files", 201, data=form(("files[7]", "c", b"c")))
    assert single["full_filename"] == "c"
