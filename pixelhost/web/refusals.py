"""How the pages say no: a page with the right status, in words for a visitor instead of for a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import abusetypes, pages, servednode
from pixelhost.web.languages import mark
from pixelhost.wire import security

WAY_BACK: web.RequestKey[tuple[str, str]] = web.RequestKey("way back", tuple)
"""The name and the address of what is nearest to what isn't there."""
APPEAL: web.RequestKey[str] = web.RequestKey("appeal", str)
"""Where the owner of what was taken down says that this is wrong."""


@dataclass(frozen=True)
class Saying:
    """`advice` is what a visitor can do."""

    heading: str
    text: str
    advice: str = ""


SAYINGS: Final[Mapping[str, Saying]] = {
    "not_found": Saying(
        mark("There is nothing here"),
        mark("The link may be mistyped, or what it led to was deleted or has expired."),
        mark("Ask whoever gave you the link for a new one."),
    ),
    "invalid_endpoint": Saying(mark("There is no such page"), mark("The address may be mistyped.")),
    "path_not_found": Saying(
        mark("There is nothing here"), mark("What the link led to was moved or deleted, or was never there.")
    ),
    "unavailable_for_legal_reasons": Saying(
        mark("This file was taken down"),
        mark("It was reported, and can't be viewed or downloaded any more."),
        mark("If it is yours and you think that this is a mistake, log in and open this page again to say so."),
    ),
    "virus_detected_captcha_required": Saying(
        mark("This file is marked as malware"),
        mark("A scanner found something harmful in it. Opening it may damage your computer."),
        mark("Ask whoever gave you the link whether they know."),
    ),
    "file_rate_limited_captcha_required": Saying(
        mark("Downloads are paused"),
        mark("It is downloaded far more often than its page is opened, more than its owner's plan includes."),
        mark("It works again when its page was opened more often."),
    ),
    "ip_download_limited_captcha_required": Saying(
        mark("That is enough for today"),
        mark(
            "Your IP address has downloaded as many files in the last 24 hours as the plan of this file's owner allows."
        ),
        mark("Try again tomorrow."),
    ),
    "download_limit_exceeded": Saying(
        mark("That is enough for today"),
        mark(
            "Your IP address has downloaded as many files in the last 24 hours as the plan of this file's owner allows."
        ),
        mark("Try again tomorrow."),
    ),
    "transfer_limit_exceeded": Saying(
        mark("That is enough for today"),
        mark("Your IP address has downloaded as much in the last 24 hours as the plan of this file's owner allows."),
        mark("Try again tomorrow."),
    ),
    "max_concurrent_downloads": Saying(
        mark("Too many downloads at once"),
        mark("Your IP address is downloading as much at once as the plan of this file's owner allows."),
        mark("Try again when one of the downloads has finished."),
    ),
    "server_overload_captcha_required": Saying(
        mark("The server is busy"), mark("Too much is downloaded at the moment."), mark("Try again in a few minutes.")
    ),
    "authentication_required": Saying(
        mark("This needs an account"), mark("Log in to see or to do this."), mark("Then come back to this page.")
    ),
    "forbidden": Saying(
        mark("This is not yours"),
        mark("Only the account that it belongs to may do this."),
        mark("If that is another account of yours, log in with it."),
    ),
    "account_banned": Saying(
        mark("This account is banned"), mark("It violated the content policy of this server, and may only read.")
    ),
    "read_only_mode_enabled": Saying(
        mark("Nothing can be changed right now"),
        mark("The server is being maintained. Reading and downloading work."),
        mark("Try again later."),
    ),
    "ip_rate_limit_reached": Saying(
        mark("That was too fast"), mark("There were too many attempts from your IP address."), mark("Wait a minute.")
    ),
    "push_not_yours": Saying(
        mark("This is not yours"),
        mark("Only the account that made a secret may see this of it."),
        mark("If that is another account of yours, log in with it."),
    ),
    "push_not_deletable": Saying(
        mark("This secret can't be deleted by you"), mark("Only whoever made it may delete it before its time.")
    ),
    "push_of_message": Saying(
        mark("This secret shows a message"),
        mark("It can't be changed by itself."),
        mark("Change the message instead: it is among those that you have sent."),
    ),
    "push_passphrase_attempts": Saying(
        mark("That was too fast"),
        mark("Too many passphrases were tried on this secret."),
        mark("Wait a minute, and try again."),
    ),
    "prefetched": Saying(mark("Not yet"), mark("This is shown when somebody opens it, not before.")),
    "internal": Saying(mark("Something went wrong here"), mark("It's not your doing. Try again in a moment.")),
    "multiple_errors": Saying(mark("This didn't work"), mark("Several things are wrong with this request:")),
}
"""By error code. What isn't here is said in the registry's own words."""


