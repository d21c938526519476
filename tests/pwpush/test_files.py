"""Files of pushes: sent in a form, kept sealed, and had again by links that are good for five minutes."""

import asyncio
import os
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import ClientPayloadError, FormData

from pixelhost.core import verify
from pixelhost.site import Site
from tests.pwpush.pushing import V2, expire, kinds_of_log, log_of, made, path_of, push_files, send_files, show
from tests.support.client import raw_exchange
from tests.support.people import Person
from tests.support.waiting import until_nothing_comes_in

CHUNK = 64 << 10


async def links(who: Person, token: str) -> list[str]:
    """Paths of the files' links; takes a view."""
    return [path_of(who, file["url"]) for file in (await show(who, token))["files"]]


async def link_to(owner: Person, data: bytes = b"0123456789", name: str = "a.txt", **fields: Any) -> tuple[str, str]:
    """The token of a push of one file, and a link to that."""
    token = (await push_files(owner, (name, data), **fields))["url_token"]
    (link,) = await links(owner, token)
    return token, link


async def problems(site: Site) -> list[object]:
    report = await verify.fsck(site, deep=True, progress=lambda *_: None)
    return list(report.problems)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 5_000_000])
async def test_a_file_comes_back_as_it_was_sent(alice: Person, anyone: Person, site: Site, size: int):
    data = os.urandom(size)
    token = (await push_files(alice, ("a.bin", data)))["url_token"]
    (file,) = (await show(anyone, token))["files"]
    assert file["size"] == size
    answer = await anyone.get(path_of(anyone, file["url"]))
    assert (answer.status, answer.body) == (200, data)
    assert answer.headers["Content-Length"] == str(size)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert await problems(site) == []


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        *(("0-0", 0, 1), ("0-9", 0, 10), ("65535-65536", CHUNK - 1, CHUNK + 1), ("65536-", CHUNK, None)),
        *(("-1", -1, None), ("-70000", -70_000, None), ("131071-131073", 2 * CHUNK - 1, 2 * CHUNK + 2)),
        ("0-999999999", 0, None),
    ],
)
async def test_a_part_of_a_file_is_that_part(alice: Person, asked: str, start: int, stop: int | None):
    data = os.urandom(3 * CHUNK + 77)
    _, link = await link_to(alice, data)
    answer = await alice.get(link, headers={"Range": f"bytes={asked}"})
    assert (answer.status, answer.body) == (206, data[start:stop])


async def test_a_part_past_the_end_is_none(alice: Person):
    _, link = await link_to(alice)
    assert (await alice.get(link, headers={"Range": "bytes=10-"})).status == 416
    assert (await alice.get(link, headers={"Range": "bytes=9-"})).body == b"9"


async def test_a_link_is_good_for_five_minutes(alice: Person, anyone: Person, clock):
    clock.hold()
    _, link = await link_to(alice)
    clock.advance(minutes=5, seconds=-1)
    assert (await anyone.get(link)).body == b"0123456789"
    clock.advance(seconds=1)
    gone = await anyone.get(link)
    assert (gone.status, gone.json) == (404, {"error": "not-found"})


async def test_a_link_needs_no_key_and_minds_none(alice: Person, anyone: Person):
    _, link = await link_to(alice)
    assert (await anyone.get(link)).status == 200
    assert (await anyone.get(link, headers={"Authorization": "Bearer x"})).status == 200


@pytest.mark.parametrize("end", ["deleted", "too late"])
async def test_a_link_ends_with_its_push(alice: Person, anyone: Person, clock, end: str):
    token, link = await link_to(alice, expire_after_duration=0)
    clock.advance(minutes=13)
    (link,) = await links(alice, token)
    if end == "deleted":
        await expire(alice, token)
    else:
        clock.advance(minutes=2)
    assert (await anyone.get(link)).json == {"error": "not-found"}


async def test_a_link_opens_its_own_file_and_no_other(alice: Person, anyone: Person):
    first, second = await link_to(alice, b"first"), await link_to(alice, b"second")
    sealed = first[1].split("/")[4]
    begins_otherwise = ("B" if sealed[0] == "A" else "A") + sealed[1:]
    for odd in (sealed[:-1], sealed + "A", begins_otherwise, "", "x", "%00", sealed[::-1], "A" * 200, "%C3%BC"):
        gone = await anyone.get(f"/p/{first[0]}/files/{odd}/a.txt")
        assert gone.status == 404
    # The seal says which file; the name in the link is for people.
    assert (await anyone.get(f"/p/{first[0]}/files/{sealed}/other.txt")).body == b"first"
    crossed = await anyone.get(f"/p/{second[0]}/files/{sealed}/a.txt")
    assert (crossed.status, crossed.json) == (404, {"error": "not-found"})


