"""Ending pushes by hand."""

import asyncio

import pytest

from tests.pwpush.pushing import V2, expire, kinds_of_log, push, push_files, push_token, show
from tests.support.people import Person

ENDED = ["/p/{}.json", "/f/{}.json", "/r/{}.json", V2 + "/{}", V2 + "/{}.json"]
NOT_DELETABLE = {"error": "Only the owner of this push may end it"}


@pytest.mark.parametrize("path", ENDED)
async def test_an_owner_ends_a_push_and_all_that_was_secret_is_gone(alice: Person, anyone: Person, path: str):
    pushed = await push(alice, passphrase="p", deletable_by_viewer=False)
    token = pushed["url_token"]
    ended = await alice.delete(path.format(token))
    assert ended.status == 200
    told = ended.json
    assert (told["expired"], told["deleted"], told["passphrase"]) == (True, True, None)
    assert told["expired_on"] == told["updated_at"] > told["created_at"]
    assert told.keys().isdisjoint({"payload", "name", "note"})
    assert (await show(anyone, token))["payload"] is None
    assert await kinds_of_log(alice, token) == ["creation", "expire", "failed_view"]


@pytest.mark.parametrize("path", ENDED)
async def test_a_viewer_ends_a_push_that_says_so(alice: Person, bob: Person, anyone: Person, path: str):
    for who in (bob, anyone):
        token = await push_token(alice)
        assert (await who.delete(path.format(token))).json["deleted"] is True


@pytest.mark.parametrize("path", ENDED)
async def test_nobody_else_ends_a_push_that_says_no(alice: Person, bob: Person, anyone: Person, path: str):
    token = await push_token(alice, deletable_by_viewer=False)
    for who in (bob, anyone):
        refused = await who.delete(path.format(token))
        assert (refused.status, refused.json) == (401, NOT_DELETABLE)
    assert (await show(anyone, token))["payload"] == "s3cret"


async def test_an_administrator_isnt_the_owner(alice: Person, root: Person):
    token = await push_token(alice, deletable_by_viewer=False)
    assert (await expire(root, token)).status == 401


async def test_a_url_is_ended_by_its_owner_only(alice: Person, anyone: Person):
    token = await push_token(alice, "https://example.com", kind="url", deletable_by_viewer=True)
    assert (await expire(anyone, token)).status == 401
    assert (await expire(alice, token)).status == 200


async def test_nobody_ends_what_a_stranger_pushed_if_it_says_no(anyone: Person, alice: Person):
    token = await push_token(anyone, deletable_by_viewer=False)
    for who in (anyone, alice):
        assert (await expire(who, token)).status == 401


async def test_no_passphrase_is_asked_for(alice: Person, anyone: Person):
    assert (await expire(anyone, await push_token(alice, passphrase="p"))).status == 200


async def test_a_push_that_has_ended_stays_as_it_is(alice: Person, anyone: Person, clock):
    token = await push_token(alice)
    first = (await expire(alice, token)).json
    clock.advance(minutes=1)
    for who in (alice, anyone):
        again = await expire(who, token)
        assert (again.status, again.json) == (200, first)
    assert await kinds_of_log(alice, token) == ["creation", "expire"]


async def test_a_push_that_was_used_up_isnt_deleted_afterwards(alice: Person, anyone: Person):
    token = await push_token(alice, expire_after_views=1)
    await show(anyone, token)
    again = await expire(alice, token)
    assert (again.status, again.json["expired"], again.json["deleted"]) == (200, True, False)


async def test_two_at_once_end_a_push_once(alice: Person):
    token = await push_token(alice)
    answers = await asyncio.gather(*(expire(alice, token) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["expired_on"] for answer in answers}) == 1
    assert await kinds_of_log(alice, token) == ["creation", "expire"]


async def test_what_isnt_there_isnt_found(anyone: Person, alice: Person):
    for who in (anyone, alice):
        for path in ENDED:
            gone = await who.delete(path.format("x" * 18))
            assert (gone.status, gone.json) == (404, {"error": "not-found"})


async def test_the_files_of_an_ended_push_use_no_space(alice: Person):
    token = (await push_files(alice, ("a.bin", b"x" * 5000)))["url_token"]
    used = (await alice.get("/api/user")).json["storage_space_used"]
    await expire(alice, token)
    assert (await alice.get("/api/user")).json["storage_space_used"] == used - 5000
