"""Accounts with money, invoices that bring it, and time that passes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pixelhost.core import billing
from pixelhost.db import users
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.people import Answer, Person

EURO = 1_000_000
TERABYTE = 10**12
WEBHOOK = "/api/misc/payment_webhook"


async def id_of(site: Site, name: str) -> UUID:
    found = await users.by_login(site.db, name)
    assert found is not None
    return found[0].id


async def give(site: Site, name: str, amount_micro_eur: int) -> UUID:
    """Credit for an account; its ID."""
    user_id = await id_of(site, name)
    await billing.give_credit(site, user_id, amount_micro_eur, "a test")
    return user_id


async def balance(person: Person) -> int:
    amount: int = (await person.get("/api/user")).json["balance_micro_eur"]
    return amount


async def balance_of(site: Site, user_id: UUID) -> int:
    amount: int = await site.db.fetchval("SELECT balance_micro_eur FROM users WHERE id = $1", user_id)
    return amount


async def ledger_of(site: Site, user_id: UUID) -> list[tuple[str, int]]:
    """Kind and amount, in order; that they add up to the balances is checked on the way."""
    rows = await site.db.fetch("SELECT * FROM ledger WHERE user_id = $1 ORDER BY number", user_id)
    total = 0
    for number, row in enumerate(rows, 1):
        total += row["amount_micro_eur"]
        assert (row["number"], row["balance_micro_eur"]) == (number, total)
    assert await balance_of(site, user_id) == total
    return [(row["kind"], row["amount_micro_eur"]) for row in rows]


async def stores(site: Site, user_id: UUID, size_bytes: int) -> None:
    """As if so many bytes were stored."""
    await site.db.execute("UPDATE users SET storage_used_bytes = $2 WHERE id = $1", user_id, size_bytes)


def to_next_hour(clock: MovableClock, hours: int = 1) -> None:
    """To a minute past the next full hour, or one after it: far from the next, however slow the test is."""
    now = clock.now()
    wanted = now.replace(minute=1, second=0, microsecond=0) + timedelta(hours=hours)
    clock.advance(seconds=(wanted - now).total_seconds())


def to_month(clock: MovableClock, year: int, month: int) -> None:
    """To a minute past the beginning of a month."""
    now = clock.now()
    wanted = now.replace(year=year, month=month, day=1, hour=0, minute=1, second=0, microsecond=0)
    clock.advance(seconds=(wanted - now).total_seconds())


async def invoice(person: Person, **changes: Any) -> Answer:
    """The answer to a right request for an invoice, but for the changes; an empty field isn't sent."""
    form = {"amount": 10 * EURO, "network": "ideal", "country": "NL", "name": "Carol Customer"} | changes
    return await person.post("/api/user/invoice", data={key: str(value) for key, value in form.items() if value != ""})


async def invoiced(person: Person, **changes: Any) -> str:
    """A new invoice; its ID."""
    made = await invoice(person, **changes)
    assert made.status == 200, made.body
    invoice_id: str = made.json["invoice_id"]
    return invoice_id


async def status_of(person: Person, invoice_id: str) -> str:
    found = {one["id"]: one["status"] for one in (await person.get("/api/user/invoice")).json}
    status: str = found[invoice_id]
    return status


async def tell(gateway: Person, payment_id: str, name: str = "mollie") -> Answer:
    """The webhook of a gateway is called."""
    return await gateway.post(f"{WEBHOOK}/{name}", data={"id": payment_id})
