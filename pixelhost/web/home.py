"""The front page: what this is for strangers, the place to upload for everybody else."""

from typing import Any

from aiohttp import web

from pixelhost.core import uploads
from pixelhost.core.callers import Caller
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.pixeldrain import shapes
from pixelhost.plans import Plan
from pixelhost.site import Site
from pixelhost.web import pages, sharex
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of


async def show(request: web.Request) -> web.Response:
    """GET /"""
    site, caller = site_of(request), caller_of(request)
    here = dialect.here(request)
    if caller.user is None:
        return pages.answer(request, "home.html", here=here)
    plan = site.plan(caller.user.plan_id)
    return pages.answer(
        request,
        "upload.html",
        here=here,
        sharex_url=sharex.path_at(here),
        plan=plan,
        refusal=await _refusal(site, caller),
        room=pages.embedded(_room(caller.user, plan)),
    )


async def _refusal(site: Site, caller: Caller) -> ApiError | None:
    """Why not even the smallest file would be taken now."""
    try:
        await site.runtime.refuse_writing()
        uploads.admit(site, caller, None)
    except ApiError as refusal:
        return refusal
    return None


def _room(user: User, plan: Plan) -> dict[str, Any]:
    """What a script refuses a file by before it is sent: members of GET /user, and how many files the plan allows."""
    return {
        "subscription": shapes.subscription(plan),
        "storage_space_used": user.storage_used_bytes,
        "file_count": user.file_count,
        "file_count_limit": plan.file_count_limit,
    }
