"""What happened to a node: its activity log, and what was downloaded of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from aiohttp import web

from pixelhost.core import activity as log
from pixelhost.core import nodestats
from pixelhost.core.nodes import Place
from pixelhost.web import fileplots, languages, nodepanels, nodepaths
from pixelhost.web.fileplots import Range
from pixelhost.web.forms import Problems
from pixelhost.wire.dialect import caller_of, site_of

LOG_SPAN: Final = timedelta(days=30)
LOG_SHOWN: Final = 500

RANGES: Final[tuple[Range, ...]] = ("day", "week", "month", "year")


async def activity(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """The newest first. Reading it keeps it being written."""
    site = site_of(request)
    now = site.clock.now()
    is_logging = place.node.is_directory and log.is_logging(place.node, now)
    entries = []
    if place.node.is_directory:
        end = now + timedelta(seconds=1)
        entries = await log.read(site, caller_of(request), place.path, end - LOG_SPAN, end)
    return await nodepanels.answer(
        request,
        "activity",
        place,
        sent,
        problems,
        entries=entries[::-1][:LOG_SHOWN],
        hidden=max(0, len(entries) - LOG_SHOWN),
        is_logging=is_logging,
    )


async def figures(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    asked: Range = next((name for name in RANGES if name == sent.get("range")), "month")
    return await nodepanels.answer(
        request,
        "figures",
        place,
        sent,
        problems,
        totals=await nodestats.totals(site, caller, place.path),
        stats_url=nodepaths.stats(place.path),
        plots=await fileplots.of_node(site, languages.of(request), caller, place.path, asked),
    )
