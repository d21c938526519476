"""The other name of messages, sent and received: what is in neither box isn't there."""

from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from pixelhost import errors
from pixelhost.core import inbox as core_inbox
from pixelhost.core import mails as core_mails
from pixelhost.errors import ApiError
from pixelhost.privasfer import inbox, mails, sent
from pixelhost.privasfer.inbox import InboxChange
from pixelhost.privasfer.mails import MailChange, mail_id
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class Folder:
    folder: Literal["inbox", "sent"] = "inbox"


@dataclass(frozen=True)
class MessageChange(MailChange, InboxChange):
    """Of what was received `opened`, of what was sent the rest."""


async def listing(request: web.Request) -> web.StreamResponse:
    """GET /api/messages"""
    caller_of(request).require_user()
    is_sent = params.query(request, Folder).folder == "sent"
    return await (mails.listing(request) if is_sent else inbox.listing(request))


async def show(request: web.Request) -> web.Response:
    """GET /api/messages/{id}"""
    return await (inbox.show(request) if await _is_received(request) else mails.show(request))


async def change(request: web.Request) -> web.Response:
    """PATCH /api/messages/{id}: of a message to oneself, what is sent tells which side is meant."""
    caller_of(request).require_user()
    wanted = await sent.read(request, MessageChange)
    names_opened = wanted.values.opened is not None or any(one.extra["field"] == "opened" for one in wanted.problems)
    if await _is_received(request) and (names_opened or not await _is_sent(request)):
        return await inbox.change_to(request, wanted)
    return await mails.change_to(request, wanted)


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/messages/{id}"""
    return await (inbox.delete(request) if await _is_received(request) else mails.delete(request))


async def _is_received(request: web.Request) -> bool:
    try:
        await core_inbox.find(site_of(request), caller_of(request), mail_id(request))
    except ApiError as error:
        if error.kind is not errors.NOT_FOUND:
            raise
        return False
    return True


async def _is_sent(request: web.Request) -> bool:
    found = await core_mails.some(site_of(request), caller_of(request), [mail_id(request)])
    return bool(found)
