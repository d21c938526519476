"""The activity log: what it holds, who reads it, and when it ends."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pixelhost import jobs
from pixelhost.core import activity
from pixelhost.site import Site
from tests.support.people import Answer, Person

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def put(person: Person, path: str) -> None:
    answer = await person.put(f"/api/filesystem/{path}?make_parents=true", data=b"x")
    assert answer.status == 200, answer.body


async def change(person: Person, path: str, **fields: str) -> dict[str, Any]:
    answer = await person.post(f"/api/filesystem/{path}", data={"action": "update"} | fields)
    assert answer.status == 200, answer.body
    node: dict[str, Any] = answer.json
    return node


class Log:
    """Asks for the last day unless told otherwise."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def ask(
        self, person: Person, path: str, start: datetime | None = None, end: datetime | None = None
    ) -> Answer:
        now = self._site.clock.now()
        span = f"start={written(start or now - DAY)}&end={written(end or now + SECOND)}"
        return await person.get(f"/api/filesystem/{path}?change_log&{span}")

    async def read(self, person: Person, path: str, **span: datetime) -> list[dict[str, str]]:
        answer = await self.ask(person, path, **span)
        assert answer.status == 200, answer.body
        entries: list[dict[str, str]] = answer.json
        return entries

    async def lines(self, person: Person, path: str, **span: datetime) -> list[str]:
        entries = await self.read(person, path, **span)
        return [f"{one['action']} {one['type']} {one['path']} {one['path_new']}".strip() for one in entries]


@pytest.fixture
def log(site: Site) -> Log:
    return Log(site)


async def test_what_happens_in_a_directory_that_logs_is_read_oldest_first(alice: Person, log: Log):
    await put(alice, "me/docs/before.txt")
    await change(alice, "me/docs", logging_enabled="true")
    await put(alice, "me/docs/a.txt")
    await put(alice, "me/docs/a.txt")
    await alice.post("/api/filesystem/me/docs/deep", data={"action": "mkdir"})
    await alice.post("/api/filesystem/me/docs/a.txt", data={"action": "rename", "target": "/me/docs/deep/b.txt"})
    await alice.post("/api/filesystem/me/docs/deep/b.txt", data={"action": "rename", "target": "/me/out.txt"})
    await alice.delete("/api/filesystem/me/docs/deep")
    await put(alice, "me/beside.txt")
    assert await log.lines(alice, "me/docs") == [
        "create file /a.txt",
        "update file /a.txt",
        "create dir /deep",
        "move file /a.txt /deep/b.txt",
        "delete file /deep/b.txt",
        "delete dir /deep",
    ]


async def test_an_entry_has_five_members_and_a_time_with_microseconds(alice: Person, site: Site, log: Log):
    before = site.clock.now()
    await put(alice, "me/a.txt")
    (entry,) = await log.read(alice, "me")
    assert entry.keys() == {"time", "path", "path_new", "action", "type"}
    assert before <= datetime.fromisoformat(entry["time"]) <= site.clock.now()
    assert len(entry["time"]) == len("2024-02-04T18:34:13.466276Z")


async def test_the_root_always_logs_with_paths_below_it(alice: Person, clock, log: Log):
    clock.advance(days=100)
    await put(alice, "me/docs/a.txt")
    assert await log.lines(alice, "me") == ["create dir /docs", "create file /docs/a.txt"]


async def test_a_directory_that_does_not_log_answers_with_nothing(alice: Person, log: Log):
    await put(alice, "me/docs/a.txt")
    assert await log.lines(alice, "me/docs") == []
    await change(alice, "me/docs", logging_enabled="true")
    await put(alice, "me/docs/b.txt")
    await change(alice, "me/docs", logging_enabled="false")
    assert await log.lines(alice, "me/docs") == []


async def test_the_span_holds_its_start_and_not_its_end(alice: Person, log: Log):
    for name in "abc":
        await put(alice, f"me/{name}")
    times = [datetime.fromisoformat(entry["time"]) for entry in await log.read(alice, "me")]
    assert await log.lines(alice, "me", start=times[0], end=times[2]) == ["create file /a", "create file /b"]
    assert await log.lines(alice, "me", start=times[1], end=times[1]) == []
    assert await log.lines(alice, "me", start=times[2], end=times[0]) == []


async def test_a_span_has_at_most_30_days(alice: Person, site: Site, log: Log):
    now = site.clock.now()
    await put(alice, "me/a")
    assert await log.lines(alice, "me", start=now - 29 * DAY, end=now + DAY) == ["create file /a"]
    longer = await log.ask(alice, "me", now - 29 * DAY - timedelta(microseconds=1), now + DAY)
    assert longer.refusal == (400, "log_timespan_too_long")


async def test_start_and_end_are_needed_and_must_be_times(alice: Person):
    both = await alice.get("/api/filesystem/me?change_log")
    assert both.refusal == (400, "multiple_errors")
    assert [(one["value"], one["extra"]["field"]) for one in both.json["errors"]] == [
        ("missing_field", "start"),
        ("missing_field", "end"),
    ]
    one = await alice.get("/api/filesystem/me?change_log&start=2024-01-01T00:00:00Z")
    assert one.refusal == (400, "missing_field")
    wrong = await alice.get("/api/filesystem/me?change_log&start=yesterday&end=2024-01-01T00:00:00Z")
    assert wrong.refusal == (422, "time_parse_failed")
    offset = "start=2024-01-01T00:00:00.123456789%2B01:00&end=2024-01-02T00:00:00-11:30"
    assert (await alice.get(f"/api/filesystem/me?change_log&{offset}")).json == []


