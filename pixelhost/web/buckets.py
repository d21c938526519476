"""The page of somebody's filesystem as a whole: what it holds, and what of it is shared."""

from aiohttp import web

from pixelhost.core import shares
from pixelhost.web import nodepaths, pages
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of


async def show(request: web.Request) -> web.Response:
    """GET /d"""
    site, caller = site_of(request), caller_of(request)
    user = caller.require_user()
    found = await shares.of_caller(site, caller)
    return pages.answer(
        request,
        "nodes/buckets.html",
        node_count=user.node_count,
        used_bytes=user.filesystem_used_bytes,
        shares=[
            (share.node, "/".join(share.path.names), nodepaths.page(share.path), f"/d/{share.node.share_id}")
            for share in found
        ],
        site_url=dialect.here(request),
    )
