"""The activity of accounts: what was removed from them without their doing. Expired files are logged by `files`."""

from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db
from pixelhost.model.files import Removal


async def of_user(
    db: Db, user_id: UUID, after: tuple[datetime, int], end: datetime, limit: int
) -> list[tuple[int, Removal]]:
    """Removals and their numbers, the oldest first: those after (happened_at, number) and before `end`."""
    happened_at, number = after
    rows = await db.fetch(
        """SELECT id, happened_at, event, file_id, file_name, reason FROM activity
            WHERE user_id = $1 AND (happened_at, id) > ($2, $3) AND happened_at < $4
            ORDER BY happened_at, id LIMIT $5""",
        user_id,
        happened_at,
        number,
        end,
        limit,
    )
    return [
        (row["id"], Removal(row["happened_at"], row["event"], row["file_id"], row["file_name"], row["reason"]))
        for row in rows
    ]


async def insert(db: Db, user_id: UUID, removal: Removal) -> None:
    await db.execute(
        """INSERT INTO activity (user_id, happened_at, event, file_id, file_name, reason)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        user_id,
        removal.happened_at,
        removal.event,
        removal.file_id,
        removal.file_name,
        removal.reason,
    )


async def insert_lost(db: Db, digest: bytes, now: datetime) -> None:
    """For every file and node of these bytes, unless it was logged before."""
    await db.execute(
        """WITH RECURSIVE up (node_id, owner_id, parent_id, path) AS (
               SELECT id, owner_id, parent_id, '/' || name FROM nodes WHERE blob = $1
                UNION ALL
               SELECT up.node_id, up.owner_id, n.parent_id,
                      CASE WHEN n.parent_id IS NULL THEN up.path ELSE '/' || n.name || up.path END
                 FROM up JOIN nodes n ON n.id = up.parent_id)
           INSERT INTO activity (user_id, happened_at, event, file_id, file_name, reason)
           SELECT owner_id, $2::timestamptz, 'file_instance_lost', id, name, 'file_lost' FROM files WHERE blob = $1
            UNION ALL
           SELECT owner_id, $2, 'filesystem_node_lost', node_id::text, path, 'file_lost' FROM up WHERE parent_id IS NULL
           ON CONFLICT (event, file_id) WHERE event IN ('file_instance_lost', 'filesystem_node_lost') DO NOTHING""",
        digest,
        now,
    )


async def delete_before(db: Db, moment: datetime) -> int:
    """Returns how many."""
    status = await db.execute("DELETE FROM activity WHERE happened_at < $1", moment)
    return int(status.rsplit(" ", 1)[1])
