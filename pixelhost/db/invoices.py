"""Invoices."""

from datetime import datetime
from uuid import UUID

from pixelhost.db.connect import Db, Row, Transaction
from pixelhost.model.money import Invoice

COLUMNS = """i.id, i.user_id, i.created_at, i.amount_micro_eur, i.vat_micro_eur, i.country, i.customer_name, i.gateway,
    i.network, i.payment_id, i.checkout_url, i.status"""


def invoice(row: Row) -> Invoice:
    return Invoice(*row.values())


async def insert(db: Db, new: Invoice, ask_at: datetime) -> None:
    """Raises ForeignKeyViolation when the account is gone."""
    await db.execute(
        """INSERT INTO invoices (id, user_id, created_at, amount_micro_eur, vat_micro_eur, country, customer_name,
                                 gateway, network, payment_id, checkout_url, status, ask_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        new.id,
        new.user_id,
        new.created_at,
        new.amount_micro_eur,
        new.vat_micro_eur,
        new.country,
        new.customer_name,
        new.gateway,
        new.network,
        new.payment_id,
        new.checkout_url,
        new.status,
        ask_at,
    )


async def by_id(db: Db, invoice_id: str) -> Invoice | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM invoices i WHERE i.id = $1", invoice_id)
    return invoice(row) if row else None


async def by_payment(db: Db, gateway: str, payment_id: str) -> Invoice | None:
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM invoices i WHERE i.gateway = $1 AND i.payment_id = $2", gateway, payment_id
    )
    return invoice(row) if row else None


async def of_user(db: Db, user_id: UUID) -> list[Invoice]:
    """Newest first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM invoices i WHERE i.user_id = $1 ORDER BY i.created_at DESC, i.id", user_id
    )
    return [invoice(row) for row in rows]


async def between(db: Db, start: datetime, end: datetime) -> list[Invoice]:
    """Of every account, made in [start, end), the oldest first."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM invoices i WHERE i.created_at >= $1 AND i.created_at < $2 ORDER BY i.created_at, i.id",
        start,
        end,
    )
    return [invoice(row) for row in rows]


async def claim(tx: Transaction, invoice_id: str) -> Invoice | None:
    """Lock an invoice. Whoever locks accounts too locks them before."""
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM invoices i WHERE i.id = $1 FOR UPDATE", invoice_id)
    return invoice(row) if row else None


async def set_paid(tx: Transaction, invoice_id: str, now: datetime) -> None:
    await tx.execute("UPDATE invoices SET status = 'paid', paid_at = $2 WHERE id = $1", invoice_id, now)


async def set_unpaid(db: Db, invoice_id: str, status: str) -> None:
    """`canceled`, `expired` or `failed`: for open invoices only."""
    await db.execute("UPDATE invoices SET status = $2 WHERE id = $1 AND status = 'open'", invoice_id, status)


async def affiliate_of(db: Db, user_id: UUID) -> UUID | None:
    """Who gets a share of what this account pays; nobody gets one of their own payments."""
    found: UUID | None = await db.fetchval(
        "SELECT affiliate_user_id FROM users WHERE id = $1 AND affiliate_user_id <> id", user_id
    )
    return found


async def claim_to_ask(db: Db, now: datetime, limit: int) -> list[Invoice]:
    """Open invoices whose payment is to be asked for, and which nobody else will ask for a while: a tenth of their age,
    from five minutes to a day. Later than that only a clock that was wrong can have said.
    """
    rows = await db.fetch(
        f"""UPDATE invoices i
               SET ask_at = $1 + least(greatest(($1 - i.created_at) / 10, interval '5 minutes'), interval '1 day')
             WHERE i.id IN (SELECT id FROM invoices
                             WHERE status = 'open' AND (ask_at <= $1 OR ask_at > $1 + interval '1 day')
                             ORDER BY ask_at LIMIT $2 FOR UPDATE SKIP LOCKED)
             RETURNING {COLUMNS}""",
        now,
        limit,
    )
    return [invoice(row) for row in rows]
