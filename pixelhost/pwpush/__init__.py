"""Password Pusher's API: its map. One engine, in the skins of versions 1 and 2.

Where their documents and their clients differ, it serves all of them.
"""

from collections.abc import Iterator

from aiohttp import web

from pixelhost.core import throttle
from pixelhost.pwpush import envelope, pushing, skins, viewing
from pixelhost.wire import readonly, security
from pixelhost.wire.dialect import Dialect, Route, site_of

PUSH = "{token:[a-z0-9_-]{8,40}}"
JSON = r"{suffix:(?:\.json)?}"
V2 = "/api/v2/pushes"
LEGACY = "/{locale:[a-z]{2}(?:-[A-Za-z]{2,4})?}/d"


def _version_1() -> Iterator[Route]:
    for letter, skin in skins.V1.items():
        yield Route("POST", f"/{letter}.json", pushing.create(skin), is_open_to_other_sites=letter == "p")
        yield Route("GET", f"/{letter}/active.json", viewing.active)
        yield Route("GET", f"/{letter}/expired.json", viewing.expired)
        yield Route("GET", f"/{letter}/{PUSH}.json", viewing.show)
        yield Route("GET", f"/{letter}/{PUSH}/r.json", viewing.show)
        yield Route("DELETE", f"/{letter}/{PUSH}.json", viewing.expire)
        yield Route("GET", f"/{letter}/{PUSH}/preview.json", viewing.preview)
        yield Route("GET", f"/{letter}/{PUSH}/audit.json", viewing.audit(skin))


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
    admit=_refuse_flood,
)
