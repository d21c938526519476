"""Files of an account: add, grab, rename, let expire, delete."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pixelhost import errors, ids
from pixelhost.blobs.contract import BlobMissing, Staged
from pixelhost.core import access, gates, storage, uploads
from pixelhost.core.callers import Caller
from pixelhost.core.intake import Account
from pixelhost.core.storage import Received
from pixelhost.core.uploads import Admission
from pixelhost.db import files, users
from pixelhost.errors import ApiError
from pixelhost.media.mime import mime_type
from pixelhost.model.files import Blob, File
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

NAME_MAX = 255
DELETE_BATCH = 500


@dataclass(frozen=True)
class Lifetime:
    """When a file goes by itself; None and 0 are never."""

    date: datetime | None = None
    downloads: int = 0


def name_problems(name: str) -> list[ApiError]:
    """What is wrong with a file name: 1 to 255 characters, no slash, NUL or control character."""
    if not name:
        return [errors.MISSING_FIELD(field="name")]
    problems = []
    if len(name) > NAME_MAX:
        problems.append(errors.STRING_OUT_OF_RANGE(field="name", min_len=1, max_len=NAME_MAX, len=len(name)))
    illegal = {char for char in name if char == "/" or unicodedata.category(char) in {"Cc", "Cs"}}
    if illegal:
        problems.append(errors.NAME_CONTAINS_ILLEGAL_CHARACTER(illegal_chars="".join(sorted(illegal))))
    return problems


async def add(site: Site, admission: Admission, name: str, got: Received, lifetime: Lifetime) -> File:
    """Make received bytes a file of the admitted account, durably. The name was checked.

    Raises NO_FILE, USER_OUT_OF_SPACE, TOO_MANY_FILES, ACCOUNT_BANNED, WRITING.
    """
    if got.size_bytes == 0:
        raise errors.NO_FILE()
    mime = mime_type(name, got.head)
    async with storage.placed(site, got) as blob:
        return await _insert(site, admission, _new(site, admission, name, mime, blob, lifetime), got.staged)


async def grab(site: Site, caller: Caller, file_id: str, name: str | None, lifetime: Lifetime) -> File:
    """A copy of anybody's file in the caller's account, moving no bytes. Raises as reading and uploading do."""
    source = await access.file(site, file_id)
    admission = uploads.admit(site, caller, source.size_bytes)
    if refusal := gates.standing(site, caller, source):
        raise refusal
    if source.delete_after_downloads and not caller.owns(source.owner_id):
        # A copy would be a download that nobody counts.
        raise errors.FORBIDDEN()
    mime = source.mime_type if name is None else mime_type(name, await storage.head_of(site, source.blob))
    new = _new(site, admission, name or source.name, mime, source.blob, lifetime)
    try:
        return await _insert(site, admission, new, None)
    except BlobMissing as error:
        raise errors.NOT_FOUND() from error


async def change(
    site: Site,
    caller: Caller,
    file_id: str,
    *,
    name: str | Unset = UNSET,
    date: datetime | Unset | None = UNSET,
    downloads: int | Unset = UNSET,
) -> None:
    """Rename a file, and change when it goes by itself: all at once or nothing. UNSET leaves what is.

    Raises NOT_FOUND, FORBIDDEN, and what `name_problems` finds.
    """
    found = await access.own_file(site, caller, file_id)
    head = b""
    if name is not UNSET:
        errors.raise_all(name_problems(name))
        head = await storage.head_of(site, found.blob)
    async with site.db.acquire() as tx, tx.transaction():
        if name is not UNSET:
            await files.rename(tx, file_id, name, mime_type(name, head))
        if date is not UNSET:
            await files.set_delete_after_date(tx, file_id, date)
        if downloads is not UNSET:
            await files.set_delete_after_downloads(tx, file_id, downloads)
    site.changes.note()


async def delete(site: Site, caller: Caller, file_id: str) -> None:
    """Raises NOT_FOUND, FORBIDDEN."""
    await access.own_file(site, caller, file_id)
    is_deleted = await files.delete(site.db, file_id)
    site.changes.note()
    if not is_deleted:
        raise errors.NOT_FOUND()


async def delete_due(site: Site) -> int:
    """Delete files whose date, downloads or plan say so. Returns how many."""
    now = site.clock.now()
    deleted = 0
    while count := await files.delete_due(site.db, now, DELETE_BATCH):
        deleted += count
    for plan_id in await users.plan_ids(site.db):
        days = site.plan(plan_id).file_expiry_days
        while days and (count := await files.delete_unread(site.db, plan_id, now - timedelta(days), now, DELETE_BATCH)):
            deleted += count
    site.changes.note()
    return deleted


def _new(site: Site, admission: Admission, name: str, mime: str, blob: Blob, lifetime: Lifetime) -> File:
    now = site.clock.now()
    return File(
        id=ids.new_id(),
        name=name,
        mime_type=mime,
        blob=blob,
        owner_id=admission.user.id,
        owner_plan_id=admission.user.plan_id,
        owner_terms=admission.user.terms,
        uploaded_at=now,
        kept_at=now,
        last_viewed_at=now,
        delete_after_date=lifetime.date,
        delete_after_downloads=lifetime.downloads,
    )


async def _insert(site: Site, admission: Admission, new: File, staged: Staged | None) -> File:
    account = Account(new.owner_id, admission.plan.storage_space, admission.plan.file_count_limit)
    while not await site.intake.add(account, new, staged):
        # The account filled up or was banned since the admission; if it wasn't, the random ID is taken: try another.
        user = await users.by_id(site.db, new.owner_id)
        if user is None:
            raise errors.AUTHENTICATION_FAILED()
        if user.is_banned:
            raise errors.ACCOUNT_BANNED()
        uploads.refuse_full(Admission(user, admission.plan), new.size_bytes)
        new = replace(new, id=ids.new_id())
    return new
