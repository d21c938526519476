"""Reports of abuse, by the file that they are about, and what is decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from aiohttp import web

from pixelhost.core import reportqueue, takedowns
from pixelhost.core.reportqueue import Status
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import abusetypes, forms, pages, sections
from pixelhost.web.account import problems
from pixelhost.web.administration import frame, paging, takedownform
from pixelhost.web.administration.paging import PER_PAGE
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import content, params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length

THUMBNAIL_CACHE: Final = "private, max-age=300"
STATUSES: Final[Mapping[Status, str]] = {
    "pending": mark("To be decided"),
    "granted": mark("Taken down"),
    "rejected": mark("Rejected"),
}


@dataclass(frozen=True)
class Look:
    """Which reports, and which page of them."""

    status: Status = "pending"
    page: Annotated[int, Between(1, 1_000_000)] = 1


@dataclass(frozen=True)
class Verdict:
    type: str = ""
    reporter: Annotated[str, Length(1, takedowns.REPORTER_MAX)] = ""
    note: Annotated[str, Length(0, takedowns.NOTE_MAX)] = ""


async def show(request: web.Request) -> web.Response:
    """GET /admin/reports?status=&page="""
    frame.admin_of(request)
    look, now = sections.look(request, Look), site_of(request).clock.now()
    since = datetime.min.replace(tzinfo=now.tzinfo)
    offset = (look.page - 1) * PER_PAGE
    queue = await reportqueue.waiting(
        site_of(request), look.status, since, now + timedelta(seconds=1), PER_PAGE, offset
    )
    paged = paging.of(look.page, queue.total)
    if paged.is_beyond:
        return pages.see_other(sections.address(request, page=paged.pages))
    return frame.answer(
        request,
        "reports.html",
        look=look,
        queue=queue,
        statuses=STATUSES,
        types=abusetypes.TAKEN_DOWN,
        paged=paged,
        to=lambda **changes: sections.address(request, **changes),
    )


async def show_one(request: web.Request) -> web.Response:
    """GET /admin/reports/{file}"""
    frame.admin_of(request)
    return await _page(request, {}, forms.NONE)


async def decide(request: web.Request) -> web.Response:
    """POST /admin/reports/{file}: `action` is `grant` or `reject`."""
    frame.admin_of(request)
    site, caller, sent = site_of(request), caller_of(request), await forms.sent(request)
    file_id = target.path_segment(request, 2, "file")
    try:
        if sent.get("action") == "reject":
            await reportqueue.reject(site, caller, file_id)
            return pages.see_other("/admin/reports", done="rejected")
        wanted = params.from_text({name: text.strip() for name, text in sent.items()}, Verdict)
        await reportqueue.grant(site, caller, file_id, wanted.type, wanted.reporter, wanted.note)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))
    return pages.see_other(request.path, done="taken_down")


async def thumbnail(request: web.Request) -> web.StreamResponse:
    """GET /admin/reports/{file}/thumbnail: of what was taken down too."""
    frame.admin_of(request)
    made = await reportqueue.thumbnail(site_of(request), caller_of(request), target.path_segment(request, 2, "file"))
    return await content.send_bytes(request, made.png, "image/png", made.etag, cache_control=THUMBNAIL_CACHE)


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    facts = await reportqueue.facts(site_of(request), target.path_segment(request, 2, "file"))
    return frame.answer(
        request,
        "report.html",
        found.status,
        facts=facts,
        file=facts.reported.file,
        reports=facts.reported.reports,
        statuses=STATUSES,
        types=abusetypes.TAKEN_DOWN,
        copies=[(one, takedowns.page(one)) for one in facts.copies],
        **takedownform.fields(request, sent, found, facts.reported.type),
    )
