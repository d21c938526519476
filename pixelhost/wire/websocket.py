"""Websockets (RFC 6455) on which the server speaks and the client listens.

The application must have `close_all` among its `on_shutdown`: an open websocket would else hold up the end.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from pixelhost import errors
from pixelhost.errors import ApiError
from pixelhost.wire import dialect, security
from pixelhost.wire.dialect import caller_of, site_of

HEARTBEAT_SECONDS = 30.0
CLOSE_SECONDS = 2.0
HEARD_MAX_BYTES = 4096
PER_ADDRESS_MAX = 32

Heed = Callable[[str], None]

_open: set[web.WebSocketResponse] = set()


def is_asked_for(request: web.BaseRequest) -> bool:
    return request.method == hdrs.METH_GET and request.headers.get(hdrs.UPGRADE, "").strip().lower() == "websocket"


async def speak(
    request: web.Request, messages: AsyncGenerator[str, None], heed: Heed | None = None
) -> web.StreamResponse:
    """Upgrade, and send the messages as they come. What the client says goes to `heed`, or nowhere.

    The first message is waited for before: what keeps it from coming is refused as in any request. A refusal that
    comes later closes the websocket with 1008 (policy violation) and the refusal's code as the reason. Raises
    WEBSOCKET_ENDPOINT, REQUEST_ORIGIN_INVALID, IP_RATE_LIMIT_REACHED.
    """
    async with aclosing(messages), _upgrade(request) as response:
        await _converse(request, response, await anext(messages), messages, heed)
    return response


async def converse(request: web.Request, messages: AsyncGenerator[str, None], heed: Heed) -> web.StreamResponse:
    """The same where the client speaks first: messages come when it has said to `heed` what it wants.

    A refusal by either closes the websocket. Raises as `speak`.
    """
    async with aclosing(messages), _upgrade(request) as response:
        await _converse(request, response, None, messages, heed)
    return response


@asynccontextmanager
async def _upgrade(request: web.Request) -> AsyncIterator[web.WebSocketResponse]:
    """A websocket that may be opened, as one of so many of its address."""
    response = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, timeout=CLOSE_SECONDS, max_msg_size=HEARD_MAX_BYTES + 1, compress=False
    )
    if not _is_handshake(response, request):
        raise errors.WEBSOCKET_ENDPOINT()
    if hdrs.COOKIE in request.headers:
        # No browser keeps other sites' pages from opening websockets here, nor from reading them.
        security.refuse_foreign_origin(request)
    slots = site_of(request).slots
    slot = await slots.take(f"websocket {caller_of(request).ip}", PER_ADDRESS_MAX)
    if slot is None:
        raise errors.IP_RATE_LIMIT_REACHED(message="Your IP address has too many websockets open. Close some")
    try:
        yield response
    finally:
        await slots.give_back(slot)


async def close_all(_app: web.Application) -> None:
    """This process stops: tell the clients, who may connect again."""
    await asyncio.gather(*(one.close(code=WSCloseCode.GOING_AWAY) for one in list(_open)), return_exceptions=True)


async def _converse(
    request: web.Request,
    response: web.WebSocketResponse,
    first: str | None,
    messages: AsyncGenerator[str, None],
    heed: Heed | None,
) -> None:
    await response.prepare(request)
    request[dialect.BEGUN] = response
    _open.add(response)
    sides = [asyncio.create_task(_listen(response, heed)), asyncio.create_task(_send(response, first, messages))]
    code, reason = WSCloseCode.INTERNAL_ERROR, ""
    try:
        ended, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        for side in ended:
            side.result()
        code = WSCloseCode.OK
    except ApiError as refusal:
        code, reason = WSCloseCode.POLICY_VIOLATION, refusal.kind.code
    finally:
        for side in sides:
            side.cancel()
        await asyncio.gather(*sides, return_exceptions=True)
        _open.discard(response)
        await response.close(code=code, message=reason.encode())


async def _listen(response: web.WebSocketResponse, heed: Heed | None) -> None:
    """Until the client leaves, or says something too long."""
    async for message in response:
        if message.type is WSMsgType.TEXT and heed is not None:
            heed(message.data)


async def _send(response: web.WebSocketResponse, first: str | None, messages: AsyncGenerator[str, None]) -> None:
    with suppress(ConnectionError):
        if first is not None:
            await response.send_str(first)
        async for message in messages:
            await response.send_str(message)


def _is_handshake(response: web.WebSocketResponse, request: web.Request) -> bool:
    try:
        return response.can_prepare(request).ok
    except ValueError:
        # A key that isn't even ASCII.
        return False
