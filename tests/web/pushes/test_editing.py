"""Changing a secret that hasn't ended."""

import asyncio

import pytest

from pixelhost.core.pushfields import DURATIONS
from tests.web.account.conftest import problem
from tests.web.pushes.reaching import HTML, SECRET, ask, kinds, look, make, refused, send
from tests.web.reading import read

ALL_TICKS = {"retrieval_step": "true", "deletable_by_viewer": "true"}


async def change(person, token, files=None, **fields):
    answer = await send(person, f"/p/{token}/edit", files=files, **(ALL_TICKS | fields))
    assert answer.status == 303, read(answer).text
    assert answer.headers["Location"] == f"/p/{token}/audit?done=saved"


async def pushed(person, token):
    return next(one for one in (await person.get("/p/active.json")).json if one["url_token"] == token)


async def test_the_form_has_all_but_what_is_secret(alice):
    token = await make(alice, name="Router", note="in the cellar", passphrase="sesame")
    page = await look(alice, f"/p/{token}/edit")
    assert page.one("input", id="name")["value"] == "Router"
    assert page.one("textarea", id="note").text.strip() == "in the cellar"
    assert SECRET not in page.source
    assert "sesame" not in page.source


async def test_what_is_left_empty_stays_as_it_is(alice, anyone):
    token = await make(alice, passphrase="sesame", expire_after_duration="0", expire_after_views="3")
    before = await pushed(alice, token)
    await change(alice, token, name="A name", note="A note")
    after = await pushed(alice, token)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"name", "note"} | ({"updated_at"} & changed)
    assert SECRET in (await look(anyone, f"/p/{token}?passphrase=sesame")).text
    assert await kinds(alice, token) == ["creation", "edit", "view"]


async def test_everything_may_be_changed_but_the_kind(alice, anyone):
    token = await make(alice, passphrase="sesame")
    await change(
        alice,
        token,
        payload="another",
        passphrase="other",
        days="30",
        views="7",
        retrieval_step="false",
        deletable_by_viewer="false",
        notify_on_view="true",
        notify_on_expiry="true",
        kind="url",
    )
    after = await pushed(alice, token)
    wanted = {
        "kind": "text",
        "expire_after_days": 30,
        "expire_after_views": 7,
        "retrieval_step": False,
        "deletable_by_viewer": False,
        "notify_on_view": True,
        "notify_on_expiry": True,
        "passphrase": "other",
    }
    assert {name: after[name] for name in wanted} == wanted
    assert "another" in (await look(anyone, f"/p/{token}?passphrase=other")).text


async def test_a_passphrase_is_taken_away(alice, anyone):
    token = await make(alice, passphrase="sesame")
    await change(alice, token, no_passphrase="true")
    await look(anyone, f"/p/{token}")


async def test_new_days_count_from_the_beginning_and_end_after_now(alice, anyone, clock):
    token = await make(alice)
    clock.advance(days=3, hours=1)
    page = await refused(alice, f"/p/{token}/edit", days="3", name="kept")
    assert problem(page, "days") == "This must be between 4 and 90."
    assert page.one("input", id="name")["value"] == "kept"
    assert problem(await refused(alice, f"/p/{token}/edit", days="91"), "days")
    await change(alice, token, days="4")
    clock.advance(hours=22, minutes=59)
    await look(anyone, f"/p/{token}")
    clock.advance(minutes=1)
    assert "can't be seen" in (await look(anyone, f"/p/{token}")).text


