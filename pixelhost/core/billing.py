"""Prepaid accounts: charges by the hour, credit, and what happens when the balance runs out.

Every full hour of UTC is charged once: for the space used throughout it, which is the lesser of what was used when
the meter was last read and what is used now; for the paid transfer counted until then; and a share of the plan's
monthly price. `prices` has the rounding rule. Hours that were missed are made up for, those of the last two days; older
ones are let go. The charge of an hour and the meter's reading are one transaction, in which the account is locked.

When an account has nothing left, its plan is replaced by the one for unpaid accounts: what it has stays and can be
read, but it can't add to it, nobody's downloads are paid any more, and nothing further is charged. The hour that used
up the balance is charged whole, so it may end below zero. As soon as there is a euro again, the plan is back.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.core import mail
from pixelhost.core.prices import (
    STORAGE_PARTS,
    SUBSCRIPTION_PARTS,
    TRANSFER_PARTS,
    euros,
    shares_of_hour,
)
from pixelhost.db import invoices, ledger, meters, users
from pixelhost.db.connect import Failure, Transaction
from pixelhost.db.ledger import Charge
from pixelhost.db.meters import Meter
from pixelhost.model.accounts import User
from pixelhost.model.money import DayOfTransactions, Invoice
from pixelhost.plans import UNPAID, Plan
from pixelhost.site import Site

log = logging.getLogger(__name__)

HOUR: Final = timedelta(hours=1)
CATCH_UP: Final = timedelta(hours=48)
RESUMED_FROM_MICRO_EUR: Final = 1_000_000
BATCH: Final = 1000


async def transactions(site: Site, account: User, start: datetime, end: datetime) -> list[DayOfTransactions]:
    """From `start` until before `end`, a day each."""
    return await ledger.days_of(site.db, account.id, start, end)


async def give_credit(site: Site, user_id: UUID, amount_micro_eur: int, reason: str) -> int:
    """Add to a balance, or with a negative amount take from it. Returns the new one. Raises USER_NOT_FOUND."""
    balance = await give_credit_once(site, user_id, amount_micro_eur, reason, ids.new_key())
    assert balance is not None, "nobody knew the key"
    return balance


async def give_credit_once(site: Site, user_id: UUID, amount_micro_eur: int, reason: str, given_by: UUID) -> int | None:
    """As `give_credit`; None, and nothing is given, if the key `given_by` gave something before."""
    async with site.db.acquire() as tx, tx.transaction():
        if not await ledger.claim_accounts(tx, [user_id]):
            raise errors.USER_NOT_FOUND()
        balance = await ledger.add_credit(tx, user_id, amount_micro_eur, reason, given_by, site.clock.now())
        resumed = await ledger.resume_plan(tx, user_id, RESUMED_FROM_MICRO_EUR)
    if resumed:
        site.changes.note()
    return balance


async def claim_for_payment(tx: Transaction, paid: Invoice) -> None:
    """Lock the accounts that a payment changes; before the invoice."""
    if paid.user_id is not None:
        affiliate_id = await invoices.affiliate_of(tx, paid.user_id)
        await ledger.claim_accounts(tx, [user_id for user_id in (paid.user_id, affiliate_id) if user_id])


async def deposit(tx: Transaction, site: Site, paid: Invoice) -> None:
    """Add a paid invoice to its account, and the affiliate's share to theirs. Once: UniqueViolation the second time."""
    if paid.user_id is None:
        log.error("invoice %s was paid, and its account is gone", paid.id)
        return
    now = site.clock.now()
    balance = await ledger.add_for_invoice(tx, paid.user_id, "deposit", paid.id, paid.amount_micro_eur, now)
    await ledger.resume_plan(tx, paid.user_id, RESUMED_FROM_MICRO_EUR)
    await _add_affiliate_share(tx, site, paid.user_id, paid)
    values = {"invoice_id": paid.id, "amount": euros(paid.amount_micro_eur), "vat": euros(paid.vat_micro_eur)}
    total = euros(paid.amount_micro_eur + paid.vat_micro_eur)
    await mail.queue_to_account(tx, site, paid.user_id, "invoice_paid", total=total, balance=euros(balance), **values)


