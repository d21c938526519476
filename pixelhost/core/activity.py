"""The activity log of directories: always of a filesystem's root, of others while somebody reads it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pixelhost import errors
from pixelhost.core import nodes
from pixelhost.core.callers import Caller
from pixelhost.core.paths import Path
from pixelhost.db import nodelog, nodestats
from pixelhost.db.connect import Transaction
from pixelhost.db.nodelog import Entry
from pixelhost.model import Node
from pixelhost.site import Site

Action = Literal["create", "update", "move", "delete"]

SWITCHED_OFF_AFTER = timedelta(hours=24)
READING_NOTED_EVERY = timedelta(minutes=1)
SPAN_LONGEST = timedelta(days=30)
KEPT_FOR = timedelta(days=30)
ENTRIES_MAX = 100_000


@dataclass(frozen=True)
class Spot:
    """Where a node is: the directories from the root down to it, and its name."""

    directories: Sequence[Node]
    name: str

    def relative_to(self, depth: int) -> str:
        """The path below the directory at `depth`."""
        return "/" + "/".join([*(node.name for node in self.directories[depth + 1 :]), self.name])


def is_logging(directory: Node, now: datetime) -> bool:
    if directory.parent_id is None:
        return True
    since = [moment for moment in (directory.logging_enabled_at, directory.log_read_at) if moment is not None]
    return directory.logging_enabled_at is not None and max(since) > now - SWITCHED_OFF_AFTER


async def note(tx: Transaction, now: datetime, action: Action, spot: Spot, *, is_directory: bool) -> None:
    """Log that something was created, updated or deleted."""
    await note_all(tx, now, action, [(spot, is_directory)])


async def note_all(tx: Transaction, now: datetime, action: Action, spots: Sequence[tuple[Spot, bool]]) -> None:
    """The same of several things, each with whether it is a directory."""
    await nodelog.insert(
        tx,
        [
            Entry(directory.id, now, spot.relative_to(depth), "", action, "dir" if is_directory else "file")
            for spot, is_directory in spots
            for depth, directory in _logging(spot, now)
        ],
    )


async def note_move(tx: Transaction, now: datetime, old: Spot, new: Spot, *, is_directory: bool) -> None:
    """Where only one end is below a directory, there it is a delete or a create."""
    kind: Literal["file", "dir"] = "dir" if is_directory else "file"
    before = {directory.id: old.relative_to(depth) for depth, directory in _logging(old, now)}
    after = {directory.id: new.relative_to(depth) for depth, directory in _logging(new, now)}
    entries = []
    for directory_id in before | after:
        path, path_new = before.get(directory_id), after.get(directory_id)
        if path is not None and path_new is not None:
            entries.append(Entry(directory_id, now, path, path_new, "move", kind))
        elif path is not None:
            entries.append(Entry(directory_id, now, path, "", "delete", kind))
        else:
            entries.append(Entry(directory_id, now, path_new or "", "", "create", kind))
    await nodelog.insert(tx, entries)


async def read(site: Site, caller: Caller, path: Path, start: datetime, end: datetime) -> list[Entry]:
    """The log of a directory in [start, end), oldest first; nothing of one that doesn't log. Keeps it logging.

    Of more than 100,000 entries the oldest; the time of the last one begins the next question. Raises as
    `nodes.readable_directory`, LOG_TIMESPAN_TOO_LONG.
    """
    directory = (await nodes.readable_directory(site, caller, path)).node
    if end - start > SPAN_LONGEST:
        raise errors.LOG_TIMESPAN_TOO_LONG()
    now = site.clock.now()
    if not is_logging(directory, now):
        return []
    was_read = directory.log_read_at
    if directory.logging_enabled_at is not None and (was_read is None or now - was_read >= READING_NOTED_EVERY):
        await nodelog.set_read(site.db, directory.id, now)
    return await nodelog.of_directory(site.db, directory.id, start, end, ENTRIES_MAX)


async def tidy(site: Site) -> int:
    """Switch off the logging that nobody reads, and delete entries older than 30 days. Returns how many of both."""
    now = site.clock.now()
    switched_off = 0
    if unread := await nodelog.unread_since(site.db, now - SWITCHED_OFF_AFTER):
        async with site.db.acquire() as tx, tx.transaction():
            await nodestats.claim_owners(tx, unread)
            switched_off = await nodelog.switch_off(tx, unread, now - SWITCHED_OFF_AFTER)
    return switched_off + await nodelog.delete_before(site.db, now - KEPT_FOR)


def _logging(spot: Spot, now: datetime) -> Iterator[tuple[int, Node]]:
    return ((depth, directory) for depth, directory in enumerate(spot.directories) if is_logging(directory, now))
