"""What every gateway does, and what it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

OPEN: Final = "open"
PAID: Final = "paid"
CANCELED: Final = "canceled"
EXPIRED: Final = "expired"
FAILED: Final = "failed"


class GatewayUnavailable(Exception):
    """It could not be asked, or didn't answer. Whether it did what it was asked to is not known; ask again later."""


class PaymentRefused(Exception):
    """It does not take this payment, and won't later."""


@dataclass(frozen=True, slots=True)
class Order:
    """A payment to be made. `webhook_url` is empty where the gateway couldn't reach it."""

    invoice_id: str
    total_cents: int
    network: str
    country: str
    customer_name: str
    description: str
    site_url: str
    return_url: str
    webhook_url: str


@dataclass(frozen=True, slots=True)
class Payment:
    """What the gateway knows. `total_cents` is None where the payment isn't in euro."""

    id: str
    status: str
    total_cents: int | None
    checkout_url: str
    """Empty when it can't be paid any more."""


class Gateway(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def networks(self) -> Sequence[str]:
        """Those it takes payments by, by the API's names."""

    async def create(self, order: Order) -> Payment:
        """Raises GatewayUnavailable, PaymentRefused."""

    async def find(self, payment_id: str) -> Payment | None:
        """None when it knows of no such payment (any more). Raises GatewayUnavailable."""
