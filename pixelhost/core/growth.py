"""When what an account stores was added."""

from pixelhost.core.timeseries import Span, TimeSeries, filled
from pixelhost.db import accountusage
from pixelhost.model.accounts import User
from pixelhost.site import Site


async def of_account(site: Site, account: User, asked: Span) -> TimeSeries:
    """Bytes of its files and of its filesystem that were added in each interval, and are still there."""
    found = await accountusage.added(site.db, account.id, asked.start, asked.end, asked.step)
    return filled(asked.beginnings, found)
