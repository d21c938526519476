"""Messages that the caller was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import inbox, mails
from pixelhost.core.inbox import Reading
from pixelhost.core.transferfiles import invalid
from pixelhost.model.transfers import MailSort
from pixelhost.privasfer import envelope, query, sent, shapes
from pixelhost.privasfer.mails import INCLUDES, ListQuery, mail_id
from pixelhost.wire import params, security
from pixelhost.wire.dialect import caller_of, site_of

SORTS: Final[dict[str, MailSort]] = {
    "subject": "subject",
    "created_by_email": "sender_email",
    "received_at": "created_at",
}


@dataclass(frozen=True)
class ReadQuery:
    include: str = ""
    passphrase: str | None = None


@dataclass(frozen=True)
class InboxChange:
    opened: bool | None = None


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /api/inbox"""
    caller = caller_of(request)
    caller.require_user()
    wanted = params.query(request, ListQuery)
    included = query.included(wanted.include, INCLUDES)
    ids = await inbox.ids_of(site_of(request), caller, wanted.keyword, query.order(wanted.sort, SORTS))

    async def shaped(some: Any) -> Any:
        return await _shown(request, await inbox.some(site_of(request), caller, some), included)

    return await query.answer(request, wanted, ids, shaped)


async def show(request: web.Request) -> web.Response:
    """GET /api/inbox/{id}: opens it, unless it takes a passphrase that isn't sent."""
    security.refuse_prefetch(request)
    caller_of(request).require_user()
    wanted = params.query(request, ReadQuery)
    included = query.included(wanted.include, INCLUDES)
    is_seen = request.method == hdrs.METH_GET
    site, caller = site_of(request), caller_of(request)
    reading = await inbox.read(site, caller, mail_id(request), wanted.passphrase, is_seen=is_seen)
    return envelope.data((await _shown(request, [reading], included))[0])


async def change(request: web.Request) -> web.Response:
    """PATCH /api/inbox/{id}"""
    caller_of(request).require_user()
    return await change_to(request, await sent.read(request, InboxChange))


async def change_to(request: web.Request, wanted: sent.Sent[InboxChange]) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    await inbox.find(site, caller, mail_id(request))
    errors.raise_all(wanted.problems)
    if wanted.values.opened is None:
        raise invalid("opened", "The opened field is required.")
    reading = await inbox.set_opened(site, caller, mail_id(request), is_opened=wanted.values.opened)
    return envelope.data((await _shown(request, [reading], frozenset()))[0])


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/inbox/{id}"""
    await inbox.delete(site_of(request), caller_of(request), mail_id(request))
    return envelope.nothing()


async def _shown(request: web.Request, found: Sequence[Reading], included: frozenset[str]) -> list[dict[str, Any]]:
    site = site_of(request)
    files = await mails.files_of(site, [one.mail for one in found]) if "download.files" in included else {}
    return [shapes.received_mail(site, one, included, files.get(one.mail.id, ())) for one in found]
