"""Large bodies, moved by threads between a socket and memory or a file, without passing through the event loop.

asyncio's own way copies every piece three times and wakes up for each 256 KiB; at a gigabyte a second that is most of
the work. Here a thread works on a duplicate of the connection's descriptor as long as the other side keeps up, and
gives way to the event loop, which waits, as soon as it doesn't. So a slow client never holds a thread.
"""

import asyncio
import contextlib
import mmap
import os
import select
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from pixelhost import threads

PATIENCE_MS = 5  # how long a thread waits for the other side before the event loop does
AT_ONCE_BYTES = 1 << 20
NOTED_BYTES = 16 << 20  # so much at most is sent before it is counted
LARGE_BUFFER_BYTES = 4 << 20
SMALL_BUFFER_BYTES = 1 << 20
LARGE_BUFFERED_RECEIVERS = 2  # beyond so many at once in a process, memory matters more than speed
LOW_WATER_BYTES = 1 << 20

_threads = ThreadPoolExecutor(8, thread_name_prefix="socket")
_receivers = 0


class Cut(Exception):
    """The other side has gone, or has sent nothing for too long."""


async def send_file(
    request: web.BaseRequest,
    descriptor: int,
    offset: int,
    count: int,
    note: Callable[[int], None],
    *,
    is_cached: bool = False,
) -> None:
    """Send `count` bytes of a file over a response's connection, telling `note` what went. Raises ConnectionError.

    What is in memory already and not much goes at once, as far as the socket takes it: a thread would cost more.
    """
    transport = request.transport
    if transport is None:
        raise ConnectionResetError
    await _flush(request, transport)
    with _duplicate(transport) as sock:
        loop = asyncio.get_running_loop()
        sent = 0
        if is_cached and count <= AT_ONCE_BYTES:
            sent = _push(sock, descriptor, offset, count, patience_ms=0)
            note(sent)
        while sent < count:
            size = min(count - sent, NOTED_BYTES)
            pushed = await threads.run(_threads, lambda: _push(sock, descriptor, offset + sent, size))  # noqa: B023
            sent += pushed
            note(pushed)
            if pushed < size:
                await _ready(sock, loop.add_writer, loop.remove_writer)


class Receiver:
    """The rest of a request's body, straight from its socket. The connection is good for nothing else afterwards.

    `read` gives at least 1 MiB at a time except at the end; a piece stays as it is until the next read but one.
    """

    def __init__(self, request: web.Request, size_bytes: int, stall_seconds: float) -> None:
        global _receivers  # noqa: PLW0603 - a budget of the process
        transport = request.transport
        if transport is None:
            raise Cut
        self._request = request
        self._transport = transport
        self._left = size_bytes
        self._stall_seconds = stall_seconds
        self._pending = self._drained()
        self._left -= len(self._pending)
        size = LARGE_BUFFER_BYTES if _receivers < LARGE_BUFFERED_RECEIVERS else SMALL_BUFFER_BYTES
        self._buffers = [memoryview(mmap.mmap(-1, size)) for _ in range(2)]
        self._duplicates = contextlib.ExitStack()
        self._sock = self._duplicates.enter_context(_duplicate(transport))
        _receivers += 1

    async def read(self) -> memoryview:
        """Empty at the end. Raises Cut."""
        if self._pending:
            pending, self._pending = self._pending, b""
            return memoryview(pending)
        self._buffers.reverse()
        buffer = self._buffers[0]
        filled = 0
        wanted = min(len(buffer), self._left)
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        while filled < wanted:
            got, is_end = await threads.run(_threads, lambda: _pull(self._sock, buffer[filled:wanted], self._left))  # noqa: B023
            filled += got
            self._left -= got
            if is_end:
                raise Cut
            if got:
                silent_since = loop.time()
            elif loop.time() - silent_since > self._stall_seconds:
                raise Cut
            if filled < wanted:
                with contextlib.suppress(TimeoutError):
                    # Less than the low-water mark doesn't wake us: look now and then.
                    async with asyncio.timeout(min(1.0, self._stall_seconds)):
                        await _ready(self._sock, loop.add_reader, loop.remove_reader)
        return buffer[:filled]

    def close(self) -> None:
        """After the last byte the request counts as read; before it, aiohttp drops what still comes for a while."""
        global _receivers  # noqa: PLW0603
        _receivers -= 1
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        self._duplicates.close()
        if self._left == 0:
            self._request.content.feed_eof()
        else:
            self._transport.resume_reading()

    def _drained(self) -> bytes:
        """What aiohttp has received of the body already; from here on it receives nothing."""
        data = self._request.content.read_nowait()
        self._transport.pause_reading()
        return data


def _pull(sock: socket.socket, view: memoryview, left: int) -> tuple[int, bool]:
    """Receive until `view` is full or nothing comes for a moment. (bytes, whether the other side has ended.)"""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(LOW_WATER_BYTES, left))
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    got = 0
    patience = PATIENCE_MS
    while got < len(view):
        try:
            count = sock.recv_into(view[got:])
        except BlockingIOError:
            if not patience:
                break
            # Once more after the wait: below the low-water mark there may be bytes that poll is silent about.
            patience = PATIENCE_MS if waiting.poll(PATIENCE_MS) else 0
            continue
        except OSError:
            return got, True
        if count == 0:
            return got, True
        got += count
    return got, False


def _push(sock: socket.socket, descriptor: int, offset: int, count: int, patience_ms: int = PATIENCE_MS) -> int:
    """Send until all is sent or the other side takes nothing for a moment. Returns how many bytes went."""
    waiting = select.poll()
    waiting.register(sock, select.POLLOUT)
    sent = 0
    while sent < count:
        try:
            pushed = os.sendfile(sock.fileno(), descriptor, offset + sent, count - sent)
        except BlockingIOError:
            if not waiting.poll(patience_ms):
                break
            continue
        except ConnectionError:
            # What went before counts; the next call finds the connection as dead.
            if sent:
                break
            raise
        if pushed == 0:
            raise ConnectionAbortedError("the file is shorter than its row says")
        sent += pushed
    return sent


async def _flush(request: web.BaseRequest, transport: asyncio.Transport) -> None:
    """Until the head of the response is in the socket: what follows must not overtake it."""
    if transport.get_write_buffer_size():
        transport.set_write_buffer_limits(high=0)
        while transport.get_write_buffer_size():
            await request.writer.drain()
            if transport.is_closing():
                raise ConnectionResetError


async def _ready(sock: socket.socket, add: Callable[..., None], remove: Callable[[int], object]) -> None:
    """Until the event loop finds the socket ready."""
    ready = asyncio.Event()
    add(sock.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        remove(sock.fileno())


@contextlib.contextmanager
def _duplicate(transport: asyncio.Transport) -> Iterator[socket.socket]:
    """A second descriptor of the connection: it stays ours when the transport closes its own."""
    sock = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    sock.setblocking(False)
    try:
        yield sock
    finally:
        sock.close()
