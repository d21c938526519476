"""Counters of views, downloads and bytes: gathered in memory by every worker, added here a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db import news
from pixelhost.db.connect import Transaction

SLOT_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Visit:
    """What one address did with one file since the last flush."""

    file_id: str
    visitor: bytes
    has_viewed: bool
    bytes_sent: int
    bytes_paid: int
    download_threshold_bytes: int


def subject(file_id: str) -> str:
    """What the news about a file's figures is about."""
    return f"usage of {file_id}"


async def begin(tx: Transaction, batch_id: UUID, now: datetime) -> bool:
    """Whether this batch is yet to be added.

    Waits for the other flushes, until the transaction ends: so an address that two workers saw counts once.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('pixelhost stats'))")
    status = await tx.execute(
        "INSERT INTO usage_batches (id, applied_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", batch_id, now
    )
    return bool(status == "INSERT 0 1")


async def add(tx: Transaction, now: datetime, visits: Sequence[Visit]) -> None:
    """Add a batch, after `begin`: at most one visit for a file and visitor. Those to deleted files are dropped.

    Tells the news of each file.
    """
    await tx.execute(
        f"""WITH visits AS MATERIALIZED (
                SELECT v.* FROM unnest($1::text[], $2::bytea[], $3::boolean[], $4::bigint[], $5::bigint[],
                                       $6::bigint[]) AS v (file_id, visitor, viewed, bytes, paid, threshold)
                  JOIN files f ON f.id = v.file_id FOR KEY SHARE OF f),
            counted AS MATERIALIZED (
                SELECT v.*, v.viewed AND NOT coalesce(old.has_viewed, false) AS new_view,
                       coalesce(old.bytes_sent, 0) + v.bytes >= v.threshold AND v.bytes > 0
                       AND NOT coalesce(old.has_downloaded, false) AS new_download,
                       (coalesce(old.bytes_sent, 0) + v.bytes) / v.threshold > coalesce(old.bytes_sent, 0) / v.threshold
                       AS is_read
                  FROM visits v LEFT JOIN file_visitors old ON old.file_id = v.file_id AND old.visitor = v.visitor),
            visitors AS (
                INSERT INTO file_visitors (file_id, visitor, bytes_sent, has_viewed, has_downloaded)
                SELECT file_id, visitor, bytes, viewed, new_download FROM counted
                ON CONFLICT (file_id, visitor) DO UPDATE SET
                    bytes_sent = file_visitors.bytes_sent + excluded.bytes_sent,
                    has_viewed = file_visitors.has_viewed OR excluded.has_viewed,
                    has_downloaded = file_visitors.has_downloaded OR excluded.has_downloaded),
            sums AS MATERIALIZED (
                SELECT file_id, count(*) FILTER (WHERE new_view) AS views,
                       count(*) FILTER (WHERE new_download) AS downloads,
                       sum(bytes)::bigint AS bytes, sum(paid)::bigint AS paid,
                       bool_or(viewed) AS viewed, bool_or(is_read) AS is_read
                  FROM counted GROUP BY file_id),
            slots AS (
                INSERT INTO file_usage (file_id, slot, views, downloads, bandwidth_bytes, bandwidth_paid_bytes)
                SELECT file_id, date_bin('{SLOT_MINUTES} minutes', $7, 'epoch'::timestamptz),
                       views, downloads, bytes, paid
                  FROM sums
                ON CONFLICT (file_id, slot) DO UPDATE SET
                    views = file_usage.views + excluded.views,
                    downloads = file_usage.downloads + excluded.downloads,
                    bandwidth_bytes = file_usage.bandwidth_bytes + excluded.bandwidth_bytes,
                    bandwidth_paid_bytes = file_usage.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes)
            UPDATE files f SET
                views = f.views + s.views,
                downloads = f.downloads + s.downloads,
                bandwidth_bytes = f.bandwidth_bytes + s.bytes,
                bandwidth_paid_bytes = f.bandwidth_paid_bytes + s.paid,
                last_viewed_at = CASE WHEN s.viewed THEN $7 ELSE f.last_viewed_at END,
                kept_at = CASE WHEN s.is_read AND f.kept_at < $7 - interval '1 day' THEN $7 ELSE f.kept_at END
              FROM sums s WHERE s.file_id = f.id""",
        [visit.file_id for visit in visits],
        [visit.visitor for visit in visits],
        [visit.has_viewed for visit in visits],
        [visit.bytes_sent for visit in visits],
        [visit.bytes_paid for visit in visits],
        [visit.download_threshold_bytes for visit in visits],
        now,
    )
    await news.tell_all(tx, {subject(visit.file_id) for visit in visits})
