"""Reports of abuse: what visitors say about files."""

from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db


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
