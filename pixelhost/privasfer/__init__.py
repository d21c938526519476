"""Privasfer's API: its map. Files, sealed with keys of their own, and messages that give them to others.

What its documents leave open follows Laravel, with which Privasfer is made: bodies, errors, lists and pages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from aiohttp import hdrs, web

from pixelhost.core import throttle
from pixelhost.core.throttle import Quota
from pixelhost.privasfer import categories, downloads, envelope, files, inbox, keys, mails, messages, tokens
from pixelhost.privasfer.manual import MANUAL
from pixelhost.wire import readonly, security
from pixelhost.wire.dialect import Dialect, Route, site_of

PREFIX: Final = "/api"
PATHS: Final = re.compile(
    r"/api/(?:files|mails|inbox|messages|keys|downloads|tokens|categories|pin)(?:/.*)?", re.DOTALL
)
"""Of these, also what there isn't is answered here."""

QUOTA: web.RequestKey[Quota] = web.RequestKey("quota", Quota)
METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS: Final = "Authorization, Content-Type, Range"
EXPOSED: Final = (
    "Content-Disposition, Content-Length, Content-Range, ETag, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "X-RateLimit-Reset"
)

ROUTES: Final = (
    Route("GET", "/files", files.listing),
    Route("POST", "/files", files.create),
    Route("GET", "/files/{id}", files.show),
    Route("PATCH", "/files/{id}", files.change),
    Route("DELETE", "/files/{id}", files.delete),
    Route("GET", "/files/{id}/download", files.download),
    Route("GET", "/mails", mails.listing),
    Route("POST", "/mails", mails.create),
    Route("GET", "/mails/{id}", mails.show),
    Route("PATCH", "/mails/{id}", mails.change),
    Route("DELETE", "/mails/{id}", mails.delete),
    Route("GET", "/inbox", inbox.listing),
    Route("GET", "/inbox/{id}", inbox.show),
    Route("PATCH", "/inbox/{id}", inbox.change),
    Route("DELETE", "/inbox/{id}", inbox.delete),
    Route("GET", "/messages", messages.listing),
    Route("POST", "/messages", mails.create),
    Route("GET", "/messages/{id}", messages.show),
    Route("PATCH", "/messages/{id}", messages.change),
    Route("DELETE", "/messages/{id}", messages.delete),
    Route("POST", "/downloads", downloads.create),
    Route("POST", "/downloads/{id}/keys", downloads.make_key),
    Route("GET", "/downloads/{id}/{key}", downloads.fetch, is_for_strangers=True),
    Route("GET", "/pin", keys.show_pin),
    Route("PUT", "/pin", keys.set_pin),
    Route("POST", "/keys", keys.create),
    Route("DELETE", "/keys/{key}", keys.delete),
    Route("GET", "/tokens", tokens.listing),
    Route("POST", "/tokens", tokens.create),
    Route("DELETE", "/tokens/{id}", tokens.delete),
    Route("GET", "/categories", categories.listing),
    Route("POST", "/categories", categories.create),
    Route("GET", "/categories/{id}", categories.show),
    Route("PATCH", "/categories/{id}", categories.change),
    Route("DELETE", "/categories/{id}", categories.delete),
)


async def _preflight(_request: web.Request) -> web.Response:
    """OPTIONS: pages of other sites may call everything here."""
    allowed = {"Access-Control-Allow-Methods": METHODS, "Access-Control-Allow-Headers": ALLOWED_HEADERS}
    return web.Response(status=204, headers=allowed | {"Access-Control-Max-Age": "86400"})


def _preflights() -> Iterator[Route]:
    for path in dict.fromkeys(route.path for route in ROUTES):
        yield Route(hdrs.METH_OPTIONS, path, _preflight, is_for_strangers=True)


async def _refuse_flood(request: web.Request) -> None:
    site = site_of(request)
    if limit := site.settings.transfer_requests_per_minute:
        ip = security.client_ip(request, site.settings.trusted_proxies)
        quota = request[QUOTA] = await throttle.counted(site, "transfers", ip, limit)
        throttle.refuse_exceeded(site, quota)


def _quota_headers(request: web.BaseRequest) -> Mapping[str, str]:
    quota = request.get(QUOTA)
    if quota is None:
        return {}
    headers = {"X-RateLimit-Limit": str(quota.limit), "X-RateLimit-Remaining": str(quota.remaining)}
    return headers | ({envelope.RESET: str(int(quota.again_at.timestamp()))} if quota.is_exceeded else {})


DIALECT: Final = Dialect(
    name="privasfer",
    render=envelope.refuse,
    routes=tuple(replace(route, path=PREFIX + route.path) for route in (*readonly.guarded(ROUTES, ()), *_preflights())),
    is_open_to_other_sites=True,
    manual=MANUAL,
    headers={
        "Cache-Control": "private, no-store",
        "Vary": "Authorization",
        "x-robots-tag": "none",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": EXPOSED,
    },
    admit=_refuse_flood,
    headers_of=_quota_headers,
)
