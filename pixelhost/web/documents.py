"""A markdown document by itself, for the frame on the page of its file."""

import re
from typing import Final

from aiohttp import web
from markupsafe import Markup

from pixelhost.core import insides
from pixelhost.web import pages
from pixelhost.web.viewed import Viewed
from pixelhost.wire.dialect import site_of

ELSEWHERE: Final = re.compile(r'<a href="(?!#)')
"""In sanitised HTML, whose attributes hold no quote: a link that leads out of the document."""


async def answer(request: web.Request, viewed: Viewed, framers: str) -> web.Response:
    """In a sandbox, for frames of `framers` (of a Content-Security-Policy). Counts nothing.

    Raises NOT_A_MARKDOWN_FILE, FILE_TOO_LARGE.
    """
    site = site_of(request)
    body = (await insides.page(site, viewed.blob, viewed.mime_type)).decode()
    return pages.answer(
        request,
        "rendered.html",
        content_origin=site.settings.content_origin,
        policy={
            "sandbox": "allow-popups allow-popups-to-escape-sandbox",
            "script-src": "'none'",
            "connect-src": "'none'",
            "form-action": "'none'",
            "frame-ancestors": framers,
        },
        viewed=viewed,
        body=Markup(ELSEWHERE.sub('<a target="_blank" href="', body)),  # noqa: S704 - sanitised by who made it
    )
