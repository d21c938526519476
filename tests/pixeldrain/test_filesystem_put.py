"""PUT /filesystem/{path}: writing files."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import pytest
from aiohttp import FormData

from pixelhost.site import Site
from tests.pixeldrain.test_upload_broken import MIB, until_quiet
from tests.pixeldrain.test_upload_limits import in_pieces, largest_file
from tests.support.client import raw_exchange
from tests.support.filesystem import assert_clean, used
from tests.support.people import Person


def path_of(path: str, **query: str) -> str:
    return f"/api/filesystem{quote(path)}" + ("?" + urlencode(query) if query else "")


async def test_a_file_is_written_and_its_node_answered(alice: Person):
    answer = await alice.fs("PUT", "/me/todo.txt", data=b"milk")
    assert answer.status == 200
    node = answer.json
    times = node.pop("created"), node.pop("modified")
    assert times[0] == times[1]
    assert node == {
        "type": "file",
        "path": "/me/todo.txt",
        "name": "todo.txt",
        "mode_string": "-rw-r--r--",
        "mode_octal": "644",
        "created_by": "alice",
        "file_size": 4,
        "file_type": "text/plain",
        "sha256_sum": hashlib.sha256(b"milk").hexdigest(),
    }
    assert (await alice.fs("GET", "/me/todo.txt")).body == b"milk"


async def test_an_empty_file_is_a_file(alice: Person):
    node = await alice.write("/me/empty", b"")
    assert (node["file_size"], node["sha256_sum"]) == (0, hashlib.sha256().hexdigest())
    assert (await alice.fs("GET", "/me/empty")).body == b""
    assert await used(alice) == (0, 0, 1)


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 * MIB, 9 * MIB])
async def test_a_file_comes_back_as_it_was_sent_with_or_without_a_length(alice: Person, site: Site, size: int):
    data = hashlib.shake_128(b"seed").digest(size)
    await alice.write("/me/whole", data)
    await alice.write("/me/chunked", in_pieces(data[: size // 3], data[size // 3 :]))
    for name in ("whole", "chunked"):
        assert (await alice.fs("GET", f"/me/{name}")).body == data
    await assert_clean(site)


async def test_missing_directories_are_made_only_when_asked(alice: Person):
    refused = await alice.fs("PUT", "/me/a/b/c.txt", data=b"x")
    assert refused.refusal == (404, "path_not_found")
    assert (await alice.fs("PUT", "/me/a/c", "?make_parents=false", data=b"x")).refusal == (404, "path_not_found")
    assert await alice.names("/me") == []
    for flag in ("?make_parents=true", "?make_parents", "?make_parents=1"):
        assert (await alice.fs("PUT", "/me/a/b/c.txt", flag, data=b"x")).status == 200
        directory = await alice.node("/me/a")
        assert (directory["mode_octal"], directory["mode_string"]) == ("700", "drwx------")
        await alice.fs("DELETE", "/me/a", "?recursive")


async def test_every_property_can_be_sent_along(alice: Person, bob: Person):
    sent = {
        "mode": "4751",
        "created": "2001-02-03T04:05:06.123456Z",
        "modified": "2011-12-13T14:15:16.5Z",
        "shared": "true",
        "link_permissions": json.dumps({"read": True, "write": True}),
        "user_permissions": json.dumps({"bob": {"delete": True}}),
        "password_permissions": json.dumps({"hunter2": {"read": True}}),
        "branding_enabled": "true",
        "brand_input_color": "#ff0000",
        "brand_header_link": "https://example.com/",
    }
    node = (await alice.put(path_of("/me/a.txt", **sent), data=b"x")).json
    assert (node["mode_octal"], node["mode_string"]) == ("4751", "-rwsr-x--x")
    assert (node["created"], node["modified"]) == ("2001-02-03T04:05:06.123456Z", "2011-12-13T14:15:16.500000Z")
    assert node["link_permissions"] == {"owner": False, "read": True, "write": True, "delete": False}
    assert node["user_permissions"] == {"bob": {"owner": False, "read": False, "write": False, "delete": True}}
    assert node["password_permissions"] == {"hunter2": {"owner": False, "read": True, "write": False, "delete": False}}
    assert node["properties"] == {
        "branding_enabled": "true",
        "brand_input_color": "#ff0000",
        "brand_header_link": "https://example.com/",
    }
    assert await alice.node("/me/a.txt") == node
    assert (await bob.node(f"/{node['id']}"))["created"] == node["created"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2024-02-04T18:34:13Z", "2024-02-04T18:34:13.000000Z"),
        ("2024-02-04T18:34:13.466276Z", "2024-02-04T18:34:13.466276Z"),
        ("2024-02-04T18:34:13.466276999Z", "2024-02-04T18:34:13.466276Z"),
        ("2024-02-04T18:34:13.999999999+01:00", "2024-02-04T17:34:13.999999Z"),
        ("2024-02-29T23:59:59.9-00:30", "2024-03-01T00:29:59.900000Z"),
        ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
async def test_a_time_is_cut_off_to_microseconds_everywhere_alike(alice: Person, sent: str, kept: str):
    put = (await alice.put(path_of("/me/a", created=sent, modified=sent), data=b"x")).json
    stat = await alice.node("/me/a")
    updated = await alice.update("/me/a", created=sent, modified=sent)
    moved = (await alice.act("/me/a", "rename", target="/me/b", created=sent, modified=sent)).json
    for node in (put, stat, updated, moved):
        assert (node["created"], node["modified"]) == (kept, kept)
    assert (await alice.fs("GET", "/me/b")).status == 200
    assert (await alice.fs("GET", "/me", "?bulk_download")).status == 200


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("mode=8", (422, "integer_parse_failed")),
        ("mode=rwx", (422, "integer_parse_failed")),
        ("mode=", (422, "integer_parse_failed")),
        ("mode=-644", (422, "integer_parse_failed")),
        ("mode=10000", (422, "integer_out_of_range")),
        ("created=yesterday", (422, "time_parse_failed")),
        ("modified=2024-02-04", (422, "time_parse_failed")),
        ("modified=2024-02-04T18:34:13", (422, "time_parse_failed")),
        ("modified=2024-02-04T18:34:13+01:00", (422, "time_parse_failed")),
        ("modified=0001-01-01T00:00:00%2B01:00", (422, "time_parse_failed")),
        ("shared=yes", (422, "bool_parse_failed")),
        ("link_permissions={", (422, "json_parse_failed")),
        ("link_permissions=[]", (422, "json_parse_failed")),
        ("user_permissions={%22bob%22:true}", (422, "json_parse_failed")),
        ("password_permissions=", (422, "json_parse_failed")),
        ("user_permissions={%22nobody%22:{}}", (404, "user_not_found")),
        ("user_permissions={%22a%5Cu0000b%22:{}}", (404, "user_not_found")),
        ("brand_body_color=red", (422, "hex_parse_failed")),
        ("logging_enabled=true", (400, "node_is_not_a_directory")),
        ("custom_domain_name=%00", (400, "field_contains_illegal_character")),
        ("%FF=x", (422, "utf8_string_parse_failed")),
        ("mode=9&shared=9", (400, "multiple_errors")),
    ],
)
async def test_a_bad_property_stores_nothing(alice: Person, nothing_is_stored, query: str, refusal: tuple[int, str]):
    refused = await alice.put(f"/api/filesystem/me/d/a?make_parents&{query}", data=b"x")
    assert refused.refusal == refusal
    assert await alice.names("/me") == []
    assert await nothing_is_stored()


async def test_overwriting_keeps_the_share_the_creation_and_the_mode(alice: Person, anyone: Person, clock):
    first = await alice.write("/me/a.txt", b"old", "?mode=600&shared=true&brand_body_color=%23fff")
    clock.advance(hours=1)
    second = await alice.write("/me/a.txt", b"newer")
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"modified", "file_size", "sha256_sum"}
    assert (await anyone.fs("GET", f"/{first['id']}")).body == b"newer"
    third = await alice.write("/me/a.txt", b"\x89PNG\r\n\x1a\n", "?mode=644&created=2001-01-01T00:00:00Z&shared=false")
    assert (third["mode_octal"], third["created"]) == ("644", "2001-01-01T00:00:00.000000Z")
    assert "id" not in third
    assert (await anyone.fs("GET", f"/{first['id']}")).refusal == (404, "not_found")


async def test_a_share_of_a_file_can_be_written_by_its_id(alice: Person, bob: Person):
    await alice.write("/me/a.txt", b"old")
    share_id = await alice.share("/me/a.txt", link={"read": True, "write": True})
    node = (await bob.fs("PUT", f"/{share_id}", data=b"new")).json
    assert (node["path"], node["name"], node["created_by"]) == (f"/{share_id}", "a.txt", "alice")
    assert (await alice.fs("GET", "/me/a.txt")).body == b"new"
    assert (await bob.fs("PUT", f"/{share_id}/b", data=b"")).refusal == (400, "node_is_not_a_directory")


@pytest.mark.parametrize("path", ["/me", "/me/dir"])
async def test_a_directory_is_not_overwritten(alice: Person, path: str):
    await alice.mkdir("/me/dir")
    assert (await alice.fs("PUT", path, data=b"x")).refusal == (400, "node_is_a_directory")


@pytest.mark.parametrize("path", ["/me/file/a", "/me/file/a/b"])
async def test_a_file_has_nothing_in_it(alice: Person, path: str):
    await alice.write("/me/file")
    assert (await alice.fs("PUT", path, "?make_parents", data=b"x")).refusal == (400, "node_is_not_a_directory")


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/mixed", "Multipart/Form-Data"])
async def test_a_form_is_not_what_is_asked_for(alice: Person, nothing_is_stored, kind: str):
    refused = await alice.fs("PUT", "/me/a", data=b"--x--", headers={"Content-Type": kind})
    assert refused.refusal == (400, "invalid_content_type")
    form = FormData()
    form.add_field("file", b"x", filename="a")
    assert (await alice.fs("PUT", "/me/a", data=form)).refusal == (400, "invalid_content_type")
    assert await nothing_is_stored()


@pytest.mark.parametrize(
    "header",
    [
        {"Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()},
        {"Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(b'other').digest()).decode()}:"},
        {"Content-Digest": f"sha-512=:{base64.b64encode(hashlib.sha512(b'other').digest()).decode()}:"},
    ],
    ids=lambda header: next(iter(header)),
)
async def test_bytes_that_dont_match_their_digest_are_not_stored(alice: Person, nothing_is_stored, header):
    refused = await alice.fs("PUT", "/me/a", data=b"x", headers=header)
    assert refused.refusal == (400, "error_reading_input")
    assert await alice.names("/me") == []
    assert await nothing_is_stored()
    assert (await alice.fs("PUT", "/me/a", data=b"other", headers=header)).status == 200


def head(person: Person, *headers: str) -> bytes:
    lines = ["PUT /api/filesystem/me/d/a?make_parents HTTP/1.1", "Host: x", f"Authorization: Bearer {person.key}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("Content-Length: 1000", b"x" * 999),
        (f"Content-Length: {20 * MIB}", b"x" * (9 * MIB)),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", b"5\r\nhel"),
    ],
    ids=["short", "large", "no last chunk", "half a chunk"],
)
async def test_an_interrupted_write_leaves_nothing(
    alice: Person, site: Site, port: int, nothing_is_stored, header: str, sent: bytes
):
    answer = await raw_exchange(port, head(alice, header) + sent, half_close=True)
    assert answer == b"" or b"error_reading_input" in answer
    await until_quiet(site)
    assert await alice.names("/me") == []
    assert await nothing_is_stored()


async def test_an_interrupted_overwrite_leaves_the_old_version(alice: Person, site: Site, port: int):
    await alice.write("/me/d/a", b"old version")
    await raw_exchange(port, head(alice, "Content-Length: 1000") + b"x" * 999, half_close=True)
    await until_quiet(site)
    assert (await alice.fs("GET", "/me/d/a")).body == b"old version"
    await assert_clean(site)


async def test_a_disk_that_takes_no_more_stores_nothing(alice: Person, nothing_is_stored):
    with largest_file(1 << 20):
        refused = await alice.fs("PUT", "/me/a", data=b"x" * (3 << 20))
    assert refused.refusal == (500, "writing")
    assert await alice.names("/me") == []
    assert await nothing_is_stored()


async def test_a_directory_deleted_while_its_file_arrives_does_not_come_back(alice: Person, site: Site):
    await alice.mkdir("/me/d")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        begun.set()
        await go_on.wait()
        yield b"y"

    writing = asyncio.create_task(alice.fs("PUT", "/me/d/a", data=slowly()))
    await begun.wait()
    await asyncio.sleep(0.05)
    assert (await alice.fs("DELETE", "/me/d")).status == 200
    go_on.set()
    assert (await writing).refusal == (404, "path_not_found")
    assert await alice.names("/me") == []
    await assert_clean(site)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b"text", "text/plain"),
        ("a.unknown", b"text", "text/plain"),
        ("a", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("a.bin", b"\0\1", "application/octet-stream"),
        ("a.torrent", b"d", "application/x-bittorrent"),
        ("a.md", b"#", "text/markdown"),
        ("empty", b"", None),
    ],
)
async def test_the_type_follows_from_name_and_content(alice: Person, name: str, data: bytes, kind: str | None):
    node = await alice.write(f"/me/{name}", data)
    assert kind is None or node["file_type"] == kind
    assert (await alice.fs("GET", f"/me/{name}")).headers["Content-Type"].split(";")[0] == node["file_type"]
