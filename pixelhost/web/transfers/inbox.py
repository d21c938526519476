"""Messages that the account was sent: read as text, never as HTML, and their files downloaded."""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import inbox, mails, pins, transferdownloads
from pixelhost.core.inbox import Reading
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, languages, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.web.transfers import frame, problems
from pixelhost.wire import content, security
from pixelhost.wire.dialect import caller_of, site_of

PLACE: Final = "/user/inbox"


async def listing(request: web.Request) -> web.Response:
    """GET /user/inbox?q=&page="""
    site, caller, look = site_of(request), caller_of(request), frame.look_of(request)
    page = frame.page_of(await inbox.ids_of(site, caller, look.q, ()), look.page)
    found = [one.mail for one in await inbox.some(site, caller, page.ids)]
    files = await mails.files_of(site, found)
    rows = [(one, mails.is_over(site, one), len(files.get(one.id, ()))) for one in found]
    return frame.listed(request, PLACE, "inbox.html", look, page, rows=rows)


async def show(request: web.Request) -> web.Response:
    """GET /user/inbox/{id}: its sender is told that it was opened, but not by HEAD or by what is fetched beforehand."""
    security.refuse_prefetch(request)
    return await _page(request, None, forms.NONE)


async def act(request: web.Request) -> web.StreamResponse:
    """POST /user/inbox/{id}: one of ACTIONS."""
    await inbox.find(site_of(request), caller_of(request), frame.id_of(request))
    sent = await forms.sent(request)
    return await ACTIONS.get(sent.get("action", ""), _unlock)(request, sent)


async def _unlock(request: web.Request, sent: Mapping[str, str]) -> web.StreamResponse:
    return await _page(request, sent.get("passphrase", ""), forms.NONE)


async def _download(request: web.Request, sent: Mapping[str, str]) -> web.StreamResponse:
    """`file` is one of several; without it all of them go, as a zip."""
    site, caller, passphrase = site_of(request), caller_of(request), sent.get("passphrase")
    only = frame.needed_uuid(sent["file"]) if sent.get("file") else None
    found = await inbox.find(site, caller, frame.id_of(request))
    try:
        if found.download_id is None:
            raise errors.NOT_FOUND()
        transferdownloads.refuse_ended(site, found)
        async with frame.pin_key(request, sent.get("pin", "")) as pin_key:
            key = await transferdownloads.make_key(site, caller, found.download_id, pin_key, passphrase)
    except (ApiError, ApiErrors) as error:
        return await _page(request, passphrase, problems.of(request, error))
    async with transferdownloads.opened(site, found.download_id, key, only) as opened:
        return await content.send(request, opened, disposition="attachment", cache_control="no-store")


async def _delete(request: web.Request, sent: Mapping[str, str]) -> web.StreamResponse:
    site, caller = site_of(request), caller_of(request)
    found = await inbox.find(site, caller, frame.id_of(request))
    if CONFIRMED in sent:
        await inbox.delete(site, caller, found.id)
        return pages.see_other(PLACE, done="deleted")
    say = languages.of(request).translations.gettext
    question = Question(
        heading=say(mark("Delete this message?")),
        texts=[say(mark("You don't have it any more then. Its sender still sees that it was sent."))],
        action=say(mark("Delete it")),
        sent={"action": "delete"},
        names=[found.subject],
    )
    return frame.ask(request, PLACE, question)


ACTIONS: Final = {"unlock": _unlock, "download": _download, "delete": _delete}


async def _page(request: web.Request, passphrase: str | None, told: Problems) -> web.Response:
    """The message, opened with the passphrase if it is right."""
    site, caller, mail_id = site_of(request), caller_of(request), frame.id_of(request)
    is_seen = request.method != hdrs.METH_HEAD
    try:
        reading = await inbox.read(site, caller, mail_id, passphrase, is_seen=is_seen)
    except (ApiError, ApiErrors) as error:
        if isinstance(error, ApiError) and error.kind is errors.NOT_FOUND:
            raise
        told = told or problems.of(request, error)
        reading = await inbox.read(site, caller, mail_id, None, is_seen=False)
    files = await mails.files_of(site, [reading.mail])
    return frame.answer(
        request,
        PLACE,
        "received.html",
        told.status,
        reading=reading,
        files=[] if reading.is_locked else files.get(mail_id, []),
        why_over=_why_over(request, reading),
        passphrase=passphrase if reading.mail.has_passphrase and not reading.is_locked else None,
        has_pin=await pins.has_pin(site, caller),
        problems=told,
    )


def _why_over(request: web.Request, reading: Reading) -> str:
    """Why nothing can be downloaded; empty where it can."""
    try:
        transferdownloads.refuse_ended(site_of(request), reading.mail)
    except ApiError as refusal:
        return problems.of(request, refusal).others[0]
    return ""
