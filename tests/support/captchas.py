"""Solving ALTCHA's challenges as its own clients do, and servers that verify responses as those of providers do."""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.people import Person

SECRET = "the secret of this site"


async def challenged(person: Person) -> dict[str, Any]:
    answer = await person.get("/api/misc/altcha")
    assert answer.status == 200, answer.body
    challenge: dict[str, Any] = answer.json
    return challenge


def solved(challenge: Mapping[str, Any]) -> int:
    """The number that was looked for."""
    beginning = hashlib.sha256(challenge["salt"].encode())
    for number in range(challenge["maxnumber"] + 1):
        tried = beginning.copy()
        tried.update(str(number).encode())
        if tried.hexdigest() == challenge["challenge"]:
            return number
    raise AssertionError("the challenge has no solution")


def payload(challenge: Mapping[str, Any], /, **changed: Any) -> str:
    """What is sent back, fit for a query."""
    sent = {name: value for name, value in challenge.items() if name != "maxnumber"} | changed
    return quote(b64encode(json.dumps(sent).encode()).decode(), safe="")


async def solution(person: Person) -> str:
    challenge = await challenged(person)
    return payload(challenge, number=solved(challenge))


class FakeVerifier:
    """Says that the responses in `right` are right, each once."""

    def __init__(self) -> None:
        self.url = ""
        self.right: set[str] = set()
        self.asked: list[Mapping[str, str]] = []
        self.answer: web.Response | None = None
        self.pieces: Sequence[bytes] = ()

    async def verify(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.pieces:
            return await self._in_pieces(request)
        if self.answer is not None:
            return web.Response(status=self.answer.status, body=self.answer.body)
        is_right = form["secret"] == SECRET and form["response"] in self.right
        self.right.discard(form["response"])
        return web.json_response({"success": is_right, "error-codes": [] if is_right else ["invalid-input-response"]})

    async def _in_pieces(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in self.pieces:
            await response.write(piece)
            await asyncio.sleep(0.05)
        return response


@asynccontextmanager
async def fake_verifier() -> AsyncIterator[FakeVerifier]:
    fake, app = FakeVerifier(), web.Application()
    app.router.add_post("/siteverify", fake.verify)
    async with TestServer(app) as server:
        fake.url = str(server.make_url("/siteverify"))
        yield fake
