"""Bytes on their way to a client that has its head already, and how many of them went out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial

from aiohttp import web

from pixelhost.core.downloads import Part, Slice
from pixelhost.core.gates import Passage
from pixelhost.wire import dialect, sockets

SMALL_BYTES = 64 << 10  # up to here one write of head and body is quicker than a sendfile
STEP_BYTES = 1 << 20  # so much is sent before it is counted


async def pour(
    request: web.Request, response: web.StreamResponse, parts: AsyncIterator[Part], passage: Passage
) -> None:
    """Send the parts; small ones are gathered into larger writes."""
    waiting: list[bytes] = []
    size = 0
    try:
        async for part in parts:
            if isinstance(part, Slice) and part.count > SMALL_BYTES:
                if waiting:
                    await write(response, b"".join(waiting))
                    waiting, size = [], 0
                await _send_slice(request, response, part, partial(note, part, passage))
                continue
            piece = part if isinstance(part, bytes) else await _read(part)
            note(part, passage, len(piece))
            waiting.append(piece)
            size += len(piece)
            if size >= SMALL_BYTES:
                await write(response, b"".join(waiting))
                waiting, size = [], 0
        if waiting:
            await write(response, b"".join(waiting))
        async with while_it_reads():
            await response.write_eof()
    except ConnectionError:
        # The client went away. What it took was counted.
        dialect.cut(request)


def note(part: Part, passage: Passage, sent_bytes: int) -> None:
    if isinstance(part, Slice):
        part.note(sent_bytes)
    passage.note(sent_bytes)


async def write(response: web.StreamResponse, data: bytes) -> None:
    """Raises ConnectionError, also when the client doesn't take it in ten minutes."""
    async with while_it_reads():
        await response.write(data)


@asynccontextmanager
async def while_it_reads() -> AsyncIterator[None]:
    """Raises ConnectionAbortedError as `sockets.send_file` does."""
    try:
        async with asyncio.timeout(sockets.STALL_SECONDS):
            yield
    except TimeoutError as error:
        raise ConnectionAbortedError("the client has stopped reading") from error


def is_gone(request: web.Request) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()


async def _read(part: Slice) -> bytes:
    cached = part.blob.read_cached(part.offset, part.count)
    return cached if cached is not None else await part.blob.read(part.offset, part.count)


async def _send_slice(
    request: web.Request, response: web.StreamResponse, part: Slice, note: Callable[[int], None]
) -> None:
    descriptor = part.blob.fileno()
    if descriptor is not None and not is_encrypted(request):
        # Readahead fetches what lies between: where both ends are in memory, so is most likely the rest.
        ends = part.blob.read_cached(part.offset, 1), part.blob.read_cached(part.offset + part.count - 1, 1)
        await sockets.send_file(request, descriptor, part.offset, part.count, note, is_cached=None not in ends)
        return
    async with aclosing(_read_ahead(part)) as pieces:
        async for piece in pieces:
            await write(response, piece)
            note(len(piece))


async def _read_ahead(part: Slice) -> AsyncGenerator[bytes, None]:
    """The bytes of a slice, the next while the last are sent."""
    stop = part.offset + part.count
    offsets = iter(range(part.offset, stop, STEP_BYTES))

    def begin() -> asyncio.Task[bytes] | None:
        offset = next(offsets, stop)
        return asyncio.create_task(part.blob.read(offset, min(STEP_BYTES, stop - offset))) if offset < stop else None

    reading = begin()
    try:
        while reading is not None:
            piece = await reading
            reading = begin()
            yield piece
    finally:
        if reading is not None:
            # It is waited for: the blob is closed next.
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def is_encrypted(request: web.Request) -> bool:
    """Whether what goes out must pass through TLS here, so that no file can go to the socket by itself."""
    return request.transport is not None and request.transport.get_extra_info("sslcontext") is not None
