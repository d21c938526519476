"""Requests for secrets: the page of a link, by which anybody sends, and the pages of the account that made it.

Whatever doesn't take anything has one answer, so that nobody learns what was there.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from aiohttp import web
from markupsafe import Markup

from pixelhost import errors
from pixelhost.core import pushes, pushfields, pushrequests, qrcodes, throttle
from pixelhost.core.pusharrivals import FORM_BYTES, Arrivals
from pixelhost.core.pushes import Draft
from pixelhost.core.pushfiles import NewFile
from pixelhost.core.pushrequests import DAYS, DAYS_DEFAULT, MESSAGE_MAX, NAME_MAX, PUSHES, NewRequest, Opened
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.pushes import PushRequest
from pixelhost.web import forms, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.account.frame import returning
from pixelhost.web.forms import Problems
from pixelhost.web.pushes import choices
from pixelhost.web.pushes.frame import HEADERS
from pixelhost.wire import body, params
from pixelhost.wire.dialect import Handler, Route, caller_of, here, site_of
from pixelhost.wire.params import Between, Length
from pixelhost.wire.uploadform import UploadForm
from pixelhost.wire.visits import visit

PLACE: Final = next(place for place in frame.PLACES if place.path == "/p/requests")
FIELDS: Final[Mapping[str, str]] = {"user_out_of_space": "files", "file_too_large": "files"}


@dataclass(frozen=True)
class Wanted:
    name: Annotated[str, Length(1, NAME_MAX)]
    message: Annotated[str, Length(0, MESSAGE_MAX)] = ""
    push_days: Annotated[int, Between(DAYS[0], DAYS[-1])] = DAYS_DEFAULT
    expire_after_days: Annotated[int, Between(DAYS[0], DAYS[-1])] = DAYS_DEFAULT
    max_pushes: Annotated[int, Between(PUSHES[0], PUSHES[-1])] = 1


@dataclass(frozen=True)
class Sent:
    text: str
    files: Sequence[NewFile] = ()


def _discreet(handler: Handler) -> Handler:
    """What a link leads to. Within the limits that hold for pushes; what takes nothing looks as if it wasn't there."""

    async def handled(request: web.Request) -> web.StreamResponse:
        site = site_of(request)
        await throttle.refuse_flood(
            site,
            "pushes",
            caller_of(request).ip,
            per_minute=site.settings.push_requests_per_minute,
            per_second=site.settings.push_requests_per_second,
        )
        try:
            return await handler(request)
        except ApiError as refusal:
            if refusal.kind is not errors.PUSH_EXPIRED:
                raise
            return _answer(request, "closed.html", 404)

    return handled


async def show(request: web.Request) -> web.StreamResponse:
    """GET /request/{token}: who asks for what, and a form."""
    return _send_page(request, await _opened(request), forms.NONE)


async def send(request: web.Request) -> web.StreamResponse:
    """POST /request/{token}"""
    site, to, draft = site_of(request), await _opened(request), pushes.draft()
    try:
        async with _sent(request, to, draft) as sent:
            await pushrequests.receive(site, visit(request), to, draft, sent.text, sent.files, here(request))
    except (ApiError, ApiErrors) as error:
        if isinstance(error, ApiError) and error.kind is errors.PUSH_EXPIRED:
            raise
        return _send_page(request, to, problems.of(request, error, FIELDS))
    return _answer(request, "sent.html", 201, to=to)


