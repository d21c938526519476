"""What is shared of a filesystem."""

from collections.abc import Mapping
from uuid import UUID

from pixelhost.db import permissions
from pixelhost.db.connect import Db
from pixelhost.model import Permissions


async def of_owner(db: Db, owner_id: UUID) -> Mapping[int, Permissions]:
    """The permissions of each shared node, by its ID."""
    rows = await db.fetch("SELECT id, permissions FROM nodes WHERE owner_id = $1 AND share_id IS NOT NULL", owner_id)
    return {row["id"]: permissions.loaded(row["permissions"]) for row in rows}
