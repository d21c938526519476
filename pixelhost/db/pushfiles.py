"""Files of pushes."""

from collections.abc import Sequence
from uuid import UUID

from pixelhost.db import blobs
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.pushes import PushFile

COLUMNS = f"f.id, f.name_sealed, f.mime_type, f.size_bytes AS plain_bytes, {blobs.COLUMNS}"


def push_file(row: Row) -> PushFile:
    return PushFile(row["name_sealed"], row["mime_type"], row["plain_bytes"], blobs.blob(row), row["id"])


async def insert(tx: Transaction, push_id: int, owner_id: UUID, new: PushFile) -> None:
    """The blob's row was inserted within the same transaction, and the owner's account is locked."""
    await tx.execute(
        """INSERT INTO push_files (push_id, owner_id, name_sealed, mime_type, size_bytes, blob)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        push_id,
        owner_id,
        new.name_sealed,
        new.mime_type,
        new.size_bytes,
        new.blob.digest,
    )


async def of_push(db: Db, push_id: int) -> list[PushFile]:
    """In the order in which they were sent."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM push_files f JOIN blobs b ON b.digest = f.blob
             WHERE f.push_id = $1 ORDER BY f.id""",
        push_id,
    )
    return [push_file(row) for row in rows]


async def delete(tx: Transaction, push_id: int, file_ids: Sequence[int]) -> None:
    """The caller has locked the owner's account and the push."""
    await tx.execute("DELETE FROM push_files WHERE push_id = $1 AND id = ANY($2)", push_id, file_ids)
