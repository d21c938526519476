"""Requests are counted by address, exactly, and every answer says how many are left."""

import asyncio
from ipaddress import ip_network

import pytest

from pixelhost.privasfer import DIALECT
from pixelhost.site import Site
from pixelhost.wire.accesslog import shown_path
from tests.support.clock import MovableClock
from tests.support.people import Person
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
    place = await serve(transfer_requests_per_minute=LIMIT)
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
        (422, "POST", "/api/files", {}),
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


async def test_one_too_many_is_told_when_to_come_back(
    alice: Sender, stranger: Sender, serve, clock: MovableClock, in_a_fresh_minute
):
    place = await serve(transfer_requests_per_minute=1)
    who = Person("", alice.key, place.client)
    assert (await who.get("/api/tokens")).status == 200
    for path, headers in (("/api/files", {}), ("/api/files/x/y/z", {}), ("/api/mails", {"Authorization": "x"})):
        refused = await who.get(path, headers=headers)
        assert (refused.status, refused.json) == (429, {"message": "Too Many Attempts."})
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


async def test_addresses_are_counted_apart_and_a_network_of_ipv6_together(alice: Sender, serve, in_a_fresh_minute):
    place = await serve(transfer_requests_per_minute=1, trusted_proxies=PROXIES)
    who = Person("", alice.key, place.client)

    async def status(ip: str) -> int:
        return (await who.get("/api/tokens", headers={"X-Forwarded-For": ip})).status

    assert [await status(ip) for ip in ("203.0.113.1", "203.0.113.2", "203.0.113.1")] == [200, 200, 429]
    assert [await status(ip) for ip in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] == [200, 429, 200]


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
