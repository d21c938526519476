"""Answering with a page: templates, and the headers that hold for all of them."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pixelhost.core.callers import Caller
from pixelhost.site import Site
from pixelhost.web import assets, wording
from pixelhost.wire import credentials, security
from pixelhost.wire.dialect import CALLER, site_of

COMPRESSED_FROM_BYTES: Final = 2048

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.filters.update(
    counted=wording.counted,
    day=wording.day,
    exact_size=wording.exact_size,
    exact_time=wording.exact_time,
    honest=wording.honest,
    human_size=wording.human_size,
)
_templates.globals["static"] = assets.url

# What would end the script element, begin another one, or end a line of JavaScript.
_ESCAPES: Final = tuple(
    (char.encode(), f"\\u{ord(char):04x}".encode()) for char in ("<", ">", "&", "\N{LINE SEPARATOR}", "\u2029")
)


def answer(
    request: web.BaseRequest, template: str, status: int = 200, *, content_origin: str = "", **context: Any
) -> web.Response:
    """A page. `content_origin` is where its pictures and films may come from besides this site."""
    body = _templates.get_template(template).render(context).encode()
    response = web.Response(
        body=body,
        status=status,
        headers={
            hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
            hdrs.CACHE_CONTROL: "private, no-cache",
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            "Content-Security-Policy": _policy(content_origin),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
    if len(body) >= COMPRESSED_FROM_BYTES and assets.accepts_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    _clear_stale_cookie(request, response)
    return response


def embedded(data: Any) -> Markup:
    """JSON for a script element, where nothing is escaped by HTML's rules."""
    text = msgspec.json.encode(data)
    for char, escape in _ESCAPES:
        text = text.replace(char, escape)
    return Markup(text.decode())  # noqa: S704 - escaped above, for where autoescape would break it


def here(request: web.Request) -> str:
    """The address of this site, without a slash at its end."""
    settings = site_of(request).settings
    return security.base_url(request, settings.base_url, settings.trusted_proxies)


def content_url(site: Site, path: str) -> str:
    """Where uploaded bytes are: a path, or on another origin where the settings name one."""
    return f"{site.settings.content_origin}/api{path}"


@lru_cache(maxsize=8)
def _policy(content_origin: str) -> str:
    parts = urlsplit(content_origin)
    content = f"'self' {parts.scheme}://{parts.netloc}" if content_origin else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {content}; media-src {content}; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _clear_stale_cookie(request: web.BaseRequest, response: web.Response) -> None:
    """A login cookie that makes nobody of its sender is of no more use."""
    caller: Caller | None = request.get(CALLER)
    if caller is not None and caller.user is None and credentials.COOKIE in request.cookies:
        response.del_cookie(credentials.COOKIE, path="/", httponly=True, samesite="Lax")
