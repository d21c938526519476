"""POST /file: multipart forms as curl, browsers and rclone send them, broken ones, and grab_file."""

import asyncio
from typing import Any

import pytest
from aiohttp import FormData

from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person

Part = tuple[str, bytes]
FILE: Part = ('form-data; name="file"; filename="cat.txt"', b"meow")
NAME: Part = ('form-data; name="name"', b"dog.txt")


def body_of(*parts: Part, end: bytes = b"--b--\r\n") -> bytes:
    written = [b"--b\r\nContent-Disposition: " + head.encode("utf-8", "surrogateescape") for head, _ in parts]
    return b"".join(head + b"\r\n\r\n" + part[1] + b"\r\n" for head, part in zip(written, parts, strict=True)) + end


async def post(person: Person, body: Any, query: str = "") -> Answer:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return await person.post(f"/api/file{query}", data=body, headers=headers)


async def uploaded(person: Person, *parts: Part, query: str = "") -> dict[str, Any]:
    made = await post(person, body_of(*parts), query)
    assert made.status == 201, made.body
    assert set(made.json) == {"success", "id"}
    return await person.info(made.json["id"])


def form_with(data: bytes) -> FormData:
    form = FormData()
    form.add_field("file", data, filename="cat.txt", content_type="text/plain")
    return form


async def test_a_form_uploads_a_file_and_answers_with_its_id(alice: Person):
    made = await alice.post("/api/file", data=form_with(b"meow"))
    assert made.status == 201
    assert (await alice.get(f"/api/file/{made.json['id']}")).body == b"meow"
    assert (await alice.post("/api/file/", data=form_with(b"x"))).status == 201


async def test_the_file_is_called_as_its_part_unless_the_form_names_it(alice: Person):
    assert (await uploaded(alice, FILE))["name"] == "cat.txt"
    assert (await uploaded(alice, NAME, FILE))["name"] == "dog.txt"
    assert (await uploaded(alice, FILE, NAME))["name"] == "dog.txt"
    assert (await uploaded(alice, FILE, query="?name=bird.txt"))["name"] == "bird.txt"
    assert (await uploaded(alice, FILE, ('form-data; name="name"', b"")))["name"] == "cat.txt"


async def test_fields_of_any_order_set_the_lifetime(alice: Person):
    date = ('form-data; name="delete_after_date"', b"2099-01-01T00:00:00Z")
    downloads = ('form-data; name="delete_after_downloads"', b"5")
    for parts in ((date, downloads, FILE), (FILE, downloads, date), (date, FILE, downloads)):
        info = await uploaded(alice, *parts)
        assert (info["delete_after_date"], info["delete_after_downloads"]) == ("2099-01-01T00:00:00.000000Z", 5)


async def test_a_name_in_another_script_is_kept(alice: Person):
    assert (await uploaded(alice, ('form-data; name="file"; filename="грüße 🎉.txt"', b"x")))["name"] == "грüße 🎉.txt"
    encoded = 'form-data; name="file"; filename="_"; filename*=UTF-8\'\'gr%C3%BC%C3%9Fe'
    assert (await uploaded(alice, (encoded, b"x")))["name"] == "grüße"


async def test_a_path_that_a_client_sends_as_file_name_is_left_out(alice: Person):
    assert (await uploaded(alice, ('form-data; name="file"; filename="a/b/cat.txt"', b"x")))["name"] == "cat.txt"


async def test_bytes_that_look_like_a_boundary_are_part_of_the_file(alice: Person):
    content = b"--b\r\n--b--\n\r\n--c\r\n\r\n-\r\n--"
    content = content.replace(b"\r\n--b", b"\r\n--B")
    info = await uploaded(alice, (FILE[0], b"x" + content))
    assert (await alice.get(f"/api/file/{info['id']}")).body == b"x" + content


async def test_a_large_chunked_form_comes_back_whole(alice: Person):
    data = bytes(range(256)) * (12 << 12)

    async def pieces() -> Any:
        body = body_of((FILE[0], data), NAME)
        for at in range(0, len(body), 100_001):
            yield body[at : at + 100_001]

    made = await post(alice, pieces())
    assert made.status == 201
    assert (await alice.get(f"/api/file/{made.json['id']}")).body == data


