"""Processes in which hostile bytes are decoded, and the asyncio side that feeds them.

A worker is this module run as a program. It is handed an open file and the name of a function of `pixelhost.media`,
and answers in msgpack: what it sends is plain data that is checked against the function's return annotation, never
a pickle, for a worker may have been taken over by what it decodes. Its memory, its processor time and its files are
limited; it can't write to a file, and it knows none of the environment's secrets.

One message is its length in 4 bytes, big-endian, and that many bytes of msgpack; with the first byte of a request
comes the file descriptor. A request is a `Job`, an answer an `Answer`.
"""

import asyncio
import ctypes
import importlib
import math
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO, Concatenate, Final, ParamSpec, TypeVar

import msgspec

P = ParamSpec("P")
T = TypeVar("T")
Plain = str | int | float | bool | None
Source = int | str | os.PathLike[str]
"""An open file descriptor, which stays the caller's, or a path."""

LENGTH: Final = struct.Struct(">I")
ANSWER_LIMIT_BYTES: Final = 64 << 20
JOBS_PER_WORKER: Final = 100
OPEN_FILES: Final = 64
NICENESS: Final = 10
TRACEBACK_CHARACTERS: Final = 8_000
PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME")

PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38


class MediaError(Exception):
    """A job that came to nothing for reasons that are not in its arguments."""


class MediaCrashed(MediaError):
    """The worker died, ran out of memory, raised what the function doesn't declare, or answered nonsense."""


class MediaTimedOut(MediaError):
    """The job used up its processor time or its time on the clock."""


class MediaBusy(MediaError):
    """Too many jobs wait already; try again later."""


class Limits(msgspec.Struct, frozen=True):
    memory_bytes: int
    cpu_seconds: int


class Job(msgspec.Struct, frozen=True, array_like=True):
    module: str
    function: str
    args: tuple[typing.Any, ...]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What was returned; or the name and the arguments of a declared exception; or a traceback."""

    outcome: typing.Literal["returned", "refused", "failed"]
    value: msgspec.Raw


class MediaPool:
    """At most `workers` processes, started when there is work and ended after `idle_seconds` without.

    Usable from any number of tasks of one event loop. Functions are those of the package or module `allowed_prefix`.
    """

    def __init__(
        self,
        workers: int,
        memory_limit_bytes: int = 1 << 30,
        cpu_seconds: int = 20,
        wall_seconds: float = 30,
        *,
        waiting_limit: int = 1000,
        idle_seconds: float = 60,
        allowed_prefix: str = "pixelhost.media",
    ) -> None:
        self._limits = Limits(memory_limit_bytes, cpu_seconds)
        self._wall_seconds = wall_seconds
        self._idle_seconds = idle_seconds
        self._allowed_prefix = allowed_prefix
        self._slots = asyncio.Semaphore(workers)
        self._vacancies = workers + waiting_limit
        self._idle: dict[_Worker, asyncio.TimerHandle] = {}
        self._endings: set[asyncio.Task[int]] = set()
        self._busy: set[_Worker] = set()
        self._is_closed = False

    async def run(
        self, function: Callable[Concatenate[BinaryIO, P], T], source: Source, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`function(file, *args)` in a worker, where `file` reads `source` from its beginning.

        Arguments are plain data, and so is what comes back, or a dataclass that its annotation names. An exception
        class of the function's own module is raised here as it was there; everything else is a `MediaError`. When
        the caller is cancelled the worker is killed.
        """
        if kwargs:
            raise TypeError("arguments of a job have no names")
        request = msgspec.msgpack.encode(self._job(function, args))
        if self._is_closed or self._vacancies == 0:
            raise MediaBusy("the pool is closed" if self._is_closed else "too many jobs wait")
        self._vacancies -= 1
        try:
            async with self._slots:
                with _opened(source) as fd:
                    answer = await self._ask_some_worker(fd, request)
        finally:
            self._vacancies += 1
        return _value(function, answer)

    async def close(self) -> None:
        """Kills the workers, those at work too, and returns when they are gone. Again is allowed."""
        self._is_closed = True
        for worker in list(self._idle):
            self._end(worker)
        # Those at work are ended by their tasks, which read from their sockets still.
        for worker in self._busy:
            worker.process.kill()
        await asyncio.gather(*self._endings, *(asyncio.to_thread(worker.process.wait) for worker in self._busy))

    def _job(self, function: Callable[..., object], args: tuple[object, ...]) -> Job:
        module, name = function.__module__, function.__qualname__
        if not f"{module}.".startswith(f"{self._allowed_prefix}.") or not name.isidentifier():
            raise ValueError(f"not a function of {self._allowed_prefix}: {module}.{name}")
        # A missing annotation shows before the work, not after it.
        _return_type(function)
        return Job(module, name, args)

    async def _ask_some_worker(self, fd: int, request: bytes) -> Answer:
        worker = self._take()
        is_fit = False
        try:
            async with asyncio.timeout(self._wall_seconds):
                answer = _answer(await worker.ask(fd, request))
            is_fit = worker.jobs < JOBS_PER_WORKER
        except TimeoutError:
            raise MediaTimedOut(f"no answer after {self._wall_seconds} s") from None
        except (OSError, EOFError):
            raise await self._post_mortem(worker) from None
        else:
            return answer
        finally:
            (self._give_back if is_fit else self._end)(worker)

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


