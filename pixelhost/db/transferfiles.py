"""Files to be sent to others, and the categories that they are sorted by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pixelhost.db import blobs
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.transfers import Category, FileSort, Party, TransferFile, Trashed

COLUMNS: Final = f"""f.id, f.owner_id, f.category_id, c.name AS category_name, c.created_at AS category_created_at,
    f.name, f.mime_type, f.size_bytes AS plain_bytes, f.key_sealed, f.created_at, f.trashed_at, o.name AS owner_name,
    CASE WHEN o.email_verified THEN o.email ELSE '' END AS owner_email, {blobs.COLUMNS}"""
JOINED: Final = """transfer_files f JOIN users o ON o.id = f.owner_id JOIN blobs b ON b.digest = f.blob
    LEFT JOIN transfer_categories c ON c.id = f.category_id"""


def file(row: Row) -> TransferFile:
    category = None
    if row["category_id"] is not None:
        category = Category(row["category_id"], row["category_name"], row["category_created_at"])
    return TransferFile(
        id=row["id"],
        owner_id=row["owner_id"],
        owner=Party(row["owner_name"], row["owner_email"]),
        category=category,
        name=row["name"],
        mime_type=row["mime_type"],
        size_bytes=row["plain_bytes"],
        key_sealed=row["key_sealed"],
        blob=blobs.blob(row),
        created_at=row["created_at"],
        is_trashed=row["trashed_at"] is not None,
    )


async def insert(tx: Transaction, new: TransferFile) -> None:
    """The blob's row was inserted within the same transaction, and the owner's account is locked.

    Raises ForeignKeyViolation where the category has gone.
    """
    await tx.execute(
        """INSERT INTO transfer_files
               (id, owner_id, category_id, name, mime_type, size_bytes, sealed_bytes, key_sealed, blob, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        new.id,
        new.owner_id,
        new.category.id if new.category else None,
        new.name,
        new.mime_type,
        new.size_bytes,
        new.blob.size_bytes,
        new.key_sealed,
        new.blob.digest,
        new.created_at,
    )


async def ids_of_user(
    db: Db, owner_id: UUID, keyword: str, trashed: Trashed, order: Sequence[tuple[FileSort, bool]]
) -> list[UUID]:
    """Those of an account whose names hold `keyword`, in any case. `order` says by what, and whether downwards."""
    keys = [f"{'lower(name)' if key == 'name' else key} {'DESC' if is_down else 'ASC'}" for key, is_down in order]
    rows = await db.fetch(
        f"""SELECT id FROM transfer_files
             WHERE owner_id = $1 AND position(lower($2) IN lower(name)) > 0
               AND ($3 = 'with' OR ($3 = 'only') = (trashed_at IS NOT NULL))
             ORDER BY {", ".join([*keys, "created_at DESC", "id"])}""",
        owner_id,
        keyword,
        trashed,
    )
    return [row["id"] for row in rows]


async def by_ids(db: Db, owner_id: UUID, file_ids: Sequence[UUID]) -> list[TransferFile]:
    """Those of an account among `file_ids`, in the order asked."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (file_id, place)
              JOIN ({JOINED}) ON f.id = asked.file_id
             WHERE f.owner_id = $1 ORDER BY asked.place""",
        owner_id,
        file_ids,
    )
    return [file(row) for row in rows]


async def claim(tx: Transaction, owner_id: UUID, file_id: UUID) -> TransferFile | None:
    """Lock a file of an account: nobody changes or deletes it until the transaction ends."""
    # A statement of its own: a join would give the category as it was before the lock was had.
    locked = "SELECT FROM transfer_files WHERE owner_id = $1 AND id = $2 FOR NO KEY UPDATE"
    if await tx.fetchrow(locked, owner_id, file_id) is None:
        return None
    (found,) = await by_ids(tx, owner_id, [file_id])
    return found


async def of_push(db: Db, push_id: int) -> list[TransferFile]:
    """What a push gives of its owner's files, in order."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM push_transfer_files p JOIN ({JOINED}) ON f.id = p.file_id
             WHERE p.push_id = $1 ORDER BY p.position""",
        push_id,
    )
    return [file(row) for row in rows]


async def of_mails(db: Db, mail_ids: Sequence[UUID]) -> dict[UUID, list[TransferFile]]:
    """By message, in order."""
    rows = await db.fetch(
        f"""SELECT m.mail_id, {COLUMNS} FROM mail_files m JOIN ({JOINED}) ON f.id = m.file_id
             WHERE m.mail_id = ANY($1) ORDER BY m.mail_id, m.position""",
        mail_ids,
    )
    found: dict[UUID, list[TransferFile]] = {mail_id: [] for mail_id in mail_ids}
    for row in rows:
        found[row["mail_id"]].append(file(row))
    return found


