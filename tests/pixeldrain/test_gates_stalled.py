"""Clients that leave while they wait, and clients that stop reading: what they held is free again."""

import asyncio
import datetime as dt
import io
import random
import ssl
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from pixelhost.plans import BUILT_IN
from pixelhost.site import Site
from pixelhost.wire import sockets
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import downloading, none_under_way
from tests.support.domains import front, serve_on
from tests.support.people import Person
from tests.support.waiting import until

DOMAIN = "files.example.com"
LARGE = random.Random(1).randbytes(32 << 20)


@asynccontextmanager
async def asleep(port: int, path: str, domain: str = "") -> AsyncIterator[int]:
    """The status that a client gets which reads nothing further, and keeps its connection until the block ends.

    Over TLS where it names a domain.
    """
    tls: dict[str, Any] = {"ssl": ssl._create_unverified_context(), "server_hostname": domain} if domain else {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024, **tls)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {domain or 'x'}\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n".encode())
    try:
        line = await asyncio.wait_for(reader.readline(), 30)
        yield int(line.split()[1])
    finally:
        writer.transport.abort()


async def test_who_leaves_while_it_waits_for_its_turn_holds_nothing_any_more(limited):
    place: Place = await limited(download_speed_limit=50, concurrent_downloads_per_ip=8)
    # Of these it would take some 20 minutes until the last had its turn.
    path = f"/api/file/{await (await place.person('carol')).upload('a', bytes(60_000))}"
    writers = []
    for _ in range(8):
        _, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n".encode())
        writers.append(writer)
    await until(lambda: place.site.db.fetchval("SELECT count(*) = 8 FROM open_downloads"))
    for writer in writers:
        writer.transport.abort()
    await none_under_way(place.site)


@pytest.mark.parametrize("kind", ["a directory of an archive", "a zip of small files"])
async def test_who_stops_reading_what_is_made_on_the_way_is_let_go(limited, monkeypatch, kind: str):
    place: Place = await limited(concurrent_downloads_per_ip=1)
    carol = await place.person("carol")
    if kind == "a zip of small files":
        path = f"/api/file/{','.join([await carol.upload(f'{number}', LARGE[: 64 << 10]) for number in range(100)])}"
    else:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("d/large", LARGE)
        path = f"/api/file/{await carol.upload('a.zip', made.getvalue())}/info/zip/d"
    monkeypatch.setattr(sockets, "STALL_SECONDS", 0.5)
    async with asleep(place.port, path) as status:
        assert status == 200
        await none_under_way(place.site)
        async with downloading(place.port, path, 1) as next_status:
            assert next_status == 200


async def test_who_stops_reading_over_tls_is_let_go(site: Site, alice: Person, monkeypatch):
    await alice.write("/me/d/large", LARGE)
    path = f"/api/filesystem/{await alice.share('/me/d')}/large"
    await serve_on(alice, "/me/d", DOMAIN, ends_at=dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    plan = msgspec.structs.replace(BUILT_IN["unlimited"], type="free", hotlinking=False, concurrent_downloads_per_ip=1)
    limited = replace(site, settings=replace(site.settings, plans=BUILT_IN | {"unlimited": plan}))
    monkeypatch.setattr(sockets, "STALL_SECONDS", 0.5)
    async with front(limited) as here:
        await here.hears(DOMAIN)
        async with asleep(here.tls_port, path, DOMAIN) as status:
            assert status == 200
            await none_under_way(site)
