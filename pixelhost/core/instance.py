"""The whole instance over time and as it is: what administrators look at."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from pixelhost.core.timeseries import STATISTICS, Span, TimeSeries, filled
from pixelhost.db import instanceusage
from pixelhost.site import Site


@dataclass(frozen=True)
class Disk:
    """Of the file system that the blobs are on."""

    size_bytes: int
    free_bytes: int


async def series(site: Site, asked: Span) -> Mapping[str, TimeSeries]:
    """The statistics of accounts, and `uploads`, `uploaded` (bytes) and `registrations`, all accounts together."""
    span, beginnings = (asked.start, asked.end, asked.step), asked.beginnings
    usage = await instanceusage.usage(site.db, *span)
    made, size_bytes = await instanceusage.uploads(site.db, *span)
    found = {name: usage[column] for name, column in STATISTICS.items()}
    found |= {"uploads": made, "uploaded": size_bytes}
    found["registrations"] = await instanceusage.registrations(site.db, *span)
    return {name: filled(beginnings, one) for name, one in found.items()}


async def disk(site: Site) -> Disk | None:
    """None where that can't be told."""
    try:
        found = await asyncio.to_thread(shutil.disk_usage, site.settings.blobs_dir)
    except OSError:
        return None
    return Disk(found.total, found.free)
