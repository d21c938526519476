"""The built-in test gateway: payments are rows, and a page of this site's own pays or cancels them. No money moves."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from pixelhost import ids
from pixelhost.clock import Clock
from pixelhost.core.gateways.contract import OPEN, Order, Payment
from pixelhost.db import testpayments
from pixelhost.db.testpayments import TestPayment

NAME: Final = "test"

__all__ = ["NAME", "TestGateway", "TestPayment"]


class TestGateway:
    name: str = NAME
    networks: Sequence[str] = ("test",)

    def __init__(self, db: asyncpg.Pool, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def create(self, order: Order) -> Payment:
        payment_id = ids.new_id() + ids.new_id()
        checkout_url = f"{order.site_url}/checkout/{payment_id}"
        new = TestPayment(payment_id, order.total_cents, order.description, checkout_url, order.return_url, OPEN)
        await testpayments.insert(self._db, new, self._clock.now())
        return Payment(payment_id, OPEN, order.total_cents, checkout_url)

    async def find(self, payment_id: str) -> Payment | None:
        found = await testpayments.by_id(self._db, payment_id)
        if found is None:
            return None
        checkout_url = found.checkout_url if found.status == OPEN else ""
        return Payment(payment_id, found.status, found.total_cents, checkout_url)

    async def payment(self, payment_id: str) -> TestPayment | None:
        """With what its page shows."""
        return await testpayments.by_id(self._db, payment_id) if payment_id.isalnum() else None

    async def decide(self, payment_id: str, status: str) -> None:
        """PAID or CANCELED. What was decided before stays."""
        await testpayments.set_status(self._db, payment_id, status)
