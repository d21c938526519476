"""What the pages of transfers share: they are kept by nobody, and stand among those of the account."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import pins
from pixelhost.web import forms, pages, sections
from pixelhost.web.account import frame as account
from pixelhost.web.forms import Problems
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length

PER_PAGE: Final = 50


@dataclass(frozen=True)
class Look:
    """What of a list is looked at."""

    q: Annotated[str, Length(0, 255)] = ""
    page: Annotated[int, Between(1, 1_000_000)] = 1


@dataclass(frozen=True)
class Page:
    """The part of a list that is shown: `number` of `pages`, of `count` in all."""

    ids: Sequence[UUID]
    number: int
    pages: int
    count: int


def answer(request: web.Request, place: str, template: str, status: int = 200, **context: Any) -> web.Response:
    """`place` is the path of the account's page that this one is part of. Headers of `problems` are sent too."""
    problems: Problems = context.get("problems", forms.NONE)
    here = next(one for one in account.PLACES if one.path == place)
    response = pages.answer(request, f"transfers/{template}", status, place=here, places=account.PLACES, **context)
    response.headers.update(problems.headers)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def ask(request: web.Request, place: str, question: Question) -> web.Response:
    """Whether to go on: the same form again, with CONFIRMED."""
    return answer(request, place, "question.html", question=question, confirmed=CONFIRMED)


def listed(request: web.Request, place: str, template: str, look: Look, page: Page, **context: Any) -> web.Response:
    """A page of a list, which `page` is of."""
    to = partial(sections.address, request)
    return answer(request, place, template, context.pop("status", 200), look=look, page=page, to=to, **context)


def look_of(request: web.Request) -> Look:
    """Raises what is wrong with the query."""
    return params.query(request, Look)


def page_of(ids: Sequence[UUID], number: int) -> Page:
    """The last one there is, where `number` is beyond it."""
    count = max(-(-len(ids) // PER_PAGE), 1)
    number = min(number, count)
    return Page(ids[(number - 1) * PER_PAGE : number * PER_PAGE], number, count, len(ids))


def id_of(request: web.Request) -> UUID:
    """Raises NOT_FOUND where it can't be one."""
    return needed_uuid(request.match_info["id"])


def needed_uuid(text: str) -> UUID:
    """Raises NOT_FOUND where it is none."""
    found = uuid(text)
    if found is None:
        raise errors.NOT_FOUND()
    return found


def uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@asynccontextmanager
async def pin_key(request: web.Request, pin: str) -> AsyncIterator[str | None]:
    """What an account's PIN is exchanged for, until the end of the block; None where the account has no PIN.

    Raises MISSING_FIELD, TRANSFER_INVALID, IP_RATE_LIMIT_REACHED.
    """
    site, caller = site_of(request), caller_of(request)
    if not await pins.has_pin(site, caller):
        yield None
        return
    if not pin:
        raise errors.MISSING_FIELD(field="pin")
    key, _ = await pins.exchange(site, caller, pin)
    try:
        yield key
    finally:
        await pins.forget(site, caller, key)
