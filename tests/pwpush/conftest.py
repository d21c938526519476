"""The same data served under other settings, and what is left of pushes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from pixelhost.site import Site
from tests.pixeldrain.conftest import Place, Serve, limited, port, root, served

__all__ = ["changed", "limited", "nothing_is_left", "port", "root", "served"]


@pytest.fixture
async def changed(site: Site, served: Serve) -> Callable[..., Awaitable[Place]]:
    """`await changed(anonymous_pushes="off")` is a Place with these settings."""

    async def serve(**settings: Any) -> Place:
        return await served(replace(site, settings=replace(site.settings, **settings)))

    return serve


@pytest.fixture
def nothing_is_left(site: Site) -> Callable[[], Awaitable[bool]]:
    """Whether there is no push, no event of one, no bytes and nothing half-written; says what is."""

    async def look() -> bool:
        rows = await site.db.fetchrow(
            """SELECT (SELECT count(*) FROM pushes) AS pushes, (SELECT count(*) FROM push_events) AS events,
                      (SELECT count(*) FROM push_files) AS files, (SELECT count(*) FROM blobs) AS blobs"""
        )
        stored = [one.location async for one in site.store.listing()]
        incoming = [path.name for path in site.store.incoming.iterdir()]
        assert (dict(rows), stored, incoming) == (dict.fromkeys(("pushes", "events", "files", "blobs"), 0), [], [])
        return True

    return look
