"""Making pushes."""

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import pushes
from pixelhost.core.pushfields import NewPush
from pixelhost.pwpush import envelope, fields, shapes, viewing
from pixelhost.pwpush.skins import Skin
from pixelhost.site import Site
from pixelhost.wire.dialect import Handler, caller_of, here, site_of

NAMES = {"text": "Text", "file": "File", "url": "URL", "qr": "QR code"}


def create(skin: Skin) -> Handler:
    async def created(request: web.Request) -> web.Response:
        site, caller, draft = site_of(request), caller_of(request), pushes.draft()
        pushes.pusher(site, caller, needs_account=skin.kind is not None)
        async with fields.sent(request, skin.envelopes, draft) as sent:
            pushes.pusher(site, caller, needs_account=sent.names_files)
            wanted = fields.new_push(sent, skin.kind)
            _refuse_disabled(site, wanted)
            made = await pushes.create(site, caller, viewing.visit(request), draft, wanted, sent.files)
        locale = sent.beside.get("push_locale", request.query.get("push_locale", ""))
        return envelope.ok(shapes.own(site, made, here(request), locale) | {"files": []}, 201)

    return created


async def preflight(_request: web.Request) -> web.Response:
    """OPTIONS /p.json: pages of any site may push, with any headers."""
    allowed = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": "*, Authorization",
        "Access-Control-Max-Age": "86400",
        hdrs.ALLOW: "POST, OPTIONS",
    }
    return web.Response(status=204, headers=allowed)


def _refuse_disabled(site: Site, wanted: NewPush) -> None:
    if wanted.kind not in site.settings.push_kinds:
        raise errors.PUSH_INVALID(field="kind", message=f"{NAMES[wanted.kind]} pushes are disabled.")
