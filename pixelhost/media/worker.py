"""The far side of a media pool: a process that does jobs, and the messages that it exchanges with the near side.

It is handed an open file and the name of a function of `pixelhost.media`, and answers in msgpack: what it sends is
plain data that is checked against the function's return annotation, never a pickle, for a worker may have been taken
over by what it decodes. Its memory, its processor time and its files are limited; it can't write to a file, and it
knows none of the environment's secrets.

One message is its length in 4 bytes, big-endian, and that many bytes of msgpack; with the first byte of a request
comes the file descriptor. A request is a `Job`, the last message about it an `Answer`. Before the answer to a job
that asks for pieces come any number of pieces, which are bytes as they are and whose length has its highest bit set.
"""

import ctypes
import importlib
import math
import os
import resource
import signal
import socket
import struct
import sys
import time
import traceback
import types
import typing
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import BinaryIO, Final

import msgspec

Plain = str | int | float | bool | None

LENGTH: Final = struct.Struct(">I")
IS_PIECE: Final = 1 << 31
PIECE_LIMIT_BYTES: Final = 1 << 20
OPEN_FILES: Final = 64
NICENESS: Final = 10
TRACEBACK_CHARACTERS: Final = 8_000

PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38


class Limits(msgspec.Struct, frozen=True):
    """`cpu_seconds` is for one answer, and in a stream of pieces for each piece."""

    memory_bytes: int
    cpu_seconds: int


class Job(msgspec.Struct, frozen=True, array_like=True):
    module: str
    function: str
    args: tuple[typing.Any, ...]
    wanted: typing.Literal["value", "pieces"]


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What was returned; or the name and the arguments of a declared exception; or a traceback."""

    outcome: typing.Literal["returned", "refused", "failed"]
    value: msgspec.Raw


@cache
def refusals(function: Callable[..., object]) -> tuple[type[Exception], ...]:
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
        _send(near, _done(near, limits, *received))


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


def _done(near: socket.socket, limits: Limits, job: Job, fd: int) -> bytes:
    function = getattr(importlib.import_module(job.module), job.function)
    try:
        with _reopened(fd) as file:
            if job.wanted == "value":
                return _encoded("returned", function(file, *job.args))
            _send_pieces(near, limits, function(file, *job.args))
            return _encoded("returned", None)
    except refusals(function) as refusal:
        args = [value if isinstance(value, Plain) else str(value) for value in refusal.args]
        return _encoded("refused", (type(refusal).__name__, args))


def _send_pieces(near: socket.socket, limits: Limits, pieces: Iterator[bytes]) -> None:
    """Waits in the kernel, without using the processor, while nobody takes them."""
    for piece in pieces:
        for start in range(0, len(piece), PIECE_LIMIT_BYTES):
            part = memoryview(piece)[start : start + PIECE_LIMIT_BYTES]
            near.sendall(LENGTH.pack(len(part) | IS_PIECE))
            near.sendall(part)
        _allow_time(limits.cpu_seconds)


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
