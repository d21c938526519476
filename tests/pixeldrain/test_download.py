"""GET and HEAD /file/{id}: the bytes, whole and in part, and under which conditions."""

import hashlib
import re
from email import message_from_bytes
from typing import Any
from urllib.parse import unquote

import pytest

from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.people import Answer, Person

SMALL = bytes(range(256)) * 4
LARGE = bytes(range(256)) * 4096  # 1 MiB, which goes out by sendfile


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def data(request: pytest.FixtureRequest) -> bytes:
    return request.param


def without_date(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "Date"}


async def test_a_file_is_sent_whole_with_what_a_client_needs_to_know(alice: Person, anyone: Person, data: bytes):
    got = await anyone.get(f"/api/file/{await alice.upload('a.txt', data)}")
    assert (got.status, got.body) == (200, data)
    assert got.headers["Content-Length"] == str(len(data))
    assert got.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert got.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert got.headers["Accept-Ranges"] == "bytes"
    assert got.headers["Last-Modified"].endswith(" GMT")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].startswith("sandbox")


async def test_a_hostile_page_is_sent_into_a_sandbox(alice: Person):
    got = await alice.get(f"/api/file/{await alice.upload('evil.html', b'<script>alert(1)</script>')}")
    policy = got.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("0-0", 0, 1), ("0-499", 0, 500), ("500-", 500, None), ("-1", -1, None), ("-500", -500, None), ("0-", 0, None)],
)
async def test_a_range_is_sent_as_partial_content(alice: Person, data: bytes, asked: str, start: int, stop: int | None):
    path = f"/api/file/{await alice.upload('a', data)}"
    got = await alice.get(path, headers={"Range": f"bytes={asked}"})
    expected = data[start:stop]
    first = start % len(data)
    assert (got.status, got.body) == (206, expected)
    assert got.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(data)}"
    assert got.headers["Content-Length"] == str(len(expected))


async def test_a_range_beyond_the_end_is_cut_at_the_end(alice: Person, data: bytes):
    path = f"/api/file/{await alice.upload('a', data)}"
    got = await alice.get(path, headers={"Range": f"bytes=10-{len(data) * 2}"})
    assert (got.status, got.body) == (206, data[10:])
    assert got.headers["Content-Range"] == f"bytes 10-{len(data) - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
async def test_a_range_past_the_end_is_refused_with_the_size(alice: Person, asked: str):
    path = f"/api/file/{await alice.upload('a', SMALL)}"
    refused = await alice.get(path, headers={"Range": asked})
    assert refused.refusal == (416, "integer_out_of_range")
    assert refused.headers["Content-Range"] == "bytes */1024"
    assert (await alice.get(path, headers={"Range": "bytes=1023-"})).body == SMALL[-1:]


@pytest.mark.parametrize(
    "asked", ["bytes=2-1", "lines=0-1", "bytes=x", "bytes=0-9,5-15", "bytes=" + "0-0," * 500, "\xff"]
)
async def test_a_malformed_or_greedy_range_is_ignored(alice: Person, asked: str):
    got = await alice.get(f"/api/file/{await alice.upload('a', SMALL)}", headers={"Range": asked})
    assert (got.status, got.body) == (200, SMALL)


async def test_several_ranges_come_as_multipart(alice: Person, data: bytes):
    path = f"/api/file/{await alice.upload('a.txt', data)}"
    got = await alice.get(path, headers={"Range": "bytes=0-9,-10,500-600"})
    assert got.status == 206
    assert got.headers["Content-Length"] == str(len(got.body))
    assert "Content-Range" not in got.headers
    message: Any = message_from_bytes(f"Content-Type: {got.headers['Content-Type']}\r\n\r\n".encode() + got.body)
    parts = {part["Content-Range"]: part.get_payload(decode=True) for part in message.get_payload()}
    size = len(data)
    assert parts == {
        f"bytes 0-9/{size}": data[:10],
        f"bytes {size - 10}-{size - 1}/{size}": data[-10:],
        f"bytes 500-600/{size}": data[500:601],
    }
    assert {part.get_content_type() for part in message.get_payload()} == {"text/plain"}


async def test_several_ranges_of_which_one_can_be_satisfied_are_never_refused(alice: Person):
    path = f"/api/file/{await alice.upload('a', SMALL)}"
    got = await alice.get(path, headers={"Range": "bytes=0-9,5000-6000"})
    assert (got.status, got.body) == (206, SMALL[:10])
    assert (await alice.get(path, headers={"Range": "bytes=5000-,6000-"})).status == 416


