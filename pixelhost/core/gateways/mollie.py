"""Mollie, by its Payments API (docs.mollie.com, version 2): create payment, get payment."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, StreamReader

from pixelhost.core.gateways.contract import (
    CANCELED,
    EXPIRED,
    FAILED,
    OPEN,
    PAID,
    GatewayUnavailable,
    Order,
    Payment,
    PaymentRefused,
)

log = logging.getLogger(__name__)

NAME: Final = "mollie"
TIMEOUT_SECONDS: Final = 10.0
ANSWER_BYTES_MAX: Final = 1 << 20

METHODS: Final[Mapping[str, str | None]] = {
    "mollie": None,  # the customer chooses on Mollie's own page
    "paypal": "paypal",
    "bancontact": "bancontact",
    "eps": "eps",
    "ideal": "ideal",
    "p24": "przelewy24",
    "trustly": "trustly",
}

STATUSES: Final[Mapping[str, str]] = {
    "open": OPEN,
    "pending": OPEN,
    "authorized": OPEN,
    "paid": PAID,
    "canceled": CANCELED,
    "expired": EXPIRED,
    "failed": FAILED,
}

PAYMENT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
EURO_AMOUNT: Final = re.compile(r"([0-9]{1,12})\.([0-9]{2})", re.ASCII)


class _Amount(msgspec.Struct):
    currency: str
    value: str


class _Link(msgspec.Struct):
    href: str


class _Links(msgspec.Struct):
    checkout: _Link | None = None


class _Payment(msgspec.Struct, rename={"links": "_links"}):
    id: str
    status: str
    amount: _Amount
    links: _Links = msgspec.field(default_factory=_Links)


class Mollie:
    name: str = NAME
    networks: Sequence[str] = tuple(METHODS)

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    async def create(self, order: Order) -> Payment:
        wanted: dict[str, Any] = {
            "amount": {"currency": "EUR", "value": f"{order.total_cents // 100}.{order.total_cents % 100:02}"},
            "description": order.description,
            "redirectUrl": order.return_url,
            "metadata": {
                "invoice_id": order.invoice_id,
                "country": order.country,
                "customer_name": order.customer_name,
            },
        }
        if order.webhook_url:
            wanted["webhookUrl"] = order.webhook_url
        if method := METHODS[order.network]:
            wanted["method"] = method
        status, body = await self._ask("POST", "/payments", wanted, {"Idempotency-Key": order.invoice_id})
        if status >= 400:
            log.warning("Mollie did not take a payment (%d): %s", status, body[:500].decode(errors="replace"))
            raise PaymentRefused
        payment = _read(body)
        if not payment.checkout_url:
            raise GatewayUnavailable("Mollie made a payment without a page to pay it on")
        return payment

    async def find(self, payment_id: str) -> Payment | None:
        if not PAYMENT_ID.fullmatch(payment_id):
            return None
        status, body = await self._ask("GET", f"/payments/{payment_id}")
        if status in {404, 410}:
            return None
        if status >= 400:
            raise GatewayUnavailable(f"Mollie answered {status}")
        payment = _read(body)
        if payment.id != payment_id:
            raise GatewayUnavailable("Mollie told of another payment than the one asked for")
        return payment

    async def _ask(
        self, method: str, path: str, json: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of an answer that says something about the payment itself."""
        sent = {"Authorization": f"Bearer {self._key}"} | dict(headers or {})
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=TIMEOUT_SECONDS)) as session,
                session.request(method, self._url + path, json=json, headers=sent, allow_redirects=False) as response,
            ):
                body = await _limited(response.content)
                status = response.status
        except (ClientError, TimeoutError, OSError) as error:
            raise GatewayUnavailable(f"Mollie could not be asked: {error or type(error).__name__}") from error
        if status in {401, 403}:
            log.error("Mollie does not accept PIXELHOST_MOLLIE_KEY (%d)", status)
        if status in {401, 403, 408, 409, 429} or status >= 500 or 300 <= status < 400:
            raise GatewayUnavailable(f"Mollie answered {status}")
        return status, body


async def _limited(content: StreamReader) -> bytes:
    body = await content.read(ANSWER_BYTES_MAX)
    while piece := await content.read(ANSWER_BYTES_MAX):
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise GatewayUnavailable("Mollie's answer is too long")
    return body


def _read(body: bytes) -> Payment:
    try:
        told = msgspec.json.decode(body, type=_Payment)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise GatewayUnavailable(f"Mollie's answer could not be understood: {error}") from error
    if told.status not in STATUSES:
        log.warning("Mollie tells of a status '%s' that is not known here; it is taken for open", told.status)
    status = STATUSES.get(told.status, OPEN)
    checkout = told.links.checkout.href if told.links.checkout and status == OPEN else ""
    return Payment(told.id, status, _cents(told.amount), checkout if _is_web(checkout) else "")


def _cents(amount: _Amount) -> int | None:
    match = EURO_AMOUNT.fullmatch(amount.value)
    return int(match[1]) * 100 + int(match[2]) if match and amount.currency == "EUR" else None


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
