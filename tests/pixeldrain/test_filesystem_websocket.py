"""Figures of nodes over a websocket: told at once, and whenever they change, from whichever worker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, encode_basic_auth, web
from yarl import URL

from pixelhost.app import HTTP_LIMITS, Runner, build_app
from pixelhost.core import nodestats, stats
from pixelhost.core.callers import Caller
from pixelhost.db import news, nodes
from pixelhost.site import Site, open_site
from pixelhost.wire import websocket
from pixelhost.wire.dialect import CALLER
from tests.support import waiting
from tests.support.client import RealServer
from tests.support.people import Answer, Person

DATA = b"x" * 1000
SECONDS = 60
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
LISTENERS = f"""SELECT pid FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = '{news.CHANNEL}'"""


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes show at once."""
    monkeypatch.setattr(nodestats, "SHORTEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(news, "RETRY_SECONDS", 0.01)


async def put(person: Person, path: str, data: bytes = DATA) -> None:
    answer = await person.put(f"/api/filesystem/{path}?make_parents=true", data=data)
    assert answer.status == 200, answer.body


async def share(person: Person, path: str, **fields: str) -> str:
    answer = await person.post(f"/api/filesystem/{path}", data={"action": "update", "shared": "true"} | fields)
    share_id: str = answer.json["id"]
    return share_id


@asynccontextmanager
async def watching(person: Person, path: str, **options: Any) -> AsyncIterator[ClientWebSocketResponse]:
    headers = {"Authorization": encode_basic_auth("", person.key)} if person.key else {}
    headers |= options.pop("headers", {})
    url = str(person.client.make_url(f"/api/filesystem/{path}?download_stats"))
    async with person.client.session.ws_connect(url, headers=headers, **options) as socket:
        yield socket


async def told(socket: ClientWebSocketResponse) -> dict[str, int]:
    async with asyncio.timeout(SECONDS):
        message = await socket.receive()
    assert message.type is WSMsgType.TEXT, message
    found: dict[str, int] = json.loads(message.data)
    return found


async def until(socket: ClientWebSocketResponse, downloads: int) -> dict[str, int]:
    """What is told with so many downloads."""
    while (found := await told(socket))["downloads"] < downloads:
        pass
    return found


async def end(socket: ClientWebSocketResponse) -> tuple[int | None, str]:
    """The code and the reason that the server closes with."""
    async with asyncio.timeout(SECONDS):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
    return socket.close_code, message.extra if isinstance(message.extra, str) else ""


async def upgrade(person: Person, path: str, **headers: str | None) -> Answer:
    """The answer to the first request of a websocket, where that is a refusal."""
    sent = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    wanted = {name: value for name, value in sent.items() if value is not None}
    return await person.get(f"/api/filesystem/{path}?download_stats", headers=wanted)


async def download(site: Site, address: int, name: str = "a") -> None:
    """Somebody takes all of a file from this site's worker, which writes that down."""
    node = await nodes.by_id(site.db, await site.db.fetchval("SELECT id FROM nodes WHERE name = $1", name))
    stats.note_node_sent(site, Caller(f"203.0.113.{address}"), node, node.size_bytes)
    await stats.flush(site)


async def test_the_figures_are_told_at_once_and_whenever_they_change(alice: Person, flush):
    await put(alice, "me/a")
    async with watching(alice, "me/a") as socket:
        assert await told(socket) == {"downloads": 0, "transfer_free": 0, "transfer_paid": 0}
        for count in (1, 2, 3):
            await alice.get("/api/filesystem/me/a")
            await flush()
            assert await told(socket) == {"downloads": 1, "transfer_free": 0, "transfer_paid": count * 1000}


async def test_what_another_worker_counts_is_told_too(alice: Person, site: Site, database_url: str):
    await put(alice, "me/docs/a")
    async with (
        watching(alice, "me/docs/a") as of_file,
        watching(alice, "me") as of_root,
        open_site(site.settings, database_url) as other,
    ):
        await told(of_file)
        await told(of_root)
        for address in (1, 2, 3):
            await download(other, address)
            for socket in (of_file, of_root):
                expected = {"downloads": address, "transfer_free": 0, "transfer_paid": address * 1000}
                assert await until(socket, address) == expected


async def test_nothing_is_told_when_the_figures_stay(alice: Person, site: Site):
    await put(alice, "me/a")
    await put(alice, "me/b")
    async with watching(alice, "me/a") as socket:
        assert (await told(socket))["downloads"] == 0
        await download(site, 1, "b")
        await download(site, 1, "a")
        assert (await told(socket))["downloads"] == 1


async def test_a_stranger_watches_what_is_shared(alice: Person, anyone: Person, site: Site):
    await put(alice, "me/docs/a")
    path = await share(alice, "me/docs")
    async with watching(anyone, f"{path}/a") as socket:
        await told(socket)
        await download(site, 1)
        assert (await until(socket, 1))["transfer_paid"] == 1000


async def test_a_refusal_comes_as_json_before_the_upgrade(alice: Person, bob: Person, anyone: Person):
    await put(alice, "me/a")
    closed = await share(alice, "me/a", link_permissions='{"read": false, "write": true}')
    assert (await upgrade(bob, closed)).refusal == (400, "permission_denied")
    assert (await upgrade(anyone, "me/a")).refusal == (401, "authentication_required")
    assert (await upgrade(alice, "me/b")).refusal == (404, "path_not_found")
    assert (await upgrade(anyone, "abcd1234")).refusal == (404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Key": "ключ"},
        {"Sec_WebSocket_Version": "12"},
        {"Sec_WebSocket_Version": None},
        {"Connection": "keep-alive"},
    ],
)
async def test_what_is_no_handshake_is_refused(alice: Person, wrong: dict[str, str | None]):
    await put(alice, "me/a")
    assert (await upgrade(alice, "me/a", **wrong)).refusal == (400, "websocket_endpoint")