async def test_a_form_needs_a_key(anyone: Person, nothing_is_stored):
    assert (await post(anyone, body_of(FILE))).refusal == (401, "authentication_required")
    assert (await post(Person("", "x", anyone.client), body_of(FILE))).refusal == (401, "authentication_failed")
    assert await nothing_is_stored()


@pytest.mark.parametrize(
    "parts", [(), (NAME,), (('form-data; name="file"; filename="a"', b""),)], ids=["none", "name", "empty"]
)
async def test_a_form_without_a_file_or_with_an_empty_one_is_refused(alice: Person, nothing_is_stored, parts: Any):
    assert (await post(alice, body_of(*parts))).refusal == (422, "no_file")
    assert await nothing_is_stored()


async def test_a_file_without_any_name_is_refused(alice: Person, nothing_is_stored):
    for head in ('form-data; name="file"', 'form-data; name="file"; filename=""'):
        refused = await post(alice, body_of((head, b"x")))
        assert refused.refusal == (400, "missing_field")
        assert refused.json["extra"] == {"field": "name"}
    assert await nothing_is_stored()


async def test_a_name_in_a_form_has_at_most_255_characters(alice: Person, nothing_is_stored):
    name = 'form-data; name="name"'
    assert (await post(alice, body_of(FILE, (name, "ä".encode() * 256)))).refusal == (422, "string_out_of_range")
    assert await nothing_is_stored()
    assert (await uploaded(alice, FILE, (name, "ä".encode() * 255)))["name"] == "ä" * 255


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"a/b", "name_contains_illegal_character"),
        (b"a\0b", "name_contains_illegal_character"),
        (b"a\nb", "name_contains_illegal_character"),
        (b"\xff", "utf8_string_parse_failed"),
    ],
)
async def test_a_wrong_name_in_a_form_is_refused(alice: Person, nothing_is_stored, name: bytes, value: str):
    assert (await post(alice, body_of(FILE, ('form-data; name="name"', name)))).refusal == (422, value)
    assert (await post(alice, body_of(('form-data; name="name"', name), FILE))).refusal == (422, value)
    assert await nothing_is_stored()


async def test_a_file_name_that_is_no_utf_8_is_refused(alice: Person, nothing_is_stored):
    refused = await post(alice, body_of(('form-data; name="file"; filename="a\udcff.txt"', b"x")))
    assert refused.refusal == (422, "utf8_string_parse_failed")
    assert await nothing_is_stored()


async def test_a_file_in_a_form_may_be_exactly_as_large_as_the_plan_allows(limited, nothing_is_stored):
    carol = await (await limited(file_size_limit=1000)).person("carol")
    assert (await post(carol, body_of((FILE[0], b"x" * 1001)))).refusal == (413, "file_too_large")
    assert await nothing_is_stored()
    assert (await uploaded(carol, (FILE[0], b"x" * 1000)))["size"] == 1000


async def test_a_form_past_the_limits_of_the_account_stores_nothing(limited, nothing_is_stored):
    carol = await (await limited(storage_space=1000)).person("carol")
    assert (await post(carol, body_of((FILE[0], b"x" * 1001)))).refusal == (400, "user_out_of_space")
    assert await nothing_is_stored()
    await uploaded(carol, (FILE[0], b"x" * 1000))
    assert (await post(carol, body_of(FILE))).refusal == (400, "user_out_of_space")
    dave = await (await limited(file_count_limit=0)).person("dave")
    assert (await post(dave, body_of(FILE))).refusal == (400, "too_many_files")


@pytest.mark.parametrize("end", [b"", b"--b", b"--b-", b"--B--\r\n", b"\r\n"], ids=ascii)
async def test_a_form_without_its_final_boundary_stores_nothing(alice: Person, nothing_is_stored, end: bytes):
    assert (await post(alice, body_of(FILE, end=end))).refusal == (400, "error_reading_input")
    assert (await post(alice, body_of(NAME, FILE, end=end))).refusal == (400, "error_reading_input")
    assert await nothing_is_stored()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b"--b",
        b"--b\r\n",
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n",
        b"--b\r\nbroken header\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
        b"--b\r\n" + b"X-Header: y\r\n" * 3000 + b"\r\nx\r\n--b--\r\n",
    ],
    ids=lambda body: ascii(body[:40]),
)  # fmt: skip
async def test_a_broken_form_is_a_mistake_of_the_client(alice: Person, nothing_is_stored, body: bytes):
    refused = await post(alice, body)
    assert refused.status in {400, 422}
    assert refused.value in {"error_reading_input", "no_file"}
    assert await nothing_is_stored()


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 71]
)
async def test_a_form_without_a_usable_boundary_is_refused(alice: Person, nothing_is_stored, kind: str):
    refused = await alice.post("/api/file", data=body_of(FILE), headers={"Content-Type": kind})
    assert refused.refusal == (400, "error_reading_input")
    assert await nothing_is_stored()


