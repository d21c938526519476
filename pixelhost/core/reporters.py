"""Those who report abuse by trade: administrators name them, and say what they may take down by themselves."""

import logging
from collections.abc import Sequence
from typing import Final

from pixelhost import errors
from pixelhost.core import admin, mail, takedowns
from pixelhost.core.callers import Caller
from pixelhost.db import reporters
from pixelhost.db.connect import UniqueViolation
from pixelhost.model.abuse import AbuseReporter
from pixelhost.site import Site

log = logging.getLogger(__name__)

NAME_MAX: Final = 100
ACCOUNT_TAKEN: Final = "This account is another reporter's"


async def everyone(site: Site) -> Sequence[AbuseReporter]:
    """By name."""
    return await reporters.everyone(site.db)


async def save(site: Site, caller: Caller, name: str, email: str, user: str, types: Sequence[str]) -> None:
    """A new reporter, or the one with this name changed. With an account and types, that account's keys take down what
    is of these types.

    `user` is an account's ID, name or e-mail address, or empty. Raises AUTHENTICATION_REQUIRED, FORBIDDEN,
    ENUM_PARSE_FAILED, INVALID_EMAIL_ADDRESS, USER_NOT_FOUND, RESOURCE_ALREADY_EXISTS.
    """
    by = caller.require_admin()
    if not set(types) <= set(takedowns.TYPES):
        raise errors.ENUM_PARSE_FAILED(field="types", allowed_values=list(takedowns.TYPES))
    if email:
        mail.address(email)
    account = await admin.find(site, user) if user else None
    wanted = list(dict.fromkeys(types))
    try:
        await reporters.save(site.db, name, email, account.id if account else None, wanted, site.clock.now())
    except UniqueViolation:
        raise errors.RESOURCE_ALREADY_EXISTS(message=ACCOUNT_TAKEN) from None
    log.info("%s made %s a reporter of %s", by.name, name, ", ".join(wanted) or "nothing by itself")


async def delete(site: Site, caller: Caller, name: str) -> None:
    """What it had taken down stays so. Raises AUTHENTICATION_REQUIRED, FORBIDDEN, NOT_FOUND."""
    by = caller.require_admin()
    if not await reporters.delete(site.db, name):
        raise errors.NOT_FOUND(message="There is no reporter of this name")
    log.info("%s removed the reporter %s", by.name, name)
