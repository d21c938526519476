"""The activity log keeps from readers of a directory what below it is shared with others only."""

import asyncio
import json
from datetime import timedelta

import pytest

from pixelhost.core import filesystem
from pixelhost.site import Site
from tests.support.admins import block
from tests.support.people import Person
from tests.support.waiting import until_somebody_waits

NOBODY = {"link_permissions": {"read": False}}
ONLY_BOB = NOBODY | {"user_permissions": {"bob": {"read": True}}}


async def put(person: Person, path: str, **fields: str) -> None:
    answer = await person.put(f"/api/filesystem/{path}", params={"make_parents": "true"} | fields, data=b"x")
    assert answer.status == 200, answer.body


async def change(person: Person, path: str, **fields: object) -> str:
    """Its public ID, if any."""
    data = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    answer = await person.post(f"/api/filesystem/{path}", data={"action": "update"} | data)
    assert answer.status == 200, answer.body
    return str(answer.json.get("id", ""))


async def move(person: Person, path: str, target: str) -> None:
    answer = await person.post(f"/api/filesystem/{path}", data={"action": "rename", "target": f"/{target}"})
    assert answer.status == 200, answer.body


@pytest.fixture
async def bucket(alice: Person, bob: Person) -> str:
    """The ID of me/all, which everybody reads and which logs; whatever is in its directory `secret` bob reads."""
    await put(alice, "me/all/secret/old")
    bucket = await change(alice, "me/all", shared="true", logging_enabled="true")
    await change(alice, "me/all/secret", shared="true", **ONLY_BOB)
    return bucket


async def lines(site: Site, person: Person, path: str, **headers: str) -> list[str]:
    now = site.clock.now()
    start, end = (moment.isoformat().replace("+00:00", "Z") for moment in (now - timedelta(days=1), now))
    answer = await person.get(f"/api/filesystem/{path}?change_log&start={start}&end={end}", headers=headers)
    assert answer.status == 200, answer.body
    return [f"{one['action']} {one['path']} {one['path_new']}".strip() for one in answer.json]


async def test_what_happens_below_a_directory_that_is_down_is_left_out(
    alice: Person, anyone: Person, root: Person, site: Site, bucket: str
):
    await put(alice, "me/all/down/deep/a")
    await change(alice, "me/all/down/deep", shared="true")
    await block(root, f"/d/{bucket}/down", "copyright")
    await move(alice, "me/all/down/deep/a", "me/all/down/b")
    await put(alice, "me/all/c")
    assert await lines(site, anyone, bucket) == ["create /down", "create /c"]
    assert {"create /down/deep", "create /down/deep/a", "create /down/b"} < set(await lines(site, alice, "me/all"))


async def test_what_happens_where_others_only_may_read_is_left_out(
    alice: Person, bob: Person, anyone: Person, site: Site, bucket: str
):
    await put(alice, "me/all/a")
    await put(alice, "me/all/secret/b")
    await put(alice, "me/all/secret/deep/c")
    everything = ["update /secret", "create /a", "create /secret/b", "create /secret/deep", "create /secret/deep/c"]
    assert await lines(site, alice, "me/all") == everything
    assert await lines(site, bob, bucket) == everything
    assert await lines(site, anyone, bucket) == ["create /a"]


async def test_what_is_open_within_is_told(alice: Person, anyone: Person, site: Site, bucket: str):
    await put(alice, "me/all/secret/open/a")
    await change(alice, "me/all/secret/open", shared="true")
    await put(alice, "me/all/secret/open/b")
    told = ["update /secret/open", "create /secret/open/b"]
    assert await lines(site, anyone, bucket) == told


async def test_what_happened_before_it_was_closed_is_left_out_too(
    alice: Person, anyone: Person, site: Site, bucket: str
):
    await put(alice, "me/all/later/a")
    assert await lines(site, anyone, bucket) == ["create /later", "create /later/a"]
    await change(alice, "me/all/later", shared="true", **NOBODY)
    assert await lines(site, anyone, bucket) == []
    await move(alice, "me/all/later", "me/all/elsewhere")
    assert await lines(site, anyone, bucket) == []