async def test_a_head_and_another_upgrade_are_ordinary_requests(alice: Person):
    await put(alice, "me/a")
    assert (await upgrade(alice, "me/a", Upgrade="h2c")).json["downloads"] == 0
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
    assert (await alice.ask("HEAD", "/api/filesystem/me/a?download_stats", headers=headers)).status == 200


async def test_another_sites_page_watches_nothing_with_a_cookie(alice: Person, anyone: Person):
    await put(alice, "me/a")
    cookie = {"Cookie": f"pd_auth_key={alice.key}"}
    foreign = await upgrade(anyone, "me/a", Origin="https://evil.example", **cookie)
    assert foreign.refusal == (400, "request_origin_invalid")
    home = str(URL(str(anyone.client.make_url("/"))).origin())
    async with watching(anyone, "me/a", headers=cookie | {"Origin": home}) as socket:
        assert (await told(socket))["downloads"] == 0


async def test_small_talk_of_the_client_is_ignored_and_pings_are_answered(alice: Person, site: Site):
    await put(alice, "me/a")
    async with watching(alice, "me/a", autoping=False) as socket:
        await told(socket)
        await socket.send_str("hello")
        await socket.send_str("x" * websocket.HEARD_MAX_BYTES)
        await socket.send_bytes(b"\0" * 100)
        await socket.ping(b"there?")
        pong = await socket.receive(SECONDS)
        assert (pong.type, bytes(pong.data)) == (WSMsgType.PONG, b"there?")
        await download(site, 1)
        assert (await until(socket, 1))["downloads"] == 1


async def test_a_long_message_of_the_client_ends_the_websocket(alice: Person):
    await put(alice, "me/a")
    async with watching(alice, "me/a") as socket:
        await told(socket)
        await socket.send_str("x" * (websocket.HEARD_MAX_BYTES + 1))
        assert (await end(socket))[0] == 1009


async def test_what_the_client_says_can_be_heeded(site: Site):
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def answers() -> AsyncGenerator[str, None]:
        yield "say something"
        while True:
            yield f"you said {await heard.get()}"

    async def talk(request: web.Request) -> web.StreamResponse:
        request[CALLER] = Caller("203.0.113.1")
        return await websocket.speak(request, answers(), heard.put_nowait)

    app = build_app(site)
    app.router.add_get("/talk", talk)
    async with (
        RealServer(app) as server,
        ClientSession() as session,
        session.ws_connect(server.make_url("/talk")) as socket,
    ):
        assert await socket.receive_str(timeout=SECONDS) == "say something"
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=SECONDS) == "you said hello"


