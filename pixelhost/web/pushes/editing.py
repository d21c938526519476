"""Changing a push that hasn't ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pushediting, pushfields
from pixelhost.core.pushediting import Changes, Editable
from pixelhost.core.pushes import Draft
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.unset import UNSET, Unset
from pixelhost.web import forms, pages
from pixelhost.web.account import problems
from pixelhost.web.forms import Problems
from pixelhost.web.pushes import choices, frame, payloads, sending
from pixelhost.web.pushes.making import FIELDS
from pixelhost.web.pushes.sending import Sent
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length
from pixelhost.wire.visits import visit

REMOVE: Final = "remove-"
"""What the names of ticks begin with, each followed by the ID of a file that goes."""


@dataclass(frozen=True)
class Wanted:
    """What the form holds. An empty payload, passphrase or number stays as it is."""

    name: Annotated[str, Length(0, pushfields.NAME_MAX)] = ""
    note: Annotated[str, Length(0, pushfields.NOTE_MAX)] = ""
    payload: str = ""
    passphrase: Annotated[str, Length(0, pushfields.PASSPHRASE_MAX)] = ""
    no_passphrase: bool = False
    days: int | Unset = UNSET
    views: int | Unset = UNSET
    retrieval_step: bool = False
    deletable_by_viewer: bool = False
    notify_on_view: bool = False
    notify_on_expiry: bool = False


async def edit(request: web.Request) -> web.Response:
    """GET /p/{token}/edit"""
    return _page(request, await _editable(request), {}, forms.NONE)


async def save(request: web.Request) -> web.Response:
    """POST /p/{token}/edit"""
    site, caller = site_of(request), caller_of(request)
    found = await _editable(request)
    token = found.push.token
    draft = Draft(token, await pushediting.key(site, caller, token))
    async with sending.sent(request, draft, len(found.files)) as sent:
        try:
            if sent.problem is not None:
                raise sent.problem
            await pushediting.change(site, caller, visit(request), token, _changes(found, sent), sent.files)
        except (ApiError, ApiErrors) as error:
            if isinstance(error, ApiError) and error.kind is errors.PUSH_EXPIRED:
                raise
            return _page(request, found, sent.fields, problems.of(request, error, FIELDS))
    return pages.see_other(f"/p/{token}/audit", done="saved")


async def _editable(request: web.Request) -> Editable:
    """Raises as `frame.own`, PUSH_EXPIRED."""
    push = await frame.own(request)
    return await pushediting.editable(site_of(request), caller_of(request), push.token)


def _changes(found: Editable, sent: Sent) -> Changes:
    """Raises what is wrong with the fields."""
    wanted = params.from_text({name: text for name, text in sent.fields.items() if text}, Wanted)
    removed = [name.removeprefix(REMOVE) for name in sent.fields if name.startswith(REMOVE)]
    if wanted.payload:
        payloads.refuse(found.push.kind, wanted.payload)
    for name, number, allowed in (("days", wanted.days, found.days), ("views", wanted.views, found.views)):
        if not isinstance(number, Unset):
            Between(allowed[0], allowed[-1]).check(name, number)
    return Changes(
        name=wanted.name.strip(),
        note=wanted.note,
        payload=wanted.payload or UNSET,
        passphrase="" if wanted.no_passphrase else wanted.passphrase or UNSET,
        days=wanted.days,
        views=wanted.views,
        is_deletable_by_viewer=wanted.deletable_by_viewer,
        has_retrieval_step=wanted.retrieval_step,
        mails_on_view=wanted.notify_on_view,
        mails_on_expiry=wanted.notify_on_expiry,
        removed=[int(one) for one in removed if one.isascii() and one.isdigit() and len(one) < 19],
    )


def _page(request: web.Request, found: Editable, sent: Mapping[str, str], told: Problems) -> web.Response:
    push = found.push
    return frame.answer_owner(
        request,
        "edit.html",
        told.status,
        found=found,
        push=push,
        kind=choices.KINDS[push.kind],
        sent=sent,
        problems=told,
        fields=pushfields,
        remove=REMOVE,
        shown={
            "retrieval_step": push.has_retrieval_step,
            "deletable_by_viewer": bool(push.is_deletable_by_viewer),
            "notify_on_view": push.mails_on_view,
            "notify_on_expiry": push.mails_on_expiry,
        },
    )
