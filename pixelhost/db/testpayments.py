"""Payments of the built-in test gateway."""

from dataclasses import dataclass
from datetime import datetime

from pixelhost.db.connect import Db


@dataclass(frozen=True, slots=True)
class TestPayment:
    id: str
    total_cents: int
    description: str
    checkout_url: str
    return_url: str
    status: str


async def insert(db: Db, new: TestPayment, now: datetime) -> None:
    await db.execute(
        """INSERT INTO test_payments (id, total_cents, description, checkout_url, return_url, status, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        new.id,
        new.total_cents,
        new.description,
        new.checkout_url,
        new.return_url,
        new.status,
        now,
    )


async def by_id(db: Db, payment_id: str) -> TestPayment | None:
    row = await db.fetchrow(
        "SELECT id, total_cents, description, checkout_url, return_url, status FROM test_payments WHERE id = $1",
        payment_id,
    )
    return TestPayment(*row.values()) if row else None


async def set_status(db: Db, payment_id: str, status: str) -> None:
    """Of an open payment; any other stays as it is."""
    await db.execute("UPDATE test_payments SET status = $2 WHERE id = $1 AND status = 'open'", payment_id, status)
