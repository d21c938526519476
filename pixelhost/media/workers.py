"""The near side of the processes in which hostile bytes are decoded: what feeds them and limits them, for asyncio.

The far side and the messages between the two are in `worker`.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import typing
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO, Concatenate, Final, Literal, ParamSpec, TypeVar

import msgspec

from pixelhost.media.worker import IS_PIECE, LENGTH, PIECE_LIMIT_BYTES, Answer, Job, Limits, Plain, refusals

P = ParamSpec("P")
T = TypeVar("T")
Source = int | str | os.PathLike[str]
"""An open file descriptor, which stays the caller's, or a path."""

ANSWER_LIMIT_BYTES: Final = 64 << 20
JOBS_PER_WORKER: Final = 100
PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME")


class MediaError(Exception):
    """A job that came to nothing for reasons that are not in its arguments."""


class MediaCrashed(MediaError):
    """The worker died, ran out of memory, raised what the function doesn't declare, or answered nonsense."""


class MediaTimedOut(MediaError):
    """The job used up its processor time or its time on the clock."""


class MediaBusy(MediaError):
    """Too many jobs wait already, or too many streams are open; try again later."""


class MediaPool:
    """At most `workers` processes for answers and `streams` for streams, ended after `idle_seconds` without work.

    Streams have processes of their own because each lasts as long as its reader takes. Usable from any number of
    tasks of one event loop. Functions are those of the package or module `allowed_prefix`.
    """

    def __init__(
        self,
        workers: int,
        memory_limit_bytes: int = 512 << 20,
        cpu_seconds: int = 20,
        wall_seconds: float = 30,
        *,
        streams: int = 8,
        waiting_limit: int = 1000,
        idle_seconds: float = 60,
        allowed_prefix: str = "pixelhost.media",
    ) -> None:
        self._limits = Limits(memory_limit_bytes, cpu_seconds)
        self._wall_seconds = wall_seconds
        self._idle_seconds = idle_seconds
        self._allowed_prefix = allowed_prefix
        self._turns = _Turns(workers, waiting_limit, None)
        self._stream_turns = _Turns(streams, waiting_limit, wall_seconds)
        self._idle: dict[_Worker, asyncio.TimerHandle] = {}
        self._endings: set[asyncio.Task[int]] = set()
        self._busy: set[_Worker] = set()
        self._is_closed = False

    async def run(
        self, function: Callable[Concatenate[BinaryIO, P], T], source: Source, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`function(file, *args)` in a worker, where `file` reads `source` from its beginning.

        Arguments are plain data, and so is what comes back, or a dataclass that its annotation names. An exception
        class that the function's module knows and its package defines is raised here as it was there; everything
        else is a `MediaError`. When the caller is cancelled the worker is killed.
        """
        request = self._request(function, "value", args, kwargs)
        async with self._turns.turn():
            with _opened(source) as fd, self._worker() as worker:
                answer = await self._last_word(worker, fd, request)
        return _value(function, answer)

    @asynccontextmanager
    async def stream(
        self,
        function: Callable[Concatenate[BinaryIO, P], Iterator[bytes]],
        source: Source,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces that the generator `function(file, *args)` yields in a worker, each at most 1 MiB.

        The worker goes on when a piece is taken and a few hundred KiB wait; a reader that is slow costs no processor
        time and is never cut. `wall_seconds` is how long the worker may be silent when the reader waits for it, and
        how long a stream waits for its turn: `MediaBusy` after that.

        What goes wrong before the first piece is raised on entering, later errors by the iterator: pieces without
        an error are the whole. Refusals and errors are those of `run`. Leaving the block early kills the worker.
        """
        request = self._request(function, "pieces", args, kwargs)
        async with self._stream_turns.turn():
            with _opened(source) as fd, self._worker() as worker:
                async with (
                    aclosing(self._pieces(function, worker, fd, request)) as following,
                    aclosing(_with_first(await anext(following, None), following)) as pieces,
                ):
                    yield pieces

    async def close(self) -> None:
        """Kills the workers, those at work too, and returns when they are gone. Again is allowed."""
        self._is_closed = True
        for worker in list(self._idle):
            self._end(worker)
        # Those at work are ended by their tasks, which read from their sockets still.
        for worker in self._busy:
            worker.process.kill()
        await asyncio.gather(*self._endings, *(asyncio.to_thread(worker.process.wait) for worker in self._busy))

    def _request(
        self,
        function: Callable[..., object],
        wanted: Literal["value", "pieces"],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> bytes:
        module, name = function.__module__, function.__qualname__
        if kwargs:
            raise TypeError("arguments of a job have no names")
        if not f"{module}.".startswith(f"{self._allowed_prefix}.") or not name.isidentifier():
            raise ValueError(f"not a function of {self._allowed_prefix}: {module}.{name}")
        # A missing annotation shows before the work, not after it.
        _return_type(function)
        if self._is_closed:
            raise MediaBusy("the pool is closed")
        return msgspec.msgpack.encode(Job(module, name, args, wanted))

    @contextmanager
    def _worker(self) -> "Iterator[_Worker]":
        worker = self._take()
        try:
            yield worker
        finally:
            is_fit = not worker.is_at_work and worker.jobs < JOBS_PER_WORKER
            (self._give_back if is_fit else self._end)(worker)

    async def _last_word(self, worker: "_Worker", fd: int, request: bytes) -> Answer:
        async with self._watched(worker):
            await worker.ask(fd, request)
            is_piece, message = await worker.next_message()
        if is_piece:
            raise MediaCrashed("the worker answered nonsense: a piece")
        answer = _answer(message)
        worker.is_at_work = False
        return answer

    async def _pieces(
        self, function: Callable[..., object], worker: "_Worker", fd: int, request: bytes
    ) -> AsyncGenerator[bytes, None]:
        async with self._watched(worker):
            await worker.ask(fd, request)
        while True:
            async with self._watched(worker):
                is_piece, message = await worker.next_message()
            if not is_piece:
                break
            yield message
        answer = _answer(message)
        worker.is_at_work = False
        _raise_refusal(function, answer)

    @asynccontextmanager
    async def _watched(self, worker: "_Worker") -> AsyncIterator[None]:
        """Limits the time on the clock, and says why the worker has died."""
        try:
            async with asyncio.timeout(self._wall_seconds):
                yield
        except TimeoutError:
            raise MediaTimedOut(f"no answer after {self._wall_seconds} s") from None
        except (OSError, EOFError):
            raise await self._post_mortem(worker) from None

    def _take(self) -> "_Worker":
        """An idle worker that still lives, else a new one. Doesn't wait, so no two tasks take the same."""
        if self._is_closed:
            raise MediaBusy("the pool is closed")
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.is_alive():
                break
            self._end(worker)
        else:
            worker = _started(self._limits)
        self._busy.add(worker)
        return worker

    def _give_back(self, worker: "_Worker") -> None:
        if self._is_closed:
            self._end(worker)
            return
        self._busy.discard(worker)
        timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._end, worker)
        self._idle[worker] = timer

    def _end(self, worker: "_Worker") -> None:
        self._busy.discard(worker)
        if timer := self._idle.pop(worker, None):
            timer.cancel()
        if worker.is_ended:
            return
        worker.kill()
        ending = asyncio.get_running_loop().create_task(asyncio.to_thread(worker.process.wait))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _post_mortem(self, worker: "_Worker") -> MediaError:
        self._end(worker)
        status = await asyncio.to_thread(worker.process.wait)
        if status == -signal.SIGXCPU:
            return MediaTimedOut(f"more than {self._limits.cpu_seconds} s of processor time")
        return MediaCrashed(f"the worker ended with status {status}")


class _Turns:
    """`count` at a time. At most `waiting_limit` wait for their turn, each for `patience_seconds`; None: for ever."""

    def __init__(self, count: int, waiting_limit: int, patience_seconds: float | None) -> None:
        self._places = asyncio.Semaphore(count)
        self._vacancies = count + waiting_limit
        self._patience_seconds = patience_seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises MediaBusy."""
        if self._vacancies == 0:
            raise MediaBusy("too many jobs wait")
        self._vacancies -= 1
        try:
            await self._wait()
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._vacancies += 1

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise MediaBusy("no turn came") from None


class _Worker:
    """The near side of one process. It does one job at a time."""

    def __init__(self, near: socket.socket, process: subprocess.Popen[bytes]) -> None:
        near.setblocking(False)
        self._socket = near
        self.process = process
        self.jobs = 0
        self.is_at_work = False
        self.is_ended = False

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.is_ended = True
        self._socket.close()
        self.process.kill()

    async def ask(self, fd: int, request: bytes) -> None:
        """OSError when the process dies meanwhile."""
        self.jobs += 1
        self.is_at_work = True
        socket.send_fds(self._socket, [LENGTH.pack(len(request))], [fd])
        await asyncio.get_running_loop().sock_sendall(self._socket, request)

    async def next_message(self) -> tuple[bool, bytes]:
        """A piece, or the message after which none follows. OSError or EOFError when the process dies meanwhile."""
        (length,) = LENGTH.unpack(await self._receive(LENGTH.size))
        is_piece, size_bytes = bool(length & IS_PIECE), length & ~IS_PIECE
        if size_bytes > (PIECE_LIMIT_BYTES if is_piece else ANSWER_LIMIT_BYTES):
            raise EOFError("a message that is too long")
        return is_piece, await self._receive(size_bytes)

    async def _receive(self, size_bytes: int) -> bytes:
        received = bytearray(size_bytes)
        rest = memoryview(received)
        while rest:
            count = await asyncio.get_running_loop().sock_recv_into(self._socket, rest)
            if count == 0:
                raise EOFError("the worker hung up")
            rest = rest[count:]
        return bytes(received)


def _started(limits: Limits) -> _Worker:
    near, far = socket.socketpair()
    arguments = [str(far.fileno()), str(os.getpid()), msgspec.json.encode(limits).decode()]
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pixelhost.media.worker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[far.fileno()],
            start_new_session=True,
            env=_environment(),
        )
    except OSError as error:
        near.close()
        raise MediaCrashed(f"no worker could be started: {error}") from error
    finally:
        far.close()
    return _Worker(near, process)


def _environment() -> dict[str, str]:
    """None of the server's own: that holds keys and passwords. The module path is the server's."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed_on | {
        "LC_ALL": "C.UTF-8",
        "MALLOC_ARENA_MAX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path),
    }


