"""Webhooks: what they are told, how it is signed, and what becomes of receivers that are slow, broken or not public."""

import asyncio
import socket
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from pixelhost import jobs
from pixelhost.core import webhookclient, webhookdelivery
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pwpush.pushing import expire, push_token, show
from tests.support.clock import MovableClock
from tests.support.hooks import Receiver, make_webhook, receiving, tell
from tests.support.letters import outbox
from tests.support.people import Person, make_person

HOOKS = "/api/v2/webhooks"
LOCAL = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def near(changed) -> Place:
    """A server whose webhooks may reach this machine."""
    return await changed(webhook_networks=LOCAL)


@pytest.fixture
async def ann(near: Place) -> Person:
    return await make_person(near.site, near.client, "ann", email="ann@example.com")


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


async def state(owner: Person, webhook_id: str) -> dict[str, Any]:
    answer = await owner.get(f"{HOOKS}/{webhook_id}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


async def messages(site: Site) -> list[dict[str, Any]]:
    return [dict(row) for row in await site.db.fetch("SELECT * FROM webhook_messages ORDER BY created_at, id")]


# What they are told.


async def test_a_view_and_the_end_of_a_push_are_told_and_signed(near, ann, anyone, receiver: Receiver):
    made = await make_webhook(ann, receiver.url)
    token = await push_token(ann, "s3cret", name="door", passphrase="open sesame", note="n0te", expire_after_views=2)
    await show(anyone, token, "open sesame")
    assert await tell(near.site) == 1
    await show(anyone, token, "open sesame")
    assert await tell(near.site) == 2

    viewed, viewed_last, expired = sorted(receiver.arrived, key=lambda one: one.json["timestamp"])
    assert [one.json["type"] for one in (viewed, viewed_last, expired)].count("push.viewed") == 2
    assert {one.json["type"] for one in receiver.arrived} == {"push.viewed", "push.expired"}
    assert viewed.json["data"] == {
        "url_token": token,
        "name": "door",
        "kind": "text",
        "views_remaining": 1,
        "expired": False,
        "deleted": False,
        "ip": "127.0.0.1",
        "user_agent": viewed.json["data"]["user_agent"],
    }
    assert "aiohttp" in viewed.json["data"]["user_agent"]
    for one in receiver.arrived:
        assert one.is_signed_with(made["secret"])
        assert not one.is_signed_with("whsec_" + "A" * 43 + "=")
        assert one.headers["content-type"] == "application/json"
        assert one.headers["webhook-id"].startswith("msg_")
        assert abs(int(one.headers["webhook-timestamp"]) - near.site.clock.now().timestamp()) < 3600
        assert not any(secret in one.body for secret in ("s3cret", "open sesame", "n0te"))
    assert len({one.headers["webhook-id"] for one in receiver.arrived}) == 3


async def test_who_deleted_a_push_is_told(near, ann, anyone, receiver):
    await make_webhook(ann, receiver.url)
    await expire(anyone, await push_token(ann, deletable_by_viewer=True))
    await tell(near.site)
    (told,) = receiver.arrived
    assert (told.json["type"], told.json["data"]["deleted"], told.json["data"]["expired"]) == (
        "push.expired",
        True,
        True,
    )


async def test_views_of_the_owner_are_not_told(near, ann, receiver):
    await make_webhook(ann, receiver.url)
    await show(ann, await push_token(ann))
    assert await tell(near.site) == 0
    assert receiver.arrived == []


async def test_each_webhook_is_told_what_it_wants_and_nothing_of_others(near, ann, bob, anyone, receiver):
    await make_webhook(ann, receiver.url + "?viewed", events=["push.viewed"])
    await make_webhook(ann, receiver.url + "/expired", events=["push.expired"])
    await show(anyone, await push_token(bob, expire_after_views=1))
    await show(anyone, await push_token(ann, expire_after_views=1))
    await tell(near.site)
    told = {(one.path, one.json["type"]) for one in receiver.arrived}
    assert told == {("/hook", "push.viewed"), ("/hook/expired", "push.expired")}


async def test_a_push_from_before_the_webhook_tells_from_then_on(near, ann, anyone, receiver):
    token = await push_token(ann)
    await show(anyone, token)
    await make_webhook(ann, receiver.url)
    await show(anyone, token)
    assert await tell(near.site) == 1


# Making, listing, changing, deleting.


async def test_a_webhook_is_made_listed_and_deleted_and_its_secret_is_told_once(near, ann, receiver):
    made = await make_webhook(ann, receiver.url)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["events"] == ["push.viewed", "push.expired"]
    assert (made["last_message"], made["failing_since"], made["disabled_at"]) == (None, None, None)
    assert (await ann.get(HOOKS)).json == [made]
    assert await state(ann, made["id"] + ".json") == made
    stored = await near.site.db.fetchval("SELECT secret_sealed FROM webhooks")
    assert secret.encode() not in stored

    assert (await ann.delete(f"{HOOKS}/{made['id']}")).json == made
    assert (await ann.get(HOOKS + ".json")).json == []
    assert (await ann.get(f"{HOOKS}/{made['id']}")).status == 404


async def test_a_new_secret_signs_from_then_on(near, ann, receiver):
    made = await make_webhook(ann, receiver.url)
    rotated = (await ann.post(f"{HOOKS}/{made['id']}/secret")).json
    assert rotated["secret"] != made["secret"]
    await ann.post(f"{HOOKS}/{made['id']}/test")
    await tell(near.site)
    (told,) = receiver.arrived
    assert told.is_signed_with(rotated["secret"])
    assert not told.is_signed_with(made["secret"])


async def test_a_test_message_says_nothing_and_its_state_is_shown(near, ann, receiver):
    made = await make_webhook(ann, receiver.url)
    asked = await ann.post(f"{HOOKS}/{made['id']}/test.json")
    assert asked.status == 202
    assert asked.json["last_message"]["arrived_at"] is None
    await tell(near.site)
    (told,) = receiver.arrived
    assert (told.json["type"], told.json["data"]) == ("webhook.test", {})
    assert (await state(ann, made["id"]))["last_message"]["arrived_at"] is not None


async def test_ten_tests_a_minute_can_be_asked_for_and_not_an_eleventh(near, ann, receiver, clock):
    clock.hold()
    made = await make_webhook(ann, receiver.url)
    answers = [await ann.post(f"{HOOKS}/{made['id']}/test") for _ in range(11)]
    assert [answer.status for answer in answers] == [202] * 10 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert "minute" in answers[-1].json["error"]


async def test_an_account_has_ten_webhooks_and_no_eleventh_however_many_are_made_at_once(near, ann, bob, receiver):
    asked = (ann.post(HOOKS, json={"url": receiver.url}) for _ in range(12))
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [201] * 10 + [422] * 2
    assert len((await ann.get(HOOKS)).json) == 10
    assert "url" in next(answer.json for answer in answers if answer.status == 422)


async def test_a_url_has_up_to_2000_characters(near, ann, receiver):
    longest = receiver.url + "/" + "x" * (2000 - len(receiver.url) - 1)
    assert (await ann.post(HOOKS, json={"url": longest})).status == 201
    refused = await ann.post(HOOKS, json={"url": longest + "x"})
    assert refused.status == 422
    assert "2000" in refused.json["url"][0]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https:///path"}, "url"),
        ({"url": "https://exa mple.com/"}, "url"),
        ({"url": "https://example.com:99999/"}, "url"),
        ({"url": "https://user:word@example.com/"}, "url"),
        ({"url": "http://127.0.0.1:1/", "events": []}, "events"),
        ({"url": "http://127.0.0.1:1/", "events": ["push.made"]}, "events"),
        ({"url": "http://127.0.0.1:1/", "events": "push.viewed"}, "events"),
        ({"url": "http://no-such-host.invalid/"}, "url"),
    ],
)
async def test_what_is_wrong_with_a_webhook_is_told_by_field(near, ann, sent, field):
    refused = await ann.post(HOOKS, json=sent)
    assert refused.status == 422, refused.body
    assert list(refused.json) == [field]
    assert (await ann.get(HOOKS)).json == []


