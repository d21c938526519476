"""Messages that the account has sent: which there are, how each fares, and its end before its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from aiohttp import web

from pixelhost.core import mailfields, mails
from pixelhost.core.mailfields import Edit
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.transfers import Mail, MailStatus
from pixelhost.web import forms, languages, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.web.transfers import frame, problems
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, here, site_of
from pixelhost.wire.params import Between
from pixelhost.wire.visits import visit

PLACE: Final = "/user/transfers"
STATES: Final[Mapping[MailStatus, str]] = {
    "queued": mark("On its way"),
    "success": mark("Delivered"),
    "failed": mark("Not delivered"),
}


@dataclass(frozen=True)
class Row:
    """`link` is the secret one of a recipient without an account; empty where there is none, or it has ended."""

    mail: Mail
    state: str
    is_over: bool
    link: str


@dataclass(frozen=True)
class Wanted:
    days: Annotated[int, Between(mailfields.DAYS[0], mailfields.DAYS[-1])]


async def listing(request: web.Request) -> web.Response:
    """GET /user/transfers?q=&page="""
    site, caller, look = site_of(request), caller_of(request), frame.look_of(request)
    page = frame.page_of(await mails.ids_of(site, caller, look.q, ()), look.page)
    rows = [_row(request, one) for one in await mails.some(site, caller, page.ids)]
    return frame.listed(request, PLACE, "sent.html", look, page, rows=rows)


async def made(request: web.Request) -> web.Response:
    """GET /user/transfers/made?ids=: what was sent just now to whom."""
    texts = request.query.get("ids", "").split(",")[: mailfields.RECIPIENTS_MAX]
    ids = [one for text in texts if (one := frame.uuid(text))]
    found = await mails.some(site_of(request), caller_of(request), ids)
    if not found:
        return pages.see_other(PLACE)
    files = await mails.files_of(site_of(request), found)
    rows = [_row(request, one) for one in found]
    return frame.answer(request, PLACE, "made.html", rows=rows, first=found[0], files=files.get(found[0].id, []))


async def show(request: web.Request) -> web.Response:
    """GET /user/transfers/{id}"""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/transfers/{id}: one of ACTIONS."""
    found = await mails.own(site_of(request), caller_of(request), frame.id_of(request))
    sent = await forms.sent(request)
    try:
        return await ACTIONS.get(sent.get("action", ""), _extend)(request, found, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))


async def _extend(request: web.Request, found: Mail, sent: Mapping[str, str]) -> web.Response:
    days = params.from_text(sent, Wanted).days
    await mails.change(site_of(request), caller_of(request), visit(request), found.id, Edit(days=days), ())
    return pages.see_other(request.path, done="saved")


async def _revoke(request: web.Request, found: Mail, sent: Mapping[str, str]) -> web.Response:
    if CONFIRMED not in sent:
        say = languages.of(request).translations.gettext
        texts = [say(mark("Its text goes for good, and nobody can download its files any more. Your own files stay."))]
        return _ask(request, found, "revoke", say(mark("Revoke this message?")), texts, say(mark("Revoke it")))
    await mails.change(site_of(request), caller_of(request), visit(request), found.id, Edit(is_revoked=True), ())
    return pages.see_other(request.path, done="revoked")


async def _delete(request: web.Request, found: Mail, sent: Mapping[str, str]) -> web.Response:
    if CONFIRMED not in sent:
        say = languages.of(request).translations.gettext
        texts = [say(mark("It is revoked, and leaves this list. Your own files stay."))]
        return _ask(request, found, "delete", say(mark("Delete this message?")), texts, say(mark("Delete it")))
    await mails.delete(site_of(request), caller_of(request), visit(request), found.id)
    return pages.see_other(PLACE, done="deleted")


ACTIONS: Final = {"extend": _extend, "revoke": _revoke, "delete": _delete}


def _ask(request: web.Request, found: Mail, name: str, heading: str, texts: list[str], action: str) -> web.Response:
    names = [f"{found.subject} → {found.recipient.email}"]
    return frame.ask(request, PLACE, Question(heading, texts, action, {"action": name}, names))


async def _page(request: web.Request, sent: Mapping[str, str], told: Problems) -> web.Response:
    site = site_of(request)
    found = await mails.own(site, caller_of(request), frame.id_of(request))
    files = await mails.files_of(site, [found])
    return frame.answer(
        request,
        PLACE,
        "message.html",
        told.status,
        row=_row(request, found),
        body=mails.body_of(site, found),
        files=files.get(found.id, []),
        sent=sent,
        problems=told,
        fields=mailfields,
    )


def _row(request: web.Request, one: Mail) -> Row:
    is_over = mails.is_over(site_of(request), one)
    link = mails.link_of(here(request), one) if one.link_id is not None and not is_over else ""
    return Row(one, STATES[one.status], is_over, link)
