"""The form that makes a secret: what it offers, what it takes, and what it says when something is wrong."""

from dataclasses import replace

import pytest

from pixelhost import errors
from pixelhost.plans import BUILT_IN, Plan
from tests.support.elsewhere import change_rows
from tests.support.people import make_person
from tests.web.account.conftest import problem
from tests.web.pushes.reaching import (
    HTML,
    SECRET,
    ask,
    cookies,
    kinds,
    look,
    make,
    refused,
    send,
    stranger_where,
    views,
)
from tests.web.reading import read


async def test_a_stranger_makes_a_secret_and_is_led_to_its_link(anyone):
    made = await send(anyone, payload=SECRET, retrieval_step="true")
    assert made.status == 303
    page = await look(anyone, made.headers["Location"], Cookie=cookies(made))
    token = made.headers["Location"].split("/")[2]
    here = str(anyone.client.make_url("/")).rstrip("/")
    assert page.one("code", id="link").text == f"{here}/p/{token}/r"
    assert "The secret is stored." in page.text
    assert "you won't find it here again" in page.text
    assert SECRET not in page.source
    assert SECRET in (await look(anyone, f"/p/{token}")).text


async def test_of_a_stranger_the_link_is_shown_to_nobody_else_and_for_ten_minutes_only(anyone, alice, clock):
    made = await send(anyone, payload=SECRET)
    path = made.headers["Location"].partition("?")[0]
    assert "HttpOnly" in made.headers["Set-Cookie"]
    assert f"Path={path.removesuffix('/preview')};" in made.headers["Set-Cookie"]
    assert (await ask(anyone, path)).headers["Location"].startswith("/login?")
    assert (await ask(alice, path)).status == 403
    clock.advance(minutes=9, seconds=59)
    await look(anyone, path, Cookie=cookies(made))
    clock.advance(seconds=1)
    assert (await ask(anyone, path, Cookie=cookies(made))).status == 303


async def test_the_link_takes_no_view(alice):
    token = await make(alice)
    for page in ("preview", "print_preview"):
        await look(alice, f"/p/{token}/{page}")
    assert await views(alice, token) == 0
    assert await kinds(alice, token) == ["creation"]


async def test_all_that_the_form_offers_is_kept(alice):
    token = await make(
        alice,
        payload="hunter2",
        name=" Router ",
        note="in the cellar",
        passphrase="open sesame",
        expire_after_duration="4",
        expire_after_views="3",
        retrieval_step="true",
        notify_on_view="true",
        notify_on_expiry="true",
    )
    (kept,) = (await alice.get("/p/active.json")).json
    wanted = {
        "url_token": token,
        "kind": "text",
        "name": "Router",
        "note": "in the cellar",
        "passphrase": "open sesame",
        "expire_after_days": 1,
        "expire_after_views": 3,
        "deletable_by_viewer": True,
        "retrieval_step": True,
        "end_to_end": False,
        "notify_on_view": True,
        "notify_on_expiry": True,
    }
    assert {name: kept[name] for name in wanted} == wanted


async def test_a_tick_that_was_taken_away_is_off(alice):
    await send(alice, payload="x")
    (kept,) = (await alice.get("/p/active.json")).json
    assert (kept["retrieval_step"], kept["deletable_by_viewer"]) == (False, False)
    assert kept["html_url"].endswith(kept["url_token"])


async def test_a_text_keeps_its_line_breaks_as_they_were_typed(alice):
    token = await make(alice, payload="one\r\ntwo\n\n three")
    assert (await alice.get(f"/p/{token}.json")).json["payload"] == "one\ntwo\n\n three"


async def test_a_form_without_files_may_be_urlencoded(alice):
    answer = await alice.post("/p", data={"payload": "a+b & c", "kind": "text"}, headers=HTML)
    token = answer.headers["Location"].split("/")[2]
    assert (await alice.get(f"/p/{token}.json")).json["payload"] == "a+b & c"


async def test_every_kind_has_a_tab_and_the_18_durations(anyone):
    for tab, field in (("text", "textarea"), ("url", "input"), ("qr", "textarea")):
        page = await look(anyone, f"/p/new?tab={tab}")
        assert page.one(field, id="payload")
        assert page.one("a", aria_current="page", href=f"/p/new?tab={tab}")
        assert [one.text for one in page.all("option")][:4] == ["15 minutes", "30 minutes", "45 minutes", "1 hour"]
        assert len(page.all("option")) == 18
        assert [one.text for one in page.all("option") if "selected" in one.attributes] == ["7 days"]


async def test_an_unknown_tab_is_the_first_one(anyone):
    page = await look(anyone, "/p/new?tab=nonsense")
    assert page.one("a", aria_current="page", href="/p/new?tab=text")


async def test_strangers_are_told_why_they_cannot_attach_files(anyone):
    page = await look(anyone, "/p/new?tab=file")
    assert "Sharing files takes an account" in page.text
    assert page.all("form", action="/p") == []
    assert (await send(anyone, kind="file", files={"a.txt": b"x"})).status == 401


async def test_files_of_an_account_are_pushed(alice, anyone):
    token = await make(alice, kind="file", payload="look", files={"a & b.txt": b"hello", "empty": b""})
    page = await look(anyone, f"/p/{token}")
    assert "2 files" in page.text
    assert "a & b.txt 5 bytes" in page.text
    assert "work for 5 minutes from now on" in page.text
    link = next(one["href"] for one in page.all("a") if "/files/" in (one.attributes["href"] or ""))
    got = await anyone.get(link)
    assert (got.body, "attachment" in got.headers["Content-Disposition"]) == (b"hello", True)


