"""More rows than anybody would want to upload one by one."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from pixelhost import ids
from pixelhost.site import Site


async def add_files(site: Site, user_name: str, count: int, *, at: datetime | None = None) -> Sequence[str]:
    """Files `file number 1` to `count`, a second apart unless they are all of one moment. Returns their IDs."""
    made = [ids.new_id() for _ in range(count)]
    digest = hashlib.sha256(b"one").digest()
    now = site.clock.now()
    async with site.db.acquire() as db, db.transaction():
        await db.execute(
            """INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
               VALUES ($1, 3, 0, 'nowhere', $2, $2) ON CONFLICT DO NOTHING""",
            digest,
            now,
        )
        await db.execute(
            """INSERT INTO files (id, owner_id, blob, name, mime_type, uploaded_at, kept_at, last_viewed_at)
               SELECT n.id, u.id, $2, 'file number ' || n.number, 'text/plain', moment, $3, $3
                 FROM users u, unnest($4::text[]) WITH ORDINALITY AS n (id, number),
                      coalesce($5, $3::timestamptz - ($6 - n.number) * interval '1 second') AS moment
                WHERE u.name = $1""",
            user_name,
            digest,
            now,
            made,
            at,
            count,
        )
    return made


async def add_nodes(site: Site, user_name: str, path: str, count: int) -> None:
    """Files `file 1.txt` to `file <count>.txt` in a directory of an account's filesystem, a second apart."""
    digest = hashlib.sha256(b"one").digest()
    now = site.clock.now()
    async with site.db.acquire() as db, db.transaction():
        await db.execute(
            """INSERT INTO blobs (digest, size_bytes, crc32, location, created_at, unreferenced_since)
               VALUES ($1, 3, 0, 'nowhere', $2, $2) ON CONFLICT DO NOTHING""",
            digest,
            now,
        )
        owner_id = await db.fetchval("SELECT id FROM users WHERE name = $1 FOR UPDATE", user_name)
        parent_id = await db.fetchval("SELECT id FROM nodes WHERE owner_id = $1 AND parent_id IS NULL", owner_id)
        for name in path.split("/")[2:]:
            parent_id = await db.fetchval("SELECT id FROM nodes WHERE parent_id = $1 AND name = $2", parent_id, name)
        await db.execute(
            """INSERT INTO nodes (owner_id, parent_id, name, blob, size_bytes, mime_type, mode, created_at, modified_at,
                                  created_by)
               SELECT $1, $2, 'file ' || number || '.txt', $3, 3, 'text/plain', 420, $4,
                      $4::timestamptz - ($5 - number) * interval '1 second', $1
                 FROM generate_series(1, $5) AS number""",
            owner_id,
            parent_id,
            digest,
            now,
            count,
        )
