"""PUT /file/{name}: what is taken, and what is refused before and after the bytes."""

import base64
import hashlib
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from pixelhost.site import Site
from tests.support.people import Person


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    """Sent chunked, without a Content-Length."""
    for piece in pieces:
        yield piece


def sha256_digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


async def test_an_uploaded_file_comes_back_as_it_was(alice: Person, anyone: Person):
    made = await alice.put("/api/file/report.txt", data=b"some text")
    assert made.status == 201
    info = made.json
    assert (info["success"], info["name"], info["size"], info["mime_type"]) == (True, "report.txt", 9, "text/plain")
    assert info["hash_sha256"] == hashlib.sha256(b"some text").hexdigest()
    got = await anyone.get(f"/api/file/{info['id']}")
    assert (got.status, got.body) == (200, b"some text")


async def test_the_answer_of_an_upload_is_the_info_of_the_file(alice: Person):
    made = (await alice.put("/api/file/a.txt", data=b"x")).json
    assert await alice.info(made["id"]) == made


async def test_an_id_is_eight_letters_and_digits(alice: Person):
    file_id = await alice.upload()
    assert len(file_id) == 8
    assert file_id.isascii()
    assert file_id.isalnum()


@pytest.mark.parametrize("size", [1, 65536, 65537, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, 20 << 20])
async def test_a_file_of_any_size_comes_back_whole(alice: Person, size: int):
    data = (hashlib.sha512(str(size).encode()).digest() * (size // 64 + 1))[:size]
    made = await alice.put("/api/file/big.bin", data=data)
    assert (made.status, made.json["size"]) == (201, size)
    assert made.json["hash_sha256"] == hashlib.sha256(data).hexdigest()
    assert (await alice.get(f"/api/file/{made.json['id']}")).body == data


@pytest.mark.parametrize("piece", [b"x" * 1000, b"y" * (3 << 20)])
async def test_a_chunked_upload_needs_no_length(alice: Person, piece: bytes):
    made = await alice.put("/api/file/pipe.bin", data=in_pieces(piece, piece, b"end"))
    assert made.status == 201
    assert (await alice.get(f"/api/file/{made.json['id']}")).body == piece + piece + b"end"


async def test_uploading_needs_a_key(anyone: Person, nothing_is_stored):
    assert (await anyone.put("/api/file/a.txt", data=b"x")).refusal == (401, "authentication_required")
    assert await nothing_is_stored()


@pytest.mark.parametrize("key", ["nonsense", "550e8400-e29b-41d4-a716-446655440000"])
async def test_uploading_with_a_wrong_key_fails(anyone: Person, nothing_is_stored, key: str):
    refused = await Person("", key, anyone.client).put("/api/file/a.txt", data=b"x")
    assert refused.refusal == (401, "authentication_failed")
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert await nothing_is_stored()


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/mixed"])
async def test_a_multipart_form_is_not_for_put(alice: Person, nothing_is_stored, kind: str):
    refused = await alice.put("/api/file/a.txt", data=b"--x--", headers={"Content-Type": kind})
    assert refused.refusal == (400, "invalid_content_type")
    assert await nothing_is_stored()


@pytest.mark.parametrize("body", [b"", in_pieces()], ids=["empty", "chunked"])
async def test_an_empty_file_is_no_file(alice: Person, nothing_is_stored, body: object):
    assert (await alice.put("/api/file/a.txt", data=body)).refusal == (422, "no_file")
    assert await nothing_is_stored()


@pytest.mark.parametrize("path", ["/api/file/", "/api/file"])
async def test_a_file_needs_a_name(alice: Person, nothing_is_stored, path: str):
    refused = await alice.put(path, data=b"x")
    assert refused.refusal == (400, "missing_field")
    assert refused.json["extra"] == {"field": "name"}
    assert await nothing_is_stored()


@pytest.mark.parametrize("letter", ["a", "ä", "%", "\N{PILE OF POO}"])
async def test_a_name_has_at_most_255_characters_whatever_their_bytes(alice: Person, letter: str):
    assert (await alice.info(await alice.upload(letter * 255)))["name"] == letter * 255
    refused = await alice.put("/api/file/" + quote(letter * 256), data=b"x")
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"] == {"field": "name", "min_len": 1, "max_len": 255, "len": 256}


@pytest.mark.parametrize(
    ("sent", "illegal"),
    [("a%2Fb", "/"), ("a/b", "/"), ("%00", "\0"), ("a%0Ab%1F", "\n\x1f"), ("%7F", "\x7f"), ("%C2%85", "\x85")],
)
async def test_a_name_has_no_slash_or_control_character(alice: Person, nothing_is_stored, sent: str, illegal: str):
    refused = await alice.put(f"/api/file/{sent}", data=b"x")
    assert refused.refusal == (422, "name_contains_illegal_character")
    assert refused.json["extra"] == {"illegal_chars": illegal}
    assert await nothing_is_stored()


async def test_everything_wrong_with_a_name_is_told_at_once(alice: Person):
    refused = await alice.put("/api/file/" + "%0A" * 256, data=b"x")
    assert refused.refusal == (400, "multiple_errors")
    values = [one["value"] for one in refused.json["errors"]]
    assert values == ["string_out_of_range", "name_contains_illegal_character"]


NAMES = ["..", ".", " ", "a+b c%", "a\\b", '"quoted"', "con", "🎉.txt", "a?b#c", "%41", "a\u202eb"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_any_other_name_is_kept_to_the_letter(alice: Person, name: str):
    assert (await alice.info(await alice.upload(name)))["name"] == name


async def test_a_name_must_be_utf_8(alice: Person, nothing_is_stored):
    refused = await alice.put("/api/file/%FF", data=b"x")
    assert refused.refusal == (422, "utf8_string_parse_failed")
    assert refused.json["extra"] == {"field": "name"}
    assert await nothing_is_stored()


@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
@pytest.mark.parametrize("data", [b"right", b"r" * (9 << 20)], ids=["small", "large"])
async def test_a_digest_is_checked_and_a_mismatch_stores_nothing(
    alice: Person, nothing_is_stored, header: str, data: bytes
):
    refused = await alice.put("/api/file/a", data=data, headers={header: sha256_digest(b"wrong")})
    assert refused.refusal == (400, "error_reading_input")
    assert await nothing_is_stored()
    assert (await alice.put("/api/file/a", data=data, headers={header: sha256_digest(data)})).status == 201


async def test_the_older_content_md5_and_sha_512_are_checked_too(alice: Person, nothing_is_stored):
    md5, other = (base64.b64encode(hashlib.md5(data).digest()).decode() for data in (b"x", b"y"))
    sha512 = f"sha-512=:{base64.b64encode(hashlib.sha512(b'y').digest()).decode()}:"
    one_of_two = f"{sha256_digest(b'x')}, {sha512}"
    for headers in ({"Content-MD5": other}, {"Content-Digest": sha512}, {"Content-Digest": one_of_two}):
        assert (await alice.put("/api/file/a", data=b"x", headers=headers)).refusal == (400, "error_reading_input")
    assert await nothing_is_stored()
    assert (await alice.put("/api/file/a", data=b"x", headers={"Content-MD5": md5})).status == 201


async def test_a_malformed_digest_is_refused(alice: Person, nothing_is_stored):
    refused = await alice.put("/api/file/a", data=b"x", headers={"Content-Digest": "sha-256=:no:"})
    assert refused.refusal == (422, "base64_parse_failed")
    assert await nothing_is_stored()


async def test_the_same_bytes_are_stored_once_and_belong_to_both(alice: Person, bob: Person, site: Site):
    ids = [await alice.upload("a", b"same"), await bob.upload("b", b"same")]
    assert await site.db.fetchval("SELECT count(*) FROM blobs") == 1
    await alice.delete(f"/api/file/{ids[0]}")
    assert (await bob.get(f"/api/file/{ids[1]}")).body == b"same"


async def test_what_is_compressed_is_stored_as_it_was_sent(alice: Person):
    made = await alice.put("/api/file/a.gz", data=b"\x1f\x8bnot gzip", headers={"Content-Encoding": "gzip"})
    assert (await alice.get(f"/api/file/{made.json['id']}")).body == b"\x1f\x8bnot gzip"


async def test_an_upload_can_set_when_it_goes_by_itself(alice: Person):
    query = "?delete_after_date=2099-02-03T04:05:06.123456789%2B01:00&delete_after_downloads=3"
    info = await alice.info(await alice.upload(query=query))
    assert info["delete_after_date"] == "2099-02-03T03:05:06.123456Z"
    assert info["delete_after_downloads"] == 3


async def test_an_unset_date_sent_back_as_it_came_is_still_unset(alice: Person):
    info = await alice.info(await alice.upload())
    assert (info["delete_after_date"], info["delete_after_downloads"]) == ("0001-01-01T00:00:00Z", 0)
    made = await alice.put(f"/api/file/copy?delete_after_date={info['delete_after_date']}", data=b"x")
    assert made.status == 201
    assert (await alice.info(made.json["id"]))["delete_after_date"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("delete_after_date=tomorrow", "time_parse_failed"),
        ("delete_after_downloads=-1", "integer_out_of_range"),
        ("delete_after_downloads=2147483648", "integer_out_of_range"),
        ("delete_after_downloads=x", "integer_parse_failed"),
        ("delete_after_date=x&delete_after_downloads=x", "multiple_errors"),
    ],
)
async def test_a_wrong_lifetime_is_refused(alice: Person, nothing_is_stored, query: str, value: str):
    refused = await alice.put(f"/api/file/a?{query}", data=b"x")
    assert refused.value == value
    assert await nothing_is_stored()


async def test_the_highest_number_of_downloads_and_the_last_moment_are_taken(alice: Person):
    query = "?delete_after_downloads=2147483647&delete_after_date=9999-12-31T23:59:59.999999Z"
    info = await alice.info(await alice.upload(query=query))
    assert info["delete_after_downloads"] == 2**31 - 1
    assert info["delete_after_date"] == "9999-12-31T23:59:59.999999Z"
