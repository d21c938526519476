"""Counters of views, downloads and bytes: gathered in memory by every worker, added here a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db

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


async def claim_turn(db: Db) -> None:
    """Wait for the other flushes, until the transaction ends: so an address that two workers saw counts once."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtext('pixelhost stats'))")


async def add(db: Db, batch_id: UUID, visits: Sequence[Visit], now: datetime) -> None:
    """Add a batch; a second time with the same ID it does nothing. Visits to files deleted meanwhile are dropped.

    At most one row for a file and visitor. Needs `claim_turn` before it in the same transaction.
    """
    await db.execute(
        f"""WITH turn AS MATERIALIZED (
                INSERT INTO usage_batches (id, applied_at) VALUES ($1, $8::timestamptz)
                ON CONFLICT DO NOTHING RETURNING id),
            visits AS MATERIALIZED (
                SELECT v.* FROM turn, unnest($2::text[], $3::bytea[], $4::boolean[], $5::bigint[], $6::bigint[],
                                       $7::bigint[]) AS v (file_id, visitor, viewed, bytes, paid, threshold)
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
            addresses AS (
                INSERT INTO visitor_usage (visitor, hour, downloads, bytes_sent)
                SELECT visitor, date_trunc('hour', $8::timestamptz, 'UTC'), count(*) FILTER (WHERE new_download),
                       sum(bytes)
                  FROM counted WHERE bytes > 0 GROUP BY visitor
                ON CONFLICT (visitor, hour) DO UPDATE SET
                    downloads = visitor_usage.downloads + excluded.downloads,
                    bytes_sent = visitor_usage.bytes_sent + excluded.bytes_sent),
            sums AS MATERIALIZED (
                SELECT file_id, count(*) FILTER (WHERE new_view) AS views,
                       count(*) FILTER (WHERE new_download) AS downloads,
                       sum(bytes)::bigint AS bytes, sum(paid)::bigint AS paid,
                       bool_or(viewed) AS viewed, bool_or(is_read) AS is_read
                  FROM counted GROUP BY file_id),
            slots AS (
                INSERT INTO file_usage (file_id, slot, views, downloads, bandwidth_bytes, bandwidth_paid_bytes)
                SELECT file_id, date_bin('{SLOT_MINUTES} minutes', $8, 'epoch'::timestamptz),
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
                last_viewed_at = CASE WHEN s.viewed THEN $8 ELSE f.last_viewed_at END,
                kept_at = CASE WHEN s.is_read AND f.kept_at < $8 - interval '1 day' THEN $8 ELSE f.kept_at END
              FROM sums s WHERE s.file_id = f.id""",
        batch_id,
        [visit.file_id for visit in visits],
        [visit.visitor for visit in visits],
        [visit.has_viewed for visit in visits],
        [visit.bytes_sent for visit in visits],
        [visit.bytes_paid for visit in visits],
        [visit.download_threshold_bytes for visit in visits],
        now,
    )