async def test_a_form_with_two_files_or_endless_fields_is_refused(alice: Person, nothing_is_stored):
    assert (await post(alice, body_of(FILE, FILE))).refusal == (400, "error_reading_input")
    long = ('form-data; name="note"', b"x" * 70_000)
    assert (await post(alice, body_of(long, FILE))).refusal == (400, "error_reading_input")
    assert (await post(alice, body_of(FILE, long))).refusal == (400, "error_reading_input")
    assert await nothing_is_stored()


async def test_a_post_that_is_no_form_has_no_file(alice: Person, nothing_is_stored):
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        refused = await alice.post("/api/file", data=b"{}", headers={"Content-Type": kind})
        assert refused.refusal == (422, "no_file")
    assert await nothing_is_stored()


async def test_somebody_elses_file_can_be_grabbed_into_ones_own_account(alice: Person, bob: Person, site: Site):
    source = await alice.upload("cat.txt", b"meow")
    for form in ({"grab_file": source}, FormData({"grab_file": source}, default_to_multipart=True)):
        made = await bob.post("/api/file", data=form)
        assert made.status == 201
        info = await bob.info(made.json["id"])
        assert (info["name"], info["size"], info["can_edit"]) == ("cat.txt", 4, True)
    named = await bob.post("/api/file", data={"grab_file": source, "name": "dog.txt"})
    assert (await bob.info(named.json["id"]))["name"] == "dog.txt"
    assert await site.db.fetchval("SELECT count(*) FROM blobs") == 1
    await alice.delete(f"/api/file/{source}")
    assert (await bob.get(f"/api/file/{made.json['id']}")).body == b"meow"


async def test_grabbing_is_refused_as_reading_and_uploading_are(limited, alice: Person, anyone: Person, site: Site):
    source = await alice.upload("cat.txt", b"meow")

    async def grab(person: Person, file_id: str = source, **fields: str) -> tuple[int, str]:
        return (await person.post("/api/file", data={"grab_file": file_id} | fields)).refusal

    assert await grab(anyone) == (401, "authentication_required")
    assert await grab(alice, "AAAAAAAA") == (404, "not_found")
    assert await grab(alice, "") == (404, "not_found")
    assert await grab(alice, name="a/b") == (422, "name_contains_illegal_character")
    assert await grab(await (await limited(file_size_limit=3)).person("carol")) == (413, "file_too_large")
    assert await grab(await (await limited(storage_space=3)).person("dave")) == (400, "user_out_of_space")
    assert await grab(await (await limited(file_count_limit=0)).person("erin")) == (400, "too_many_files")
    await change_rows(site, "UPDATE files SET abuse_type = 'malware'")
    assert await grab(alice) == (451, "unavailable_for_legal_reasons")
    assert await site.db.fetchval("SELECT count(*) FROM files") == 1


async def test_grabbing_many_times_at_once_counts_every_copy(alice: Person, bob: Person, site: Site):
    source = await alice.upload()
    answers = await asyncio.gather(*(bob.post("/api/file", data={"grab_file": source}) for _ in range(10)))
    assert {answer.status for answer in answers} == {201}
    assert await site.db.fetchval("SELECT refs FROM blobs") == 11
    assert (await bob.get("/api/user")).json["file_count"] == 10


