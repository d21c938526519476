"""What is shared of a filesystem, and what of it was taken down."""

from collections.abc import Mapping
from uuid import UUID

from pixelhost.db import nodes, permissions
from pixelhost.db.connect import Db
from pixelhost.model.nodes import Node, Permissions


async def of_owner(db: Db, owner_id: UUID) -> Mapping[int, Permissions]:
    """The permissions of each shared node, by its ID."""
    rows = await db.fetch("SELECT id, permissions FROM nodes WHERE owner_id = $1 AND share_id IS NOT NULL", owner_id)
    return {row["id"]: permissions.loaded(row["permissions"]) for row in rows}


async def taken_down(db: Db, owner_id: UUID) -> frozenset[int]:
    """The IDs of the directories that are."""
    rows = await db.fetch(
        "SELECT id FROM nodes WHERE owner_id = $1 AND abuse_type <> '' AND blob IS NULL",
        owner_id,
    )
    return frozenset(row["id"] for row in rows)


async def nodes_of_owner(db: Db, owner_id: UUID) -> list[Node]:
    """Whatever is shared of an account's filesystem."""
    rows = await db.fetch(
        f"SELECT {nodes.COLUMNS} FROM nodes n {nodes.JOINED} WHERE n.owner_id = $1 AND n.share_id IS NOT NULL", owner_id
    )
    return [nodes.node(row) for row in rows]
