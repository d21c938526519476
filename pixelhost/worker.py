"""One worker process: the application on a listening socket that the supervisor opened, and the background jobs."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from typing import Any

from aiohttp import web

from pixelhost import jobs
from pixelhost.app import HTTP_LIMITS, Runner, build_app
from pixelhost.core import stats
from pixelhost.customdomains import DOMAINS
from pixelhost.settings import Settings
from pixelhost.site import open_site
from pixelhost.tls import TlsSite
from pixelhost.wire.accesslog import AccessLogger

# A thread that hashes gives way to the event loop after half a millisecond, not after five.
SWITCH_SECONDS = 0.0005


async def work(
    settings: Settings, database_url: str, listener: socket.socket, tls_listener: socket.socket | None = None
) -> None:
    """Serve until SIGTERM; then let running requests end, write the counters, close everything."""
    sys.setswitchinterval(SWITCH_SECONDS)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with open_site(settings, database_url) as site:
        app = build_app(site)
        runner = Runner(app, shutdown_timeout=settings.drain_seconds, **http_options(settings))
        await runner.setup()
        await web.SockSite(runner, listener, backlog=1024).start()
        if tls_listener is not None:
            await TlsSite(runner, tls_listener, app[DOMAINS].context, backlog=1024).start()
        background = asyncio.create_task(jobs.run_forever(site))
        report_ready()
        await stopping.wait()
        await runner.cleanup()
        background.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await background
        await stats.flush(site)


def http_options(settings: Settings) -> dict[str, Any]:
    """aiohttp's own access log is off unless asked for: formatting it costs more than a small answer."""
    if settings.access_log == "on":
        return HTTP_LIMITS | {"access_log": logging.getLogger("pixelhost.access"), "access_log_class": AccessLogger}
    return HTTP_LIMITS


def report_ready() -> None:
    """Tell the supervisor, where there is one, that requests are answered now."""
    descriptor = os.environ.pop("PIXELHOST_READY_FD", None)
    if descriptor is not None:
        with open(int(descriptor), "w", encoding="ascii") as pipe:
            pipe.write("ready\n")
