"""People with confirmed addresses, who send each other files from the pages."""

import pytest
from aiohttp.test_utils import TestClient

from pixelhost.site import Site
from tests.support.people import Person
from tests.support.transfers import make_sender


@pytest.fixture
async def alice(site: Site, client: TestClient) -> Person:
    return Person("alice", (await make_sender(site, client, "alice")).key, client)


@pytest.fixture
async def bob(site: Site, client: TestClient) -> Person:
    return Person("bob", (await make_sender(site, client, "bob")).key, client)
