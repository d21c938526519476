"""Counters of downloads and bytes of nodes: added a batch at a time, read as totals and as time series."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pixelhost.db import news
from pixelhost.db.connect import Db, Transaction

SLOT = timedelta(minutes=1)

# What nobody has read counts nothing, so that of the files below a directory only the others are looked at. Of $2 and
# what is below them only what is shared itself and not among them counts.
TREE = """WITH RECURSIVE found (id, is_directory, is_hidden, downloads, sent_bytes, paid_bytes) AS (
        SELECT id, blob IS NULL, false, downloads, bandwidth_bytes, bandwidth_paid_bytes FROM nodes WHERE id = $1
         UNION ALL
        SELECT n.id, n.blob IS NULL,
               CASE WHEN n.share_id IS NULL THEN found.is_hidden ELSE n.id = ANY($2::bigint[]) END,
               n.downloads, n.bandwidth_bytes, n.bandwidth_paid_bytes
          FROM found JOIN nodes n ON n.parent_id = found.id AND found.is_directory
         WHERE n.blob IS NULL OR n.bandwidth_bytes > 0),
    tree AS (SELECT * FROM found WHERE NOT is_hidden)"""


@dataclass(frozen=True, slots=True)
class NodeVisit:
    """What one address did with one node since the last flush."""

    node_id: int
    visitor: bytes
    bytes_sent: int
    bytes_paid: int
    download_threshold_bytes: int


@dataclass(frozen=True, slots=True)
class _Counted:
    """What of a visit counts."""

    node_id: int
    is_download: bool
    sent_bytes: int
    paid_bytes: int


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
    counted = await _add_to_visitors(tx, visits)
    by_node: defaultdict[int, list[_Counted]] = defaultdict(list)
    for one in counted:
        by_node[one.node_id].append(one)
    await _add_to_nodes(tx, now, {node_id: _sum(ones) for node_id, ones in by_node.items()})


async def _add_to_visitors(tx: Transaction, visits: Sequence[NodeVisit]) -> list[_Counted]:
    """What counts of the visits, one by one: those to nodes that are there, and of them the new downloads."""
    rows = await tx.fetch(
        """WITH visits AS MATERIALIZED (
               SELECT v.* FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])
                            AS v (node_id, visitor, sent_bytes, paid_bytes, threshold)
                 JOIN nodes n ON n.id = v.node_id),
           counted AS MATERIALIZED (
               SELECT v.*, coalesce(old.bytes_sent, 0) + v.sent_bytes >= v.threshold
                      AND NOT coalesce(old.has_downloaded, false) AS is_download
                 FROM visits v LEFT JOIN node_visitors old ON old.node_id = v.node_id AND old.visitor = v.visitor),
           visitors AS (
               INSERT INTO node_visitors (node_id, visitor, bytes_sent, has_downloaded)
               SELECT node_id, visitor, sent_bytes, is_download FROM counted
               ON CONFLICT (node_id, visitor) DO UPDATE SET
                   bytes_sent = node_visitors.bytes_sent + excluded.bytes_sent,
                   has_downloaded = node_visitors.has_downloaded OR excluded.has_downloaded)
           SELECT node_id, is_download, sent_bytes, paid_bytes FROM counted""",
        [visit.node_id for visit in visits],
        [visit.visitor for visit in visits],
        [visit.bytes_sent for visit in visits],
        [visit.bytes_paid for visit in visits],
        [visit.download_threshold_bytes for visit in visits],
    )
    return [_Counted(**row) for row in rows]


async def _add_to_nodes(tx: Transaction, now: datetime, used: Mapping[int, Usage]) -> None:
    """To the totals of nodes, and to their minute."""
    await tx.execute(
        """WITH sums AS MATERIALIZED (
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                          AS s (node_id, downloads, sent_bytes, paid_bytes)),
           slots AS (
               INSERT INTO node_usage (node_id, slot, downloads, bandwidth_bytes, bandwidth_paid_bytes)
               SELECT node_id, date_trunc('minute', $5::timestamptz, 'UTC'), downloads, sent_bytes, paid_bytes FROM sums
               ON CONFLICT (node_id, slot) DO UPDATE SET
                   downloads = node_usage.downloads + excluded.downloads,
                   bandwidth_bytes = node_usage.bandwidth_bytes + excluded.bandwidth_bytes,
                   bandwidth_paid_bytes = node_usage.bandwidth_paid_bytes + excluded.bandwidth_paid_bytes)
           UPDATE nodes n SET
               downloads = n.downloads + s.downloads,
               bandwidth_bytes = n.bandwidth_bytes + s.sent_bytes,
               bandwidth_paid_bytes = n.bandwidth_paid_bytes + s.paid_bytes
             FROM sums s WHERE s.node_id = n.id""",
        list(used),
        [one.downloads for one in used.values()],
        [one.sent_bytes for one in used.values()],
        [one.paid_bytes for one in used.values()],
        now,
    )


def _sum(counted: Sequence[_Counted]) -> Usage:
    return Usage(
        downloads=sum(one.is_download for one in counted),
        sent_bytes=sum(one.sent_bytes for one in counted),
        paid_bytes=sum(one.paid_bytes for one in counted),
    )


async def claim_owners(tx: Transaction, node_ids: Sequence[int]) -> list[UUID]:
    """Lock the accounts that nodes belong to, in the order of their IDs, so that nobody waits in a circle."""
    rows = await tx.fetch(
        """SELECT id FROM users WHERE id IN (SELECT owner_id FROM nodes WHERE id = ANY($1::bigint[]))
            ORDER BY id FOR NO KEY UPDATE""",
        node_ids,
    )
    return [row["id"] for row in rows]


async def total(db: Db, node_id: int, hidden: Collection[int]) -> Usage:
    """Of a file, or of everything below a directory but for what `hidden` shared nodes hide."""
    row = await db.fetchrow(
        f"""{TREE} SELECT coalesce(sum(downloads), 0)::bigint AS downloads,
                          coalesce(sum(sent_bytes), 0)::bigint AS sent_bytes,
                          coalesce(sum(paid_bytes), 0)::bigint AS paid_bytes FROM tree""",
        node_id,
        list(hidden),
    )
    return Usage(**row)


async def by_slot(
    db: Db, node_id: int, hidden: Collection[int], start: datetime, end: datetime, interval: timedelta
) -> Slots:
    """As `total`, in [start, end)."""
    row = await db.fetchrow(
        f"""{TREE}, used AS (
               SELECT date_bin($5, u.slot, $3) AS beginning, sum(u.downloads)::bigint AS downloads,
                      sum(u.bandwidth_bytes)::bigint AS sent_bytes, sum(u.bandwidth_paid_bytes)::bigint AS paid_bytes
                 FROM tree, LATERAL (  -- OFFSET: whatever the planner expects, by the index
                      SELECT * FROM node_usage WHERE node_id = tree.id AND slot >= $3 AND slot < $4 OFFSET 0) AS u
                WHERE tree.sent_bytes > 0 GROUP BY beginning)
            SELECT coalesce(array_agg(coalesce(downloads, 0) ORDER BY beginning), '{{}}') AS downloads,
                   coalesce(array_agg(coalesce(sent_bytes, 0) ORDER BY beginning), '{{}}') AS sent_bytes,
                   coalesce(array_agg(coalesce(paid_bytes, 0) ORDER BY beginning), '{{}}') AS paid_bytes
              FROM generate_series($3, $4 - interval '1 microsecond', $5) AS beginning
              LEFT JOIN used USING (beginning)""",
        node_id,
        list(hidden),
        start,
        end,
        interval,
    )
    return Slots(**row)
