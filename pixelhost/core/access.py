"""The only doors to files and lists: each answers with the thing, or refuses."""

from dataclasses import replace
from datetime import timedelta

from pixelhost import errors
from pixelhost.core.callers import Caller
from pixelhost.db import files, lists
from pixelhost.ids import is_id
from pixelhost.model.files import File, FileList
from pixelhost.site import Site


async def file(site: Site, file_id: str) -> File:
    """A living file, whoever asks. Raises NOT_FOUND."""
    found = await site.files.get(file_id) if is_id(file_id) else None
    if found is None or is_expired(site, found):
        raise errors.NOT_FOUND()
    return found


async def own_file(site: Site, caller: Caller, file_id: str) -> File:
    """A file of the caller's. Raises NOT_FOUND, FORBIDDEN."""
    found = await file(site, file_id)
    if not caller.owns(found.owner_id):
        raise errors.FORBIDDEN()
    return found


async def some_files(site: Site, file_ids: list[str]) -> list[File]:
    """Those of `file_ids` that exist, in the order asked."""
    found = await files.by_ids(site.db, [file_id for file_id in file_ids if is_id(file_id)])
    return [one for one in found if not is_expired(site, one)]


async def file_list(site: Site, list_id: str) -> FileList:
    """A list with its living files. Raises NOT_FOUND."""
    found = await lists.by_id(site.db, list_id) if is_id(list_id) else None
    if found is None:
        raise errors.NOT_FOUND()
    return replace(found, files=tuple(listed for listed in found.files if not is_expired(site, listed.file)))


async def own_list(site: Site, caller: Caller, list_id: str) -> FileList:
    """The same for what its owner alone may do. Raises NOT_FOUND, FORBIDDEN."""
    found = await file_list(site, list_id)
    if not caller.owns(found.owner_id):
        raise errors.FORBIDDEN()
    return found


def is_expired(site: Site, found: File) -> bool:
    """Whether its date has come, its downloads are used up, or its plan has let it go. The job deletes it later."""
    now = site.clock.now()
    if found.delete_after_date is not None and found.delete_after_date <= now:
        return True
    if 0 < found.delete_after_downloads <= found.downloads:
        return True
    days = site.plan(found.owner_plan_id).file_expiry_days
    return days > 0 and found.kept_at + timedelta(days=days) <= now
