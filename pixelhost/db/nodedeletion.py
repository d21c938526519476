"""Deleting nodes: what is cut off is gone at once, and deleted in slices. Writers have locked the owner before."""

from collections.abc import Sequence
from uuid import UUID

from pixelhost.db.connect import Db, Transaction


async def cut_off(tx: Transaction, parent_id: int, node_ids: Sequence[int]) -> None:
    """Take children of a directory, with all below them, out of their filesystem, at once; `delete` comes later."""
    await tx.execute(
        """WITH doomed AS (
               UPDATE nodes SET parent_id = NULL, is_cut_off = true
                WHERE parent_id = $1 AND id = ANY($2::bigint[]) RETURNING id)
           UPDATE nodes SET child_count = child_count - (SELECT count(*) FROM doomed) WHERE id = $1""",
        parent_id,
        node_ids,
    )


async def cut_off_trees(db: Db) -> dict[UUID, list[int]]:
    """IDs of the nodes that are cut off, by owner."""
    rows = await db.fetch("SELECT owner_id, array_agg(id) AS ids FROM nodes WHERE is_cut_off GROUP BY owner_id")
    return {row["owner_id"]: row["ids"] for row in rows}


async def ids_of_trees(db: Db, node_ids: Sequence[int]) -> list[int]:
    """Nodes and all below them, children before their parents."""
    rows = await db.fetch(
        """WITH RECURSIVE tree (id, depth) AS (
               SELECT unnest($1::bigint[]), 0
                UNION ALL
               SELECT n.id, tree.depth + 1 FROM tree JOIN nodes n ON n.parent_id = tree.id)
           SELECT id FROM tree ORDER BY depth DESC""",
        node_ids,
    )
    return [row["id"] for row in rows]


async def delete(tx: Transaction, node_ids: Sequence[int]) -> None:
    """Delete nodes whose children, if any, are among them."""
    await tx.execute("DELETE FROM nodes WHERE id = ANY($1)", node_ids)