class _Worker:
    """The near side of one process. It does one job at a time."""

    def __init__(self, near: socket.socket, process: subprocess.Popen[bytes]) -> None:
        near.setblocking(False)
        self._socket = near
        self.process = process
        self.jobs = 0
        self.is_ended = False

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.is_ended = True
        self._socket.close()
        self.process.kill()

    async def ask(self, fd: int, request: bytes) -> bytes:
        """OSError or EOFError when the process dies meanwhile."""
        self.jobs += 1
        socket.send_fds(self._socket, [LENGTH.pack(len(request))], [fd])
        await asyncio.get_running_loop().sock_sendall(self._socket, request)
        (size_bytes,) = LENGTH.unpack(await self._receive(LENGTH.size))
        if size_bytes > ANSWER_LIMIT_BYTES:
            raise EOFError("an answer that is too long")
        return await self._receive(size_bytes)

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
            [sys.executable, "-P", "-m", "pixelhost.media.workers", *arguments],
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
    try:
        if answer.outcome == "returned":
            value: T = msgspec.msgpack.decode(answer.value, type=_return_type(function))
            return value
        name, args = msgspec.msgpack.decode(answer.value, type=tuple[str, list[Plain]])
        refusal = {kind.__name__: kind for kind in _refusals(function)}[name](*args)
    except (msgspec.MsgspecError, RecursionError, LookupError, TypeError) as error:
        raise MediaCrashed(f"the worker answered nonsense: {error}") from error
    raise refusal


@cache
def _return_type(function: Callable[..., object]) -> object:
    return typing.get_type_hints(function)["return"]


@cache
def _refusals(function: Callable[..., object]) -> tuple[type[Exception], ...]:
    """The exception classes that the function's module knows and its package defines."""
    package = function.__module__.rpartition(".")[0] or function.__module__
    found = [value for value in vars(sys.modules[function.__module__]).values() if isinstance(value, type)]
    return tuple(
        kind for kind in found if issubclass(kind, Exception) and f"{kind.__module__}.".startswith(f"{package}.")
    )


def work(near_fd: int, parent: int, limits: Limits) -> None:
    """Does the jobs that come through `near_fd`, one after the other, until there is nobody on its other side.

    An exception that isn't declared ends the worker, for nobody knows what state it is in.
    """
    _confine(limits)
    if os.getppid() != parent:
        return
    near = socket.socket(fileno=near_fd)
    sys.excepthook = partial(_confess, near)
    while (received := _next_job(near)) is not None:
        _allow_time(limits.cpu_seconds)
        _send(near, _done(*received))


def _confine(limits: Limits) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.nice(NICENESS)
    for limited, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(limited)
        lowered = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limited, (lowered, lowered))


def _allow_time(cpu_seconds: int) -> None:
    """Counted from now on. The kernel ends the process by SIGXCPU."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time()) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most))


def _next_job(near: socket.socket) -> tuple[Job, int] | None:
    """A job and the descriptor of its file; None when the pool has hung up."""
    length, fds, _, _ = socket.recv_fds(near, LENGTH.size, 1)
    if not length:
        return None
    (size_bytes,) = LENGTH.unpack(length)
    request = bytearray(size_bytes)
    rest = memoryview(request)
    while rest:
        count = near.recv_into(rest)
        if count == 0:
            return None
        rest = rest[count:]
    return msgspec.msgpack.decode(request, type=Job), fds[0]


def _done(job: Job, fd: int) -> bytes:
    function = getattr(importlib.import_module(job.module), job.function)
    try:
        with _reopened(fd) as file:
            return _encoded("returned", function(file, *job.args))
    except _refusals(function) as refusal:
        args = [value if isinstance(value, Plain) else str(value) for value in refusal.args]
        return _encoded("refused", (type(refusal).__name__, args))


def _reopened(fd: int) -> BinaryIO:
    """The file with an offset of its own, as that of `fd` is shared with everybody it was sent to.

    Where a file can't be opened a second time the shared offset is set to the beginning.
    """
    try:
        own = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.lseek(fd, 0, os.SEEK_SET)
        return open(fd, "rb")
    os.close(fd)
    return open(own, "rb")


def _encoded(outcome: str, value: object) -> bytes:
    return msgspec.msgpack.encode((outcome, value))


def _send(near: socket.socket, answer: bytes) -> None:
    near.sendall(LENGTH.pack(len(answer)))
    near.sendall(answer)


def _confess(
    near: socket.socket, kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    lines = traceback.format_exception(kind, error, trace)
    _send(near, _encoded("failed", "".join(lines)[-TRACEBACK_CHARACTERS:]))


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]), msgspec.json.decode(sys.argv[3], type=Limits))
