"""GET /user/time_series/{statistic} and GET /file/{id}/timeseries: usage by intervals."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from pixelhost.site import Site
from tests.support.people import Person

DAY = {"start": "2024-02-01T00:00:00Z", "end": "2024-02-02T00:00:00Z", "interval": "60"}
NAMES = ("bandwidth", "transfer_paid", "views", "downloads")


def query(**asked: str) -> str:
    return "&".join(f"{name}={quote(value)}" for name, value in asked.items())


async def series(person: Person, statistic: str, **asked: str) -> dict[str, Any]:
    answer = await person.get(f"/api/user/time_series/{statistic}?{query(**asked)}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    assert list(found) == ["timestamps", "amounts"]
    assert len(found["timestamps"]) == len(found["amounts"])
    return found


def around(now: datetime) -> dict[str, str]:
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    return {"start": start.isoformat(), "end": (start + timedelta(hours=3)).isoformat(), "interval": "60"}


async def sums(person: Person, now: datetime) -> dict[str, int]:
    return {name: sum((await series(person, name, **around(now)))["amounts"]) for name in NAMES}


async def use_file(site: Site, file_id: str, slot: str, views: int = 0, **used: int) -> None:
    await site.db.execute(
        """INSERT INTO file_usage AS u (file_id, slot, views, downloads, bandwidth_bytes, bandwidth_paid_bytes)
           VALUES ($1, $2::text::timestamptz, $3, $4, $5, $6)
           ON CONFLICT (file_id, slot) DO UPDATE SET
               views = u.views + excluded.views, downloads = u.downloads + excluded.downloads,
               bandwidth_bytes = u.bandwidth_bytes + excluded.bandwidth_bytes,
               bandwidth_paid_bytes = u.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes""",
        file_id,
        slot,
        views,
        used.get("downloads", 0),
        used.get("bandwidth", 0),
        used.get("paid", 0),
    )


async def use_node(site: Site, name: str, slot: str, downloads: int, bandwidth: int, paid: int) -> None:
    await site.db.execute(
        """INSERT INTO node_usage AS u (node_id, slot, downloads, bandwidth_bytes, bandwidth_paid_bytes)
           SELECT id, $2::text::timestamptz, $3, $4, $5 FROM nodes WHERE name = $1
           ON CONFLICT (node_id, slot) DO UPDATE SET
               downloads = u.downloads + excluded.downloads,
               bandwidth_bytes = u.bandwidth_bytes + excluded.bandwidth_bytes,
               bandwidth_paid_bytes = u.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes""",
        name,
        slot,
        downloads,
        bandwidth,
        paid,
    )


async def test_what_visitors_do_shows_in_every_statistic(alice: Person, anyone: Person, clock, flush):
    file_id = await alice.upload("a", b"x" * 1000)
    await anyone.get(f"/u/{file_id}")
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    await anyone.get(f"/api/file/{file_id}")
    await flush()

    assert await sums(alice, clock.now()) == {"bandwidth": 2000, "transfer_paid": 2000, "views": 1, "downloads": 1}


async def test_nobody_elses_files_count(alice: Person, bob: Person, anyone: Person, clock, flush):
    await anyone.get(f"/api/file/{await alice.upload()}")
    await flush()
    assert set((await sums(bob, clock.now())).values()) == {0}


async def test_deleted_files_go_on_counting(alice: Person, anyone: Person, clock, flush):
    file_id = await alice.upload("a", b"x" * 1000)
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    await alice.delete(f"/api/file/{file_id}")
    assert (await sums(alice, clock.now()))["bandwidth"] == 1000


async def test_a_deleted_account_leaves_nothing(alice: Person, anyone: Person, site: Site, flush):
    await anyone.get(f"/api/file/{await alice.upload()}")
    await flush()
    await site.db.execute("DELETE FROM users")
    for table in ("account_usage", "account_transfer"):
        assert await site.db.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_files_and_the_filesystem_add_up(alice: Person, site: Site):
    one, two = await alice.upload("1"), await alice.upload("2")
    await alice.put("/api/filesystem/me/node.bin", data=b"x")
    await use_file(site, one, "2024-02-01T10:00Z", views=1, downloads=2, bandwidth=30, paid=4)
    await use_file(site, one, "2024-02-01T10:00Z", views=1, downloads=2, bandwidth=30, paid=4)
    await use_file(site, two, "2024-02-01T10:50Z", downloads=1, bandwidth=1)
    await use_node(site, "node.bin", "2024-02-01T10:07Z", 5, 500, 50)
    await use_node(site, "node.bin", "2024-02-01T10:07Z", 5, 500, 50)

    for name, amount in (("views", 2), ("downloads", 15), ("bandwidth", 1061), ("transfer_paid", 108)):
        amounts = (await series(alice, name, **DAY))["amounts"]
        assert amounts == [0] * 10 + [amount] + [0] * 13


async def test_every_interval_is_there_counted_from_the_start(alice: Person, site: Site):
    file_id = await alice.upload()
    for slot in ("09:50", "10:00", "10:20", "10:50"):
        await use_file(site, file_id, f"2024-02-01T{slot}Z", views=1)

    found = await series(alice, "views", start="2024-02-01T11:00:00+01:00", end="2024-02-01T10:50:00Z", interval="15")

    assert found["timestamps"] == [f"2024-02-01T10:{minute:02}:00Z" for minute in (0, 15, 30, 45)]
    assert found["amounts"] == [1, 1, 0, 0]


async def test_a_start_between_two_slots_keeps_its_fraction(alice: Person, site: Site):
    await use_file(site, await alice.upload(), "2024-02-01T00:10Z", views=3)
    found = await series(alice, "views", start="2024-02-01T00:05:00.5Z", end="2024-02-01T00:15:00Z", interval="5")
    assert found == {"timestamps": ["2024-02-01T00:05:00.500000Z", "2024-02-01T00:10:00.500000Z"], "amounts": [3, 0]}


async def test_a_year_of_slots_of_ten_minutes_is_whole(alice: Person, site: Site):
    await site.db.execute(
        """INSERT INTO account_usage SELECT u.id, slot, 1, 0, 0, 0
             FROM users u, generate_series('2023-01-01Z'::timestamptz, '2023-12-31T23:50Z', '10 minutes') AS slot"""
    )
    found = await series(alice, "views", start="2023-01-01T00:00:00Z", end="2024-01-01T00:00:00Z", interval="10")
    assert found["amounts"] == [1] * 52_560
    assert found["timestamps"][-1] == "2023-12-31T23:50:00Z"


@pytest.mark.parametrize("end", ["2024-02-01T00:00:00Z", "2023-01-01T00:00:00Z"])
async def test_no_time_has_no_intervals(alice: Person, end: str):
    assert await series(alice, "views", **(DAY | {"end": end})) == {"timestamps": [], "amounts": []}


@pytest.mark.parametrize("interval", ["1", "1440"])
async def test_the_shortest_and_the_longest_interval(alice: Person, interval: str):
    found = await series(alice, "views", **(DAY | {"interval": interval}))
    assert len(found["amounts"]) == 1440 // int(interval)


@pytest.mark.parametrize("name", ["bandwidth_paid", "Views", "x", "views%20"])
async def test_an_unknown_statistic_is_not_found(alice: Person, name: str):
    assert (await alice.get(f"/api/user/time_series/{name}?{query(**DAY)}")).refusal == (404, "not_found")


@pytest.fixture(params=["account", "file"])
async def path(request: pytest.FixtureRequest, alice: Person) -> str:
    """Both kinds of time series refuse alike."""
    return (
        "/api/user/time_series/views" if request.param == "account" else f"/api/file/{await alice.upload()}/timeseries"
    )


@pytest.mark.parametrize("missing", ["start", "end", "interval"])
async def test_a_parameter_that_is_missing_is_named(alice: Person, path: str, missing: str):
    answer = await alice.get(f"{path}?{query(**{name: DAY[name] for name in DAY if name != missing})}")
    assert answer.refusal == (400, "missing_field")
    assert answer.json["extra"] == {"field": missing}


async def test_all_that_is_missing_is_named_at_once(alice: Person, path: str):
    answer = await alice.get(path)
    assert answer.refusal == (400, "multiple_errors")
    assert [error["extra"]["field"] for error in answer.json["errors"]] == ["start", "end", "interval"]


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize("value", ["", "yesterday", "2024-02-01", "2024-02-30T00:00:00Z", "2024-02-01T00:00:00"])
async def test_what_is_no_time_is_refused(alice: Person, path: str, name: str, value: str):
    answer = await alice.get(f"{path}?{query(**(DAY | {name: value}))}")
    assert answer.refusal == (422, "time_parse_failed")
    assert answer.json["extra"] == {"field": name}


@pytest.mark.parametrize("value", ["0", "-1", "1441", "99999999999"])
async def test_an_interval_out_of_range_is_refused(alice: Person, path: str, value: str):
    answer = await alice.get(f"{path}?{query(**(DAY | {'interval': value}))}")
    assert answer.refusal == (422, "integer_out_of_range")
    assert answer.json["extra"] == {"field": "interval", "min_val": 1, "max_val": 1440, "val": int(value)}


@pytest.mark.parametrize("value", ["", "x", "1.5"])
async def test_an_interval_that_is_no_number_is_refused(alice: Person, path: str, value: str):
    answer = await alice.get(f"{path}?{query(**(DAY | {'interval': value}))}")
    assert answer.refusal == (422, "integer_parse_failed")


async def test_more_intervals_than_anybody_draws_are_refused(alice: Person, path: str):
    answer = await alice.get(f"{path}?{query(**(DAY | {'end': '2025-02-01T00:00:00Z', 'interval': '1'}))}")
    assert answer.refusal == (422, "integer_out_of_range")
    assert answer.json["extra"] == {"field": "interval", "min_val": 6, "max_val": 1440, "val": 1}
    asked = DAY | {"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z", "interval": "1440"}
    assert (await alice.get(f"{path}?{query(**asked)}")).refusal == (422, "time_parse_failed")


async def test_a_key_is_needed(anyone: Person):
    assert (await anyone.get(f"/api/user/time_series/views?{query(**DAY)}")).refusal == (401, "authentication_required")
    stranger = Person("", "00000000-0000-4000-8000-000000000000", anyone.client)
    answer = await stranger.get(f"/api/user/time_series/views?{query(**DAY)}")
    assert answer.refusal == (401, "authentication_failed")


async def test_a_file_has_all_its_series_in_one_answer_for_everybody(alice: Person, anyone: Person, site: Site):
    file_id = await alice.upload()
    await use_file(site, file_id, "2024-02-01T10:20Z", views=1, downloads=2, bandwidth=30, paid=4)
    await use_file(site, await alice.upload("other"), "2024-02-01T10:20Z", views=9)
    day = DAY | {"interval": "720"}

    answer = await anyone.get(f"/api/file/{file_id}/timeseries?{query(**day)}")

    assert answer.status == 200
    timestamps = ["2024-02-01T00:00:00Z", "2024-02-01T12:00:00Z"]
    assert answer.json == {
        name: {"timestamps": timestamps, "amounts": [amount, 0]}
        for name, amount in (("views", 1), ("downloads", 2), ("bandwidth", 30), ("bandwidth_paid", 4))
    }


async def test_a_file_that_is_not_there_has_no_series(anyone: Person):
    for file_id in ("aaaaaaaa", "x"):
        assert (await anyone.get(f"/api/file/{file_id}/timeseries?{query(**DAY)}")).refusal == (404, "not_found")


async def test_usage_lands_in_the_slot_of_its_ten_minutes(alice: Person, anyone: Person, clock, flush):
    await anyone.get(f"/api/file/{await alice.upload('a', b'x' * 100)}")
    before = clock.now()
    await flush()
    slot = datetime.fromtimestamp(before.timestamp() // 600 * 600, UTC)
    found = await series(
        alice, "bandwidth", start=slot.isoformat(), end=(slot + timedelta(minutes=20)).isoformat(), interval="10"
    )
    assert sorted(found["amounts"]) == [0, 100]
