"""Lists (albums) of files."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pixelhost.db import files
from pixelhost.db.connect import Db
from pixelhost.model.files import FileList, ListedFile, ListSummary


async def by_id(db: Db, list_id: str) -> FileList | None:
    """With its files in order. Some may be past their time."""
    row = await db.fetchrow("SELECT id, title, owner_id, created_at FROM lists WHERE id = $1", list_id)
    if row is None:
        return None
    members = await db.fetch(
        f"""SELECT {files.COLUMNS}, m.description FROM list_files m JOIN files f ON f.id = m.file_id {files.JOINED}
             WHERE m.list_id = $1 ORDER BY m.position""",
        list_id,
    )
    return FileList(
        id=row["id"],
        title=row["title"],
        owner_id=row["owner_id"],
        created_at=row["created_at"],
        files=tuple(ListedFile(files.file(member), member["description"]) for member in members),
    )


async def of_user(db: Db, owner_id: UUID, before: tuple[datetime, str], limit: int) -> list[ListSummary]:
    """Lists of an account, the newest first, that come after (created_at, ID)."""
    created_at, list_id = before
    rows = await db.fetch(
        """SELECT l.id, l.title, l.owner_id, l.created_at,
                  (SELECT count(*) FROM list_files m WHERE m.list_id = l.id) AS file_count
             FROM lists l WHERE l.owner_id = $1 AND (l.created_at, l.id) < ($2, $3)
            ORDER BY l.created_at DESC, l.id DESC LIMIT $4""",
        owner_id,
        created_at,
        list_id,
        limit,
    )
    return [ListSummary(**row) for row in rows]


async def claim_owner(db: Db, list_id: str) -> tuple[UUID | None] | None:
    """Lock the list. Its owner in a tuple (None for an anonymous list); None when there is no such list."""
    row = await db.fetchrow("SELECT owner_id FROM lists WHERE id = $1 FOR UPDATE", list_id)
    return (row["owner_id"],) if row else None


async def insert(db: Db, list_id: str, owner_id: UUID | None, title: str, now: datetime) -> None:
    """Raises UniqueViolation when the ID is taken."""
    await db.execute(
        "INSERT INTO lists (id, owner_id, title, created_at) VALUES ($1, $2, $3, $4)", list_id, owner_id, title, now
    )


async def set_title(db: Db, list_id: str, title: str) -> None:
    await db.execute("UPDATE lists SET title = $2 WHERE id = $1", list_id, title)


async def set_files(db: Db, list_id: str, file_ids: Sequence[str], descriptions: Sequence[str]) -> None:
    """Replace the list's files by these, in this order."""
    await db.execute("DELETE FROM list_files WHERE list_id = $1", list_id)
    await db.execute(
        """INSERT INTO list_files (list_id, position, file_id, description)
           SELECT $1, m.position, m.file_id, m.description
             FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS m (file_id, description, position)""",
        list_id,
        file_ids,
        descriptions,
    )


async def delete(db: Db, list_id: str) -> None:
    await db.execute("DELETE FROM lists WHERE id = $1", list_id)
