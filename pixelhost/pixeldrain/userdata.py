"""User methods about what an account has and has had: files, lists, activity, time series."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import accountdata, removals, timeseries
from pixelhost.core.timeseries import INTERVAL_MINUTES_MAX, STATISTICS, Span
from pixelhost.pixeldrain import admin, envelope, shapes
from pixelhost.wire import months, params, streaming, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between

FILE_COLUMNS = (
    "id",
    "name",
    "size",
    "views",
    "bandwidth_used",
    "bandwidth_used_paid",
    "downloads",
    "date_upload",
    "date_last_view",
    "mime_type",
    "hash_sha256",
    "delete_after_date",
    "delete_after_downloads",
    "availability",
    "abuse_type",
)
LIST_COLUMNS = ("id", "title", "date_created", "file_count", "can_edit")


@dataclass(frozen=True)
class Listing:
    format: Literal["json", "csv"] = "json"


@dataclass(frozen=True)
class Asked:
    start: datetime
    end: datetime
    interval: Annotated[int, Between(1, INTERVAL_MINUTES_MAX)]

    @property
    def span(self) -> Span:
        return timeseries.span(self.start, self.end, self.interval)


async def files(request: web.Request) -> web.StreamResponse:
    """GET /user/files: the newest first."""
    user = await admin.account_asked_for(request)
    wanted = params.query(request, Listing)
    if wanted.format == "csv":
        return await streaming.send_csv(request, "files.csv", FILE_COLUMNS, _files(request, user.id))
    return await streaming.send_json(request, '{"files":[', _files(request, user.id), "]}")


async def lists(request: web.Request) -> web.StreamResponse:
    """GET /user/lists: the newest first."""
    user = await admin.account_asked_for(request)
    wanted = params.query(request, Listing)
    if wanted.format == "csv":
        return await streaming.send_csv(request, "lists.csv", LIST_COLUMNS, _lists(request, user.id))
    return await streaming.send_json(request, '{"lists":[', _lists(request, user.id), "]}")


async def activity(request: web.Request) -> web.StreamResponse:
    """GET /user/activity/{month}: the oldest first."""
    user = caller_of(request).require_user()
    start, end = months.parsed(target.path_segment(request, 3, "month"))
    return await streaming.send_json(request, "[", _activity(request, user.id, start, end), "]")


async def time_series(request: web.Request) -> web.Response:
    """GET /user/time_series/{statistic}."""
    site, user = site_of(request), caller_of(request).require_user()
    statistic = STATISTICS.get(target.path_segment(request, 3, "statistic"))
    if statistic is None:
        raise errors.NOT_FOUND(message=f"There are time series of {', '.join(STATISTICS)}")
    asked = params.query(request, Asked)
    return envelope.ok(await timeseries.of_account(site, user.id, statistic, asked.span))


async def file_time_series(request: web.Request) -> web.Response:
    """GET /file/{id}/timeseries: all at once, and what is `transfer_paid` of an account is `bandwidth_paid` here."""
    asked = params.query(request, Asked)
    found = await timeseries.of_file(site_of(request), target.path_segment(request, 2, "id"), asked.span)
    return envelope.ok({name.replace("transfer", "bandwidth"): found[column] for name, column in STATISTICS.items()})


async def _files(request: web.Request, user_id: UUID) -> AsyncGenerator[list[dict[str, Any]], None]:
    site, caller = site_of(request), caller_of(request)
    async with aclosing(accountdata.pages_of_files(site, user_id)) as pages:
        async for page in pages:
            yield [shapes.file_info(site, caller, file) for file in page]


async def _lists(request: web.Request, user_id: UUID) -> AsyncGenerator[list[dict[str, Any]], None]:
    caller = caller_of(request)
    async with aclosing(accountdata.pages_of_lists(site_of(request), user_id)) as pages:
        async for page in pages:
            yield [shapes.list_summary(caller, summary) for summary in page]


async def _activity(
    request: web.Request, user_id: UUID, start: datetime, end: datetime
) -> AsyncGenerator[list[dict[str, Any]], None]:
    async with aclosing(removals.pages_between(site_of(request), user_id, start, end)) as pages:
        async for page in pages:
            yield [shapes.removal(entry) for entry in page]