async def test_several_things_that_are_wrong_are_told_at_once(near, ann):
    refused = await ann.post(HOOKS, json={"url": "x", "events": ["y"]})
    assert (refused.status, sorted(refused.json)) == (422, ["events", "url"])


async def test_strangers_have_no_webhooks_and_others_do_not_see_mine(near, ann, bob, anyone, receiver):
    made = await make_webhook(ann, receiver.url)
    one = f"{HOOKS}/{made['id']}"
    calls = [("GET", HOOKS), ("POST", HOOKS), ("GET", one), ("DELETE", one), ("POST", one + "/test")]
    for method, path in [*calls, ("POST", one + "/secret")]:
        refused = await anyone.ask(method, path, json={"url": receiver.url})
        assert refused.status == 401, path
        assert refused.json["error"]
    for method, path in [*calls[2:], ("POST", one + "/secret"), ("GET", HOOKS + "/0-0")]:
        refused = await bob.ask(method, path)
        assert (refused.status, refused.json) == (404, {"error": "not-found"}), path
    assert (await bob.get(HOOKS)).json == []
    assert await state(ann, made["id"])


# Addresses that are nobody's business.


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[fe80::1]"),
        *("[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "2130706433", "0x7f.1", "127.1"),
        "localhost",
    ],
)
async def test_an_address_that_is_not_public_is_refused(alice, host):
    refused = await alice.post(HOOKS, json={"url": f"http://{host}/"})
    assert refused.status == 422, refused.body
    assert list(refused.json) == ["url"]