async def test_a_download_resumes_only_on_the_same_version(alice: Person, data: bytes):
    path = f"/api/file/{await alice.upload('a', data)}"
    whole = await alice.get(path)

    async def resumed(validator: str) -> Answer:
        return await alice.get(path, headers={"Range": "bytes=5-", "If-Range": validator})

    for right in (whole.headers["ETag"], whole.headers["Last-Modified"]):
        assert (await resumed(right)).body == data[5:]
    for wrong in ('"other"', "W/" + whole.headers["ETag"], "Sun, 04 Feb 2001 18:34:13 GMT", "nonsense"):
        got = await resumed(wrong)
        assert (got.status, got.body) == (200, data)


async def test_a_copy_that_is_current_is_not_sent_again(alice: Person):
    path = f"/api/file/{await alice.upload('a', SMALL)}"
    etag, date = (await alice.get(path)).headers["ETag"], (await alice.get(path)).headers["Last-Modified"]
    for headers in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": date}):
        got = await alice.get(path, headers=headers)
        assert (got.status, got.body) == (304, b"")
        assert got.headers["ETag"] == etag
    assert (await alice.get(path, headers={"If-None-Match": '"x"', "If-Modified-Since": date})).status == 200


async def test_another_version_than_wanted_is_refused(alice: Person):
    path = f"/api/file/{await alice.upload('a', SMALL)}"
    etag = (await alice.get(path)).headers["ETag"]
    refused = await alice.get(path, headers={"If-Match": '"other"'})
    assert refused.status == 412
    assert refused.value
    past = {"If-Unmodified-Since": "Sun, 04 Feb 2001 18:34:13 GMT"}
    assert (await alice.get(path, headers=past)).status == 412
    for right in (etag, "*"):
        assert (await alice.get(path, headers={"If-Match": right} | past)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Range": "bytes=5-9"},
        {"Range": "bytes=5-9", "If-Range": '"other"'},
        {"Range": "bytes=99999999-"},
        {"If-Match": '"other"'},
        {"If-None-Match": "*"},
    ],
    ids=str,
)
async def test_head_answers_with_the_headers_of_get_and_no_body(alice: Person, data: bytes, headers: dict[str, str]):
    path = f"/api/file/{await alice.upload('a', data)}"
    got = await alice.get(path, headers=headers)
    head = await alice.ask("HEAD", path, headers=headers)
    assert (head.status, head.body) == (got.status, b"")
    assert without_date(head) == without_date(got)


@pytest.mark.parametrize("path", ["/info", "/thumbnail", ""])
async def test_head_works_wherever_get_does(alice: Person, path: str):
    file_id = await alice.upload()
    head, got = await alice.ask("HEAD", f"/api/file/{file_id}{path}"), await alice.get(f"/api/file/{file_id}{path}")
    assert (head.status, head.body) == (200, b"")
    assert without_date(head) == without_date(got)
    assert (await alice.ask("HEAD", f"/api/file/AAAAAAAA{path}")).status == 404


async def test_the_connection_serves_on_after_a_head(alice: Person, port: int):
    path = f"/api/file/{await alice.upload('a', LARGE)}".encode()
    head = b"HEAD " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    last = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answer = await raw_exchange(port, head * 2 + last, idle_seconds=60)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3


@pytest.mark.parametrize("query", ["?download", "?download=", "?download=1", "?x&download"])
async def test_the_flag_download_counts_by_being_there(alice: Person, query: str):
    path = f"/api/file/{await alice.upload('cat.png', SMALL)}"
    assert (await alice.get(path)).headers["Content-Disposition"].startswith("inline; ")
    assert (await alice.get(path + query)).headers["Content-Disposition"].startswith("attachment; ")