async def test_whoever_may_read_a_directory_may_read_its_log(alice: Person, bob: Person, anyone: Person, log: Log):
    await put(alice, "me/docs/a")
    node = await change(alice, "me/docs", logging_enabled="true", shared="true")
    await put(alice, "me/docs/b")
    for person in (alice, bob, anyone):
        assert await log.lines(person, node["id"]) == ["create file /b"]
    await change(alice, "me/docs", link_permissions='{"read": false, "write": true}')
    assert (await log.ask(bob, node["id"])).refusal == (400, "permission_denied")
    assert (await log.ask(anyone, node["id"])).refusal == (400, "permission_denied")
    assert (await log.ask(anyone, "me")).refusal == (401, "authentication_required")


async def test_a_file_has_no_log(alice: Person, log: Log):
    await put(alice, "me/a")
    assert (await log.ask(alice, "me/a")).refusal == (400, "node_is_not_a_directory")
    assert (await log.ask(alice, "me/b")).refusal == (404, "path_not_found")


async def test_logging_ends_a_day_after_it_was_enabled_even_before_the_job_ran(
    alice: Person, clock, site: Site, log: Log
):
    await put(alice, "me/docs/a")
    await change(alice, "me/docs", logging_enabled="true")
    clock.advance(hours=23, minutes=59)
    await put(alice, "me/docs/b")
    assert await jobs.run(site, "activity") == 0
    assert "logging_enabled_at" in await stat(alice)
    clock.advance(minutes=2)
    await put(alice, "me/docs/c")
    assert await log.lines(alice, "me/docs") == []
    assert await jobs.run(site, "activity") == 1
    assert "logging_enabled_at" not in await stat(alice)
    await change(alice, "me/docs", logging_enabled="true")
    await put(alice, "me/docs/d")
    assert await log.lines(alice, "me/docs") == ["create file /b", "create file /d"]


async def test_reading_the_log_keeps_it_going_for_another_day(alice: Person, clock, site: Site, log: Log):
    await put(alice, "me/docs/a")
    await change(alice, "me/docs", logging_enabled="true")
    for name in "bcd":
        clock.advance(hours=23)
        await put(alice, f"me/docs/{name}")
        assert (await log.lines(alice, "me/docs"))[-1] == f"create file /{name}"
        assert await jobs.run(site, "activity") == 0
    clock.advance(hours=25)
    assert await jobs.run(site, "activity") == 1


async def test_only_the_reading_of_those_who_may_write_keeps_it_going(
    alice: Person, bob: Person, anyone: Person, clock, site: Site, log: Log
):
    await put(alice, "me/docs/a")
    node = await change(alice, "me/docs", logging_enabled="true", shared="true")
    clock.advance(hours=23)
    await put(alice, "me/docs/b")
    for person in (bob, anyone):
        assert await log.lines(person, node["id"]) == ["create file /b"]
    clock.advance(hours=2)
    assert await log.lines(anyone, node["id"]) == []
    assert await jobs.run(site, "activity") == 1

    await change(alice, "me/docs", logging_enabled="true", link_permissions='{"read": true, "write": true}')
    clock.advance(hours=23)
    await log.read(anyone, node["id"])
    await log.read(bob, node["id"])
    clock.advance(hours=2)
    assert await jobs.run(site, "activity") == 0


async def test_a_reading_is_noted_once_a_minute_and_never_for_the_root(alice: Person, clock, site: Site, log: Log):
    await put(alice, "me/docs/a")
    await change(alice, "me/docs", logging_enabled="true")
    noted = []
    clock.hold()
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        await log.read(alice, "me/docs")
        noted.append(await site.db.fetchval("SELECT log_read_at FROM nodes WHERE name = 'docs'"))
    assert noted[0] == noted[1] < noted[2]
    await log.read(alice, "me")
    assert await site.db.fetchval("SELECT log_read_at FROM nodes WHERE name = ''") is None


async def test_entries_are_kept_for_30_days(alice: Person, clock, site: Site, log: Log):
    await put(alice, "me/a")
    clock.advance(days=30, minutes=-1)
    assert await jobs.run(site, "activity") == 0
    await put(alice, "me/b")
    clock.advance(minutes=2)
    assert await jobs.run(site, "activity") == 1
    now = site.clock.now()
    assert await log.lines(alice, "me", start=now - 30 * DAY, end=now) == ["create file /b"]


async def test_of_very_many_entries_the_oldest_are_given(alice: Person, log: Log, monkeypatch):
    monkeypatch.setattr(activity, "ENTRIES_MAX", 2)
    for name in "abc":
        await put(alice, f"me/{name}")
    entries = await log.read(alice, "me")
    assert [entry["path"] for entry in entries] == ["/a", "/b"]
    rest = await log.lines(alice, "me", start=datetime.fromisoformat(entries[-1]["time"]))
    assert rest == ["create file /b", "create file /c"]


async def test_the_log_of_a_deleted_directory_goes_with_it(alice: Person, site: Site, log: Log):
    await put(alice, "me/docs/a")
    await change(alice, "me/docs", logging_enabled="true")
    await put(alice, "me/docs/b")
    await alice.delete("/api/filesystem/me/docs?recursive")
    assert await site.db.fetchval("SELECT count(*) FROM node_log WHERE path IN ('/b', '/a')") == 0


async def stat(person: Person) -> dict[str, Any]:
    """Of me/docs."""
    node: dict[str, Any] = (await person.get("/api/filesystem/me/docs?stat")).json["path"][-1]
    return node
