"""WS /file_stats: figures of a file as they change, and the limits of downloads, as a client asks for them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from pixelhost.app import build_app
from pixelhost.core import filefigures, stats
from pixelhost.db import news
from pixelhost.plans import BUILT_IN
from pixelhost.site import Site, open_site
from tests.support.client import RealServer, fresh_client
from tests.support.people import Person

SECONDS = 60


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes show at once."""
    monkeypatch.setattr(filefigures, "SHORTEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(news, "RETRY_SECONDS", 0.01)


@asynccontextmanager
async def talking(person: Person, **options: Any) -> AsyncIterator[ClientWebSocketResponse]:
    url = str(person.client.make_url("/api/file_stats"))
    async with person.client.session.ws_connect(url, **options) as socket:
        yield socket


async def told(socket: ClientWebSocketResponse) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        message = await socket.receive()
    assert message.type is WSMsgType.TEXT, message
    found: dict[str, Any] = json.loads(message.data)
    return found


async def ended(socket: ClientWebSocketResponse) -> tuple[int | None, str]:
    async with asyncio.timeout(SECONDS):
        message = await socket.receive()
    return message.data, str(message.extra)


def figures(views: int = 0, downloads: int = 0, bandwidth: int = 0) -> dict[str, Any]:
    """The plan of everybody here pays for all that is sent."""
    found = {"views": views, "downloads": downloads, "bandwidth": bandwidth, "bandwidth_paid": bandwidth}
    return {"type": "file_stats", "file_stats": found}


def follow(file_id: str) -> dict[str, Any]:
    return {"type": "file_stats", "data": {"file_id": file_id}}


async def test_the_figures_of_a_file_are_told_when_they_are_asked_for_and_when_they_change(
    alice: Person, anyone: Person, flush
):
    file_id = await alice.upload(data=b"some bytes")
    async with talking(anyone) as socket:
        await socket.send_json(follow(file_id))
        assert await told(socket) == figures()
        await anyone.get(f"/api/file/{file_id}")
        await flush()
        assert await told(socket) == figures(downloads=1, bandwidth=10)
        await anyone.get(f"/u/{file_id}", headers={"User-Agent": "Mozilla"})
        await flush()
        assert await told(socket) == figures(views=1, downloads=1, bandwidth=10)


async def test_asked_again_they_are_told_again_and_another_file_takes_the_place_of_the_first(
    alice: Person, anyone: Person, flush
):
    one, other = await alice.upload(data=b"one"), await alice.upload(data=b"another")
    async with talking(anyone) as socket:
        for file_id in (one, one, other):
            await socket.send_json(follow(file_id))
            assert await told(socket) == figures()
        for file_id in (one, other):
            await anyone.get(f"/api/file/{file_id}")
        await flush()
        assert await told(socket) == figures(downloads=1, bandwidth=len(b"another"))


async def test_what_another_worker_counts_is_told_here(site: Site, alice: Person, anyone: Person, database_url: str):
    file_id = await alice.upload(data=b"some bytes")
    async with talking(anyone) as socket:
        await socket.send_json(follow(file_id))
        assert await told(socket) == figures()
        async with (
            open_site(site.settings, database_url, site.clock) as there,
            RealServer(build_app(there)) as server,
            fresh_client(server) as client,
        ):
            await Person("", "", client).get(f"/api/file/{file_id}")
            await stats.flush(there)
            assert await told(socket) == figures(downloads=1, bandwidth=10)


async def test_without_limits_the_limits_say_so(anyone: Person):
    async with talking(anyone) as socket:
        await socket.send_json({"type": "limits"})
        assert await told(socket) == {
            "type": "limits",
            "limits": {
                "server_overload": False,
                "speed_limit": 0,
                "download_limit": -1,
                "download_limit_used": 0,
                "transfer_limit": -1,
                "transfer_limit_used": 0,
            },
        }


async def test_limits_are_those_of_the_plan_of_the_files_owner_with_what_is_used_of_them(site: Site, alice: Person):
    file_id = await alice.upload(data=b"some bytes")
    limited = msgspec.structs.replace(
        BUILT_IN["unlimited"],
        type="free",
        hotlinking=False,
        download_speed_limit=1000,
        downloads_per_ip_per_day=5,
        transfer_per_ip_per_day=10_000,
    )
    there = replace(site, settings=replace(site.settings, plans=BUILT_IN | {"unlimited": limited}))
    async with RealServer(build_app(there)) as server, fresh_client(server) as client:
        stranger = Person("", "", client)
        await stranger.get(f"/api/file/{file_id}")
        await stats.flush(there)
        async with talking(stranger) as socket:
            await socket.send_json(follow(file_id))
            await told(socket)
            await socket.send_json({"type": "limits"})
            limits = (await told(socket))["limits"]
    assert limits == {
        "server_overload": False,
        "speed_limit": 1000,
        "download_limit": 5,
        "download_limit_used": 1,
        "transfer_limit": 10_000,
        "transfer_limit_used": 10,
    }


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("garbage", "json_parse_failed"),
        ("[]", "json_parse_failed"),
        ('{"type": "weather"}', "json_parse_failed"),
        ('{"type": "file_stats"}', "missing_field"),
        ('{"type": "file_stats", "data": {"file_id": "abcdefgh"}}', "not_found"),
        ('{"type": "file_stats", "data": {"file_id": "\\u0000"}}', "not_found"),
    ],
)
async def test_what_cannot_be_answered_closes_the_websocket_and_says_why(anyone: Person, said: str, reason: str):
    async with talking(anyone) as socket:
        await socket.send_str(said)
        assert await ended(socket) == (1008, reason)


async def test_a_plain_request_is_told_that_this_is_a_websocket(anyone: Person):
    assert (await anyone.get("/api/file_stats")).refusal == (400, "websocket_endpoint")
