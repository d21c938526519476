"""What the owner of pushes is told: which there are, and what happened to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pixelhost.core import pushediting, pushes, pushsecrets
from pixelhost.model.pushes import Push, PushEventKind
from pixelhost.web import sections
from pixelhost.web.languages import mark
from pixelhost.web.pushes import choices, frame
from pixelhost.wire.dialect import caller_of, site_of

EVENTS: Final[Mapping[PushEventKind, str]] = {
    "creation": mark("Made"),
    "view": mark("Viewed"),
    "failed_view": mark("Viewed too late"),
    "failed_passphrase": mark("Wrong passphrase"),
    "owner_view": mark("Viewed by you"),
    "admin_view": mark("Viewed by an administrator"),
    "download": mark("File downloaded"),
    "edit": mark("Changed"),
    "expire": mark("Deleted"),
    "expiry": mark("Expired"),
    "creation_email_send": mark("Link sent by e-mail"),
}
ALARMING: Final = frozenset({"failed_view", "failed_passphrase"})


@dataclass(frozen=True)
class Paging:
    """The addresses of the pages before and after this one, empty where there is none. The last may turn out empty."""

    previous_url: str
    next_url: str


@dataclass(frozen=True)
class Row:
    push: Push
    note: str
    views_left: int
    is_over: bool


async def active(request: web.Request) -> web.Response:
    """GET /p/active?page="""
    return await _list(request, is_active=True)


async def expired(request: web.Request) -> web.Response:
    """GET /p/expired?page="""
    return await _list(request, is_active=False)


async def audit(request: web.Request) -> web.Response:
    """GET /p/{token}/audit?page="""
    site = site_of(request)
    push = await frame.own(request)
    number = frame.number_of_page(request)
    events = await pushes.audit(site, caller_of(request), push.token, number)
    return frame.answer_owner(
        request,
        "audit.html",
        push=push,
        kind=choices.KINDS[push.kind],
        note=pushsecrets.note_of(site, push),
        is_over=pushes.is_over(site, push),
        message_id=await pushediting.message_of(site, push),
        events=[(EVENTS[event.kind], event) for event in events],
        alarming=ALARMING,
        paging=_paging(request, number, events),
    )


async def _list(request: web.Request, *, is_active: bool) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    number = frame.number_of_page(request)
    listed = await (pushes.active if is_active else pushes.expired)(site, caller, number)
    return frame.answer_owner(
        request,
        "list.html",
        is_active=is_active,
        rows=[_row(request, push) for push in listed],
        kinds=choices.KINDS,
        paging=_paging(request, number, listed),
    )


def _row(request: web.Request, push: Push) -> Row:
    site = site_of(request)
    left = max(push.expire_after_views - push.views, 0)
    return Row(push, pushsecrets.note_of(site, push), left, pushes.is_over(site, push))


def _paging(request: web.Request, number: int, shown: Sequence[object]) -> Paging:
    is_full = len(shown) == pushes.PAGE and number < pushes.PAGES[-1]
    return Paging(
        previous_url=sections.address(request, page=number - 1) if number > 1 else "",
        next_url=sections.address(request, page=number + 1) if is_full else "",
    )
