"""Requests are counted by address, exactly, and every answer says how many are left."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

import asyncpg
import pytest
from aiohttp import ClientSession, TCPConnector

from pixelhost.app import build_app
from pixelhost.core.inbox import PASSPHRASES_A_MINUTE
from pixelhost.core.mails import RECIPIENTS_AN_HOUR
from pixelhost.core.pins import WRONG_PINS
from pixelhost.db import connect, limits
from pixelhost.privasfer import DIALECT
from pixelhost.site import Site
from pixelhost.wire.accesslog import shown_path
from tests.support.client import RealServer, fresh_client
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.people import Person
from tests.support.running import Running, authorization, data_directory, serving
from tests.support.transfers import Sender, form

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining")
PROXIES = (ip_network("127.0.0.0/8"),)
LIMIT = 300


def seen(answer) -> tuple[int, str, str]:
    return answer.status, *(answer.headers[name] for name in HEADERS)


@pytest.fixture
def in_a_fresh_minute(clock: MovableClock) -> None:
    clock.advance(seconds=61 - clock.now().second)


async def test_every_answer_says_how_many_requests_are_left(alice: Sender, site: Site, serve, in_a_fresh_minute):
    place = await serve(transfer_requests_per_minute=LIMIT, plan={"file_size_limit": 1000})
    await change_rows(site, "UPDATE users SET plan_id = 'limited'")
    who = Sender("alice", alice.key, place.client)
    file = await alice.send_file()
    path = f"/api/files/{file['id']}"
    etag = (await alice.get(f"{path}/download")).headers["ETag"]
    await site.db.execute("DELETE FROM rate_windows")
    asked = [
        (200, "GET", "/api/files", {}),
        (200, "HEAD", "/api/files", {}),
        (201, "POST", "/api/tokens", {"json": {"name": "a"}}),
        (200, "GET", f"{path}/download", {}),
        (304, "GET", f"{path}/download", {"headers": {"If-None-Match": etag}}),
        (416, "GET", f"{path}/download", {"headers": {"Range": "bytes=99999-"}}),
        (204, "DELETE", path, {}),
        (204, "OPTIONS", "/api/files", {}),
        (204, "OPTIONS", path, {}),
        (400, "POST", "/api/mails", {"data": b"{"}),
        (401, "GET", "/api/files", {"headers": {"Authorization": ""}}),
        (401, "GET", "/api/files", {"headers": {"Authorization": "Bearer wrong"}}),
        (404, "GET", path, {}),
        (404, "GET", "/api/downloads/a/b", {}),
        (404, "GET", "/api/files/a/b/c", {}),
        (405, "DELETE", "/api/files", {}),
        (413, "POST", "/api/files", {"data": form(("file", "a", b"x" * 1001))}),
        (422, "POST", "/api/files", {}),
        (422, "POST", "/api/keys", {"json": {"pin": "1234"}}),
    ]
    for number, (status, method, path, options) in enumerate(asked, 1):
        answer = await who.ask(method, path, **options)
        assert seen(answer) == (status, str(LIMIT), str(LIMIT - number)), (method, path, answer.body)
        if status >= 400 and method != "HEAD":
            assert answer.json.keys() <= {"message", "errors"}


async def test_of_301_requests_at_once_through_two_servers_300_pass(alice: Sender, serve, in_a_fresh_minute):
    places = [await serve(transfer_requests_per_minute=LIMIT) for _ in range(2)]
    people = [Person("", alice.key, place.client) for place in places]
    answers = await asyncio.gather(*(people[number % 2].get("/api/tokens") for number in range(LIMIT + 1)))
    assert sorted(answer.status for answer in answers) == [200] * LIMIT + [429]
    left = sorted(int(answer.headers["X-RateLimit-Remaining"]) for answer in answers if answer.status == 200)
    assert left == list(range(LIMIT))


@pytest.mark.journey
async def test_of_301_requests_at_once_to_two_processes_300_pass():
    with data_directory() as directory, serving(directory, workers=2, trusted_proxies="127.0.0.0/8") as running:
        assert len(running.worker_pids) == 2
        for attempt in range(1, 6):
            minute = datetime.now(UTC).replace(second=0, microsecond=0)
            statuses = await asked_at_once(running, f"203.0.113.{attempt}", LIMIT + 1)
            # A minute may end meanwhile: then another address asks, of which none was counted.
            if datetime.now(UTC).replace(second=0, microsecond=0) == minute:
                break
        assert Counter(statuses) == {200: LIMIT, 429: 1}


async def asked_at_once(running: Running, ip: str, count: int) -> list[int]:
    """What so many requests of one address, each on a connection of its own, are answered."""
    headers = authorization(running.key) | {"X-Forwarded-For": ip}
    async with ClientSession(connector=TCPConnector(limit=0, force_close=True), headers=headers) as session:

        async def ask() -> int:
            async with session.get(f"{running.url}/api/tokens") as answer:
                return answer.status

        return await asyncio.gather(*(ask() for _ in range(count)))


async def statements(site: Site, database_url: str, limit: int) -> list[str]:
    """What a request runs in the database where so many are allowed a minute."""
    ran: list[str] = []

    async def listen(connection: asyncpg.Connection) -> None:
        connection.add_query_logger(lambda query: ran.append(query.query))

    settings = replace(site.settings, transfer_requests_per_minute=limit)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1, init=listen, reset=nothing) as pool:
        app = build_app(replace(site, settings=settings, db=pool))
        async with RealServer(app) as server, fresh_client(server) as client:
            assert (await Person("", "", client).get("/api/downloads/x/y")).status == 404
            ran.clear()
            assert (await Person("", "", client).get("/api/downloads/x/y")).status == 404
    return ran


async def nothing(_connection: asyncpg.Connection) -> None:
    """As the product's own connections, which need no reset."""


