"""Sub-APIs of GET /filesystem/{path} that answer with what is known about nodes: search, activity, figures."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from aiohttp import web

from pixelhost.core import activity, nodesearch, nodestats
from pixelhost.core.nodestats import Series, Totals
from pixelhost.core.paths import Path
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.wire import params, websocket
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between


@dataclass(frozen=True)
class Search:
    search: str
    limit: Annotated[int, Between(1, nodesearch.RESULTS_MAX)] = 10


@dataclass(frozen=True)
class LogSpan:
    start: datetime
    end: datetime


@dataclass(frozen=True)
class SeriesSpan:
    start: datetime
    end: datetime
    interval: Annotated[int, Between(1, nodestats.INTERVAL_MAX_MINUTES)]


async def search(request: web.Request, path: Path) -> web.StreamResponse:
    wanted = params.query(request, Search)
    found = await nodesearch.search(site_of(request), caller_of(request), path, wanted.search, wanted.limit)
    return envelope.ok(found)


async def change_log(request: web.Request, path: Path) -> web.StreamResponse:
    wanted = params.query(request, LogSpan)
    entries = await activity.read(site_of(request), caller_of(request), path, wanted.start, wanted.end)
    return envelope.ok(
        [
            {
                "time": shapes.time(entry.logged_at),
                "path": entry.path,
                "path_new": entry.path_new,
                "action": entry.action,
                "type": entry.type,
            }
            for entry in entries
        ]
    )


async def download_stats(request: web.Request, path: Path) -> web.StreamResponse:
    """The totals; over a websocket whenever they change."""
    site, caller = site_of(request), caller_of(request)
    if websocket.is_asked_for(request):
        return await websocket.speak(request, _told(nodestats.live_totals(site, caller, path)))
    return envelope.ok(_totals(await nodestats.totals(site, caller, path)))


async def timeseries(request: web.Request, path: Path) -> web.StreamResponse:
    wanted = params.query(request, SeriesSpan)
    site, caller = site_of(request), caller_of(request)
    found = await nodestats.series(site, caller, path, wanted.start, wanted.end, wanted.interval)
    return envelope.ok(_series(found))


async def _told(changing: AsyncGenerator[Totals, None]) -> AsyncGenerator[str, None]:
    async with aclosing(changing):
        async for totals in changing:
            yield json.dumps(_totals(totals))


def _totals(totals: Totals) -> dict[str, int]:
    return {"downloads": totals.downloads, "transfer_free": totals.free_bytes, "transfer_paid": totals.paid_bytes}


def _series(found: Series) -> dict[str, Any]:
    # As `shapes.time` writes times of whole minutes, in a fraction of the time: there may be 60,000.
    timestamps = [f"{beginning.isoformat()[:16]}:00.000000Z" for beginning in found.beginnings]
    amounts = {"downloads": found.downloads, "transfer_free": found.free_bytes, "transfer_paid": found.paid_bytes}
    return {name: {"timestamps": timestamps, "amounts": values} for name, values in amounts.items()}
