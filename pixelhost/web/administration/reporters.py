"""Those who report abuse by trade, and what they may take down by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import web

from pixelhost.core import reporters
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import abusetypes, forms, pages
from pixelhost.web.account import problems
from pixelhost.web.administration import frame
from pixelhost.web.forms import Problems
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

EMAIL_MAX: Final = 254
TYPE: Final = "type:"
"""What the names of checkboxes begin with; a type follows."""
FIELDS: Final[Mapping[str, str]] = {
    "user_not_found": "user",
    "resource_already_exists": "user",
    "invalid_email_address": "from_address",
}


@dataclass(frozen=True)
class Reporter:
    name: Annotated[str, Length(1, reporters.NAME_MAX)]
    from_address: Annotated[str, Length(0, EMAIL_MAX)] = ""
    user: str = ""


@dataclass(frozen=True)
class Removed:
    remove: str


async def show(request: web.Request) -> web.Response:
    """GET /admin/reporters"""
    frame.admin_of(request)
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /admin/reporters: `remove` is the name of one that goes, else one is made or changed."""
    frame.admin_of(request)
    site, caller, sent = site_of(request), caller_of(request), await forms.sent(request)
    try:
        if "remove" in sent:
            await reporters.delete(site, caller, params.from_text(sent, Removed).remove)
            return pages.see_other(request.path, done="reporter_removed")
        wanted = params.from_text({name: text.strip() for name, text in sent.items()}, Reporter)
        types = [name.removeprefix(TYPE) for name in sent if name.startswith(TYPE)]
        await reporters.save(site, caller, wanted.name, wanted.from_address, wanted.user, types)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error, FIELDS))
    return pages.see_other(request.path, done="saved")


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    return frame.answer(
        request,
        "reporters.html",
        found.status,
        reporters=await reporters.everyone(site_of(request)),
        types=abusetypes.TAKEN_DOWN,
        type_prefix=TYPE,
        sent=sent,
        problems=found,
        name_max=reporters.NAME_MAX,
        email_max=EMAIL_MAX,
    )
