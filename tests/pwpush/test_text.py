"""Pushes of text over HTTP, in both versions of the API."""

import asyncio

import pytest

from tests.support.people import Person

BY_VERSION = [("/p.json", "password", "/p/{}.json"), ("/api/v2/pushes", "push", "/api/v2/pushes/{}")]


@pytest.mark.parametrize(("path", "envelope", "shown"), BY_VERSION)
async def test_a_text_is_pushed_and_shown_once_for_each_view(alice: Person, anyone: Person, path, envelope, shown):
    made = await alice.ask("POST", path, json={envelope: {"payload": "s3cret ☃", "expire_after_views": 2}})
    assert made.status == 201
    token = made.json["url_token"]
    assert "payload" not in made.json
    for left in (1, 0):
        seen = await anyone.get(shown.format(token))
        assert (seen.status, seen.json["payload"], seen.json["views_remaining"]) == (200, "s3cret ☃", left)
        assert seen.json["expired"] is False
    gone = await anyone.get(shown.format(token))
    assert gone.status == 200
    assert (gone.json["expired"], gone.json["payload"], gone.json["passphrase"]) == (True, None, None)


async def test_of_100_readers_one_gets_the_only_view(alice: Person, anyone: Person):
    made = await alice.ask("POST", "/p.json", json={"password": {"payload": "x", "expire_after_views": 1}})
    answers = await asyncio.gather(*(anyone.get(f"/p/{made.json['url_token']}.json") for _ in range(100)))
    assert sorted(answer.json["payload"] or "" for answer in answers) == [""] * 99 + ["x"]