@pytest.mark.parametrize("position", range(0, 140, 20))
async def test_a_link_that_was_tampered_with_opens_nothing(alice: Person, anyone: Person, position: int):
    token, link = await link_to(alice)
    sealed = link.split("/")[4]
    other = "A" if sealed[position % len(sealed)] != "A" else "B"
    place = position % len(sealed)
    tampered = sealed[:place] + other + sealed[place + 1 :]
    assert (await anyone.get(f"/p/{token}/files/{tampered}/a.txt")).status == 404


async def test_downloads_are_in_the_log_once_however_many_parts_they_have(alice: Person, anyone: Person):
    token, link = await link_to(alice)
    await anyone.get(link, headers={"User-Agent": "Downloader/1"})
    await anyone.get(link, headers={"Range": "bytes=0-4"})
    await anyone.get(link, headers={"Range": "bytes=5-9"})
    await anyone.ask("HEAD", link)
    assert await kinds_of_log(alice, token) == ["creation", "owner_view", "download", "download"]
    assert (await log_of(alice, token))[2]["user_agent"] == "Downloader/1"


async def test_a_download_takes_no_view(alice: Person, anyone: Person):
    token, link = await link_to(alice)
    for _ in range(3):
        await anyone.get(link)
    assert (await show(anyone, token))["views_remaining"] == 4


NAMES = [
    *("a b.txt", "ünï☃😀.txt", "../../etc/passwd", "/etc/passwd", "a/b\\c", "..", ".", "%41%2F", "a\"b'c.txt", "a;b=c"),
    *("CON", "a\tb", "<script>.html", "?x=1#y", "x" * 255, "\u202egpj.exe", "no extension", ".hidden", "a%00b"),
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_may_have_any_name(alice: Person, anyone: Person, name: str):
    token = (await push_files(alice, (name, b"bytes")))["url_token"]
    (file,) = (await show(anyone, token))["files"]
    sent = unquote(name) if "%" not in name else file["filename"]
    assert file["filename"].rpartition("/")[2] == sent.rpartition("/")[2]
    link = path_of(anyone, file["url"])
    assert "/" not in link.split("/files/")[1].partition("/")[2]
    answer = await anyone.get(link)
    assert (answer.status, answer.body) == (200, b"bytes")
    assert "\n" not in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
        ("page.html", b"<script>alert(1)</script>", "text/html"),
        ("notes.txt", "ünï".encode(), "text/plain"),
        ("data", b"\x00\x01\x02", "application/octet-stream"),
    ],
)
async def test_what_a_file_is_is_told_but_never_run(alice: Person, anyone: Person, name: str, data: bytes, kind: str):
    token, _ = await link_to(alice, data, name)
    (file,) = (await show(anyone, token))["files"]
    assert file["content_type"] == kind
    answer = await anyone.get(path_of(anyone, file["url"]))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_part_without_a_content_type_is_a_file(alice: Person, port: int, anyone: Person):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="push[files][]"; filename="a.txt"\r\n\r\nbytes\r\n'
        b'--b\r\nContent-Disposition: form-data; name="push[payload]"\r\n\r\n\r\n'
        b'--b\r\nContent-Disposition: form-data; name="push[kind]"\r\n\r\nfile\r\n--b--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    token = made(await alice.post(V2, data=body, headers=headers))["url_token"]
    (file,) = (await show(anyone, token))["files"]
    assert (file["filename"], file["content_type"]) == ("a.txt", "text/plain")


async def test_fields_may_come_before_and_after_the_files(alice: Person, anyone: Person):
    form = FormData(default_to_multipart=True)
    form.add_field("push[note]", "before")
    form.add_field("push[files][]", b"one", filename="1.txt")
    form.add_field("push[name]", "between")
    form.add_field("push[files]", b"two", filename="2.txt")
    form.add_field("push[payload]", "after")
    pushed = made(await alice.post(V2, data=form()))
    assert (pushed["note"], pushed["name"], pushed["kind"]) == ("before", "between", "file")
    seen = await show(anyone, pushed["url_token"])
    assert ([file["filename"] for file in seen["files"]], seen["payload"]) == (["1.txt", "2.txt"], "after")


