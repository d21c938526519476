"""What stands before a push: a step that no program takes by accident, and the passphrase."""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import pushes, pushpasses
from pixelhost.errors import ApiError
from pixelhost.model.pushes import Push
from pixelhost.web import forms, pages
from pixelhost.web.account import problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.pushes import frame
from pixelhost.wire import security
from pixelhost.wire.dialect import site_of
from pixelhost.wire.visits import visit

COOKIE: Final = "pd_push_opened"
WRONG: Final = mark("This is not the passphrase. After five attempts within a minute, you have to wait.")

LEADS_ANYWHERE: Final[Mapping[str, str]] = {"form-action": "'self' http: https:"}
"""Browsers hold a form to this even where its answers lead on: the secret may be a link to another site."""


async def ask(request: web.Request) -> web.Response:
    """GET /p/{token}/r: one button. Takes no view, and says nothing of the push but what its reader has to know."""
    found = await frame.there(request)
    return frame.answer(request, "step.html", push=found, next_url=frame.in_locale(request, f"/p/{found.token}"))


async def ask_passphrase(request: web.Request) -> web.Response:
    """GET /p/{token}/passphrase"""
    found = await frame.there(request)
    if found.passphrase_sealed is None:
        return to_secret(request, found)
    return form(request, found, forms.NONE)


async def open_it(request: web.Request) -> web.Response:
    """POST /p/{token}/access: on to what is secret, with a cookie that opens it once."""
    site, found = site_of(request), await frame.there(request)
    sent = await forms.sent(request)
    if found.passphrase_sealed is None:
        return to_secret(request, found)
    try:
        passphrase = sent.get("passphrase", "")
        if not passphrase.strip():
            raise errors.MISSING_FIELD(field="passphrase")
        await pushes.check_passphrase(site, visit(request), found, passphrase)
    except ApiError as refusal:
        return refused(request, found, refusal)
    response = to_secret(request, found)
    response.set_cookie(
        COOKIE,
        pushpasses.to_open(site, found),
        max_age=int(pushpasses.OPENS_FOR.total_seconds()),
        path=f"/p/{found.token}",
        httponly=True,
        samesite="Lax",
        secure=security.is_https(request, site.settings.trusted_proxies),
    )
    return response


def to_passphrase(request: web.Request, push: Push) -> web.Response:
    return _found(frame.in_locale(request, f"/p/{push.token}/passphrase"))


def to_secret(request: web.Request, push: Push) -> web.Response:
    return _found(frame.in_locale(request, f"/p/{push.token}"))


def refused(request: web.Request, push: Push, refusal: ApiError) -> web.Response:
    """The form again. Raises the refusal where it isn't about the passphrase, as of too many attempts."""
    if refusal.kind is errors.PUSH_PASSPHRASE_INCORRECT:
        return form(request, push, Problems({"passphrase": WRONG}, (), refusal.status))
    if refusal.kind is errors.MISSING_FIELD:
        return form(request, push, problems.of(request, refusal))
    raise refusal


def form(request: web.Request, push: Push, found: Problems) -> web.Response:
    action = frame.in_locale(request, f"/p/{push.token}/access")
    sent: Mapping[str, str] = pages.NO_MORE
    return frame.answer(
        request,
        "passphrase.html",
        found.status,
        policy=LEADS_ANYWHERE,
        push=push,
        action=action,
        sent=sent,
        problems=found,
    )


def _found(path: str) -> web.Response:
    return web.Response(status=302, headers={hdrs.LOCATION: path, **frame.HEADERS})
