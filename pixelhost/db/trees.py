"""Everything below a directory by the few columns that reading all of it needs: there may be a million nodes."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg

from pixelhost.db import blobs, permissions
from pixelhost.db.connect import Row
from pixelhost.model.files import Blob
from pixelhost.model.nodes import Permissions

SLICE_ROWS = 500
"""What is made of so many rows keeps the event loop for a few milliseconds."""


class TreeRow(NamedTuple):
    """A file or, without a blob, a directory. `permissions` are None where nothing is shared."""

    id: int
    parent_id: int
    name: str
    blob: Blob | None
    modified_at: datetime
    permissions: Permissions | None
    is_taken_down: bool

    @property
    def is_infected(self) -> bool:
        return self.blob is not None and self.blob.virus_name != ""


async def below(pool: asyncpg.Pool, node_id: int) -> AsyncGenerator[list[TreeRow], None]:
    """Slices of all that is below a directory, at one moment, in no order."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(
            f"""WITH RECURSIVE tree (id, is_taken_down) AS (
                    SELECT id, abuse_type <> '' FROM nodes WHERE parent_id = $1
                     UNION ALL
                    SELECT n.id, tree.is_taken_down OR n.abuse_type <> ''
                      FROM tree JOIN nodes n ON n.parent_id = tree.id)
                SELECT n.id, n.parent_id, n.name, n.blob, n.modified_at, n.share_id, n.permissions, tree.is_taken_down,
                       {blobs.COLUMNS}
                  FROM tree JOIN nodes n USING (id) LEFT JOIN blobs b ON b.digest = n.blob""",
            node_id,
        )
        while rows := await cursor.fetch(SLICE_ROWS):
            yield [_tree_row(row) for row in rows]


def _tree_row(row: Row) -> TreeRow:
    return TreeRow(
        row["id"],
        row["parent_id"],
        row["name"],
        blobs.blob(row) if row["blob"] is not None else None,
        # The first and the last moment there is come without a time zone.
        row["modified_at"].replace(tzinfo=UTC),
        permissions.loaded(row["permissions"]) if row["share_id"] is not None else None,
        row["is_taken_down"],
    )
