"""A file that is to be sent: its name and category, its trash and its end, and its bytes."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from aiohttp import web

from pixelhost.core import categories, pins, transferfiles
from pixelhost.core.transferfiles import Change
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, languages, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.web.transfers import frame, problems
from pixelhost.wire import content
from pixelhost.wire.dialect import BEGUN, caller_of, site_of

PLACE: Final = "/user/transfers"
FILES: Final = "/user/transfers/files"
NOTHING_HAS_IT: Final = UUID(int=0)


async def show(request: web.Request) -> web.Response:
    """GET /user/transfers/files/{id}"""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.StreamResponse:
    """POST /user/transfers/files/{id}: one of ACTIONS."""
    await transferfiles.own(site_of(request), caller_of(request), frame.id_of(request))
    sent = await forms.sent(request)
    try:
        return await ACTIONS.get(sent.get("action", ""), _save)(request, sent)
    except (ApiError, ApiErrors) as error:
        if BEGUN in request:
            raise  # no page after half a file
        return await _page(request, sent, problems.of(request, error))


async def _save(request: web.Request, sent: Mapping[str, str]) -> web.StreamResponse:
    text = sent.get("category_id", "")
    category_id = (frame.uuid(text) or NOTHING_HAS_IT) if text else None
    await _change(request, Change(stem=sent.get("filename", "").strip(), category_id=category_id))
    return pages.see_other(request.path, done="saved")


async def _trash(request: web.Request, _sent: Mapping[str, str]) -> web.StreamResponse:
    await _change(request, Change(is_trashed=True))
    return pages.see_other(request.path, done="trashed")


async def _restore(request: web.Request, _sent: Mapping[str, str]) -> web.StreamResponse:
    await _change(request, Change(is_trashed=False))
    return pages.see_other(request.path, done="restored")


async def _delete(request: web.Request, sent: Mapping[str, str]) -> web.StreamResponse:
    site, caller = site_of(request), caller_of(request)
    found = await transferfiles.own(site, caller, frame.id_of(request))
    if CONFIRMED in sent:
        await transferfiles.delete(site, caller, found.id)
        return pages.see_other(FILES, done="deleted")
    say = languages.of(request).translations.gettext
    question = Question(
        heading=say(mark("Delete this file for good?")),
        texts=[say(mark("It goes at once, from the messages that it was sent with too. Nobody can bring it back."))],
        action=say(mark("Delete it")),
        sent={"action": "delete"},
        names=[found.name],
    )
    return frame.ask(request, PLACE, question)


async def _download(request: web.Request, sent: Mapping[str, str]) -> web.StreamResponse:
    async with frame.pin_key(request, sent.get("pin", "")):
        found = await transferfiles.own(site_of(request), caller_of(request), frame.id_of(request))
    async with transferfiles.content(site_of(request), [found], "") as opened:
        return await content.send(request, opened, disposition="attachment", cache_control="no-store")


ACTIONS: Final = {"save": _save, "trash": _trash, "restore": _restore, "delete": _delete, "download": _download}


async def _change(request: web.Request, wanted: Change) -> None:
    await transferfiles.change(site_of(request), caller_of(request), frame.id_of(request), wanted, ())


async def _page(request: web.Request, sent: Mapping[str, str], told: Problems) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    file = await transferfiles.own(site, caller, frame.id_of(request))
    return frame.answer(
        request,
        PLACE,
        "file.html",
        told.status,
        file=file,
        stem=transferfiles.stem(file.name),
        extension=transferfiles.extension(file.name),
        categories=await categories.of_caller(site, caller),
        has_pin=await pins.has_pin(site, caller),
        name_max=transferfiles.NAME_MAX,
        sent=sent,
        problems=told,
    )
