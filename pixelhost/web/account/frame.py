"""What the pages of an account share: where else in the account one may go, and what is asked before something goes."""

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from pixelhost.model.accounts import User
from pixelhost.web import pages
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Place, Question
from pixelhost.wire.dialect import Handler, caller_of

PLACES: Final = (
    Place("/user", mark("Overview")),
    Place("/user/filemanager", mark("Files")),
    Place("/user/lists", mark("Lists")),
    Place("/p/active", mark("Secrets")),
    Place("/p/requests", mark("Requests for secrets")),
    Place("/user/inbox", mark("Inbox")),
    Place("/user/transfers", mark("Transfers")),
    Place("/user/activity", mark("Activity")),
    Place("/user/subscription", mark("Plan and credit")),
    Place("/user/transactions", mark("Transactions")),
    Place("/user/sharing", mark("Sharing and embedding")),
    Place("/user/api_keys", mark("API keys")),
    Place("/user/webhooks", mark("Webhooks")),
    Place("/user/pin", mark("PIN for downloads")),
    Place("/user/connect_app", mark("Connect an app")),
    Place("/user/two_factor", mark("Two-factor login")),
    Place("/user/settings", mark("Settings")),
)
_BY_PATH: Final = {place.path: place for place in PLACES}


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
    return pages.answer(request, f"account/{template}", status, place=here, places=PLACES, **context)


def ask(request: web.Request, question: Question) -> web.Response:
    """Whether to go on: the same form again, with CONFIRMED."""
    return answer(request, "question.html", question=question, confirmed=CONFIRMED)