async def test_counting_a_request_takes_one_statement(site: Site, database_url: str):
    uncounted = await statements(site, database_url, 0)
    counted = await statements(site, database_url, LIMIT)
    assert len(counted) == len(uncounted) + 1
    assert "rate_windows" in counted[0]


async def test_one_too_many_is_told_when_to_come_back(
    alice: Sender, stranger: Sender, serve, clock: MovableClock, in_a_fresh_minute
):
    place = await serve(transfer_requests_per_minute=1)
    who = Person("", alice.key, place.client)
    assert (await who.get("/api/tokens")).status == 200
    for path, headers in (("/api/files", {}), ("/api/files/x/y/z", {}), ("/api/mails", {"Authorization": "x"})):
        refused = await who.get(path, headers=headers)
        assert (refused.status, refused.json) == (429, {"message": "Too Many Attempts."})
        assert refused.headers["X-RateLimit-Limit"] == "1"
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        reset = int(refused.headers["X-RateLimit-Reset"])
        assert reset % 60 == 0
        assert 0 < reset - clock.now().timestamp() <= 60
        for name, value in DIALECT.headers.items():
            assert refused.headers[name] == value
    clock.advance(minutes=1)
    assert (await who.get("/api/tokens")).status == 200
    assert (await who.get("/api/user")).status == 200


def told_to_wait(answer, clock: MovableClock, seconds: int) -> str:
    """The reason of a refusal, and that it ends when a window of so many seconds does."""
    assert answer.status == 429, answer.body
    assert answer.json.keys() == {"message"}
    again_at = int(answer.headers["X-RateLimit-Reset"])
    assert 0 < again_at - clock.now().timestamp() <= seconds
    assert again_at % seconds == 0
    assert 0 < int(answer.headers["Retry-After"]) <= seconds
    assert int(answer.headers["X-RateLimit-Remaining"]) > 0
    return str(answer.json["message"])


async def test_wrong_pins_are_told_why_and_when_to_come_back(alice: Sender, clock: MovableClock, in_a_fresh_minute):
    await alice.data("PUT", "/api/pin", json={"pin": "1234"})
    for _ in range(WRONG_PINS):
        await alice.refused("POST", "/api/keys", json={"pin": "0000"})
    for method, path, sent in (
        ("POST", "/api/keys", {"pin": "1234"}),
        ("PUT", "/api/pin", {"pin": "4321", "current_pin": "1234"}),
    ):
        refused = await alice.ask(method, path, json=sent)
        assert told_to_wait(refused, clock, 3600) == "Too many wrong PINs. Try again in an hour"
    clock.advance(hours=1)
    await alice.data("POST", "/api/keys", 201, json={"pin": "1234"})


async def test_wrong_passphrases_are_told_why_and_when_to_come_back(
    alice: Sender, bob: Sender, clock: MovableClock, in_a_fresh_minute
):
    file = await alice.send_file()
    sent = await alice.send_mail("bob@example.com", files=[file["id"]], passphrase="right")
    path, keys = f"/api/inbox/{sent['id']}?passphrase=", f"/api/downloads/{sent['download']['id']}/keys"
    for _ in range(PASSPHRASES_A_MINUTE):
        await bob.refused("GET", f"{path}wrong")
    for refused in (await bob.get(f"{path}right"), await bob.post(keys, json={"passphrase": "right"})):
        assert told_to_wait(refused, clock, 60) == "Too many passphrases were tried. Try again in a minute"
    clock.advance(minutes=1)
    assert (await bob.data("GET", f"{path}right"))["locked"] is False


