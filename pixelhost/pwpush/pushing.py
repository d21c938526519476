"""Making pushes."""

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import pushes, pushmails
from pixelhost.core.pushfields import NewPush
from pixelhost.pwpush import envelope, fields, mails, shapes, skins, viewing
from pixelhost.pwpush.skins import Skin
from pixelhost.site import Site
from pixelhost.wire.dialect import Handler, caller_of, here, site_of
from pixelhost.wire.visits import visit

NAMES = {"text": "Text", "file": "File", "url": "URL", "qr": "QR code"}


def create(skin: Skin) -> Handler:
    async def created(request: web.Request) -> web.Response:
        site, caller, draft = site_of(request), caller_of(request), pushes.draft()
        pushes.pusher(site, caller, needs_account=skin.kind is not None)
        async with fields.sent(request, skin.envelopes, draft) as sent:
            pushes.pusher(site, caller, needs_account=sent.names_files)
            wanted = fields.new_push(sent, skin)
            _refuse_disabled(site, wanted)
            mailing = mails.wanted_of(sent.fields) if skin is skins.V2 else None
            if mailing is not None:
                user = pushmails.check(site, caller, mailing, is_end_to_end=wanted.is_end_to_end)
                await pushmails.refuse_busy(site, user)
            made = await pushes.create(site, caller, visit(request), draft, wanted, sent.files)
        if mailing is not None:
            await pushmails.send(site, caller, visit(request), made, mailing, here(request))
        locale = sent.beside.get("push_locale", viewing.query(request).get("push_locale", ""))
        told = shapes.own(site, made, here(request), locale) | {"files": []}
        return envelope.ok({**told, **mails.echoed(mailing)}, 201)

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