def saying(error: ApiError) -> Saying:
    if error.status == 405:
        return Saying(mark("This page can't do that"), mark("It can be read, and nothing else."))
    if error.kind is errors.PATH_NOT_FOUND and error.message != error.kind.message:
        # It is about something in a form, not about the page.
        return Saying(mark("This didn't work"), error.message)
    return SAYINGS.get(error.kind.code) or Saying(mark("This didn't work"), error.message)


def render(request: web.BaseRequest, error: ApiError | ApiErrors) -> web.Response:
    """The one renderer of errors of this dialect. Shows words of ours only, never what was sent or what broke."""
    if _may_log_in(request, error):
        return pages.see_other("/login?" + urlencode({"redirect": request.path_qs}))
    if isinstance(error, ApiErrors):
        said, details = SAYINGS["multiple_errors"], [one.message for one in error.errors]
    else:
        said, details = saying(error), []
    response = pages.answer(
        request,
        "refusal.html",
        error.status,
        status_line=f"{error.status} {_phrase(error.status)}",
        said=said,
        details=details,
        reason=reason(error),
        way_back=request.get(WAY_BACK),
        appeal_url=request.get(APPEAL, ""),
        login_url=_login_url(request) if _needs_account(error) else "",
    )
    if isinstance(error, ApiError):
        response.headers.update(error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED and not _is_browser(request):
        # A browser would ask for a password in a window of its own, and send it with everything from then on.
        response.headers["WWW-Authenticate"] = 'Basic realm="pixelhost", charset="UTF-8"'
    return response


def _login_url(request: web.BaseRequest) -> str:
    """Domains of others have no login."""
    return "" if servednode.bucket() is not None else "/login?" + urlencode({"redirect": _back(request)})


def _may_log_in(request: web.BaseRequest, error: ApiError | ApiErrors) -> bool:
    """Whether this is a person in front of a browser, without a key of any kind, at a page that needs an account."""
    if servednode.bucket() is not None:
        return False
    is_reading = request.method in security.SAFE_METHODS and _is_browser(request)
    return is_reading and _needs_account(error) and hdrs.AUTHORIZATION not in request.headers


def _needs_account(error: ApiError | ApiErrors) -> bool:
    return isinstance(error, ApiError) and error.kind is errors.AUTHENTICATION_REQUIRED


def _is_browser(request: web.BaseRequest) -> bool:
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def _back(request: web.BaseRequest) -> str:
    """Where a login leads to: this page, or the one with the form that was sent here."""
    if request.method in security.SAFE_METHODS:
        return request.path_qs
    form = urlsplit(request.headers.get(hdrs.REFERER, ""))
    return f"{form.path}?{form.query}" if form.query else form.path or "/"


def reason(error: ApiError | ApiErrors) -> str:
    """Of a takedown: the type of the report, in words."""
    if isinstance(error, ApiErrors) or error.kind.code != "unavailable_for_legal_reasons":
        return ""
    kind: str = error.extra.get("type") or error.extra.get("abuse_type") or ""
    return abusetypes.TAKEN_DOWN.get(kind) or kind.replace("_", " ")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
