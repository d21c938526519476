"""What the pages of the documentation share: which there are, and words with code among them."""

import re
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup, escape

from pixelhost.web import pages
from pixelhost.web.languages import mark
from pixelhost.web.sections import Place
from pixelhost.wire import dialect

PLACES: Final = (
    Place("/docs", mark("Documentation")),
    Place("/docs/clients", mark("Programs")),
    Place("/docs/api", mark("API")),
    Place("/docs/end-to-end", mark("End-to-end encryption")),
    Place("/docs/deploying", mark("Running a server")),
    Place("/docs/settings", mark("Settings")),
    Place("/docs/plans", mark("Plans")),
)
_BY_PATH: Final = {place.path: place for place in PLACES}
_CODE: Final = re.compile(r"`([^`]+)`")


def answer(request: web.Request, template: str, **context: Any) -> web.Response:
    """A page of the documentation that is asked for. What it tells is in English."""
    return pages.answer(
        request,
        f"docs/{template}",
        place=_BY_PATH[request.path],
        places=PLACES,
        here=dialect.here(request),
        ticked=ticked,
        **context,
    )


def ticked(text: str) -> Markup:
    """What stands between backticks is code."""
    return Markup("").join(_pieces(text))


def _pieces(text: str) -> Iterator[Markup]:
    for number, piece in enumerate(_CODE.split(text)):
        yield Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
