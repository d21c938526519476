"""The invoices of all accounts in a month."""

from aiohttp import web

from pixelhost.core import admin
from pixelhost.core.gateways.contract import PAID
from pixelhost.web.account import months
from pixelhost.web.account.subscription import NETWORKS, STATUSES
from pixelhost.web.administration import frame
from pixelhost.wire.dialect import site_of


async def show(request: web.Request) -> web.Response:
    """GET /admin/invoices?month=2024-02"""
    frame.admin_of(request)
    month = months.of_request(request)
    found = await admin.invoices_between(site_of(request), month.start, month.end)
    paid = [one for one in found if one.status == PAID]
    return frame.answer(
        request,
        "invoices.html",
        month=month,
        invoices=found,
        statuses=STATUSES,
        networks=NETWORKS,
        paid_count=len(paid),
        paid_micro_eur=sum(one.amount_micro_eur for one in paid),
        vat_micro_eur=sum(one.vat_micro_eur for one in paid),
    )
