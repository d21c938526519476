"""Custom domains: an application of its own, with a shared node at the root and nothing else of the site.

Which application answers is decided by the Host header. A connection that was encrypted with the certificate of one
domain asks for that domain only.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from aiohttp import hdrs, web

from pixelhost import errors, pixeldrain
from pixelhost import web as pages
from pixelhost.core import domains, paths
from pixelhost.core.domains import Context, Domains, Served
from pixelhost.errors import ApiError
from pixelhost.site import Site
from pixelhost.web import assets, choices, nodes, servednode
from pixelhost.wire import dialect, readonly, security, target, websocket
from pixelhost.wire.dialect import DIALECT, SITE, Dialect, Handler, Route

DOMAINS: web.AppKey[Domains] = web.AppKey("domains", Domains)
SERVED: web.RequestKey[Served] = web.RequestKey("served", Served)

API: Final = "/api/filesystem/"
MISC: Final = "/misc/"
HTTPS_PORT: Final = 443
OPEN_WHEN_READ_ONLY: Final = ("/",)
"""The pages tell what writes from what opens a share; the API is guarded by its own routes."""

PAGES: Final = (
    Route("GET", f"/static/{{version:{assets.VERSION}}}/{{path:.+}}", assets.show),
    Route("POST", "/language", choices.set_language),
    Route("GET", r"/{path:[\s\S]*}", nodes.show, takes_node_password=True),
    Route("POST", r"/{path:[\s\S]*}", nodes.act, takes_node_password=True),
)


def _below_only(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        path = paths.parse(target.path_tail(request, API, "path"))
        served = request[SERVED]
        is_image = request.method in security.SAFE_METHODS and not path.names and path.bucket in served.images
        if path.bucket != served.bucket and not is_image:
            raise errors.NOT_FOUND()
        return await handler(request)

    return guarded


def _api_routes() -> Sequence[Route]:
    below = [
        replace(route, handler=_below_only(route.handler))
        for route in pixeldrain.DIALECT.routes
        if route.path.startswith(API) and route.path != API
    ]
    helpers = [
        route
        for route in pixeldrain.DIALECT.routes
        if route.method == hdrs.METH_GET and route.path.startswith(pixeldrain.PREFIX + MISC)
    ]
    return [*below, *helpers]


API_DIALECT: Final = replace(pixeldrain.DIALECT, routes=_api_routes(), is_elsewhere=True)
PAGES_DIALECT: Final = replace(
    pages.DIALECT, routes=tuple(readonly.guarded(PAGES, OPEN_WHEN_READ_ONLY)), is_elsewhere=True
)


def build_app(site: Site) -> web.Application:
    """What answers on all custom domains."""
    app = web.Application()
    app[SITE] = site
    app.middlewares.append(_serve)
    for one in (API_DIALECT, PAGES_DIALECT):
        dialect.mount(app, one)
    dialect.finish(app, _dialect_of)
    app.on_shutdown.append(websocket.close_all)
    return app


def _dialect_of(path: str) -> Dialect:
    return API_DIALECT if path.startswith(API) else PAGES_DIALECT


@web.middleware
async def _serve(request: web.Request, handler: Handler) -> web.StreamResponse:
    """With the node of the domain at the root."""
    site = request.app[SITE]
    found = await domains.served(site, security.host_name(request))
    if found is None:
        return _refused(request, errors.NOT_FOUND())
    request[SERVED] = found
    if not security.is_https(request, site.settings.trusted_proxies):
        return _to_https(request, site.settings.tls_listen)
    with servednode.at_the_root(found.bucket):
        return await handler(request)


def _refused(request: web.Request, error: ApiError) -> web.StreamResponse:
    request[DIALECT] = _dialect_of(request.path)
    with servednode.at_the_root(""):
        return request[DIALECT].render(request, error)


def _to_https(request: web.Request, tls_listen: tuple[str, int] | None) -> web.StreamResponse:
    """A password of a share must not be asked for in the clear."""
    where = f"https://{security.host_name(request)}{_port(request, tls_listen)}{target.raw_path(request)}"
    query = target.raw_query(request)
    return web.Response(status=308, headers={hdrs.LOCATION: f"{where}?{query}" if query else where})


def _port(request: web.Request, tls_listen: tuple[str, int] | None) -> str:
    """Of the listener, for who names the port of the plain one; on port 80 somebody stands in front, on 443 too."""
    names_one = request.host.rpartition(":")[2].isdigit()
    return f":{tls_listen[1]}" if names_one and tls_listen is not None and tls_listen[1] != HTTPS_PORT else ""


def is_for_a_domain(known: Domains, request: web.BaseRequest) -> bool:
    return not known.is_empty and known.has(security.host_name(request))


def is_misdirected(known: Domains, request: web.BaseRequest) -> bool:
    """Whether the connection was made for another domain than the request is (RFC 9110, 15.5.20), or for one that is
    nobody's by now: the rest of the site isn't to be had on it.
    """
    transport = request.transport
    connection = transport.get_extra_info("ssl_object") if transport is not None else None
    context = connection.context if connection is not None else None
    name = context.name if isinstance(context, Context) else ""
    return bool(name) and (name != security.host_name(request) or not known.has(name))


def misdirected() -> web.Response:
    """In plain words: which page or envelope it would be isn't known here."""
    return web.Response(status=421, text="This connection was made for another domain\n")


async def followed(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context: what is known about domains is kept up to date while the application runs."""
    known = app[DOMAINS]
    if not known.is_needed:
        yield
        return
    await known.reload()
    following = asyncio.create_task(known.follow())
    yield
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
