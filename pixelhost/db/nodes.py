"""Nodes: the files and directories of the filesystems. Whoever writes has locked the owner (`users.claim`) before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from pixelhost.db import blobs, permissions, users
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.files import Blob
from pixelhost.model.nodes import Node, Outline, Permissions

COLUMNS = f"""n.id, n.owner_id, n.parent_id, n.name, n.blob, n.mime_type, n.mode, n.created_at, n.modified_at,
    n.created_by, n.child_count, n.share_id, n.permissions, n.properties, n.logging_enabled_at, n.log_read_at,
    n.abuse_type, n.abuse_reported_at, n.custom_domain_name, n.downloads, n.bandwidth_bytes, n.bandwidth_paid_bytes,
    {users.OWNER}, coalesce(c.name, '') AS created_by_name, {blobs.COLUMNS}"""
JOINED = f"""JOIN users u ON u.id = n.owner_id {users.TRANSFER_JOINED} LEFT JOIN blobs b ON b.digest = n.blob
    LEFT JOIN users c ON c.id = n.created_by"""

Value = str | int | bytes | datetime | None
"""What a SETTABLE column holds."""

SETTABLE = frozenset(
    {
        "created_at",
        "modified_at",
        "mode",
        "share_id",
        "permissions",
        "properties",
        "logging_enabled_at",
        "log_read_at",
        "custom_domain_name",
        "custom_domain_cert",
        "custom_domain_key",
    }
)


def node(row: Row) -> Node:
    return Node(
        id=row["id"],
        owner_id=row["owner_id"],
        owner_plan_id=row["owner_plan_id"],
        parent_id=row["parent_id"],
        name=row["name"],
        blob=blobs.blob(row) if row["blob"] is not None else None,
        mime_type=row["mime_type"],
        mode=row["mode"],
        created_at=_moment(row["created_at"]),
        modified_at=_moment(row["modified_at"]),
        created_by=row["created_by"],
        created_by_name=row["created_by_name"],
        child_count=row["child_count"],
        share_id=row["share_id"],
        permissions=permissions.loaded(row["permissions"]),
        properties=msgspec.json.decode(row["properties"]),
        logging_enabled_at=row["logging_enabled_at"],
        log_read_at=row["log_read_at"],
        abuse_type=row["abuse_type"],
        abuse_reported_at=row["abuse_reported_at"],
        custom_domain_name=row["custom_domain_name"],
        downloads=row["downloads"],
        bandwidth_bytes=row["bandwidth_bytes"],
        bandwidth_paid_bytes=row["bandwidth_paid_bytes"],
        owner_terms=users.terms(row),
        owner_transfer=users.transfer(row),
    )


async def children(db: Db, parent_id: int) -> list[Node]:
    """By name, in the order of their bytes."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM nodes n {JOINED} WHERE n.parent_id = $1 ORDER BY n.name COLLATE "C" """, parent_id
    )
    return [node(row) for row in rows]


async def outlines(db: Db, parent_id: int) -> list[Outline]:
    """Of the children, in no order: several times faster than the whole nodes."""
    rows = await db.fetch(
        """SELECT id, name, blob IS NULL, size_bytes, mime_type, modified_at, share_id, permissions
             FROM nodes WHERE parent_id = $1""",
        parent_id,
    )
    return [
        Outline(
            node_id,
            name,
            is_directory,
            size_bytes,
            mime_type,
            _moment(modified_at),
            share_id,
            permissions.loaded(stored) if share_id is not None else None,
        )
        for node_id, name, is_directory, size_bytes, mime_type, modified_at, share_id, stored in rows
    ]


async def by_ids(db: Db, ids: Sequence[int]) -> list[Node]:
    """Existing ones, in the order asked."""
    rows = await db.fetch(f"SELECT {COLUMNS} FROM nodes n {JOINED} WHERE n.id = ANY($1)", ids)
    found = {row["id"]: node(row) for row in rows}
    return [found[node_id] for node_id in ids if node_id in found]


async def directories(db: Db, parent_id: int) -> list[Node]:
    """Those of the children that are directories, by name."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM nodes n {JOINED} WHERE n.parent_id = $1 AND n.blob IS NULL
             ORDER BY n.name COLLATE "C" """,
        parent_id,
    )
    return [node(row) for row in rows]


