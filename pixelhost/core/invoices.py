"""Invoices: an amount to add to the balance, VAT on top, and a payment at a gateway.

What became of a payment is always asked of the gateway: when it calls the webhook, when the customer comes to pay, and
by a job. Paid is final. Everything else may still become paid, because money that has arrived is money; but nothing but
the sum of the invoice is credited.
"""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from pixelhost import errors, ids
from pixelhost.core import billing, countries, gateways, ratelimit, vat
from pixelhost.core.gateways.contract import (
    CANCELED,
    FAILED,
    OPEN,
    PAID,
    Gateway,
    GatewayUnavailable,
    Order,
    Payment,
    PaymentRefused,
)
from pixelhost.db import invoices
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.model.money import Invoice
from pixelhost.site import Site

log = logging.getLogger(__name__)

AMOUNT_MIN, AMOUNT_MAX = 10_000_000, 1_000_000_000_000
NAME_MAX: Final = 100
NAMED_NETWORKS: Final = frozenset({"ideal", "p24"})

NEW_PER_MINUTE: Final = 20
FIRST_ASKED_AFTER: Final = timedelta(minutes=5)
ASK_BATCH: Final = 100

WEBHOOK_PATH: Final = "/api/misc/payment_webhook"
RETURN_PATH: Final = "/user/subscription"


@dataclass(frozen=True)
class Wanted:
    """An invoice that is asked for."""

    amount: int
    network: str
    country: str
    name: str = ""


async def create(site: Site, account: User, wanted: Wanted, here: str) -> Invoice:
    """An open invoice. `here` is the address of this site, as the customer sees it.

    Raises INTEGER_OUT_OF_RANGE, ENUM_PARSE_FAILED, STRING_OUT_OF_RANGE, MISSING_FIELD, IP_RATE_LIMIT_REACHED, FORBIDDEN
    when the gateway refuses, and INTERNAL when it can't be asked: nothing is stored then.
    """
    found = {network: gateway for gateway in gateways.configured(site).values() for network in gateway.networks}
    errors.raise_all(_problems(wanted, list(found)))
    await ratelimit.refuse_above(site, "invoice", str(account.id), NEW_PER_MINUTE)
    gateway, country = found[wanted.network], countries.two_letters(wanted.country) or ""
    invoice_id, now = ids.new_id(), site.clock.now()
    new = Invoice(
        id=invoice_id,
        user_id=account.id,
        created_at=now,
        amount_micro_eur=wanted.amount,
        vat_micro_eur=vat.on_top_of(wanted.amount, country),
        country=country,
        customer_name=wanted.name,
        gateway=gateway.name,
        network=wanted.network,
        payment_id="",
        checkout_url="",
        status=OPEN,
    )
    payment = await _make_payment(site, gateway, new, here)
    made = replace(new, payment_id=payment.id, checkout_url=payment.checkout_url)
    await invoices.insert(site.db, made, now + FIRST_ASKED_AFTER)
    return made


async def of_user(site: Site, account: User) -> list[Invoice]:
    """Newest first."""
    return await invoices.of_user(site.db, account.id)


async def checkout_url(site: Site, account: User, invoice_id: str) -> str | None:
    """Where an open invoice is paid; None when there is nothing to pay (any more). Raises NOT_FOUND."""
    found = await invoices.by_id(site.db, invoice_id) if ids.is_id(invoice_id) else None
    if found is None or found.user_id != account.id:
        raise errors.NOT_FOUND()
    if found.status != OPEN:
        return None
    try:
        payment = await _look_up(site, found)
    except GatewayUnavailable as error:
        log.warning("invoice %s: %s", found.id, error)
        return found.checkout_url
    return (payment.checkout_url or None) if payment else None


async def hear(site: Site, gateway_name: str, payment_id: str) -> None:
    """The gateway says that something became of a payment, which is looked up. Payments that aren't ours are ignored.

    Raises NOT_FOUND for a gateway that isn't configured, INTERNAL when it can't be asked: it should say it again.
    """
    if gateway_name not in gateways.configured(site):
        raise errors.NOT_FOUND()
    found = await invoices.by_payment(site.db, gateway_name, payment_id)
    if found is None or found.status == PAID:
        return
    try:
        await _look_up(site, found)
    except GatewayUnavailable as error:
        log.warning("invoice %s: %s", found.id, error)
        raise errors.INTERNAL(message="The payment could not be looked up. Send this again later") from error


