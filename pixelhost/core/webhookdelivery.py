"""Sending what waits for webhooks: at least once, each time with the same ID.

A message that didn't arrive is tried again after 1, 2, 4, ... minutes, later every 12 hours, and given up when it is 3
days old; the others of that webhook wait with it. An account has one message on its way at a time, so that slow
receivers hold up nobody else's. A webhook that took nothing for 5 days, or says that it is gone (410), is disabled, and
its owner gets a letter.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from pixelhost.core import mail, webhookclient, webhooks
from pixelhost.core.delivery import GIVEN_UP_AFTER, pause
from pixelhost.core.webhookclient import Failed
from pixelhost.db import users
from pixelhost.db import webhooks as rows
from pixelhost.db.connect import Transaction
from pixelhost.db.webhooks import Failing, Message
from pixelhost.site import Site

SENDERS: Final = 16
LOOK_SECONDS: Final = 1.0
LEASE: Final = timedelta(minutes=1)  # longer than a message may take
HELD_BACK: Final = timedelta(minutes=1)
DISABLED_AFTER: Final = timedelta(days=5)
KEPT: Final = timedelta(days=30)
ERROR_MAX: Final = 500


@dataclass
class _Round:
    """`busy` are the accounts with a message on its way, which only who holds `turn` looks at and changes."""

    busy: set[UUID] = field(default_factory=set)
    turn: asyncio.Condition = field(default_factory=asyncio.Condition)


async def deliver(site: Site) -> int:
    """Send every message that is due; how many arrived. Several of these at once don't send one twice."""
    this = _Round()
    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(_send_due(site, this)) for _ in range(SENDERS)]
    return sum(sender.result() for sender in senders)


async def forget(site: Site) -> int:
    """Messages of a month ago."""
    await rows.delete_messages_before(site.db, site.clock.now() - KEPT)
    return 0


async def _send_due(site: Site, this: _Round) -> int:
    arrived = 0
    while (message := await _next(site, this)) is not None:
        try:
            arrived += await _arrives(site, message)
        finally:
            async with this.turn:
                this.busy.discard(message.user_id)
                this.turn.notify_all()
    return arrived


async def _next(site: Site, this: _Round) -> Message | None:
    """None when nothing is due and nobody is at it: what becomes due meanwhile doesn't wait for a slow receiver."""
    async with this.turn:
        while True:
            now = site.clock.now()
            message = await rows.claim_message(site.db, now, now + LEASE, this.busy)
            if message is not None:
                this.busy.add(message.user_id)
            if message is not None or not this.busy:
                return message
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await this.turn.wait()


async def _arrives(site: Site, message: Message) -> bool:
    try:
        await _send(site, message)
    except Failed as error:
        await _note_failure(site, message, error)
        return False
    async with site.db.acquire() as tx, tx.transaction():
        await rows.set_arrived(tx, message, site.clock.now())
    return True


async def _send(site: Site, message: Message) -> None:
    """Raises Failed."""
    secret = webhooks.secret_of(site, message.secret_sealed)
    if secret is None:
        raise Failed("its secret can't be opened any more; give it a new one")
    headers = webhookclient.signature(secret, f"msg_{message.id.hex}", site.clock.now(), message.body)
    await webhookclient.send(message.url, message.body, headers, site.settings.webhook_networks)


async def _note_failure(site: Site, message: Message, error: Failed) -> None:
    now, told = site.clock.now(), str(error)[:ERROR_MAX]
    due_at = now + pause(message.attempts)
    again_at = due_at if due_at <= message.created_at + GIVEN_UP_AFTER else None
    async with site.db.acquire() as tx, tx.transaction():
        failing = await rows.set_failed(tx, message, again_at, told, now)
        if failing is None:
            return
        if error.is_gone or failing.since + DISABLED_AFTER <= now:
            await _disable(site, tx, failing, told)
        else:
            await rows.hold_back(tx, message.webhook_id, now, now + HELD_BACK)


async def _disable(site: Site, tx: Transaction, failing: Failing, error: str) -> None:
    if not await rows.disable(tx, failing.webhook_id, site.clock.now(), error):
        return
    owner = await users.by_id(tx, failing.user_id)
    if owner is None or not owner.email_verified:
        return
    host = urlsplit(failing.url).hostname or ""
    since = f"{failing.since:%Y-%m-%d %H:%M} UTC"
    await mail.queue(tx, site, owner.email, "webhook_disabled", name=owner.name, host=host, since=since, error=error)