async def exceeded_below(
    db: Db, node_id: int, *, levels: int, path_bytes: int, levels_max: int, path_max_bytes: int
) -> tuple[bool, bool]:
    """Whether something below a directory would pass the limit of levels, and whether the limit of a path's bytes,
    if the directory itself, which is not empty, were at `levels` with a path of `path_bytes`.

    Directories with something in them are walked. The names in them are looked at only where the path leaves less room
    than the longest name and its slash take.
    """
    row = await db.fetchrow(
        """WITH RECURSIVE tree (id, levels, path_bytes) AS (
               SELECT $1::bigint, $2::integer, $3::integer
                UNION ALL
               SELECT n.id, tree.levels + 1, tree.path_bytes + 1 + octet_length(n.name)
                 FROM tree JOIN nodes n ON n.parent_id = tree.id AND n.blob IS NULL AND n.child_count > 0)
           SELECT bool_or(levels >= $4::integer),
                  bool_or(path_bytes > $5::integer - 256 AND EXISTS (
                      SELECT FROM nodes n
                       WHERE n.parent_id = tree.id AND tree.path_bytes + 1 + octet_length(n.name) > $5::integer))
             FROM tree""",
        node_id,
        levels,
        path_bytes,
        levels_max,
        path_max_bytes,
    )
    return row[0], row[1]


async def shared_below(db: Db, node_id: int) -> list[Permissions]:
    """The permissions of everything shared below a directory."""
    rows = await db.fetch(
        """WITH RECURSIVE tree (id) AS (
               SELECT id FROM nodes WHERE parent_id = $1
                UNION ALL
               SELECT n.id FROM tree JOIN nodes n ON n.parent_id = tree.id)
           SELECT n.permissions FROM tree JOIN nodes n USING (id) WHERE n.share_id IS NOT NULL""",
        node_id,
    )
    return [permissions.loaded(row["permissions"]) for row in rows]


async def insert(tx: Transaction, new: Node) -> Node:
    """Insert a file, with its blob's row if there is none yet, or a directory; the id of `new` doesn't count.

    Raises UniqueViolation when the parent has a child of this name.
    """
    blob = new.blob
    node_id = await tx.fetchval(
        """WITH b AS (
               INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
               SELECT $4, $5, $6, $7, now(), now() WHERE $4::bytea IS NOT NULL
               ON CONFLICT (digest) DO UPDATE SET location = excluded.location
               RETURNING digest, size_bytes)
           INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                              created_by)
           SELECT $1, $2, $3, b.digest, coalesce(b.size_bytes, 0), $8, $9, $10, $11, $12
             FROM (VALUES (1)) AS one LEFT JOIN b ON true
           RETURNING id""",
        new.owner_id,
        new.parent_id,
        new.name,
        blob.digest if blob else None,
        new.size_bytes,
        blob.crc32 if blob else 0,
        blob.location if blob else "",
        new.mime_type,
        new.mode,
        new.created_at,
        new.modified_at,
        new.created_by,
    )
    return replace(new, id=node_id)


async def insert_files(tx: Transaction, new: Sequence[Node]) -> dict[tuple[int | None, str], int]:
    """Insert files of one account, with their blobs' rows where there are none; the ids of `new` don't count.

    Returns the ids by directory and name, without those whose directory has a child of that name: of these only the
    bytes are known then. Blobs are locked in order.
    """
    blobs_of = [node.blob for node in new if node.blob is not None]
    found = await tx.fetch(
        """WITH n AS MATERIALIZED (
               SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[], $6::bigint[],
                                    $7::text[], $8::text[], $9::integer[], $10::timestamptz[], $11::timestamptz[],
                                    $12::uuid[])
                   AS n (owner_id, parent_id, name, digest, size_bytes, crc32, location, mime_type, mode, created_at,
                         modified_at, created_by)),
           b AS (
               INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
               SELECT DISTINCT ON (digest) digest, size_bytes, crc32, location, now(), now() FROM n ORDER BY digest
               ON CONFLICT (digest) DO UPDATE SET location = excluded.location
               RETURNING digest, size_bytes)
           INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                              created_by)
           SELECT n.owner_id, n.parent_id, n.name, b.digest, b.size_bytes, n.mime_type, n.mode, n.created_at,
                  n.modified_at, n.created_by
             FROM n JOIN b USING (digest)
           ON CONFLICT (parent_id, name) DO NOTHING
           RETURNING id, parent_id, name""",
        [node.owner_id for node in new],
        [node.parent_id for node in new],
        [node.name for node in new],
        [blob.digest for blob in blobs_of],
        [blob.size_bytes for blob in blobs_of],
        [blob.crc32 for blob in blobs_of],
        [blob.location for blob in blobs_of],
        [node.mime_type for node in new],
        [node.mode for node in new],
        [node.created_at for node in new],
        [node.modified_at for node in new],
        [node.created_by for node in new],
    )
    return {(row["parent_id"], row["name"]): row["id"] for row in found}


