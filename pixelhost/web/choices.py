"""What a visitor chooses for all pages: their language."""

from dataclasses import dataclass

from aiohttp import web

from pixelhost import errors
from pixelhost.core import emaillinks
from pixelhost.web import languages, pages
from pixelhost.wire import params, security
from pixelhost.wire.dialect import site_of


@dataclass(frozen=True)
class Choice:
    language: str
    back: str = "/"


async def set_language(request: web.Request) -> web.Response:
    """POST /language: keeps the choice in a cookie, and goes back to where it was made. Works without JavaScript."""
    wanted = await params.form(request, Choice)
    if wanted.language not in languages.LANGUAGES:
        raise errors.ENUM_PARSE_FAILED(field="language", allowed_values=list(languages.LANGUAGES))
    response = pages.see_other(emaillinks.own_path(wanted.back) or "/")
    response.set_cookie(
        languages.COOKIE,
        wanted.language,
        max_age=languages.COOKIE_SECONDS,
        path="/",
        samesite="Lax",
        secure=security.is_https(request, site_of(request).settings.trusted_proxies),
        httponly=True,
    )
    return response
