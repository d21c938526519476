"""What a page says after a form was sent: the form's answer leads there with a key of NOTICES in the query."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost.web.languages import mark

PARAMETER: Final = "done"

NOTICES: Final[Mapping[str, str]] = {
    "saved": mark("Saved."),
    "deleted": mark("Deleted."),
    "logged_out": mark("You are logged out."),
}


def of(request: web.BaseRequest) -> str:
    """The text for a page, to be translated; empty when there is none. What isn't a key says nothing."""
    return NOTICES.get(request.query.get(PARAMETER, ""), "")
