"""Captcha responses that were right."""

from dataclasses import dataclass
from datetime import datetime

from pixelhost.db.connect import Db


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whose response it was, and for what."""

    visitor: bytes
    subject: str
    accepted_at: datetime


async def by_digest(db: Db, digest: bytes) -> Accepted | None:
    row = await db.fetchrow(
        "SELECT visitor, subject, accepted_at FROM captcha_responses WHERE response_sha256 = $1", digest
    )
    return Accepted(**row) if row else None


async def insert(db: Db, digest: bytes, visitor: bytes, subject: str, now: datetime) -> bool:
    """False when it is there already: of two at once one gets it."""
    status = await db.execute(
        """INSERT INTO captcha_responses (response_sha256, visitor, subject, accepted_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING""",
        digest,
        visitor,
        subject,
        now,
    )
    return bool(status == "INSERT 0 1")


async def delete_before(db: Db, accepted_before: datetime) -> None:
    await db.execute("DELETE FROM captcha_responses WHERE accepted_at < $1", accepted_before)