async def own(request: web.Request) -> web.Response:
    """GET /p/requests: the caller's; with `made` the link of that one above the others."""
    return await _own_page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /p/requests: `close` ends one, else one is made."""
    frame.account_of(request)
    sent = await forms.sent(request)
    site, caller = site_of(request), caller_of(request)
    try:
        if "close" in sent:
            await pushrequests.close(site, caller, sent["close"])
            return pages.see_other(request.path, done="request_closed")
        wanted = params.from_text({name: text for name, text in sent.items() if text}, Wanted)
        made = await pushrequests.make(site, caller, NewRequest(**vars(wanted)))
    except (ApiError, ApiErrors) as error:
        return await _own_page(request, sent, problems.of(request, error))
    return pages.see_other(f"{request.path}?made={made.token}")


async def _opened(request: web.Request) -> Opened:
    """Raises PUSH_EXPIRED, IP_BANNED."""
    return await pushrequests.opened(site_of(request), caller_of(request).ip, request.match_info["token"])


@asynccontextmanager
async def _sent(request: web.Request, to: Opened, draft: Draft) -> AsyncIterator[Sent]:
    """The text and the files of a form; at the end of the block, files that have not become a push's are dropped."""
    async with AsyncExitStack() as stack:
        if not body.is_multipart(request):
            encoded = params.text_of(await body.small(request, FORM_BYTES), "body")
            yield Sent(_plain(params.pairs(encoded).get("payload", "")))
            return
        form = UploadForm(request, site_of(request).settings.upload_stall_seconds, FORM_BYTES)
        files = await _received(request, form, to, draft, stack)
        yield Sent(_plain(form.fields.get("payload", "")), files)


async def _received(
    request: web.Request, form: UploadForm, to: Opened, draft: Draft, stack: AsyncExitStack
) -> list[NewFile]:
    site = site_of(request)
    admit = partial(pushrequests.admit, site, to)
    arrivals = Arrivals(site, draft.key, stack, admit, body_bytes=request.content_length)
    while part := await form.next_file("files"):
        if not part.file_name:
            # What a browser sends for a field of files without any.
            while await part.read():
                pass
            continue
        await arrivals.take(part.file_name, part)
    return arrivals.files


def _plain(text: str) -> str:
    """As it was typed: a form sends every line break as two characters."""
    return text.replace("\r\n", "\n")


def _answer(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    response = pages.answer(request, f"pushrequests/{template}", status, **context)
    response.headers.update(HEADERS)
    return response


def _send_page(request: web.Request, to: Opened, found: Problems) -> web.Response:
    """What was typed isn't sent back: the browser has it, and keeps it when the visitor goes back."""
    return _answer(request, "send.html", found.status, to=to, problems=found, fields=pushfields)


async def _own_page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    frame.account_of(request)
    site, caller = site_of(request), caller_of(request)
    requests = await pushrequests.of_caller(site, caller, _page_number(request))
    received = await pushrequests.received(site, caller)
    response = pages.answer(
        request,
        "pushrequests/own.html",
        found.status,
        place=PLACE,
        places=frame.PLACES,
        sent=sent,
        problems=found,
        made=_made(request, requests),
        requests=[(one, pushrequests.is_open(site, one), _link(request, one)) for one in requests],
        received=[(push, name, pushes.is_over(site, push)) for push, name in received],
        kinds=choices.KINDS,
        page=_page_number(request),
        has_more=len(requests) == pushes.PAGE,
        limits=pushrequests,
    )
    response.headers.update(HEADERS)
    return response


def _made(request: web.Request, requests: Sequence[PushRequest]) -> Mapping[str, Any] | None:
    """The link of the one that the address names as made just now."""
    token = request.query.get("made", "")
    found = next((one for one in requests if one.token == token), None)
    if found is None:
        return None
    link = _link(request, found)
    code = Markup(qrcodes.svg(link))  # noqa: S704 - drawn here, of our own address
    return {"request": found, "link": link, "qr": code}


def _link(request: web.Request, one: PushRequest) -> str:
    return f"{here(request)}/request/{one.token}"


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) < 9
    return min(max(1, int(text)), pushes.PAGES[-1]) if is_number else 1


ROUTES = (
    Route("GET", "/request/{token}", _discreet(show)),
    Route("POST", "/request/{token}", _discreet(send)),
    Route("GET", "/p/requests", own),
    Route("POST", "/p/requests", returning(act)),
)
