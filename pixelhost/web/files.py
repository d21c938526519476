"""The page of a file."""

import codecs
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import hdrs, web

from pixelhost.core import access, customization, gates, stats, storage
from pixelhost.core.callers import Caller
from pixelhost.errors import ApiError
from pixelhost.model import File
from pixelhost.pixeldrain import shapes
from pixelhost.site import Site
from pixelhost.web import languages, opengraph, pages, refusals, viewers
from pixelhost.wire import target
from pixelhost.wire.dialect import caller_of, site_of

PREVIEW_BYTES: Final = 256 << 10
DOWNLOADERS: Final = ("curl/", "wget/")

BYTE_ORDER_MARKS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Preview:
    text: str
    is_truncated: bool


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
    """GET /u/{id}: the page of a file. Programs that save what they are given get the file instead, and so does
    everybody where the owner wants it.
    """
    site, caller = site_of(request), caller_of(request)
    file = await access.file(site, target.path_segment(request, 1, "id"))
    raw_url = pages.content_url(site, f"/file/{file.id}")
    refusal = gates.standing(site, caller, file)
    if _is_skipped(request, file, refusal) or caller.user_agent.lower().startswith(DOWNLOADERS):
        return web.Response(status=303, headers={hdrs.LOCATION: raw_url, hdrs.CACHE_CONTROL: "no-cache"})
    if refusal is not None and refusal.status == 451:
        raise refusal
    # What is gone after some downloads is not spent by looking at its page.
    viewer = "other" if file.delete_after_downloads else viewers.viewer_of(file.mime_type)
    preview = await _preview(site, file) if viewer == "text" and refusal is None else None
    if request.method == hdrs.METH_GET:
        stats.note_view(site, caller, file)
    here = pages.here(request)
    return pages.answer(
        request,
        "file.html",
        content_origin=site.settings.content_origin,
        file=file,
        info=pages.embedded(shapes.file_info(site, caller, file)),
        raw_url=raw_url,
        page_url=f"{here}/u/{file.id}",
        tags=opengraph.of_file(
            languages.of(request), here, file, raw_url if site.settings.content_origin else here + raw_url
        ),
        viewer="refused" if refusal else viewer,
        refused=refusals.saying(refusal) if refusal else None,
        preview=preview,
        branding=await _branding(site, caller, file),
        expires_at=_expires_at(site, file),
    )


def _is_skipped(request: web.Request, file: File, refusal: ApiError | None) -> bool:
    """Whether the owner wants no page. What can't be downloaded from here as it is has one that says what to do."""
    plan, terms = site_of(request).plan(file.owner_plan_id), file.owner_terms
    origin = gates.Origin(request.headers.get(hdrs.REFERER), request.host)
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


async def _preview(site: Site, file: File) -> Preview:
    head = await storage.head_of(site, file.blob, PREVIEW_BYTES)
    return decoded(head, is_truncated=len(head) < file.size_bytes)


def decoded(head: bytes, *, is_truncated: bool) -> Preview:
    """UTF-8, or UTF-16 by its byte order mark; what is neither is replaced. A character cut in two is left out."""
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8-sig")
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return Preview(decoder.decode(head, final=not is_truncated), is_truncated)


def _expires_at(site: Site, file: File) -> datetime | None:
    """When the owner's plan lets this file go unless it is downloaded; None where it keeps files."""
    days = site.plan(file.owner_plan_id).file_expiry_days
    return file.kept_at + timedelta(days=days) if days > 0 else None
