"""The page on which an owner says that a takedown is wrong."""

from collections.abc import Mapping

from aiohttp import web

from pixelhost.core import appeals, takedowns
from pixelhost.core.nodes import Place
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.files import File
from pixelhost.web import abusetypes, forms, pages
from pixelhost.web.account import problems
from pixelhost.web.forms import Problems
from pixelhost.wire import target
from pixelhost.wire.dialect import caller_of, site_of


async def of_file(request: web.Request, file: File) -> str:
    """Where the owner of a file that was taken down appeals; empty for everybody else."""
    number = await appeals.against_file(site_of(request), caller_of(request), file)
    return f"/appeal/{number}" if number is not None else ""


async def of_node(request: web.Request, place: Place) -> str:
    """The same of a node."""
    number = await appeals.against_node(site_of(request), place)
    return f"/appeal/{number}" if number is not None else ""


async def show(request: web.Request) -> web.Response:
    """GET /appeal/{id}"""
    return await _page(request, {}, forms.NONE)


async def send(request: web.Request) -> web.Response:
    """POST /appeal/{id} with `text`."""
    caller_of(request).require_user()
    sent = await forms.sent(request)
    try:
        await appeals.add(site_of(request), caller_of(request), _number(request), sent.get("text", "").strip())
    except (ApiError, ApiErrors) as error:
        if error.status == 404:
            raise
        return await _page(request, sent, problems.of(request, error))
    return pages.see_other(request.path, done="appealed")


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    case = await appeals.case(site_of(request), caller_of(request), _number(request))
    return pages.answer(
        request,
        "appeal.html",
        found.status,
        case=case,
        reason=abusetypes.TAKEN_DOWN.get(case.takedown.type, case.takedown.type),
        things=[(one.name.lstrip("/") if one.is_node else one.name, takedowns.page(one)) for one in case.things],
        sent=sent,
        problems=found,
        text_max=appeals.TEXT_MAX,
    )


def _number(request: web.Request) -> int:
    return target.path_number(request, 1, "id")
