"""What an account has, in numbered pages, searched and sorted by Postgres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pixelhost.db import files
from pixelhost.db.connect import Db
from pixelhost.model.files import File, ListSummary

Order = Literal["newest", "oldest", "name", "name_desc", "largest", "smallest", "downloads", "views"]

ORDERS: Final[Mapping[Order, str]] = {
    "newest": "f.uploaded_at DESC, f.id DESC",
    "oldest": "f.uploaded_at, f.id",
    "name": "lower(f.name), f.id",
    "name_desc": "lower(f.name) DESC, f.id DESC",
    "largest": "b.size_bytes DESC, f.id",
    "smallest": "b.size_bytes, f.id",
    "downloads": "f.downloads DESC, f.id",
    "views": "f.views DESC, f.id",
}

LIVING: Final = """f.owner_id = $1 AND (f.delete_after_date IS NULL OR f.delete_after_date > $2)
    AND (f.delete_after_downloads = 0 OR f.downloads < f.delete_after_downloads)
    AND ($3::timestamptz IS NULL OR f.kept_at > $3)"""
"""What is neither past its date ($2) nor its downloads, nor unread since the plan's time began ($3)."""


@dataclass(frozen=True)
class Wanted:
    """`name` is a part of names, without regard to case; empty finds all. `kinds` are MIME types; none finds all."""

    name: str = ""
    order: Order = "newest"
    kinds: Sequence[str] = ()
    size_max_bytes: int | None = None


FOUND: Final = f"""FROM files f JOIN blobs b ON b.digest = f.blob
    WHERE {LIVING} AND ($4 = '' OR f.name ILIKE $4) AND (cardinality($5::text[]) = 0 OR f.mime_type = ANY($5))
      AND ($6::bigint IS NULL OR b.size_bytes <= $6)"""


async def count(
    db: Db, owner_id: UUID, wanted: Wanted, now: datetime, unread_since: datetime | None
) -> tuple[int, int]:
    """Of the files that are found, how many there are and their bytes."""
    row = await db.fetchrow(
        f"SELECT count(*) AS count, coalesce(sum(b.size_bytes), 0)::bigint AS size_bytes {FOUND}",
        *_values(owner_id, wanted, now, unread_since),
    )
    return row["count"], row["size_bytes"]


async def page(
    db: Db, owner_id: UUID, wanted: Wanted, now: datetime, unread_since: datetime | None, offset: int, limit: int
) -> list[File]:
    rows = await db.fetch(
        f"""WITH found AS MATERIALIZED (
                SELECT f.id {FOUND} ORDER BY {ORDERS[wanted.order]} OFFSET $7 LIMIT $8)
            SELECT {files.COLUMNS} FROM found JOIN files f USING (id) {files.JOINED}
             ORDER BY {ORDERS[wanted.order]}""",
        *_values(owner_id, wanted, now, unread_since),
        offset,
        limit,
    )
    return [files.file(row) for row in rows]


async def delete(db: Db, owner_id: UUID, ids: Sequence[str]) -> int:
    """Those that are the owner's. Returns how many."""
    status = await db.execute("DELETE FROM files WHERE owner_id = $1 AND id = ANY($2)", owner_id, ids)
    return int(status.rsplit(" ", 1)[1])


async def count_lists(db: Db, owner_id: UUID) -> int:
    return int(await db.fetchval("SELECT count(*) FROM lists WHERE owner_id = $1", owner_id))


async def page_of_lists(db: Db, owner_id: UUID, offset: int, limit: int) -> list[ListSummary]:
    """The newest first."""
    rows = await db.fetch(
        """SELECT l.id, l.title, l.owner_id, l.created_at,
                  (SELECT count(*) FROM list_files m WHERE m.list_id = l.id) AS file_count
             FROM lists l WHERE l.owner_id = $1 ORDER BY l.created_at DESC, l.id DESC OFFSET $2 LIMIT $3""",
        owner_id,
        offset,
        limit,
    )
    return [ListSummary(**row) for row in rows]


def _values(owner_id: UUID, wanted: Wanted, now: datetime, unread_since: datetime | None) -> tuple[object, ...]:
    escaped = wanted.name.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    pattern = f"%{escaped}%" if escaped else ""
    return owner_id, now, unread_since, pattern, list(wanted.kinds), wanted.size_max_bytes
