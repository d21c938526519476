"""The page of a file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import hdrs, web

from pixelhost.core import access, customization, gates, stats
from pixelhost.core.callers import Caller
from pixelhost.core.gates import Origin
from pixelhost.errors import ApiError
from pixelhost.model import File
from pixelhost.pixeldrain import shapes
from pixelhost.site import Site
from pixelhost.web import documents, fileplots, languages, opengraph, pages, refusals, viewed, views
from pixelhost.web.views import Asked
from pixelhost.wire import params, target
from pixelhost.wire.dialect import caller_of, site_of

DOWNLOADERS: Final = ("curl/", "wget/")


@dataclass(frozen=True)
class Branding:
    """What the owner makes of the page. `theme` is light, dark, or that of the visitor; images are URLs."""

    theme: str
    header_image: str | None
    header_link: str | None
    background_image: str | None
    footer_image: str | None
    footer_link: str | None
    prompt: str | None
    has_download_button: bool
    has_share_button: bool


async def show(request: web.Request) -> web.Response:
    """GET /u/{id}: the page of a file, with `?embed` for the frames of other sites. Programs that save what they are
    given get the file instead, and so does everybody where the owner wants it.
    """
    site, caller = site_of(request), caller_of(request)
    file = await access.file(site, target.path_segment(request, 1, "id"))
    raw_url = pages.content_url(site, f"/file/{file.id}")
    refusal = await refusal_of(request, file)
    if _is_skipped(request, file, refusal) or caller.user_agent.lower().startswith(DOWNLOADERS):
        return web.Response(status=303, headers={hdrs.LOCATION: raw_url, hdrs.CACHE_CONTROL: "no-cache"})
    if refusal is not None and refusal.status == 451:
        raise refusal
    asked = params.query(request, Asked)
    shown = viewed.of_file(site, file)
    view = await views.of(site, shown, asked) if refusal is None else None
    if request.method == hdrs.METH_GET:
        stats.note_view(site, caller, file)
    here, language = pages.here(request), languages.of(request)
    policy = dict(view.policy) if view else {}
    return pages.answer(
        request,
        "embed.html" if asked.embed else "file.html",
        refusal.status if refusal else 200,
        content_origin=site.settings.content_origin,
        policy=policy | ({"frame-ancestors": views.framers(file)} if asked.embed else {}),
        file=file,
        viewed=shown,
        is_own=caller.owns(file.owner_id),
        info=pages.embedded(shapes.file_info(site, caller, file)),
        raw_url=raw_url,
        page_url=f"{here}/u/{file.id}",
        tags=opengraph.of_file(language, here, file, raw_url if site.settings.content_origin else here + raw_url),
        asked=asked,
        viewer=view.viewer if view else "refused",
        reason=view.reason if view else "",
        refused=refusals.saying(refusal) if refusal else None,
        **(view.facts if view else {}),
        branding=await _branding(site, caller, file),
        plots=await fileplots.of_file(site, language, file.id, asked.range),
        expires_at=_expires_at(site, file),
    )


async def rendered(request: web.Request) -> web.Response:
    """GET /u/{id}/rendered: a markdown document for the frame on its page, in a sandbox. Counts nothing."""
    site = site_of(request)
    file = await access.file(site, target.path_segment(request, 1, "id"))
    if refusal := await refusal_of(request, file):
        raise refusal
    return await documents.answer(request, viewed.of_file(site, file), views.framers(file))


async def refusal_of(request: web.Request, file: File) -> ApiError | None:
    """Why its bytes can't be had from its page now; None when they can."""
    try:
        await gates.refuse(site_of(request), caller_of(request), file, Origin(host=request.host))
    except ApiError as refusal:
        return refusal
    return None


def _is_skipped(request: web.Request, file: File, refusal: ApiError | None) -> bool:
    """Whether the owner wants no page. What can't be downloaded from here as it is has one that says what to do."""
    plan, terms = site_of(request).plan(file.owner_plan_id), file.owner_terms
    origin = Origin(request.headers.get(hdrs.REFERER), request.host)
    return terms.skip_file_viewer and refusal is None and gates.hotlinked(plan, terms, origin) is None


async def _branding(site: Site, caller: Caller, file: File) -> Branding:
    chosen = customization.shown(site.plan(file.owner_plan_id), file.owner_terms)
    images = {}
    for name in customization.IMAGES:
        image = await customization.image(site, caller, file, name)
        images[name] = pages.content_url(site, f"/file/{image.id}") if image else None
    return Branding(
        theme=chosen.get("theme", "").rpartition("_")[2],
        header_image=images["header_image"],
        header_link=chosen.get("header_link"),
        background_image=images["background_image"],
        footer_image=images["footer_image"],
        footer_link=chosen.get("footer_link"),
        prompt=chosen.get("affiliate_prompt"),
        has_download_button="disable_download_button" not in chosen,
        has_share_button="disable_share_button" not in chosen,
    )


def _expires_at(site: Site, file: File) -> datetime | None:
    """When the owner's plan lets this file go unless it is downloaded; None where it keeps files."""
    days = site.plan(file.owner_plan_id).file_expiry_days
    return file.kept_at + timedelta(days=days) if days > 0 else None
