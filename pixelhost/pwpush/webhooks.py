"""Webhooks over the API, which Password Pusher doesn't have."""

from typing import Any
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import webhooks
from pixelhost.core.webhooks import Made, NewWebhook
from pixelhost.model.pushes import Webhook
from pixelhost.pwpush import asked, envelope, shapes
from pixelhost.wire.dialect import caller_of, site_of


async def make(request: web.Request) -> web.Response:
    """POST /api/v2/webhooks: answers the secret, which is told only now."""
    caller_of(request).require_user()
    wanted = await asked.json(request, NewWebhook)
    return envelope.ok(_made(await webhooks.make(site_of(request), caller_of(request), wanted)), 201)


async def of_caller(request: web.Request) -> web.Response:
    """GET /api/v2/webhooks"""
    found = await webhooks.of_caller(site_of(request), caller_of(request))
    return envelope.ok([_shape(one) for one in found])


async def show(request: web.Request) -> web.Response:
    """GET /api/v2/webhooks/{id}"""
    return envelope.ok(_shape(await webhooks.find(site_of(request), caller_of(request), _id(request))))


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/v2/webhooks/{id}: answers what it was."""
    site, caller = site_of(request), caller_of(request)
    found = await webhooks.find(site, caller, _id(request))
    await webhooks.delete(site, caller, found.id)
    return envelope.ok(_shape(found))


async def test(request: web.Request) -> web.Response:
    """POST /api/v2/webhooks/{id}/test: a message is on its way."""
    return envelope.ok(_shape(await webhooks.test(site_of(request), caller_of(request), _id(request))), 202)


async def rotate(request: web.Request) -> web.Response:
    """POST /api/v2/webhooks/{id}/secret: answers the new secret, which is told only now."""
    return envelope.ok(_made(await webhooks.rotate(site_of(request), caller_of(request), _id(request))))


def _id(request: web.Request) -> UUID:
    """Raises NOT_FOUND."""
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise errors.NOT_FOUND() from None


def _made(made: Made) -> dict[str, Any]:
    return _shape(made.webhook) | {"secret": made.secret}


def _shape(one: Webhook) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "url": one.url,
        "events": list(one.events),
        "created_at": shapes.time(one.created_at),
        "failing_since": shapes.time(one.failing_since) if one.failing_since else None,
        "disabled_at": shapes.time(one.disabled_at) if one.disabled_at else None,
        "last_message": _last_message(one),
    }


def _last_message(one: Webhook) -> dict[str, Any] | None:
    if one.last_made_at is None:
        return None
    arrived = shapes.time(one.last_arrived_at) if one.last_arrived_at else None
    return {"created_at": shapes.time(one.last_made_at), "arrived_at": arrived, "error": one.last_error}
