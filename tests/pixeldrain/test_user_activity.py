"""GET /user/activity/{month}: what was removed from an account without its doing."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from pixelhost import jobs
from pixelhost.core import removals, verify
from pixelhost.site import Site
from tests.support.admins import block
from tests.support.clock import MovableClock
from tests.support.people import Person


async def activity(person: Person, clock: MovableClock, *, days_ago: float = 0) -> list[dict[str, Any]]:
    month = (clock.now() - timedelta(days=days_ago)).strftime("%Y-%m")
    answer = await person.get(f"/api/user/activity/{month}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json
    return found


def expired(file_id: str, name: str) -> dict[str, str]:
    return {
        "event": "file_instance_expired",
        "file_id": file_id,
        "file_name": name,
        "file_removal_reason": "file_expired",
    }


def without_time(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "time"} for one in found]


async def test_a_file_that_the_plan_lets_go_is_logged(limited, clock):
    place = await limited(file_expiry_days=60)
    carol = await place.person("carol")
    file_id = await carol.upload("screenshot.png")
    clock.advance(days=61)

    await jobs.run(place.site, "expire")

    found = await activity(carol, clock)
    assert without_time(found) == [expired(file_id, "screenshot.png")]
    assert found[0]["time"] <= clock.now().isoformat()
    assert len(found[0]["time"]) == len("2024-02-04T18:34:13.466276Z")
    assert await activity(carol, clock, days_ago=61) == []


async def test_a_file_whose_date_has_come_is_logged(alice: Person, site: Site, clock):
    date = (clock.now() + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    file_id = await alice.upload("short", b"1", f"?delete_after_date={date}")
    clock.advance(minutes=2)

    await jobs.run(site, "expire")
    await jobs.run(site, "expire")

    assert without_time(await activity(alice, clock)) == [expired(file_id, "short")]


async def test_a_file_whose_downloads_are_used_up_is_logged(alice: Person, anyone: Person, site: Site, clock, flush):
    file_id = await alice.upload("once", b"1", "?delete_after_downloads=1")
    await anyone.get(f"/api/file/{file_id}")
    await flush()

    await jobs.run(site, "expire")

    assert without_time(await activity(alice, clock)) == [expired(file_id, "once")]


async def test_what_its_owner_deletes_is_not_logged(alice: Person, site: Site, clock):
    await alice.delete(f"/api/file/{await alice.upload()}")
    await jobs.run(site, "expire")
    assert await activity(alice, clock) == []


async def test_nobody_else_sees_it(alice: Person, bob: Person, site: Site, clock):
    date = (clock.now() + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    await alice.upload("short", b"1", f"?delete_after_date={date}")
    clock.advance(minutes=2)
    await jobs.run(site, "expire")
    assert len(await activity(alice, clock)) == 1
    assert await activity(bob, clock) == []


async def test_a_month_is_that_of_utc_its_first_moment_included_and_the_oldest_come_first(alice: Person, site: Site):
    moments = (
        "2024-01-31 23:59:59.999999Z",
        "2024-02-29 23:59:59.999999Z",
        "2024-02-01 00:00:00Z",
        "2024-03-01 00:00:00Z",
    )
    for moment in moments:
        await site.db.execute(
            """INSERT INTO activity (user_id, happened_at, event, file_id, file_name, reason)
               SELECT id, $1::text::timestamptz, 'file_instance_expired', 'aaaaaaaa', 'a', 'file_expired'
                 FROM users WHERE name = 'alice'""",
            moment,
        )
    answer = await alice.get("/api/user/activity/2024-02")
    assert [one["time"] for one in answer.json] == ["2024-02-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z"]
    assert len((await alice.get("/api/user/activity/2024-01")).json) == 1
    assert (await alice.get("/api/user/activity/9999-12")).json == []
    assert (await alice.get("/api/user/activity/0001-01")).json == []


async def test_a_month_of_many_pages_comes_whole(alice: Person, site: Site, clock):
    count = 2 * removals.PAGE + 1
    await site.db.execute(
        """INSERT INTO activity (user_id, happened_at, event, file_id, file_name, reason)
           SELECT id, $1, 'file_instance_expired', number::text, 'a', 'file_expired'
             FROM users, generate_series(1, $2) AS number WHERE name = 'alice'""",
        clock.now(),
        count,
    )
    assert [one["file_id"] for one in await activity(alice, clock)] == [str(number) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "month",
    [
        "2024",
        "2024-13",
        "2024-00",
        "0000-01",
        "2024-2",
        "24-02",
        "2024-02-01",
        "x",
        "%D9%A2%D9%A0%D9%A2%D9%A4-02",
        "",
        "2024-02%00",
    ],
)
async def test_what_is_no_month_is_refused(alice: Person, month: str):
    answer = await alice.get(f"/api/user/activity/{month}")
    if month:
        assert answer.refusal == (422, "time_parse_failed")
        assert answer.json["extra"] == {"field": "month"}
    else:
        assert answer.refusal == (404, "invalid_endpoint")


async def test_a_key_is_needed(anyone: Person):
    assert (await anyone.get("/api/user/activity/2024-02")).refusal == (401, "authentication_required")
    stranger = Person("", "00000000-0000-4000-8000-000000000000", anyone.client)
    assert (await stranger.get("/api/user/activity/2024-02")).refusal == (401, "authentication_failed")


async def test_bytes_that_fsck_misses_are_logged_once_to_all_who_had_them(
    alice: Person, bob: Person, site: Site, clock
):
    file_id = await alice.upload("lost.bin", b"lost")
    await bob.upload("kept.bin", b"kept")
    made = await bob.put("/api/filesystem/me/photos/cat.jpg?make_parents=true", data=b"lost")
    assert made.status == 200, made.body
    node_id = await site.db.fetchval("SELECT id FROM nodes WHERE name = 'cat.jpg'")
    location = await site.db.fetchval(
        "SELECT location FROM blobs b JOIN files f ON f.blob = b.digest WHERE f.id = $1", file_id
    )
    await site.store.delete(location)

    for _ in range(2):
        await verify.fsck(site, deep=False, progress=lambda *_: None)

    assert without_time(await activity(alice, clock)) == [
        expired(file_id, "lost.bin") | {"event": "file_instance_lost", "file_removal_reason": "file_lost"}
    ]
    assert without_time(await activity(bob, clock)) == [
        expired(str(node_id), "/photos/cat.jpg") | {"event": "filesystem_node_lost", "file_removal_reason": "file_lost"}
    ]


async def test_what_is_taken_down_is_logged_with_the_reason(root: Person, alice: Person, site: Site, clock):
    file_id = await alice.upload("bad.bin")
    await alice.put("/api/filesystem/me/bad.bin", data=b"x")
    node_id = await site.db.fetchval("SELECT id FROM nodes WHERE name = 'bad.bin'")

    await block(root, f"/u/{file_id}", "malware")
    await jobs.run(site, "takedowns")
    await block(root, hashlib.sha256(b"x").hexdigest(), "doxing")
    await jobs.run(site, "takedowns")

    assert without_time(await activity(alice, clock)) == [
        expired(file_id, "bad.bin") | {"event": "file_instance_blocked", "file_removal_reason": "malware"},
        expired(str(node_id), "/bad.bin") | {"event": "filesystem_node_blocked", "file_removal_reason": "doxing"},
    ]


async def test_the_log_is_kept_for_two_years(root: Person, alice: Person, site: Site, clock):
    await block(root, f"/u/{await alice.upload()}", "malware")
    await jobs.run(site, "takedowns")
    clock.advance(days=729)
    await jobs.run(site, "removals")
    assert len(await activity(alice, clock, days_ago=729)) == 1
    clock.advance(days=2)
    await jobs.run(site, "removals")
    assert await activity(alice, clock, days_ago=731) == []
