"""The activity log of an account: which of its files were removed without its doing, and why."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pixelhost.db import activitylog
from pixelhost.db.connect import Db
from pixelhost.model.abuse import Copy
from pixelhost.model.files import Removal
from pixelhost.site import Site

KEPT = timedelta(days=730)
PAGE = 1000


async def pages_between(
    site: Site, user_id: UUID, start: datetime, end: datetime
) -> AsyncGenerator[list[Removal], None]:
    """Of [start, end), the oldest first."""
    after = (start, 0)
    while page := await activitylog.of_user(site.db, user_id, after, end, PAGE):
        number, last = page[-1]
        after = (last.happened_at, number)
        yield [removal for _, removal in page]


async def note_blocked(tx: Db, now: datetime, copy: Copy, reason: str) -> None:
    """A file or a node was taken down; `reason` is the type of abuse."""
    event: Literal["file_instance_blocked", "filesystem_node_blocked"]
    event = "filesystem_node_blocked" if copy.is_node else "file_instance_blocked"
    await activitylog.insert(tx, copy.owner_id, Removal(now, event, copy.file_id, copy.name, reason))


async def note_lost(site: Site, digest: bytes) -> None:
    """Bytes are not there any more: log it to all who had them, once, however often it is noticed."""
    await activitylog.insert_lost(site.db, digest, site.clock.now())


async def forget(site: Site) -> int:
    """Returns how many entries were older than KEPT."""
    return await activitylog.delete_before(site.db, site.clock.now() - KEPT)
