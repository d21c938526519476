"""Addresses that Password Pusher has, or once had, and what they lead to here."""

from urllib.parse import quote

from aiohttp import hdrs, web

from pixelhost.web import languages
from pixelhost.wire.dialect import Handler


def to(path: str) -> Handler:
    async def moved(request: web.Request) -> web.Response:
        return _moved(request, path)

    return moved


def to_new(tab: str) -> Handler:
    async def moved(request: web.Request) -> web.Response:
        return _moved(request, f"/p/new?tab={tab}" if tab else "/p/new")

    return moved


async def to_letter_p(request: web.Request) -> web.Response:
    """GET /f/{token} and /r/{token}, and what is below them: any token works under any letter."""
    return _moved(request, _push(request))


async def to_locale(request: web.Request) -> web.Response:
    """GET /{locale}/p/{token}"""
    return _moved(request, f"{_push(request)}?{languages.PARAMETER}={request.match_info['locale']}")


def _push(request: web.Request) -> str:
    page = request.match_info.get("page")
    return f"/p/{quote(request.match_info['token'], safe='')}" + (f"/{page}" if page else "")


def _moved(request: web.Request, path: str) -> web.Response:
    """The query comes along."""
    query = request.rel_url.raw_query_string
    location = path + (("&" if "?" in path else "?") + query if query else "")
    return web.Response(status=301, headers={hdrs.LOCATION: location, hdrs.CACHE_CONTROL: "no-store"})
