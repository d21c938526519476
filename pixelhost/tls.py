"""A listener with TLS that tells a client why it is refused: asyncio's own drops the alert when a handshake fails."""

import asyncio
import socket
import ssl
from asyncio import sslproto

from aiohttp import web


class _Protocol(sslproto.SSLProtocol):
    """What `loop.create_server(ssl=...)` makes, but that it sends what OpenSSL has still to say (RFC 8446, 6.2)."""

    def _fatal_error(self, exc: BaseException, message: str = "Fatal error on transport") -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._process_outgoing()  # type: ignore[attr-defined]  # typeshed has an older class
        super()._fatal_error(exc, message)


class TlsSite(web.BaseSite):
    """Of a runner, on a socket; the context may choose another one by name."""

    def __init__(self, runner: web.BaseRunner, listener: socket.socket, context: ssl.SSLContext, backlog: int) -> None:
        super().__init__(runner, ssl_context=context, backlog=backlog)
        self._listener, self._context = listener, context

    @property
    def name(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"https://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        serve = self._runner.server
        assert serve is not None

        def protocol() -> asyncio.BaseProtocol:
            return _Protocol(loop, serve(), self._context, waiter=None, server_side=True)  # type: ignore[arg-type]

        self._server = await loop.create_server(protocol, sock=self._listener, backlog=self._backlog)
