"""What can be switched while the instance runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pixelhost.core.runtime import GLOBALS
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, pages
from pixelhost.web.account import problems
from pixelhost.web.administration import frame
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import params
from pixelhost.wire.dialect import site_of

SAID: Final[Mapping[str, tuple[str, str]]] = {
    "read_only_mode": (
        mark("Read-only mode"),
        mark("Refuse everything that writes, but logins and administration. Downloads go on."),
    ),
}
"""Names and meanings for people."""
assert SAID.keys() == GLOBALS.keys()


@dataclass(frozen=True)
class Change:
    key: str
    value: str


async def show(request: web.Request) -> web.Response:
    """GET /admin/globals"""
    frame.admin_of(request)
    return await _page(request, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /admin/globals with `key` and `value`."""
    frame.admin_of(request)
    try:
        wanted = params.from_text(await forms.sent(request), Change)
        await site_of(request).runtime.set(wanted.key, wanted.value)
    except (ApiError, ApiErrors) as error:
        return await _page(request, problems.of(request, error))
    return pages.see_other(request.path, done="saved")


async def _page(request: web.Request, found: Problems) -> web.Response:
    values = await site_of(request).runtime.values()
    return frame.answer(request, "globals.html", found.status, said=SAID, values=values, problems=found)
