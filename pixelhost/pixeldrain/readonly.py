"""Read-only mode: everything that writes is refused before its body is read, but logins and administration."""

from dataclasses import replace

from aiohttp import hdrs, web

from pixelhost.wire.dialect import Handler, Route, site_of

ALLOWED = ("/api/admin/", "/api/user/login", "/api/user/session")


def guarded(route: Route) -> Route:
    """The route with a handler that raises READ_ONLY_MODE_ENABLED while that mode is on."""
    if route.method == hdrs.METH_GET or route.path.startswith(ALLOWED):
        return route
    return replace(route, handler=_guarded(route.handler))


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        await site_of(request).runtime.refuse_writing()
        return await handler(request)

    return guarded
