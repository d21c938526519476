"""What a malware scanner has found in the blobs, and which are due for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pixelhost.db import blobs, takedowns
from pixelhost.db.connect import Db, Transaction
from pixelhost.model.abuse import Copy
from pixelhost.model.files import Blob


@dataclass(frozen=True, slots=True)
class Scanner:
    """`version` is empty until it has answered once; `failures` are those since it answered last."""

    version: str
    failures: int
    is_due: bool


@dataclass(frozen=True, slots=True)
class Due:
    """A blob to scan. `is_sealed`: that it belongs to a push or a transfer; `is_shown`: to a file or a node."""

    blob: Blob
    attempts: int
    is_sealed: bool
    is_shown: bool


class News(NamedTuple):
    """A copy of known malware, whose owner doesn't know yet."""

    virus_name: str
    copy: Copy


async def scanner(db: Db, now: datetime) -> Scanner:
    row = await db.fetchrow("SELECT version, failures, due_at <= $1 AS is_due FROM scanner", now)
    return Scanner(**row)


async def set_here(db: Db, version: str) -> None:
    await db.execute("UPDATE scanner SET version = $1, failures = 0, due_at = '-infinity'", version)


async def set_away(db: Db, failures: int, due_at: datetime) -> None:
    await db.execute("UPDATE scanner SET failures = $1, due_at = $2", failures, due_at)


async def claim_due(db: Db, now: datetime, until: datetime, limit: int) -> list[Due]:
    """Those waiting longest, which nobody else gets before `until`."""
    rows = await db.fetch(
        f"""UPDATE blobs b SET scan_due_at = $2
             WHERE b.digest IN (SELECT digest FROM blobs WHERE scan_due_at < 'infinity' AND scan_due_at <= $1
                                 ORDER BY scan_due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING {blobs.COLUMNS}, b.scan_attempts,
                      EXISTS (SELECT FROM push_files p WHERE p.blob = b.digest)
                      OR EXISTS (SELECT FROM transfer_files t WHERE t.blob = b.digest) AS is_sealed,
                      EXISTS (SELECT FROM files f WHERE f.blob = b.digest)
                      OR EXISTS (SELECT FROM nodes n WHERE n.blob = b.digest) AS is_shown""",
        now,
        until,
        limit,
    )
    return [Due(blobs.blob(row), row["scan_attempts"], row["is_sealed"], row["is_shown"]) for row in rows]


async def set_due(db: Db, digest: bytes, due_at: datetime) -> None:
    await db.execute("UPDATE blobs SET scan_due_at = $2 WHERE digest = $1", digest, due_at)


async def set_failed(db: Db, digest: bytes, state: str, attempts: int, due_at: datetime) -> None:
    """It was tried so often; what was found before stays."""
    await db.execute(
        """UPDATE blobs SET scan_state = CASE WHEN scan_state = 'waiting' THEN $2 ELSE scan_state END,
                            scan_attempts = $3, scan_due_at = $4
            WHERE digest = $1""",
        digest,
        state,
        attempts,
        due_at,
    )


async def set_sealed(db: Db, digest: bytes) -> None:
    """Nobody can look into it, today or later."""
    await db.execute("UPDATE blobs SET scan_state = 'sealed', scan_due_at = 'infinity' WHERE digest = $1", digest)


async def set_result(tx: Transaction, digest: bytes, state: str, virus_name: str, due_at: datetime | None) -> bool:
    """Whether malware was found that had not been before. It stays until the content is found clean.

    `due_at` None is never.
    """
    await tx.execute("SELECT FROM blobs WHERE digest = $1 FOR NO KEY UPDATE", digest)
    before = await tx.fetchval("SELECT virus_name FROM blobs WHERE digest = $1", digest)
    await tx.execute(
        """UPDATE blobs SET scan_state = $2, scan_attempts = 0,
                            virus_name = CASE WHEN $2 = 'too_large' THEN virus_name ELSE $3 END,
                            scan_due_at = coalesce($4, 'infinity'::timestamptz)
            WHERE digest = $1""",
        digest,
        state,
        virus_name,
        due_at,
    )
    return before == "" and virus_name != ""


async def owners(db: Db, digest: bytes) -> list[UUID]:
    """Accounts with a file or a node of these bytes."""
    rows = await db.fetch(
        "SELECT owner_id FROM files WHERE blob = $1 UNION SELECT owner_id FROM nodes WHERE blob = $1", digest
    )
    return [row["owner_id"] for row in rows]


async def take_news(tx: Transaction, limit: int) -> tuple[int, list[News]]:
    """The oldest copies that came later, no news any more, and how many they were; of what is gone or found clean
    meanwhile there is nothing to tell.
    """
    ids = await tx.fetch(
        """DELETE FROM malware_news WHERE id IN (
               SELECT id FROM malware_news ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING file_id, node_id""",
        limit,
    )
    rows = await tx.fetch(
        f"""WITH {takedowns.PATHS.format(chosen="id = ANY($2)")}
            SELECT b.virus_name, c.is_node, c.id, c.name, c.owner_id, u.name AS owner_name
              FROM (SELECT false AS is_node, id, name, owner_id, blob FROM files WHERE id = ANY($1)
                     UNION ALL
                    SELECT true, n.id::text, up.path, n.owner_id, n.blob
                      FROM up JOIN nodes n ON n.id = up.node_id WHERE up.parent_id IS NULL) c
              JOIN blobs b ON b.digest = c.blob AND b.virus_name <> '' JOIN users u ON u.id = c.owner_id
             ORDER BY c.is_node, c.name""",
        [row["file_id"] for row in ids if row["file_id"] is not None],
        [row["node_id"] for row in ids if row["node_id"] is not None],
    )
    return len(ids), [News(row["virus_name"], Copy(*list(row.values())[1:])) for row in rows]


async def make_due(db: Db, now: datetime) -> int:
    """All that was scanned before is to be scanned again, those longest ago first. How many."""
    status = await db.execute(
        """UPDATE blobs SET scan_due_at = $1, scan_attempts = 0
            WHERE scan_state NOT IN ('waiting', 'sealed') AND scan_due_at > $1""",
        now,
    )
    return int(status.rsplit(" ", 1)[1])