async def test_the_setting_lets_them_reach_what_it_names_and_nothing_else(near, ann, receiver):
    assert (await ann.post(HOOKS, json={"url": receiver.url})).status == 201
    assert (await ann.post(HOOKS, json={"url": "http://[::1]:1/"})).status == 422
    assert (await ann.post(HOOKS, json={"url": "http://10.0.0.1/"})).status == 422


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names resolve to, besides those that there are."""
    known: dict[str, str] = {}
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return resolve(known.get(name, host), port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


async def test_a_name_that_resolves_to_a_private_address_is_refused(alice, names):
    names["hooks.example.com"] = "10.0.0.1"
    assert (await alice.post(HOOKS, json={"url": "http://hooks.example.com/"})).status == 422


async def test_a_name_that_resolves_differently_the_second_time_does_not_slip_through(
    site, alice, anyone, names, receiver
):
    names["hooks.example.com"] = "192.88.98.1"
    made = await make_webhook(alice, f"http://hooks.example.com:{receiver.port}/")
    names["hooks.example.com"] = "127.0.0.1"
    await show(anyone, await push_token(alice))
    assert await tell(site) == 0
    assert receiver.arrived == []
    assert "not a public one" in (await state(alice, made["id"]))["last_message"]["error"]


async def test_a_private_address_that_was_allowed_once_is_refused_where_it_no_longer_is(near, ann, anyone, receiver):
    made = await make_webhook(ann, receiver.url)
    await show(anyone, await push_token(ann))
    forbidding = replace(near.site, settings=replace(near.site.settings, webhook_networks=()))
    assert await tell(forbidding) == 0
    assert receiver.arrived == []
    assert "not a public one" in (await state(ann, made["id"]))["last_message"]["error"]


# Receivers that fail.


@pytest.fixture
async def due(near: Place, ann: Person, anyone: Person, receiver: Receiver) -> str:
    """A webhook with one message on its way; its ID."""
    made = await make_webhook(ann, receiver.url)
    await show(anyone, await push_token(ann))
    webhook_id: str = made["id"]
    return webhook_id


@pytest.mark.parametrize("status", [400, 404, 500, 503, 301, 302, 307, 308])
async def test_what_is_not_taken_is_tried_again_later_with_the_same_id(near, ann, receiver, due, clock, status):
    receiver.answers(status)
    assert await tell(near.site) == 0
    assert (await state(ann, due))["last_message"]["error"] == f"it answered {status}"
    assert (await state(ann, due))["failing_since"] is not None
    assert await tell(near.site) == 0
    assert len(receiver.arrived) == 1

    receiver.answers(200)
    clock.advance(seconds=61)
    assert await tell(near.site) == 1
    first, second = receiver.arrived
    assert first.path == second.path == "/hook"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert (await state(ann, due))["failing_since"] is None


async def test_a_receiver_that_does_not_answer_in_time_holds_up_nobody_else(
    near, ann, bob, anyone, receiver, due, monkeypatch
):
    monkeypatch.setattr(webhookclient, "TIMEOUT_SECONDS", 3.0)

    async def never(_request: web.Request) -> web.StreamResponse:
        await receiver.released.wait()
        return web.Response()

    receiver.answer = never
    async with receiving() as other:
        await make_webhook(replace(bob, client=near.client), other.url)
        await show(anyone, await push_token(bob))
        assert await tell(near.site) == 1
        assert len(other.arrived) == 1
    assert "no answer within 3 s" in (await state(ann, due))["last_message"]["error"]


async def test_an_account_has_one_message_on_its_way_at_a_time(near, ann, anyone, receiver):
    at_once = most = 0

    async def slow(_request: web.Request) -> web.StreamResponse:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return web.Response()

    receiver.answer = slow
    await make_webhook(ann, receiver.url)
    await make_webhook(ann, receiver.url)
    for _ in range(10):
        await show(anyone, await push_token(ann))
    assert await tell(near.site) == 20
    assert most == 1


async def test_a_head_that_comes_a_byte_at_a_time_is_given_up(near, ann, due, receiver, monkeypatch):
    monkeypatch.setattr(webhookclient, "TIMEOUT_SECONDS", 0.5)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 10_000:
            try:
                writer.write(bytes([byte]))
                await writer.drain()
            except OSError:
                break
            await asyncio.sleep(0.02)
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await near.site.db.execute("UPDATE webhooks SET url = $1", f"http://127.0.0.1:{port}/")
        assert await tell(near.site) == 0
    assert "no answer" in (await state(ann, due))["last_message"]["error"]


async def test_of_an_endless_answer_nothing_but_the_head_is_read(near, ann, receiver, due):
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 1 << 30:
            await response.write(bytes(1 << 16))
            sent += 1 << 16
        return response

    receiver.answer = endless
    assert await tell(near.site) == 1
    assert sent < 64 << 20


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000])
async def test_what_is_no_answer_is_tried_again(near, ann, due, answer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await near.site.db.execute("UPDATE webhooks SET url = $1", f"http://127.0.0.1:{port}/")
        assert await tell(near.site) == 0
    assert (await state(ann, due))["last_message"]["error"]


async def test_where_nobody_listens_the_others_of_the_same_webhook_wait_with_the_first(near, ann, anyone, clock, due):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        await near.site.db.execute("UPDATE webhooks SET url = $1", f"http://127.0.0.1:{unused.getsockname()[1]}/")
        for _ in range(20):
            await show(anyone, await push_token(ann))
        assert await tell(near.site) == 0
    assert sum(one["attempts"] for one in await messages(near.site)) == 1


async def test_a_message_is_given_up_after_three_days(near, ann, receiver, due, clock):
    receiver.answers(500)
    for _ in range(100):
        await tell(near.site)
        (message,) = await messages(near.site)
        if message["due_at"] is None:
            break
        assert message["due_at"] <= message["created_at"] + timedelta(days=3)
        clock.advance(hours=1)
    assert message["due_at"] is None
    assert 10 < message["attempts"] == len(receiver.arrived)
    assert (await state(ann, due))["disabled_at"] is None


async def test_a_webhook_that_failed_for_five_days_is_disabled_and_its_owner_is_told(
    near, ann, anyone, receiver, due, clock
):
    receiver.answers(500)
    await tell(near.site)
    since = datetime.fromisoformat((await state(ann, due))["failing_since"])
    clock.advance(days=4, hours=23)
    await show(anyone, await push_token(ann))
    await tell(near.site)
    assert (await state(ann, due))["disabled_at"] is None
    assert datetime.fromisoformat((await state(ann, due))["failing_since"]) == since

    clock.advance(hours=1)
    await show(anyone, await push_token(ann))
    await tell(near.site)
    assert (await state(ann, due))["disabled_at"] is not None
    (letter,) = await outbox(near.site)
    assert letter["recipient"] == "ann@example.com"
    assert "127.0.0.1" in letter["text"]
    assert receiver.url not in letter["text"]

    so_far = len(receiver.arrived)
    clock.advance(days=1)
    await show(anyone, await push_token(ann))
    await tell(near.site)
    assert len(receiver.arrived) == so_far
    assert all(one["due_at"] is None for one in await messages(near.site))

    receiver.answers(200)
    await ann.post(f"{HOOKS}/{due}/test")
    assert await tell(near.site) == 1
    assert (await state(ann, due))["disabled_at"] is None
    await show(anyone, await push_token(ann))
    assert await tell(near.site) == 1


async def test_a_receiver_that_says_it_is_gone_is_told_nothing_more(near, ann, receiver, due):
    receiver.answers(410)
    await tell(near.site)
    assert (await state(ann, due))["disabled_at"] is not None
    assert len(await outbox(near.site)) == 1


async def test_two_workers_send_no_message_twice(near, ann, anyone, receiver):
    await make_webhook(ann, receiver.url)
    for _ in range(30):
        await show(anyone, await push_token(ann))
    await tell(near.site)
    assert len(receiver.arrived) == 30

    for _ in range(30):
        await show(anyone, await push_token(ann))
    await jobs.run(near.site, "notices")
    counts = await asyncio.gather(webhookdelivery.deliver(near.site), webhookdelivery.deliver(near.site))
    assert sum(counts) == 30
    assert len({one.headers["webhook-id"] for one in receiver.arrived}) == len(receiver.arrived) == 60


async def test_a_sender_that_died_is_followed_by_another_after_its_lease(near, ann, receiver, due, clock):
    async def cut(request: web.Request) -> web.StreamResponse:
        await receiver.released.wait()
        return web.Response()

    receiver.answer = cut
    await jobs.run(near.site, "notices")
    dying = asyncio.create_task(webhookdelivery.deliver(near.site))
    await receiver.has_arrived.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    receiver.answers(200)
    assert await tell(near.site) == 0
    clock.advance(minutes=1)
    assert await tell(near.site) == 1
    assert len({one.headers["webhook-id"] for one in receiver.arrived}) == 1


async def test_messages_are_kept_for_30_days(near, ann, due, clock: MovableClock):
    await tell(near.site)
    clock.advance(days=29, hours=23)
    await webhookdelivery.forget(near.site)
    assert len(await messages(near.site)) == 1
    clock.advance(hours=2)
    await webhookdelivery.forget(near.site)
    assert await messages(near.site) == []


async def test_deleting_a_webhook_ends_what_is_on_its_way(near, ann, due, receiver):
    await jobs.run(near.site, "notices")
    await ann.delete(f"{HOOKS}/{due}")
    assert await webhookdelivery.deliver(near.site) == 0
    assert receiver.arrived == []
