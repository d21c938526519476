"""A server that speaks Mollie's Payments API (version 2), and can be made to answer wrongly, late or never."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY = "test_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM"


@dataclass
class FakeMollie:
    """`asked` holds what arrived: method, path, headers, JSON. `trouble` is how the next answers go wrong."""

    url: str = ""
    trouble: str = ""
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any, Any]] = field(default_factory=list)

    @property
    def latest(self) -> str:
        """The ID of the payment made last."""
        return list(self.payments)[-1]

    def becomes(self, status: str, payment_id: str = "", **changes: Any) -> str:
        """A payment, the latest if not said, changes without anybody being told; its ID."""
        payment_id = payment_id or self.latest
        self.payments[payment_id] |= {"status": status} | changes
        if status not in {"open", "pending"}:
            self.payments[payment_id]["_links"].pop("checkout", None)
        return payment_id

    async def __aenter__(self) -> "FakeMollie":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._released = asyncio.Event()
        self._server = TestServer(app)
        await self._server.start_server(shutdown_timeout=0.1)
        self.url = str(self._server.make_url("/v2"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        await self._server.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path, request.headers, body))
        if self.trouble:
            return await self._misbehave(request)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _problem(401, "Unauthorized Request", "Missing authentication, or failed to authenticate")
        if request.method == "POST" and request.path == "/v2/payments":
            return self._create(body)
        payment = self.payments.get(request.path.removeprefix("/v2/payments/"))
        if request.method == "GET" and payment is not None:
            return web.json_response(payment, content_type="application/hal+json")
        return _problem(404, "Not Found", "No payment exists with this token")

    def _create(self, body: dict[str, Any]) -> web.Response:
        if body.get("webhookUrl", "https://").startswith("http://127.0.0.1"):
            return _problem(422, "Unprocessable Entity", "The webhook URL is invalid because it is unreachable")
        payment_id = f"tr_{len(self.payments):010}"
        self.payments[payment_id] = body | {
            "resource": "payment",
            "id": payment_id,
            "mode": "test",
            "status": "open",
            "_links": {"checkout": {"href": f"https://www.mollie.com/checkout/{payment_id}", "type": "text/html"}},
        }
        return web.json_response(self.payments[payment_id], status=201, content_type="application/hal+json")

    async def _misbehave(self, request: web.Request) -> web.StreamResponse:
        if self.trouble == "hangs":
            await self._released.wait()
        if self.trouble == "cuts off" and request.transport is not None:
            request.transport.abort()
        if self.trouble == "talks endlessly":
            return web.Response(body=b" " * (3 << 20))
        if self.trouble == "talks nonsense":
            return web.Response(text="<html>", status=200)
        if self.trouble == "redirects":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return _problem(int(self.trouble) if self.trouble.isdigit() else 500, "Error", "something is wrong")


def _problem(status: int, title: str, detail: str) -> web.Response:
    return web.json_response({"status": status, "title": title, "detail": detail}, status=status)
