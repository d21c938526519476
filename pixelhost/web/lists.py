"""The page of a list."""

from typing import Any, Final

from aiohttp import web

from pixelhost.core import access, gates
from pixelhost.core.callers import Caller
from pixelhost.model.files import FileList
from pixelhost.pixeldrain import shapes
from pixelhost.site import Site
from pixelhost.web import languages, listitem, opengraph, pages
from pixelhost.web.views import Asked
from pixelhost.wire import dialect, params, target
from pixelhost.wire.dialect import caller_of, site_of

EMBEDDED_MAX: Final = 1000


async def show(request: web.Request) -> web.Response:
    """GET /l/{id}: the files of a list; with `?item=`, 0 for the first, one of them. Frames of other sites, `?embed`,
    begin with the first.
    """
    found = await access.file_list(site_of(request), target.path_segment(request, 1, "id"))
    asked = params.query(request, Asked)
    if not found.files or (asked.item is None and not asked.embed):
        return _gallery(request, found)
    return await listitem.answer(request, found, asked)


def _gallery(request: web.Request, found: FileList) -> web.Response:
    """All of them on one page, pictures loaded as they come into view."""
    site, caller = site_of(request), caller_of(request)
    size_bytes = sum(listed.file.size_bytes for listed in found.files)
    info = _info(site, caller, found)
    here = dialect.here(request)
    return pages.answer(
        request,
        "list.html",
        content_origin=site.settings.content_origin,
        found=found,
        can_edit=caller.owns(found.owner_id),
        blocked=_blocked(site, caller, found),
        embed_id=found.files[0].file.id if found.files and found.files[0].file.owner_terms.embed_domains else "",
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
