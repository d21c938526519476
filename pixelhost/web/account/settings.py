"""Settings of an account: its name, e-mail address, password and affiliate; and its end."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import accounts
from pixelhost.core.accounts import Changes
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.unset import UNSET
from pixelhost.web import forms, languages, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.wire import credentials, dialect
from pixelhost.wire.dialect import caller_of, site_of

FIELDS: Final[Mapping[str, str]] = {
    "login_link_already_sent": "email",
    "user_not_found": "affiliate_user_name",
}


async def show(request: web.Request) -> web.Response:
    """GET /user/settings"""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/settings: one of the forms there, told by `action`."""
    frame.account_of(request)
    sent = await forms.sent(request)
    try:
        return await ACTIONS.get(sent.get("action", ""), _change_profile)(request, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error, FIELDS))


async def _change_profile(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    wanted = Changes(
        username=sent["username"].strip() if "username" in sent else UNSET,
        email=sent["email"].strip() if "email" in sent else UNSET,
        affiliate_user_name=sent["affiliate_user_name"].strip() if "affiliate_user_name" in sent else UNSET,
    )
    is_link_sent = await accounts.change(site_of(request), caller_of(request), wanted, [], dialect.here(request))
    return pages.see_other(request.path, done="verification_sent" if is_link_sent else "saved")


async def _change_password(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    if not sent.get("password_new"):
        raise errors.MISSING_FIELD(field="password_new")
    wanted = Changes(password_new=sent["password_new"])
    await accounts.change(site_of(request), caller_of(request), wanted, [], dialect.here(request))
    return pages.see_other(request.path, done="password_changed")


async def _delete(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    if CONFIRMED not in sent:
        return _ask(request)
    await accounts.schedule_deletion(site_of(request), caller_of(request), dialect.here(request))
    response = pages.see_other("/login", done="account_ends")
    credentials.forget(response)
    return response


ACTIONS: Final = {"profile": _change_profile, "password": _change_password, "delete": _delete}


def _ask(request: web.Request) -> web.Response:
    say = languages.of(request).translations.gettext
    name = frame.account_of(request).name
    return frame.ask(
        request,
        Question(
            heading=say(mark("Delete the account %(name)s?")) % {"name": name},
            texts=[
                say(mark("You are logged out everywhere at once, and all API keys stop working.")),
                say(mark("Seven days later the account goes, with all its files, lists and directories.")),
                say(
                    mark("Until then they stay as they are. If you log in again within these seven days, nothing goes.")
                ),
                say(mark("Credit that is left is lost with the account.")),
            ],
            action=say(mark("Delete the account")),
            sent={"action": "delete"},
        ),
    )


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    return frame.answer(
        request,
        "settings.html",
        found.status,
        sent=sent,
        problems=found,
        settings=await accounts.settings_of(site, account),
    )
