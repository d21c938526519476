"""How the pages say no: a page with the right status, in words for a visitor instead of for a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import pages
from pixelhost.web.languages import mark


@dataclass(frozen=True)
class Saying:
    heading: str
    text: str


SAYINGS: Final[Mapping[str, Saying]] = {
    "not_found": Saying(
        mark("There is nothing here"),
        mark("The link may be mistyped, or what it led to was deleted or has expired."),
    ),
    "invalid_endpoint": Saying(mark("There is no such page"), mark("The address may be mistyped.")),
    "unavailable_for_legal_reasons": Saying(
        mark("This file was taken down"), mark("It was reported, and can't be viewed or downloaded any more.")
    ),
    "virus_detected_captcha_required": Saying(
        mark("This file is marked as malware"),
        mark("A scanner found something harmful in it, so it can't be downloaded."),
    ),
    "file_rate_limited_captcha_required": Saying(
        mark("Downloads are paused"),
        mark("It is downloaded far more often than its page is opened, more than its owner's plan includes."),
    ),
    "internal": Saying(mark("Something went wrong here"), mark("It's not your doing. Try again in a moment.")),
    "multiple_errors": Saying(mark("This didn't work"), mark("Several things are wrong with this request:")),
}
"""By error code. What isn't here is said in the registry's own words."""


def saying(error: ApiError) -> Saying:
    if error.status == 405:
        return Saying(mark("This page can't do that"), mark("It can be read, and nothing else."))
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
        reason=_reason(error),
    )
    if isinstance(error, ApiError):
        response.headers.update(error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="pixelhost", charset="UTF-8"'
    return response


def _may_log_in(request: web.BaseRequest, error: ApiError | ApiErrors) -> bool:
    """Whether this is a person in front of a browser, without a key of any kind, at a page that needs an account."""
    is_reading = request.method in {hdrs.METH_GET, hdrs.METH_HEAD} and "text/html" in request.headers.get(
        hdrs.ACCEPT, ""
    )
    needs_account = isinstance(error, ApiError) and error.kind is errors.AUTHENTICATION_REQUIRED
    return is_reading and needs_account and hdrs.AUTHORIZATION not in request.headers


def _reason(error: ApiError | ApiErrors) -> str:
    """Of a takedown: the type of the report, in words."""
    if isinstance(error, ApiErrors) or error.kind.code != "unavailable_for_legal_reasons":
        return ""
    kind: str = error.extra.get("type") or error.extra.get("abuse_type") or ""
    return kind.replace("_", " ")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
