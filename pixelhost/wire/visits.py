"""Who does something to a push, as far as its log keeps it."""

from typing import Final

from aiohttp import hdrs, web

from pixelhost.model.pushes import Visit
from pixelhost.wire.dialect import caller_of

HEADER_MAX: Final = 255


def visit(request: web.Request) -> Visit:
    """Of the referrer the query is left out: where it is a page of a push, it may be the passphrase."""
    caller = caller_of(request)
    sent = request.headers.get(hdrs.REFERER, "").partition("#")[0].partition("?")[0]
    referrer = sent.encode("utf-8", "replace").decode()
    return Visit(caller.ip, caller.user_agent[:HEADER_MAX], referrer[:HEADER_MAX])
