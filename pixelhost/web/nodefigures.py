"""What happened to a node: its activity log, and what was downloaded of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from aiohttp import web

from pixelhost.core import activity as log
from pixelhost.core import nodestats
from pixelhost.core.nodes import Place
from pixelhost.web import languages, nodepanels, plots, wording
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire.dialect import caller_of, site_of

LOG_SPAN: Final = timedelta(days=30)
LOG_SHOWN: Final = 500

SPANS: Final[Mapping[str, tuple[timedelta, int]]] = {
    "day": (timedelta(days=1), 60),
    "month": (timedelta(days=30), 1440),
    "year": (timedelta(days=364), 1440),
}
"""Time and minutes of a bar."""

DOWNLOADS: Final = mark("Downloads")
TRAFFIC: Final = mark("Traffic")


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
    language = languages.of(request)
    span = sent["span"] if sent.get("span") in SPANS else "month"
    length, minutes = SPANS[span]
    end = site.clock.now()
    totals = await nodestats.totals(site, caller, place.path)
    series = await nodestats.series(site, caller, place.path, end - length, end, minutes)
    traffic = [free + paid for free, paid in zip(series.free_bytes, series.paid_bytes, strict=True)]
    translated = language.translations.gettext
    return await nodepanels.answer(
        request,
        "figures",
        place,
        sent,
        problems,
        totals=totals,
        span=span,
        downloads=plots.bars(
            language,
            translated(DOWNLOADS),
            series.beginnings,
            series.downloads,
            lambda count: wording.number(language, count),
        ),
        traffic=plots.bars(
            language, translated(TRAFFIC), series.beginnings, traffic, lambda size: wording.human_size(language, size)
        ),
    )
