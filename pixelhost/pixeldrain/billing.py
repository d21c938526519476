"""User methods about money: transactions, invoices, and what gateways call."""

from dataclasses import dataclass
from typing import Annotated, Any

from aiohttp import hdrs, web

from pixelhost.core import billing, invoices
from pixelhost.core.invoices import Wanted
from pixelhost.model.money import DayOfTransactions, Invoice
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.wire import months, params, target
from pixelhost.wire.dialect import caller_of, here, site_of
from pixelhost.wire.params import Length


@dataclass(frozen=True)
class Notice:
    id: Annotated[str, Length(1, 200)]


async def transactions(request: web.Request) -> web.Response:
    """GET /user/transactions/{month}: a row for each day of UTC that changed the balance, oldest first."""
    user = caller_of(request).require_user()
    start, end = months.parsed(target.path_segment(request, 3, "month"))
    days = await billing.transactions(site_of(request), user, start, end)
    return envelope.ok([_day(day) for day in days])


async def create_invoice(request: web.Request) -> web.Response:
    user = caller_of(request).require_user()
    wanted = await params.form(request, Wanted)
    made = await invoices.create(site_of(request), user, wanted, here(request))
    return envelope.ok({"invoice_id": made.id, "checkout_url": made.checkout_url})


async def list_invoices(request: web.Request) -> web.Response:
    """GET /user/invoice: the newest first."""
    found = await invoices.of_user(site_of(request), caller_of(request).require_user())
    return envelope.ok([_invoice(one) for one in found])


async def pay_invoice(request: web.Request) -> web.Response:
    """GET /user/pay_invoice/{id}: to the page where it is paid, or back to the site if there is nothing to pay."""
    user = caller_of(request).require_user()
    url = await invoices.checkout_url(site_of(request), user, target.path_segment(request, 3, "id"))
    headers = {hdrs.LOCATION: url or here(request) + invoices.RETURN_PATH, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(status=302, headers=headers)


async def hear(request: web.Request) -> web.Response:
    """POST /misc/payment_webhook/{gateway}: `id` is that of a payment. Answers the same for one that isn't ours."""
    gateway = target.path_segment(request, 3, "gateway")
    notice = await params.form(request, Notice)
    await invoices.hear(site_of(request), gateway, notice.id)
    return envelope.done()


def _day(day: DayOfTransactions) -> dict[str, Any]:
    return {
        "time": shapes.time(day.time),
        "new_balance": day.balance_micro_eur,
        "deposit_amount": day.deposited_micro_eur,
        "subscription_charge": day.subscription_micro_eur,
        "storage_charge": day.storage_micro_eur,
        "storage_used": day.storage_bytes,
        "bandwidth_charge": day.bandwidth_micro_eur,
        "bandwidth_used": day.bandwidth_bytes,
        "affiliate_amount": day.affiliate_micro_eur,
        "affiliate_count": day.affiliate_count,
    }


def _invoice(made: Invoice) -> dict[str, Any]:
    return {
        "id": made.id,
        "time": shapes.time(made.created_at),
        "amount": made.amount_micro_eur,
        "vat": made.vat_micro_eur,
        "country": made.country,
        "payment_gateway": made.gateway,
        "payment_method": made.network,
        "status": made.status,
    }
