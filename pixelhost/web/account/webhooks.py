"""Webhooks of an account: which there are and how they fare, a new one, testing, new secrets, and deleting them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from aiohttp import web

from pixelhost.core import webhooks
from pixelhost.core.webhooks import EXPIRED, URL_MAX, VIEWED, Made, NewWebhook
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, languages, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

EVENTS: Final[Mapping[str, str]] = {
    VIEWED: mark("A secret is viewed"),
    EXPIRED: mark("A secret expires or is deleted"),
}


@dataclass(frozen=True)
class Wanted:
    url: Annotated[str, Length(1, URL_MAX)]


@dataclass(frozen=True)
class Chosen:
    """What a button is about: the ID stands in the field that names what is to be done."""

    delete: UUID | None = None
    rotate: UUID | None = None
    test: UUID | None = None


async def show(request: web.Request) -> web.Response:
    """GET /user/webhooks"""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/webhooks: `delete`, `rotate` or `test` one, else make one. Its secret is on the page that answers."""
    frame.account_of(request)
    sent = await forms.sent(request)
    site, caller = site_of(request), caller_of(request)
    try:
        chosen = params.from_text(sent, Chosen)
        if chosen.test is not None:
            await webhooks.test(site, caller, chosen.test)
            return pages.see_other(request.path, done="webhook_tested")
        if chosen.delete is not None:
            return await _delete(request, chosen.delete, sent)
        if chosen.rotate is not None:
            return await _rotate(request, chosen.rotate, sent)
        made = await webhooks.make(site, caller, _wanted(sent))
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))
    return await _page(request, {}, forms.NONE, made)


def _wanted(sent: Mapping[str, str]) -> NewWebhook:
    """Raises what is wrong with the address."""
    url = params.from_text(sent, Wanted).url.strip()
    return NewWebhook(url, [event for event in EVENTS if event in sent])


async def _delete(request: web.Request, webhook_id: UUID, sent: Mapping[str, str]) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    if CONFIRMED in sent:
        await webhooks.delete(site, caller, webhook_id)
        return pages.see_other(request.path, done="webhook_deleted")
    found = await webhooks.find(site, caller, webhook_id)
    say = languages.of(request).translations.gettext
    question = Question(
        heading=say(mark("Delete this webhook?")),
        texts=[say(mark("It is told nothing more, and messages that are on their way to it are dropped."))],
        action=say(mark("Delete it")),
        sent={"delete": str(found.id)},
        names=[found.url],
    )
    return frame.ask(request, question)


async def _rotate(request: web.Request, webhook_id: UUID, sent: Mapping[str, str]) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    if CONFIRMED in sent:
        return await _page(request, {}, forms.NONE, await webhooks.rotate(site, caller, webhook_id))
    found = await webhooks.find(site, caller, webhook_id)
    say = languages.of(request).translations.gettext
    question = Question(
        heading=say(mark("Make a new secret?")),
        texts=[say(mark("It signs all messages from then on. Give it to the receiver right after."))],
        action=say(mark("Make a new secret")),
        sent={"rotate": str(found.id)},
        names=[found.url],
    )
    return frame.ask(request, question)


async def _page(
    request: web.Request, sent: Mapping[str, str], found: Problems, made: Made | None = None
) -> web.Response:
    frame.account_of(request)
    response = frame.answer(
        request,
        "webhooks.html",
        found.status,
        sent=sent,
        problems=found,
        made=made,
        webhooks=await webhooks.of_caller(site_of(request), caller_of(request)),
        events=EVENTS,
        url_max=URL_MAX,
        count_max=webhooks.MAX_PER_ACCOUNT,
    )
    if made is not None:
        response.headers["Cache-Control"] = "no-store"
    return response
