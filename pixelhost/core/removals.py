"""The activity log of an account: which of its files were removed without its doing, and why."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from uuid import UUID

from pixelhost.db import activitylog
from pixelhost.db.connect import Db
from pixelhost.model import File, Node, Removal
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


async def note_blocked_file(tx: Db, now: datetime, file: File, reason: str) -> None:
    """To be called in the transaction that takes the file down; `reason` is the type of abuse."""
    await activitylog.insert(tx, file.owner_id, Removal(now, "file_instance_blocked", file.id, file.name, reason))


async def note_blocked_node(tx: Db, now: datetime, node: Node, path: str, reason: str) -> None:
    """The same for a node. `path` is relative to the filesystem's root and begins with a slash."""
    await activitylog.insert(tx, node.owner_id, Removal(now, "filesystem_node_blocked", str(node.id), path, reason))


async def note_lost(site: Site, digest: bytes) -> None:
    """Bytes are not there any more: log it to all who had them, once, however often it is noticed."""
    await activitylog.insert_lost(site.db, digest, site.clock.now())


async def forget(site: Site) -> int:
    """Returns how many entries were older than KEPT."""
    return await activitylog.delete_before(site.db, site.clock.now() - KEPT)
