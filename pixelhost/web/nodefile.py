"""The page of a file in a filesystem."""

from typing import Final

from aiohttp import hdrs, web
from markupsafe import Markup

from pixelhost.core import nodes, previews
from pixelhost.core.nodes import Place
from pixelhost.pixeldrain import shapes
from pixelhost.web import listing, nodepaths, pages
from pixelhost.web.files import DOWNLOADERS
from pixelhost.wire.dialect import caller_of, site_of

PREVIEW_BYTES: Final = 256 << 10

SHOWN_BY_BROWSERS: Final = frozenset(
    {
        *("image/apng", "image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/svg+xml"),
        *("image/webp", "image/x-icon"),
    }
)


async def show(request: web.Request, place: Place) -> web.StreamResponse:
    """Programs that save what they are given get the file itself."""
    site, caller = site_of(request), caller_of(request)
    raw_url = nodepaths.content(request, place, place.path)
    if caller.user_agent.lower().startswith(DOWNLOADERS):
        return web.Response(status=303, headers={hdrs.LOCATION: raw_url, hdrs.CACHE_CONTROL: "no-cache"})
    viewer = _viewer_of(place)
    before, after = await _neighbours(request, place)
    return pages.answer(
        request,
        "node.html",
        content_origin=site.settings.content_origin,
        **await nodepaths.common(request, place),
        viewer=viewer,
        raw_url=raw_url,
        thumbnail_url=f"{nodepaths.api(place.path)}?thumbnail&width=256&height=256",
        preview=await _preview(request, place) if viewer == "text" else None,
        before=before,
        after=after,
        page_url=pages.here(request) + nodepaths.page(place.path),
        stat=pages.embedded(await shapes.node_stat(site, caller, place, [])),
    )


def _viewer_of(place: Place) -> str:
    icon = listing.icon_of(place.node)
    if place.node.abuse_type:
        return "refused"
    if icon == "image":
        return "image" if place.node.mime_type in SHOWN_BY_BROWSERS else "other"
    return icon if icon in {"video", "audio", "text"} else "other"


async def _preview(request: web.Request, place: Place) -> tuple[Markup, bool]:
    """HTML, and whether there is more."""
    node = place.node
    assert node.blob is not None
    found = await previews.of_text(site_of(request), node.blob, node.name, node.mime_type, PREVIEW_BYTES)
    return Markup("\n".join(found.lines)), found.is_truncated  # noqa: S704 - lines of a preview are escaped


async def _neighbours(request: web.Request, place: Place) -> tuple[str | None, str | None]:
    """Addresses of the files before and after this one, in the order that the visitor sees them in."""
    if place.is_bucket:
        return None, None
    site, caller = site_of(request), caller_of(request)
    up = await nodes.readable(site, caller, nodepaths.parent(place.path))
    children = listing.ordered(await nodes.readable_outlines(site, caller, up), listing.manner_of(request))
    shown = [child for child in children if not child.is_directory]
    at = next((index for index, child in enumerate(shown) if child.id == place.node.id), None)
    if at is None:
        return None, None
    near = [shown[at - 1] if at else None, shown[at + 1] if at + 1 < len(shown) else None]
    before, after = (nodepaths.page(up.path.child(one.name)) if one else None for one in near)
    return before, after
