"""The reports that wait for a decision, by the file that they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pixelhost import errors
from pixelhost.blobs.contract import BlobMissing
from pixelhost.core import blocking, previews, thumbnails
from pixelhost.core.callers import Caller
from pixelhost.core.previews import Preview
from pixelhost.core.thumbnails import Thumbnail
from pixelhost.db import files, reports, takedowns
from pixelhost.model.abuse import AbuseReport, Copy, Takedown
from pixelhost.model.files import File
from pixelhost.site import Site

Status = Literal["pending", "granted", "rejected"]

COPIES_MAX: Final = 100
PREVIEW_BYTES: Final = 16 << 10
PREVIEW_PX: Final = 256


@dataclass(frozen=True)
class Reported:
    """A file with all its reports, the oldest first."""

    file: File
    reports: Sequence[AbuseReport]

    @property
    def type(self) -> str:
        """What most say it is."""
        said = [report.type for report in self.reports]
        return max(dict.fromkeys(said), key=said.count, default="")

    @property
    def status(self) -> str:
        """Pending while one of them is."""
        statuses = [report.status for report in self.reports]
        return "pending" if "pending" in statuses else statuses[-1] if statuses else ""


@dataclass(frozen=True)
class Queue:
    files: Sequence[Reported]
    total: int


@dataclass(frozen=True)
class Facts:
    """What there is to know about a reported file. At most 100 of its copies are told."""

    reported: Reported
    takedown: Takedown | None
    copies: Sequence[Copy]
    text: Preview | None


async def waiting(site: Site, status: Status, start: datetime, end: datetime, limit: int, offset: int) -> Queue:
    """Files with reports of a status from [start, end): those that most have reported first."""
    found = await reports.reported_files(site.db, status, start, end, limit, offset)
    return Queue(
        await _reported(site, [file_id for file_id, _ in found]),
        await reports.count_reported_files(site.db, status, start, end),
    )


async def one(site: Site, file_id: str) -> Reported:
    """A file, whether it was reported or not. Raises NOT_FOUND."""
    found = await _reported(site, [file_id])
    if not found:
        raise errors.NOT_FOUND()
    return found[0]


async def facts(site: Site, file_id: str) -> Facts:
    """Raises NOT_FOUND."""
    reported = await one(site, file_id)
    file = reported.file
    return Facts(
        reported,
        await takedowns.by_digest(site.db, file.blob.digest),
        await takedowns.copies(site.db, file.blob.digest, None, COPIES_MAX),
        await _text(site, file),
    )


async def thumbnail(site: Site, caller: Caller, file_id: str) -> Thumbnail:
    """For administrators, of what was taken down too. Raises AUTHENTICATION_REQUIRED, FORBIDDEN, NOT_FOUND."""
    caller.require_admin()
    return await thumbnails.for_administrators(site, (await one(site, file_id)).file, PREVIEW_PX)


async def grant(site: Site, caller: Caller, file_id: str, kind: str, reporter: str, note: str) -> None:
    """Take the file down, and all that have its content. Raises as `blocking.authority` and `blocking.block_file`."""
    by = await blocking.authority(site, caller)
    await blocking.block_file(site, by, file_id, kind, reporter, note)


async def reject(site: Site, caller: Caller, file_id: str) -> None:
    """The file stays. Raises AUTHENTICATION_REQUIRED, FORBIDDEN, and NOT_FOUND when nothing waits for that."""
    caller.require_admin()
    if not await reports.reject(site.db, file_id, site.clock.now()):
        raise errors.NOT_FOUND(message="No report of this file waits for a decision")


async def _reported(site: Site, file_ids: Sequence[str]) -> Sequence[Reported]:
    found = await files.by_ids(site.db, file_ids)
    said = await reports.of_files(site.db, file_ids)
    return [Reported(file, said[file.id]) for file in found]


async def _text(site: Site, file: File) -> Preview | None:
    """How it begins, where it is text and its bytes are there."""
    if not file.mime_type.startswith("text/"):
        return None
    try:
        return await previews.of_text(site, file.blob, file.name, file.mime_type, PREVIEW_BYTES)
    except BlobMissing:
        return None
