"""Messages with files. What asks for several gives them in the order asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.transfers import Mail, MailBox, MailSort, Party

STATUS: Final = """CASE WHEN m.is_letter_failed OR (o.due_at IS NULL AND o.id IS NOT NULL AND o.sent_at IS NULL)
    THEN 'failed' WHEN o.due_at IS NOT NULL THEN 'queued' ELSE 'success' END AS status"""
FIRST_VIEW: Final = """CASE WHEN p.views > 0 THEN (
    SELECT e.happened_at FROM push_events e WHERE e.push_id = p.id AND e.kind = 'view' ORDER BY e.id LIMIT 1) END"""
COLUMNS: Final = f"""m.id, m.identifier, m.sender_id, m.sender_name, m.sender_email, m.recipient_id, m.recipient_email,
    m.subject, m.body_sealed, m.passphrase_hash, m.has_passphrase, m.created_at,
    CASE WHEN o.id IS NULL THEN m.created_at ELSE o.sent_at END AS sent_at, {STATUS}, m.expires_at,
    coalesce(m.opened_at, {FIRST_VIEW}) AS opened_at, m.is_unread, m.ended_at, m.is_revoked,
    m.max_downloads, m.downloads, d.id AS download_id, m.push_id, p.token AS push_token, m.link_id"""
JOINED: Final = """mails m LEFT JOIN outbox o ON o.id = m.letter_id LEFT JOIN pushes p ON p.id = m.push_id
    LEFT JOIN downloads d ON d.mail_id = m.id"""

OF_BOX: Final[dict[MailBox, str]] = {
    "sent": "m.sender_id = $1 AND NOT m.is_deleted_by_sender",
    "inbox": "m.recipient_id = $1 AND NOT m.is_deleted_by_recipient",
}
SEARCHED: Final[dict[MailBox, Sequence[str]]] = {
    "sent": ("m.identifier", "m.subject", "m.recipient_email", "m.sender_name"),
    "inbox": ("m.identifier", "m.subject", "m.sender_email", "m.sender_name"),
}
SORTED: Final[dict[MailSort, str]] = {
    "subject": "lower(m.subject)",
    "recipient_email": "lower(m.recipient_email)",
    "sender_email": "lower(m.sender_email)",
    "created_at": "m.created_at",
    "sent_at": "CASE WHEN o.id IS NULL THEN m.created_at ELSE o.sent_at END",
}


def mail(row: Row) -> Mail:
    return Mail(
        id=row["id"],
        identifier=row["identifier"],
        sender_id=row["sender_id"],
        sender=Party(row["sender_name"], row["sender_email"]),
        recipient_id=row["recipient_id"],
        recipient=Party("", row["recipient_email"]),
        subject=row["subject"],
        body_sealed=row["body_sealed"],
        passphrase_hash=row["passphrase_hash"],
        has_passphrase=row["has_passphrase"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        status=row["status"],
        expires_at=row["expires_at"],
        opened_at=row["opened_at"],
        is_unread=row["is_unread"],
        ended_at=row["ended_at"],
        is_revoked=row["is_revoked"],
        max_downloads=row["max_downloads"],
        downloads=row["downloads"],
        download_id=row["download_id"],
        push_id=row["push_id"],
        push_token=row["push_token"],
        link_id=row["link_id"],
    )


async def insert(
    tx: Transaction, new: Mail, letter_id: UUID | None, file_ids: Sequence[UUID], *, is_letter_failed: bool
) -> None:
    """Raises ForeignKeyViolation where a file has gone. The caller has locked the recipient."""
    await tx.execute(
        """INSERT INTO mails (id, identifier, sender_id, recipient_id, sender_name, sender_email, recipient_email,
                              subject, body_sealed, passphrase_hash, has_passphrase, created_at, expires_at,
                              max_downloads, letter_id, is_letter_failed, push_id, link_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)""",
        new.id,
        new.identifier,
        new.sender_id,
        new.recipient_id,
        new.sender.name,
        new.sender.email,
        new.recipient.email,
        new.subject,
        new.body_sealed,
        new.passphrase_hash,
        new.has_passphrase,
        new.created_at,
        new.expires_at,
        new.max_downloads,
        letter_id,
        is_letter_failed,
        new.push_id,
        new.link_id,
    )
    await tx.execute(
        """INSERT INTO mail_files (mail_id, file_id, position)
           SELECT $1, file_id, place FROM unnest($2::uuid[]) WITH ORDINALITY AS given (file_id, place)""",
        new.id,
        file_ids,
    )
    if new.recipient_id is not None:
        await tx.execute("INSERT INTO downloads (mail_id, created_at) VALUES ($1, $2)", new.id, new.created_at)


async def ids_in_box(
    db: Db, box: MailBox, user_id: UUID, keyword: str, order: Sequence[tuple[MailSort, bool]]
) -> list[UUID]:
    """Those that hold `keyword` somewhere, in any case. `order` says by what, and whether downwards."""
    searched = " OR ".join(f"position(lower($2) IN lower({column})) > 0" for column in SEARCHED[box])
    keys = [f"{SORTED[key]} {'DESC' if is_down else 'ASC'}" for key, is_down in order]
    rows = await db.fetch(
        f"""SELECT m.id FROM mails m LEFT JOIN outbox o ON o.id = m.letter_id
             WHERE {OF_BOX[box]} AND ({searched})
             ORDER BY {", ".join([*keys, "m.created_at DESC", "m.id"])}""",
        user_id,
        keyword,
    )
    return [row["id"] for row in rows]


async def in_box(db: Db, box: MailBox, user_id: UUID, mail_ids: Sequence[UUID]) -> list[Mail]:
    """Those of `mail_ids` that somebody has there."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (mail_id, place)
              JOIN ({JOINED}) ON m.id = asked.mail_id
             WHERE {OF_BOX[box]} ORDER BY asked.place""",
        user_id,
        mail_ids,
    )
    return [mail(row) for row in rows]


async def by_id(db: Db, mail_id: UUID) -> Mail | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM {JOINED} WHERE m.id = $1", mail_id)
    return mail(row) if row else None


async def by_link(db: Db, link_id: UUID) -> Mail | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM {JOINED} WHERE m.link_id = $1", link_id)
    return mail(row) if row else None


async def id_of_push(db: Db, push_id: int) -> UUID | None:
    """That of the message that a push shows."""
    found: UUID | None = await db.fetchval("SELECT id FROM mails WHERE push_id = $1", push_id)
    return found


async def claim(tx: Transaction, mail_id: UUID) -> Mail | None:
    """Lock it. Whoever locks its push too does that before."""
    await tx.execute("SELECT FROM mails WHERE id = $1 FOR UPDATE", mail_id)
    return await by_id(tx, mail_id)


async def set_opened(db: Db, mail_id: UUID, now: datetime) -> None:
    """The first time counts."""
    await db.execute(
        "UPDATE mails SET opened_at = coalesce(opened_at, $2), is_unread = false WHERE id = $1", mail_id, now
    )


async def set_read(db: Db, mail_id: UUID) -> None:
    """Without having been opened: nothing was there to see any more."""
    await db.execute("UPDATE mails SET is_unread = false WHERE id = $1", mail_id)


async def set_unread(db: Db, mail_id: UUID) -> None:
    """When it was first opened stays known."""
    await db.execute("UPDATE mails SET is_unread = true WHERE id = $1", mail_id)


async def change(tx: Transaction, changed: Mail) -> None:
    """Its text and how long it lives."""
    await tx.execute(
        "UPDATE mails SET subject = $2, body_sealed = $3, expires_at = $4 WHERE id = $1",
        changed.id,
        changed.subject,
        changed.body_sealed,
        changed.expires_at,
    )


async def end(tx: Transaction, mail_ids: Sequence[UUID], now: datetime, *, is_revoked: bool) -> int:
    """What was said goes, and what it gave; how many hadn't ended before."""
    rows = await tx.fetch(
        """UPDATE mails SET ended_at = $2, is_revoked = $3, body_sealed = NULL, passphrase_hash = NULL
            WHERE id = ANY($1) AND ended_at IS NULL RETURNING id""",
        mail_ids,
        now,
        is_revoked,
    )
    await tx.execute("DELETE FROM mail_files WHERE mail_id = ANY($1)", mail_ids)
    await tx.execute(
        "DELETE FROM download_keys WHERE download_id IN (SELECT id FROM downloads WHERE mail_id = ANY($1))", mail_ids
    )
    return len(rows)


