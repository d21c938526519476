"""Lists of files: make, change, delete."""

from collections.abc import Sequence
from contextlib import suppress

from pixelhost import errors, ids
from pixelhost.core import access
from pixelhost.core.callers import Caller
from pixelhost.db import lists
from pixelhost.db.connect import Db, ForeignKeyViolation, Transaction, UniqueViolation
from pixelhost.ids import is_id
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

FILES_MAX = 10_000
TITLE_MAX = 300
DESCRIPTION_MAX = 3000
DEFAULT_TITLE = "Pixeldrain List"

Entry = tuple[str, str]
"""The ID of a file, and its description in the list."""


async def create(site: Site, caller: Caller, title: str, entries: Sequence[Entry], *, is_anonymous: bool) -> str:
    """Returns the ID. An anonymous list belongs to nobody, but making one takes an account too.

    Raises AUTHENTICATION_REQUIRED, TITLE_TOO_LONG, CANNOT_CREATE_EMPTY_LIST, LIST_TOO_LONG, LIST_FILE_NOT_FOUND.
    """
    user = caller.require_user()
    _check(title, entries)
    while True:
        await _refuse_missing(site, entries)
        list_id = ids.new_id()
        # A random ID that is taken, or a file that has just gone: once more.
        with suppress(UniqueViolation, ForeignKeyViolation):
            async with site.db.acquire() as db, db.transaction():
                await lists.insert(db, list_id, None if is_anonymous else user.id, title, site.clock.now())
                await _set_files(db, list_id, entries)
            return list_id


async def update(
    site: Site, caller: Caller, list_id: str, title: str | Unset, entries: Sequence[Entry] | Unset
) -> None:
    """Change what is sent, UNSET leaves it. Raises NOT_FOUND, FORBIDDEN, and as `create`."""
    _check(DEFAULT_TITLE if title is UNSET else title, [("", "")] if entries is UNSET else entries)
    await _claim_own(site.db, caller, list_id)
    while True:
        if entries is not UNSET:
            await _refuse_missing(site, entries)
        with suppress(ForeignKeyViolation):
            async with site.db.acquire() as db, db.transaction():
                await _claim_own(db, caller, list_id)
                if title is not UNSET:
                    await lists.set_title(db, list_id, title)
                if entries is not UNSET:
                    await _set_files(db, list_id, entries)
            return


async def delete(site: Site, caller: Caller, list_id: str) -> None:
    """The files stay. Raises NOT_FOUND, FORBIDDEN."""
    async with site.db.acquire() as db, db.transaction():
        await _claim_own(db, caller, list_id)
        await lists.delete(db, list_id)


def _check(title: str, entries: Sequence[Entry]) -> None:
    problems = []
    if len(title) > TITLE_MAX:
        problems.append(errors.TITLE_TOO_LONG())
    if not entries:
        problems.append(errors.CANNOT_CREATE_EMPTY_LIST())
    if len(entries) > FILES_MAX:
        problems.append(errors.LIST_TOO_LONG())
    for _, description in entries:
        if "\0" in description:
            position = description.index("\0")
            problems.append(
                errors.FIELD_CONTAINS_ILLEGAL_CHARACTER(field="description", char="\0", char_position=position)
            )
            break
    longest = max((len(description) for _, description in entries), default=0)
    if longest > DESCRIPTION_MAX:
        problems.append(
            errors.STRING_OUT_OF_RANGE(field="description", min_len=0, max_len=DESCRIPTION_MAX, len=longest)
        )
    errors.raise_all(problems)


async def _refuse_missing(site: Site, entries: Sequence[Entry]) -> None:
    """Raises LIST_FILE_NOT_FOUND for the first file that doesn't exist."""
    file_ids = [file_id for file_id, _ in entries]
    there = {file.id for file in await access.some_files(site, list(dict.fromkeys(file_ids)))}
    for file_id in file_ids:
        if file_id not in there:
            raise errors.LIST_FILE_NOT_FOUND(file_not_found=file_id)


async def _set_files(db: Transaction, list_id: str, entries: Sequence[Entry]) -> None:
    file_ids, descriptions = zip(*entries, strict=True)
    await lists.set_files(db, list_id, file_ids, descriptions)


async def _claim_own(db: Db, caller: Caller, list_id: str) -> None:
    owner = await lists.claim_owner(db, list_id) if is_id(list_id) else None
    if owner is None:
        raise errors.NOT_FOUND()
    if not caller.owns(owner[0]):
        raise errors.FORBIDDEN()
