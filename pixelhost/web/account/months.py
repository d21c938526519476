"""What happened in an account in a month: money, and files that went without its doing."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import web
from babel.dates import format_skeleton

from pixelhost.core import billing, removals
from pixelhost.errors import ApiError
from pixelhost.model.files import Removal
from pixelhost.web import languages
from pixelhost.web.account import frame
from pixelhost.web.languages import mark
from pixelhost.wire import months
from pixelhost.wire.dialect import site_of

SHOWN_MAX: Final = 2000

EVENTS: Final[Mapping[str, str]] = {
    "file_instance_expired": mark("Expired"),
    "file_instance_blocked": mark("Taken down"),
    "file_instance_lost": mark("Lost"),
    "filesystem_node_blocked": mark("Taken down in the filesystem"),
    "filesystem_node_lost": mark("Lost in the filesystem"),
}


@dataclass(frozen=True)
class Month:
    """`written` as addresses have it, like 2024-02; `before` and `after` are its neighbours, empty in the future."""

    start: datetime
    end: datetime
    written: str
    name: str
    before: str
    after: str


async def transactions(request: web.Request) -> web.Response:
    """GET /user/transactions?month=2024-02"""
    site, account = site_of(request), frame.account_of(request)
    month = of_request(request)
    days = await billing.transactions(site, account, month.start, month.end)
    return frame.answer(request, "transactions.html", month=month, days=days)


async def activity(request: web.Request) -> web.Response:
    """GET /user/activity?month=2024-02"""
    account = frame.account_of(request)
    month = of_request(request)
    found: list[Removal] = []
    async with aclosing(removals.pages_between(site_of(request), account.id, month.start, month.end)) as entries:
        async for some in entries:
            found += some
            if len(found) >= SHOWN_MAX:
                break
    return frame.answer(
        request,
        "activity.html",
        month=month,
        removals=found[:SHOWN_MAX],
        is_cut=len(found) >= SHOWN_MAX,
        events=EVENTS,
    )


def of_request(request: web.Request) -> Month:
    """The one that is asked for; this one where that can't be understood."""
    now = site_of(request).clock.now().astimezone(UTC)
    this = f"{now:%Y-%m}"
    written = request.query.get("month", this)
    try:
        start, end = months.parsed(written)
    except ApiError:
        written = this
        start, end = months.parsed(this)
    name = format_skeleton("yMMMM", start, locale=languages.of(request).dates)
    before = f"{start - timedelta(days=1):%Y-%m}" if start.year > 1970 else ""
    return Month(start, end, written, name, before, f"{end:%Y-%m}" if end <= now else "")
