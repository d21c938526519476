"""Files of the Pixeldrain API."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pixelhost.db import blobs
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model import Blob, File

COLUMNS = f"""f.id, f.name, f.mime_type, f.owner_id, u.plan_id AS owner_plan_id, f.uploaded_at, f.kept_at,
    f.last_viewed_at, f.views, f.downloads, f.bandwidth_bytes, f.bandwidth_paid_bytes, f.delete_after_date,
    f.delete_after_downloads, f.abuse_type, f.abuse_reporter, f.virus_name, {blobs.COLUMNS}"""
JOINED = "JOIN blobs b ON b.digest = f.blob JOIN users u ON u.id = f.owner_id"


def file(row: Row) -> File:
    return File(
        id=row["id"],
        name=row["name"],
        mime_type=row["mime_type"],
        blob=blobs.blob(row),
        owner_id=row["owner_id"],
        owner_plan_id=row["owner_plan_id"],
        uploaded_at=row["uploaded_at"],
        kept_at=row["kept_at"],
        last_viewed_at=row["last_viewed_at"],
        views=row["views"],
        downloads=row["downloads"],
        bandwidth_bytes=row["bandwidth_bytes"],
        bandwidth_paid_bytes=row["bandwidth_paid_bytes"],
        delete_after_date=_aware(row["delete_after_date"]),
        delete_after_downloads=row["delete_after_downloads"],
        abuse_type=row["abuse_type"],
        abuse_reporter=row["abuse_reporter"],
        virus_name=row["virus_name"],
    )


async def by_ids(db: Db, ids: Sequence[str]) -> list[File]:
    """Existing files among `ids`, in the order asked, each as often as asked. Some may be past their time."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, position)
              JOIN files f ON f.id = asked.id {JOINED} ORDER BY asked.position""",
        ids,
    )
    return [file(row) for row in rows]


async def insert_within(
    connection: Transaction,
    file_id: str,
    *,
    owner_id: UUID,
    blob: Blob,
    name: str,
    mime_type: str,
    now: datetime,
    delete_after_date: datetime | None,
    delete_after_downloads: int,
    storage_limit: int,
    count_limit: int,
) -> File | None:
    """Insert a file, and its blob's row if there is none yet, if the account has room for it, -1 being no limit.

    None when it has not, is gone or banned, or the ID is taken; then nothing changed. One statement, durable when it
    returns. The account's row is locked meanwhile: of two uploads that race for the last room one wins. The digest's
    lock, which the connection holds, is given back on success: from there on the row's own lock stands in for it.
    """
    row = await connection.fetchrow(
        f"""WITH u AS MATERIALIZED (
                SELECT id, plan_id FROM users
                 WHERE id = $2 AND banned_at IS NULL AND NOT EXISTS (SELECT 1 FROM files WHERE id = $1)
                   AND ($9 < 0 OR storage_used_bytes + $4 <= $9) AND ($10 < 0 OR file_count < $10)
                   FOR NO KEY UPDATE),
            b AS (
                INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
                SELECT $3, $4, $12, $13, $7, $7 FROM u
                ON CONFLICT (digest) DO UPDATE SET location = excluded.location
                RETURNING digest, size_bytes, crc32, location),
            f AS (
                INSERT INTO files (id, owner_id, blob, name, mime_type, uploaded_at, kept_at, last_viewed_at,
                                   delete_after_date, delete_after_downloads)
                SELECT $1, u.id, b.digest, $5, $6, $7, $7, $7, $8, $11 FROM u, b RETURNING *)
            SELECT {COLUMNS}, pg_advisory_unlock($14) FROM f, b, u""",
        file_id,
        owner_id,
        blob.digest,
        blob.size_bytes,
        name,
        mime_type,
        now,
        delete_after_date,
        storage_limit,
        count_limit,
        delete_after_downloads,
        blob.crc32,
        blob.location,
        blobs.lock_key(blob.digest),
    )
    return file(row) if row else None


async def rename(db: Db, file_id: str, name: str, mime_type: str) -> None:
    await db.execute("UPDATE files SET name = $2, mime_type = $3 WHERE id = $1", file_id, name, mime_type)


async def set_delete_after_date(db: Db, file_id: str, date: datetime | None) -> None:
    await db.execute("UPDATE files SET delete_after_date = $2 WHERE id = $1", file_id, date)


async def set_delete_after_downloads(db: Db, file_id: str, downloads: int) -> None:
    await db.execute("UPDATE files SET delete_after_downloads = $2 WHERE id = $1", file_id, downloads)


async def delete(db: Db, file_id: str) -> bool:
    """Whether it was there."""
    return bool(await db.execute("DELETE FROM files WHERE id = $1", file_id) == "DELETE 1")


async def delete_due(db: Db, now: datetime, limit: int) -> int:
    """Delete files past their date or their number of downloads. Returns how many."""
    status = await db.execute(
        """DELETE FROM files WHERE id IN (
               SELECT id FROM files WHERE delete_after_date <= $1
                UNION
               SELECT id FROM files WHERE delete_after_downloads > 0 AND downloads >= delete_after_downloads
                LIMIT $2)""",
        now,
        limit,
    )
    return _affected(status)


async def delete_unread(db: Db, plan_id: str, unread_since: datetime, limit: int) -> int:
    """Delete files of a plan's accounts that were last read at `unread_since` or before. Returns how many."""
    status = await db.execute(
        """DELETE FROM files WHERE id IN (
               SELECT f.id FROM files f JOIN users u ON u.id = f.owner_id
                WHERE u.plan_id = $1 AND f.kept_at <= $2 LIMIT $3)""",
        plan_id,
        unread_since,
        limit,
    )
    return _affected(status)


def _aware(moment: datetime | None) -> datetime | None:
    """The last moment of the year 9999 is kept as infinity, and comes back without a zone."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _affected(status: str) -> int:
    return int(status.rsplit(" ", 1)[1])
