"""Large bodies, moved by threads between a socket and a file, without passing through the event loop.

asyncio's own way copies every piece three times and wakes up for each 256 KiB; at a gigabyte a second that is most of
the work. Here a thread works on a duplicate of the connection's descriptor as long as the other side keeps up, and
gives way to the event loop, which waits, as soon as it doesn't. So a slow client never holds a thread.
"""

import asyncio
import contextlib
import fcntl
import os
import select
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from pixelhost import threads

PATIENCE_MS = 5  # how long a thread waits for the other side before the event loop does
AT_ONCE_BYTES = 1 << 20
TURN_BYTES = 256 << 20  # so much at most is sent before it is counted
SHARED_TURN_BYTES = 16 << 20  # and so much while others wait for a thread
POURED_BYTES = 16 << 20  # and so much at most is received before it is hashed
LOW_WATER_BYTES = 1 << 20
STALL_SECONDS = 600  # a player that was paused may fetch the rest by another request
NEVER_WAIT = 2  # SPLICE_F_NONBLOCK, splice(2)

THREADS = 8
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="socket")
_sending = 0


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
    """Send `count` bytes of a file over a response's connection, telling `note` what went.

    Raises ConnectionError, also when the client takes nothing for ten minutes.

    What is in memory already and not much goes at once, as far as the socket takes it: a thread would cost more.
    """
    transport = request.transport
    if transport is None:
        raise ConnectionResetError
    await _flush(request, transport)
    with _duplicate(transport) as sock, _corked(sock), _counted_sending():
        loop = asyncio.get_running_loop()
        sent = 0
        if is_cached and count <= AT_ONCE_BYTES:
            sent = _push(sock, descriptor, offset, count, patience_ms=0)
            note(sent)
        while sent < count:
            size = min(count - sent, TURN_BYTES if _sending <= THREADS else SHARED_TURN_BYTES)
            pushed = await threads.run(_threads, lambda: _push(sock, descriptor, offset + sent, size))  # noqa: B023
            sent += pushed
            note(pushed)
            if pushed < size:
                try:
                    async with asyncio.timeout(STALL_SECONDS):
                        await _ready(sock, loop.add_writer, loop.remove_writer)
                except TimeoutError as error:
                    raise ConnectionAbortedError("the client has stopped reading") from error


class Receiver:
    """The rest of a request's body, from its socket. The connection is good for nothing else afterwards.

    On their way into a file the kernel moves the bytes through a pipe (splice(2)): they are copied once, and never come
    into this process.
    """

    def __init__(self, request: web.Request, size_bytes: int, stall_seconds: float) -> None:
        transport = request.transport
        if transport is None:
            raise Cut
        self._request = request
        self._transport = transport
        self._stall_seconds = stall_seconds
        self._pending = self._drained()
        self._left = size_bytes - len(self._pending)
        self._closing = contextlib.ExitStack()
        self._sock = self._closing.enter_context(_duplicate(transport))
        self._pipe: tuple[int, int] | None = None

    async def read(self) -> bytes:
        """The next piece, mostly of 1 MiB; empty at the end. Raises Cut."""
        if self._pending or not self._left:
            pending, self._pending = self._pending, b""
            return pending
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        while not (got := await threads.run(_threads, lambda: _receive(self._sock, self._left))):
            if loop.time() - silent_since > self._stall_seconds:
                raise Cut
            await self._until_ready(loop)
        self._left -= len(got)
        return got

    async def pour(self, descriptor: int) -> int:
        """Append at least one byte and at most 16 MiB to a file; 0 at the end.

        Raises Cut, and OSError when the file can't take them.
        """
        if self._pending:
            pending, self._pending = self._pending, b""
            return await threads.run(_threads, lambda: _write_all(descriptor, pending))
        pipe = self._pipe = self._pipe or self._closing.enter_context(_pipe())
        poured = 0
        wanted = min(POURED_BYTES, self._left)
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        while poured < wanted:
            got, is_end = await threads.run(
                _threads,
                lambda: _splice(self._sock, pipe, descriptor, wanted - poured, self._left),  # noqa: B023
            )
            poured += got
            self._left -= got
            if is_end:
                raise Cut
            if got:
                silent_since = loop.time()
            elif poured:
                break
            elif loop.time() - silent_since > self._stall_seconds:
                raise Cut
            if poured < wanted:
                await self._until_ready(loop)
        return poured

    def close(self) -> None:
        """After the last byte the request counts as read; before it, aiohttp drops what still comes for a while."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        self._closing.close()
        if self._left == 0:
            self._request.content.feed_eof()
        else:
            self._transport.resume_reading()

    async def _until_ready(self, loop: asyncio.AbstractEventLoop) -> None:
        """Less than the low-water mark doesn't wake us: look now and then."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(1.0, self._stall_seconds)):
                await _ready(self._sock, loop.add_reader, loop.remove_reader)

    def _drained(self) -> bytes:
        """What aiohttp has received of the body already; from here on it receives nothing."""
        data = self._request.content.read_nowait()
        self._transport.pause_reading()
        return data


def _splice(sock: socket.socket, pipe: tuple[int, int], descriptor: int, count: int, left: int) -> tuple[int, bool]:
    """Move `count` bytes of a body's `left`, or what comes until nothing does for a moment.

    (bytes, whether the other side has ended.) Raises OSError when the file can't take them.
    """
    outlet, inlet = pipe
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(LOW_WATER_BYTES, left))
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    moved = 0
    patience = PATIENCE_MS
    while moved < count:
        try:
            in_pipe = os.splice(sock.fileno(), inlet, min(AT_ONCE_BYTES, count - moved), flags=NEVER_WAIT)
        except BlockingIOError:
            if not patience:
                break
            # Once more after the wait: below the low-water mark there may be bytes that poll is silent about.
            patience = PATIENCE_MS if waiting.poll(PATIENCE_MS) else 0
            continue
        except OSError:
            return moved, True
        if in_pipe == 0:
            return moved, True
        moved += in_pipe
        while in_pipe:
            in_pipe -= os.splice(outlet, descriptor, in_pipe)
    return moved, False


def _receive(sock: socket.socket, left: int) -> bytes:
    """Of a body's `left` bytes what comes within a moment; perhaps none. Raises Cut when the other side has ended."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(LOW_WATER_BYTES, left))
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    waiting.poll(PATIENCE_MS)
    try:
        data = sock.recv(min(LOW_WATER_BYTES, left))
    except BlockingIOError:
        return b""
    except OSError as error:
        raise Cut from error
    if not data:
        raise Cut
    return data


def _write_all(descriptor: int, data: bytes) -> int:
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written:])
    return written


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


@contextlib.contextmanager
def _corked(sock: socket.socket) -> Iterator[None]:
    """Only full segments within the block (TCP_CORK, tcp(7)): a third more bytes a second."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


@contextlib.contextmanager
def _counted_sending() -> Iterator[None]:
    global _sending  # noqa: PLW0603 - of the process, as the threads are
    _sending += 1
    try:
        yield
    finally:
        _sending -= 1


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """Of 1 MiB, where a process may have one more so large; else of what the system gives."""
    outlet, inlet = os.pipe()
    try:
        with contextlib.suppress(OSError):
            fcntl.fcntl(inlet, fcntl.F_SETPIPE_SZ, AT_ONCE_BYTES)
        yield outlet, inlet
    finally:
        os.close(outlet)
        os.close(inlet)
