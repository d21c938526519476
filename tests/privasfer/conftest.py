"""People with verified addresses, who send each other files."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from pixelhost.app import build_app
from pixelhost.plans import BUILT_IN, Plan
from pixelhost.site import Site
from tests.support.client import RealServer, fresh_client
from tests.support.people import Person
from tests.support.transfers import Sender, make_sender


@pytest.fixture
async def alice(site: Site, client: TestClient) -> Sender:
    return await make_sender(site, client, "alice")


@pytest.fixture
async def bob(site: Site, client: TestClient) -> Sender:
    return await make_sender(site, client, "bob")


@pytest.fixture
async def stranger(client: TestClient) -> Sender:
    return Sender("", "", client)


@pytest.fixture
async def serve(site: Site) -> AsyncIterator[Callable[..., Awaitable[Person]]]:
    """`await serve(setting=value)` is somebody without a key at a server of its own on the same data."""
    async with AsyncExitStack() as stack:

        async def started(**settings: Any) -> Person:
            plan = settings.pop("plan", {})
            plans = {**BUILT_IN, "limited": Plan(id="limited", name="Limited", type="free", **plan)}
            changed = replace(site, settings=replace(site.settings, plans=plans, **settings))
            server = await stack.enter_async_context(RealServer(build_app(changed)))
            return Person("", "", await stack.enter_async_context(fresh_client(server)))

        yield started
