"""Fixed windows, exact across workers, and what keeps passwords and codes from being guessed.

Three limits hold guessing back, and none of them lets a stranger lock the owner out:

- An address has so many logins a minute (PIXELHOST_LOGIN_ATTEMPTS_PER_MINUTE), right or wrong, whatever the account.
- Wrong passwords are counted by account and hour. Past 30 of them the account is under attack: for the rest of the
  hour an address that is new to it has three wrong ones, so a botnet gets no further than its number of addresses. An
  owner who knows the password gets in from anywhere. Addresses that hold a session of the account aren't counted
  together with the others, and have 100 wrong ones an hour each.
- Wrong codes are only counted after a right password or an e-mailed link, 10 an hour. Those after a password, those
  after a link and those of each address that holds a session are counted apart: whoever stole the password can use up
  the codes of strangers with that password, and nothing else.

Letters that anybody can have sent are limited by the address they go to: who gives somebody else's as their own can't
flood it.
"""

import ipaddress
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.db import limits
from pixelhost.db.connect import Db
from pixelhost.site import Site

ATTACK_FROM: Final = 30
WRONG_WHEN_NEW: Final = 3
WRONG_WHEN_KNOWN: Final = 100
WRONG_CODES: Final = 10
MAILS_AN_HOUR: Final = 10  # twice what strangers can have sent to the owner of an address


async def refuse_used_up(site: Site, action: str, subject: str, uses_per_minute: int) -> None:
    """Count nothing. Raises IP_RATE_LIMIT_REACHED when the limit is reached already."""
    window = site.clock.now().replace(second=0, microsecond=0)
    if (await limits.uses(site.db, action, [subject], window))[subject] >= uses_per_minute:
        raise errors.IP_RATE_LIMIT_REACHED()


async def refuse_above(site: Site, action: str, subject: str, uses_per_minute: int) -> None:
    """Count one use by `subject`. Raises IP_RATE_LIMIT_REACHED past the limit."""
    window = site.clock.now().replace(second=0, microsecond=0)
    if await limits.add_use(site.db, action, subject, window) > uses_per_minute:
        raise errors.IP_RATE_LIMIT_REACHED()


@lru_cache(10_000)
def network_of(ip: str) -> str:
    """Whose attempts count together: an IPv4 address, or the /64 that one subscriber has of IPv6."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else ip


async def refuse_guesser(site: Site, account: str, network: str, *, is_known: bool) -> None:
    """Before a password is looked at. `account` is its ID, or stands for a name that nobody has.

    Raises IP_RATE_LIMIT_REACHED.
    """
    here = f"{account} {network}"
    wrong = await limits.uses(site.db, "wrong password", [account, here], _hour(site))
    if is_known:
        is_refused = wrong[here] >= WRONG_WHEN_KNOWN
    else:
        is_refused = wrong[account] >= ATTACK_FROM and wrong[here] >= WRONG_WHEN_NEW
    if is_refused:
        raise errors.IP_RATE_LIMIT_REACHED(message="Too many wrong passwords for this account. Try again in an hour")


async def note_wrong_password(site: Site, account: str, network: str, *, is_known: bool) -> None:
    for subject in [f"{account} {network}", *([] if is_known else [account])]:
        await limits.add_use(site.db, "wrong password", subject, _hour(site))


async def may_try_code(site: Site, tx: Db, user_id: UUID, way: str) -> bool:
    """`way` is what came before the code. Exact while the account is locked."""
    subject = f"{user_id} {way}"
    return (await limits.uses(tx, "wrong code", [subject], _hour(site)))[subject] < WRONG_CODES


async def note_wrong_code(site: Site, tx: Db, user_id: UUID, way: str) -> None:
    await limits.add_use(tx, "wrong code", f"{user_id} {way}", _hour(site))


async def may_mail(site: Site, db: Db, to: str) -> bool:
    """Whether an address hasn't had its letters of this hour, whichever accounts they were for."""
    subject = _mailbox(site, to)
    return (await limits.uses(db, "mail", [subject], _hour(site)))[subject] < MAILS_AN_HOUR


async def note_mail(site: Site, tx: Db, to: str) -> None:
    await limits.add_use(tx, "mail", _mailbox(site, to), _hour(site))


async def note_transfer(site: Site, tx: Db, to: str) -> bool:
    """Count a letter about a message, apart from those about accounts: nobody else uses these up. Whether it may go."""
    return await limits.add_use(tx, "transfer mail", _mailbox(site, to), _hour(site)) <= MAILS_AN_HOUR


def _mailbox(site: Site, address: str) -> str:
    return site.keyring.visitor(f"mail {address.lower()}").hex()


def _hour(site: Site) -> datetime:
    return site.clock.now().replace(minute=0, second=0, microsecond=0)