async def test_who_has_sent_as_much_as_an_hour_allows_is_told_so_and_when_to_come_back(
    alice: Sender, site: Site, clock: MovableClock, in_a_fresh_minute
):
    alice_id = str(await site.db.fetchval("SELECT id FROM users WHERE name = 'alice'"))
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    await limits.add_several(site.db, "mails", alice_id, hour, RECIPIENTS_AN_HOUR - 1)
    fields = {"recipients": ["x@example.org"], "subject": "a", "body": "b"}
    assert (await alice.post("/api/mails", json=fields)).status == 201
    refused = await alice.post("/api/mails", json=fields)
    assert told_to_wait(refused, clock, 3600).startswith("At most 500 messages an hour can be sent")
    clock.advance(hours=1)
    assert (await alice.post("/api/mails", json=fields)).status == 201


async def test_addresses_are_counted_apart_and_a_network_of_ipv6_together(alice: Sender, serve, in_a_fresh_minute):
    place = await serve(transfer_requests_per_minute=1, trusted_proxies=PROXIES)
    who = Person("", alice.key, place.client)

    async def status(ip: str) -> int:
        return (await who.get("/api/tokens", headers={"X-Forwarded-For": ip})).status

    assert [await status(ip) for ip in ("203.0.113.1", "203.0.113.2", "203.0.113.1")] == [200, 200, 429]
    assert [await status(ip) for ip in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [200, 429, 200]


@pytest.mark.parametrize("path", ["/api/files", "/api/files/x/y/z", "/api/mails/x/y"])
async def test_without_the_database_it_says_so_in_its_own_way(site: Site, database_url: str, path: str):
    gone = await connect.open_pool(database_url)
    await gone.close()
    async with RealServer(build_app(replace(site, db=gone))) as server, fresh_client(server) as client:
        answer = await Person("", "", client).get(path)
    assert (answer.status, answer.json) == (500, {"message": "Server Error"})
    for name, value in DIALECT.headers.items():
        assert answer.headers[name] == value


async def test_where_nothing_is_limited_nothing_is_said(alice: Sender, serve):
    place = await serve(transfer_requests_per_minute=0)
    answer = await Person("", alice.key, place.client).get("/api/tokens")
    assert answer.status == 200
    assert not any(name.lower().startswith("x-ratelimit") for name in answer.headers)


async def test_pages_of_other_sites_may_call_it_with_a_token(alice: Sender):
    asked = await alice.ask("OPTIONS", "/api/mails", headers={"Origin": "https://other.example"})
    assert asked.status == 204
    methods = {method.strip() for method in asked.headers["Access-Control-Allow-Methods"].split(",")}
    assert {"GET", "POST", "PATCH", "DELETE"} <= methods
    allowed = {name.strip() for name in asked.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"Authorization", "Content-Type"} <= allowed
    answer = await alice.ask("POST", "/api/tokens", json={"name": "a"}, headers={"Origin": "https://other.example"})
    assert answer.status == 201
    assert "X-RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]


async def test_a_cookie_does_nothing_for_pages_of_other_sites(alice: Sender, stranger: Sender):
    headers = {"Cookie": f"pd_auth_key={alice.key}", "Origin": "https://other.example"}
    assert (await stranger.ask("POST", "/api/tokens", json={"name": "a"}, headers=headers)).status == 400
    assert await alice.data("GET", "/api/tokens") == []


@pytest.mark.parametrize("path", ["/api/filesx", "/api/file", "/api/pinx", "/api/mailsx/1"])
async def test_what_only_begins_like_a_route_is_answered_by_the_other_api(stranger: Person, path: str):
    answer = await Person("", "", stranger.client).get(path)
    assert answer.json["success"] is False
    assert "X-RateLimit-Limit" not in answer.headers


async def test_read_only_mode_lets_read_and_nothing_else(alice: Sender, bob: Sender, site: Site):
    file = await alice.send_file("a", b"a")
    sent = await alice.send_mail("bob@example.com", files=[file["id"]])
    await site.runtime.set("read_only_mode", "true")
    assert await alice.data("GET", "/api/files") == [file]
    assert (await alice.get(f"/api/files/{file['id']}/download")).body == b"a"
    assert (await alice.ask("OPTIONS", "/api/files")).status == 204
    assert len(await bob.data("GET", "/api/inbox")) == 1
    for method, path in (
        *(("POST", "/api/files"), ("POST", "/api/mails"), ("DELETE", f"/api/files/{file['id']}")),
        *(("PATCH", f"/api/inbox/{sent['id']}"), ("PUT", "/api/pin"), ("POST", "/api/tokens")),
    ):
        assert await alice.status(method, path, data=form(("file", "a", b"a"))) == 503


async def test_the_addresses_of_downloads_are_cut_short_in_the_access_log(alice: Sender):
    download = "fad2027a-ac89-4ef4-baab-95b2fb316cf1"
    assert "SECRETKEY" not in shown_path(f"/api/downloads/{download}/SECRETKEY")
    assert "SECRETKEY" not in shown_path("/api/keys/SECRETKEY")
    assert download not in shown_path(f"/m/{download}")
    assert shown_path("/api/files/x/download") == "/api/files/x/download"
