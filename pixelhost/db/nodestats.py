"""Counters of downloads and bytes of nodes: added a batch at a time, read as totals and as time series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pixelhost.db import news, stats
from pixelhost.db.connect import Db, Transaction

SLOT = timedelta(minutes=1)

# What nobody has read counts nothing, so that of the files below a directory only the others are looked at.
TREE = """WITH RECURSIVE tree (id, is_directory, downloads, sent_bytes, paid_bytes) AS (
        SELECT id, blob IS NULL, downloads, bandwidth_bytes, bandwidth_paid_bytes FROM nodes WHERE id = $1
         UNION ALL
        SELECT n.id, n.blob IS NULL, n.downloads, n.bandwidth_bytes, n.bandwidth_paid_bytes
          FROM tree JOIN nodes n ON n.parent_id = tree.id AND tree.is_directory
         WHERE n.blob IS NULL OR n.bandwidth_bytes > 0)"""


@dataclass(frozen=True, slots=True)
class NodeVisit:
    """What one address did with one node since the last flush."""

    node_id: int
    visitor: bytes
    bytes_sent: int
    bytes_paid: int
    download_threshold_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """`paid_bytes` are part of `sent_bytes`."""

    downloads: int
    sent_bytes: int
    paid_bytes: int


@dataclass(frozen=True, slots=True)
class Slots:
    """Usage in slots that follow one another, none left out: a figure for each."""

    downloads: Sequence[int]
    sent_bytes: Sequence[int]
    paid_bytes: Sequence[int]


def subject(owner_id: UUID) -> str:
    """What the news about a filesystem's figures is about."""
    return f"usage {owner_id}"


async def add(tx: Transaction, now: datetime, visits: Sequence[NodeVisit]) -> None:
    """Add a batch, after `stats.begin`: at most one visit for a node and visitor. Those to deleted nodes are dropped.

    Locks the owners first, as whoever changes nodes does, and tells the news of each filesystem.
    """
    for owner_id in await claim_owners(tx, [visit.node_id for visit in visits]):
        await news.tell(tx, subject(owner_id))
    downloads = await tx.fetch(
        """WITH visits AS MATERIALIZED (
               SELECT v.* FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])
                            AS v (node_id, visitor, bytes, paid, threshold)
                 JOIN nodes n ON n.id = v.node_id),
           counted AS MATERIALIZED (
               SELECT v.*, coalesce(old.bytes_sent, 0) + v.bytes >= v.threshold
                      AND NOT coalesce(old.has_downloaded, false) AS new_download
                 FROM visits v LEFT JOIN node_visitors old ON old.node_id = v.node_id AND old.visitor = v.visitor),
           visitors AS (
               INSERT INTO node_visitors (node_id, visitor, bytes_sent, has_downloaded)
               SELECT node_id, visitor, bytes, new_download FROM counted
               ON CONFLICT (node_id, visitor) DO UPDATE SET
                   bytes_sent = node_visitors.bytes_sent + excluded.bytes_sent,
                   has_downloaded = node_visitors.has_downloaded OR excluded.has_downloaded),
           sums AS MATERIALIZED (
               SELECT node_id, count(*) FILTER (WHERE new_download) AS downloads,
                      sum(bytes)::bigint AS bytes, sum(paid)::bigint AS paid
                 FROM counted GROUP BY node_id),
           slots AS (
               INSERT INTO node_usage (node_id, slot, downloads, bandwidth_bytes, bandwidth_paid_bytes)
               SELECT node_id, date_trunc('minute', $6::timestamptz, 'UTC'), downloads, bytes, paid FROM sums
               ON CONFLICT (node_id, slot) DO UPDATE SET
                   downloads = node_usage.downloads + excluded.downloads,
                   bandwidth_bytes = node_usage.bandwidth_bytes + excluded.bandwidth_bytes,
                   bandwidth_paid_bytes = node_usage.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes),
           totals AS (
               UPDATE nodes n SET
                   downloads = n.downloads + s.downloads,
                   bandwidth_bytes = n.bandwidth_bytes + s.bytes,
                   bandwidth_paid_bytes = n.bandwidth_paid_bytes + s.paid
                 FROM sums s WHERE s.node_id = n.id)
           SELECT visitor, count(*) FILTER (WHERE new_download) AS downloads, sum(bytes)::bigint AS bytes
             FROM counted GROUP BY visitor""",
        [visit.node_id for visit in visits],
        [visit.visitor for visit in visits],
        [visit.bytes_sent for visit in visits],
        [visit.bytes_paid for visit in visits],
        [visit.download_threshold_bytes for visit in visits],
        now,
    )
    await stats.add_addresses(tx, now, [(row["visitor"], row["downloads"], row["bytes"]) for row in downloads])


async def claim_owners(tx: Transaction, node_ids: Sequence[int]) -> list[UUID]:
    """Lock the accounts that nodes belong to, in the order of their IDs, so that nobody waits in a circle."""
    rows = await tx.fetch(
        """SELECT id FROM users WHERE id IN (SELECT owner_id FROM nodes WHERE id = ANY($1::bigint[]))
            ORDER BY id FOR NO KEY UPDATE""",
        node_ids,
    )
    return [row["id"] for row in rows]


async def total(db: Db, node_id: int) -> Usage:
    """Of a file, or of everything below a directory."""
    row = await db.fetchrow(
        f"""{TREE} SELECT coalesce(sum(downloads), 0)::bigint AS downloads,
                          coalesce(sum(sent_bytes), 0)::bigint AS sent_bytes,
                          coalesce(sum(paid_bytes), 0)::bigint AS paid_bytes FROM tree""",
        node_id,
    )
    return Usage(**row)


async def by_slot(db: Db, node_id: int, start: datetime, end: datetime, interval: timedelta) -> Slots:
    """Of a file, or of everything below a directory, in [start, end)."""
    row = await db.fetchrow(
        f"""{TREE}, used AS (
               SELECT date_bin($4, u.slot, $2) AS beginning, sum(u.downloads)::bigint AS downloads,
                      sum(u.bandwidth_bytes)::bigint AS sent_bytes, sum(u.bandwidth_paid_bytes)::bigint AS paid_bytes
                 FROM tree, LATERAL (  -- OFFSET: whatever the planner expects, by the index
                      SELECT * FROM node_usage WHERE node_id = tree.id AND slot >= $2 AND slot < $3 OFFSET 0) AS u
                WHERE tree.sent_bytes > 0 GROUP BY beginning)
            SELECT coalesce(array_agg(coalesce(downloads, 0) ORDER BY beginning), '{{}}') AS downloads,
                   coalesce(array_agg(coalesce(sent_bytes, 0) ORDER BY beginning), '{{}}') AS sent_bytes,
                   coalesce(array_agg(coalesce(paid_bytes, 0) ORDER BY beginning), '{{}}') AS paid_bytes
              FROM generate_series($2, $3 - interval '1 microsecond', $4) AS beginning
              LEFT JOIN used USING (beginning)""",
        node_id,
        start,
        end,
        interval,
    )
    return Slots(**row)
