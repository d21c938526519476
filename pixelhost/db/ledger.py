"""The ledger: every change of a balance. Rows are inserted and never changed; the database keeps the balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Transaction
from pixelhost.model.money import DayOfTransactions


@dataclass(frozen=True, slots=True)
class Charge:
    """Of an hour, charged once a kind: `subscription`, `storage` or `bandwidth`. The amount is not negative."""

    kind: str
    period_start: datetime
    amount_micro_eur: int
    used_bytes: int = 0


async def claim_accounts(tx: Transaction, user_ids: Sequence[UUID]) -> list[UUID]:
    """Lock accounts, in an order that keeps transactions from waiting in a circle. Those that are there."""
    rows = await tx.fetch("SELECT id FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", user_ids)
    return [row["id"] for row in rows]


async def charge(tx: Transaction, user_id: UUID, wanted: Charge, now: datetime) -> int | None:
    """The balance after it; None if this hour was charged already."""
    balance: int | None = await tx.fetchval(
        """INSERT INTO ledger (user_id, kind, made_at, amount_micro_eur, period_start, used_bytes)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_id, kind, period_start) DO NOTHING RETURNING balance_micro_eur""",
        user_id,
        wanted.kind,
        now,
        -wanted.amount_micro_eur,
        wanted.period_start,
        wanted.used_bytes,
    )
    return balance


async def add_for_invoice(
    tx: Transaction, user_id: UUID, kind: str, invoice_id: str, amount_micro_eur: int, now: datetime
) -> int:
    """A `deposit`, or an `affiliate` share. Returns the balance after it. Raises UniqueViolation the second time."""
    return int(
        await tx.fetchval(
            """INSERT INTO ledger (user_id, kind, made_at, amount_micro_eur, invoice_id) VALUES ($1, $2, $3, $4, $5)
               RETURNING balance_micro_eur""",
            user_id,
            kind,
            now,
            amount_micro_eur,
            invoice_id,
        )
    )


async def add_credit(
    tx: Transaction, user_id: UUID, amount_micro_eur: int, reason: str, given_by: UUID, now: datetime
) -> int | None:
    """The balance after it; None if a credit was `given_by` this key already."""
    balance: int | None = await tx.fetchval(
        """INSERT INTO ledger (user_id, kind, made_at, amount_micro_eur, reason, given_by)
           VALUES ($1, 'credit', $2, $3, $4, $5)
           ON CONFLICT (given_by) DO NOTHING RETURNING balance_micro_eur""",
        user_id,
        now,
        amount_micro_eur,
        reason,
        given_by,
    )
    return balance


async def pause_plan(tx: Transaction, user_id: UUID, unpaid_plan_id: str) -> None:
    """Put an account on the plan of those without money; `resume_plan` gives it back its own."""
    await tx.execute("UPDATE users SET resumes_plan_id = plan_id, plan_id = $2 WHERE id = $1", user_id, unpaid_plan_id)


async def resume_plan(tx: Transaction, user_id: UUID, balance_from_micro_eur: int) -> bool:
    """Give an account its plan back, if one waits and the balance suffices. Whether it did."""
    status: str = await tx.execute(
        """UPDATE users SET plan_id = resumes_plan_id, resumes_plan_id = NULL
            WHERE id = $1 AND resumes_plan_id IS NOT NULL AND balance_micro_eur >= $2""",
        user_id,
        balance_from_micro_eur,
    )
    return status == "UPDATE 1"


async def days_of(db: Db, user_id: UUID, start: datetime, end: datetime) -> list[DayOfTransactions]:
    """Days of UTC with any change of the balance made from `start` until before `end`, oldest first."""
    rows = await db.fetch(
        """SELECT (array_agg(made_at ORDER BY number DESC))[1] AS time,
                  (array_agg(balance_micro_eur ORDER BY number DESC))[1] AS balance_micro_eur,
                  coalesce(sum(amount_micro_eur) FILTER (WHERE kind IN ('deposit', 'credit')), 0)::bigint AS deposited,
                  coalesce(sum(amount_micro_eur) FILTER (WHERE kind = 'subscription'), 0)::bigint AS subscription,
                  coalesce(sum(amount_micro_eur) FILTER (WHERE kind = 'storage'), 0)::bigint AS storage,
                  coalesce(floor(avg(used_bytes) FILTER (WHERE kind = 'storage')), 0)::bigint AS storage_bytes,
                  coalesce(sum(amount_micro_eur) FILTER (WHERE kind = 'bandwidth'), 0)::bigint AS bandwidth,
                  coalesce(sum(used_bytes) FILTER (WHERE kind = 'bandwidth'), 0)::bigint AS bandwidth_bytes,
                  coalesce(sum(amount_micro_eur) FILTER (WHERE kind = 'affiliate'), 0)::bigint AS affiliate,
                  count(*) FILTER (WHERE kind = 'affiliate') AS affiliate_count
             FROM ledger WHERE user_id = $1 AND made_at >= $2 AND made_at < $3
            GROUP BY date_trunc('day', made_at, 'UTC') ORDER BY date_trunc('day', made_at, 'UTC')""",
        user_id,
        start,
        end,
    )
    return [DayOfTransactions(*row.values()) for row in rows]
