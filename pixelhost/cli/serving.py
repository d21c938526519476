"""`pixelhost serve`: the first start, and the processes on the one port."""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from pixelhost import __version__, notations, worker
from pixelhost import serve as supervisor
from pixelhost.cli.opening import database, migrated, settings_now
from pixelhost.core import login
from pixelhost.db import connect, embedded, users
from pixelhost.settings import Settings
from pixelhost.site import open_site

TIME_TO_CLOSE_SECONDS = 3
"""What a worker has after draining to write its counters, before it is killed."""


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Address to serve on (PIXELHOST_LISTEN).")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes on the one port (PIXELHOST_WORKERS).")
@click.option("--data-dir", type=Path, help="Where everything is kept (PIXELHOST_DATA_DIR).")
def serve(listen: str | None, workers: int | None, data_dir: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM. The first start makes the account `admin`."""
    try:
        address = notations.listen_address(listen) if listen is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None
    settings = settings_now(listen=address, workers=workers, data_dir=data_dir)
    listeners = supervisor.open_listeners(settings.listen, settings.workers)
    tls_listeners = supervisor.open_listeners(settings.tls_listen, settings.workers) if settings.tls_listen else []
    with database(settings, partial(embedded.start, settings=_postgres_settings(settings))) as (url, is_running):
        welcome = asyncio.run(_prepare(settings, url))
        here = _address(listeners[0])
        code = supervisor.supervise(
            listeners,
            lambda index, descriptor: _worker_command(descriptor, tls_listeners[index : index + 1]),
            _worker_environment(settings, url),
            settings.drain_seconds + TIME_TO_CLOSE_SECONDS,
            lambda: click.echo(_banner(here, welcome)),
            watch=is_running,
            beside=tls_listeners,
        )
    sys.exit(code)


@click.command("worker", hidden=True)
@click.argument("descriptor", type=int)
@click.argument("tls_descriptor", type=int, required=False)
def worker_command(descriptor: int, tls_descriptor: int | None) -> None:
    """One process of `serve`, on an open listening socket, and on a second one for TLS."""
    url, listener = os.environ["PIXELHOST_WORKER_DATABASE_URL"], socket.socket(fileno=descriptor)
    tls_listener = socket.socket(fileno=tls_descriptor) if tls_descriptor is not None else None
    asyncio.run(worker.work(settings_now(), url, listener, tls_listener))


async def _prepare(settings: Settings, url: str) -> str:
    """Migrate, and where there is no account yet make `admin`. Returns what to tell about it, once."""
    await migrated(url)
    async with open_site(settings, url) as site:
        await site.store.check()
        if await users.count(site.db):
            return ""
        password = secrets.token_urlsafe(12)
        admin = await login.add_user(site, "admin", password=password, is_admin=True)
        made = await login.new_session(site, admin.id, app_name="first start")
        return f"  user      admin\n  password  {password}\n  API key   {made.key}\n"


def _postgres_settings(settings: Settings) -> dict[str, str]:
    """Room for the pool of every worker, its two connections for listening and for slots, and for commands beside."""
    wanted = settings.workers * (connect.CONNECTIONS_PER_PROCESS + 2) + 20
    return {"max_connections": str(max(100, wanted))}


def _worker_command(descriptor: int, tls_listeners: Sequence[socket.socket]) -> list[str]:
    descriptors = [str(descriptor), *(str(one.fileno()) for one in tls_listeners)]
    return [sys.executable, "-m", "pixelhost", "worker", *descriptors]


def _worker_environment(settings: Settings, url: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PIXELHOST_DATA_DIR_FILE"}
    return inherited | {
        "PIXELHOST_DATA_DIR": str(settings.data_dir.resolve()),
        "PIXELHOST_WORKER_DATABASE_URL": url,
    }


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _banner(here: str, welcome: str) -> str:
    if not welcome:
        return f"pixelhost {__version__} serves on {here} - Ctrl-C stops it"
    key_of_admin = welcome.rsplit(maxsplit=1)[-1]
    return (
        f"\npixelhost {__version__} serves on {here}\n\n"
        f"This is the first start. Keep these, they are shown only now:\n\n{welcome}\n"
        f"Upload a file:\n\n  curl -T photo.jpg -u :{key_of_admin} {here}/api/file/\n\n"
        f"and open {here}/u/ID with the id of the answer. Ctrl-C stops the server.\n"
    )
