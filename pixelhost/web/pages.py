"""Answering with a page: templates, and the headers that hold for all of them."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pixelhost.core.callers import Caller
from pixelhost.model.accounts import User
from pixelhost.site import Site
from pixelhost.web import assets, languages, notices, servednode, wording
from pixelhost.web.languages import Language
from pixelhost.wire import credentials
from pixelhost.wire.dialect import CALLER, SITE

COMPRESSED_FROM_BYTES: Final = 2048
NO_MORE: Final[Mapping[str, str]] = {}

# What would end the script element, begin another one, or end a line of JavaScript.
_ESCAPES: Final = tuple(
    (char.encode(), f"\\u{ord(char):04x}".encode()) for char in ("<", ">", "&", "\N{LINE SEPARATOR}", "\u2029")
)


def answer(
    request: web.BaseRequest,
    template: str,
    status: int = 200,
    *,
    content_origin: str = "",
    policy: Mapping[str, str] = NO_MORE,
    **context: Any,
) -> web.Response:
    """A page. `content_origin` is where its pictures and films may come from besides this site; `policy` has directives
    of its Content-Security-Policy that this page needs otherwise.
    """
    language = languages.of(request)
    bucket = servednode.bucket()
    shown = {
        "user": _user(request),
        "root": f"/{bucket}" if bucket is not None else None,
        "may_register": _may_register(request),
        "may_push": _may_push(request),
        "address": request.path_qs,
    }
    body = rendered(language, template, notice=notices.of(request), **shown, **context).encode()
    response = web.Response(
        body=body,
        status=status,
        headers={
            hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
            hdrs.CONTENT_LANGUAGE: language.tag,
            hdrs.CACHE_CONTROL: "private, no-cache",
            hdrs.VARY: f"{hdrs.ACCEPT_ENCODING}, {hdrs.ACCEPT_LANGUAGE}, {hdrs.COOKIE}",
            "Content-Security-Policy": _policy(content_origin, tuple(policy.items())),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
    if len(body) >= COMPRESSED_FROM_BYTES and assets.accepts_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    _clear_stale_cookie(request, response)
    return response


def rendered(language: Language, template: str, **context: Any) -> str:
    """A template, in a language."""
    return _templates(language).get_template(template).render(language=language, **context)


def see_other(path: str, done: str = "") -> web.Response:
    """On to another page after a form was sent; with a key of `notices.NOTICES` that page says what was done."""
    notice = ("&" if "?" in path else "?") + urlencode({notices.PARAMETER: done}) if done else ""
    return web.Response(status=303, headers={hdrs.LOCATION: path + notice, hdrs.CACHE_CONTROL: "no-store"})


def embedded(data: Any) -> Markup:
    """JSON for a script element, where nothing is escaped by HTML's rules."""
    text = msgspec.json.encode(data)
    for char, escape in _ESCAPES:
        text = text.replace(char, escape)
    return Markup(text.decode())  # noqa: S704 - escaped above, for where autoescape would break it


def content_url(site: Site, path: str) -> str:
    """Where uploaded bytes are: a path, or on another origin where the settings name one."""
    return f"{site.settings.content_origin}/api{path}"


@cache
def _templates(language: Language) -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    install: Callable[..., None] = vars(found)["install_gettext_translations"]
    install(language.translations, newstyle=False)
    found.policies["ext.i18n.trimmed"] = True
    found.filters.update(wording.filters(language))
    found.globals.update(static=assets.url, languages=languages.LANGUAGES.values())
    return found


@lru_cache(maxsize=64)
def _policy(content_origin: str, more: tuple[tuple[str, str], ...]) -> str:
    parts = urlsplit(content_origin)
    content = f"'self' {parts.scheme}://{parts.netloc}" if content_origin else "'self'"
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": content,
        "media-src": content,
        "connect-src": content,
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in (directives | dict(more)).items())


def _user(request: web.BaseRequest) -> User | None:
    caller: Caller | None = request.get(CALLER)
    return caller.user if caller is not None else None


def _may_register(request: web.BaseRequest) -> bool:
    site = request.app.get(SITE) if isinstance(request, web.Request) else None
    return site is not None and site.settings.registration == "open"


def _may_push(request: web.BaseRequest) -> bool:
    """Whether a stranger may share a secret."""
    site = request.app.get(SITE) if isinstance(request, web.Request) else None
    return site is not None and site.settings.anonymous_pushes == "on"


def _clear_stale_cookie(request: web.BaseRequest, response: web.Response) -> None:
    """A login cookie that makes nobody of its sender is of no more use."""
    caller: Caller | None = request.get(CALLER)
    if (
        servednode.bucket() is None
        and caller is not None
        and caller.user is None
        and credentials.COOKIE in request.cookies
    ):
        response.del_cookie(credentials.COOKIE, path="/", httponly=True, samesite="Lax")
