"""What the pages of an account share: where else in the account one may go, and what is asked before something goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from pixelhost.model import User
from pixelhost.web import pages
from pixelhost.web.languages import mark
from pixelhost.wire.dialect import Handler, caller_of


@dataclass(frozen=True)
class Place:
    path: str
    label: str


PLACES: Final = (
    Place("/user", mark("Overview")),
    Place("/user/filemanager", mark("Files")),
    Place("/user/lists", mark("Lists")),
    Place("/user/activity", mark("Activity")),
    Place("/user/subscription", mark("Plan and credit")),
    Place("/user/transactions", mark("Transactions")),
    Place("/user/sharing", mark("Sharing and embedding")),
    Place("/user/api_keys", mark("API keys")),
    Place("/user/connect_app", mark("Connect an app")),
    Place("/user/two_factor", mark("Two-factor login")),
    Place("/user/settings", mark("Settings")),
)
_BY_PATH: Final = {place.path: place for place in PLACES}

CONFIRMED: Final = "confirmed"
"""The field that a question's own button sends."""


@dataclass(frozen=True)
class Question:
    """What is asked before something goes for good. Its words are translated already; `sent` is sent again."""

    heading: str
    texts: Sequence[str]
    action: str
    sent: Mapping[str, str]
    names: Sequence[str] = ()
    """Of what goes, as far as they are shown."""


def account_of(request: web.Request) -> User:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return caller_of(request).require_user()


def returning(handler: Handler) -> Handler:
    """Whoever is logged out meanwhile comes back to the form after the login."""

    async def handled(request: web.Request) -> web.StreamResponse:
        if caller_of(request).user is None:
            return pages.see_other("/login?" + urlencode({"redirect": request.path_qs}))
        return await handler(request)

    return handled


def answer(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """A page of the account that is asked for."""
    here = _BY_PATH[request.path]
    return pages.answer(request, f"account/{template}", status, place=here, places_of_account=PLACES, **context)


def ask(request: web.Request, question: Question) -> web.Response:
    """Whether to go on: the same form again, with CONFIRMED."""
    return answer(request, "question.html", question=question, confirmed=CONFIRMED)


def address(request: web.Request, **changes: str | int) -> str:
    """This page with another query; what is empty is left out."""
    query = {name: value for name, value in request.query.items() if name != "done"} | changes
    kept = {name: value for name, value in query.items() if value != ""}
    return request.path + ("?" + urlencode(kept) if kept else "")