async def test_a_file_larger_than_the_limit_of_other_bodies_is_taken(alice: Person, anyone: Person, site: Site):
    data = os.urandom(20 << 20)
    token = (await push_files(alice, ("big.bin", data), payload="with it"))["url_token"]
    (link,) = await links(anyone, token)
    assert (await anyone.get(link)).body == data
    assert await problems(site) == []


async def test_what_is_wrong_with_the_fields_drops_the_files(alice: Person, nothing_is_left):
    for fields in ({"kind": "nothing"}, {"kind": "url", "payload": "ftp://x"}, {"name": "x" * 256}):
        refused = await send_files(alice, ("a.bin", b"x" * 100_000), **fields)
        assert refused.status == 422
        assert await nothing_is_left()


async def test_a_file_counts_for_its_owners_space_to_the_byte(limited, nothing_is_left):
    place = await limited(storage_space=100_000)
    owner = await place.person("owner")
    refused = await send_files(owner, ("a.bin", b"x" * 100_001))
    assert (refused.status, list(refused.json)) == (400, ["error"])
    refused = await send_files(owner, ("a.bin", b"x" * 50_000), ("b.bin", b"x" * 50_001))
    assert refused.status == 400
    assert await nothing_is_left()
    token = (await push_files(owner, ("a.bin", b"x" * 50_000), ("b.bin", b"x" * 50_000)))["url_token"]
    assert (await send_files(owner, ("c.bin", b"x"))).status == 400
    assert (await owner.put("/api/file/d.bin", data=b"x")).refusal == (400, "user_out_of_space")
    await expire(owner, token)
    await push_files(owner, ("a.bin", b"x" * 100_000))


async def test_a_plan_says_how_large_a_file_may_be(limited, nothing_is_left):
    place = await limited(file_size_limit=1000)
    owner = await place.person("owner")
    refused = await send_files(owner, ("a.bin", b"x" * 1001))
    assert (refused.status, list(refused.json)) == (413, ["error"])
    assert await nothing_is_left()
    await push_files(owner, ("a.bin", b"x" * 1000), ("b.bin", b"x" * 1000))


async def test_of_twenty_at_once_with_room_for_one_one_is_kept(limited, site: Site):
    place = await limited(storage_space=100_000)
    owner = await place.person("owner")
    answers = await asyncio.gather(*(send_files(owner, ("a.bin", os.urandom(60_000))) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [201] + [400] * 19
    assert len((await owner.get(f"{V2}/active")).json) == 1
    assert (await owner.get("/api/user")).json["storage_space_used"] == 60_000
    assert len([one async for one in site.store.listing()]) == 1
    assert list(site.store.incoming.iterdir()) == []
    assert await problems(site) == []


@pytest.mark.parametrize("sent", [0, 10, 1000, 200_000, 1_500_000])
async def test_an_upload_that_is_cut_off_leaves_nothing(
    alice: Person, site: Site, port: int, nothing_is_left, sent: int
):
    part = b'--b\r\nContent-Disposition: form-data; name="push[files][]"; filename="a.bin"\r\n\r\n'
    body = part + os.urandom(2_000_000) + b"\r\n--b--\r\n"
    head = (
        f"POST {V2} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.key}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = await raw_exchange(port, head.encode() + body[:sent], half_close=True)
    assert answer == b"" or answer.split(b" ")[1] == b"400"
    await until_nothing_comes_in(site)
    assert await nothing_is_left()


async def test_a_form_without_its_end_is_none(alice: Person, nothing_is_left):
    body = b'--b\r\nContent-Disposition: form-data; name="push[files][]"; filename="a.bin"\r\n\r\nbytes'
    refused = await alice.post(V2, data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert (refused.status, list(refused.json)) == (400, ["error"])
    assert await nothing_is_left()


async def test_what_is_stored_isnt_what_was_sent(alice: Person, site: Site):
    data = b"plain words in a file " * 10_000
    await push_files(alice, ("a.txt", data))
    (one,) = [one async for one in site.store.listing()]
    stored = (site.settings.data_dir / "blobs" / one.location).read_bytes()
    assert b"plain words" not in stored
    assert len(stored) > len(data)


async def test_damaged_bytes_are_never_sent_as_if_they_were_whole(alice: Person, anyone: Person, site: Site):
    _, link = await link_to(alice, os.urandom(4 * CHUNK))
    (one,) = [one async for one in site.store.listing()]
    path = site.settings.data_dir / "blobs" / one.location
    stored = bytearray(path.read_bytes())
    stored[100] ^= 1
    path.chmod(0o600)
    path.write_bytes(stored)
    with pytest.raises(ClientPayloadError):
        await anyone.get(link)
