"""Who does something to a push, as far as its log keeps it."""

from typing import Final

from aiohttp import hdrs, web

from pixelhost.model import Visit
from pixelhost.wire.dialect import caller_of

HEADER_MAX: Final = 255


def visit(request: web.Request) -> Visit:
    caller = caller_of(request)
    referrer = request.headers.get(hdrs.REFERER, "").encode("utf-8", "replace").decode()
    return Visit(caller.ip, caller.user_agent[:HEADER_MAX], referrer[:HEADER_MAX])
