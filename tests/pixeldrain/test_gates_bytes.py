"""What downloads count of a day's bytes, whatever they are made of."""

import asyncio
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from pixelhost.blobs.disk import DiskBlob
from pixelhost.db import opendownloads
from pixelhost.site import Site
from pixelhost.wire.outgoing import SMALL_BYTES
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import code, none_under_way
from tests.support.people import Person

LIMIT = 100_000_000


async def wanted(carol: Person, kind: str, data: bytes) -> tuple[str, dict[str, str]]:
    """A path and the headers to download something by."""
    if kind in {"node", "member"}:
        await carol.write("/me/shared/a", data)
        path = f"/api/filesystem/{await carol.share('/me/shared')}"
        if kind == "node":
            return f"{path}/a", {}
        ids = [await carol.upload(name, data) for name in ("b.txt", "c.txt")]
        await carol.write("/me/shared/a.zip", (await carol.get(f"/api/file/{','.join(ids)}")).body)
        return f"{path}/a.zip?zip_file=b.txt", {}
    ids = [await carol.upload(name, name.encode() + data) for name in "ab"]
    if kind == "zip":
        return f"/api/file/{','.join(ids)}?zip", {}
    ranges = {"file": "", "range": "bytes=5-", "ranges": "bytes=0-9,100-"}[kind]
    return f"/api/file/{ids[0]}", {"Range": ranges} if ranges else {}


async def used_bytes(site: Site) -> int:
    await none_under_way(site)
    since = site.clock.now() - timedelta(days=1)
    return (await opendownloads.used(site.db, site.keyring.visitor("203.0.113.1"), since))[1]


def truncate_blob(site: Site, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    (blob,) = Path(site.store.root).rglob(f"*{digest}*")
    os.truncate(blob, 10)


@pytest.mark.parametrize("size", [1000, SMALL_BYTES + 1, 2 << 20], ids=["small", "large", "larger"])
@pytest.mark.parametrize("kind", ["file", "range", "ranges", "zip", "node", "member"])
async def test_as_many_bytes_count_as_go_out(limited, kind: str, size: int):
    place: Place = await limited(filesystem_access=True, transfer_per_ip_per_day=LIMIT)
    path, headers = await wanted(await place.person("carol"), kind, os.urandom(size))
    answer = await place.visitor(1).get(path, headers=headers)
    assert answer.status in {200, 206}
    assert len(answer.body) >= size - 5
    assert await used_bytes(place.site) == len(answer.body)


async def test_a_download_that_fails_as_it_is_read_is_over_and_counts_no_bytes(limited):
    place: Place = await limited(concurrent_downloads_per_ip=1, transfer_per_ip_per_day=LIMIT, file_rate_limit=True)
    carol = await place.person("carol")
    broken, whole = await carol.upload("a", b"a" * 1000), await carol.upload("b", b"b" * 1000)
    truncate_blob(place.site, b"a" * 1000)
    visitor = place.visitor(1)
    assert (await visitor.get(f"/api/file/{broken}")).status >= 500
    assert await used_bytes(place.site) == 0
    assert await code(visitor, f"/api/file/{whole}") == ""


async def test_a_refusal_is_told_although_the_bytes_were_made_ready(limited):
    place: Place = await limited(downloads_per_ip_per_day=1)
    carol = await place.person("carol")
    ids = [await carol.upload(name, name.encode() * 1000) for name in "ab"]
    visitor = place.visitor(1)
    assert await code(visitor, f"/api/file/{ids[0]}") == ""
    refused = await visitor.get(f"/api/file/{ids[1]}")
    assert (refused.status, refused.value) == (403, "ip_download_limited_captcha_required")
    assert b"bbb" not in refused.body
    await none_under_way(place.site)


async def test_what_is_in_an_archive_is_not_looked_for_before_the_refusal(limited, flush):
    place: Place = await limited(downloads_per_ip_per_day=1)
    carol = await place.person("carol")
    ids = [await carol.upload(name, b"x" * 1000) for name in ("a.txt", "b.txt")]
    archive = await carol.upload("c.zip", (await carol.get(f"/api/file/{','.join(ids)}")).body)
    visitor = place.visitor(1)
    assert await code(visitor, f"/api/file/{ids[0]}") == ""
    assert await code(visitor, f"/api/file/{archive}/info/zip/b.txt") == "ip_download_limited_captcha_required"
    await flush()
    info = await visitor.info(archive)
    assert (info["downloads"], info["bandwidth_used"]) == (0, 0)


async def test_a_disk_that_is_slow_for_one_is_not_so_for_others(limited, monkeypatch: pytest.MonkeyPatch):
    place: Place = await limited(concurrent_downloads_per_ip=10)
    carol = await place.person("carol")
    slow, quick = await carol.upload("a", b"a" * 1000), await carol.upload("b", b"b" * 1001)
    is_read, may_end = asyncio.Event(), asyncio.Event()

    async def read(blob: DiskBlob, offset: int, count: int) -> bytes:
        if count == 1000:
            is_read.set()
            await may_end.wait()
        return await read_at_once(blob, offset, count)

    read_at_once = DiskBlob.read
    monkeypatch.setattr(DiskBlob, "read", read)
    # As what nobody has read for long isn't in memory.
    with monkeypatch.context() as forgetful:
        forgetful.setattr(DiskBlob, "read_cached", lambda *_: None)
        waiting = asyncio.create_task(place.visitor(1).get(f"/api/file/{slow}"))
        await is_read.wait()
    assert await code(place.visitor(2), f"/api/file/{quick}") == ""
    may_end.set()
    assert (await waiting).body == b"a" * 1000
