"""The same data served under other settings, and a look at what is stored."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from pixelhost.app import build_app
from pixelhost.blobs.disk import DiskStore
from pixelhost.core.intake import Intake
from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from tests.support.client import RealServer, fresh_client
from tests.support.mollie import KEY, FakeMollie
from tests.support.people import Person, Visitor, make_person


@dataclass(frozen=True)
class Place:
    """A server on the test's data whose new accounts have the plan `limited`, and which believes X-Forwarded-For."""

    site: Site
    port: int
    client: TestClient

    async def person(self, name: str, plan_id: str = "limited") -> Person:
        return await make_person(self.site, self.client, name, plan_id=plan_id)

    def visitor(self, last_byte: int, key: str = "") -> Visitor:
        return Visitor("", key, self.client, f"203.0.113.{last_byte}")


Serve = Callable[..., Awaitable[Place]]


@pytest.fixture
async def served(site: Site) -> AsyncIterator[Serve]:
    """`await served(site)` serves a changed site until the test ends."""
    async with AsyncExitStack() as stack:

        async def serve(changed: Site) -> Place:
            server = await stack.enter_async_context(RealServer(build_app(changed)))
            client = await stack.enter_async_context(fresh_client(server))
            return Place(changed, server.port, client)

        yield serve


@pytest.fixture
async def limited(site: Site, served: Serve) -> Callable[..., Awaitable[Place]]:
    """`await limited(file_size_limit=10)` is a Place with that plan; `settings` changes other settings."""

    async def serve(settings: dict[str, Any] | None = None, **limits: Any) -> Place:
        plan = Plan(id="limited", name="Limited", type="free", **limits)
        changed = replace(
            site.settings,
            plans={**BUILT_IN, "limited": plan},
            trusted_proxies=(ip_network("127.0.0.0/8"),),
            **(settings or {}),
        )
        return await served(replace(site, settings=changed))

    return serve


@pytest.fixture
async def stored_elsewhere(site: Site, served: Serve) -> AsyncIterator[Callable[[Path], Awaitable[Place]]]:
    """`await stored_elsewhere(directory)` keeps the bytes there."""
    stores = []

    async def serve(directory: Path) -> Place:
        stores.append(DiskStore(directory))
        return await served(replace(site, store=stores[-1], intake=Intake(site.db, stores[-1])))

    yield serve
    for store in stores:
        await store.close()


async def what_is_stored(site: Site) -> dict[str, Any]:
    return {
        "files": await site.db.fetchval("SELECT count(*) FROM files"),
        "blobs": await site.db.fetchval("SELECT count(*) FROM blobs"),
        "bytes": [stored.location async for stored in site.store.listing()],
        "incoming": [path.name for path in site.store.incoming.iterdir()],
    }


@pytest.fixture
def nothing_is_stored(site: Site) -> Callable[[], Awaitable[bool]]:
    """Whether no file, no bytes and nothing half-written is left; says what is."""

    async def look() -> bool:
        left = await what_is_stored(site)
        assert left == {"files": 0, "blobs": 0, "bytes": [], "incoming": []}
        return True

    return look


@pytest.fixture
def port(server: RealServer, site: Site) -> int:
    return server.port


@pytest.fixture
async def mollie() -> AsyncIterator[FakeMollie]:
    async with FakeMollie() as server:
        yield server


@pytest.fixture
async def shop(site: Site, served: Serve, mollie: FakeMollie) -> Place:
    """A server that takes payments by Mollie and by the test gateway."""
    settings = replace(site.settings, mollie_key=KEY, mollie_url=mollie.url, test_payments="on")
    return await served(replace(site, settings=settings))


@pytest.fixture
async def carol(shop: Place) -> Person:
    """A customer of the shop."""
    return await make_person(shop.site, shop.client, "carol", email="carol@example.com")


@pytest.fixture
def gateway(shop: Place) -> Person:
    """Whoever calls the shop's webhooks: nobody it knows."""
    return Person("", "", shop.client)


@pytest.fixture
async def root(site: Site, client: TestClient) -> Person:
    """An administrator."""
    return await make_person(site, client, "root", is_admin=True)
