"""Connecting a program: it sends the browser here with its name, and gets a key if the visitor agrees."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core.login import APP_NAME_MAX
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, pages, sections, sharex
from pixelhost.web.account import frame, keys, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import dialect


@dataclass(frozen=True)
class App:
    """A program that is known. `does` says what it is, `next_step` what to do with the key."""

    name: str
    does: str
    next_step: str


APPS: Final = {
    app.name.lower(): app
    for app in (
        App(
            "JDownloader",
            mark("A download manager. With a key it downloads as your account."),
            mark("In JDownloader open Settings, Account Manager, Add, choose Pixeldrain, and paste the key there."),
        ),
        App(
            "ShareX",
            mark("Takes screenshots on Windows, uploads them and copies their links."),
            mark("Save the configuration below and open it with ShareX."),
        ),
        App(
            "rclone",
            mark("Copies and synchronises whole directories with your filesystem, from the command line."),
            mark("Paste these lines into rclone.conf; rclone config file tells where it is."),
        ),
    )
}


async def show(request: web.Request) -> web.Response:
    """GET /user/connect_app?app=NAME: who asks; without a name the programs that are known."""
    return await _page(request, forms.NONE)


async def connect(request: web.Request) -> web.Response:
    """POST /user/connect_app?app=NAME: makes the key; shown after a redirect, so that reloading makes no other."""
    frame.account_of(request)
    name = _name(request)
    try:
        if not name:
            raise errors.MISSING_FIELD(field="app")
        known = APPS.get(name.lower())
        made = await keys.make(request, {"app_name": known.name if known else name})
    except (ApiError, ApiErrors) as error:
        return await _page(request, problems.of(request, error))
    return pages.see_other(sections.address(request, made=str(made.id)))


async def _page(request: web.Request, found: Problems) -> web.Response:
    frame.account_of(request)
    name = _name(request)
    known = APPS.get(name.lower())
    made, here = await keys.made_of(request), dialect.here(request)
    return frame.answer(
        request,
        "connect.html",
        found.status,
        problems=found,
        name=known.name if known else name,
        known=known,
        made=made,
        apps=APPS.values(),
        name_max=APP_NAME_MAX,
        here=here,
        sharex_path=sharex.path_at(here),
        is_self_named=known is None,
    )


def _name(request: web.Request) -> str:
    return request.query.get("app", "").strip()