@contextmanager
def _opened(source: Source) -> Iterator[int]:
    if isinstance(source, int):
        yield source
        return
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


async def _with_first(first: bytes | None, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    if first is not None:
        yield first
    async for piece in pieces:
        yield piece


def _answer(encoded: bytes) -> Answer:
    try:
        answer = msgspec.msgpack.decode(encoded, type=Answer)
        if answer.outcome != "failed":
            return answer
        traceback_text = msgspec.msgpack.decode(answer.value, type=str)
    except msgspec.MsgspecError as error:
        raise MediaCrashed(f"the worker answered nonsense: {error}") from error
    raise MediaCrashed(traceback_text)


def _value(function: Callable[..., T], answer: Answer) -> T:
    _raise_refusal(function, answer)
    try:
        value: T = msgspec.msgpack.decode(answer.value, type=_return_type(function))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MediaCrashed(f"the worker answered nonsense: {error}") from error
    return value


def _raise_refusal(function: Callable[..., object], answer: Answer) -> None:
    if answer.outcome != "refused":
        return
    try:
        name, args = msgspec.msgpack.decode(answer.value, type=tuple[str, list[Plain]])
        refusal = {kind.__name__: kind for kind in refusals(function)}[name](*args)
    except (msgspec.MsgspecError, LookupError, TypeError) as error:
        raise MediaCrashed(f"the worker answered nonsense: {error}") from error
    raise refusal


@cache
def _return_type(function: Callable[..., object]) -> object:
    return typing.get_type_hints(function)["return"]
