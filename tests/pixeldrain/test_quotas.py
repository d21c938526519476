"""The limits of a plan: used space stays exact however many change it at once, transfer has its caps and its speed."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import FormData

from pixelhost.core import verify
from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, Serve
from tests.support.elsewhere import change_rows
from tests.support.people import Answer, Person

MONTH = 31


def form(**fields: str) -> FormData:
    made = FormData()
    for name, value in fields.items():
        made.add_field(name, value)
    return made


async def account(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = (await person.get("/api/user")).json
    return found


async def files_of(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.get("/api/user/files")).json["files"]
    return found


def outcome(answers: list[Answer]) -> tuple[int, set[str]]:
    """How many won, and what the others were told."""
    return sum(answer.status < 300 for answer in answers), {answer.value for answer in answers if answer.status >= 300}


async def refused_by_none(site: Site) -> bool:
    """Whether every counter agrees with what is there."""
    report = await verify.fsck(site, deep=False, progress=lambda *_: None)
    assert report.problems == []
    return True


async def test_uploads_and_deletes_at_once_leave_the_exact_sum(limited):
    place = await limited(storage_space=2_000)
    carol = await place.person("carol")
    old = [await carol.upload(f"old {number}", b"x" * 100) for number in range(10)]

    answers = await asyncio.gather(
        *(carol.put("/api/file/new", data=b"%03d" % number * 50) for number in range(20)),
        *(carol.delete(f"/api/file/{file_id}") for file_id in old),
    )

    deleted, uploaded = answers[20:], answers[:20]
    assert outcome(deleted) == (10, set())
    assert outcome(uploaded)[1] <= {"user_out_of_space"}
    here = await files_of(carol)
    assert sum(answer.status == 201 for answer in uploaded) == len(here)
    found = await account(carol)
    assert found["storage_space_used"] == sum(file["size"] for file in here) <= 2_000
    assert found["file_count"] == len(here)
    assert await refused_by_none(place.site)


async def test_a_delete_makes_room_for_exactly_one_of_twenty(limited):
    place = await limited(storage_space=1_000)
    carol = await place.person("carol")
    full = await carol.upload("full", b"x" * 1_000)
    assert (await carol.put("/api/file/a", data=b"y")).value == "user_out_of_space"
    await carol.delete(f"/api/file/{full}")

    answers = await asyncio.gather(*(carol.put("/api/file/a", data=b"%04d" % number * 250) for number in range(20)))

    assert outcome(list(answers)) == (1, {"user_out_of_space"})
    assert (await account(carol))["storage_space_used"] == 1_000


@pytest.mark.parametrize("limit", [{"storage_space": 1_000}, {"file_count_limit": 1}], ids=["space", "count"])
async def test_of_twenty_grabs_at_once_with_room_for_one_exactly_one_wins(
    limited, alice: Person, limit: dict[str, int]
):
    place: Place = await limited(**limit)
    carol = await place.person("carol")
    source = await alice.upload("source", b"x" * 600)

    answers = await asyncio.gather(*(carol.post("/api/file", data=form(grab_file=source)) for _ in range(20)))

    expected = "too_many_files" if "file_count_limit" in limit else "user_out_of_space"
    assert outcome(list(answers)) == (1, {expected})
    found = await account(carol)
    assert (found["storage_space_used"], found["file_count"]) == (600, 1)
    assert await refused_by_none(place.site)


async def test_of_twenty_imports_at_once_with_room_for_one_exactly_one_wins(limited):
    place = await limited(storage_space=1_500, filesystem_access=True)
    carol = await place.person("carol")
    file_id = await carol.upload("a", b"x" * 600)

    answers = await asyncio.gather(
        *(carol.post("/api/filesystem/me", data=form(action="import", files=f'["{file_id}"]')) for _ in range(20))
    )

    assert outcome(list(answers)) == (1, {"user_out_of_space"})
    found = await account(carol)
    assert (found["storage_space_used"], found["filesystem_storage_used"]) == (1_200, 600)
    assert found["filesystem_node_count"] == 1
    assert await refused_by_none(place.site)


async def test_files_and_the_filesystem_race_for_the_same_room(limited):
    place = await limited(storage_space=1_000, filesystem_access=True)
    carol = await place.person("carol")

    answers = await asyncio.gather(
        *(carol.put("/api/file/a", data=b"%03d" % number * 200) for number in range(10)),
        *(carol.put(f"/api/filesystem/me/{number}", data=b"%03d" % number * 200) for number in range(10)),
    )

    assert outcome(list(answers)) == (1, {"user_out_of_space"})
    assert (await account(carol))["storage_space_used"] == 600
    assert await refused_by_none(place.site)


async def test_the_filesystem_has_a_limit_of_its_own(limited):
    carol = await (await limited(filesystem_access=True, filesystem_storage_limit=100)).person("carol")
    assert (await carol.put("/api/filesystem/me/a", data=b"x" * 101)).value == "user_out_of_space"
    assert (await carol.put("/api/filesystem/me/a", data=b"x" * 100)).status < 300
    assert (await carol.put("/api/filesystem/me/b", data=b"x")).value == "user_out_of_space"
    await carol.upload("outside of it", b"x" * 101)


async def test_a_directory_has_as_many_children_as_the_plan_says(limited):
    carol = await (await limited(filesystem_access=True, directory_children_limit=2)).person("carol")
    for name in "ab":
        assert (await carol.put(f"/api/filesystem/me/{name}", data=b"x")).status < 300
    assert (await carol.put("/api/filesystem/me/c", data=b"x")).value == "too_many_children"


async def test_a_plan_without_a_filesystem_has_none(limited):
    carol = await (await limited(filesystem_access=False)).person("carol")
    assert (await carol.get("/api/filesystem/me?stat")).value == "permission_denied"


async def test_every_plan_has_its_own_time_that_files_are_kept(limited, alice: Person, clock):
    carol = await (await limited(file_expiry_days=10)).person("carol")
    short, forever = await carol.upload(), await alice.upload()
    clock.advance(days=9)
    assert (await carol.get(f"/api/file/{short}/info")).status == 200
    clock.advance(days=2)
    assert (await carol.get(f"/api/file/{short}/info")).status == 404
    assert (await carol.get(f"/api/file/{forever}/info")).status == 200


@pytest.fixture
async def capped(site: Site, served: Serve) -> Place:
    """A plan that pays for its visitors, up to 1,000 bytes a month."""
    plan = Plan(
        id="limited", name="Limited", type="pro", monthly_transfer_cap=1_000, filesystem_access=True, hotlinking=True
    )
    proxies = (ip_network("127.0.0.0/8"),)
    settings = replace(site.settings, plans={**BUILT_IN, "limited": plan}, trusted_proxies=proxies)
    return await served(replace(site, settings=settings))


async def transfer(person: Person) -> tuple[int, int]:
    """(used, the account's own cap)."""
    found = await account(person)
    return found["monthly_transfer_used"], found["monthly_transfer_cap"]


async def paid(person: Person, file_id: str) -> int:
    found: int = (await person.info(file_id))["bandwidth_used_paid"]
    return found


async def test_what_visitors_use_shows_in_the_account(capped: Place, flush):
    carol = await capped.person("carol")
    file_id = await carol.upload("a", b"x" * 300)
    for last_byte in (1, 2):
        await capped.visitor(last_byte).get(f"/api/file/{file_id}")
    await flush()
    assert await transfer(carol) == (600, 0)
    await carol.delete(f"/api/file/{file_id}")
    assert await transfer(carol) == (600, 0)


async def test_when_the_plans_cap_is_reached_downloads_go_on_unpaid(capped: Place, flush):
    carol = await capped.person("carol")
    file_id = await carol.upload("a", b"x" * 600)
    for last_byte in (1, 2, 3):
        answer = await capped.visitor(last_byte).get(f"/api/file/{file_id}")
        assert answer.body == b"x" * 600
        await flush()
    assert await transfer(carol) == (1_200, 0)
    info = await carol.info(file_id)
    assert (info["bandwidth_used"], info["bandwidth_used_paid"]) == (1_800, 1_200)


async def test_a_lower_cap_of_the_accounts_own_counts(capped: Place, flush):
    carol = await capped.person("carol")
    await change_rows(capped.site, "UPDATE users SET transfer_cap_bytes = 500 WHERE name = 'carol'")
    file_id = await carol.upload("a", b"x" * 300)
    for last_byte in (1, 2, 3):
        await capped.visitor(last_byte).get(f"/api/file/{file_id}")
        await flush()
    assert await transfer(carol) == (600, 500)
    assert (await carol.put("/api/filesystem/me/a", data=b"x")).refusal == (400, "out_of_transfer")


async def test_a_cap_that_is_raised_lets_visitors_be_paid_for_again(capped: Place, flush):
    carol = await capped.person("carol")
    await change_rows(capped.site, "UPDATE users SET transfer_cap_bytes = 1 WHERE name = 'carol'")
    file_id = await carol.upload("a", b"x" * 300)
    for last_byte, expected in ((1, 300), (2, 300)):
        await capped.visitor(last_byte).get(f"/api/file/{file_id}")
        await flush()
        assert await paid(carol, file_id) == expected
    await change_rows(capped.site, "UPDATE users SET transfer_cap_bytes = 0 WHERE name = 'carol'")
    await capped.visitor(3).get(f"/api/file/{file_id}")
    await flush()
    assert await paid(carol, file_id) == 600


async def test_the_next_month_begins_at_nothing(capped: Place, clock, flush):
    carol = await capped.person("carol")
    file_id = await carol.upload("a", b"x" * 1_000)
    await capped.visitor(1).get(f"/api/file/{file_id}")
    await flush()
    assert (await carol.put("/api/filesystem/me/a", data=b"x")).refusal == (400, "out_of_transfer")

    clock.advance(days=MONTH)

    assert await transfer(carol) == (0, 0)
    assert (await carol.put("/api/filesystem/me/a", data=b"x")).status < 300
    await capped.visitor(2).get(f"/api/file/{file_id}")
    await flush()
    assert await transfer(carol) == (1_000, 0)
    assert await paid(carol, file_id) == 2_000


async def test_what_the_filesystem_sends_counts_for_the_cap(capped: Place):
    carol = await capped.person("carol")
    await carol.put("/api/filesystem/me/a", data=b"x")
    await capped.site.db.execute(
        """INSERT INTO node_usage (node_id, slot, downloads, bandwidth_bytes, bandwidth_paid_bytes)
           SELECT id, $1, 1, 1000, 1000 FROM nodes WHERE name = 'a'""",
        capped.site.clock.now(),
    )
    assert await transfer(carol) == (1_000, 0)
    assert (await carol.put("/api/filesystem/me/b", data=b"x")).refusal == (400, "out_of_transfer")


async def test_an_account_may_keep_its_transfer_to_itself(capped: Place, flush):
    carol = await capped.person("carol")
    await change_rows(capped.site, "UPDATE users SET hotlinking_enabled = false")
    file_id = await carol.upload("a", b"x" * 300)
    await capped.visitor(1).get(f"/api/file/{file_id}")
    await flush()
    assert await transfer(carol) == (0, 0)
    assert (await account(carol))["hotlinking_enabled"] is False


async def test_a_plan_that_holds_strangers_to_a_speed_says_so_and_sends_them_everything(limited):
    place = await limited(download_speed_limit=100_000)
    carol = await place.person("carol")
    data = bytes(range(256)) * 400
    file_id = await carol.upload("a", data)
    stranger = place.visitor(1)

    assert (await stranger.get(f"/api/file/{file_id}")).body == data
    assert (await stranger.info(file_id))["download_speed_limit"] == 100_000
    assert (await carol.info(file_id))["download_speed_limit"] == 0
    part = await stranger.get(f"/api/file/{file_id}", headers={"Range": "bytes=0-9,1000-1009"})
    assert data[:10] in part.body
    assert data[1000:1010] in part.body
    zipped = await stranger.get(f"/api/file/{file_id},{file_id}")
    assert zipped.status == 200
    assert len(zipped.body) > len(data)
