"""The plans that accounts can have, as the settings say."""

from aiohttp import web

from pixelhost.web.administration import frame
from pixelhost.wire.dialect import site_of


async def show(request: web.Request) -> web.Response:
    """GET /admin/plans"""
    frame.admin_of(request)
    settings = site_of(request).settings
    return frame.answer(
        request,
        "plans.html",
        plans=settings.plans.values(),
        default_plan=settings.default_plan,
        is_of_file=settings.plans_file is not None,
    )