async def test_what_may_not_be_downloaded_may_not_be_grabbed_either(alice: Person, bob: Person, site: Site):
    infected, once = await alice.upload("a", b"bad"), await alice.upload("b", query="?delete_after_downloads=1")
    await change_rows(
        site, "UPDATE blobs SET virus_name = 'Eicar' WHERE digest = (SELECT blob FROM files WHERE id = $1)", infected
    )
    refused = await bob.post("/api/file", data={"grab_file": infected})
    assert refused.refusal == (403, "virus_detected_captcha_required")
    assert (await bob.post("/api/file", data={"grab_file": once})).refusal == (403, "forbidden")
    assert (await alice.post("/api/file", data={"grab_file": once})).status == 201


LARGE = bytes(range(256)) * (12 << 12)  # 12 MiB: from 8 MiB on a form is read from its socket by a thread


def form_head(person: Person, *headers: str) -> bytes:
    lines = ["POST /api/file HTTP/1.1", "Host: x", f"Authorization: Bearer {person.key}"]
    return "\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=b", *headers, "", ""]).encode()


async def test_a_large_form_comes_back_whole_with_its_fields(alice: Person):
    for parts in (((FILE[0], LARGE), NAME), (NAME, (FILE[0], LARGE))):
        made = await post(alice, body_of(*parts))
        assert made.status == 201, made.body
        assert made.headers["Connection"] == "close"
        assert (await alice.get(f"/api/file/{made.json['id']}")).body == LARGE
        assert (await alice.info(made.json["id"]))["name"] == "dog.txt"


async def test_a_large_form_that_waits_for_100_continue_is_told_to_go_on(alice: Person, port: int):
    body = body_of((FILE[0], LARGE))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(form_head(alice, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await asyncio.wait_for(reader.readline(), 30)).startswith(b"HTTP/1.1 201 ")
    finally:
        writer.close()


async def test_a_large_form_that_is_cut_off_stores_nothing(alice: Person, port: int, nothing_is_stored):
    body = body_of((FILE[0], LARGE))
    for end in (0, 20, 1000, len(LARGE), len(body) - 3):
        sent = form_head(alice, f"Content-Length: {len(body)}") + body[:end]
        answer = await raw_exchange(port, sent, half_close=True)
        assert answer == b"" or b"error_reading_input" in answer
    assert await nothing_is_stored()


async def test_a_large_form_that_stalls_is_given_up(limited, nothing_is_stored):
    place = await limited(settings={"upload_stall_seconds": 1})
    body = body_of((FILE[0], LARGE))
    for end in (0, 3000, 2_000_000):
        sent = form_head(await place.person(f"carol{end}"), f"Content-Length: {len(body)}") + body[:end]
        answer = await raw_exchange(place.port, sent)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"error_reading_input" in answer
    assert await nothing_is_stored()


async def test_a_large_form_is_refused_once_its_file_is_too_large(limited, nothing_is_stored):
    carol = await (await limited(file_size_limit=len(LARGE) - 1)).person("carol")
    assert (await post(carol, body_of((FILE[0], LARGE)))).refusal == (413, "file_too_large")
    assert await nothing_is_stored()
    assert (await uploaded(carol, (FILE[0], LARGE[:-1])))["size"] == len(LARGE) - 1


async def test_a_large_form_without_an_end_or_with_something_behind_it(alice: Person, nothing_is_stored):
    assert (await post(alice, body_of((FILE[0], LARGE), end=b"--b-"))).refusal == (400, "error_reading_input")
    assert await nothing_is_stored()
    assert (await post(alice, body_of((FILE[0], LARGE), end=b"--b--\r\n" + b"epilogue" * 100))).status == 201


async def test_the_fields_of_a_form_hold_64_kib_together_with_their_names(alice: Person, nothing_is_stored):
    def fields(size: int) -> list[Part]:
        return [('form-data; name="note"', b"x" * (size - 4 - 5)), ('form-data; name="other"', b"")]

    assert (await post(alice, body_of(*fields((64 << 10) + 1), FILE))).refusal == (400, "error_reading_input")
    assert await nothing_is_stored()
    await uploaded(alice, *fields(64 << 10), FILE)


async def test_base64_in_a_form_is_stored_as_it_was_sent(alice: Person):
    head = FILE[0] + "\r\nContent-Transfer-Encoding: base64"
    info = await uploaded(alice, (head, b"bWVvdw==\r\nbWV"))
    assert (await alice.get(f"/api/file/{info['id']}")).body == b"bWVvdw==\r\nbWV"
