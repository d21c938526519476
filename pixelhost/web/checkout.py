"""The checkout page of the built-in test gateway, for installations that try out payments without a provider."""

from dataclasses import dataclass
from typing import Literal

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import gateways, invoices
from pixelhost.core.gateways import local
from pixelhost.core.gateways.contract import CANCELED, OPEN, PAID
from pixelhost.core.gateways.local import TestGateway, TestPayment
from pixelhost.core.prices import MICRO_EUR_PER_CENT
from pixelhost.site import Site
from pixelhost.web import pages
from pixelhost.web.account.subscription import STATUSES
from pixelhost.wire import params, target
from pixelhost.wire.dialect import site_of


@dataclass(frozen=True)
class Decision:
    action: Literal["pay", "cancel"]


async def show(request: web.Request) -> web.Response:
    """GET /checkout/{id}"""
    _, payment = await _payment(site_of(request), _payment_id(request))
    return pages.answer(
        request,
        "checkout.html",
        description=payment.description,
        total_micro_eur=payment.total_cents * MICRO_EUR_PER_CENT,
        became=STATUSES[payment.status],
        is_open=payment.status == OPEN,
        return_url=payment.return_url,
    )


async def decide(request: web.Request) -> web.Response:
    """POST /checkout/{id}: pays or cancels, as a bank would, and then tells the site as a webhook would."""
    site, payment_id = site_of(request), _payment_id(request)
    gateway, payment = await _payment(site, payment_id)
    decision = await params.form(request, Decision)
    await gateway.decide(payment_id, PAID if decision.action == "pay" else CANCELED)
    await invoices.hear(site, local.NAME, payment_id)
    return web.Response(status=303, headers={hdrs.LOCATION: payment.return_url, hdrs.CACHE_CONTROL: "no-store"})


async def _payment(site: Site, payment_id: str) -> tuple[TestGateway, TestPayment]:
    """Raises NOT_FOUND, also where the test gateway is off."""
    gateway = gateways.test_gateway(site)
    payment = await gateway.payment(payment_id) if gateway else None
    if gateway is None or payment is None:
        raise errors.NOT_FOUND()
    return gateway, payment


def _payment_id(request: web.Request) -> str:
    return target.path_segment(request, 1, "id")