async def test_ten_files_are_taken_and_eleven_are_not(alice):
    await make(alice, kind="file", files={f"{number}.txt": b"x" for number in range(10)})
    page = await refused(alice, kind="file", name="kept", files={f"{number}.txt": b"x" for number in range(11)})
    assert problem(page, "files") == "At most ten files go together."
    assert page.one("input", id="name")["value"] == "kept"


async def test_a_push_of_files_needs_one(alice):
    page = await refused(alice, kind="file", payload="a message")
    assert problem(page, "files") == "Choose a file first."
    assert page.one("textarea", id="payload").text.strip() == "a message"


@pytest.mark.parametrize(
    ("fields", "field", "said", "status"),
    [
        ({"payload": " \n"}, "payload", "Write something first.", 422),
        ({"payload": "x" * 1048577}, "payload", "This may have at most 1048576 characters. It has 1048577.", 422),
        ({"kind": "qr", "payload": "x" * 1025}, "payload", "This may have at most 1024 characters. It has 1025.", 422),
        (
            {"kind": "url", "payload": "javascript:alert(1)"},
            "payload",
            "This is not an address of the web: those begin with http:// or https://.",
            422,
        ),
        ({"name": "x" * 256}, "name", "This may have at most 255 characters. It has 256.", 422),
        ({"note": "x" * 10001}, "note", "This may have at most 10000 characters. It has 10001.", 422),
        ({"passphrase": "x" * 1001}, "passphrase", "This may have at most 1000 characters. It has 1001.", 422),
        ({"expire_after_views": "0"}, "expire_after_views", "This must be between 1 and 100.", 422),
        ({"expire_after_views": "101"}, "expire_after_views", "This must be between 1 and 100.", 422),
        ({"expire_after_views": "many"}, "expire_after_views", "This is not a whole number.", 422),
        ({"expire_after_duration": "18"}, "expire_after_duration", "This must be between 0 and 17.", 422),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(alice, fields, field, said, status):
    page = await refused(alice, status=status, **({"payload": "https://example.org/", "name": "a name"} | fields))
    assert problem(page, field) == said
    if field != "name":
        assert page.one("input", id="name")["value"] == "a name"
    if field != "payload":
        assert page.one("textarea", id="payload").text.strip() == "https://example.org/"
    assert page.headers["Cache-Control"] == "no-store"
    assert (await alice.get("/p/active.json")).json == []


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": "☃" * 1048576},
        {"kind": "qr", "payload": "x" * 1024},
        {"payload": "x", "name": "x" * 255, "note": "x" * 10000, "passphrase": "x" * 1000},
        {"payload": "x", "expire_after_views": "1", "expire_after_duration": "0"},
        {"payload": "x", "expire_after_views": "100", "expire_after_duration": "17"},
    ],
)
async def test_what_is_just_within_the_limits_is_taken(alice, fields):
    await make(alice, **fields)


async def test_a_tick_stays_away_when_the_form_comes_back(alice):
    page = await refused(alice, payload="")
    assert "checked" not in page.one("input", id="retrieval_step").attributes
    assert "checked" in (await look(alice, "/p/new")).one("input", id="retrieval_step").attributes


async def test_kinds_that_are_off_are_not_offered(site):
    async with stranger_where(site, push_kinds=("url", "qr")) as anyone:
        page = await look(anyone, "/p/new?tab=text")
        assert [one["href"] for one in page.all("a") if "tab=" in one["href"]] == ["/p/new?tab=url", "/p/new?tab=qr"]
        assert (await send(anyone, kind="text", payload="x")).status == 422


async def test_where_pushes_are_for_accounts_strangers_are_led_to_the_login(site, anyone):
    token = await make(anyone, retrieval_step="true")
    async with stranger_where(site, anonymous_pushes="off") as stranger:
        for path in ("/p/new", f"/p/{token}", f"/p/{token}/r", f"/p/{token}/passphrase", "/p/never-was-there"):
            answer = await ask(stranger, path)
            assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/login"), path
        assert (await send(stranger, payload="x")).status == 401
        front = read(await ask(stranger, "/"))
        assert front.all("a", href="/p/new") == []
    assert read(await ask(anyone, "/")).one("a", href="/p/new").text == "Share a secret"


async def test_a_banned_account_is_told_so(site, alice):
    await change_rows(site, "UPDATE users SET banned_at = now()")
    assert "This account is banned" in read(await ask(alice, "/p/new")).text


async def test_a_form_of_another_site_makes_nothing(alice):
    answer = await alice.post("/p", data={"payload": "x"}, headers=HTML | {"Origin": "https://evil.example"})
    assert answer.status == 400
    assert (await alice.get("/p/active.json")).json == []


async def test_files_that_are_too_large_are_told_beside_their_field(site):
    tiny = Plan(id="tiny", name="Tiny", type="free", file_size_limit=1000, storage_space=1500)
    async with stranger_where(site, plans={**BUILT_IN, "tiny": tiny}) as stranger:
        site_there = replace(site, settings=replace(site.settings, plans={**BUILT_IN, "tiny": tiny}))
        tina = await make_person(site_there, stranger.client, "tina", plan_id="tiny")
        await make(tina, kind="file", files={"just.bin": bytes(1000), "fits.bin": bytes(500)})
        page = read(await send(tina, kind="file", files={"one.bin": b"x"}))
        assert problem(page, "files") == errors.USER_OUT_OF_SPACE.message
        page = read(await send(tina, kind="file", files={"large.bin": bytes(1001)}))
        assert problem(page, "files")