async def test_new_views_are_more_than_were_taken(alice, anyone):
    token = await make(alice, expire_after_views="5")
    for _ in range(2):
        await look(anyone, f"/p/{token}")
    assert problem(await refused(alice, f"/p/{token}/edit", views="2"), "views") == "This must be between 3 and 100."
    assert problem(await refused(alice, f"/p/{token}/edit", views="101"), "views")
    await change(alice, token, views="3")
    assert "This was the last view." in (await look(anyone, f"/p/{token}")).text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"payload": "x" * 1048577}, "payload"),
        ({"payload": "   "}, "payload"),
        ({"name": "x" * 256}, "name"),
        ({"note": "x" * 10001}, "note"),
        ({"passphrase": "x" * 1001}, "passphrase"),
        ({"days": "soon"}, "days"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_changed(alice, fields, field):
    token = await make(alice, name="before")
    page = await refused(alice, f"/p/{token}/edit", **({"name": "after"} | fields))
    assert problem(page, field)
    assert (await pushed(alice, token))["name"] == "before"
    assert await kinds(alice, token) == ["creation"]


async def test_a_link_stays_a_link(alice):
    token = await make(alice, kind="url", payload="https://example.org/")
    page = await refused(alice, f"/p/{token}/edit", payload="javascript:alert(1)")
    assert problem(page, "payload") == "This is not an address of the web: those begin with http:// or https://."
    await change(alice, token, payload="https://example.com/")
    assert (await ask(alice, f"/p/{token}")).headers["Location"] == "https://example.com/"
    assert (await pushed(alice, token))["deletable_by_viewer"] is None


def ticks(page):
    return [one["name"] for one in page.all("input", type="checkbox") if one["name"].startswith("remove-")]


async def test_files_are_added_and_deleted_but_for_the_last(alice, anyone):
    token = await make(alice, kind="file", files={"a.txt": b"a", "b.txt": b"bb"})
    first, second = ticks(await look(alice, f"/p/{token}/edit"))
    await change(alice, token, files={"c.txt": b"ccc"}, **{first: "true"})
    page = await look(anyone, f"/p/{token}")
    assert [name in page.text for name in ("a.txt", "b.txt", "c.txt")] == [False, True, True]
    assert (await alice.get("/api/user")).json["storage_space_used"] == 5
    third = ticks(await look(alice, f"/p/{token}/edit"))[-1]
    page = await refused(alice, f"/p/{token}/edit", **{second: "true", third: "true"})
    assert problem(page, "files") == "The last file stays. Delete the push instead."
    assert len(ticks(page)) == 2


async def test_the_last_file_is_replaced_by_another(alice, anyone):
    token = await make(alice, kind="file", files={"a.txt": b"a"})
    (only,) = ticks(await look(alice, f"/p/{token}/edit"))
    await change(alice, token, files={"b.txt": b"b"}, **{only: "true"})
    assert "b.txt" in (await look(anyone, f"/p/{token}")).text


async def test_ten_files_are_the_most(alice):
    token = await make(alice, kind="file", files={f"{number}.txt": b"x" for number in range(9)})
    await change(alice, token, files={"ten.txt": b"x"})
    page = await refused(alice, f"/p/{token}/edit", files={"eleven.txt": b"x"})
    assert problem(page, "files") == "At most ten files go together."


async def test_a_text_takes_no_files_and_a_file_of_another_push_stays(alice, anyone):
    token = await make(alice)
    answer = await send(alice, f"/p/{token}/edit", files={"a.txt": b"x"})
    assert answer.status == 422
    theirs = await make(alice, kind="file", files={"a.txt": b"a"})
    mine = await make(alice, kind="file", files={"b.txt": b"b"})
    (tick,) = ticks(await look(alice, f"/p/{theirs}/edit"))
    await change(alice, mine, **{tick: "true"})
    assert "a.txt" in (await look(anyone, f"/p/{theirs}")).text


async def test_what_was_encrypted_end_to_end_keeps_its_content(alice):
    made = await alice.post("/p.json", json={"password": {"payload": "sealed", "end_to_end": True}})
    token = made.json["url_token"]
    page = await look(alice, f"/p/{token}/edit")
    assert "it can't be changed itself" in page.text
    assert page.all("textarea", id="payload") == []
    assert (await send(alice, f"/p/{token}/edit", payload="another")).status == 422
    await change(alice, token, name="A name")
    after = await pushed(alice, token)
    assert (after["name"], after["end_to_end"]) == ("A name", True)
    assert (await alice.get(f"/p/{token}.json")).json["payload"] == "sealed"


async def test_what_is_over_is_not_changed(alice, clock):
    token = await make(alice, expire_after_duration="0")
    clock.advance(minutes=DURATIONS[0].total_seconds() / 60)
    for answer in (await ask(alice, f"/p/{token}/edit"), await send(alice, f"/p/{token}/edit", name="x", days="30")):
        assert (answer.status, "This secret can't be seen" in read(answer).text) == (200, True)


async def test_whoever_was_logged_out_comes_back_to_the_form(alice, anyone):
    token = await make(alice)
    answer = await anyone.post(f"/p/{token}/edit", data={"name": "x"}, headers=HTML)
    assert answer.headers["Location"] == f"/login?redirect=%2Fp%2F{token}%2Fedit"


async def test_an_end_and_a_change_at_once_leave_a_whole_push(alice):
    for _ in range(5):
        token = await make(alice, expire_after_views="1")
        changed, ended = await asyncio.gather(
            send(alice, f"/p/{token}/edit", payload="another", passphrase="p", **ALL_TICKS),
            alice.post(f"/p/{token}/expire", headers=HTML),
        )
        assert changed.status in {200, 303}
        assert ended.status == 303
        shown = (await alice.get(f"/p/{token}.json")).json
        assert (shown["expired"], shown["payload"]) == (True, None)
