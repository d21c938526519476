"""A server to push to, and the clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pwpush.clients.programs import Cli, Mcp
from tests.support.environments import installed
from tests.support.running import Running, data_directory, serving

HERE = Path(__file__).parent


@pytest.fixture(scope="package")
def server() -> Iterator[Running]:
    with data_directory() as directory, serving(directory, workers=1, push_requests_per_minute=100_000) as running:
        yield running


@pytest.fixture(scope="package")
def key(server: Running) -> str:
    """An API key as every account has them: a UUID."""
    return server.command("key", "admin", "--app-name", "pwpush").stdout.split()[-1]


@pytest.fixture(scope="package")
def programs(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str], Path]:
    """Where a client's program is, by the name of its lock file."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    return lambda name: installed(HERE / f"{name}.txt", shared)


@pytest.fixture
def cli(programs: Callable[[str], Path], tmp_path: Path) -> Cli:
    """The official command line, as it is today."""
    return Cli(programs("pwpush") / "pwpush", tmp_path)


@pytest.fixture
def old_cli(programs: Callable[[str], Path], tmp_path: Path) -> Cli:
    """As it was before version 1 of the API lost its old paths."""
    return Cli(programs("pwpush-0.9.3") / "pwpush", tmp_path)


@pytest.fixture
def mcp(programs: Callable[[str], Path], server: Running, key: str, tmp_path: Path) -> Iterator[Callable[[str], Mcp]]:
    """`mcp("v1")` is the server of the Model Context Protocol, speaking that version; it ends with the test."""
    begun: list[Mcp] = []

    def begin(version: str) -> Mcp:
        begun.append(
            Mcp(
                programs("pwpush-mcp") / "pwpush-mcp",
                PWPUSH_BASE_URL=server.url,
                PWPUSH_API_TOKEN=key,
                PWPUSH_API_EMAIL="admin@example.com",
                PWPUSH_API_VERSION=version,
                PWPUSH_FILE_ROOT=str(tmp_path),
            )
        )
        return begun[-1]

    yield begin
    for one in begun:
        one.close()
