"""The front page."""

from aiohttp import web

from pixelhost.web import pages


async def show(request: web.Request) -> web.Response:
    return pages.answer(request, "home.html", here=pages.here(request))