async def of_download(db: Db, download_id: UUID) -> list[TransferFile]:
    """In order."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS}
              FROM (SELECT file_id, position FROM download_files WHERE download_id = $1
                     UNION ALL
                    SELECT m.file_id, m.position FROM mail_files m JOIN downloads d ON d.mail_id = m.mail_id
                     WHERE d.id = $1) AS given
              JOIN ({JOINED}) ON f.id = given.file_id
             ORDER BY given.position""",
        download_id,
    )
    return [file(row) for row in rows]


async def change(tx: Transaction, changed: TransferFile, now: datetime) -> None:
    """Its name, category, and whether it is in the trash. File and category are locked."""
    await tx.execute(
        """UPDATE transfer_files
              SET name = $2, category_id = $3, trashed_at = CASE WHEN $4 THEN coalesce(trashed_at, $5) END
            WHERE id = $1""",
        changed.id,
        changed.name,
        changed.category.id if changed.category else None,
        changed.is_trashed,
        now,
    )


async def delete(db: Db, owner_id: UUID, file_id: UUID) -> bool:
    """And with it the key. Whether the account had it."""
    status = await db.execute("DELETE FROM transfer_files WHERE owner_id = $1 AND id = $2", owner_id, file_id)
    return bool(status == "DELETE 1")


async def give_to_push(tx: Transaction, push_id: int, file_ids: Sequence[UUID], downloads: int | None) -> None:
    """Raises ForeignKeyViolation where a file has gone."""
    await tx.execute(
        """INSERT INTO push_transfer_files (push_id, file_id, position, downloads_left)
           SELECT $1, file_id, place, $3 FROM unnest($2::uuid[]) WITH ORDINALITY AS given (file_id, place)""",
        push_id,
        file_ids,
        downloads,
    )


async def is_limited_in_push(db: Db, push_id: int, file_id: UUID) -> bool:
    """Whether a push gives a file so and so often only."""
    return bool(
        await db.fetchval(
            "SELECT downloads_left IS NOT NULL FROM push_transfer_files WHERE push_id = $1 AND file_id = $2",
            push_id,
            file_id,
        )
    )


async def claim_of_push(tx: Transaction, push_id: int, file_id: UUID) -> bool:
    """Take one download of a push's file. False where none is left."""
    status = await tx.execute(
        """UPDATE push_transfer_files SET downloads_left = downloads_left - 1
            WHERE push_id = $1 AND file_id = $2 AND (downloads_left IS NULL OR downloads_left > 0)""",
        push_id,
        file_id,
    )
    return bool(status == "UPDATE 1")


async def categories(db: Db, owner_id: UUID) -> list[Category]:
    """By name."""
    rows = await db.fetch(
        "SELECT id, name, created_at FROM transfer_categories WHERE owner_id = $1 ORDER BY lower(name)", owner_id
    )
    return [Category(**row) for row in rows]


async def category(db: Db, owner_id: UUID, category_id: UUID) -> Category | None:
    row = await db.fetchrow(
        "SELECT id, name, created_at FROM transfer_categories WHERE owner_id = $1 AND id = $2", owner_id, category_id
    )
    return Category(**row) if row else None


async def claim_category(tx: Transaction, owner_id: UUID, category_id: UUID) -> Category | None:
    """Lock a category of an account: it stays until the transaction ends."""
    row = await tx.fetchrow(
        """SELECT id, name, created_at FROM transfer_categories WHERE owner_id = $1 AND id = $2
              FOR KEY SHARE""",
        owner_id,
        category_id,
    )
    return Category(**row) if row else None


async def count_categories(tx: Transaction, owner_id: UUID) -> int:
    """The account is locked."""
    return int(await tx.fetchval("SELECT count(*) FROM transfer_categories WHERE owner_id = $1", owner_id))


async def insert_category(tx: Transaction, owner_id: UUID, name: str, now: datetime) -> Category:
    """The account is locked. Raises UniqueViolation for a name it has."""
    row = await tx.fetchrow(
        """INSERT INTO transfer_categories (owner_id, name, created_at) VALUES ($1, $2, $3)
           RETURNING id, name, created_at""",
        owner_id,
        name,
        now,
    )
    return Category(**row)


async def rename_category(db: Db, owner_id: UUID, category_id: UUID, name: str) -> Category | None:
    """Raises UniqueViolation for a name that the account has."""
    row = await db.fetchrow(
        "UPDATE transfer_categories SET name = $3 WHERE owner_id = $1 AND id = $2 RETURNING id, name, created_at",
        owner_id,
        category_id,
        name,
    )
    return Category(**row) if row else None


async def delete_category(db: Db, owner_id: UUID, category_id: UUID) -> bool:
    """Its files stay, without it. Whether the account had it."""
    status = await db.execute("DELETE FROM transfer_categories WHERE owner_id = $1 AND id = $2", owner_id, category_id)
    return bool(status == "DELETE 1")
