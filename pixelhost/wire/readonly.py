"""Read-only mode: everything that writes is refused before its body is read, but what a dialect leaves open."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aiohttp import hdrs, web

from pixelhost.wire.dialect import Handler, Route, site_of


def guarded(routes: Sequence[Route], allowed: tuple[str, ...]) -> Iterator[Route]:
    """The routes, with handlers that raise READ_ONLY_MODE_ENABLED while that mode is on. Paths that begin with one of
    `allowed` are left as they are, and so is what only reads.
    """
    for route in routes:
        is_open = route.method == hdrs.METH_GET or route.path.startswith(allowed)
        yield route if is_open else replace(route, handler=_guarded(route.handler))


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        await site_of(request).runtime.refuse_writing()
        return await handler(request)

    return guarded
