"""GET /file/{id},{id}: several files as one zip."""

import io
import zipfile

import pytest

from pixelhost.site import Site
from tests.support.client import raw_exchange
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person


def members(answer: Answer) -> dict[str, bytes]:
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_several_files_come_as_a_zip(alice: Person, anyone: Person):
    ids = [await alice.upload("a.txt", b"aaa"), await alice.upload("grüße.bin", b"b" * 200_000)]
    for comma in (",", "%2C", "%2c"):
        got = await anyone.get(f"/api/file/{comma.join(ids)}")
        assert members(got) == {"a.txt": b"aaa", "grüße.bin": b"b" * 200_000}
        assert got.headers["Content-Disposition"].startswith("attachment; ")


async def test_files_of_the_same_name_are_told_apart(alice: Person):
    ids = [await alice.upload("a.txt", content) for content in (b"1", b"2", b"3")]
    ids.append(await alice.upload("A.TXT", b"4"))
    got = members(await alice.get(f"/api/file/{','.join(ids)}"))
    assert sorted(got.values()) == [b"1", b"2", b"3", b"4"]
    assert len({name.lower() for name in got}) == 4


async def test_no_name_leads_out_of_the_directory_it_is_unpacked_into(alice: Person):
    ids = [await alice.upload(name) for name in ("..", ".", "C:\\evil", "..\\..\\evil", "~")]
    for name in members(await alice.get(f"/api/file/{','.join(ids)}")):
        assert not name.startswith(("/", "C:"))
        assert not {"..", "."} & set(name.replace("\\", "/").split("/"))


async def test_a_file_asked_for_twice_is_in_it_once(alice: Person):
    file_id = await alice.upload("a.txt", b"aaa")
    assert members(await alice.get(f"/api/file/{file_id},{file_id}")) == {"a.txt": b"aaa"}
    assert members(await alice.get(f"/api/file/{file_id},")) == {"a.txt": b"aaa"}


async def test_a_zip_can_be_resumed_in_ranges(alice: Person):
    ids = [await alice.upload("a", b"a" * 1000), await alice.upload("b", b"b" * 200_000)]
    path = f"/api/file/{','.join(ids)}"
    whole = await alice.get(path)
    pieces = []
    for start in range(0, len(whole.body), 50_001):
        headers = {"Range": f"bytes={start}-{start + 50_000}", "If-Range": whole.headers["ETag"]}
        got = await alice.get(path, headers=headers)
        assert got.status == 206
        pieces.append(got.body)
    assert b"".join(pieces) == whole.body
    assert (await alice.get(path, headers={"Range": f"bytes={len(whole.body)}-"})).status == 416
    assert (await alice.get(path, headers={"If-None-Match": whole.headers["ETag"]})).status == 304
    head = await alice.ask("HEAD", path)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(whole.body)))


async def test_a_renamed_file_makes_another_zip(alice: Person):
    ids = [await alice.upload("a"), await alice.upload("b")]
    path = f"/api/file/{','.join(ids)}"
    before = (await alice.get(path)).headers["ETag"]
    assert (await alice.post(f"/api/file/{ids[0]}", data={"action": "rename", "name": "c"})).status == 200
    assert (await alice.get(path)).headers["ETag"] != before
    got = await alice.get(path, headers={"Range": "bytes=0-9", "If-Range": before})
    assert got.status == 200


async def test_one_missing_file_is_named_and_nothing_is_sent(alice: Person):
    there = await alice.upload()
    for missing in ("AAAAAAAA", "short"):
        refused = await alice.get(f"/api/file/{there},{missing},BBBBBBBB")
        assert refused.refusal == (404, "not_found")
        assert refused.json["extra"] == {"file": missing}


async def test_no_file_at_all_is_not_found(anyone: Person):
    for commas in (",", ",,,", "%2C"):
        assert (await anyone.get(f"/api/file/{commas}")).refusal == (404, "not_found")


async def test_a_zip_holds_at_most_100_files(alice: Person):
    ids = [await alice.upload("first", b"1")]
    grabbed = [await alice.post("/api/file", data={"grab_file": ids[0], "name": f"{number}"}) for number in range(99)]
    ids += [answer.json["id"] for answer in grabbed]
    assert len(members(await alice.get(f"/api/file/{','.join(ids)}"))) == 100
    refused = await alice.get(f"/api/file/{','.join([*ids, 'AAAAAAAA'])}")
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"]["max_len"] == 100


async def test_a_taken_down_file_keeps_the_whole_zip_back(alice: Person, anyone: Person, site: Site):
    ids = [await alice.upload("a"), await alice.upload("b")]
    await change_rows(site, "UPDATE files SET abuse_type = 'gore' WHERE id = $1", ids[1])
    assert (await anyone.get(f"/api/file/{','.join(ids)}")).refusal == (451, "unavailable_for_legal_reasons")


@pytest.mark.parametrize("size", [200_000])
async def test_bytes_that_are_gone_cut_the_connection_and_are_no_end_of_the_zip(
    alice: Person, site: Site, port: int, size: int
):
    ids = [await alice.upload("a", b"a" * size), await alice.upload("b", b"b" * size)]
    location = await site.db.fetchval(
        "SELECT b.location FROM files f JOIN blobs b ON b.digest = f.blob WHERE f.id = $1", ids[1]
    )
    await site.store.delete(location)
    answer = await raw_exchange(port, f"GET /api/file/{','.join(ids)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    if head:
        assert b"HTTP/1.1 500 " in head or int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]) > len(body)
    assert b"Traceback" not in answer
