"""Looking at pushes: who takes a view, what the passphrase guards, and what is left after the end."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from aiohttp import FormData

from pixelhost.core import pushes
from pixelhost.site import Site
from tests.pwpush.pushing import SHOWN, V2, ask_for, expire, kinds_of_log, log_of, push, push_files, push_token, show
from tests.support.clock import MovableClock
from tests.support.people import Person
from tests.support.running import Running, data_directory, serving


@pytest.mark.parametrize("path", SHOWN)
async def test_a_push_is_shown_on_every_path(alice: Person, anyone: Person, path: str):
    token = await push_token(alice, "s3cret ☃")
    answer = await anyone.get(path.format(token))
    assert (answer.status, answer.json["payload"], answer.json["views_remaining"]) == (200, "s3cret ☃", 4)


async def test_the_page_of_a_push_is_json_for_whoever_asks_for_that(anyone: Person):
    token = await push_token(anyone)
    answer = await anyone.get(f"/p/{token}", headers={"Accept": "application/json"})
    assert (answer.status, answer.json["payload"]) == (200, "s3cret")


async def test_the_last_view_is_shown_whole_and_after_it_there_is_nothing(alice: Person, anyone: Person):
    token = await push_token(alice, expire_after_views=1, passphrase="p", name="n", note="m")
    seen = await show(anyone, token, "p")
    assert (seen["payload"], seen["expired"], seen["expired_on"]) == ("s3cret", False, None)
    assert (seen["views_remaining"], seen["passphrase"]) == (0, "p")
    gone = await show(anyone, token)
    assert (gone["expired"], gone["payload"], gone["passphrase"], gone["files"]) == (True, None, None, [])
    assert gone["expired_on"]
    assert gone["deleted"] is False
    assert await kinds_of_log(alice, token) == ["creation", "view", "expiry", "failed_view"]


async def test_after_its_end_whoever_looks_is_counted_too(alice: Person, anyone: Person):
    token = await push_token(alice)
    assert (await expire(alice, token)).status == 200
    for left in (4, 3):
        gone = await show(anyone, token)
        assert (gone["views_remaining"], gone["deleted"]) == (left, True)
    assert (await show(alice, token))["views_remaining"] == 2
    assert await kinds_of_log(alice, token) == ["creation", "expire", "failed_view", "failed_view", "failed_view"]


async def test_days_end_a_push_to_the_second(alice: Person, anyone: Person, clock):
    clock.hold()
    token = await push_token(alice, expire_after_days=1)
    clock.advance(days=1, seconds=-1)
    assert (await show(anyone, token))["payload"] == "s3cret"
    clock.advance(seconds=1)
    for who in (anyone, alice):
        gone = await show(who, token)
        assert (gone["expired"], gone["payload"], gone["days_remaining"]) == (True, None, 0)


async def test_days_remaining_counts_whole_days(anyone: Person, clock):
    token = await push_token(anyone, expire_after_days=3)
    assert (await show(anyone, token))["days_remaining"] == 3
    clock.advance(hours=23)
    assert (await show(anyone, token))["days_remaining"] == 3
    clock.advance(hours=1)
    assert (await show(anyone, token))["days_remaining"] == 2


@pytest.mark.parametrize("passphrase", ["pässwörd ☃ 😀", "a+b&c=d%20 #?/", " leads and trails ", "0", "x" * 1000])
async def test_a_passphrase_opens_a_push(alice: Person, anyone: Person, passphrase: str):
    token = await push_token(alice, passphrase=passphrase)
    seen = await show(anyone, token, passphrase)
    assert (seen["payload"], seen["passphrase"]) == ("s3cret", passphrase)


async def test_without_the_right_passphrase_no_view_is_taken(alice: Person, anyone: Person):
    token = await push_token(alice, passphrase="Right")
    for path in (f"/p/{token}.json", f"{V2}/{token}"):
        for query in ("", "?passphrase=", "?passphrase=right", "?passphrase=Right%20"):
            refused = await anyone.get(path + query)
            assert refused.status == 401
            assert refused.json.keys() == {"error", "message", "status"}
            assert refused.json["status"] == "unauthorized"
            assert "?passphrase=" in refused.json["message"]
    assert (await show(alice, token, "Right"))["views_remaining"] == 5
    assert await kinds_of_log(alice, token) == ["creation", *["failed_passphrase"] * 8, "owner_view"]


async def test_an_owner_needs_the_passphrase_too(alice: Person):
    token = await push_token(alice, passphrase="p")
    assert (await ask_for(alice, token)).status == 401


async def test_an_expired_push_asks_for_no_passphrase(alice: Person, anyone: Person):
    token = await push_token(alice, passphrase="p")
    await expire(alice, token)
    assert (await show(anyone, token))["expired"] is True


@pytest.mark.parametrize("given", ["right", "wrong"])
@pytest.mark.parametrize("has_passphrase", [True, False])
async def test_of_requests_with_a_passphrase_five_a_minute_are_answered(
    anyone: Person, clock, given: str, has_passphrase: bool
):
    token = await push_token(anyone, expire_after_views=50, **({"passphrase": "right"} if has_passphrase else {}))
    other = await push_token(anyone, passphrase="right")
    to_the_start_of_a_minute(clock)
    expected = 200 if given == "right" or not has_passphrase else 401
    for path in ("/p/{}.json", V2 + "/{}", "/f/{}.json", "/r/{}.json", "/p/{}/r.json"):
        assert (await anyone.get(path.format(token) + f"?passphrase={given}")).status == expected
    for each in (given, "right"):
        refused = await ask_for(anyone, token, each)
        assert (refused.status, list(refused.json)) == (429, ["error"])
        assert 0 < int(refused.headers["Retry-After"]) <= 60
    # Blank ones don't count, and other pushes have counts of their own.
    assert (await ask_for(anyone, token, "  ")).status == (401 if has_passphrase else 200)
    assert (await ask_for(anyone, other, "right")).status == 200
    clock.advance(minutes=1)
    assert (await ask_for(anyone, token, given)).status == expected


def to_the_start_of_a_minute(clock) -> None:
    clock.advance(seconds=60 - clock.now().second)


async def test_an_owner_looks_without_taking_a_view(alice: Person, bob: Person, anyone: Person):
    token = await push_token(alice, expire_after_views=2)
    for _ in range(3):
        assert (await show(alice, token))["views_remaining"] == 2
    assert (await show(bob, token))["views_remaining"] == 1
    assert (await show(anyone, token))["payload"] == "s3cret"
    assert (await show(anyone, token))["payload"] is None
    views = ["owner_view"] * 3 + ["view"] * 2
    assert await kinds_of_log(alice, token) == ["creation", *views, "expiry", "failed_view"]


async def test_an_administrator_looks_without_taking_a_view_also_at_their_own(alice: Person, root: Person):
    token, own = await push_token(alice), await push_token(root)
    assert (await show(root, token))["views_remaining"] == 5
    assert (await show(root, own))["views_remaining"] == 5
    assert await kinds_of_log(alice, token) == ["creation", "admin_view"]
    assert await kinds_of_log(root, own) == ["creation", "admin_view"]


async def test_nobody_owns_what_a_stranger_pushed(anyone: Person, alice: Person):
    token = await push_token(anyone, expire_after_views=2)
    assert (await show(anyone, token))["views_remaining"] == 1
    assert (await show(alice, token))["views_remaining"] == 0
    assert (await show(anyone, token))["expired"] is True


PREFETCHING = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
]


@pytest.mark.parametrize("path", [*SHOWN, "/p/{}"])
async def test_whoever_only_asks_around_takes_no_view(alice: Person, anyone: Person, path: str):
    token = await push_token(alice, expire_after_views=1)
    path = path.format(token)
    accepting = {"Accept": "application/json"}
    for method in ("HEAD", "OPTIONS", "PROPFIND"):
        await anyone.ask(method, path, headers=accepting)
    for headers in PREFETCHING:
        assert (await anyone.get(path, headers=accepting | headers)).status == 503
    for preview in (f"/p/{token}/preview.json", f"{V2}/{token}/preview"):
        assert (await anyone.get(preview)).status == 200
    assert await kinds_of_log(alice, token) == ["creation"]
    assert (await show(anyone, token))["payload"] == "s3cret"


async def test_head_answers_as_get_would_without_a_body(anyone: Person):
    token = await push_token(anyone)
    there = await anyone.ask("HEAD", f"/p/{token}.json")
    assert (there.status, there.headers["Content-Type"], there.body) == (200, "application/json", b"")
    assert (await anyone.ask("HEAD", f"/p/{'x' * 18}.json")).status == 404


@pytest.mark.parametrize("path", [*SHOWN, "/p/{}/preview.json", V2 + "/{}/preview"])
async def test_what_never_was_is_not_found(anyone: Person, alice: Person, path: str):
    for who in (anyone, alice):
        for token in ("a" * 18, "a" * 8, "_-" * 20):
            gone = await who.get(path.format(token))
            assert (gone.status, gone.json) == (404, {"error": "not-found"})


async def test_a_token_counts_with_its_case(anyone: Person):
    token = await push_token(anyone)
    assert (await anyone.get(f"/p/{token.upper()}.json")).json == {"error": "not-found"}


async def test_a_preview_tells_the_address_and_no_more(alice: Person, anyone: Person):
    for step in (True, False):
        pushed = await push(alice, retrieval_step=step, passphrase="p")
        token = pushed["url_token"]
        previews = [f"/{letter}/{token}/preview.json" for letter in "pfr"]
        for path in (*previews, f"{V2}/{token}/preview", f"{V2}/{token}/preview.json"):
            told = await anyone.get(path)
            assert (told.status, told.json) == (200, {"url": pushed["html_url"]})
        assert (await anyone.get(previews[0] + "?push_locale=de")).json == {"url": pushed["html_url"] + "?locale=de"}
        await expire(alice, token)
        assert (await anyone.get(previews[0])).json == {"url": pushed["html_url"]}


async def test_the_address_of_the_json_shows_the_push_with_and_without_the_step(anyone: Person):
    here = str(anyone.client.make_url("/")).rstrip("/")
    for step, path in ((True, "/r.json"), (False, ".json")):
        pushed = await push(anyone, retrieval_step=step)
        assert pushed["json_url"] == f"{here}/p/{pushed['url_token']}{path}"
        assert (await anyone.get(pushed["json_url"].removeprefix(here))).json["payload"] == "s3cret"


async def test_nothing_keeps_an_answer_or_tells_where_it_came_from(alice: Person, anyone: Person):
    token = await push_token(alice)
    for method, path in (
        *(("GET", path.format(token)) for path in SHOWN),
        ("GET", f"/p/{token}/preview.json"),
        ("GET", f"{V2}/{token}/audit"),
        ("GET", f"{V2}/active"),
        ("GET", f"/p/{'x' * 18}.json"),
        ("POST", "/p.json"),
        ("DELETE", f"{V2}/{token}"),
    ):
        answer = await alice.ask(method, path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers
        assert "ETag" not in answer.headers


async def test_a_body_with_a_get_is_nothing(anyone: Person):
    token = await push_token(anyone)
    answer = await anyone.get(f"/p/{token}.json", data=b"null", headers={"Content-Type": "application/json"})
    assert answer.json["payload"] == "s3cret"


async def test_files_can_be_had_for_as_long_as_the_last_views_links_are_good(
    alice: Person, anyone: Person, site: Site, clock: MovableClock
):
    token = (await push_files(alice, ("a.txt", b"bytes"), expire_after_views=1))["url_token"]
    seen = await show(anyone, token)
    assert (seen["expired"], seen["views_remaining"], len(seen["files"])) == (False, 0, 1)
    link = seen["files"][0]["url"].removeprefix(str(anyone.client.make_url("/")).rstrip("/"))
    assert (await anyone.get(link)).body == b"bytes"
    gone = await show(anyone, token)
    assert (gone["expired"], gone["files"], gone["payload"]) == (True, [], None)
    assert (await anyone.get(link)).body == b"bytes"
    clock.advance(minutes=5)
    assert await pushes.expire_due(site) == 1
    assert (await anyone.get(link)).json == {"error": "not-found"}
    log = ["creation", "view", "download", "failed_view", "download", "expiry"]
    assert await kinds_of_log(alice, token) == log


async def test_an_owner_sees_a_used_up_push_end_as_well(alice: Person, anyone: Person):
    token = (await push_files(alice, ("a.txt", b"bytes"), expire_after_views=1))["url_token"]
    await show(anyone, token)
    assert (await show(alice, token))["expired"] is True


@pytest.mark.parametrize("views", [1, 5])
async def test_of_many_readers_at_once_as_many_get_it_as_may(alice: Person, anyone: Person, views: int):
    token = await push_token(alice, "only", expire_after_views=views)
    answers = await asyncio.gather(*(ask_for(anyone, token) for _ in range(30)))
    payloads = [answer.json["payload"] for answer in answers]
    assert (payloads.count("only"), payloads.count(None)) == (views, 30 - views)
    kinds = sorted(row["kind"] for row in await log_of(alice, token))
    assert kinds == sorted(["creation", "expiry", *["view"] * views, *["failed_view"] * (30 - views)])


async def test_of_many_readers_with_the_passphrase_one_gets_it(alice: Person, anyone: Person, site):
    token = await push_token(alice, "only", expire_after_views=1, passphrase="p")
    answers = await asyncio.gather(*(ask_for(anyone, token, "p") for _ in range(5)))
    assert sorted(answer.json["payload"] or "" for answer in answers) == ["", "", "", "", "only"]


@pytest.mark.journey
def test_of_100_readers_at_two_workers_one_gets_the_only_view():
    unlimited = {"push_requests_per_second": 0, "push_requests_per_minute": 0}
    with data_directory() as directory, serving(directory, workers=2, **unlimited) as server:
        assert len(server.worker_pids) == 2
        for _ in range(5):
            body = b"push[payload]=only&push[expire_after_views]=1"
            token = server.ask("POST", V2, body, key="").json["url_token"]
            payloads = asked_at_once(server, f"/p/{token}.json", 100)
            assert sorted(payload or "" for payload in payloads) == [""] * 99 + ["only"]


def asked_at_once(server: Running, path: str, count: int) -> list[str | None]:
    """Payloads, each asked for on a connection of its own, so that workers share them."""
    start = threading.Barrier(count)

    def ask(_: int) -> str | None:
        with closing(server.connect()) as connection:
            connection.connect()
            start.wait(30)
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            payload: str | None = json.loads(answer.read())["payload"]
            return payload

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(ask, range(count)))


async def test_a_form_with_the_passphrase_in_its_body_is_no_way_in(anyone: Person):
    token = await push_token(anyone, passphrase="p")
    answer = await anyone.get(f"/p/{token}.json", data=FormData({"passphrase": "p"})())
    assert answer.status == 401