async def due(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Whose time is over, locked; those that others hold are passed over."""
    rows = await tx.fetch(
        "SELECT id FROM mails WHERE ended_at IS NULL AND expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def delete_from_box(db: Db, box: MailBox, mail_id: UUID) -> None:
    column = "is_deleted_by_sender" if box == "sent" else "is_deleted_by_recipient"
    await db.execute(f"UPDATE mails SET {column} = true WHERE id = $1", mail_id)


async def delete_forgotten(db: Db, limit: int) -> int:
    """Those that neither side has any more. Returns how many."""
    status: str = await db.execute(
        """DELETE FROM mails WHERE id = ANY(ARRAY(
               SELECT id FROM mails
                WHERE (is_deleted_by_sender OR sender_id IS NULL) AND (is_deleted_by_recipient OR recipient_id IS NULL)
                LIMIT $1))""",
        limit,
    )
    return int(status.rpartition(" ")[2])


async def note_failed_letters(db: Db) -> None:
    """Before the letters are forgotten. Those that others hold are passed over until the next time: messages end in the
    order of their pushes, so that waiting for them in another one could be in a circle.
    """
    await db.execute(
        """UPDATE mails SET is_letter_failed = true WHERE id = ANY(ARRAY(
               SELECT m.id FROM mails m JOIN outbox o ON o.id = m.letter_id
                WHERE o.due_at IS NULL AND o.sent_at IS NULL AND NOT m.is_letter_failed
                  FOR UPDATE OF m SKIP LOCKED))"""
    )


async def count_download(db: Db, mail_id: UUID, now: datetime) -> bool:
    """Take one, where one is left. Who has the files has read it."""
    status = await db.execute(
        """UPDATE mails SET downloads = downloads + 1, opened_at = coalesce(opened_at, $2), is_unread = false
            WHERE id = $1 AND ended_at IS NULL AND expires_at > $2
              AND (max_downloads IS NULL OR downloads < max_downloads)""",
        mail_id,
        now,
    )
    return bool(status == "UPDATE 1")


async def count_download_of_push(db: Db, push_id: int) -> None:
    await db.execute("UPDATE mails SET downloads = downloads + 1 WHERE push_id = $1", push_id)