async def ask_again(site: Site) -> int:
    """Job: ask for the payments of open invoices, whose webhooks may have got lost. Returns how many are settled."""
    settled = 0
    unavailable: set[str] = set()
    while found := await invoices.claim_to_ask(site.db, site.clock.now(), ASK_BATCH):
        for invoice in found:
            if invoice.gateway in unavailable:
                continue
            try:
                payment = await _look_up(site, invoice)
                settled += payment is None or payment.status != OPEN
            except GatewayUnavailable as error:
                log.warning("invoice %s: %s", invoice.id, error)
                unavailable.add(invoice.gateway)
    return settled


def _problems(wanted: Wanted, networks: list[str]) -> list[ApiError]:
    problems = []
    if not AMOUNT_MIN <= wanted.amount <= AMOUNT_MAX:
        problems.append(
            errors.INTEGER_OUT_OF_RANGE(field="amount", min_val=AMOUNT_MIN, max_val=AMOUNT_MAX, val=wanted.amount)
        )
    if wanted.network not in networks:
        problems.append(errors.ENUM_PARSE_FAILED(field="network", allowed_values=networks))
    if not 2 <= len(wanted.country) <= 3:
        problems.append(errors.STRING_OUT_OF_RANGE(field="country", min_len=2, max_len=3, len=len(wanted.country)))
    elif countries.two_letters(wanted.country) is None:
        problems.append(errors.ENUM_PARSE_FAILED(field="country", allowed_values=list(countries.TWO_LETTERS)))
    if not wanted.name.strip() and wanted.network in NAMED_NETWORKS:
        problems.append(errors.MISSING_FIELD(field="name"))
    if len(wanted.name) > NAME_MAX:
        problems.append(errors.STRING_OUT_OF_RANGE(field="name", min_len=0, max_len=NAME_MAX, len=len(wanted.name)))
    return problems


async def _make_payment(site: Site, gateway: Gateway, new: Invoice, here: str) -> Payment:
    # A gateway refuses an address that it can't reach, and only the configured one is sure to be public.
    public = site.settings.base_url
    order = Order(
        invoice_id=new.id,
        total_cents=new.total_cents,
        network=new.network,
        country=new.country,
        customer_name=new.customer_name,
        description=f"Invoice {new.id}",
        site_url=here,
        return_url=here + RETURN_PATH,
        webhook_url=f"{public}{WEBHOOK_PATH}/{gateway.name}" if public else "",
    )
    try:
        return await gateway.create(order)
    except PaymentRefused as error:
        raise errors.FORBIDDEN(
            message="The payment provider does not take this payment. Choose another network or another amount"
        ) from error
    except GatewayUnavailable as error:
        log.warning("no payment could be made at %s: %s", gateway.name, error)
        raise errors.INTERNAL(
            message="The payment provider could not be reached. Nothing was charged. Try again in a moment"
        ) from error


async def _look_up(site: Site, invoice: Invoice) -> Payment | None:
    """Ask the gateway, and let the invoice follow. None when the payment is gone. Raises GatewayUnavailable."""
    gateway = gateways.configured(site).get(invoice.gateway)
    if gateway is None:
        raise GatewayUnavailable(f"the gateway {invoice.gateway} is not configured any more")
    payment = await gateway.find(invoice.payment_id)
    if payment is None:
        await invoices.set_unpaid(site.db, invoice.id, CANCELED)
    elif payment.status == PAID:
        await _settle(site, invoice, payment)
    elif payment.status != OPEN:
        await invoices.set_unpaid(site.db, invoice.id, payment.status)
    return payment


async def _settle(site: Site, invoice: Invoice, payment: Payment) -> None:
    """Credit a paid invoice, once, whoever else learns of it at the same time."""
    if payment.total_cents != invoice.total_cents:
        log.error(
            "invoice %s is of %d cents, and %s was paid by %s %s: nothing was credited",
            invoice.id,
            invoice.total_cents,
            payment.total_cents,
            invoice.gateway,
            payment.id,
        )
        await invoices.set_unpaid(site.db, invoice.id, FAILED)
        return
    async with site.db.acquire() as tx, tx.transaction():
        await billing.claim_for_payment(tx, invoice)
        claimed = await invoices.claim(tx, invoice.id)
        if claimed is None or claimed.status == PAID:
            return
        await invoices.set_paid(tx, claimed.id, site.clock.now())
        await billing.deposit(tx, site, claimed)
    site.changes.note()
    log.info("invoice %s was paid", invoice.id)
