"""HTTP against the real server: aiohttp's test client on pixelhost's own runner, and raw sockets for garbage."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import BaseTestServer, TestClient

from pixelhost.app import HTTP_LIMITS, Runner


class RealServer(BaseTestServer):
    """Serves an application exactly as a worker does, on a free port."""

    def __init__(self, app: web.Application) -> None:
        super().__init__()
        self.app = app

    async def _make_runner(self, **kwargs: Any) -> Runner:
        return Runner(self.app, **(HTTP_LIMITS | kwargs), shutdown_timeout=1)


@asynccontextmanager
async def fresh_client(server: RealServer) -> AsyncIterator[TestClient]:
    """A client with connections of its own; it keeps no cookies."""
    client = TestClient(server, cookie_jar=DummyCookieJar(), auto_decompress=False)
    try:
        yield client
    finally:
        await client.session.close()


async def raw_exchange(
    port: int, sent: bytes, *, seconds: float = 60, idle_seconds: float = 1, half_close: bool = False
) -> bytes:
    """Everything the server answers to these bytes until it closes, or until nothing more has come for a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        if half_close:
            writer.write_eof()
        answer = b""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    piece = await asyncio.wait_for(reader.read(65536), idle_seconds if answer else seconds)
                except TimeoutError:
                    return answer
                if not piece:
                    return answer
                answer += piece
    finally:
        writer.close()
