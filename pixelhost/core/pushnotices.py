"""Telling owners what happened to their pushes, by mail and by webhooks.

The events themselves are the outbox: whoever causes one says in the same transaction that notice of it is due. Here
each becomes a letter and messages, once, in the transaction that clears it. None of them says anything secret.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from pixelhost.core import mail, programs, webhooks
from pixelhost.db import pushnotices
from pixelhost.db import webhooks as rows
from pixelhost.db.connect import Transaction
from pixelhost.db.pushnotices import Due
from pixelhost.site import Site

BATCH: Final = 50
KINDS: Final = {"text": "a text", "file": "files", "url": "a URL", "qr": "a QR code"}


async def tell(site: Site) -> int:
    """Queue what is to be told; of how many events that was."""
    told = 0
    while True:
        async with site.db.acquire() as tx, tx.transaction():
            due = await pushnotices.claim(tx, BATCH)
            for one in due:
                await _queue_letter(site, tx, one)
                event = webhooks.VIEWED if one.kind == "view" else webhooks.EXPIRED
                await rows.add_messages(tx, one.owner_id, event, _body(event, one), site.clock.now())
            await pushnotices.set_told(tx, [one.event_id for one in due])
        told += len(due)
        if len(due) < BATCH:
            return told


async def _queue_letter(site: Site, tx: Transaction, due: Due) -> None:
    is_view = due.kind == "view"
    if not due.verified_email or not (due.push.mails_on_view if is_view else due.push.mails_on_expiry):
        return
    await mail.queue(
        tx,
        site,
        due.verified_email,
        "push_viewed" if is_view else "push_expired",
        name=due.owner_name,
        push_name=due.push.name,
        what=KINDS[due.push.kind],
        made=_minute(due.push.created_at),
        moment=_minute(due.happened_at),
        ip=due.ip,
        program=programs.name_of(due.user_agent),
        views_left=_views_left(due),
        was_ended=due.kind == "expire",
    )


def _body(event: str, due: Due) -> str:
    """JSON of a message. The state of the push is that of when it is written."""
    data = {
        "url_token": due.push.token,
        "name": due.push.name,
        "kind": due.push.kind,
        "views_remaining": _views_left(due),
        "expired": due.push.is_expired,
        "deleted": due.push.is_deleted,
        "ip": due.ip,
        "user_agent": due.user_agent,
    }
    return msgspec.json.encode({"type": event, "timestamp": due.happened_at, "data": data}).decode()


def _views_left(due: Due) -> int:
    return 0 if due.push.is_expired else max(due.push.expire_after_views - due.push.views, 0)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d %B %Y, %H:%M} UTC"
