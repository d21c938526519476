"""The PIN that an account's downloads of transfers take: set, changed, removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pins
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, pages
from pixelhost.web.forms import Problems
from pixelhost.web.transfers import frame, problems
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

PLACE: Final = "/user/pin"


@dataclass(frozen=True)
class Wanted:
    pin: Annotated[str, Length(pins.PIN_MIN, pins.PIN_MAX)]


async def show(request: web.Request) -> web.Response:
    """GET /user/pin"""
    return await _page(request, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/pin: sets it, or with the action `remove` takes it away."""
    caller_of(request).require_user()
    sent = await forms.sent(request)
    try:
        return await (_remove if sent.get("action") == "remove" else _set)(request, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, problems.of(request, error))


async def _set(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    if not sent.get("pin"):
        raise errors.MISSING_FIELD(field="pin")
    wanted = params.from_text(sent, Wanted)
    await pins.set_pin(site_of(request), caller_of(request), wanted.pin, sent.get("current_pin") or None)
    return pages.see_other(request.path, done="pin_set")


async def _remove(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    if not sent.get("current_pin"):
        raise errors.MISSING_FIELD(field="current_pin")
    await pins.remove(site_of(request), caller_of(request), sent["current_pin"])
    return pages.see_other(request.path, done="pin_removed")


async def _page(request: web.Request, told: Problems) -> web.Response:
    has_pin = await pins.has_pin(site_of(request), caller_of(request))
    return frame.answer(
        request,
        PLACE,
        "pin.html",
        told.status,
        has_pin=has_pin,
        shortest=pins.PIN_MIN,
        longest=pins.PIN_MAX,
        problems=told,
    )
