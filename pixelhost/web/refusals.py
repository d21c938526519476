"""How the pages say no: a page with the right status, in words for a visitor instead of for a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import pages


@dataclass(frozen=True)
class Saying:
    heading: str
    text: str


SAYINGS: Final[Mapping[str, Saying]] = {
    "not_found": Saying(
        "There is nothing here",
        "The link may be mistyped, or what it led to was deleted or has expired.",
    ),
    "invalid_endpoint": Saying("There is no such page", "The address may be mistyped."),
    "unavailable_for_legal_reasons": Saying(
        "This file was taken down", "It was reported, and can't be viewed or downloaded any more."
    ),
    "virus_detected_captcha_required": Saying(
        "This file is marked as malware", "A scanner found something harmful in it, so it can't be downloaded."
    ),
    "file_rate_limited_captcha_required": Saying(
        "Downloads are paused",
        "This file is downloaded far more often than its page is opened, which is more than its owner's plan includes.",
    ),
    "internal": Saying("Something went wrong here", "It's not your doing. Try again in a moment."),
    "multiple_errors": Saying("This didn't work", "Several things are wrong with this request:"),
}
"""By error code. What isn't here is said in the registry's own words."""


def saying(error: ApiError) -> Saying:
    if error.status == 405:
        return Saying("This page can't do that", "It can be read, and nothing else.")
    return SAYINGS.get(error.kind.code) or Saying("This didn't work", f"{error.message.rstrip('.')}.")


def render(request: web.BaseRequest, error: ApiError | ApiErrors) -> web.Response:
    """The one renderer of errors of this dialect. Shows words of ours only, never what was sent or what broke."""
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
