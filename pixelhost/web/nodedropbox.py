"""The page of a share that takes files and shows nothing of what is in it; and what comes instead of it for others."""

from collections.abc import Mapping

from aiohttp import web

from pixelhost import errors
from pixelhost.core import dropboxes, nodes
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.errors import ApiError
from pixelhost.web import forms, nodelock, nodepanels, nodepaths, nodetheme
from pixelhost.wire.dialect import caller_of, site_of


async def show(request: web.Request, path: Path, query: Mapping[str, str]) -> web.Response:
    """What is at a path that the caller may not read."""
    place = await dropboxes.writable(site_of(request), caller_of(request), path)
    if place is None:
        return await nodelock.show(request, path, is_closed=True)
    if "theme" in query:
        return nodetheme.show(place)
    return await nodepanels.upload(request, place, {}, forms.NONE)


async def place(request: web.Request) -> Place:
    """Where files are brought to, whether or not it may be read. Raises as `nodes.readable`."""
    site, caller, path = site_of(request), caller_of(request), nodepaths.asked(request)
    try:
        return await nodes.readable(site, caller, path)
    except ApiError as refusal:
        is_closed = refusal.kind is errors.PERMISSION_DENIED and path.bucket != ME
        box = await dropboxes.writable(site, caller, path) if is_closed else None
        if box is None:
            raise
        return box
