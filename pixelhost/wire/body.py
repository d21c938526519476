"""Bodies on their way in: raw uploads that are never held in memory, and small ones that are."""

import asyncio
from typing import Final

from aiohttp import ClientError, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from pixelhost import errors
from pixelhost.wire.sockets import Cut, Receiver

SMALL_BODY_BYTES: Final = 4 << 20  # a list of 10,000 files, with some hundred characters to say about each
SMALL_BODY_STALL_SECONDS: Final = 60

LARGE_BYTES: Final = 8 << 20  # from here on a thread receives, and the connection ends with the upload
CUT_OFF = "The upload was cut off before its end. Nothing was stored"

TAKEN_OVER: web.RequestKey[Receiver] = web.RequestKey("taken over", Receiver)
"""Set where the connection can't be used for another request."""

READING_FAILED = (Cut, ClientError, HttpProcessingError, web.RequestPayloadError, OSError, TimeoutError)


class RawBody:
    """The body of an upload, by pieces or into a file. Asks for it (`100 Continue`) only when first read."""

    def __init__(self, request: web.Request, stall_seconds: float) -> None:
        self._request = request
        self._stall_seconds = stall_seconds
        self._is_asked_for = False

    @property
    def expected_bytes(self) -> int | None:
        """What Content-Length announces; None for a chunked body."""
        return self._request.content_length

    async def read(self) -> bytes:
        """The next piece, empty at the end. Raises ERROR_READING_INPUT when cut off or stalled."""
        try:
            await self._begin()
            if self.can_pour:
                return await self._taken_over().read()
            async with asyncio.timeout(self._stall_seconds):
                return await self._request.content.readany()
        except READING_FAILED as error:
            raise errors.ERROR_READING_INPUT(message=CUT_OFF) from error

    @property
    def can_pour(self) -> bool:
        transport = self._request.transport
        is_plain = transport is not None and transport.get_extra_info("sslcontext") is None
        return is_plain and (self.expected_bytes or 0) >= LARGE_BYTES

    async def pour(self, descriptor: int) -> int:
        """Append what comes next to a file; how many bytes that were, 0 at the end. Instead of `read`, not after it.

        Raises ERROR_READING_INPUT when cut off or stalled, OSError when the file can't take it.
        """
        try:
            await self._begin()
            receiver = self._taken_over()
        except READING_FAILED as error:
            raise errors.ERROR_READING_INPUT(message=CUT_OFF) from error
        try:
            return await receiver.pour(descriptor)
        except Cut as error:
            raise errors.ERROR_READING_INPUT(message=CUT_OFF) from error

    def _taken_over(self) -> Receiver:
        """From now on the socket is ours; `give_back` ends that. Raises Cut."""
        receiver = self._request.get(TAKEN_OVER)
        if receiver is None:
            receiver = Receiver(self._request, self.expected_bytes or 0, self._stall_seconds)
            self._request[TAKEN_OVER] = receiver
        return receiver

    async def _begin(self) -> None:
        if not self._is_asked_for:
            self._is_asked_for = True
            await ask_for_body(self._request)


def give_back(request: web.Request) -> bool:
    """At the end of a request: let go of its connection, if that was taken over. Whether it was."""
    receiver = request.get(TAKEN_OVER)
    if receiver is not None:
        receiver.close()
    return receiver is not None


async def ask_for_body(request: web.Request) -> None:
    """Answer `Expect: 100-continue` (RFC 9110, 10.1.1); nothing where it wasn't asked."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.writer is not None:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The response proper has not begun.
        request.writer.output_size = 0


async def _next_piece(request: web.Request) -> bytes:
    async with asyncio.timeout(SMALL_BODY_STALL_SECONDS):
        return await request.content.readany()


async def small(request: web.Request, limit_bytes: int = SMALL_BODY_BYTES) -> bytes:
    """A whole body. Raises FILE_TOO_LARGE past the limit, ERROR_READING_INPUT."""
    pieces = []
    size = 0
    try:
        await ask_for_body(request)
        while piece := await _next_piece(request):
            size += len(piece)
            if size > limit_bytes:
                raise errors.FILE_TOO_LARGE(message=f"The body of this request may hold at most {limit_bytes} bytes")
            pieces.append(piece)
    except READING_FAILED as error:
        raise errors.ERROR_READING_INPUT() from error
    return b"".join(pieces)


def is_multipart(request: web.Request) -> bool:
    return request.content_type.startswith("multipart/")
