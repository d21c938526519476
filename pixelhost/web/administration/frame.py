"""What the pages of administrators share: who may see them, which there are, what is asked before something goes."""

from typing import Any, Final

from aiohttp import web

from pixelhost.model.accounts import User
from pixelhost.web import pages
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Place, Question
from pixelhost.wire.dialect import caller_of

PLACES: Final = (
    Place("/admin", mark("Instance")),
    Place("/admin/users", mark("Accounts")),
    Place("/admin/ip_bans", mark("Banned addresses")),
    Place("/admin/reports", mark("Reports of abuse")),
    Place("/admin/appeals", mark("Appeals")),
    Place("/admin/takedowns", mark("Taken down")),
    Place("/admin/reporters", mark("Reporters")),
    Place("/admin/plans", mark("Plans")),
    Place("/admin/invoices", mark("Invoices")),
    Place("/admin/globals", mark("Switches")),
)


def admin_of(request: web.Request) -> User:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, FORBIDDEN."""
    return caller_of(request).require_admin()


def answer(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """A page for administrators. Raises as `admin_of`: no page forgets to ask."""
    admin_of(request)
    place = max((one for one in PLACES if request.path.startswith(one.path)), key=lambda one: len(one.path))
    return pages.answer(request, f"admin/{template}", status, place=place, places=PLACES, **context)


def ask(request: web.Request, question: Question) -> web.Response:
    """Whether to go on: the same form again, with CONFIRMED."""
    return answer(request, "question.html", question=question, confirmed=CONFIRMED)
