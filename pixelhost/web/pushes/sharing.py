"""Passing a push on: its link, and what happens with it. For its owner, and for whoever has made it just now."""

from typing import Final

from aiohttp import web

from pixelhost.core import pushes, pushpasses
from pixelhost.errors import ApiError
from pixelhost.model.pushes import Push
from pixelhost.web.pushes import choices, frame
from pixelhost.wire.dialect import caller_of, site_of

COOKIE: Final = "pd_push_made"


async def preview(request: web.Request) -> web.Response:
    """GET /p/{token}/preview: takes no view."""
    return await _page(request, "share.html")


async def print_preview(request: web.Request) -> web.Response:
    """GET /p/{token}/print_preview: the link on paper."""
    return await _page(request, "print.html")


async def _page(request: web.Request, template: str) -> web.Response:
    site = site_of(request)
    push = await _mine(request)
    is_own = caller_of(request).owns(push.owner_id)
    return frame.answer(
        request,
        template,
        push=push,
        link=frame.link(request, push),
        kind=choices.KINDS[push.kind],
        is_own=is_own,
        is_over=pushes.is_over(site, push),
        views_left=max(push.expire_after_views - push.views, 0),
    )


async def _mine(request: web.Request) -> Push:
    """Raises as `frame.own`, PUSH_EXPIRED."""
    if kept := request.cookies.get(COOKIE):
        found = await _made_here(request, kept)
        if found is not None:
            return found
    return await frame.own(request)


async def _made_here(request: web.Request, kept: str) -> Push | None:
    site = site_of(request)
    try:
        found = await pushes.find(site, frame.token_of(request))
    except ApiError:
        return None
    return found if pushpasses.shares(site, found, kept) else None
