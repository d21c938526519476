"""An account's pushes: those that are there, and those that were."""

import pytest

from tests.pwpush.pushing import V2, expire, push, push_token, show
from tests.support.people import Person

ACTIVE = [
    *("/p/active.json", "/f/active.json", "/r/active.json", V2 + "/active", V2 + "/active.json"),
    *("/d/active.json", "/en/d/active", "/en/d/active.json", "/pt-BR/d/active.json"),
]


@pytest.mark.parametrize("path", ACTIVE)
async def test_an_account_lists_its_pushes_of_every_kind_the_newest_first(
    alice: Person, bob: Person, anyone: Person, path: str
):
    await push(bob)
    await push(anyone)
    wanted = {"text": "x", "url": "http://x", "qr": "x", "file": ""}
    tokens = [await push_token(alice, payload, kind=kind) for kind, payload in wanted.items()]
    answer = await alice.get(path)
    assert answer.status == 200
    assert [one["url_token"] for one in answer.json] == tokens[::-1]
    assert (await alice.get(path.replace("active", "expired"))).json == []
    for token in tokens:
        await expire(alice, token)
    assert (await alice.get(path)).json == []
    ended = (await alice.get(path.replace("active", "expired"))).json
    assert [one["url_token"] for one in ended] == tokens[::-1]


async def test_a_list_has_the_name_note_and_passphrase_and_no_payload(alice: Person):
    pushed = await push(alice, name="N", note="M", passphrase="p")
    (listed,) = (await alice.get("/p/active.json")).json
    assert listed == {name: value for name, value in pushed.items() if name != "files"}
    await expire(alice, pushed["url_token"])
    (ended,) = (await alice.get("/p/expired.json")).json
    assert (ended["name"], ended["note"], ended["passphrase"], ended["expired"]) == ("N", "M", None, True)
    assert ended["expires_on"] == ended["expired_on"]


async def test_what_is_past_its_time_is_listed_until_somebody_looks(alice: Person, anyone: Person, clock):
    token = await push_token(alice, expire_after_days=1)
    clock.advance(days=1)
    (listed,) = (await alice.get("/p/active.json")).json
    assert (listed["url_token"], listed["expired"], listed["days_remaining"]) == (token, False, 0)
    await show(anyone, token)
    assert (await alice.get("/p/active.json")).json == []
    assert len((await alice.get("/p/expired.json")).json) == 1


async def test_strangers_have_no_lists(anyone: Person):
    for path in ACTIVE:
        for one in (path, path.replace("active", "expired")):
            refused = await anyone.get(one)
            assert (refused.status, list(refused.json)) == (401, ["error"])


async def test_a_page_has_50_and_there_are_200_of_them(alice: Person):
    tokens = [await push_token(alice) for _ in range(51)]
    first, second = (await alice.get("/p/active.json")).json, (await alice.get("/p/active.json?page=2")).json
    assert [one["url_token"] for one in first] == tokens[:0:-1][:50]
    assert [one["url_token"] for one in second] == [tokens[0]]
    for page in ("1", "0", "-1", "-999999999999999999999"):
        assert (await alice.get(f"/p/active.json?page={page}")).json == first
    assert (await alice.get("/p/active.json?page=200")).json == []
    token = tokens[0]
    for path in (*ACTIVE, *(one.replace("active", "expired") for one in ACTIVE), f"{V2}/{token}/audit"):
        for page in ("201", "abc", "", "1.5", "9" * 5000, "%FF", "1e1"):
            refused = await alice.get(f"{path}?page={page}")
            assert (refused.status, list(refused.json)) == (400, ["error"]), (path, page)
