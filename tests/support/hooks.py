"""A real receiver of webhooks, whose every answer a test may choose, and what checks signatures as receivers do.

The check is written from the Standard Webhooks specification, with nothing of ours.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from pixelhost import jobs
from pixelhost.core import webhookdelivery
from pixelhost.site import Site
from tests.support.people import Person

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Arrived:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """`whsec_` and base64; the signature is of `id.timestamp.body`."""
        prefix, _, encoded = secret.partition("_")
        assert prefix == "whsec"
        key = base64.b64decode(encoded, validate=True)
        assert 24 <= len(key) <= 64
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.{self.body}"
        expected = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
        version, _, found = self.headers["webhook-signature"].partition(",")
        return version == "v1" and hmac.compare_digest(found, expected)


async def thanks(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=204)


@dataclass
class Receiver:
    """`released` is set at the end of the test: what waits for it doesn't answer before."""

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    answer: Answering = thanks
    has_arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def answers(self, status: int) -> None:
        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": "/elsewhere"} if 300 <= status < 400 else {})

        self.answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.arrived.append(Arrived(request.path, headers, (await request.read()).decode()))
        self.has_arrived.set()
        return await self.answer(request)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """On a free port of this machine."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    async with TestServer(app) as server:
        receiver.port = server.port or 0
        yield receiver
        receiver.released.set()


async def make_webhook(owner: Person, url: str, **fields: Any) -> dict[str, Any]:
    answer = await owner.post("/api/v2/webhooks", json={"url": url} | fields)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json
    return made


async def tell(site: Site) -> int:
    """What the jobs do every few seconds; how many messages arrived."""
    await jobs.run(site, "notices")
    return await webhookdelivery.deliver(site)
