"""What the pages of pushes share: they are kept by nobody, and what isn't there looks the same whatever it was."""

import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import pushes, throttle
from pixelhost.errors import ApiError
from pixelhost.model.pushes import Push
from pixelhost.web import languages, pages
from pixelhost.web.account import frame as account
from pixelhost.web.sections import Place
from pixelhost.wire import dialect, params, target
from pixelhost.wire.dialect import Handler, caller_of, site_of

HEADERS: Final[Mapping[str, str]] = {hdrs.CACHE_CONTROL: "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""The Referrer-Policy is that of all pages: without a referrer at all, browsers on plain HTTP would send the pages' own
forms with an Origin of `null`, as another site's.
"""

PLACE: Final[Place] = next(place for place in account.PLACES if place.path == "/p/active")

_TOKEN: Final = re.compile(r"[a-z0-9_-]{8,40}", re.ASCII)


def answer(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    response = pages.answer(request, f"pushes/{template}", status, **context)
    response.headers.update(HEADERS)
    return response


def answer_owner(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """A page among those of the account."""
    return answer(request, template, status, place=PLACE, places=account.PLACES, **context)


def limited(handler: Handler) -> Handler:
    """Counts together with requests to the API. Raises IP_RATE_LIMIT_REACHED."""

    async def handled(request: web.Request) -> web.StreamResponse:
        site = site_of(request)
        await throttle.refuse_flood(
            site,
            "pushes",
            caller_of(request).ip,
            per_minute=site.settings.push_requests_per_minute,
            per_second=site.settings.push_requests_per_second,
        )
        return await handler(request)

    return handled


def discreet(handler: Handler) -> Handler:
    """What a token leads to. Instead of PUSH_EXPIRED, the page that says so: of what was never there too."""
    counted = limited(handler)

    async def handled(request: web.Request) -> web.StreamResponse:
        try:
            return await counted(request)
        except ApiError as refusal:
            if refusal.kind is not errors.PUSH_EXPIRED:
                raise
            return gone(request)

    return handled


def gone(request: web.Request) -> web.Response:
    """Status 200, as Password Pusher has it: it tells programs nothing either."""
    return answer(request, "gone.html")


def token_of(request: web.Request) -> str:
    """Raises PUSH_EXPIRED where it can't be one."""
    token: str = request.match_info["token"]
    if not _TOKEN.fullmatch(token):
        raise errors.PUSH_EXPIRED()
    return token


async def there(request: web.Request) -> Push:
    """A push that can be seen, by whoever may. Nothing secret may be told of it yet.

    Raises PUSH_EXPIRED; AUTHENTICATION_REQUIRED, ACCOUNT_BANNED where pushes are for accounts only.
    """
    refuse_strangers(request)
    found = await pushes.find(site_of(request), token_of(request))
    if pushes.is_over(site_of(request), found):
        raise errors.PUSH_EXPIRED()
    return found


async def own(request: web.Request) -> Push:
    """The caller's push. What isn't there is somebody else's.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, PUSH_NOT_YOURS.
    """
    caller_of(request).require_user()
    try:
        return await pushes.own(site_of(request), caller_of(request), token_of(request))
    except ApiError as refusal:
        if refusal.kind is not errors.PUSH_EXPIRED:
            raise
        raise errors.PUSH_NOT_YOURS() from None


def refuse_strangers(request: web.Request) -> None:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED where pushes are for accounts only."""
    if site_of(request).settings.anonymous_pushes == "off":
        caller_of(request).require_user()


def query(request: web.Request) -> Mapping[str, str]:
    """Raises UTF8_STRING_PARSE_FAILED."""
    return params.pairs(target.raw_query(request))


def link(request: web.Request, push: Push) -> str:
    """The address that a push is passed on by."""
    return f"{dialect.here(request)}/p/{push.token}" + ("/r" if push.has_retrieval_step else "")


def in_locale(request: web.Request, path: str) -> str:
    """With the language that the link to a push asks for, if it does."""
    locale = query(request).get(languages.PARAMETER, "")
    return f"{path}?{languages.PARAMETER}={locale}" if locale in languages.LANGUAGES else path


def number_of_page(request: web.Request) -> int:
    text = query(request).get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
