"""Appeals that wait for a decision."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from pixelhost.core import appeals, takedowns
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import abusetypes, forms, pages
from pixelhost.web.account import problems
from pixelhost.web.administration import frame
from pixelhost.web.forms import Problems
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length


@dataclass(frozen=True)
class Decision:
    appeal: Annotated[int, Between(1, 10**18)]
    action: str = ""
    answer: Annotated[str, Length(0, appeals.ANSWER_MAX)] = ""


async def show(request: web.Request) -> web.Response:
    """GET /admin/appeals"""
    frame.admin_of(request)
    return await _page(request, forms.NONE)


async def decide(request: web.Request) -> web.Response:
    """POST /admin/appeals: with `action=grant` what was taken down is back, else it stays so."""
    frame.admin_of(request)
    site, caller = site_of(request), caller_of(request)
    try:
        wanted = params.from_text(await forms.sent(request), Decision)
        if wanted.action == "grant":
            await appeals.grant(site, caller, wanted.appeal)
            return pages.see_other(request.path, done="lifted")
        await appeals.reject(site, caller, wanted.appeal, wanted.answer.strip())
    except (ApiError, ApiErrors) as error:
        return await _page(request, problems.of(request, error))
    return pages.see_other(request.path, done="rejected")


async def _page(request: web.Request, found: Problems) -> web.Response:
    waiting = await appeals.undecided(site_of(request))
    return frame.answer(
        request,
        "appeals.html",
        found.status,
        appeals=[(one, takedowns.shown(one.takedown)) for one in waiting],
        types=abusetypes.TAKEN_DOWN,
        problems=found,
        answer_max=appeals.ANSWER_MAX,
    )
