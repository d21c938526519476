"""Reports of abuse: what visitors say about files, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Transaction
from pixelhost.model.abuse import AbuseReport


async def insert(
    db: Db, file_id: str, kind: str, description: str, reporter_ip: str, reporter_id: UUID | None, now: datetime
) -> bool:
    """False when this address has reported the file before, or the file is gone."""
    status = await db.execute(
        """INSERT INTO abuse_reports (file_id, type, description, reporter_ip, reporter_id, reported_at)
           SELECT id, $2, $3, $4, $5, $6 FROM files WHERE id = $1 FOR KEY SHARE
           ON CONFLICT (file_id, reporter_ip) DO NOTHING""",
        file_id,
        kind,
        description,
        reporter_ip,
        reporter_id,
        now,
    )
    return bool(status == "INSERT 0 1")


async def reported_files(
    db: Db, status: str, start: datetime, end: datetime, limit: int, offset: int
) -> Sequence[tuple[str, int]]:
    """(file ID, reports) of the files with reports of this status from [start, end): those with most reports first,
    of these those seen most, of these those reported first.
    """
    rows = await db.fetch(
        """SELECT r.file_id, count(*) AS reports FROM abuse_reports r JOIN files f ON f.id = r.file_id
            WHERE r.status = $1 AND r.reported_at >= $2 AND r.reported_at < $3
            GROUP BY r.file_id, f.views
            ORDER BY count(*) DESC, f.views DESC, min(r.reported_at), r.file_id LIMIT $4 OFFSET $5""",
        status,
        start,
        end,
        limit,
        offset,
    )
    return [(row["file_id"], row["reports"]) for row in rows]


async def count_reported_files(db: Db, status: str, start: datetime, end: datetime) -> int:
    return int(
        await db.fetchval(
            """SELECT count(DISTINCT file_id) FROM abuse_reports
                WHERE status = $1 AND reported_at >= $2 AND reported_at < $3""",
            status,
            start,
            end,
        )
    )


async def count(db: Db, file_id: str) -> int:
    """Of one file, however they were decided."""
    return int(await db.fetchval("SELECT count(*) FROM abuse_reports WHERE file_id = $1", file_id))


async def of_files(db: Db, file_ids: Sequence[str]) -> dict[str, list[AbuseReport]]:
    """All reports of these files, the oldest first."""
    rows = await db.fetch(
        """SELECT r.file_id, r.type, r.description, r.reporter_ip, coalesce(u.name, '') AS reporter, r.reported_at,
                  r.status
             FROM abuse_reports r LEFT JOIN users u ON u.id = r.reporter_id
            WHERE r.file_id = ANY($1) ORDER BY r.reported_at, r.id""",
        file_ids,
    )
    found: dict[str, list[AbuseReport]] = {file_id: [] for file_id in file_ids}
    for file_id, kind, description, ip, reporter, reported_at, status in rows:
        found[file_id].append(AbuseReport(kind, description, ip, reporter, reported_at, status))
    return found


async def reject(db: Db, file_id: str, now: datetime) -> int:
    """Decide that what was reported about a file is no reason to take it down. How many reports waited for that."""
    status = await db.execute(
        "UPDATE abuse_reports SET status = 'rejected', decided_at = $2 WHERE file_id = $1 AND status = 'pending'",
        file_id,
        now,
    )
    return int(status.rsplit(" ", 1)[1])


async def grant(tx: Transaction, digest: bytes, now: datetime) -> None:
    """Decide the reports of all files with a content: it is taken down."""
    await tx.execute(
        """UPDATE abuse_reports r SET status = 'granted', decided_at = $2
             FROM files f WHERE f.id = r.file_id AND f.blob = $1 AND r.status = 'pending'""",
        digest,
        now,
    )
