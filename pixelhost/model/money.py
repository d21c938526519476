"""What is paid and charged."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Invoice:
    """Money on its way to an account, which may be gone. `payment_id` is the gateway's own name for the payment."""

    id: str
    user_id: UUID | None
    created_at: datetime
    amount_micro_eur: int
    vat_micro_eur: int
    country: str
    customer_name: str
    gateway: str
    network: str
    payment_id: str
    checkout_url: str
    status: str

    @property
    def total_cents(self) -> int:
        """What is to be paid, VAT included; a sum between two cents is rounded up."""
        return -(-(self.amount_micro_eur + self.vat_micro_eur) // 10_000)


@dataclass(frozen=True, slots=True)
class DayOfTransactions:
    """What changed a balance within a day of UTC, by kind; charges are negative. `time` is that of the last change."""

    time: datetime
    balance_micro_eur: int
    deposited_micro_eur: int
    subscription_micro_eur: int
    storage_micro_eur: int
    storage_bytes: int
    """The mean of the hours that were charged."""
    bandwidth_micro_eur: int
    bandwidth_bytes: int
    affiliate_micro_eur: int
    affiliate_count: int
