"""PINs, and the temporary keys that they are exchanged for."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pins
from pixelhost.privasfer import envelope, sent, shapes
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length


@dataclass(frozen=True)
class Pin:
    pin: str | None = None


@dataclass(frozen=True)
class NewPin:
    pin: Annotated[str, Length(pins.PIN_MIN, pins.PIN_MAX)] | None = None
    current_pin: str | None = None


async def create(request: web.Request) -> web.Response:
    """POST /api/keys"""
    caller_of(request).require_user()
    wanted = await sent.read(request, Pin)
    errors.raise_all(wanted.problems)
    if wanted.values.pin is None:
        raise errors.MISSING_FIELD(field="pin")
    key, expires_at = await pins.exchange(site_of(request), caller_of(request), wanted.values.pin)
    return envelope.data({"key": key, "expires_at": shapes.time(expires_at)}, 201)


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/keys/{key}"""
    await pins.forget(site_of(request), caller_of(request), request.match_info["key"])
    return envelope.nothing()


async def show_pin(request: web.Request) -> web.Response:
    """GET /api/pin: whether there is one."""
    return envelope.data({"has_pin": await pins.has_pin(site_of(request), caller_of(request))})


async def set_pin(request: web.Request) -> web.Response:
    """PUT /api/pin"""
    caller_of(request).require_user()
    wanted = await sent.read(request, NewPin)
    problems = list(wanted.problems)
    if wanted.values.pin is None and not problems:
        problems.append(errors.MISSING_FIELD(field="pin"))
    errors.raise_all(problems)
    await pins.set_pin(site_of(request), caller_of(request), wanted.values.pin or "", wanted.values.current_pin)
    return envelope.data({"has_pin": True})
