"""So many requests a minute and a second from an address, whichever server they reach."""

import pytest

from tests.pixeldrain.conftest import Place
from tests.pwpush.pushing import V2, WAYS
from tests.support.people import Person


@pytest.fixture
async def two(changed, clock) -> list[Place]:
    """Two servers on one database with the limits that hold by default, at the start of a minute."""
    clock.advance(seconds=60 - clock.now().second)
    return [await changed(push_requests_per_minute=120, push_requests_per_second=0) for _ in range(2)]


async def asked(place: Place, path: str = f"/p/{'x' * 18}.json") -> int:
    return (await Person("", "", place.client).get(path)).status


async def test_120_a_minute_are_answered_at_two_servers_together(two: list[Place], clock):
    for number in range(120):
        assert await asked(two[number % 2]) == 404
    for place in two:
        refused = await Person("", "", place.client).get("/api/v2/version")
        assert (refused.status, list(refused.json)) == (429, ["error"])
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
    clock.advance(minutes=1)
    assert await asked(two[0]) == 404


async def test_60_a_second_are_answered_at_two_servers_together(changed, clock, site):
    places = [await changed(push_requests_per_minute=0, push_requests_per_second=60) for _ in range(2)]
    statuses: list[int] = []
    second = None
    # A second of the clock may end meanwhile: then they are counted anew.
    while len(statuses) < 61:
        statuses.append(await asked(places[len(statuses) % 2]))
        now = site.clock.now().replace(microsecond=0)
        if now != second:
            second, statuses = now, []
    assert statuses[:59] == [404] * 59
    assert statuses[60] == 429
    clock.advance(seconds=1)
    assert await asked(places[0]) == 404


async def test_zero_is_no_limit(changed):
    place = await changed(push_requests_per_minute=0, push_requests_per_second=0)
    assert {await asked(place) for _ in range(150)} == {404}


async def test_every_route_counts_and_refuses_before_it_looks_at_keys_or_bodies(changed, clock):
    clock.advance(seconds=60 - clock.now().second)
    place = await changed(push_requests_per_minute=3, push_requests_per_second=0)
    stranger = Person("", "", place.client)
    for path, envelope in WAYS:
        assert (await stranger.post(path, json={envelope: {"payload": "x"}})).status == 201
    assert (await stranger.get("/api/v1/version")).status == 200
    for path in ("/p/active.json", f"{V2}/active", f"/p/{'x' * 18}.json", "/api/v1/version", "/d/active.json"):
        assert (await stranger.get(path, headers={"Authorization": "Bearer x"})).status == 429
    assert (await stranger.post("/p.json", data=b"{")).status == 429
    assert (await stranger.delete(f"{V2}/{'x' * 18}")).status == 429


async def test_each_address_has_its_own_count_and_other_apis_have_none(limited, clock):
    clock.advance(seconds=60 - clock.now().second)
    place = await limited({"push_requests_per_minute": 2, "push_requests_per_second": 0})
    first, second = place.visitor(1), place.visitor(2)
    statuses = [(await who.get("/api/v2/version")).status for who in (first, first, first, second, second, second)]
    assert statuses == [200, 200, 429] * 2
    assert (await first.get("/api/file/abcd1234")).status == 404


async def test_the_limits_are_those_of_the_settings_page(site):
    from pixelhost import settings

    loaded = settings.load({})
    assert (loaded.push_requests_per_minute, loaded.push_requests_per_second) == (120, 60)
