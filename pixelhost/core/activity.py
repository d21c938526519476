"""The activity log of directories: always of a filesystem's root, of others while somebody reads it."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from weakref import WeakValueDictionary

from pixelhost import errors
from pixelhost.core import nodes, nodeshares, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.nodeshares import Shares
from pixelhost.core.paths import Path
from pixelhost.db import nodelog, nodestats
from pixelhost.db.connect import Transaction
from pixelhost.db.nodelog import Entry
from pixelhost.model.nodes import Node
from pixelhost.site import Site

Action = Literal["create", "update", "move", "delete"]

SWITCHED_OFF_AFTER = timedelta(hours=24)
READING_NOTED_EVERY = timedelta(minutes=1)
SPAN_LONGEST = timedelta(days=30)
KEPT_FOR = timedelta(days=30)
ENTRIES_MAX = 100_000

_waiting: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class Spot:
    """Where a node is: the directories from the root down to it."""

    directories: Sequence[Node]
    node: Node

    def way_from(self, depth: int) -> Sequence[Node]:
        """The nodes below the directory at `depth`."""
        return (*self.directories[depth + 1 :], self.node)

    def path_from(self, depth: int) -> str:
        return "".join(f"/{node.name}" for node in self.way_from(depth))

    def ids_from(self, depth: int) -> list[int]:
        return [node.id for node in self.way_from(depth)]

    def shared_from(self, depth: int) -> Node | None:
        """Of those nodes the one that decides who may read the last, if any of them is shared."""
        return next((node for node in reversed(self.way_from(depth)) if node.share_id is not None), None)


def is_logging(directory: Node, now: datetime) -> bool:
    if directory.parent_id is None:
        return True
    since = [moment for moment in (directory.logging_enabled_at, directory.log_read_at) if moment is not None]
    return directory.logging_enabled_at is not None and max(since) > now - SWITCHED_OFF_AFTER


async def note(tx: Transaction, now: datetime, action: Action, spot: Spot) -> None:
    """Log that something was created, updated or deleted; `spot` tells how it was shared then."""
    await note_all(tx, now, action, [spot])


async def note_all(tx: Transaction, now: datetime, action: Action, spots: Sequence[Spot]) -> None:
    """`note` for many, in order."""
    await nodelog.insert(
        tx,
        [_entry(directory, now, action, spot, depth) for spot in spots for depth, directory in _logging(spot, now)],
    )


async def note_move(tx: Transaction, now: datetime, old: Spot, new: Spot) -> None:
    """Where only one end is below a directory, it is a delete or a create there; both, where others may read it now."""
    after = {directory.id: (depth, directory) for depth, directory in _logging(new, now)}
    entries = []
    for depth, directory in _logging(old, now):
        if directory.id in after and _is_shared_alike(old, new, depth):
            moved = _entry(directory, now, "move", old, depth)
            entries.append(replace(moved, path_new=new.path_from(depth), way_new=new.ids_from(depth)))
            del after[directory.id]
        else:
            entries.append(_entry(directory, now, "delete", old, depth))
    entries += [_entry(directory, now, "create", new, depth) for depth, directory in after.values()]
    await nodelog.insert(tx, entries)


async def read(site: Site, caller: Caller, path: Path, start: datetime, end: datetime) -> list[Entry]:
    """The log of a directory in [start, end), oldest first; nothing of one that doesn't log.

    Nothing that began before this was asked is missing. What is shared with others only, or was when it happened, is
    left out. Keeps the directory logging for those who may write. Of more than 100,000 entries the oldest; the time of
    the last one begins the next question. Raises as `nodes.readable_directory`, LOG_TIMESPAN_TOO_LONG.
    """
    place = await nodes.readable_directory(site, caller, path)
    directory = place.node
    if end - start > SPAN_LONGEST:
        raise errors.LOG_TIMESPAN_TOO_LONG()
    now = site.clock.now()
    if not is_logging(directory, now):
        return []
    if place.rights.write:
        await _keep_logging(site, directory, now)
    # Its time is taken before a change is committed. Who asks for a span once, and then for the next, would miss it.
    async with _waiting.setdefault(directory.owner_id, asyncio.Lock()):
        await nodelog.await_writers(site.db, directory.owner_id)
    entries = await nodelog.of_directory(site.db, directory.id, start, end, ENTRIES_MAX)
    if place.rights.owner:
        return entries
    shares = await nodeshares.seen_by(site, caller, directory.owner_id)
    seen = (_seen(entry, shares) for entry in _readable(site, caller, entries))
    return [entry for entry in seen if entry is not None]


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


def _entry(directory: Node, now: datetime, action: Action, spot: Spot, depth: int) -> Entry:
    shared = spot.shared_from(depth)
    return Entry(
        directory_id=directory.id,
        logged_at=now,
        path=spot.path_from(depth),
        path_new="",
        action=action,
        type="dir" if spot.node.is_directory else "file",
        way=spot.ids_from(depth),
        permissions=None if shared is None else shared.permissions,
    )


def _is_shared_alike(old: Spot, new: Spot, depth: int) -> bool:
    """Whether the same node decides who may read both, seen from a directory above both."""
    before, after = old.shared_from(depth), new.shared_from(depth)
    return (before and before.id) == (after and after.id)


async def _keep_logging(site: Site, directory: Node, now: datetime) -> None:
    was_read = directory.log_read_at
    if directory.logging_enabled_at is not None and (was_read is None or now - was_read >= READING_NOTED_EVERY):
        await nodelog.set_read(site.db, directory.id, now)


def _readable(site: Site, caller: Caller, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Those that the caller might have read then, by what the permissions in force then give now.

    Entries share permissions, of which each is looked at once: it may have 100 passwords to open.
    """
    verdicts: dict[int, bool] = {}
    for entry in entries:
        given = entry.permissions
        if given is not None and id(given) not in verdicts:
            verdicts[id(given)] = sharing.granted(site, caller, given).read
        if given is None or verdicts[id(given)]:
            yield entry


def _seen(entry: Entry, shares: Shares) -> Entry | None:
    """As it is for those who may now read what is not hidden: of a move perhaps one end."""
    if entry.action != "move":
        return None if shares.hides(entry.way) else entry
    is_hidden, is_new_hidden = shares.hides(entry.way), shares.hides(entry.way_new)
    if is_hidden and is_new_hidden:
        return None
    if is_hidden:
        return replace(entry, action="create", path=entry.path_new, path_new="")
    return replace(entry, action="delete", path_new="") if is_new_hidden else entry
