"""Files of an account: add, grab, rename, let expire, delete."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from pixelhost import errors, ids
from pixelhost.core import access, downloads, gates, storage, uploads
from pixelhost.core.callers import Caller
from pixelhost.core.storage import Received
from pixelhost.core.uploads import Admission
from pixelhost.db import files, users
from pixelhost.db.connect import Transaction
from pixelhost.errors import ApiError
from pixelhost.media.mime import mime_type
from pixelhost.model import UNSET, Blob, File, Unset
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
    async with storage.placed(site, got) as (db, blob):
        return await _insert(db, admission, blob, name, mime, lifetime, site.clock.now())


async def grab(site: Site, caller: Caller, file_id: str, name: str | None, lifetime: Lifetime) -> File:
    """A copy of anybody's file in the caller's account, moving no bytes. Raises as reading and uploading do."""
    source = await access.file(site, file_id)
    admission = uploads.admit(site, caller, source.size_bytes)
    if refusal := gates.standing(site, caller, source):
        raise refusal
    if source.delete_after_downloads and not caller.owns(source.owner_id):
        # A copy would be a download that nobody counts.
        raise errors.FORBIDDEN()
    mime = (
        source.mime_type if name is None else mime_type(name, await downloads.head_of(site, source, storage.HEAD_BYTES))
    )
    async with storage.kept(site, source.blob) as db:
        return await _insert(db, admission, source.blob, name or source.name, mime, lifetime, site.clock.now())


async def rename(site: Site, caller: Caller, file_id: str, name: str) -> None:
    """Raises NOT_FOUND, FORBIDDEN, and what `name_problems` finds."""
    found = await access.own_file(site, caller, file_id)
    errors.raise_all(name_problems(name))
    await files.rename(
        site.db, file_id, name, mime_type(name, await downloads.head_of(site, found, storage.HEAD_BYTES))
    )
    site.changes.note()


async def set_lifetime(
    site: Site, caller: Caller, file_id: str, date: datetime | Unset | None, count: int | Unset
) -> None:
    """Change when a file goes by itself; UNSET leaves it. Raises NOT_FOUND, FORBIDDEN."""
    await access.own_file(site, caller, file_id)
    if date is not UNSET:
        await files.set_delete_after_date(site.db, file_id, date)
    if count is not UNSET:
        await files.set_delete_after_downloads(site.db, file_id, count)
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
        while days and (count := await files.delete_unread(site.db, plan_id, now - timedelta(days=days), DELETE_BATCH)):
            deleted += count
    site.changes.note()
    return deleted


async def _insert(
    db: Transaction,
    admission: Admission,
    blob: Blob,
    name: str,
    mime: str,
    lifetime: Lifetime,
    now: datetime,
) -> File:
    while True:
        file = await files.insert_within(
            db,
            ids.new_id(),
            owner_id=admission.user.id,
            blob=blob,
            name=name,
            mime_type=mime,
            now=now,
            delete_after_date=lifetime.date,
            delete_after_downloads=lifetime.downloads,
            storage_limit=admission.plan.storage_space,
            count_limit=admission.plan.file_count_limit,
        )
        if file is not None:
            return file
        # The account filled up or was banned since the admission; if it wasn't, the random ID is taken: try another.
        user = await users.by_id(db, admission.user.id)
        if user is None:
            raise errors.AUTHENTICATION_FAILED()
        if user.is_banned:
            raise errors.ACCOUNT_BANNED()
        uploads.refuse_full(Admission(user, admission.plan), blob.size_bytes)
