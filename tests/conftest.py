"""One Postgres for the whole run, one database cloned from a template for each worker, one Site on it.

Tests go through the real router, the real database and the real disk store. After each test the root rows go.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiohttp.test_utils import TestClient

from pixelhost import settings
from pixelhost.app import build_app
from pixelhost.core import stats, storage
from pixelhost.db import migrate
from pixelhost.site import Site, open_site
from tests.support import postgres
from tests.support.client import RealServer, fresh_client
from tests.support.clock import MovableClock
from tests.support.people import Person, make_person
from tests.support.waiting import until_downloads_are_written

SERVER = "TEST_POSTGRES_URL"
TEMPLATE = "pixelhost_template"

ROOTS = (
    *("open_downloads", "uncounted_downloads", "visitor_downloads", "visitor_usage"),
    *("users", "lists", "blobs", "ip_bans", "rate_windows", "usage_batches", "outbox", "captcha_responses"),
    *("invoices", "test_payments", "pushes", "mails"),
    *("globals", "job_runs"),
    *("takedowns", "abuse_reporters"),
)

_open = []


def pytest_configure(config: pytest.Config) -> None:
    """Start Postgres once, in the process that the others are started from."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    directory = postgres.server_directory()
    server = postgres.start_server(directory.__enter__())
    _open.append((server, directory))
    os.environ[SERVER] = server.url
    asyncio.run(_make_template(server.url))


def pytest_unconfigure(config: pytest.Config) -> None:
    for server, directory in _open:
        server.stop()
        directory.__exit__(None, None, None)
    _open.clear()


async def _make_template(url: str) -> None:
    connection = await asyncpg.connect(await postgres.create_database(url, TEMPLATE))
    try:
        await migrate.migrate(connection)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def database_url(worker_id: str) -> AsyncIterator[str]:
    """A migrated, empty database of this worker's own."""
    name = f"pixelhost_{worker_id}"
    yield await postgres.create_database(os.environ[SERVER], name, TEMPLATE)
    await postgres.drop_database(os.environ[SERVER], name)


@pytest.fixture(scope="session")
def clock_of_session() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
async def site_of_session(
    database_url: str, clock_of_session: MovableClock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    wanted = settings.load(
        {},
        data_dir=tmp_path_factory.mktemp("data"),
        login_attempts_per_minute=1000,
        push_requests_per_minute=0,
        push_requests_per_second=0,
        transfer_requests_per_minute=1_000_000,
    )
    async with open_site(wanted, database_url, clock_of_session) as site:
        yield site


@pytest.fixture(scope="session")
async def server(site_of_session: Site) -> AsyncIterator[RealServer]:
    async with RealServer(build_app(site_of_session)) as server:
        yield server


@pytest.fixture
def clock(clock_of_session: MovableClock) -> MovableClock:
    return clock_of_session


@pytest.fixture
async def site(site_of_session: Site, clock_of_session: MovableClock) -> AsyncIterator[Site]:
    """The running pixelhost; whatever a test leaves in it goes when the test ends."""
    yield site_of_session
    clock_of_session.reset()
    await clean(site_of_session)


@pytest.fixture
async def client(server: RealServer, site: Site) -> AsyncIterator[TestClient]:
    """A stranger's HTTP client, without cookies at first."""
    async with fresh_client(server) as client:
        yield client


@pytest.fixture
async def anyone(client: TestClient) -> Person:
    """Somebody without a key."""
    return Person("", "", client)


@pytest.fixture
async def alice(site: Site, client: TestClient) -> Person:
    """Somebody with an account on the unlimited plan, whose password is `correct horse`."""
    return await make_person(site, client, "alice", password="correct horse")


@pytest.fixture
async def bob(site: Site, client: TestClient) -> Person:
    return await make_person(site, client, "bob")


@pytest.fixture
def data_dir(site: Site) -> Path:
    return site.settings.data_dir


async def clean(site: Site) -> None:
    site.counters.take_visits()
    site.counters.take_keys_used()
    site.counters.unwritten.clear()
    await until_downloads_are_written(site)
    for table in ROOTS:
        await site.db.execute(f"DELETE FROM {table}")
    site.changes.note()
    async for stored in site.store.listing():
        await site.store.delete(stored.location)
    await storage.clear_abandoned(site)


@pytest.fixture
def flush(site: Site):
    """Write the counters now, as the job does every second."""

    async def now() -> int:
        return await stats.flush(site)

    return now
