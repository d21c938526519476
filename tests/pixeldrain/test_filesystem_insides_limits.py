"""Looking inside when there is too much to look at, too much to do, or when it goes wrong this time."""

import asyncio
import io
import json
import secrets
import tarfile
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import bencodepy
import pytest

from pixelhost.media import zipstream
from pixelhost.media.workers import MediaPool
from pixelhost.media.zipstream import Member
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, Serve
from tests.pixeldrain.test_filesystem_insides import INSIDE, TORRENT, zipped
from tests.support.filesystem import picture
from tests.support.people import Person

NODES_MAX = 250_000
THEN = datetime(2024, 2, 29, tzinfo=UTC)


def empty_files(count: int) -> bytes:
    """A zip of a directory with one, and the others behind it: two nodes more than files, but for one."""
    names = ["first/0", *(str(number) for number in range(1, count))]
    plan = zipstream.plan([Member(name, 0, 0, THEN) for name in names])
    return b"".join(part for part in plan.parts(0, plan.size_bytes) if isinstance(part, bytes))


@pytest.fixture(params=[NODES_MAX, NODES_MAX + 1])
async def large(alice: Person, request: pytest.FixtureRequest) -> int:
    """An archive of so many files and directories; the path of its last file is the number of files less one."""
    await alice.write("/me/large.zip", await asyncio.to_thread(empty_files, request.param - 1))
    nodes: int = request.param
    return nodes


async def test_an_archive_beyond_the_limit_is_never_silently_short(alice: Person, large: int):
    is_whole = large == NODES_MAX
    listing = (await alice.fs("GET", "/me/large.zip", "?zip_info")).json
    last = await alice.fs("GET", "/me/large.zip", f"?zip_file={large - 2}")
    directory = await alice.fs("GET", "/me/large.zip", "?zip_file=first")
    absent = await alice.fs("GET", "/me/large.zip", "?zip_file=absent")

    assert (await alice.fs("GET", "/me/large.zip", "?zip_file=first/0")).status == 200
    assert len(listing["children"]) == NODES_MAX - 1
    if is_whole:
        assert listing["properties"] == ["read_individual_files"]
        assert (last.status, last.body) == (200, b"")
        with zipfile.ZipFile(io.BytesIO(directory.body)) as found:
            assert found.namelist() == ["0"]
        assert absent.refusal == (404, "path_not_found")
        return
    assert listing["properties"] == ["read_individual_files", "truncated"]
    for answer in (last, directory, absent, await alice.fs("HEAD", "/me/large.zip", "?zip_file=first")):
        assert answer.status == 413
    assert last.value == directory.value == absent.value == "file_too_large"


async def test_the_directory_of_a_zip_is_read_for_the_first_member_only(alice: Person, site: Site):
    """Whoever scribbles over it afterwards does no harm."""
    data = zipped(INSIDE | {"unknown": secrets.token_bytes(8)})
    await alice.write("/me/a.zip", data)
    first = await alice.fs("GET", "/me/a.zip", "?zip_file=readme.txt")
    location = await site.db.fetchval("SELECT location FROM blobs")
    directory = data.index(b"PK\x01\x02")
    (site.settings.blobs_dir / location).write_bytes(data[:directory] + bytes(len(data) - directory))
    again = await alice.fs("GET", "/me/a.zip", "?zip_file=readme.txt")
    other = await alice.fs("GET", "/me/a.zip", "?zip_file=docs/a.txt", headers={"Range": "bytes=10-19"})

    assert first.body == again.body == b"read me"
    assert (other.status, other.body) == (206, b"a" * 10)
    assert (await alice.fs("GET", "/me/a.zip", "?zip_file=nope")).refusal == (404, "path_not_found")


@pytest.fixture
async def overloaded(site: Site, served: Serve) -> Place:
    """The same data on a server none of whose workers is free."""
    pool = MediaPool(1)
    await pool.close()
    return await served(replace(site, media=pool))


def unknown(name: str) -> bytes:
    """What nobody has looked into before."""
    fresh = secrets.token_hex(8).encode()
    if name == "a.torrent":
        return bencodepy.encode(TORRENT | {b"comment": fresh})
    return {"a.zip": zipped({"readme.txt": fresh, "docs/a": b"a"}), "a.tar": tarred(fresh), "a.md": b"# " + fresh}[name]


def tarred(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("readme.txt")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


QUESTIONS = [
    ("a.zip", "?zip_info"),
    ("a.zip", "?zip_file=readme.txt"),
    ("a.zip", "?zip_file=docs"),
    ("a.tar", "?zip_file=readme.txt"),
    ("a.torrent", "?torrent_info"),
    ("a.md", "?render_markdown"),
]


@pytest.mark.parametrize(("name", "query"), QUESTIONS)
async def test_who_comes_when_all_workers_are_busy_is_told_to_come_again(
    alice: Person, overloaded: Place, name: str, query: str
):
    await alice.write(f"/me/{name}", unknown(name))
    there = replace(alice, client=overloaded.client)
    refused = await there.fs("GET", f"/me/{name}", query)

    assert refused.refusal == (503, "server_overload_captcha_required")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await alice.fs("GET", f"/me/{name}", query)).status == 200


async def test_a_picture_that_no_worker_has_time_for_is_an_icon_until_one_has(alice: Person, overloaded: Place):
    await alice.write("/me/a.png", picture(secrets.randbelow(1000) + 500, 321))
    there = replace(alice, client=overloaded.client)
    icon = await there.fs("GET", "/me/a.png", "?thumbnail")
    made = await alice.fs("GET", "/me/a.png", "?thumbnail")

    assert (icon.status, made.status) == (200, 200)
    assert icon.headers["ETag"] != made.headers["ETag"]


async def test_markdown_that_could_not_be_rendered_is_shown_as_text_and_tried_again(
    alice: Person, site: Site, served: Serve
):
    await alice.write("/me/a.md", b"# Title <b>")
    pool = MediaPool(1, wall_seconds=0)
    try:
        slow = replace(alice, client=(await served(replace(site, media=pool))).client)
        shown = await slow.fs("GET", "/me/a.md", "?render_markdown")
    finally:
        await pool.close()

    assert (shown.status, shown.body) == (200, b"<pre># Title &lt;b&gt;</pre>")
    assert b"<h1" in (await alice.fs("GET", "/me/a.md", "?render_markdown")).body


async def test_an_archive_that_could_not_be_read_this_time_is_tried_again(alice: Person, site: Site, served: Serve):
    await alice.write("/me/a.zip", unknown("a.zip"))
    pool = MediaPool(1, wall_seconds=0)
    try:
        slow = replace(alice, client=(await served(replace(site, media=pool))).client)
        refusals = [await slow.fs("GET", "/me/a.zip", query) for query in ("?zip_info", "?zip_file=readme.txt")]
    finally:
        await pool.close()

    assert [refused.refusal for refused in refusals] == [(400, "invalid_zip_file")] * 2
    assert json.loads((await alice.fs("GET", "/me/a.zip", "?zip_info")).body)["size"] > 0
    assert (await alice.fs("GET", "/me/a.zip", "?zip_file=readme.txt")).status == 200
