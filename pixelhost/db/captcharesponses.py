"""Captcha responses that were right."""

from datetime import datetime

from pixelhost.db.connect import Db


async def is_known(db: Db, digest: bytes) -> bool:
    return bool(await db.fetchval("SELECT EXISTS (SELECT FROM captcha_responses WHERE response_sha256 = $1)", digest))


async def add_continuation(
    db: Db, digest: bytes, visitor: bytes, subject: str, accepted_after: datetime, at_most: int
) -> bool:
    """False where it was another's, for something else, earlier, or has gone on so often already."""
    status = await db.execute(
        """UPDATE captcha_responses SET continuations = continuations + 1
            WHERE response_sha256 = $1 AND visitor = $2 AND subject = $3 AND accepted_at > $4 AND continuations < $5""",
        digest,
        visitor,
        subject,
        accepted_after,
        at_most,
    )
    return bool(status == "UPDATE 1")


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
