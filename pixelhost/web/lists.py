"""The page of a list."""

from typing import Any, Final

from aiohttp import web

from pixelhost.core import access, gates
from pixelhost.core.callers import Caller
from pixelhost.model import FileList
from pixelhost.pixeldrain import shapes
from pixelhost.site import Site
from pixelhost.web import languages, opengraph, pages
from pixelhost.wire import target
from pixelhost.wire.dialect import caller_of, site_of

EMBEDDED_MAX: Final = 1000


async def show(request: web.Request) -> web.Response:
    """GET /l/{id}: the files of a list, all of them on one page, pictures loaded as they come into view."""
    site, caller = site_of(request), caller_of(request)
    found = await access.file_list(site, target.path_segment(request, 1, "id"))
    size_bytes = sum(listed.file.size_bytes for listed in found.files)
    info = _info(site, caller, found)
    here = pages.here(request)
    return pages.answer(
        request,
        "list.html",
        content_origin=site.settings.content_origin,
        found=found,
        blocked=_blocked(site, caller, found),
        size_bytes=size_bytes,
        info=pages.embedded(info) if info else None,
        page_url=f"{here}/l/{found.id}",
        zip_url=pages.content_url(site, f"/list/{found.id}/zip"),
        tags=opengraph.of_list(languages.of(request), here, found, size_bytes),
    )


def _info(site: Site, caller: Caller, found: FileList) -> dict[str, Any] | None:
    """What the API answers. For 10,000 files that is five times as much as the page, and the page works without."""
    return shapes.file_list(site, caller, found) if len(found.files) <= EMBEDDED_MAX else None


def _blocked(site: Site, caller: Caller, found: FileList) -> set[str]:
    """IDs of the files that this caller can't download."""
    return {listed.file.id for listed in found.files if gates.standing(site, caller, listed.file)}
