"""Links sent by e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pixelhost.db.connect import Db, Transaction

Purpose = Literal["login", "verify", "reset"]


@dataclass(frozen=True, slots=True)
class EmailLink:
    user_id: UUID
    purpose: Purpose
    email: str


async def insert(tx: Transaction, link: EmailLink, secret_sha256: bytes, now: datetime, expires_at: datetime) -> bool:
    """False, and nothing is changed, while the account has another one of this purpose that is still good."""
    status = await tx.execute(
        """INSERT INTO email_links AS l (secret_sha256, user_id, purpose, email, expires_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (user_id, purpose) DO UPDATE
              SET secret_sha256 = excluded.secret_sha256, email = excluded.email, expires_at = excluded.expires_at
            WHERE l.expires_at <= $6""",
        secret_sha256,
        link.user_id,
        link.purpose,
        link.email,
        expires_at,
        now,
    )
    return bool(status == "INSERT 0 1")


async def by_secret(db: Db, secret_sha256: bytes, now: datetime) -> EmailLink | None:
    """None too for one that has expired."""
    row = await db.fetchrow(
        "SELECT user_id, purpose, email FROM email_links WHERE secret_sha256 = $1 AND expires_at > $2",
        secret_sha256,
        now,
    )
    return EmailLink(row["user_id"], row["purpose"], row["email"]) if row else None


async def is_active(db: Db, user_id: UUID, purpose: Purpose, now: datetime) -> bool:
    return bool(
        await db.fetchval(
            "SELECT EXISTS (SELECT 1 FROM email_links WHERE user_id = $1 AND purpose = $2 AND expires_at > $3)",
            user_id,
            purpose,
            now,
        )
    )


async def delete(db: Db, secret_sha256: bytes) -> bool:
    """Whether it was still there: of two uses at once one gets True."""
    return bool(await db.execute("DELETE FROM email_links WHERE secret_sha256 = $1", secret_sha256) == "DELETE 1")


async def delete_of_user(db: Db, user_id: UUID, purposes: Sequence[Purpose]) -> None:
    await db.execute("DELETE FROM email_links WHERE user_id = $1 AND purpose = ANY($2)", user_id, purposes)


async def delete_expired(db: Db, now: datetime) -> None:
    await db.execute("DELETE FROM email_links WHERE expires_at <= $1", now)
