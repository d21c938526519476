"""What commands open before they call their verb: the settings, the database, a Site."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pixelhost import settings as settings_module
from pixelhost.db import connect, embedded, migrate
from pixelhost.settings import Settings, SettingsError
from pixelhost.site import Site, open_site

T = TypeVar("T")


def settings_now(**overrides: Any) -> Settings:
    """By the environment, and by the command line where that says something. From now on the log is as they say."""
    settings = settings_module.load(os.environ, **overrides)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    return settings


@contextmanager
def database(
    settings: Settings, begin: Callable[[Path], embedded.EmbeddedPostgres]
) -> Iterator[tuple[str, Callable[[], bool] | None]]:
    """The URL of the database, and where it is our own, whether it still runs. Our own stops with the block."""
    if settings.database_url:
        yield settings.database_url, None
        return
    _make_data_dir(settings.data_dir)
    postgres = begin(settings.data_dir / "postgres")
    try:
        yield postgres.url, postgres.is_running
    finally:
        postgres.stop()


def on_site(run: Callable[[Site], Awaitable[T]]) -> T:
    """Run something on a Site of its own, beside a server that may be running."""
    settings = settings_now()
    with database(settings, embedded.attach_or_start) as (url, _):

        async def within() -> T:
            await migrated(url)
            async with open_site(settings, url) as site:
                return await run(site)

        return asyncio.run(within())


async def migrated(url: str) -> int:
    async with _connection(url) as connection:
        return await migrate.migrate(connection)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    connection = await connect.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError([f"PIXELHOST_DATA_DIR: {data_dir} cannot be made: {error.strerror}"]) from error
