"""What happened below directories that log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pixelhost.db import permissions
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.nodes import Permissions


@dataclass(frozen=True, slots=True)
class Entry:
    """Paths are relative to the directory and begin with a slash; `path_new` is empty but for moves.

    The ways are the IDs of the nodes of both. `permissions` are those of the shared node below the directory that
    decided then who might read the path, if there was any.
    """

    directory_id: int
    logged_at: datetime
    path: str
    path_new: str
    action: Literal["create", "update", "move", "delete"]
    type: Literal["file", "dir"]
    way: Sequence[int]
    way_new: Sequence[int] = ()
    permissions: Permissions | None = None


async def insert(tx: Transaction, entries: Sequence[Entry]) -> None:
    await tx.executemany(
        """INSERT INTO node_log (directory_id, logged_at, path, path_new, action, type, way, way_new, permissions)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        [
            (
                entry.directory_id,
                entry.logged_at,
                entry.path,
                entry.path_new,
                entry.action,
                entry.type,
                entry.way,
                entry.way_new,
                None if entry.permissions is None else permissions.stored(entry.permissions),
            )
            for entry in entries
        ],
    )


async def of_directory(db: Db, directory_id: int, start: datetime, end: datetime, entries_max: int) -> list[Entry]:
    """Those of [start, end), oldest first, at most `entries_max`. The same permissions are the same object."""
    rows = await db.fetch(
        """SELECT directory_id, logged_at, path, path_new, action, type, way, way_new, permissions FROM node_log
            WHERE directory_id = $1 AND logged_at >= $2 AND logged_at < $3 ORDER BY logged_at, id LIMIT $4""",
        directory_id,
        start,
        end,
        entries_max,
    )
    decoded = {text: permissions.loaded(text) for text in {row["permissions"] for row in rows} if text is not None}
    return [_entry(row, decoded) for row in rows]


async def await_writers(db: Db, owner_id: UUID) -> None:
    """Until every transaction has ended that had the owner locked when this began."""
    await db.execute("SELECT FROM users WHERE id = $1 FOR SHARE", owner_id)


async def set_read(db: Db, directory_id: int, now: datetime) -> None:
    await db.execute("UPDATE nodes SET log_read_at = $2 WHERE id = $1", directory_id, now)


async def unread_since(db: Db, moment: datetime) -> list[int]:
    """IDs of directories whose logging was neither enabled nor read after a moment."""
    rows = await db.fetch(
        """SELECT id FROM nodes
            WHERE logging_enabled_at <= $1 AND coalesce(log_read_at, logging_enabled_at) <= $1""",
        moment,
    )
    return [row["id"] for row in rows]


async def switch_off(tx: Transaction, directory_ids: Sequence[int], moment: datetime) -> int:
    """Of those that still are unread since the moment. Returns how many. Their owners must be locked."""
    status = await tx.execute(
        """UPDATE nodes SET logging_enabled_at = NULL
            WHERE id = ANY($1::bigint[]) AND logging_enabled_at <= $2
              AND coalesce(log_read_at, logging_enabled_at) <= $2""",
        directory_ids,
        moment,
    )
    return int(status.rpartition(" ")[2])


async def delete_before(db: Db, moment: datetime) -> int:
    """Returns how many."""
    status = await db.execute("DELETE FROM node_log WHERE logged_at < $1", moment)
    return int(status.rpartition(" ")[2])


def _entry(row: Row, decoded: Mapping[str, Permissions]) -> Entry:
    return Entry(
        row["directory_id"],
        row["logged_at"],
        row["path"],
        row["path_new"],
        row["action"],
        row["type"],
        row["way"],
        row["way_new"],
        decoded.get(row["permissions"]),
    )
