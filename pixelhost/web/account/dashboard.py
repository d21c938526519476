"""The overview of an account: how full it is, what it has moved, and plots of how it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from aiohttp import web
from markupsafe import Markup

from pixelhost.core import caps, growth, timeseries
from pixelhost.core import login as logins
from pixelhost.core.login import Attempt
from pixelhost.core.timeseries import STATISTICS, Span, TimeSeries
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.plans import NO_LIMIT
from pixelhost.site import Site
from pixelhost.web import forms, languages, pages, plots, wording
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import Language, mark
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Range:
    label: str
    step: timedelta
    count: int


RANGES: Final[Mapping[str, Range]] = {
    "day": Range(mark("Day"), HOUR, 24),
    "week": Range(mark("Week"), 6 * HOUR, 28),
    "month": Range(mark("Month"), DAY, 30),
    "year": Range(mark("Year"), DAY, 365),
}
USUAL: Final = "month"

PLOTTED: Final[Mapping[str, str]] = {
    "bandwidth": mark("Transfer"),
    "transfer_paid": mark("Premium transfer"),
    "views": mark("Views"),
    "downloads": mark("Downloads"),
}


@dataclass(frozen=True)
class Meter:
    """How much of something is used. `limit` is None where there is none, and then there is nothing to fill."""

    label: str
    used: int
    limit: int | None


async def show(request: web.Request) -> web.Response:
    """GET /user?range=day|week|month|year"""
    return await _page(request, forms.NONE)


async def send_verification(request: web.Request) -> web.Response:
    """POST /user: has the link to confirm the e-mail address sent again."""
    account = frame.account_of(request)
    try:
        await logins.send_link(
            site_of(request),
            Attempt(caller_of(request)),
            account.email,
            base_url=dialect.here(request),
            redirect="/user",
        )
    except ApiError as error:
        return await _page(request, problems.of(request, error, {"login_link_already_sent": ""}))
    return pages.see_other("/user", done="verification_sent")


async def _page(request: web.Request, found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    language = languages.of(request)
    chosen = request.query.get("range", USUAL)
    chosen = chosen if chosen in RANGES else USUAL
    return frame.answer(
        request,
        "dashboard.html",
        found.status,
        problems=found,
        plan=site.plan(account.plan_id),
        meters=await _meters(site, account),
        plots=await _plots(site, account, language, span_of(RANGES[chosen], site.clock.now())),
        ranges={name: one.label for name, one in RANGES.items()},
        chosen=chosen,
    )


async def _meters(site: Site, account: User) -> list[Meter]:
    plan = site.plan(account.plan_id)
    found = [
        Meter(mark("Storage"), account.storage_used_bytes, _limit(plan.storage_space)),
        Meter(mark("Filesystem"), account.filesystem_used_bytes, _limit(plan.filesystem_storage_limit)),
    ]
    cap = caps.cap_bytes(site, account.plan_id, account.terms)
    found.append(Meter(mark("Premium transfer this month"), await caps.used_bytes(site, account), cap))
    return found


def _limit(of_plan: int) -> int | None:
    return of_plan if of_plan > NO_LIMIT else None


def span_of(chosen: Range, now: datetime) -> Span:
    """Whole intervals, the running one last."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = midnight + ((now - midnight) // chosen.step + 1) * chosen.step
    return timeseries.span(end - chosen.count * chosen.step, end, chosen.step // MINUTE)


async def _plots(site: Site, account: User, language: Language, asked: Span) -> list[Markup]:
    found = {name: await timeseries.of_account(site, account.id, STATISTICS[name], asked) for name in PLOTTED}
    bytes_shown = partial(wording.human_size, language)
    counts_shown = partial(wording.number, language)
    drawn = [plot(language, mark("Stored"), await growth.of_account(site, account, asked), bytes_shown)]
    for name, series in found.items():
        shown = counts_shown if name in {"views", "downloads"} else bytes_shown
        drawn.append(plot(language, PLOTTED[name], series, shown))
    return drawn


def plot(language: Language, title: str, series: TimeSeries, shown: Callable[[int], str]) -> Markup:
    return plots.bars(language, language.translations.gettext(title), series.timestamps, series.amounts, shown)