HOSTILE = [
    'a"b\\c.txt',
    "grüße 🎉.txt",
    "a;filename=evil.exe",
    "%41.txt",
    "'quoted'",
    "\u202egpj.exe",
    "a" * 255,
    "日" * 255,
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
async def test_no_name_breaks_out_of_the_disposition(alice: Person, name: str):
    got = await alice.get(f"/api/file/{await alice.upload(name)}?download")
    disposition = got.headers["Content-Disposition"]
    match = re.fullmatch(
        r'attachment; filename="([ -!#-\[\]-~]+)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]+)', disposition
    )
    assert match is not None, disposition
    assert unquote(match[2]) == name


@pytest.mark.parametrize(
    "file_id", ["AAAAAAAA", "short", "much_too_long_for_an_id", "abc-_123", "%C3%A4%C3%A4%C3%A4%C3%A4", "%00"]
)
async def test_what_does_not_exist_is_not_found(anyone: Person, file_id: str):
    for path in ("", "/info", "/thumbnail"):
        assert (await anyone.get(f"/api/file/{file_id}{path}")).refusal == (404, "not_found")


async def test_an_id_may_be_percent_encoded_but_must_be_utf_8(alice: Person):
    file_id = await alice.upload("a", SMALL)
    encoded = "".join(f"%{ord(letter):02x}" for letter in file_id)
    assert (await alice.get(f"/api/file/{encoded}")).body == SMALL
    assert (await alice.get(f"/api/file/{encoded}/info")).json["id"] == file_id
    assert (await alice.get("/api/file/%FFAAAAAAA")).refusal == (422, "utf8_string_parse_failed")


async def test_an_id_is_told_apart_by_its_case(alice: Person):
    file_id = await alice.upload()
    assert (await alice.get(f"/api/file/{file_id.swapcase()}")).status == 404 or file_id.isdigit()


async def test_a_wrong_key_is_refused_even_where_none_is_needed(alice: Person, anyone: Person):
    path = f"/api/file/{await alice.upload()}"
    wrong = {"Authorization": "Bearer 550e8400-e29b-41d4-a716-446655440000"}
    for suffix in ("", "/info", "/thumbnail"):
        assert (await anyone.get(path + suffix, headers=wrong)).refusal == (401, "authentication_failed")
        cookie = {"Cookie": "pd_auth_key=nonsense"}
        assert (await anyone.get(path + suffix, headers=cookie)).refusal == (401, "authentication_failed")


async def test_pages_of_other_sites_may_read_but_never_with_a_cookie(alice: Person, anyone: Person):
    path = f"/api/file/{await alice.upload()}"
    origin = {"Origin": "https://other.example"}
    for got in (await anyone.get(path, headers=origin), await alice.get(path, headers=origin)):
        assert got.headers["Access-Control-Allow-Origin"] == "*"
        assert "Content-Range" in got.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in got.headers
    by_cookie = await anyone.get(path, headers=origin | {"Cookie": f"pd_auth_key={alice.key}"})
    assert by_cookie.status == 200
    assert "Access-Control-Allow-Origin" not in by_cookie.headers
    assert (await anyone.get("/api/file/AAAAAAAA", headers=origin)).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path", ["/api/file/a.txt", "/api/file/AAAAAAAA", "/api/list", "/api/user", "/api/list/AAAAAAAA"]
)
async def test_a_preflight_is_answered(anyone: Person, path: str):
    headers = {"Origin": "https://other.example", "Access-Control-Request-Method": "PUT"}
    answer = await anyone.ask("OPTIONS", path, headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_bytes_that_are_gone_from_the_disk_are_an_internal_error_that_tells_nothing(alice: Person, site: Site):
    file_id = await alice.upload("a", SMALL)
    async for stored in site.store.listing():
        await site.store.delete(stored.location)
    for path in (f"/api/file/{file_id}", f"/api/file/{file_id},{file_id}"):
        refused = await alice.get(path)
        assert refused.refusal == (500, "internal")
        assert b"Traceback" not in refused.body
        assert hashlib.sha256(SMALL).hexdigest().encode() not in refused.body


async def test_a_file_cut_short_on_the_disk_cuts_the_connection_instead_of_ending_well(
    alice: Person, site: Site, port: int
):
    file_id = await alice.upload("a", LARGE)
    async for stored in site.store.listing():
        with (site.store.root / stored.location).open("r+b") as file:
            file.truncate(300_000)
    answer = await raw_exchange(port, f"GET /api/file/{file_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    assert head.startswith(b"HTTP/1.1 500 ") or length > len(body)
    assert b"success" not in body[1:] or head.startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
async def test_a_date_beyond_the_calendar_is_no_date(alice: Person, header: str):
    file_id = await alice.upload()
    answer = await alice.get(f"/api/file/{file_id}", headers={header: "Fri, 31 Dec 9999 23:59:59 -2359"})
    assert answer.status == 200
