"""What owners say against takedowns."""

from datetime import datetime
from uuid import UUID

from pixelhost.db import takedowns
from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.abuse import Appeal

SELECTED = f"""SELECT a.id AS appeal_id, a.user_id, o.name AS user_name, a.text, a.made_at AS appealed_at,
       a.rejected_at, a.answer, {takedowns.COLUMNS}
  FROM appeals a JOIN users o ON o.id = a.user_id JOIN takedowns t ON t.id = a.takedown_id {takedowns.JOINED}"""


def appeal(row: Row) -> Appeal:
    return Appeal(
        row["appeal_id"],
        takedowns.takedown(row),
        row["user_id"],
        row["user_name"],
        row["text"],
        row["appealed_at"],
        row["rejected_at"],
        row["answer"],
    )


async def insert(tx: Transaction, takedown_id: int, user_id: UUID, text: str, now: datetime) -> bool:
    """False when this account has said something against it before."""
    status = await tx.execute(
        """INSERT INTO appeals (takedown_id, user_id, text, made_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (takedown_id, user_id) DO NOTHING""",
        takedown_id,
        user_id,
        text,
        now,
    )
    return bool(status == "INSERT 0 1")


async def undecided(db: Db, limit: int) -> list[Appeal]:
    """The oldest first."""
    rows = await db.fetch(f"{SELECTED} WHERE a.rejected_at IS NULL ORDER BY a.made_at, a.id LIMIT $1", limit)
    return [appeal(row) for row in rows]


async def by_id(db: Db, appeal_id: int) -> Appeal | None:
    row = await db.fetchrow(f"{SELECTED} WHERE a.id = $1", appeal_id)
    return appeal(row) if row else None


async def of_user(db: Db, takedown_id: int, user_id: UUID) -> Appeal | None:
    row = await db.fetchrow(f"{SELECTED} WHERE a.takedown_id = $1 AND a.user_id = $2", takedown_id, user_id)
    return appeal(row) if row else None


async def set_rejected(tx: Transaction, appeal_id: int, answer: str, now: datetime) -> bool:
    """Whether it was undecided."""
    status = await tx.execute(
        "UPDATE appeals SET rejected_at = $3, answer = $2 WHERE id = $1 AND rejected_at IS NULL",
        appeal_id,
        answer,
        now,
    )
    return bool(status == "UPDATE 1")