async def test_what_was_closed_stays_untold_when_it_is_deleted_or_opened(
    alice: Person, anyone: Person, site: Site, bucket: str
):
    await put(alice, "me/all/secret/b")
    await alice.delete("/api/filesystem/me/all/secret/b")
    await change(alice, "me/all/secret", shared="false")
    await put(alice, "me/all/secret/c")
    assert await lines(site, anyone, bucket) == ["update /secret", "create /secret/c"]
    await change(alice, "me/all/secret", shared="true", **NOBODY)
    await alice.delete("/api/filesystem/me/all/secret?recursive")
    assert "delete /secret" not in await lines(site, anyone, bucket)


async def test_a_file_that_is_closed_from_the_start_is_never_told(
    alice: Person, anyone: Person, site: Site, bucket: str
):
    await put(alice, "me/all/closed", shared="true", link_permissions='{"read": false}')
    await put(alice, "me/all/closed")
    await move(alice, "me/all/closed", "me/all/renamed")
    await alice.delete("/api/filesystem/me/all/renamed")
    assert await lines(site, anyone, bucket) == []
    assert len(await lines(site, alice, "me/all")) == 5


async def test_a_move_into_or_out_of_it_is_a_delete_and_a_create(
    alice: Person, bob: Person, anyone: Person, site: Site, bucket: str
):
    await put(alice, "me/all/a")
    await move(alice, "me/all/a", "me/all/secret/a")
    await move(alice, "me/all/secret/a", "me/all/b")
    await move(alice, "me/all/b", "me/all/c")
    assert await lines(site, anyone, bucket) == ["create /a", "delete /a", "create /b", "move /b /c"]
    assert await lines(site, bob, bucket) == [
        "update /secret", "create /a", "delete /a", "create /secret/a", "delete /secret/a", "create /b", "move /b /c",
    ]  # fmt: skip


async def test_of_a_move_that_came_before_one_end_is_told_where_the_other_is_closed_now(
    alice: Person, anyone: Person, site: Site, bucket: str
):
    await put(alice, "me/all/one/a")
    await put(alice, "me/all/two/b")
    await move(alice, "me/all/one/a", "me/all/two/a")
    await move(alice, "me/all/two/b", "me/all/one/b")
    await change(alice, "me/all/one", shared="true", **NOBODY)
    assert await lines(site, anyone, bucket) == ["create /two", "create /two/b", "create /two/a", "delete /two/b"]


async def test_a_password_opens_the_log_of_what_it_is_for(alice: Person, anyone: Person, site: Site, bucket: str):
    await change(alice, "me/all/secret", password_permissions={"sesame": {"read": True}})
    await put(alice, "me/all/secret/b")
    assert await lines(site, anyone, bucket) == []
    told = await lines(site, anyone, bucket, **{"X-Node-Password": "sesame"})
    assert told == ["update /secret", "create /secret/b"]


async def test_who_asks_while_a_change_is_being_written_waits_for_it(alice: Person, site: Site, monkeypatch):
    """rclone asks for what came after its last question: what it is not told then it never hears of."""
    is_noted, may_end = asyncio.Event(), asyncio.Event()
    really_place = filesystem.intake.ensure_there

    async def slowly(*arguments: object) -> None:
        is_noted.set()
        await may_end.wait()
        await really_place(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(filesystem.intake, "ensure_there", slowly)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(put(alice, "me/slow"))
        await is_noted.wait()
        asked = [tasks.create_task(lines(site, alice, "me")) for _ in range(20)]
        await until_somebody_waits(site.db)
        assert (await alice.get("/api/filesystem/me?stat")).status == 200
        may_end.set()
    assert [one.result() for one in asked] == [["create /slow"]] * 20
