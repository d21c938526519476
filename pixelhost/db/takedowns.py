"""What was taken down: contents and directories, and the things that are taken down with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.abuse import Copy, Takedown

COLUMNS = "t.id, t.digest, t.node_id, t.type, t.reporter, t.note, t.made_at, coalesce(u.name, '') AS made_by"
JOINED = "LEFT JOIN users u ON u.id = t.made_by"

PATHS = """RECURSIVE up (node_id, owner_id, parent_id, path) AS (
               SELECT id, owner_id, parent_id, '/' || name FROM nodes WHERE {chosen}
                UNION ALL
               SELECT up.node_id, up.owner_id, n.parent_id,
                      CASE WHEN n.parent_id IS NULL THEN up.path ELSE '/' || n.name || up.path END
                 FROM up JOIN nodes n ON n.id = up.parent_id)"""
"""The paths of nodes, in a WITH: rows of `up` without a parent have gone up to the root."""


class News(NamedTuple):
    """A thing that was taken down, whose owner doesn't know yet."""

    takedown: Takedown
    copy: Copy


def takedown(row: Row) -> Takedown:
    return Takedown(
        row["id"],
        row["digest"],
        row["node_id"],
        row["type"],
        row["reporter"],
        row["note"],
        row["made_at"],
        row["made_by"],
    )


async def claim_content(tx: Transaction, digest: bytes, now: datetime) -> None:
    """Until the transaction ends, nobody inserts a file or a node with these bytes, whether there are any or not.

    To be ended with `release_content`.
    """
    await tx.execute(
        """INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
           VALUES ($1, 0, 0, '', $2, $2) ON CONFLICT DO NOTHING""",
        digest,
        now,
    )
    await tx.execute("SELECT FROM blobs WHERE digest = $1 FOR NO KEY UPDATE", digest)


async def release_content(tx: Transaction, digest: bytes) -> None:
    """Delete the row that stood for bytes that aren't there."""
    await tx.execute("DELETE FROM blobs WHERE digest = $1 AND location = ''", digest)


async def insert(tx: Transaction, new: Takedown, made_by: UUID | None) -> int | None:
    """Its ID, the one that `new` has doesn't count. None when that is taken down already: type and reporter stay."""
    made: int | None = await tx.fetchval(
        """INSERT INTO takedowns (digest, node_id, type, reporter, note, made_at, made_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id""",
        new.digest,
        new.node_id,
        new.type,
        new.reporter,
        new.note,
        new.made_at,
        made_by,
    )
    return made


async def mark_content(tx: Transaction, takedown_id: int) -> int:
    """Take down every file and node with the content, and note that their owners are to be told. How many."""
    status = await tx.execute(
        """WITH t AS (SELECT id, digest, type, reporter, made_at FROM takedowns WHERE id = $1),
                marked_files AS (
                    UPDATE files f SET abuse_type = t.type, abuse_reporter = t.reporter FROM t WHERE f.blob = t.digest
                    RETURNING f.id),
                marked_nodes AS (
                    UPDATE nodes n SET abuse_type = t.type, abuse_reported_at = t.made_at FROM t WHERE n.blob = t.digest
                    RETURNING n.id)
           INSERT INTO takedown_news (takedown_id, file_id, node_id)
           SELECT $1, id, NULL FROM marked_files UNION ALL SELECT $1, NULL, id FROM marked_nodes""",
        takedown_id,
    )
    return _affected(status)


async def mark_directory(tx: Transaction, takedown_id: int) -> None:
    """The same for one directory."""
    await tx.execute(
        """WITH t AS (SELECT id, node_id, type, made_at FROM takedowns WHERE id = $1),
                marked AS (
                    UPDATE nodes n SET abuse_type = t.type, abuse_reported_at = t.made_at FROM t WHERE n.id = t.node_id
                    RETURNING n.id)
           INSERT INTO takedown_news (takedown_id, node_id) SELECT $1, id FROM marked""",
        takedown_id,
    )


async def unmark(tx: Transaction, lifted: Takedown) -> None:
    """What it took down is up again."""
    await tx.execute("UPDATE files SET abuse_type = '', abuse_reporter = '' WHERE blob = $1", lifted.digest)
    await tx.execute(
        "UPDATE nodes SET abuse_type = '', abuse_reported_at = NULL WHERE blob = $1 OR id = $2",
        lifted.digest,
        lifted.node_id,
    )


async def claim(tx: Transaction, takedown_id: int) -> Takedown | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM takedowns t {JOINED} WHERE t.id = $1 FOR UPDATE OF t", takedown_id)
    return takedown(row) if row else None


async def delete(tx: Transaction, takedown_id: int) -> None:
    """With its appeals."""
    await tx.execute("DELETE FROM takedowns WHERE id = $1", takedown_id)


async def by_id(db: Db, takedown_id: int) -> Takedown | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM takedowns t {JOINED} WHERE t.id = $1", takedown_id)
    return takedown(row) if row else None


