"""Logging in, by password or by an e-mailed link, with a one-time password where the account asks for one; and out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import emaillinks
from pixelhost.core import login as logins
from pixelhost.core.login import Attempt
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.accounts import Session
from pixelhost.web import forms, pages
from pixelhost.web.account import loginstep, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import credentials, dialect, params, security
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

HOME: Final = "/user"
FIELDS: Final[Mapping[str, str]] = {
    "invalid_email_address": "username",
    "login_link_already_sent": "username",
    "no_login_method_available": "password",
}
ABOUT_CODES: Final = frozenset({"otp_required", "otp_incorrect"})
TOOK_TOO_LONG: Final = mark("That took too long. Please log in again.")
NEEDS_PASSWORD: Final = mark("Enter the password. With an e-mail address above, a link can be sent there instead.")


@dataclass(frozen=True)
class Sent:
    """`step` is what was sent before a one-time password was asked for."""

    username: str = ""
    password: str = ""
    totp: Annotated[str, Length(0, 20)] = ""
    redirect: Annotated[str, Length(0, 1000)] = ""
    step: str = ""
    link_login_user_id: UUID | None = None
    link_login_id: UUID | None = None


async def show(request: web.Request) -> web.Response:
    """GET /login. An e-mailed link leads here too, and is only used up by the button: scanners of mail open links."""
    if "link_login_id" in request.query:
        return await _show_link(request)
    if caller_of(request).user is not None:
        return pages.see_other(emaillinks.own_path(request.query.get("redirect", "")) or HOME)
    return _form(request, {"redirect": request.query.get("redirect", "")}, forms.NONE)


async def enter(request: web.Request) -> web.Response:
    """POST /login"""
    sent = await forms.sent(request)
    try:
        wanted = params.from_text(sent, Sent)
        made = await _session(request, wanted)
    except (ApiError, ApiErrors) as error:
        return _refused(request, sent, error)
    if made is None:
        query = {"redirect": wanted.redirect} if wanted.redirect else {}
        return pages.see_other("/login" + ("?" + urlencode(query) if query else ""), done="login_link_sent")
    return await entered(request, made, wanted.redirect)


async def leave(request: web.Request) -> web.Response:
    """POST /logout"""
    session = caller_of(request).session
    if session is not None:
        await logins.end_session(site_of(request), session)
    response = pages.see_other("/", done="logged_out")
    credentials.forget(response)
    return response


async def entered(request: web.Request, made: Session, redirect: str = "", done: str = "") -> web.Response:
    """On with a new session. The one that the browser had before is nobody's any more."""
    site, before = site_of(request), caller_of(request).session
    credential = credentials.sent(request)
    if before is not None and credential is not None and credential.is_cookie:
        await logins.end_session(site, before)
    response = pages.see_other(emaillinks.own_path(redirect) or HOME, done)
    is_https = security.is_https(request, site.settings.trusted_proxies)
    credentials.keep(response, str(made.key), is_https=is_https)
    return response


async def _session(request: web.Request, wanted: Sent) -> Session | None:
    """None when a link was sent instead."""
    site, attempt = site_of(request), Attempt(caller_of(request), otp=wanted.totp.strip())
    if wanted.link_login_user_id is not None and wanted.link_login_id is not None:
        return await logins.with_link(site, attempt, wanted.link_login_user_id, wanted.link_login_id)
    username, password = wanted.username.strip(), wanted.password
    if wanted.step:
        step = loginstep.opened(site, wanted.step)
        if step is None:
            raise errors.OTP_INCORRECT(message=TOOK_TOO_LONG)
        username, password = step.username, step.password
    if not username:
        raise errors.MISSING_FIELD(field="username")
    if password:
        return await logins.with_password(site, attempt, username, password)
    if "@" not in username:
        raise errors.NO_LOGIN_METHOD_AVAILABLE(message=NEEDS_PASSWORD)
    here = dialect.here(request)
    await logins.send_link(site, attempt, username, base_url=here, redirect=wanted.redirect)
    return None


def _refused(request: web.Request, sent: Mapping[str, str], error: ApiError | ApiErrors) -> web.Response:
    found = problems.of(request, error, FIELDS)
    kind = error.kind.code if isinstance(error, ApiError) else ""
    if isinstance(error, ApiError) and error.message == TOOK_TOO_LONG:
        return _form(request, {"redirect": sent.get("redirect", "")}, Problems(others=[TOOK_TOO_LONG], status=400))
    if kind in ABOUT_CODES or (kind == "ip_rate_limit_reached" and sent.get("totp")):
        return _code_form(request, sent, found if sent.get("totp") is not None else forms.NONE)
    if "link_login_id" in sent:
        return _spent_link(request, found.status)
    return _form(request, sent, found)


def _form(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    return pages.answer(request, "account/login.html", found.status, sent=sent, problems=found)


def _code_form(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    """Asks for the one-time password; what came before it is sent along."""
    hidden = {name: sent[name] for name in ("redirect", "link_login_user_id", "link_login_id") if sent.get(name)}
    if "link_login_id" not in hidden:
        hidden["step"] = sent.get("step") or loginstep.sealed(
            site_of(request), sent.get("username", "").strip(), sent.get("password", "")
        )
    return pages.answer(request, "account/login_code.html", found.status, hidden=hidden, problems=found)


async def _show_link(request: web.Request) -> web.Response:
    site = site_of(request)
    hidden = {name: request.query.get(name, "") for name in ("link_login_user_id", "link_login_id", "redirect")}
    try:
        secret = UUID(hidden["link_login_id"])
    except ValueError:
        return _spent_link(request, 400)
    link = await emaillinks.find(site.db, site, secret)
    if link is None or str(link.user_id) != hidden["link_login_user_id"].lower():
        return _spent_link(request, 400)
    return pages.answer(
        request, "account/login_link.html", hidden=hidden, email=link.email, is_new_address=link.purpose != "login"
    )


def _spent_link(request: web.Request, status: int) -> web.Response:
    return pages.answer(request, "account/spent_link.html", status)
