"""What administrators do, over the API and on the command line: find and change accounts, ban, look at the whole.

An administrator is kept from locking themselves out by their own hand; the command line knows no such rule.
"""

import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost import errors
from pixelhost.core import accounts
from pixelhost.core.callers import Caller
from pixelhost.db import bans, invoices, limits, logins, roster, sessions, users
from pixelhost.db.roster import Figures
from pixelhost.model.accounts import AccountDetails, AddressBan, User
from pixelhost.model.money import Invoice
from pixelhost.site import Site

UUID_LENGTH = 36  # names are shorter, so none looks like an ID

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    accounts: Sequence[AccountDetails]
    total: int


async def find(site: Site, wanted: str) -> User:
    """An account by its ID, name or e-mail address. Raises USER_NOT_FOUND."""
    try:
        user_id = UUID(wanted) if len(wanted) == UUID_LENGTH else None
    except ValueError:
        user_id = None
    if user_id is not None:
        by_id = await users.by_id(site.db, user_id)
    else:
        by_login = await users.by_login(site.db, wanted) if wanted.isprintable() else None
        by_id = by_login[0] if by_login else None
    if by_id is None:
        raise errors.USER_NOT_FOUND()
    return by_id


async def find_other(site: Site, caller: Caller, wanted: str) -> User:
    """As `find`, but not the administrator's own account. Raises FORBIDDEN for that."""
    found = await find(site, wanted)
    if caller.owns(found.id):
        raise errors.FORBIDDEN(
            message="This is your own account: another administrator may do this, or the command line"
        )
    return found


async def account_asked_for(site: Site, caller: Caller, override: str | None) -> User:
    """Whose account is read: the caller's own, or for administrators the one that `override` names.

    Raises AUTHENTICATION_REQUIRED, and with `override` FORBIDDEN and USER_NOT_FOUND.
    """
    if override is None:
        return caller.require_user()
    by = caller.require_admin()
    found = await find(site, override)
    log.info("%s looks at the account of %s", by.name, found.name)
    return found


async def show(site: Site, user: User) -> AccountDetails:
    """Raises USER_NOT_FOUND when it has gone meanwhile."""
    found = await roster.by_id(site.db, user.id)
    if found is None:
        raise errors.USER_NOT_FOUND()
    return found


async def search(site: Site, text: str, limit: int, offset: int) -> Page:
    """Accounts with `text` in their name or e-mail address, by name."""
    return Page(await roster.search(site.db, text, limit, offset), await roster.count(site.db, text))


async def set_plan(site: Site, user: User, plan_id: str) -> None:
    """Raises ENUM_PARSE_FAILED."""
    if plan_id not in site.settings.plans:
        raise errors.ENUM_PARSE_FAILED(field="subscription", allowed_values=list(site.settings.plans))
    await roster.set_plan(site.db, user.id, plan_id)
    site.changes.note()
    log.info("%s has the plan %s now", user.name, plan_id)


async def reset_totp(site: Site, user: User) -> None:
    """Logins of the account need no code any more."""
    await logins.set_totp(site.db, user.id, None)
    log.info("%s has no second factor any more", user.name)


async def delete(site: Site, user: User) -> None:
    """At once, with all it has. Should we be interrupted, the job for accounts whose time has run out goes on."""
    async with site.db.acquire() as tx, tx.transaction():
        await users.claim(tx, user.id)
        await logins.set_delete_at(tx, user.id, site.clock.now() - accounts.LATE_LOGINS)
        await sessions.delete_of_user(tx, user.id)
    await accounts.delete(site, user.id)
    log.info("%s is deleted", user.name)


async def ban(site: Site, user: User, reason: str) -> None:
    await bans.set_banned(site.db, user.id, reason, site.clock.now())
    log.info("%s is banned: %s", user.name, reason)


async def unban(site: Site, user: User) -> None:
    """Raises NOT_FOUND when it isn't banned."""
    if not user.is_banned:
        raise errors.NOT_FOUND(message="This account is not banned")
    await bans.set_unbanned(site.db, user.id)
    log.info("%s is banned no more", user.name)


async def banned(site: Site) -> Sequence[AccountDetails]:
    """Latest first."""
    return await roster.banned(site.db)


async def ban_address(site: Site, address: str, reason: str, expires_at: datetime | None) -> None:
    """An address, or a network like 10.0.0.0/8. Raises ADDRESS_PARSE_FAILED."""
    network = _network(address)
    await limits.add_ban(site.db, network, reason, site.clock.now(), expires_at)
    log.info("%s is banned: %s", network, reason)


async def unban_address(site: Site, address: str) -> None:
    """Raises ADDRESS_PARSE_FAILED, and NOT_FOUND when it isn't banned."""
    network = _network(address)
    if not await bans.delete_address(site.db, network):
        raise errors.NOT_FOUND(message="This address is not banned")
    log.info("%s is banned no more", network)


async def banned_addresses(site: Site) -> Sequence[AddressBan]:
    """Latest first."""
    return await bans.of_addresses(site.db)


async def invoices_between(site: Site, start: datetime, end: datetime) -> Sequence[Invoice]:
    """Those made in [start, end), the oldest first."""
    return await invoices.between(site.db, start, end)


async def figures(site: Site) -> Figures:
    return await roster.figures(site.db)


def _network(text: str) -> str:
    """With an IPv4 address out of the IPv6 one that may wrap it: that is how callers are looked up."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise errors.ADDRESS_PARSE_FAILED(field="address") from None
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if network.network_address.scope_id is not None:
            raise errors.ADDRESS_PARSE_FAILED(field="address")
        if mapped is not None and network.prefixlen >= 96:
            return f"{mapped}/{network.prefixlen - 96}"
    return str(network)
