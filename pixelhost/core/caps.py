"""Caps on paid transfer: what visitors may use of an account's in a calendar month (UTC).

Once one is reached their downloads go on as those of a free account's files, and are paid for by nobody.
"""

from datetime import date, datetime

from pixelhost import errors
from pixelhost.db import accountusage
from pixelhost.model.accounts import Terms, User
from pixelhost.model.files import File
from pixelhost.model.nodes import Node
from pixelhost.plans import NO_LIMIT
from pixelhost.site import Site


def cap_bytes(site: Site, plan_id: str, terms: Terms) -> int | None:
    """A month: the plan's, or a lower one that the account has set. None without either."""
    of_plan = site.plan(plan_id).monthly_transfer_cap
    caps = [of_plan] if of_plan > NO_LIMIT else []
    if terms.transfer_cap_bytes:
        caps.append(terms.transfer_cap_bytes)
    return min(caps, default=None)


def is_used_up(site: Site, wanted: File | Node) -> bool:
    """Whether the owner's cap is reached, by what was known when the file was looked up: at most a flush ago."""
    cap = cap_bytes(site, wanted.owner_plan_id, wanted.owner_terms)
    if cap is None:
        return False
    used = wanted.owner_transfer
    return (used.size_bytes if used.month == _month(site.clock.now()) else 0) >= cap


async def used_bytes(site: Site, user: User) -> int:
    """In this month, by the last flush."""
    return await accountusage.paid_in_month(site.db, user.id, _month(site.clock.now()))


async def refuse_used_up(site: Site, owner: User) -> None:
    """Raises OUT_OF_TRANSFER."""
    cap = cap_bytes(site, owner.plan_id, owner.terms)
    if cap is not None and await used_bytes(site, owner) >= cap:
        raise errors.OUT_OF_TRANSFER()


def _month(now: datetime) -> date:
    return now.date().replace(day=1)
