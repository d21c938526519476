"""Pushes that are there: showing, ending, listing them, and what happened to them."""

from collections.abc import Mapping

from aiohttp import hdrs, web

from pixelhost import __version__, errors
from pixelhost.core import pushes, pushfiles, pushmails
from pixelhost.core.callers import Caller
from pixelhost.model.pushes import Push
from pixelhost.pwpush import envelope, shapes
from pixelhost.pwpush.skins import Skin
from pixelhost.site import Site
from pixelhost.wire import content, params, security, target
from pixelhost.wire.dialect import Handler, caller_of, here, site_of
from pixelhost.wire.visits import visit


async def show(request: web.Request) -> web.StreamResponse:
    """GET a push: takes a view. HEAD, and what a browser fetches before anybody wants to see it, don't."""
    site = site_of(request)
    token = request.match_info["token"]
    security.refuse_prefetch(request)
    _refuse_strangers(site, caller_of(request))
    if request.method == hdrs.METH_HEAD:
        await pushes.find(site, token)
        return envelope.ok({})
    seen = await pushes.view(site, caller_of(request), visit(request), token, query(request).get("passphrase", ""))
    return envelope.ok(shapes.shown(site, seen, here(request)))


async def preview(request: web.Request) -> web.Response:
    """GET .../preview: where the push is, without a view."""
    site = site_of(request)
    _refuse_strangers(site, caller_of(request))
    found = await pushes.find(site, request.match_info["token"])
    shown = shapes.push(site, found, here(request), query(request).get("push_locale", ""))
    return envelope.ok({"url": shown["html_url"]})


async def expire(request: web.Request) -> web.Response:
    """DELETE a push."""
    site, caller = site_of(request), caller_of(request)
    _refuse_strangers(site, caller)
    ended = await pushes.expire(site, caller, visit(request), request.match_info["token"])
    return envelope.ok(shapes.push(site, ended, here(request)))


def audit(skin: Skin) -> Handler:
    async def shown(request: web.Request) -> web.Response:
        events = await pushes.audit(site_of(request), caller_of(request), request.match_info["token"], page_of(request))
        told = await pushmails.with_outcomes(site_of(request), events)
        return envelope.ok({skin.events: [shapes.event(event) for event in told]})

    return shown


async def active(request: web.Request) -> web.Response:
    """GET .../active"""
    return _list(request, await pushes.active(site_of(request), caller_of(request), page_of(request)))


async def expired(request: web.Request) -> web.Response:
    """GET .../expired"""
    return _list(request, await pushes.expired(site_of(request), caller_of(request), page_of(request)))


async def download(request: web.Request) -> web.StreamResponse:
    """GET /p/{token}/files/{link}/{name}"""
    told = request.match_info
    opened = pushfiles.to_download(site_of(request), visit(request), told["token"], told["link"])
    async with opened as found:
        return await content.send(request, found, disposition="attachment", cache_control="private, no-store")


async def version_1(_request: web.Request) -> web.Response:
    """GET /api/v1/version"""
    return envelope.ok({"application_version": __version__, "api_version": "1.5", "edition": "oss"})


async def version_2(request: web.Request) -> web.Response:
    """GET /api/v2/version"""
    settings = site_of(request).settings
    features = {
        "anonymous_access": settings.anonymous_pushes == "on",
        "api_token_authentication": True,
        "accounts": {"enabled": False},
        "pushes": {
            "enabled": True,
            "email_auto_dispatch": bool(settings.smtp_url),
            "file_attachments": {"enabled": "file" in settings.push_kinds, "requires_authentication": True},
            "url_pushes": {"enabled": "url" in settings.push_kinds},
            "qr_code_pushes": {"enabled": "qr" in settings.push_kinds},
            "end_to_end_encryption": {"enabled": True},
        },
        "requests": {"enabled": False},
    }
    about = {"application_version": __version__, "api_version": "2.1", "edition": "oss"}
    return envelope.ok(about | {"features": features})


def _refuse_strangers(site: Site, caller: Caller) -> None:
    """Raises AUTHENTICATION_REQUIRED where pushes are for accounts only."""
    if site.settings.anonymous_pushes == "off":
        caller.require_user()


def _list(request: web.Request, found: list[Push]) -> web.Response:
    return envelope.ok([shapes.own(site_of(request), one, here(request)) for one in found])


def query(request: web.Request) -> Mapping[str, str]:
    """Raises UTF8_STRING_PARSE_FAILED."""
    return params.pairs(target.raw_query(request))


def page_of(request: web.Request) -> int:
    """Raises PUSH_PAGE_INVALID, UTF8_STRING_PARSE_FAILED."""
    try:
        return int(query(request).get("page", "1"))
    except ValueError:
        raise errors.PUSH_PAGE_INVALID() from None
