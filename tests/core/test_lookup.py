"""What was read about files is kept until it changes: on one data directory at once, elsewhere within moments."""

import dataclasses
from collections.abc import AsyncIterator

import pytest

from pixelhost import settings
from pixelhost.core import access
from pixelhost.db import files
from pixelhost.errors import ApiError
from pixelhost.site import Site, open_site
from tests.support.people import Person
from tests.support.waiting import until


@pytest.fixture
async def beside(site: Site, database_url: str) -> AsyncIterator[Site]:
    """Another process's Site on the same data directory."""
    async with open_site(site.settings, database_url) as other:
        await other.changes.listen()
        yield other


@pytest.fixture
async def elsewhere(site: Site, database_url: str, tmp_path) -> AsyncIterator[Site]:
    """A Site of another machine: it shares the database, and the blobs, but no memory."""
    there = settings.load({}, data_dir=tmp_path, blob_store=f"file://{site.settings.blobs_dir}")
    async with open_site(there, database_url) as other:
        await other.changes.listen()
        yield other


async def test_what_did_not_change_is_read_once(beside: Site, alice: Person):
    file_id = await alice.upload()
    first = await access.file(beside, file_id)
    assert await access.file(beside, file_id) is first


async def test_a_new_name_shows_at_once_in_every_process(beside: Site, alice: Person):
    file_id = await alice.upload("old.txt")
    for number in range(20):
        await access.file(beside, file_id)
        await alice.post(f"/api/file/{file_id}", data={"action": "rename", "name": f"{number}.txt"})
        assert (await access.file(beside, file_id)).name == f"{number}.txt"


async def test_a_deleted_file_is_gone_at_once_in_every_process(beside: Site, alice: Person):
    for _ in range(20):
        file_id = await alice.upload()
        await access.file(beside, file_id)
        await alice.delete(f"/api/file/{file_id}")
        with pytest.raises(ApiError, match="not_found"):
            await access.file(beside, file_id)


async def test_a_deleted_file_is_gone_on_other_machines_soon(elsewhere: Site, alice: Person):
    file_id = await alice.upload()
    await access.file(elsewhere, file_id)
    await alice.delete(f"/api/file/{file_id}")

    async def is_gone() -> bool:
        return await elsewhere.files.get(file_id) is None

    await until(is_gone)


async def test_nothing_is_kept_while_changes_elsewhere_are_not_heard(elsewhere: Site, alice: Person):
    file_id = await alice.upload("old.txt")
    await access.file(elsewhere, file_id)
    await elsewhere.db.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query LIKE 'LISTEN%' AND datname = current_database()"""
    )

    async def is_unheard() -> bool:
        return not elsewhere.changes.is_heard

    await until(is_unheard)
    await files.rename(elsewhere.db, file_id, "new.txt", "text/plain")
    assert (await access.file(elsewhere, file_id)).name == "new.txt"
    await elsewhere.changes.listen()
    assert elsewhere.changes.is_heard
    assert (await access.file(elsewhere, file_id)).name == "new.txt"


async def test_an_expired_file_is_gone_although_it_was_kept(beside: Site, alice: Person, clock):
    file_id = await alice.upload(query=f"?delete_after_date={clock.now().year + 1}-01-01T00:00:00Z")
    found = await access.file(beside, file_id)
    assert access.is_expired(beside, dataclasses.replace(found, delete_after_date=clock.now()))
