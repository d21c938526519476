"""Files of the Pixeldrain API."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pixelhost.db import blobs, users
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.files import File

COLUMNS = f"""f.id, f.name, f.mime_type, f.owner_id, f.uploaded_at, f.kept_at, f.last_viewed_at, f.views,
    f.downloads, f.bandwidth_bytes, f.bandwidth_paid_bytes, f.delete_after_date, f.delete_after_downloads, f.abuse_type,
    f.abuse_reporter, {users.OWNER}, {blobs.COLUMNS}"""
JOINED = f"JOIN blobs b ON b.digest = f.blob JOIN users u ON u.id = f.owner_id {users.TRANSFER_JOINED}"

LOG_EXPIRED = """INSERT INTO activity (user_id, happened_at, event, file_id, file_name, reason)
    SELECT owner_id, $1, 'file_instance_expired', id, name, 'file_expired'"""
"""What becomes of a file that is deleted because its time is over."""


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
        owner_terms=users.terms(row),
        owner_transfer=users.transfer(row),
    )


async def by_ids(db: Db, ids: Sequence[str]) -> list[File]:
    """Existing files among `ids`, in the order asked, each as often as asked. Some may be past their time."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM unnest($1::text[]) WITH ORDINALITY AS asked (id, position)
              JOIN files f ON f.id = asked.id {JOINED} ORDER BY asked.position""",
        ids,
    )
    return [file(row) for row in rows]


async def of_user(db: Db, owner_id: UUID, before: tuple[datetime, str], limit: int) -> list[File]:
    """Files of an account, the newest first, that come after (uploaded_at, ID). Some may be past their time."""
    uploaded_at, file_id = before
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM files f {JOINED} WHERE f.owner_id = $1 AND (f.uploaded_at, f.id) < ($2, $3)
             ORDER BY f.uploaded_at DESC, f.id DESC LIMIT $4""",
        owner_id,
        uploaded_at,
        file_id,
        limit,
    )
    return [file(row) for row in rows]


async def insert_within(
    tx: Transaction, owner_id: UUID, new: Sequence[File], *, storage_limit: int, count_limit: int
) -> set[str]:
    """Insert files of one account, and their blobs' rows where there are none, as far as the account has room for them.

    Limits are bytes and files, -1 being none. Returns the IDs of those that went in; not those that don't fit beside
    the ones before them, none at all where the account is gone or banned, and none whose ID is taken. Until the
    transaction ends, the account's row is locked, so that of two uploads that race for the last room one wins, and so
    are the blobs' rows, so that nobody deletes their bytes.
    """
    rows = await tx.fetch(
        """WITH u AS MATERIALIZED (
               SELECT id, storage_used_bytes, file_count FROM users WHERE id = $1 AND banned_at IS NULL
                  FOR NO KEY UPDATE),
           fitting AS MATERIALIZED (
               SELECT n.* FROM u, (
                   SELECT *, sum(size_bytes) OVER (ORDER BY position) AS size_so_far
                     FROM unnest($4::text[], $5::bytea[], $6::bigint[], $7::bigint[], $8::text[], $9::text[],
                                 $10::text[], $11::timestamptz[], $12::timestamptz[], $13::bigint[]) WITH ORDINALITY
                       AS n (id, digest, size_bytes, crc32, location, name, mime_type, uploaded_at, delete_after_date,
                             delete_after_downloads, position)) n
                WHERE ($2::bigint < 0 OR u.storage_used_bytes + n.size_so_far <= $2)
                  AND ($3::bigint < 0 OR u.file_count + n.position <= $3)
                  AND NOT EXISTS (SELECT 1 FROM files f WHERE f.id = n.id)),
           b AS (
               INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
               SELECT DISTINCT ON (digest) digest, size_bytes, crc32, location, uploaded_at, uploaded_at
                 FROM fitting ORDER BY digest
               ON CONFLICT (digest) DO UPDATE SET location = excluded.location
               RETURNING digest)
           INSERT INTO files (id, owner_id, blob, name, mime_type, uploaded_at, kept_at, last_viewed_at,
                              delete_after_date, delete_after_downloads)
           SELECT n.id, $1, b.digest, n.name, n.mime_type, n.uploaded_at, n.uploaded_at, n.uploaded_at,
                  n.delete_after_date, n.delete_after_downloads
             FROM fitting n JOIN b USING (digest)
           RETURNING id""",
        owner_id,
        storage_limit,
        count_limit,
        [file.id for file in new],
        [file.blob.digest for file in new],
        [file.blob.size_bytes for file in new],
        [file.blob.crc32 for file in new],
        [file.blob.location for file in new],
        [file.name for file in new],
        [file.mime_type for file in new],
        [file.uploaded_at for file in new],
        [file.delete_after_date for file in new],
        [file.delete_after_downloads for file in new],
    )
    return {row["id"] for row in rows}


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
    """Delete files past their date or their number of downloads, and log it. Returns how many."""
    status = await db.execute(
        f"""WITH gone AS (
                DELETE FROM files WHERE id IN (
                    SELECT id FROM files WHERE delete_after_date <= $1
                     UNION
                    SELECT id FROM files WHERE delete_after_downloads > 0 AND downloads >= delete_after_downloads
                     LIMIT $2)
                RETURNING id, owner_id, name)
            {LOG_EXPIRED} FROM gone""",
        now,
        limit,
    )
    return _affected(status)


async def delete_unread(db: Db, plan_id: str, unread_since: datetime, now: datetime, limit: int) -> int:
    """Delete files of a plan's accounts that were last read at `unread_since` or before, and log it.

    Returns how many.
    """
    status = await db.execute(
        f"""WITH gone AS (
                DELETE FROM files WHERE id IN (
                    SELECT f.id FROM files f JOIN users u ON u.id = f.owner_id
                     WHERE u.plan_id = $2 AND f.kept_at <= $3 LIMIT $4)
                RETURNING id, owner_id, name)
            {LOG_EXPIRED} FROM gone""",
        now,
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
