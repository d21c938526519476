"""Having the link of a push mailed: when it is made, and later."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from pixelhost import errors
from pixelhost.core import pushmails
from pixelhost.core.pushmails import Mailing
from pixelhost.pwpush import asked, envelope
from pixelhost.wire import params, visits
from pixelhost.wire.dialect import caller_of, here, site_of


@dataclass(frozen=True)
class Recipients:
    notify_emails_to: str = ""
    notify_emails_to_locale: str = ""


@dataclass(frozen=True)
class Enveloped(Recipients):
    """The fields may lie in an envelope, as those of a push do, or in none."""

    push: Recipients | None = None


async def send(request: web.Request) -> web.Response:
    """POST /api/v2/pushes/{token}/notify_emails"""
    site, caller, token = site_of(request), caller_of(request), request.match_info["token"]
    if not pushmails.is_available(site):
        raise errors.NOT_FOUND()
    caller.require_user()
    wanted = await _recipients(request)
    mailing = Mailing(wanted.notify_emails_to, wanted.notify_emails_to_locale)
    await pushmails.send_of(site, caller, visits.visit(request), token, mailing, here(request))
    return envelope.ok({"message": "The mail is on its way: it was queued."}, 201)


def wanted_of(fields: Mapping[str, str]) -> Mailing | None:
    """What the fields of a new push ask for. None where that is nothing."""
    to = fields.get("notify_emails_to", "")
    return Mailing(to, fields.get("notify_emails_to_locale", "")) if to.strip() else None


def echoed(mailing: Mailing | None) -> Mapping[str, str]:
    """What the answer tells of it."""
    if mailing is None:
        return {}
    return {"notify_emails_to": mailing.to, "notify_emails_to_locale": mailing.locale}


async def _recipients(request: web.Request) -> Recipients:
    if request.content_type.endswith("json"):
        found = await asked.json(request, Enveloped)
        return found.push or found
    sent = await params.fields(request)
    bare = {name.removeprefix("push[").removesuffix("]"): value for name, value in sent.items()}
    return params.from_text(bare, Recipients)
