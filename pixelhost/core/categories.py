"""Categories that an account sorts its files by."""

from typing import Final
from uuid import UUID

from pixelhost import errors
from pixelhost.core import callers
from pixelhost.core import transferfiles as files
from pixelhost.core.callers import Caller
from pixelhost.db import transferfiles
from pixelhost.db.connect import UniqueViolation
from pixelhost.model.transfers import Category
from pixelhost.site import Site

NAME_MAX: Final = 100
CATEGORIES_MAX: Final = 1000

TOO_MANY: Final = f"There are at most {CATEGORIES_MAX} categories."
NAME_TAKEN: Final = "The name has already been taken."


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
    """Raises TRANSFER_INVALID; as `callers.claim`."""
    async with site.db.acquire() as tx, tx.transaction():
        owner = await callers.claim(tx, caller)
        if await transferfiles.count_categories(tx, owner.id) >= CATEGORIES_MAX:
            raise files.invalid("name", TOO_MANY)
        try:
            return await transferfiles.insert_category(tx, owner.id, name, site.clock.now())
        except UniqueViolation:
            raise _taken() from None


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
    return files.invalid("name", NAME_TAKEN)
