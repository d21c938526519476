"""Rows of the blobs: which bytes there are, where, and how many refer to them."""

from collections.abc import Sequence
from datetime import datetime

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.files import Blob

COLUMNS = "b.digest, b.size_bytes, b.crc32, b.location, b.virus_name"
REFERRING = ("files", "nodes", "push_files", "transfer_files")
"""Tables with a column `blob`."""
REFERRERS = " + ".join(f"(SELECT count(*) FROM {table} r WHERE r.blob = b.digest)" for table in REFERRING)
UNREFERENCED = " AND ".join(f"NOT EXISTS (SELECT FROM {table} r WHERE r.blob = b.digest)" for table in REFERRING)


def blob(row: Row) -> Blob:
    return Blob(row["digest"], row["size_bytes"], row["crc32"], row["location"], row["virus_name"])


async def claim_unreferenced(tx: Transaction, older_than: datetime, limit: int) -> list[Blob]:
    """Rows that nothing refers to since before `older_than`, locked; those that others hold are passed over.

    The counter says maybe; only the referrers can say yes.
    """
    rows = await tx.fetch(
        f"""SELECT {COLUMNS} FROM blobs b
             WHERE b.refs = 0 AND b.unreferenced_since <= $1 AND {UNREFERENCED}
             ORDER BY b.unreferenced_since LIMIT $2 FOR UPDATE OF b SKIP LOCKED""",
        older_than,
        limit,
    )
    return [blob(row) for row in rows]


async def claim_if_unknown(tx: Transaction, digest: bytes, now: datetime) -> bool:
    """Whether no row has this digest, waiting for whoever is about to commit one. The caller must roll back.

    Until then nobody else can insert one.
    """
    status = await tx.execute(
        """INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
           VALUES ($1, 0, 0, '', $2, $2) ON CONFLICT DO NOTHING""",
        digest,
        now,
    )
    return bool(status == "INSERT 0 1")


async def insert(tx: Transaction, blob: Blob, now: datetime) -> None:
    """Insert a blob's row if there is none yet. Until the transaction ends it is locked: its bytes stay."""
    await tx.execute(
        """INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
           VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (digest) DO UPDATE SET location = excluded.location""",
        blob.digest,
        blob.size_bytes,
        blob.crc32,
        blob.location,
        now,
    )


async def delete(db: Db, digests: Sequence[bytes]) -> None:
    await db.execute("DELETE FROM blobs WHERE digest = ANY($1)", digests)


async def claim_with_references(tx: Transaction, digest: bytes) -> tuple[Blob, int, int] | None:
    """(blob, references counted, references there), the row locked: no reference can come or go, nor the bytes."""
    await tx.execute("SELECT FROM blobs WHERE digest = $1 FOR UPDATE", digest)
    row = await tx.fetchrow(
        f"""SELECT {COLUMNS}, b.refs, {REFERRERS} AS referrers
              FROM blobs b WHERE b.digest = $1""",
        digest,
    )
    return (blob(row), row["refs"], row["referrers"]) if row else None


async def after(db: Db, digest: bytes, limit: int) -> list[tuple[Blob, int, int]]:
    """(blob, references counted, references there), by digest, from just after `digest`."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS}, b.refs, {REFERRERS} AS referrers
              FROM blobs b WHERE b.digest > $1 ORDER BY b.digest LIMIT $2""",
        digest,
        limit,
    )
    return [(blob(row), row["refs"], row["referrers"]) for row in rows]


async def known(db: Db, digests: Sequence[bytes]) -> set[bytes]:
    """Those of `digests` that have a row."""
    rows = await db.fetch("SELECT digest FROM blobs WHERE digest = ANY($1)", digests)
    return {row["digest"] for row in rows}
