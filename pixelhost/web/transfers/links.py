"""Links to messages, as letters have them."""

from uuid import UUID

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import mails
from pixelhost.wire.dialect import site_of


async def follow(request: web.Request) -> web.Response:
    """GET /m/{link}: to the push that shows the message. Raises NOT_FOUND."""
    try:
        link_id = UUID(request.match_info["link"])
    except ValueError:
        raise errors.NOT_FOUND() from None
    token = await mails.push_of_link(site_of(request), link_id)
    return web.Response(status=302, headers={hdrs.LOCATION: f"/p/{token}/r", hdrs.CACHE_CONTROL: "no-store"})
