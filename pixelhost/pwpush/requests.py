"""Links by which others send secrets to an account, over the API. Password Pusher's own requests are not these."""

from typing import Any

from aiohttp import web

from pixelhost.core import pushrequests
from pixelhost.core.pushrequests import NewRequest
from pixelhost.model.pushes import PushRequest
from pixelhost.pwpush import asked, envelope, shapes, viewing
from pixelhost.wire.dialect import caller_of, here, site_of


async def make(request: web.Request) -> web.Response:
    """POST /api/v2/request_links"""
    caller_of(request).require_user()
    wanted = await asked.json(request, NewRequest)
    return envelope.ok(_shape(request, await pushrequests.make(site_of(request), caller_of(request), wanted)), 201)


async def of_caller(request: web.Request) -> web.Response:
    """GET /api/v2/request_links"""
    found = await pushrequests.of_caller(site_of(request), caller_of(request), viewing.page_of(request))
    return envelope.ok([_shape(request, one) for one in found])


async def show(request: web.Request) -> web.Response:
    """GET /api/v2/request_links/{token}"""
    found = await pushrequests.find(site_of(request), caller_of(request), request.match_info["token"])
    return envelope.ok(_shape(request, found))


async def close(request: web.Request) -> web.Response:
    """DELETE /api/v2/request_links/{token}"""
    closed = await pushrequests.close(site_of(request), caller_of(request), request.match_info["token"])
    return envelope.ok(_shape(request, closed))


def _shape(request: web.Request, one: PushRequest) -> dict[str, Any]:
    return {
        "token": one.token,
        "url": f"{here(request)}/request/{one.token}",
        "name": one.name,
        "message": one.message,
        "push_days": one.push_days,
        "pushes_left": one.pushes_left,
        "pushes_received": one.pushes_received,
        "open": pushrequests.is_open(site_of(request), one),
        "created_at": shapes.time(one.created_at),
        "expires_at": shapes.time(one.expires_at),
    }
