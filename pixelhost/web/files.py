"""The page of a file."""

from typing import Final

from aiohttp import hdrs, web

from pixelhost.core import access, gates, stats
from pixelhost.core.gates import Origin
from pixelhost.errors import ApiError
from pixelhost.model.files import File
from pixelhost.web import appealing, documents, filefacts, pages, refusals, viewed, views
from pixelhost.web.views import Asked
from pixelhost.wire import dialect, params, target
from pixelhost.wire.dialect import caller_of, site_of

DOWNLOADERS: Final = ("curl/", "wget/")


async def show(request: web.Request) -> web.Response:
    """GET /u/{id}: the page of a file, with `?embed` for the frames of other sites. Programs that save what they are
    given get the file instead, and so does everybody where the owner wants it.
    """
    site, caller = site_of(request), caller_of(request)
    file = await access.file(site, target.path_segment(request, 1, "id"))
    refusal = await refusal_of(request, file)
    if _is_skipped(request, file, refusal) or caller.user_agent.lower().startswith(DOWNLOADERS):
        raw_url = pages.content_url(site, f"/file/{file.id}")
        return web.Response(status=303, headers={hdrs.LOCATION: raw_url, hdrs.CACHE_CONTROL: "no-cache"})
    if refusal is not None and refusal.status == 451:
        request[refusals.APPEAL] = await appealing.of_file(request, file)
        raise refusal
    asked = params.query(request, Asked)
    facts = await filefacts.of(request, file, refusal, asked)
    if request.method == hdrs.METH_GET:
        stats.note_view(site, caller, file)
    return pages.answer(
        request,
        "embed.html" if asked.embed else "file.html",
        refusal.status if refusal else 200,
        content_origin=site.settings.content_origin,
        policy=facts.policy,
        page_url=f"{dialect.here(request)}/u/{file.id}",
        **facts.shown,
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
