"""What the limits of downloads cost the database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.pixeldrain.test_gates_counted import code, none_under_way
from tests.support.people import Person

ALL_LIMITS = {
    "downloads_per_ip_per_day": 100,
    "transfer_per_ip_per_day": 100_000_000,
    "concurrent_downloads_per_ip": 100,
    "download_speed_limit": 100_000_000,
    "file_rate_limit": True,
    "settings": {"downloads_at_once": 100},
}
KINDS = ["file", "range", "zip", "node", "directory"]


@asynccontextmanager
async def statements(site: Site) -> AsyncIterator[list[str]]:
    """What this process asks of the database in the block, but what it writes for several that have ended, and asks
    twice a second.
    """
    ran: list[str] = []

    def note(query: object) -> None:
        text: str = query.query  # type: ignore[attr-defined]
        if not any(one in text for one in ("end_downloads", "forget_dead_downloads", "AS sharing")):
            ran.append(text)

    async with AsyncExitStack() as looking:
        connections = [await looking.enter_async_context(site.db.acquire()) for _ in range(site.db.get_max_size())]
        connections.append((await site.slots.process())[0])
        for connection in connections:
            connection.add_query_logger(note)
    yield ran


async def wanted(carol: Person, kind: str) -> str:
    """A path and query to download something by."""
    if kind in {"node", "directory"}:
        await carol.write("/me/shared/a", bytes(1000))
        path = f"/api/filesystem/{await carol.share('/me/shared')}"
        return f"{path}/a" if kind == "node" else f"{path}?bulk_download"
    ids = [await carol.upload(name, name.encode() * 1000) for name in "ab"]
    return f"/api/file/{','.join(ids)}?zip" if kind == "zip" else f"/api/file/{ids[0]}"


@pytest.mark.parametrize("kind", KINDS)
async def test_all_limits_together_add_one_statement_to_a_download(limited, kind: str):
    without, held = [await of_two_downloads(limited, kind, limits) for limits in ({}, ALL_LIMITS)]
    for plain, limited_one in zip(without, held, strict=True):
        assert [statement for statement in limited_one if "begin_download" not in statement] == plain
        assert len(limited_one) == len(plain) + 1


@pytest.mark.parametrize("name", ALL_LIMITS)
async def test_each_limit_alone_adds_the_same_one(limited, name: str):
    for ran in await of_two_downloads(limited, "file", {name: ALL_LIMITS[name]}):
        assert ["begin_download" in statement for statement in ran].count(True) == 1


async def of_two_downloads(limited, kind: str, limits: dict[str, object]) -> list[list[str]]:
    """What two downloads by an address that is new to it run, one after the other."""
    place: Place = await limited(filesystem_access=True, **limits)
    path = await wanted(await place.person("carol" if limits else "dave"), kind)
    options = {"headers": {"Range": "bytes=500-"}} if kind == "range" else {}
    # The process has its connections, and knows the file.
    assert await code(place.visitor(1), path) == ""
    ran = []
    for _ in range(2):
        await none_under_way(place.site)
        async with statements(place.site) as noted:
            assert (await place.visitor(2).ask("GET", path, **options)).status < 300
            ran.append(list(noted))
    return ran