async def test_an_address_has_a_bounded_number_of_websockets(alice: Person, monkeypatch):
    monkeypatch.setattr(websocket, "PER_ADDRESS_MAX", 3)
    await put(alice, "me/a")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(watching(alice, "me/a")) for _ in range(3)]
        assert (await upgrade(alice, "me/a")).refusal == (429, "ip_rate_limit_reached")
        await sockets[0].close()

        async def watched_again() -> ClientWebSocketResponse | None:
            with contextlib.suppress(WSServerHandshakeError):
                return await stack.enter_async_context(watching(alice, "me/a"))
            return None

        again = await waiting.until(watched_again)
        assert again is not None
        assert (await told(again))["downloads"] == 0


async def test_who_may_no_longer_read_is_told_no_more(alice: Person, anyone: Person, site: Site):
    await put(alice, "me/docs/a")
    path = await share(alice, "me/docs")
    async with watching(anyone, path) as socket:
        await told(socket)
        await alice.post("/api/filesystem/me/docs", data={"action": "update", "shared": "false"})
        await download(site, 1)
        assert await end(socket) == (1008, "not_found")


@pytest.mark.parametrize("pause_seconds", [0.01, 3600])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"shared": "false"}, "not_found"),
        ({"link_permissions": '{"read": false, "write": true}'}, "permission_denied"),
        ({}, "path_not_found"),
    ],
)
async def test_who_may_no_longer_read_is_told_so_although_nothing_is_counted(
    alice: Person, bob: Person, monkeypatch, pause_seconds: float, fields: dict[str, str], reason: str
):
    monkeypatch.setattr(nodestats, "ASKED_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(nodestats, "SHORTEST_PAUSE_SECONDS", pause_seconds)
    await put(alice, "me/docs/a")
    path = await share(alice, "me/docs")
    async with watching(bob, f"{path}/a") as of_bob, watching(alice, "me/docs") as of_alice:
        await told(of_bob)
        await told(of_alice)
        if fields:
            await alice.post("/api/filesystem/me/docs", data={"action": "update"} | fields)
        else:
            await alice.delete("/api/filesystem/me/docs/a")
        assert await end(of_bob) == (1008, reason)
        assert not of_alice.closed


async def test_a_failure_of_ours_closes_the_websocket_and_sends_no_json(alice: Person, site: Site, monkeypatch):
    await put(alice, "me/a")
    async with watching(alice, "me/a") as socket:
        await told(socket)
        monkeypatch.setattr(nodestats, "Totals", lambda *_figures: 1 / 0)
        await download(site, 1)
        assert (await end(socket))[0] == 1011


async def test_a_client_that_answers_no_ping_is_let_go(alice: Person, site: Site, monkeypatch):
    monkeypatch.setattr(websocket, "HEARTBEAT_SECONDS", 0.2)
    await put(alice, "me/a")
    async with watching(alice, "me/a", autoping=False) as socket:
        await told(socket)
        async with asyncio.timeout(SECONDS):
            while (message := await socket.receive()).type is WSMsgType.PING:
                pass
        assert message.type in {WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE}


async def test_a_lost_connection_to_the_database_is_made_again(alice: Person, site: Site):
    await put(alice, "me/a")
    async with watching(alice, "me/a") as socket:
        await told(socket)
        await listeners(site, 1)
        await site.db.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) AS listeners")
        await download(site, 1)
        assert (await until(socket, 1))["downloads"] == 1
        await download(site, 2)
        assert (await until(socket, 2))["downloads"] == 2


async def test_nothing_listens_when_nobody_watches(alice: Person, site: Site):
    await put(alice, "me/a")
    async with watching(alice, "me/a") as socket:
        await told(socket)
        await listeners(site, 1)
    await listeners(site, 0)


async def test_a_stopping_server_says_goodbye_and_does_not_wait(alice: Person, site: Site):
    await put(alice, "me/a")
    app = build_app(site)
    runner = Runner(app, shutdown_timeout=600, **HTTP_LIMITS)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/filesystem/me/a?download_stats"
    headers = {"Authorization": encode_basic_auth("", alice.key)}
    async with (
        ClientSession(headers=headers) as session,
        session.ws_connect(url) as listening,
        session.ws_connect(url),  # this client doesn't even look
    ):
        await told(listening)
        ending = asyncio.create_task(end(listening))
        async with asyncio.timeout(SECONDS):
            await runner.cleanup()
        assert await ending == (1001, "")


async def listeners(site: Site, expected: int) -> None:
    async def are_there() -> bool:
        return len(await site.db.fetch(LISTENERS)) == expected

    await waiting.until(are_there)
