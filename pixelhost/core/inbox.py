"""Messages that an account was sent. What is said in one with a passphrase takes that to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.core import mails, passwords, throttle
from pixelhost.core.callers import Caller
from pixelhost.core.transferfiles import invalid
from pixelhost.db import limits
from pixelhost.db import mails as rows
from pixelhost.errors import ApiError
from pixelhost.model.transfers import Mail, MailSort
from pixelhost.site import Site

PASSPHRASES_A_MINUTE: Final = 5
REQUIRED: Final = "The passphrase field is required."
INVALID: Final = "Invalid passphrase."
TOO_MANY: Final = "Too many passphrases were tried. Try again in a minute"


@dataclass(frozen=True)
class Reading:
    """A message as its recipient sees it: `body` is None where it has ended, or takes a passphrase."""

    mail: Mail
    body: str | None
    is_locked: bool


async def ids_of(site: Site, caller: Caller, keyword: str, order: Sequence[tuple[MailSort, bool]]) -> list[UUID]:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return await rows.ids_in_box(site.db, "inbox", caller.require_user().id, keyword, [*order] or mails.ANY_ORDER)


async def some(site: Site, caller: Caller, mail_ids: Sequence[UUID]) -> list[Reading]:
    """Those of the caller, in the order asked, without opening any."""
    found = await rows.in_box(site.db, "inbox", caller.require_user().id, mail_ids)
    return [_reading(site, one, is_unlocked=False) for one in found]


async def find(site: Site, caller: Caller, mail_id: UUID) -> Mail:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    found = await rows.in_box(site.db, "inbox", caller.require_user().id, [mail_id])
    if not found:
        raise errors.NOT_FOUND()
    return found[0]


async def read(site: Site, caller: Caller, mail_id: UUID, passphrase: str | None, *, is_seen: bool) -> Reading:
    """Open a message, which its sender is told; not where it isn't `is_seen`, or stays locked, or nothing may change.

    One that has ended is only marked as read.
    Raises as `find`, TRANSFER_INVALID for a wrong passphrase, IP_RATE_LIMIT_REACHED.
    """
    found = await find(site, caller, mail_id)
    if passphrase is not None:
        errors.raise_all(await passphrase_problems(site, found, passphrase))
    reading = _reading(site, found, is_unlocked=passphrase is not None)
    is_over = mails.is_over(site, found)
    is_marked = found.is_unread and is_seen and (is_over or reading.body is not None)
    if not is_marked or await site.runtime.is_read_only():
        return reading
    await (rows.set_read(site.db, mail_id) if is_over else rows.set_opened(site.db, mail_id, site.clock.now()))
    return _reading(site, await find(site, caller, mail_id), is_unlocked=passphrase is not None)


async def passphrase_problems(site: Site, found: Mail, passphrase: str | None) -> list[ApiError]:
    """What is wrong with the passphrase that is sent for a message: nothing where it has none.

    Raises IP_RATE_LIMIT_REACHED.
    """
    if found.passphrase_hash is None:
        return []
    if not passphrase:
        return [invalid("passphrase", REQUIRED)]
    now = site.clock.now()
    window = now.replace(second=0, microsecond=0)
    if await limits.add_use(site.db, "mail passphrase", str(found.id), window) > PASSPHRASES_A_MINUTE:
        raise throttle.refusal(window + timedelta(minutes=1), now, TOO_MANY)
    if not await passwords.is_right(found.passphrase_hash, passphrase):
        return [invalid("passphrase", INVALID)]
    await limits.forget(site.db, "mail passphrase", str(found.id))
    return []


async def set_opened(site: Site, caller: Caller, mail_id: UUID, *, is_opened: bool) -> Reading:
    """Mark it as read, which its sender is told the first time, or as unread. Raises as `find`."""
    await find(site, caller, mail_id)
    if is_opened:
        await rows.set_opened(site.db, mail_id, site.clock.now())
    else:
        await rows.set_unread(site.db, mail_id)
    return _reading(site, await find(site, caller, mail_id), is_unlocked=False)


async def delete(site: Site, caller: Caller, mail_id: UUID) -> None:
    """The recipient's copy; the sender's stays. Raises as `find`."""
    await find(site, caller, mail_id)
    await rows.delete_from_box(site.db, "inbox", mail_id)


def _reading(site: Site, found: Mail, *, is_unlocked: bool) -> Reading:
    is_locked = found.passphrase_hash is not None and not is_unlocked
    return Reading(found, None if is_locked else mails.body_of(site, found), is_locked)
