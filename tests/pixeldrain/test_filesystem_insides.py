"""What is inside of archives, torrents and markdown, of nodes and of files."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import bencodepy
import py7zr
import pytest

from pixelhost.core import mediacache
from pixelhost.site import Site
from tests.support.elsewhere import change_rows
from tests.support.people import Person

INSIDE = {"readme.txt": b"read me", "docs/a.txt": b"a" * 1000, "docs/deep/b.bin": bytes(range(256)) * 1000}
TREE = {
    "readme.txt": {"size": 7},
    "docs": {
        "size": 257000,
        "children": {"a.txt": {"size": 1000}, "deep": {"size": 256000, "children": {"b.bin": {"size": 256000}}}},
    },
}
TORRENT_MAX = 16 << 20
MARKDOWN_MAX = 2 << 20


def zipped(contents: dict[str, bytes] = INSIDE, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in INSIDE.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def seven_zipped() -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        for name, data in INSIDE.items():
            archive.writestr(data, name)
    return out.getvalue()


ARCHIVES = {
    "a.zip": (zipped, ["read_individual_files"]),
    "a.7z": (seven_zipped, []),
    "a.tar": (lambda: tarred("w"), ["read_individual_files"]),
    "a.tar.gz": (lambda: tarred("w:gz"), []),
    "a.tar.xz": (lambda: tarred("w:xz"), []),
}

INFO = {b"name": b"shared", b"piece length": 16384, b"length": 5, b"pieces": hashlib.sha1(b"12345").digest()}
TORRENT = {b"announce": b"http://tracker.example/announce", b"creation date": 1700000000, b"info": INFO}


@pytest.fixture(params=ARCHIVES)
async def archive(alice: Person, request) -> str:
    """The path of an archive of each kind."""
    await alice.write(f"/me/{request.param}", ARCHIVES[request.param][0]())
    return f"/me/{request.param}"


async def test_the_listing_of_an_archive_is_a_tree(alice: Person, archive: str):
    answer = await alice.fs("GET", archive, "?zip_info")

    assert answer.json == {"size": 257007, "children": TREE, "properties": ARCHIVES[archive[4:]][1]}


@pytest.mark.parametrize("path", ["docs/deep/b.bin", "/docs/deep/b.bin", "//docs//deep/b.bin"])
async def test_one_file_of_an_archive_comes_whole(alice: Person, archive: str, path: str):
    answer = await alice.fs("GET", archive, f"?zip_file={path}")

    assert (answer.status, answer.body) == (200, INSIDE["docs/deep/b.bin"])
    assert answer.headers["Content-Length"] == "256000"
    assert 'filename="b.bin"' in answer.headers["Content-Disposition"]


async def test_ranges_of_a_file_of_an_archive(alice: Person, archive: str):
    answer = await alice.fs("GET", archive, "?zip_file=docs/deep/b.bin", headers={"Range": "bytes=300-599"})

    assert (answer.status, answer.body) == (206, INSIDE["docs/deep/b.bin"][300:600])
    assert answer.headers["Content-Range"] == "bytes 300-599/256000"


async def test_a_directory_of_an_archive_comes_as_a_zip(alice: Person, archive: str):
    answer = await alice.fs("GET", archive, "?zip_file=docs")

    assert 'filename="docs.zip"' in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
        assert {name: found.read(name) for name in found.namelist() if not name.endswith("/")} == {
            "a.txt": INSIDE["docs/a.txt"],
            "deep/b.bin": INSIDE["docs/deep/b.bin"],
        }


async def test_a_known_version_of_a_member_is_not_sent_again(alice: Person):
    await alice.write("/me/a.zip", zipped())
    first = await alice.fs("GET", "/me/a.zip", "?zip_file=readme.txt")
    again = await alice.fs(
        "GET", "/me/a.zip", "?zip_file=/readme.txt", headers={"If-None-Match": first.headers["ETag"]}
    )
    other = await alice.fs("HEAD", "/me/a.zip", "?zip_file=docs/a.txt")

    assert (again.status, again.body) == (304, b"")
    assert (other.status, other.body, other.headers["Content-Length"]) == (200, b"", "1000")
    assert other.headers["ETag"] != first.headers["ETag"]


async def test_what_goes_out_of_an_archive_is_counted(alice: Person, flush):
    await alice.write("/me/a.zip", zipped())
    await alice.fs("GET", "/me/a.zip", "?zip_file=docs/a.txt")
    await flush()

    figures = (await alice.fs("GET", "/me/a.zip", "?download_stats")).json
    assert figures["transfer_free"] + figures["transfer_paid"] == 1000


def unsupported(size_bytes: int = 100) -> bytes:
    """A zip whose member is packed by a method that nobody has."""
    data = bytearray(zipped({"a.txt": b"a" * size_bytes}))
    central = data.index(b"PK\x01\x02")
    data[8:10] = data[central + 10 : central + 12] = (77).to_bytes(2, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "query", "refusal"),
    [
        (b"just text", "?zip_info", "not_a_zip"),
        (b"", "?zip_info", "not_a_zip"),
        (b"just text", "?zip_file=a", "not_a_zip"),
        (zipped()[:-30], "?zip_info", "invalid_zip_file"),
        (b"PK\x03\x04" + bytes(1000), "?zip_info", "invalid_zip_file"),
        (seven_zipped()[:-30], "?zip_file=readme.txt", "invalid_zip_file"),
        (unsupported(), "?zip_file=a.txt", "unsupported_zip_compression"),
        (unsupported(100_000), "?zip_file=a.txt", "unsupported_zip_compression"),
        (b"d4:infode", "?torrent_info", "not_a_torrent"),
    ],
)
async def test_what_cannot_be_looked_into_is_refused(alice: Person, data, query, refusal):
    await alice.write("/me/a.bin", data)

    for _ in range(2):
        assert (await alice.fs("GET", "/me/a.bin", query)).refusal == (400, refusal)


async def test_a_member_that_is_not_there_is_not_found(alice: Person, archive: str):
    assert (await alice.fs("GET", archive, "?zip_file=docs/nope")).refusal == (404, "path_not_found")
    assert (await alice.fs("GET", archive, "?zip_file=../readme.txt")).refusal == (404, "path_not_found")


async def test_a_member_with_a_wrong_checksum_never_ends(alice: Person):
    data = bytearray(zipped({"a.bin": b"a" * 3_000_000}, zipfile.ZIP_STORED))
    data[2_999_000] ^= 1
    await alice.write("/me/a.zip", bytes(data))

    with pytest.raises(Exception, match=r"(?i)payload|not completed|disconnected|reset"):
        await alice.fs("GET", "/me/a.zip", "?zip_file=a.bin")


@pytest.mark.parametrize("query", ["?zip_info", "?zip_file=a", "?torrent_info", "?render_markdown"])
async def test_a_directory_has_no_inside(alice: Person, query):
    await alice.fs("POST", "/me/dir", data={"action": "mkdir"})

    assert (await alice.fs("GET", "/me/dir", query)).refusal == (400, "node_is_a_directory")


async def test_a_torrent_tells_what_it_is_of(alice: Person):
    await alice.write("/me/a.torrent", bencodepy.encode(TORRENT))

    assert (await alice.fs("GET", "/me/a.torrent", "?torrent_info")).json == {
        "trackers": ["http://tracker.example/announce"],
        "comment": "",
        "created_by": "",
        "created_at": "2023-11-14T22:13:20.000000Z",
        "info_hash": hashlib.sha1(bencodepy.encode(INFO)).hexdigest(),
        "files": {"size": 5, "children": {"shared": {"size": 5}}},
    }


@pytest.mark.parametrize(
    ("name", "data", "refusal"),
    [
        ("a.torrent", b"not bencoded", "not_a_torrent"),
        ("a.torrent", bencodepy.encode({b"info": {b"name": b"x"}}), "torrent_parse_failed"),
        ("a.txt", bencodepy.encode(TORRENT), "not_a_torrent"),
        ("a.torrent", bytes(TORRENT_MAX), "not_a_torrent"),
        ("a.torrent", bytes(TORRENT_MAX + 1), "torrent_too_large"),
    ],
)
async def test_no_torrent_is_refused_as_what_it_is(alice: Person, name, data, refusal):
    await alice.write(f"/me/{name}", data)

    assert (await alice.fs("GET", f"/me/{name}", "?torrent_info")).refusal == (400, refusal)


async def test_markdown_comes_as_sanitised_html(alice: Person):
    await alice.write("/me/a.md", b"# Title\n\n<script>alert(1)</script><b onclick=x()>bold</b>")

    answer = await alice.fs("GET", "/me/a.md", "?render_markdown")

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert b"<h1" in answer.body
    assert b"<b>bold</b>" in answer.body
    assert b"alert" not in answer.body
    assert b"onclick" not in answer.body


async def test_markdown_is_rendered_up_to_two_mebibytes(alice: Person):
    await alice.write("/me/large.txt", b"a line of text\n" * (MARKDOWN_MAX // 15) + b"12345678"[: MARKDOWN_MAX % 15])
    await alice.write("/me/larger.txt", b"x" * (MARKDOWN_MAX + 1))

    assert (await alice.fs("GET", "/me/large.txt", "?render_markdown")).status == 200
    assert (await alice.fs("GET", "/me/larger.txt", "?render_markdown")).refusal == (413, "file_too_large")


async def test_other_types_are_not_rendered(alice: Person):
    await alice.write("/me/a.html", b"<b>bold</b>")

    assert (await alice.fs("GET", "/me/a.html", "?render_markdown")).refusal == (400, "not_a_markdown_file")


async def test_a_listing_is_looked_up_once_and_forgotten_with_its_bytes(alice: Person, site: Site):
    data = zipped()
    await alice.write("/me/a.zip", data)
    first = await alice.fs("GET", "/me/a.zip", "?zip_info")
    cached = site.settings.data_dir / "cache" / "media"
    pattern = f"*/{hashlib.sha256(data).hexdigest()}-listing.json"

    assert [path.read_bytes() for path in cached.glob(pattern)] == [first.body]
    await mediacache.forget(site, hashlib.sha256(data).digest())
    assert list(cached.glob(pattern)) == []
    assert (await alice.fs("GET", "/me/a.zip", "?zip_info")).body == first.body


async def test_somebody_elses_archive_is_not_opened(alice: Person, bob: Person):
    await alice.write("/me/private/a.zip", zipped())
    shared = await alice.fs(
        "POST", "/me/private", data={"action": "update", "shared": "true", "link_permissions": "{}"}
    )

    for query in ("?zip_info", "?zip_file=readme.txt"):
        answer = await bob.fs("GET", f"/{shared.json['id']}/a.zip", query)
        assert answer.refusal == (400, "permission_denied")


async def test_files_are_looked_into_as_nodes_are(alice: Person, anyone: Person):
    archive = await alice.upload("a.zip", zipped())
    torrent = await alice.upload("a.torrent", bencodepy.encode(TORRENT))

    assert (await anyone.get(f"/api/file/{archive}/info/zip")).json["children"] == TREE
    assert (await anyone.get(f"/api/file/{archive}/info/zip/docs/a.txt")).body == INSIDE["docs/a.txt"]
    assert (await anyone.get(f"/api/file/{archive}/info/zip/nope")).refusal == (404, "path_not_found")
    assert (await anyone.get(f"/api/file/{torrent}/info/torrent")).json["files"]["size"] == 5
    assert (await anyone.get(f"/api/file/{torrent}/info/zip")).refusal == (400, "not_a_zip")
    assert (await anyone.get("/api/file/aaaaAAAA/info/zip")).refusal == (404, "not_found")


@asynccontextmanager
async def reading(alice: Person, path: str) -> AsyncIterator[asyncio.StreamReader]:
    port = alice.client.server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    head = f"GET /api/filesystem{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alice.key}\r\n\r\n"
    writer.write(head.encode())
    yield reader
    writer.transport.abort()


async def test_readers_who_stop_do_not_keep_others_from_archives(alice: Person):
    await alice.write("/me/large.zip", zipped({"zeros": bytes(64 << 20)}))
    async with (
        reading(alice, "/me/large.zip?zip_file=zeros") as one,
        reading(alice, "/me/large.zip?zip_file=zeros") as two,
    ):
        await asyncio.gather(one.readline(), two.readline())
        assert (await alice.fs("GET", "/me/large.zip", "?zip_info")).status == 200
        assert (
            await alice.fs("GET", "/me/large.zip", "?zip_file=zeros", headers={"Range": "bytes=0-9"})
        ).body == bytes(10)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("a.zip", "?zip_info"),
        ("a.zip", "?zip_file=readme.txt"),
        ("a.md", "?render_markdown"),
        ("a.torrent", "?torrent_info"),
    ],
)
async def test_what_was_taken_down_is_not_looked_into_until_it_is_overwritten(alice: Person, site: Site, name, query):
    contents = {"a.zip": zipped(), "a.md": b"# Title", "a.torrent": bencodepy.encode(TORRENT)}
    await alice.write(f"/me/{name}", contents[name])
    await site.db.execute("UPDATE nodes SET abuse_type = 'gore' WHERE name = $1", name)
    refused = await alice.fs("GET", f"/me/{name}", query)
    other = contents[name] + b" " if name == "a.md" else contents[name]

    assert refused.refusal == (451, "unavailable_for_legal_reasons")
    await alice.write(f"/me/{name}", other)
    assert (await alice.fs("GET", f"/me/{name}", query)).status == (200 if name == "a.md" else 451)


@pytest.mark.parametrize("mark", ["files SET abuse_type = 'gore'", "blobs SET virus_name = 'EICAR'"])
async def test_files_that_may_not_be_downloaded_are_neither_imported_nor_looked_into(
    alice: Person, anyone: Person, site: Site, mark
):
    file_id = await alice.upload("a.zip", zipped())
    await change_rows(site, f"UPDATE {mark}")

    answer = await alice.fs("POST", "/me", data={"action": "import", "files": f'["{file_id}"]'})

    assert answer.status in {403, 451}
    assert await alice.names("/me") == []
    assert (await anyone.get(f"/api/file/{file_id}/info/zip")).status == answer.status