async def _add_affiliate_share(tx: Transaction, site: Site, user_id: UUID, paid: Invoice) -> None:
    share = paid.amount_micro_eur * site.settings.affiliate_percent // 100
    affiliate_id = await invoices.affiliate_of(tx, user_id)
    if affiliate_id is not None and share > 0:
        await ledger.add_for_invoice(tx, affiliate_id, "affiliate", paid.id, share, site.clock.now())
        await ledger.resume_plan(tx, affiliate_id, RESUMED_FROM_MICRO_EUR)


async def charge_due(site: Site) -> int:
    """Job: charge what accounts have used. Returns how many charges were made."""
    now = site.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    priced = [plan.id for plan in site.settings.plans.values() if plan.has_prices]
    charged, last = 0, UUID(int=0)
    while found := await meters.due(site.db, priced, hour, hour + CATCH_UP, last, BATCH):
        for last in found:
            try:
                charged += await _charge(site, last, hour)
            except Failure:
                log.exception("account %s can't be charged; it is tried again with the next run", last)
    return charged


async def _charge(site: Site, user_id: UUID, hour: datetime) -> int:
    """Charge an account up to this hour. Returns how many charges were made."""
    async with site.db.acquire() as tx, tx.transaction():
        account = await users.claim(tx, user_id)
        if account is None:
            return 0
        till = _Till(tx, account, site.clock.now())
        plan = site.plan(account.plan_id)
        meter = await _charge_hours(till, plan, await meters.claim(tx, user_id), hour)
        meter = await _charge_transfer(till, meter, hour - HOUR)
        is_used_up = plan.has_prices and till.balance <= 0
        if is_used_up:
            await ledger.pause_plan(tx, user_id, UNPAID.id)
            await mail.queue_to_account(
                tx, site, user_id, "credit_used_up", balance=euros(till.balance), plan=plan.name
            )
            meter = replace(meter, read_at=None)
        await meters.update(tx, user_id, meter)
    if is_used_up:
        site.changes.note()
    return till.charges


class _Till:
    """Where an account, locked by `tx`, is charged."""

    def __init__(self, tx: Transaction, account: User, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self.account = account
        self.balance = account.balance_micro_eur
        self.charges = 0

    async def take(self, kind: str, period_start: datetime, owed: int, parts: int, used_bytes: int) -> int | None:
        """Charge the whole micro-euro of what is owed. What is left; None if this hour was charged already."""
        amount, left = divmod(owed, parts)
        balance = await ledger.charge(
            self._tx, self.account.id, Charge(kind, period_start, amount, used_bytes), self._now
        )
        if balance is None:
            return None
        self.balance = balance
        self.charges += 1
        return left


async def _charge_hours(till: _Till, plan: Plan, meter: Meter, hour: datetime) -> Meter:
    """Storage and subscription, as long as there is money."""
    if not plan.has_prices:
        return replace(meter, read_at=None, storage_bytes=0)
    if meter.read_at is not None and hour < meter.read_at <= hour + CATCH_UP:
        return meter  # the clock went back; these hours are charged
    used = till.account.storage_used_bytes
    throughout = min(meter.storage_bytes, used)
    for start in _missed(meter.read_at, hour):
        if till.balance <= 0:
            break
        shares = shares_of_hour(start)
        if throughout and plan.price_per_tb_storage:
            owed = meter.storage_owed + throughout * plan.price_per_tb_storage * shares
            left = await till.take("storage", start, owed, STORAGE_PARTS, throughout)
            meter = meter if left is None else replace(meter, storage_owed=left)
        if plan.price_per_month:
            owed = meter.subscription_owed + plan.price_per_month * shares
            left = await till.take("subscription", start, owed, SUBSCRIPTION_PARTS, 0)
            meter = meter if left is None else replace(meter, subscription_owed=left)
    return replace(meter, read_at=hour, storage_bytes=used)


def _missed(read_at: datetime | None, hour: datetime) -> Iterator[datetime]:
    """The beginnings of the full hours to be charged. None where the meter starts only now."""
    start = hour if read_at is None else max(read_at, hour - CATCH_UP)
    while start < hour:
        yield start
        start += HOUR


async def _charge_transfer(till: _Till, meter: Meter, period_start: datetime) -> Meter:
    """What was sent, by the prices of that time. It waits where this hour was charged before."""
    if not meter.transfer_bytes:
        return meter
    left = await till.take("bandwidth", period_start, meter.transfer_owed, TRANSFER_PARTS, meter.transfer_bytes)
    return meter if left is None else replace(meter, transfer_bytes=0, transfer_owed=left)
