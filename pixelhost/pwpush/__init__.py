"""Password Pusher's API: its map. One engine, in the skins of versions 1 and 2.

Where their documents and their clients differ, it serves all of them.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from aiohttp import web

from pixelhost import errors
from pixelhost.core import throttle
from pixelhost.pwpush import envelope, mails, pushing, requests, skins, viewing, webhooks
from pixelhost.pwpush.manual import MANUAL
from pixelhost.pwpush.skins import Skin
from pixelhost.wire import readonly, security
from pixelhost.wire.dialect import Dialect, Handler, Route, site_of

PUSH = "{token:[a-z0-9_-]{8,40}}"
JSON = r"{suffix:(?:\.json)?}"
V2 = "/api/v2/pushes"
PATHS = re.compile(r"/api/v[12](?:/.*)?|/[pfr](?:/.*)?\.json|/passwords\.json", re.DOTALL)
"""Of these, also what there isn't is answered here."""
LINKS, LINK = "/api/v2/request_links", "{token:[a-z0-9]+}"
HOOKS, HOOK = "/api/v2/webhooks", "{id:[0-9A-Fa-f-]+}"
LEGACY = "/{locale:[a-z]{2}(?:-[A-Za-z]{2,4})?}/d"


def _version_1() -> Iterator[Route]:
    for letter, skin in skins.V1.items():
        routes = (
            Route("POST", f"/{letter}.json", pushing.create(skin), is_open_to_other_sites=letter == "p"),
            Route("GET", f"/{letter}/active.json", viewing.active),
            Route("GET", f"/{letter}/expired.json", viewing.expired),
            Route("GET", f"/{letter}/{PUSH}.json", viewing.show),
            Route("GET", f"/{letter}/{PUSH}/r.json", viewing.show),
            Route("DELETE", f"/{letter}/{PUSH}.json", viewing.expire),
            Route("GET", f"/{letter}/{PUSH}/preview.json", viewing.preview),
            Route("GET", f"/{letter}/{PUSH}/audit.json", viewing.audit(skin)),
        )
        yield from (replace(route, handler=_while_there(skin, route.handler)) for route in routes)


def _while_there(skin: Skin, handler: Handler) -> Handler:
    """A letter that stands for a kind goes with it."""
    if skin.kind is None:
        return handler

    async def answered(request: web.Request) -> web.StreamResponse:
        if skin.kind not in site_of(request).settings.push_kinds:
            raise errors.INVALID_ENDPOINT()
        return await handler(request)

    return answered


ROUTES = (
    Route("GET", "/api/v1/version" + JSON, viewing.version_1, is_for_strangers=True),
    Route("GET", "/api/v2/version" + JSON, viewing.version_2, is_for_strangers=True),
    Route("OPTIONS", "/p.json", pushing.preflight, is_for_strangers=True),
    *_version_1(),
    Route("POST", "/passwords.json", pushing.create(skins.V1["p"])),
    *(
        Route("GET", f"{base}/{name}{JSON}", handler)
        for name, handler in (("active", viewing.active), ("expired", viewing.expired))
        for base in (V2, LEGACY)
    ),
    Route("GET", "/d/active.json", viewing.active),
    Route("GET", "/d/expired.json", viewing.expired),
    Route("POST", V2 + JSON, pushing.create(skins.V2)),
    Route("GET", f"{V2}/{PUSH}{JSON}", viewing.show),
    Route("DELETE", f"{V2}/{PUSH}{JSON}", viewing.expire),
    Route("GET", f"{V2}/{PUSH}/preview{JSON}", viewing.preview),
    Route("GET", f"{V2}/{PUSH}/audit{JSON}", viewing.audit(skins.V2)),
    Route("POST", f"{V2}/{PUSH}/notify_emails{JSON}", mails.send),
    Route("GET", LINKS + JSON, requests.of_caller),
    Route("POST", LINKS + JSON, requests.make),
    Route("GET", f"{LINKS}/{LINK}{JSON}", requests.show),
    Route("DELETE", f"{LINKS}/{LINK}{JSON}", requests.close),
    Route("GET", HOOKS + JSON, webhooks.of_caller),
    Route("POST", HOOKS + JSON, webhooks.make),
    Route("GET", f"{HOOKS}/{HOOK}{JSON}", webhooks.show),
    Route("DELETE", f"{HOOKS}/{HOOK}{JSON}", webhooks.delete),
    Route("POST", f"{HOOKS}/{HOOK}/test{JSON}", webhooks.test),
    Route("POST", f"{HOOKS}/{HOOK}/secret{JSON}", webhooks.rotate),
    Route("GET", f"/p/{PUSH}", viewing.show, accepts="application/json"),
    Route("GET", f"/p/{PUSH}/files/{{link}}/{{name:[^/]*}}", viewing.download, is_for_strangers=True),
)


async def _refuse_flood(request: web.Request) -> None:
    site = site_of(request)
    await throttle.refuse_flood(
        site,
        "pushes",
        security.client_ip(request, site.settings.trusted_proxies),
        per_minute=site.settings.push_requests_per_minute,
        per_second=site.settings.push_requests_per_second,
    )


DIALECT = Dialect(
    name="pwpush",
    render=envelope.refuse,
    routes=tuple(readonly.guarded(ROUTES, ())),
    headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"},
    manual=MANUAL,
    admit=_refuse_flood,
)