async def by_digest(db: Db, digest: bytes) -> Takedown | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM takedowns t {JOINED} WHERE t.digest = $1", digest)
    return takedown(row) if row else None


async def by_nodes(db: Db, node_ids: Sequence[int]) -> Takedown | None:
    """That of the first of these directories that was taken down."""
    row = await db.fetchrow(
        f"""SELECT {COLUMNS} FROM takedowns t {JOINED} WHERE t.node_id = ANY($1)
             ORDER BY array_position($1, t.node_id) LIMIT 1""",
        node_ids,
    )
    return takedown(row) if row else None


async def search(db: Db, kind: str, digest_begins: str, limit: int, offset: int) -> list[Takedown]:
    """The latest first; empty texts are anything. `digest_begins` is hexadecimal."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM takedowns t {JOINED}
             WHERE ($1 = '' OR t.type = $1) AND ($2 = '' OR starts_with(encode(t.digest, 'hex'), $2))
             ORDER BY t.made_at DESC, t.id DESC LIMIT $3 OFFSET $4""",
        kind,
        digest_begins,
        limit,
        offset,
    )
    return [takedown(row) for row in rows]


async def count(db: Db, kind: str, digest_begins: str) -> int:
    return int(
        await db.fetchval(
            """SELECT count(*) FROM takedowns t
                WHERE ($1 = '' OR t.type = $1) AND ($2 = '' OR starts_with(encode(t.digest, 'hex'), $2))""",
            kind,
            digest_begins,
        )
    )


async def copies(
    db: Db, digest: bytes | None, node_id: int | None, limit: int, owner_id: UUID | None = None
) -> list[Copy]:
    """Files and nodes with a content, or the node with a number; of one account or of all. By their owners' names."""
    rows = await db.fetch(
        f"""WITH {PATHS.format(chosen="(blob = $1 OR id = $2) AND ($4::uuid IS NULL OR owner_id = $4)")}
            SELECT c.is_node, c.file_id, c.name, c.owner_id, u.name AS owner_name
              FROM (SELECT false AS is_node, id AS file_id, name, owner_id FROM files
                     WHERE blob = $1 AND ($4::uuid IS NULL OR owner_id = $4)
                     UNION ALL
                    SELECT true, node_id::text, path, owner_id FROM up WHERE parent_id IS NULL) c
              JOIN users u ON u.id = c.owner_id
             ORDER BY lower(u.name), c.is_node, c.name LIMIT $3""",
        digest,
        node_id,
        limit,
        owner_id,
    )
    return [Copy(**row) for row in rows]


async def owners(db: Db, of: Takedown) -> list[UUID]:
    rows = await db.fetch(
        "SELECT owner_id FROM files WHERE blob = $1 UNION SELECT owner_id FROM nodes WHERE blob = $1 OR id = $2",
        of.digest,
        of.node_id,
    )
    return [row["owner_id"] for row in rows]


async def take_news(tx: Transaction, limit: int) -> tuple[int, list[News]]:
    """The oldest news, deleted, and how many they were; of things that have gone meanwhile there is nothing to tell."""
    ids = await tx.fetch(
        """DELETE FROM takedown_news WHERE id IN (
               SELECT id FROM takedown_news ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING takedown_id, file_id, node_id""",
        limit,
    )
    rows = await tx.fetch(
        f"""WITH {PATHS.format(chosen="id = ANY($3)")},
                 news AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
                                     AS n (takedown_id, file_id, node_id))
            SELECT {COLUMNS}, false AS is_node, f.id AS copy_id, f.name AS copy_name, f.owner_id, o.name AS owner_name
              FROM news JOIN files f ON f.id = news.file_id JOIN users o ON o.id = f.owner_id
              JOIN takedowns t ON t.id = news.takedown_id AND t.digest = f.blob {JOINED}
             UNION ALL
            SELECT {COLUMNS}, true, n.id::text, up.path, n.owner_id, o.name
              FROM news JOIN nodes n ON n.id = news.node_id JOIN users o ON o.id = n.owner_id
              JOIN up ON up.node_id = n.id AND up.parent_id IS NULL
              JOIN takedowns t ON t.id = news.takedown_id AND (t.digest = n.blob OR t.node_id = n.id) {JOINED}""",
        [row["takedown_id"] for row in ids],
        [row["file_id"] for row in ids],
        [row["node_id"] for row in ids],
    )
    return len(ids), [
        News(
            takedown(row),
            Copy(row["is_node"], row["copy_id"], row["copy_name"], row["owner_id"], row["owner_name"]),
        )
        for row in rows
    ]


async def delete_nodeless(db: Db) -> int:
    """Takedowns of directories that are gone. Returns how many."""
    return _affected(
        await db.execute(
            """DELETE FROM takedowns t WHERE t.node_id IS NOT NULL
                  AND NOT EXISTS (SELECT FROM nodes n WHERE n.id = t.node_id)"""
        )
    )


def _affected(status: str) -> int:
    return int(status.rsplit(" ", 1)[1])
