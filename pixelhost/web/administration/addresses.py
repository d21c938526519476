"""Addresses whose people may not upload."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal

from aiohttp import web

from pixelhost.core import admin
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, languages, pages
from pixelhost.web.account import problems
from pixelhost.web.administration import frame
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import params
from pixelhost.wire.dialect import site_of
from pixelhost.wire.params import Length

REASON_MAX: Final = 500

SPANS: Final[Mapping[str, tuple[str, timedelta | None]]] = {
    "": (mark("Until it is lifted"), None),
    "day": (mark("A day"), timedelta(days=1)),
    "week": (mark("A week"), timedelta(days=7)),
    "month": (mark("30 days"), timedelta(days=30)),
    "year": (mark("A year"), timedelta(days=365)),
}


@dataclass(frozen=True)
class NewBan:
    address: str
    reason: Annotated[str, Length(1, REASON_MAX)]
    lasts: Literal["", "day", "week", "month", "year"] = ""


@dataclass(frozen=True)
class Lifted:
    lift: str


async def show(request: web.Request) -> web.Response:
    """GET /admin/ip_bans"""
    frame.admin_of(request)
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /admin/ip_bans: `lift` is an address that is banned no more, else one is banned."""
    frame.admin_of(request)
    site, sent = site_of(request), await forms.sent(request)
    try:
        if "lift" in sent:
            await admin.unban_address(site, params.from_text(sent, Lifted).lift)
            return pages.see_other(request.path, done="unbanned")
        wanted = params.from_text({name: text.strip() for name, text in sent.items()}, NewBan)
        lasts = SPANS[wanted.lasts][1]
        ends = site.clock.now() + lasts if lasts else None
        await admin.ban_address(site, wanted.address, wanted.reason, ends)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))
    return pages.see_other(request.path, done="banned")


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    site, say = site_of(request), languages.of(request).translations.gettext
    return frame.answer(
        request,
        "addresses.html",
        found.status,
        bans=await admin.banned_addresses(site),
        now=site.clock.now(),
        spans=[(name, say(label)) for name, (label, _) in SPANS.items()],
        sent=sent,
        problems=found,
        reason_max=REASON_MAX,
    )
