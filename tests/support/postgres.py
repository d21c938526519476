"""A real Postgres for tests, and databases in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from pixelhost.db import embedded
from pixelhost.db.embedded import EmbeddedPostgres

# The suite's server need not outlive a power cut.
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "autovacuum": "off",
}


@contextlib.contextmanager
def server_directory() -> Iterator[Path]:
    """A directory for `start_server`, removed afterwards.

    Under root Postgres runs as another user, who could not enter pytest's tmp_path; the cluster would then go to
    /var/lib and stay there.
    """
    with tempfile.TemporaryDirectory(prefix="pixelhost-test-", dir="/tmp") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


def start_server(directory: Path) -> EmbeddedPostgres:
    """A server with its cluster in `directory`/postgres, fast because a crash may break it. The caller stops it."""
    return embedded.start(directory / "postgres", settings=FAST_SETTINGS)


def database_url(url: str, name: str) -> str:
    """`url` with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def create_database(url: str, name: str, template: str | None = None) -> str:
    """Make the database `name` on the server of `url`, as a copy of `template` if given; its URL.

    Nobody may be connected to the template.
    """
    # Copying files takes 10 ms; writing the copy to the log first, which is the default, 200 ms.
    await _execute(url, f'CREATE DATABASE "{name}" TEMPLATE "{template or "template1"}" STRATEGY FILE_COPY')
    return database_url(url, name)


async def drop_database(url: str, name: str) -> None:
    """Drop the database `name` on the server of `url`, with its connections."""
    await _execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _execute(url: str, statement: str) -> None:
    # Not `pixelhost`, which may be the template or the one to drop.
    connection = await asyncpg.connect(database_url(url, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
