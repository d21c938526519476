"""What a visitor chooses for all pages: their language."""

from dataclasses import dataclass

from aiohttp import hdrs, web
from yarl import URL

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
    response = pages.see_other(await _readable(request, emaillinks.own_path(wanted.back) or "/"))
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


async def _readable(request: web.Request, back: str) -> str:
    """`back`, or the nearest above it that can be read: the answer to a form may have an address that only takes it."""
    if await _is_readable(request, back):
        return back
    path = back.partition("?")[0]
    while path := path.rpartition("/")[0]:
        if await _is_readable(request, path):
            return path
    return "/"


async def _is_readable(request: web.Request, path: str) -> bool:
    """What is nowhere can be: its page says so."""
    asked = request.clone(method=hdrs.METH_GET, rel_url=URL(path, encoded=True))
    return getattr((await request.app.router.resolve(asked)).http_exception, "status", 200) != 405
