"""What is taken down: the list, the form for letters of reporters, and one takedown with what it took down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from pixelhost.core import blocking, takedowns
from pixelhost.core.blocking import Blocked
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import abusetypes, forms, pages, sections
from pixelhost.web.account import problems
from pixelhost.web.administration import frame, paging, takedownform
from pixelhost.web.administration.paging import PER_PAGE
from pixelhost.web.forms import Problems
from pixelhost.wire import params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length


@dataclass(frozen=True)
class Look:
    """`q` is how a digest begins."""

    q: Annotated[str, Length(0, takedowns.DIGEST_LENGTH)] = ""
    page: Annotated[int, Between(1, 1_000_000)] = 1


@dataclass(frozen=True)
class Block:
    text: str
    type: str
    reporter: Annotated[str, Length(1, takedowns.REPORTER_MAX)]
    note: Annotated[str, Length(0, takedowns.NOTE_MAX)] = ""


async def show(request: web.Request) -> web.Response:
    """GET /admin/takedowns?q=&page="""
    frame.admin_of(request)
    return await _page(request, {}, forms.NONE)


async def block(request: web.Request) -> web.Response:
    """POST /admin/takedowns: takes down what `text` names, and says what that was."""
    frame.admin_of(request)
    site, sent = site_of(request), await forms.sent(request)
    try:
        by = await blocking.authority(site, caller_of(request))
        wanted = params.from_text({name: text.strip() for name, text in sent.items()}, Block)
        blocked = await blocking.block(site, by, wanted.text, wanted.type, wanted.reporter, wanted.note)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))
    return await _page(request, {}, forms.NONE, blocked)


async def show_one(request: web.Request) -> web.Response:
    """GET /admin/takedowns/{takedown}"""
    frame.admin_of(request)
    found, copies = await takedowns.one(site_of(request), _number(request))
    return frame.answer(
        request,
        "takedown.html",
        takedown=found,
        shown=takedowns.shown(found),
        copies=copies,
        types=abusetypes.TAKEN_DOWN,
    )


async def lift(request: web.Request) -> web.Response:
    """POST /admin/takedowns/{takedown}"""
    frame.admin_of(request)
    await takedowns.lift(site_of(request), caller_of(request), _number(request))
    return pages.see_other("/admin/takedowns", done="lifted")


async def _page(
    request: web.Request, sent: Mapping[str, str], found: Problems, blocked: Blocked | None = None
) -> web.Response:
    look = sections.look(request, Look)
    ones, total = await takedowns.search(site_of(request), "", look.q, PER_PAGE, (look.page - 1) * PER_PAGE)
    paged = paging.of(look.page, total)
    if paged.is_beyond:
        return pages.see_other(sections.address(request, page=paged.pages))
    return frame.answer(
        request,
        "takedowns.html",
        found.status,
        look=look,
        takedowns=[(one, takedowns.shown(one)) for one in ones],
        paged=paged,
        to=lambda **changes: sections.address(request, **changes),
        types=abusetypes.TAKEN_DOWN,
        blocked=blocked,
        **takedownform.fields(request, sent, found),
    )


def _number(request: web.Request) -> int:
    return target.path_number(request, 2, "takedown")
