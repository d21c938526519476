"""What is counted for nodes: bytes, downloads once per address, who pays, totals and time series."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pixelhost.core import nodestats
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.people import Answer, Person

DATA = b"x" * 1000
START = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
NOTHING = {"downloads": 0, "transfer_free": 0, "transfer_paid": 0}


@pytest.fixture
async def place(limited) -> Place:
    """Where every visitor has an address, and new accounts have a free plan."""
    return await limited(filesystem_access=True)


async def put(person: Person, path: str, data: bytes = DATA) -> None:
    answer = await person.put(f"/api/filesystem/{path}?make_parents=true", data=data)
    assert answer.status == 200, answer.body


async def share(person: Person, path: str) -> str:
    answer = await person.post(f"/api/filesystem/{path}", data={"action": "update", "shared": "true"})
    share_id: str = answer.json["id"]
    return share_id


async def get(person: Person, path: str, **headers: str) -> Answer:
    answer = await person.get(f"/api/filesystem/{path}", headers=headers)
    assert answer.status in {200, 206}, answer.body
    return answer


async def totals(person: Person, path: str) -> dict[str, int]:
    answer = await person.get(f"/api/filesystem/{path}?download_stats")
    assert answer.status == 200, answer.body
    found: dict[str, int] = answer.json
    return found


async def series(person: Person, path: str, start: datetime, end: datetime, interval: object = 1) -> Answer:
    span = f"start={start.isoformat()}&end={end.isoformat()}".replace("+00:00", "Z")
    return await person.get(f"/api/filesystem/{path}?timeseries&{span}&interval={interval}")


async def test_a_node_that_nobody_read_has_zeros(alice: Person):
    await put(alice, "me/docs/a")
    for path in ("me", "me/docs", "me/docs/a"):
        assert await totals(alice, path) == NOTHING


async def test_a_download_counts_once_per_address_and_its_bytes_every_time(place: Place, alice: Person, flush):
    await put(alice, "me/a")
    path = await share(alice, "me/a")
    for visitor in (1, 1, 2, 1):
        await get(place.visitor(visitor), path)
        await flush()
    await get(place.visitor(2), path)
    await flush()
    assert await totals(alice, "me/a") == {"downloads": 2, "transfer_free": 0, "transfer_paid": 5000}


async def test_a_tenth_of_a_file_is_a_download_and_less_is_not(place: Place, alice: Person, flush):
    await put(alice, "me/a")
    path = await share(alice, "me/a")
    await get(place.visitor(1), path, Range="bytes=0-98")
    await flush()
    assert (await totals(alice, "me/a"))["downloads"] == 0
    await get(place.visitor(2), path, Range="bytes=0-99")
    await flush()
    assert await totals(alice, "me/a") == {"downloads": 1, "transfer_free": 0, "transfer_paid": 199}


async def test_a_series_of_ranges_by_one_address_is_one_download(place: Place, alice: Person, flush):
    await put(alice, "me/a")
    path = await share(alice, "me/a")
    for start in range(0, 1000, 60):
        await get(place.visitor(1), path, Range=f"bytes={start}-{start + 59}")
        await flush()
    assert await totals(alice, "me/a") == {"downloads": 1, "transfer_free": 0, "transfer_paid": 1000}


async def test_a_head_a_304_a_stat_and_an_empty_file_count_nothing(place: Place, alice: Person, flush):
    await put(alice, "me/docs/a")
    await put(alice, "me/docs/empty", b"")
    path, visitor = await share(alice, "me/docs"), place.visitor(1)
    etag = (await visitor.ask("HEAD", f"/api/filesystem/{path}/a")).headers["ETag"]
    assert (await visitor.get(f"/api/filesystem/{path}/a", headers={"If-None-Match": etag})).status == 304
    await visitor.get(f"/api/filesystem/{path}/a?stat")
    await get(visitor, path)
    await get(visitor, f"{path}/empty")
    await flush()
    assert await totals(alice, "me") == NOTHING


async def test_bytes_are_paid_for_by_the_plan_of_either_side(place: Place, alice: Person, flush):
    carol = await place.person("carol")
    await put(carol, "me/free")
    await put(alice, "me/paid")
    free, paid = await share(carol, "me/free"), await share(alice, "me/paid")
    await get(place.visitor(1), free)
    await flush()
    assert await totals(carol, "me/free") == {"downloads": 1, "transfer_free": 1000, "transfer_paid": 0}
    await get(place.visitor(2, alice.key), free, Range="bytes=0-199")
    await flush()
    assert await totals(carol, "me/free") == {"downloads": 2, "transfer_free": 1000, "transfer_paid": 200}
    await get(place.visitor(1), paid)
    await flush()
    assert await totals(alice, "me/paid") == {"downloads": 1, "transfer_free": 0, "transfer_paid": 1000}


async def test_a_directory_has_the_sum_of_all_below_wherever_it_came_from(place: Place, alice: Person, flush):
    for path in ("me/docs/a", "me/docs/deep/deeper/b", "me/docs-2/c"):
        await put(alice, path)
        await get(alice, path)
    await flush()
    assert [(await totals(alice, path))["transfer_paid"] for path in ("me/docs", "me/docs/deep", "me")] == [
        2000,
        1000,
        3000,
    ]
    await alice.post("/api/filesystem/me/docs/deep", data={"action": "rename", "target": "/me/docs-2/deep"})
    assert [(await totals(alice, path))["downloads"] for path in ("me/docs", "me/docs-2")] == [1, 2]
    await alice.delete("/api/filesystem/me/docs-2/deep?recursive")
    assert await totals(alice, "me") == {"downloads": 2, "transfer_free": 0, "transfer_paid": 2000}


async def test_whoever_may_read_a_node_may_see_its_figures(alice: Person, bob: Person, anyone: Person):
    await put(alice, "me/docs/a")
    path = await share(alice, "me/docs")
    assert await totals(anyone, path) == await totals(bob, f"{path}/a") == NOTHING
    await alice.post(
        "/api/filesystem/me/docs", data={"action": "update", "link_permissions": '{"read": false, "write": true}'}
    )
    for answer in (
        await bob.get(f"/api/filesystem/{path}?download_stats"),
        await series(bob, path, START, START + timedelta(hours=1)),
    ):
        assert answer.refusal == (400, "permission_denied")
    assert (await anyone.get("/api/filesystem/me?download_stats")).refusal == (401, "authentication_required")
    assert (await alice.get("/api/filesystem/me/b?download_stats")).refusal == (404, "path_not_found")


async def test_what_is_shared_with_others_only_is_no_part_of_the_figures_of_what_is_above(
    alice: Person, bob: Person, anyone: Person, flush
):
    paths = ("me/all/a", "me/all/secret/b", "me/all/secret/open/c", "me/all/alone")
    for path, length in zip(paths, (1, 20, 300, 4000), strict=True):
        await put(alice, path, b"x" * length)
        await get(alice, path)
    await flush()
    bucket, opened = await share(alice, "me/all"), await share(alice, "me/all/secret/open")
    nobody, bobs = '{"read": false}', '{"bob": {"read": true}}'
    for path, users in (("me/all/secret", bobs), ("me/all/alone", "{}")):
        fields = {"action": "update", "shared": "true", "link_permissions": nobody, "user_permissions": users}
        assert (await alice.post(f"/api/filesystem/{path}", data=fields)).status == 200
    now = datetime.now(UTC)
    for person, downloads, sent in ((anyone, 2, 301), (bob, 3, 321), (alice, 4, 4321)):
        expected = {"downloads": downloads, "transfer_free": 0, "transfer_paid": sent}
        assert await totals(person, bucket) == expected
        found = await series(person, bucket, now - timedelta(days=1), now + timedelta(days=1), 1440)
        assert {name: sum(one["amounts"]) for name, one in found.json.items()} == expected
    assert (await totals(anyone, opened))["transfer_paid"] == 300
    assert (await totals(anyone, f"{bucket}/secret/open"))["transfer_paid"] == 300


async def test_a_batch_whose_answer_got_lost_counts_once(alice: Person, site: Site, flush, monkeypatch):
    await put(alice, "me/a")
    await get(alice, "me/a")
    real_note = site.changes.note
    monkeypatch.setattr(site.changes, "note", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await flush()
    monkeypatch.setattr(site.changes, "note", real_note)
    assert await flush() == 1
    assert await totals(alice, "me/a") == {"downloads": 1, "transfer_free": 0, "transfer_paid": 1000}


async def test_visits_to_a_node_deleted_meanwhile_are_dropped_and_the_others_kept(alice: Person, site: Site, flush):
    await put(alice, "me/a")
    await put(alice, "me/b")
    await get(alice, "me/a")
    await get(alice, "me/b")
    await alice.delete("/api/filesystem/me/a")
    await flush()
    assert await totals(alice, "me") == {"downloads": 1, "transfer_free": 0, "transfer_paid": 1000}
    await alice.delete("/api/filesystem/me/b")
    for table in ("node_visitors", "node_usage"):
        assert await site.db.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_files_and_nodes_read_at_once_are_counted_each(alice: Person, site: Site, flush):
    await put(alice, "me/a")
    file_id = await alice.upload("a", DATA)
    await get(alice, "me/a")
    await alice.get(f"/api/file/{file_id}")
    assert await flush() == 2
    assert (await alice.info(file_id))["downloads"] == (await totals(alice, "me/a"))["downloads"] == 1


async def test_counting_and_changing_the_same_nodes_at_once_loses_nothing_and_never_deadlocks(
    alice: Person, bob: Person, site: Site, flush
):
    for person in (alice, bob):
        for number in range(10):
            await put(person, f"me/{number}")

    async def read(person: Person) -> None:
        for _ in range(5):
            for number in range(10):
                await get(person, f"me/{number}")

    async def rewrite(person: Person) -> None:
        for number in reversed(range(10)):
            await put(person, f"me/{number}", b"y" * 1000)

    async def count() -> None:
        for _ in range(20):
            await flush()

    await asyncio.gather(read(alice), read(bob), rewrite(alice), rewrite(bob), count())
    await flush()
    for person in (alice, bob):
        assert await totals(person, "me") == {"downloads": 10, "transfer_free": 0, "transfer_paid": 50_000}


async def test_a_time_series_has_every_slot_from_the_start_on(alice: Person, site: Site, flush):
    await put(alice, "me/docs/a")
    await get(alice, "me/docs/a")
    await flush()
    await site.db.execute("UPDATE node_usage SET slot = $1", START + timedelta(minutes=25))
    for path in ("me/docs/a", "me/docs", "me"):
        found = (await series(alice, path, START, START + timedelta(minutes=50), 10)).json
        times = [f"2024-02-29T12:{minute:02}:00.000000Z" for minute in (0, 10, 20, 30, 40)]
        assert found == {
            "downloads": {"timestamps": times, "amounts": [0, 0, 1, 0, 0]},
            "transfer_free": {"timestamps": times, "amounts": [0, 0, 0, 0, 0]},
            "transfer_paid": {"timestamps": times, "amounts": [0, 0, 1000, 0, 0]},
        }


async def test_usage_is_kept_by_the_minute(place: Place, alice: Person, clock, flush):
    await put(alice, "me/a")
    path = await share(alice, "me/a")
    begin = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    for visitor, seconds in ((1, 5), (2, 59), (2, 61), (3, 300)):
        clock.reset()
        clock.hold()
        clock.advance(seconds=(begin - clock.now()).total_seconds() + seconds)
        await get(place.visitor(visitor), path)
        await flush()
    clock.reset()
    found = (await series(alice, "me/a", begin, begin + timedelta(minutes=6))).json
    assert found["downloads"]["amounts"] == [2, 0, 0, 0, 0, 1]
    assert found["transfer_paid"]["amounts"] == [2000, 1000, 0, 0, 0, 1000]


async def amounts(person: Person, start: datetime, end: datetime, interval: int) -> list[int]:
    """Downloads of me/a."""
    found: list[int] = (await series(person, "me/a", start, end, interval)).json["downloads"]["amounts"]
    return found


async def test_the_end_is_not_part_of_a_series_and_the_minute_of_the_start_is(alice: Person, site: Site, flush):
    await put(alice, "me/a")
    await get(alice, "me/a")
    await flush()
    await site.db.execute("UPDATE node_usage SET slot = $1", START)
    minute, second = timedelta(minutes=1), timedelta(seconds=1)
    assert await amounts(alice, START, START + minute, 1) == [1]
    assert await amounts(alice, START + 59 * second, START + 61 * second, 1) == [1, 0]
    assert await amounts(alice, START - minute, START, 1) == [0]
    assert await amounts(alice, START - minute, START + second, 1440) == [1]
    assert await amounts(alice, START, START, 1) == []
    assert await amounts(alice, START, START - minute, 1) == []


async def test_an_interval_is_1_to_1440_minutes(alice: Person):
    await put(alice, "me/a")
    end = START + timedelta(days=2)
    assert len(await amounts(alice, START, end, 1)) == 2880
    assert len(await amounts(alice, START, end, 1440)) == 2
    for interval in (0, 1441, -5):
        refused = await series(alice, "me/a", START, end, interval)
        assert refused.refusal == (422, "integer_out_of_range")
        assert refused.json["extra"] == {"field": "interval", "min_val": 1, "max_val": 1440, "val": interval}
    assert (await series(alice, "me/a", START, end, "daily")).refusal == (422, "integer_parse_failed")
    lacking = await alice.get("/api/filesystem/me/a?timeseries")
    assert [one["extra"]["field"] for one in lacking.json["errors"]] == ["start", "end", "interval"]


async def test_too_many_slots_are_refused_with_the_shortest_interval_that_will_do(alice: Person):
    await put(alice, "me/a")
    most = nodestats.POINTS_MAX
    assert len(await amounts(alice, START, START + timedelta(minutes=most), 1)) == most
    for minutes, shortest in ((most + 1, 2), (2 * most, 2), (2 * most + 1, 3)):
        end = START + timedelta(minutes=minutes)
        refused = await series(alice, "me/a", START, end, 1)
        assert refused.refusal == (422, "integer_out_of_range")
        assert refused.json["extra"]["min_val"] == shortest
        assert (await series(alice, "me/a", START, end, shortest)).status == 200
    ages = await series(alice, "me/a", datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), 1440)
    assert ages.refusal == (422, "integer_out_of_range")
