"""Downloads that keys are made for, those keys, and what PINs are exchanged for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Transaction
from pixelhost.model.transfers import Download


async def insert(
    tx: Transaction, user_id: UUID, file_ids: Sequence[UUID], now: datetime, expires_at: datetime
) -> Download:
    """Raises ForeignKeyViolation where a file has gone."""
    download_id = await tx.fetchval(
        "INSERT INTO downloads (user_id, created_at, expires_at) VALUES ($1, $2, $3) RETURNING id",
        user_id,
        now,
        expires_at,
    )
    await tx.execute(
        """INSERT INTO download_files (download_id, file_id, position)
           SELECT $1, file_id, place FROM unnest($2::uuid[]) WITH ORDINALITY AS given (file_id, place)""",
        download_id,
        file_ids,
    )
    return Download(download_id, None, now, expires_at)


async def of_user(db: Db, user_id: UUID, download_id: UUID, now: datetime) -> Download | None:
    """One that an account may use: its own, or that of a message in its inbox."""
    row = await db.fetchrow(
        """SELECT d.id, d.mail_id, d.created_at, d.expires_at
             FROM downloads d LEFT JOIN mails m ON m.id = d.mail_id
            WHERE d.id = $2 AND ((d.user_id = $1 AND d.expires_at > $3)
                                 OR (m.recipient_id = $1 AND NOT m.is_deleted_by_recipient))""",
        user_id,
        download_id,
        now,
    )
    return Download(**row) if row else None


async def by_key(db: Db, download_id: UUID, key_sha256: bytes, now: datetime) -> Download | None:
    """Whoever has the key."""
    row = await db.fetchrow(
        """SELECT d.id, d.mail_id, d.created_at, d.expires_at
             FROM downloads d JOIN download_keys k ON k.download_id = d.id
            WHERE d.id = $1 AND k.key_sha256 = $2 AND k.expires_at > $3
              AND (d.expires_at IS NULL OR d.expires_at > $3)""",
        download_id,
        key_sha256,
        now,
    )
    return Download(**row) if row else None


async def insert_key(db: Db, download_id: UUID, key_sha256: bytes, expires_at: datetime) -> None:
    """Raises ForeignKeyViolation where the download has gone."""
    await db.execute(
        "INSERT INTO download_keys (key_sha256, download_id, expires_at) VALUES ($1, $2, $3)",
        key_sha256,
        download_id,
        expires_at,
    )


async def use_key(tx: Transaction, key_sha256: bytes, now: datetime) -> bool:
    """Whether it was good, and nobody had used it."""
    status = await tx.execute("DELETE FROM download_keys WHERE key_sha256 = $1 AND expires_at > $2", key_sha256, now)
    return bool(status == "DELETE 1")


async def use_up(db: Db, download_id: UUID, key_sha256: bytes, now: datetime) -> bool:
    """Delete a download that is good for one, with its keys. Whether this one was good, and it was there."""
    status = await db.execute(
        """DELETE FROM downloads d USING download_keys k
            WHERE d.id = $1 AND d.expires_at > $3
              AND k.download_id = d.id AND k.key_sha256 = $2 AND k.expires_at > $3""",
        download_id,
        key_sha256,
        now,
    )
    return bool(status == "DELETE 1")


async def pin_hash(db: Db, user_id: UUID) -> str | None:
    found: str | None = await db.fetchval("SELECT pin_hash FROM users WHERE id = $1", user_id)
    return found


async def set_pin_hash(tx: Transaction, user_id: UUID, hashed: str | None) -> None:
    """What the former PIN was exchanged for opens nothing any more."""
    await tx.execute("UPDATE users SET pin_hash = $2 WHERE id = $1", user_id, hashed)
    await tx.execute("DELETE FROM temporary_keys WHERE user_id = $1", user_id)


async def insert_temporary_key(db: Db, user_id: UUID, pin_hash: str, key_sha256: bytes, expires_at: datetime) -> bool:
    """Whether the account's PIN still was the one with this hash."""
    status = await db.execute(
        """INSERT INTO temporary_keys (key_sha256, user_id, expires_at)
           SELECT $3, id, $4 FROM users WHERE id = $1 AND pin_hash = $2 FOR SHARE""",
        user_id,
        pin_hash,
        key_sha256,
        expires_at,
    )
    return bool(status == "INSERT 0 1")


async def is_temporary_key(db: Db, user_id: UUID, key_sha256: bytes, now: datetime) -> bool:
    return bool(
        await db.fetchval(
            "SELECT EXISTS (SELECT FROM temporary_keys WHERE user_id = $1 AND key_sha256 = $2 AND expires_at > $3)",
            user_id,
            key_sha256,
            now,
        )
    )


async def delete_temporary_key(db: Db, user_id: UUID, key_sha256: bytes, now: datetime) -> bool:
    """Whether it was good."""
    status = await db.execute(
        "DELETE FROM temporary_keys WHERE user_id = $1 AND key_sha256 = $2 AND expires_at > $3",
        user_id,
        key_sha256,
        now,
    )
    return bool(status == "DELETE 1")


async def delete_before(db: Db, now: datetime) -> int:
    """What is no longer good. Returns how many."""
    deleted = 0
    for table in ("downloads", "download_keys", "temporary_keys"):
        status: str = await db.execute(f"DELETE FROM {table} WHERE expires_at <= $1", now)
        deleted += int(status.rpartition(" ")[2])
    return deleted