async def by_id(db: Db, node_id: int) -> Node:
    """One that is known to be there."""
    return node(await db.fetchrow(f"SELECT {COLUMNS} FROM nodes n {JOINED} WHERE n.id = $1", node_id))


async def overwrite(
    tx: Transaction,
    node_id: int,
    blob: Blob,
    mime_type: str,
    *,
    created_at: datetime,
    modified_at: datetime,
    mode: int,
    now: datetime,
) -> None:
    """Other bytes for a file: from the commit on, readers see the new ones. It stays the work of who created it.
    A takedown was of the old bytes.

    The old and the new blob are locked in order: another transaction may be doing the reverse.
    """
    await tx.execute(
        """SELECT FROM blobs WHERE digest = (SELECT blob FROM nodes WHERE id = $1) AND digest < $2
              FOR NO KEY UPDATE""",
        node_id,
        blob.digest,
    )
    await blobs.insert(tx, blob, now)
    await tx.execute(
        """UPDATE nodes SET blob = $2, size_bytes = $3, mime_type = $4, created_at = $5, modified_at = $6, mode = $7,
                            abuse_type = CASE WHEN blob = $2 THEN abuse_type ELSE '' END,
                            abuse_reported_at = CASE WHEN blob = $2 THEN abuse_reported_at END
            WHERE id = $1""",
        node_id,
        blob.digest,
        blob.size_bytes,
        mime_type,
        created_at,
        modified_at,
        mode,
    )


async def move(tx: Transaction, node_id: int, parent_id: int, name: str, mime_type: str) -> None:
    """To another directory, under another name, or both, whatever lies below.

    Raises UniqueViolation when there is a child of this name.
    """
    await tx.execute(
        "UPDATE nodes SET parent_id = $2, name = $3, mime_type = $4 WHERE id = $1", node_id, parent_id, name, mime_type
    )


async def set_columns(tx: Transaction, node_id: int, values: Mapping[str, Value]) -> None:
    """Set some of the SETTABLE columns. Raises UniqueViolation for a share ID or a domain that is taken."""
    if not values:
        return
    assert values.keys() <= SETTABLE
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2))
    await tx.execute(f"UPDATE nodes SET {columns} WHERE id = $1", node_id, *values.values())


async def is_share_id_taken(db: Db, share_id: str) -> bool:
    return bool(await db.fetchval("SELECT EXISTS (SELECT FROM nodes WHERE share_id = $1)", share_id))


async def holder_of_domain(db: Db, name: str) -> int | None:
    """The ID of the node that is served on this custom domain."""
    node_id: int | None = await db.fetchval("SELECT id FROM nodes WHERE custom_domain_name = $1", name)
    return node_id


async def is_shared_image(db: Db, owner_id: UUID, share_id: str) -> bool:
    """Whether this ID is that of a shared image in an account's filesystem."""
    return bool(
        await db.fetchval(
            """SELECT EXISTS (SELECT FROM nodes WHERE share_id = $1 AND owner_id = $2 AND mime_type LIKE 'image/%')""",
            share_id,
            owner_id,
        )
    )


async def owner_of_share(db: Db, share_id: str) -> UUID | None:
    owner_id: UUID | None = await db.fetchval("SELECT owner_id FROM nodes WHERE share_id = $1", share_id)
    return owner_id


def stored_properties(properties: Mapping[str, str]) -> str:
    return msgspec.json.encode(properties).decode()


def _moment(read: datetime) -> datetime:
    """asyncpg writes the first and the last moment there is as infinities, and reads those without a time zone."""
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


async def with_wrong_child_counts(db: Db) -> list[tuple[int, int, int]]:
    """(id, children counted, children there) of nodes whose counter drifted: a bug."""
    rows = await db.fetch(
        """SELECT p.id, p.child_count, count(c.id) AS there FROM nodes p LEFT JOIN nodes c ON c.parent_id = p.id
            GROUP BY p.id HAVING p.child_count <> count(c.id) ORDER BY p.id"""
    )
    return [tuple(row) for row in rows]
