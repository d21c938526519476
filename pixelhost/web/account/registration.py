"""Making an account, and setting a new password by an e-mailed link."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import emaillinks, registration
from pixelhost.core import login as logins
from pixelhost.core.login import Attempt
from pixelhost.core.registration import NewAccount
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import forms, pages
from pixelhost.web.account import login, problems
from pixelhost.web.forms import Problems
from pixelhost.wire import dialect, params
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class Reset:
    email: str


@dataclass(frozen=True)
class NewPassword:
    key: UUID
    new_password: str


async def show(request: web.Request) -> web.Response:
    """GET /register"""
    return _form(request, {}, forms.NONE)


async def register(request: web.Request) -> web.Response:
    """POST /register: logged in at once, except where an administrator makes the account for somebody else."""
    site, caller = site_of(request), caller_of(request)
    sent = await forms.sent(request)
    try:
        new = params.from_text(sent, NewAccount)
        made = await registration.register(site, caller, new, dialect.here(request))
        if caller.user is not None:
            return pages.see_other("/register", done="account_made")
        session = await logins.with_password(site, Attempt(caller), made.name, str(new.password))
    except (ApiError, ApiErrors) as error:
        return _form(request, sent, problems.of(request, error))
    return await login.entered(request, session, done="registered" if made.email else "")


async def show_reset(request: web.Request) -> web.Response:
    """GET /password_reset"""
    return _reset_form(request, {}, forms.NONE)


async def ask_for_reset(request: web.Request) -> web.Response:
    """POST /password_reset: says the same whether or not there is such an account."""
    sent = await forms.sent(request)
    try:
        wanted = params.from_text(sent, Reset)
        await registration.send_reset(site_of(request), caller_of(request), wanted.email.strip(), dialect.here(request))
    except (ApiError, ApiErrors) as error:
        return _reset_form(request, sent, problems.of(request, error))
    return pages.see_other("/password_reset", done="reset_sent")


async def show_new_password(request: web.Request) -> web.Response:
    """GET /password_reset_confirm?key=..., where the e-mailed link leads to."""
    site, key = site_of(request), request.query.get("key", "")
    try:
        link = await emaillinks.find(site.db, site, UUID(key))
    except ValueError:
        link = None
    if link is None or link.purpose != "reset":
        return pages.answer(request, "account/spent_link.html", 400)
    return _password_form(request, key, forms.NONE)


async def set_password(request: web.Request) -> web.Response:
    """POST /password_reset_confirm"""
    sent = await forms.sent(request)
    try:
        wanted = params.from_text(sent, NewPassword)
        await registration.reset_password(site_of(request), caller_of(request), wanted.key, wanted.new_password)
    except (ApiError, ApiErrors) as error:
        if isinstance(error, ApiError) and error.kind in {errors.INVALID_LOGIN_LINK, errors.UUID_PARSE_FAILED}:
            return pages.answer(request, "account/spent_link.html", 400)
        return _password_form(request, sent.get("key", ""), problems.of(request, error))
    return pages.see_other("/login", done="password_set")


def _form(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    user = caller_of(request).user
    may = site_of(request).settings.registration == "open" or (user is not None and user.is_admin)
    status = found.status if may else 403
    return pages.answer(
        request, "account/register.html", status, sent=sent, problems=found, may=may, is_for_others=user is not None
    )


def _reset_form(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    return pages.answer(request, "account/password_reset.html", found.status, sent=sent, problems=found)


def _password_form(request: web.Request, key: str, found: Problems) -> web.Response:
    return pages.answer(request, "account/new_password.html", found.status, key=key, problems=found)
