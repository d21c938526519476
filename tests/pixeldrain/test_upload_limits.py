"""Uploads that the account, the address or the disk has no room for, refused before their bytes where it can be."""

import asyncio
import contextlib
import os
import resource
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import FormData

from pixelhost.db import limits
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, what_is_stored
from tests.support.elsewhere import change_rows
from tests.support.people import Person, make_person


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def form_with(data: bytes) -> FormData:
    form = FormData()
    form.add_field("file", data, filename="a")
    return form


async def ban(site: Site, network: str, seconds: float | None = None) -> None:
    now = site.clock.now()
    await limits.add_ban(site.db, network, "test", now, now + timedelta(seconds=seconds) if seconds else None)


async def put_head(person: Person, port: int, path: str, *headers: str) -> bytes:
    """What is answered to the head of an upload that waits for `100 Continue` before it sends the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"PUT {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {person.key}", "Expect: 100-continue", *headers]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return await asyncio.wait_for(reader.readline(), 30)
    finally:
        writer.close()


async def test_a_file_may_be_exactly_as_large_as_the_plan_allows(limited, nothing_is_stored):
    place = await limited(file_size_limit=1000)
    carol = await place.person("carol")
    refused = await carol.put("/api/file/a", data=b"x" * 1001)
    assert refused.refusal == (413, "file_too_large")
    assert await nothing_is_stored()
    assert (await carol.put("/api/file/a", data=b"x" * 1000)).status == 201


@pytest.mark.parametrize("limit", [1000, 3 << 20])
async def test_the_limit_also_holds_for_a_chunked_upload(limited, nothing_is_stored, limit: int):
    carol = await (await limited(file_size_limit=limit)).person("carol")
    refused = await carol.put("/api/file/a", data=in_pieces(b"x" * limit, b"y"))
    assert refused.refusal == (413, "file_too_large")
    assert await nothing_is_stored()
    assert (await carol.put("/api/file/a", data=in_pieces(b"x" * (limit - 1), b"y"))).status == 201


async def test_a_zero_limit_allows_no_file(limited, nothing_is_stored):
    carol = await (await limited(file_size_limit=0)).person("carol")
    assert (await carol.put("/api/file/a", data=b"x")).refusal == (413, "file_too_large")
    assert await nothing_is_stored()


async def test_an_account_can_be_filled_to_the_last_byte_and_no_further(limited):
    place = await limited(storage_space=1000)
    carol = await place.person("carol")
    first = await carol.upload("a", b"x" * 400)
    assert (await carol.put("/api/file/b", data=b"y" * 601)).refusal == (400, "user_out_of_space")
    await carol.upload("b", b"y" * 600)
    assert (await carol.put("/api/file/c", data=b"z")).refusal == (400, "user_out_of_space")
    assert (await what_is_stored(place.site))["files"] == 2
    await carol.delete(f"/api/file/{first}")
    await carol.upload("c", b"z" * 400)


async def test_a_chunked_upload_past_the_accounts_space_stores_nothing(limited, nothing_is_stored):
    carol = await (await limited(storage_space=1000)).person("carol")
    refused = await carol.put("/api/file/a", data=in_pieces(b"x" * 1000, b"y"))
    assert refused.refusal == (400, "user_out_of_space")
    assert await nothing_is_stored()
    assert (await carol.put("/api/file/a", data=in_pieces(b"x" * 999, b"y"))).status == 201


async def test_a_chunked_upload_is_refused_once_it_no_longer_fits(limited, nothing_is_stored):
    """Not at its end: the disk would have to hold it until then."""
    place = await limited(storage_space=1000)
    carol = await place.person("carol")
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"PUT /api/file/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {carol.key}\r\n".encode())
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(8):
        writer.write(b"80000\r\n" + b"x" * 0x80000 + b"\r\n")
    try:
        assert b" 400 " in await asyncio.wait_for(reader.readline(), 30)
        assert b"user_out_of_space" in await reader.readuntil(b"}")
    finally:
        writer.close()


async def test_the_same_bytes_count_again_for_every_file(limited):
    carol = await (await limited(storage_space=1000)).person("carol")
    await carol.upload("a", b"x" * 600)
    assert (await carol.put("/api/file/b", data=b"x" * 600)).refusal == (400, "user_out_of_space")


async def test_an_account_holds_as_many_files_as_its_plan_allows(limited):
    carol = await (await limited(file_count_limit=2)).person("carol")
    await carol.upload("a")
    first = await carol.upload("b")
    assert (await carol.put("/api/file/c", data=b"x")).refusal == (400, "too_many_files")
    await carol.delete(f"/api/file/{first}")
    await carol.upload("c")


@pytest.mark.parametrize("limit", [{"file_count_limit": 1}, {"storage_space": 10}], ids=["count", "space"])
async def test_of_twenty_uploads_at_once_with_room_for_one_exactly_one_wins(limited, limit: dict[str, int]):
    place = await limited(**limit)
    carol = await place.person("carol")
    uploads = [carol.put("/api/file/a", data=in_pieces(b"number %03d" % number)) for number in range(20)]
    answers = await asyncio.gather(*uploads)
    won = [answer for answer in answers if answer.status == 201]
    lost = {answer.refusal for answer in answers if answer.status != 201}
    assert len(won) == 1
    assert lost == {(400, "too_many_files" if "file_count_limit" in limit else "user_out_of_space")}
    left = await what_is_stored(place.site)
    assert (left["files"], left["blobs"], len(left["bytes"]), left["incoming"]) == (1, 1, 1, [])


async def test_a_banned_address_may_not_upload(alice: Person, site: Site, clock, nothing_is_stored):
    await ban(site, "127.0.0.0/8", seconds=60)
    assert (await alice.put("/api/file/a", data=b"x")).refusal == (403, "ip_banned")
    form = await alice.post("/api/file", data=form_with(b"x"))
    assert form.refusal == (403, "ip_banned")
    assert await nothing_is_stored()
    clock.advance(seconds=61)
    assert (await alice.put("/api/file/a", data=b"x")).status == 201


async def test_the_ban_of_another_address_is_no_ban(alice: Person, site: Site):
    await ban(site, "127.0.0.2/32")
    await ban(site, "2001:db8::/32")
    assert (await alice.put("/api/file/a", data=b"x")).status == 201


async def test_the_ban_is_that_of_the_client_not_of_the_proxy(limited):
    place: Place = await limited()
    carol = await place.person("carol")
    await ban(place.site, "203.0.113.7/32")
    assert (await place.visitor(7, carol.key).put("/api/file/a", data=b"x")).refusal == (403, "ip_banned")
    assert (await place.visitor(8, carol.key).put("/api/file/a", data=b"x")).status == 201


async def test_a_banned_account_may_not_upload_and_still_read(alice: Person, site: Site):
    file_id = await alice.upload()
    await change_rows(site, "UPDATE users SET banned_at = now() WHERE name = 'alice'")
    assert (await alice.put("/api/file/a", data=b"x")).refusal == (403, "account_banned")
    assert (await alice.post("/api/file", data=form_with(b"x"))).refusal == (403, "account_banned")
    assert (await alice.post("/api/file", data={"grab_file": file_id})).refusal == (403, "account_banned")
    assert (await alice.get(f"/api/file/{file_id}")).status == 200


async def test_a_refused_upload_is_never_asked_for_its_body(limited, anyone: Person, site: Site):
    place = await limited(file_size_limit=1000, storage_space=1500, file_count_limit=1)
    carol = await place.person("carol")
    length = "Content-Length: 1000"

    async def first_line(path: str = "/api/file/a", *headers: str, person: Person = carol) -> bytes:
        return (await put_head(person, place.port, path, *(headers or (length,)))).partition(b" ")[2]

    assert (await first_line()).startswith(b"100 ")
    assert (await first_line("/api/file/a", "Transfer-Encoding: chunked")).startswith(b"100 ")
    assert (await first_line("/api/file/a", "Content-Length: 1001")).startswith(b"413 ")
    assert (await first_line("/api/file/")).startswith(b"400 ")
    assert (await first_line("/api/file/%2F")).startswith(b"422 ")
    assert (await first_line("/api/file/a?delete_after_date=x")).startswith(b"422 ")
    assert (await first_line("/api/file/a", length, "Content-Type: multipart/form-data")).startswith(b"400 ")
    assert (await first_line("/api/file/a", length, "Content-MD5: x")).startswith(b"422 ")
    assert (await first_line(person=anyone)).startswith(b"401 ")
    await ban(site, "127.0.0.1/32", seconds=3600)
    assert (await first_line()).startswith(b"403 ")
    await site.db.execute("DELETE FROM ip_bans")
    await carol.upload("a", b"x" * 600)
    assert (await first_line()).startswith(b"400 ")


async def test_an_upload_through_a_full_account_is_never_asked_for_its_body(limited):
    place = await limited(storage_space=1500)
    carol = await place.person("carol")
    await carol.upload("a", b"x" * 600)
    assert (await put_head(carol, place.port, "/api/file/b", "Content-Length: 901")).startswith(b"HTTP/1.1 400 ")
    assert (await put_head(carol, place.port, "/api/file/b", "Content-Length: 900")).startswith(b"HTTP/1.1 100 ")


async def test_an_upload_larger_than_the_disk_is_never_asked_for_its_body(alice: Person, port: int, nothing_is_stored):
    assert (await put_head(alice, port, "/api/file/a", f"Content-Length: {10**17}")).startswith(b"HTTP/1.1 500 ")
    assert await nothing_is_stored()


@contextlib.contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """The operating system lets no file of this process grow beyond this: a write fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [3 << 20, 12 << 20])
async def test_a_write_that_fails_midway_stores_nothing(alice: Person, nothing_is_stored, size: int):
    with largest_file(1 << 20):
        refused = await alice.put("/api/file/a", data=b"x" * size)
    assert refused.refusal == (500, "writing")
    assert b"/" not in refused.body.replace(b"\\/", b"")
    assert await nothing_is_stored()
    assert (await alice.put("/api/file/a", data=b"x" * size)).status == 201


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for 70 MiB, of which the store keeps 64 free."""
    mounting = ["mount", "-t", "tmpfs", "-o", "size=70m", "none", str(tmp_path)]
    if os.getuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs more rights than this user has")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


async def test_a_disk_that_fills_up_while_an_upload_arrives_keeps_nothing_of_it(
    small_disk: Path, stored_elsewhere, site: Site
):
    place = await stored_elsewhere(small_disk)
    dave = await make_person(place.site, place.client, "dave")
    refused = await dave.put("/api/file/a", data=in_pieces(*[b"x" * (1 << 20)] * 72))
    assert refused.refusal == (500, "writing")
    left = await what_is_stored(place.site)
    assert left == {"files": 0, "blobs": 0, "bytes": [], "incoming": []}
    assert (await dave.put("/api/file/a", data=b"x" * (7 << 20))).refusal == (500, "writing")
    assert (await dave.put("/api/file/a", data=b"x" * (1 << 20))).status == 201


async def test_a_store_whose_directory_is_gone_refuses_uploads(tmp_path: Path, stored_elsewhere):
    place = await stored_elsewhere(tmp_path / "blobs")
    dave = await make_person(place.site, place.client, "dave")
    (tmp_path / "blobs" / "incoming").rmdir()
    for data in (b"x", b"x" * (2 << 20)):
        assert (await dave.put("/api/file/a", data=data)).refusal == (500, "writing")
    assert (await dave.post("/api/file", data=form_with(b"x"))).refusal == (500, "writing")
    (tmp_path / "blobs" / "incoming").mkdir()
    assert (await dave.put("/api/file/a", data=b"x")).status == 201
    assert await place.site.db.fetchval("SELECT count(*) FROM files") == 1


async def test_what_breaks_inside_is_an_internal_error_that_tells_nothing(alice: Person, site: Site, nothing_is_stored):
    await site.db.execute("ALTER TABLE files ADD CONSTRAINT broken_on_purpose CHECK (name <> 'unlucky')")
    try:
        refused = await alice.put("/api/file/unlucky", data=b"x")
    finally:
        await site.db.execute("ALTER TABLE files DROP CONSTRAINT broken_on_purpose")
    assert refused.refusal == (500, "internal")
    assert b"broken_on_purpose" not in refused.body
    assert b"Traceback" not in refused.body
    assert await nothing_is_stored()
