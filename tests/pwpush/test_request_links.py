"""Request links: somebody sends a secret to an account, and can't read it again."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import FormData

from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_upload_broken import until_quiet
from tests.pwpush.pushing import ask_for, log_of, push, show
from tests.support.client import raw_exchange
from tests.support.clock import MovableClock
from tests.support.elsewhere import change_rows
from tests.support.letters import outbox
from tests.support.mailbox import last_mail, mail_to
from tests.support.people import Answer, Person, make_person
from tests.web.reading import read

LINKS = "/api/v2/request_links"
PLAIN = {"Accept-Encoding": "identity"}


async def make_link(owner: Person, **fields: Any) -> dict[str, Any]:
    answer = await owner.post(LINKS, json={"name": "the router"} | fields)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json
    return made


async def send(sender: Person, token: str, text: str = "s3cret", *files: tuple[str, bytes]) -> Answer:
    form = FormData(quote_fields=False, default_to_multipart=True)
    form.add_field("payload", text)
    for name, data in files:
        form.add_field("files", data, filename=name)
    return await sender.post(f"/request/{token}", data=form(), headers=PLAIN)


async def link(owner: Person, token: str) -> dict[str, Any]:
    answer = await owner.get(f"{LINKS}/{token}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


async def tokens(owner: Person) -> list[str]:
    return [one["url_token"] for one in (await owner.get("/api/v2/pushes/active")).json]


# Making and closing.


async def test_a_link_is_made_listed_shown_and_closed(alice, bob, anyone):
    made = await make_link(alice, message="please", max_pushes=2)
    assert made["url"] == str(anyone.client.make_url(f"/request/{made['token']}"))
    assert (made["push_days"], made["pushes_left"], made["pushes_received"], made["open"]) == (7, 2, 0, True)
    assert (await alice.get(LINKS)).json == [made]
    assert (await alice.get(LINKS + ".json")).json == [made]
    assert await link(alice, made["token"] + ".json") == made

    closed = await alice.delete(f"{LINKS}/{made['token']}")
    assert (closed.status, closed.json["open"]) == (200, False)
    again = await alice.delete(f"{LINKS}/{made['token']}")
    assert again.json == closed.json
    assert (await link(alice, made["token"]))["open"] is False


async def test_links_are_listed_by_fifty_the_newest_first(alice):
    names = [(await make_link(alice, name=f"{number}"))["name"] for number in range(51)]
    pages = [[one["name"] for one in (await alice.get(f"{LINKS}?page={page}")).json] for page in (1, 2, 3)]
    assert pages == [names[:0:-1], names[:1], []]
    assert (await alice.get(f"{LINKS}?page=abc")).status == 400


async def test_strangers_have_no_links_and_others_do_not_see_mine(alice, bob, anyone):
    token = (await make_link(alice))["token"]
    for method, path in [("GET", LINKS), ("POST", LINKS), ("GET", f"{LINKS}/{token}"), ("DELETE", f"{LINKS}/{token}")]:
        assert (await anyone.ask(method, path, json={"name": "x"})).status == 401
    for method in ("GET", "DELETE"):
        refused = await bob.ask(method, f"{LINKS}/{token}")
        assert (refused.status, refused.json) == (404, {"error": "not-found"})
    assert (await bob.get(LINKS)).json == []
    assert (await link(alice, token))["open"] is True


LIMITS = [
    ("name", "x", "x" * 255, ["", "  ", "x" * 256]),
    ("message", "", "x" * 2000, ["x" * 2001]),
    ("push_days", 1, 90, [0, 91, -1]),
    ("expire_after_days", 1, 90, [0, 91]),
    ("max_pushes", 1, 100, [0, 101]),
]


@pytest.mark.parametrize(("field", "least", "most", "wrong"), LIMITS)
async def test_the_fields_of_a_link_have_limits(alice, field, least, most, wrong):
    for fine in (least, most):
        await make_link(alice, **{field: fine})
    for value in wrong:
        refused = await alice.post(LINKS, json={"name": "x"} | {field: value})
        assert (refused.status, list(refused.json)) == (422, [field]), value
    assert len((await alice.get(LINKS)).json) == 2


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"name": "a\0b"}, ["name"]),
        ({"name": "x", "push_days": "many"}, ["push_days"]),
        ({"name": "x", "push_days": 1.5, "max_pushes": []}, ["push_days", "max_pushes"]),
        ({"name": "x", "push_days": 0, "max_pushes": 0}, ["push_days", "max_pushes"]),
    ],
)
async def test_what_is_wrong_with_a_link_is_told_by_field(alice, sent, fields):
    refused = await alice.post(LINKS, json=sent)
    assert (refused.status, list(refused.json)) == (422, fields)


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"null", b"name=x", b"\xff"])
async def test_what_is_no_object_of_json_is_refused(alice, body):
    refused = await alice.post(LINKS, data=body)
    assert refused.status == 400
    assert refused.json["error"]


async def test_an_account_has_a_hundred_open_links_and_no_more_however_many_are_made_at_once(site, alice):
    for _ in range(97):
        await make_link(alice)
    answers = await asyncio.gather(*(alice.post(LINKS, json={"name": "x"}) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [422] * 3
    newest = (await alice.get(LINKS)).json[0]["token"]
    await alice.delete(f"{LINKS}/{newest}")
    assert (await alice.post(LINKS, json={"name": "x"})).status == 201
    assert (await alice.post(LINKS, json={"name": "x"})).status == 422


async def test_password_pushers_own_requests_are_not_there(alice):
    for path in ("/api/v2/requests", "/api/v2/requests.json", "/api/v2/accounts"):
        assert (await alice.get(path)).status == 404


# Sending.


async def test_a_text_that_is_sent_is_a_push_of_the_owner(site, client, anyone, clock):
    ann = await make_person(site, client, "ann", email="ann@example.com")
    made = await make_link(ann, name="the router", push_days=3)
    answer = await send(anyone, made["token"], "user: root\r\npass: s3cret ☃")
    assert answer.status == 201
    page = read(answer)
    assert "Sent" in page.text
    assert "s3cret" not in page.source

    (pushed,) = (await ann.get("/api/v2/pushes/active")).json
    assert page.source.find(pushed["url_token"]) == -1
    wanted = {"name": "the router", "kind": "text", "expire_after_days": 3, "expire_after_views": 100}
    assert {name: pushed[name] for name in wanted} == wanted
    assert (pushed["deletable_by_viewer"], pushed["retrieval_step"], pushed["passphrase"]) == (False, True, "")
    assert (await show(ann, pushed["url_token"]))["payload"] == "user: root\npass: s3cret ☃"
    (creation, _) = await log_of(ann, pushed["url_token"])
    assert (creation["kind"], creation["ip"]) == ("creation", "127.0.0.1")
    assert (await anyone.delete(f"/api/v2/pushes/{pushed['url_token']}")).status == 401
    assert (await link(ann, made["token"]))["pushes_received"] == 1
    clock.advance(days=3)
    assert (await ask_for(ann, pushed["url_token"])).json["expired"] is True


async def test_the_owner_is_told_by_mail_without_the_secret(site, client, anyone):
    ann = await make_person(site, client, "ann", email="ann@example.com")
    await send(anyone, (await make_link(ann))["token"])
    letter = await last_mail(site, "ann@example.com")
    (token,) = await tokens(ann)
    assert letter.link.path == f"/p/{token}/preview"
    assert "the router" in letter.text
    assert "s3cret" not in letter.text + letter.html


async def test_an_owner_without_a_confirmed_address_gets_no_letter(site, client, anyone):
    ann = await make_person(site, client, "ann", email="ann@example.com")
    await change_rows(site, "UPDATE users SET email_verified = false WHERE name = 'ann'")
    assert (await send(anyone, (await make_link(ann))["token"])).status == 201
    assert await mail_to(site, "ann@example.com") == []
    assert len(await tokens(ann)) == 1


async def test_files_are_sent_with_a_word_and_use_the_owners_space(site, alice, anyone):
    token = (await make_link(alice))["token"]
    answer = await send(anyone, token, "the plans", ("plan.txt", b"a" * 3000), ("ümläut.bin", b"b" * 2000))
    assert answer.status == 201, answer.body
    (pushed,) = await tokens(alice)
    seen = await show(alice, pushed)
    assert (seen["kind"], seen["payload"]) == ("file", "the plans")
    assert [(one["filename"], one["size"]) for one in seen["files"]] == [("plan.txt", 3000), ("ümläut.bin", 2000)]
    path = seen["files"][0]["url"].removeprefix(str(anyone.client.make_url("/")).rstrip("/"))
    assert (await anyone.get(path)).body == b"a" * 3000
    assert (await alice.get("/api/user")).json["storage_space_used"] == 5000


async def test_files_may_come_without_a_word_and_browsers_send_a_field_without_any(alice, anyone):
    token = (await make_link(alice, max_pushes=2))["token"]
    assert (await send(anyone, token, "", ("a", b"a"))).status == 201
    assert (await send(anyone, token, "only text", ("", b""))).status == 201
    kinds = {one["kind"] for one in (await alice.get("/api/v2/pushes/active")).json}
    assert kinds == {"file", "text"}


async def test_a_plain_form_works_too(alice, anyone):
    token = (await make_link(alice))["token"]
    longest = "\N{SNOWMAN}" * (1 << 20)
    assert (await anyone.post(f"/request/{token}", data={"payload": longest})).status == 201
    assert (await show(alice, (await tokens(alice))[0]))["payload"] == longest


async def test_a_link_is_used_up_after_its_number_of_pushes(alice, anyone):
    token = (await make_link(alice, max_pushes=2))["token"]
    answers = [await send(anyone, token) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 404]
    assert len(await tokens(alice)) == 2
    assert (await link(alice, token))["open"] is False


@pytest.mark.parametrize("files", [(), (("a.bin", b"some bytes"),)])
async def test_of_twenty_senders_at_once_one_gets_the_only_place(alice, anyone, nothing_else_is_left, files):
    token = (await make_link(alice))["token"]
    answers = await asyncio.gather(*(send(anyone, token, f"{number}", *files) for number in range(20)))
    assert sorted(answer.status for answer in answers) == [201] + [404] * 19
    assert len(await tokens(alice)) == 1
    await nothing_else_is_left(len(files))


@pytest.fixture
def nothing_else_is_left(site):
    async def look(blobs: int) -> None:
        stored = [one.location async for one in site.store.listing()]
        incoming = [path.name for path in site.store.incoming.iterdir()]
        rows = await site.db.fetchval("SELECT count(*) FROM push_files")
        assert (len(stored), incoming, rows) == (blobs, [], blobs)

    return look


async def test_what_takes_nothing_has_one_answer_whatever_it_was(alice, anyone, clock: MovableClock):
    used_up, closed, old = [(await make_link(alice, expire_after_days=1))["token"] for _ in range(3)]
    await send(anyone, used_up)
    await alice.delete(f"{LINKS}/{closed}")
    clock.advance(days=1)
    odd = ["nosuchtokennosucht", "x", "x" * 500, "%00", "%2e%2e", "%ff", "A" * 18]
    pages = [await anyone.get(f"/request/{token}", headers=PLAIN) for token in (used_up, closed, old, *odd)]
    sent = [await send(anyone, token) for token in (used_up, closed, old, *odd)]
    assert {answer.status for answer in pages + sent} == {404}
    assert len({answer.body for answer in pages + sent}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"Date"})) for answer in pages + sent}) == 1
    assert len(await tokens(alice)) == 1


async def test_a_link_works_until_its_time_is_over(alice, anyone, clock):
    token = (await make_link(alice, expire_after_days=1))["token"]
    clock.advance(days=1, seconds=-60)
    assert (await anyone.get(f"/request/{token}")).status == 200
    clock.advance(seconds=60)
    assert (await anyone.get(f"/request/{token}")).status == 404


async def test_a_banned_account_asks_for_nothing(site, alice, anyone):
    token = (await make_link(alice))["token"]
    await change_rows(site, "UPDATE users SET banned_at = now()")
    assert (await anyone.get(f"/request/{token}")).status == 404
    assert (await send(anyone, token)).status == 404


async def test_a_banned_address_sends_nothing(site, alice, anyone):
    token = (await make_link(alice))["token"]
    await site.db.execute("INSERT INTO ip_bans (network, reason, banned_at) VALUES ('127.0.0.0/8', 'x', now())")
    assert (await send(anyone, token)).status == 403
    assert await tokens(alice) == []


async def test_the_pages_of_a_link_are_kept_by_nobody(alice, anyone):
    token = (await make_link(alice))["token"]
    for answer in (await anyone.get(f"/request/{token}"), await send(anyone, token), await send(anyone, token)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


# Limits of what is sent.


async def test_a_text_has_up_to_a_mebi_of_characters(alice, anyone):
    token = (await make_link(alice, max_pushes=2))["token"]
    longest = "\N{SNOWMAN}" * (1 << 20)
    assert (await send(anyone, token, longest)).status == 201
    refused = await send(anyone, token, longest + "x")
    assert refused.status == 422
    assert "1048576" in read(refused).text
    assert len(await tokens(alice)) == 1


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_nothing_is_not_sent_and_takes_no_place(alice, anyone, text):
    token = (await make_link(alice))["token"]
    refused = await send(anyone, token, text)
    assert refused.status == 422
    assert "There is nothing to send." in read(refused).text
    assert (await link(alice, token))["pushes_left"] == 1


async def test_ten_files_can_be_sent_and_no_eleventh(alice, anyone, nothing_else_is_left):
    token = (await make_link(alice, max_pushes=2))["token"]
    files = [(f"{number}.bin", f"{number}".encode()) for number in range(11)]
    assert (await send(anyone, token, "", *files)).status == 422
    await nothing_else_is_left(0)
    assert (await send(anyone, token, "", *files[:10])).status == 201


async def test_files_are_limited_by_the_owners_plan_and_room(limited, nothing_else_is_left):
    place: Place = await limited(file_size_limit=1000, storage_space=1500)
    owner, sender = await place.person("owner"), place.visitor(7)
    token = (await make_link(owner, max_pushes=9))["token"]
    assert (await send(sender, token, "", ("a", b"a" * 1001))).status == 413
    assert (await send(sender, token, "", ("a", b"a" * 1000), ("b", b"b" * 501))).status == 400
    await nothing_else_is_left(0)
    assert (await send(sender, token, "", ("a", b"a" * 1000), ("b", b"b" * 500))).status == 201
    full = read(await sender.get(f"/request/{token}", headers=PLAIN))
    assert full.all("input", type="file") == []
    assert (await send(sender, token, "", ("c", b"c"))).status == 422
    assert (await send(sender, token, "a text")).status == 201
    assert (await link(owner, token))["pushes_left"] == 7


async def test_with_room_for_one_of_twenty_files_that_come_at_once_one_is_taken(limited, nothing_else_is_left):
    place: Place = await limited(storage_space=1000)
    owner = await place.person("owner")
    token = (await make_link(owner, max_pushes=20))["token"]
    answers = await asyncio.gather(*(send(place.visitor(7), token, "", ("a", b"a" * 1000)) for _ in range(20)))
    assert [answer.status for answer in answers].count(201) == 1
    await nothing_else_is_left(1)
    assert (await link(owner, token))["pushes_left"] == 19


async def test_a_sender_whose_connection_dies_leaves_nothing(site, alice, anyone, server, nothing_else_is_left):
    token = (await make_link(alice))["token"]
    head = (
        f"POST /request/{token} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: 5000000\r\n\r\n"
    )
    part = '--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + "a" * 3_000_000
    await raw_exchange(server.port, (head + part).encode(), half_close=True)
    await until_quiet(site)
    await nothing_else_is_left(0)
    assert await tokens(alice) == []
    assert (await link(alice, token))["pushes_left"] == 1


async def test_kinds_that_are_disabled_are_not_sent_either(changed):
    place: Place = await changed(push_kinds=("text",))
    owner = await make_person(place.site, place.client, "owner")
    token = (await make_link(owner, max_pushes=9))["token"]
    assert (await send(owner, token, "", ("a", b"a"))).status == 422
    assert (await send(owner, token, "x")).status == 201
    place = await changed(push_kinds=("url", "file"))
    owner = replace(owner, client=place.client)
    assert (await send(owner, token, "x")).status == 422
    assert (await send(owner, token, "", ("a", b"a"))).status == 201


async def test_senders_are_limited_as_those_who_push_are(limited, clock):
    clock.hold()
    place: Place = await limited({"push_requests_per_minute": 3, "push_requests_per_second": 0})
    owner = await place.person("owner")
    token = "nosuchtokennosucht"
    answers = [await place.visitor(9).get(f"/request/{token}") for _ in range(4)]
    assert [answer.status for answer in answers] == [404, 404, 404, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert owner


async def test_what_another_site_sends_is_refused(alice, anyone):
    token = (await make_link(alice))["token"]
    refused = await anyone.post(f"/request/{token}", data={"payload": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status == 400
    assert await tokens(alice) == []


async def test_deleting_the_account_ends_its_links(site, client, anyone, alice):
    token = (await make_link(alice))["token"]
    await send(anyone, token)
    await site.db.execute("DELETE FROM users WHERE name = 'alice'")
    assert (await anyone.get(f"/request/{token}")).status == 404


async def test_a_push_of_ones_own_has_nothing_to_do_with_links(site, alice):
    await push(alice)
    assert await outbox(site) == []
