"""The page of a file in a filesystem."""

from aiohttp import hdrs, web

from pixelhost.core import gates, nodes, nodestats
from pixelhost.core.gates import Origin
from pixelhost.core.nodes import Place
from pixelhost.errors import ApiError
from pixelhost.model.files import Blob
from pixelhost.pixeldrain import shapes
from pixelhost.web import captchas, documents, fileplots, languages, listing, nodepaths, pages, refusals, viewed, views
from pixelhost.web.files import DOWNLOADERS
from pixelhost.web.views import Asked
from pixelhost.wire import dialect, params
from pixelhost.wire.dialect import caller_of, site_of


async def show(request: web.Request, place: Place, blob: Blob) -> web.StreamResponse:
    """Programs that save what they are given get the file itself."""
    site, caller = site_of(request), caller_of(request)
    raw_url = nodepaths.content(request, place, place.path)
    if caller.user_agent.lower().startswith(DOWNLOADERS):
        return web.Response(status=303, headers={hdrs.LOCATION: raw_url, hdrs.CACHE_CONTROL: "no-cache"})
    asked = params.query(request, Asked)
    refusal = await _refusal_of(request, place)
    shown = viewed.of_node(request, place, blob)
    view = await views.of(site, shown, asked) if refusal is None else None
    captcha = captchas.of(site, refusal, f"{raw_url}?attach")
    before, after = await _neighbours(request, place)
    return pages.answer(
        request,
        "node.html",
        refusal.status if refusal else 200,
        content_origin=site.settings.content_origin,
        policy=view.policy if view else captcha.policy if captcha else pages.NO_MORE,
        **await nodepaths.common(request, place),
        viewed=shown,
        asked=asked,
        viewer=view.viewer if view else "refused",
        reason=view.reason if view else "",
        refused=refusals.saying(refusal) if refusal else None,
        captcha=captcha,
        virus_name=place.node.virus_name,
        **(view.facts if view else {}),
        raw_url=raw_url,
        before=before,
        after=after,
        page_url=dialect.here(request) + nodepaths.page(place.path),
        totals=await nodestats.totals(site, caller, place.path),
        stats_url=nodepaths.stats(place.path),
        plots=await fileplots.of_node(site, languages.of(request), caller, place.path, asked.range),
        stat=pages.embedded(await shapes.node_stat(site, caller, place, [])),
    )


async def rendered(request: web.Request, place: Place, blob: Blob) -> web.Response:
    """GET /d/{path}?rendered: a markdown document for the frame on its page."""
    if refusal := await _refusal_of(request, place):
        raise refusal
    return await documents.answer(request, viewed.of_node(request, place, blob), "'self'")


async def _refusal_of(request: web.Request, place: Place) -> ApiError | None:
    """Why its bytes can't be had from its page now; None when they can."""
    try:
        await gates.refuse(site_of(request), caller_of(request), place.node, Origin(host=request.host))
    except ApiError as refusal:
        return refusal
    return None


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
