"""Categories that an account sorts its files by."""

from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.core import transferfiles as files
from pixelhost.core.callers import Caller
from pixelhost.db import transferfiles
from pixelhost.db.connect import UniqueViolation
from pixelhost.model import Category
from pixelhost.site import Site

NAME_MAX: Final = 100
CATEGORIES_MAX: Final = 1000


async def of_caller(site: Site, caller: Caller) -> list[Category]:
    """By name. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return await transferfiles.categories(site.db, caller.require_user().id)


async def own(site: Site, caller: Caller, category_id: UUID) -> Category:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    found = await transferfiles.category(site.db, caller.require_user().id, category_id)
    if found is None:
        raise errors.NOT_FOUND()
    return found


async def create(site: Site, caller: Caller, name: str) -> Category:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, TRANSFER_INVALID."""
    owner = caller.require_user()
    try:
        made = await transferfiles.insert_category(site.db, owner.id, name, site.clock.now(), CATEGORIES_MAX)
    except UniqueViolation:
        raise _taken() from None
    if made is None:
        raise files.invalid("name", f"There are at most {CATEGORIES_MAX} categories.")
    return made


async def rename(site: Site, caller: Caller, category_id: UUID, name: str) -> Category:
    """Raises as `own`, TRANSFER_INVALID."""
    try:
        changed = await transferfiles.rename_category(site.db, caller.require_user().id, category_id, name)
    except UniqueViolation:
        raise _taken() from None
    if changed is None:
        raise errors.NOT_FOUND()
    return changed


async def delete(site: Site, caller: Caller, category_id: UUID) -> None:
    """Its files stay. Raises as `own`."""
    if not await transferfiles.delete_category(site.db, caller.require_user().id, category_id):
        raise errors.NOT_FOUND()


def _taken() -> errors.ApiError:
    return files.invalid("name", "The name has already been taken.")
