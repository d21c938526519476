"""The parent of `pixelhost serve`: opens the port, starts the workers, restarts the dead, takes all down in order."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

_BACKLOG: Final = 1024
_LAST_PORT: Final = 65535

_EARLY_DEATH_SECONDS: Final = 1
_EARLY_DEATHS_TOLERATED: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.1
_WATCH_SECONDS: Final = 1

_EXIT_STOPPED: Final = 0
_EXIT_FAILED: Final = 1
_EXIT_INTERRUPTED: Final = 130

_PR_SET_PDEATHSIG: Final = 1

_log = logging.getLogger("pixelhost")

_Address = tuple[object, ...]  # host, port; for IPv6 also flow and scope


class ListenError(Exception):
    """The address cannot be listened on; the message says what to do next."""


def open_listeners(listen: tuple[str, int], workers: int) -> list[socket.socket]:
    """One listening socket a worker, all on one address, between which Linux spreads the connections.

    An empty host means all interfaces; port 0 is any free port, the same for all. Raises ListenError.
    """
    family, address = _resolve(*listen)
    with contextlib.ExitStack() as undo:
        try:
            # The others would share the port with a foreign server of the same user without a word; this one would not.
            first = undo.enter_context(_bound(family, address, is_shared=False))
            address = (address[0], first.getsockname()[1], *address[2:])
            listeners = [undo.enter_context(_bound(family, address, is_shared=True)) for _ in range(workers)]
            first.close()
            for listener in listeners:
                listener.listen(_BACKLOG)
        except OSError as error:
            raise ListenError(f"cannot listen on {_shown(address)}: {_advice(error)}") from error
        undo.pop_all()
    return listeners


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, _Address]:
    """IPv4 first for a name that has both, all of both for the empty host."""
    if not 0 <= port <= _LAST_PORT:
        # getaddrinfo would take the remainder.
        raise ListenError(f"cannot listen on {host}:{port}: ports go up to {_LAST_PORT}. Choose another one")
    if not host:
        return (socket.AF_INET6, ("::", port)) if socket.has_dualstack_ipv6() else (socket.AF_INET, ("0.0.0.0", port))  # noqa: S104
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"cannot listen on {host}:{port}: {error}. Give an address of this machine, such as 127.0.0.1:8080"
        ) from error
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, tuple(address)


def _bound(family: socket.AddressFamily, address: _Address, *, is_shared: bool) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened


def _shown(address: _Address) -> str:
    return f"[{address[0]}]:{address[1]}" if ":" in str(address[0]) else f"{address[0]}:{address[1]}"


def _advice(error: OSError) -> str:
    advice = {
        errno.EADDRINUSE: "another program listens there; stop it, or choose another port with --listen HOST:PORT",
        errno.EACCES: "ports below 1024 need root; choose a higher one with --listen HOST:PORT",
        errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 stands for all it has",
    }
    return advice.get(error.errno or 0, f"{error.strerror}; choose another address with --listen HOST:PORT")


def supervise(
    listeners: Sequence[socket.socket],
    command: Callable[[int, int], list[str]],
    env: Mapping[str, str],
    drain_seconds: float,
    on_ready: Callable[[], None],
    watch: Callable[[], bool] | None = None,
    beside: Sequence[socket.socket] = (),
) -> int:
    """Keep one worker running for each listener until SIGTERM or SIGINT; the exit code for the whole program.

    `command(index, fd)` is a worker's command line, `fd` its listener. A worker is ready when it has written a line to
    the file descriptor in PIXELHOST_READY_FD; `on_ready` is called once, when all are. A worker gets SIGTERM, and
    `drain_seconds` later SIGKILL; a second Ctrl-C does not wait. When `watch`, asked every second, says False, all is
    shut down. `beside` are second listeners, one a worker, that are passed on with the first. All listeners are closed.
    Call from the main thread, because workers end with it, and signals go to it.
    """
    with _signals_as_bytes() as wakeups:
        return _Supervisor(listeners, command, env, drain_seconds, on_ready, watch, wakeups, beside).run()


@contextlib.contextmanager
def _signals_as_bytes() -> Iterator[socket.socket]:
    """A socket on which each signal that concerns a supervisor arrives as one byte, its number."""
    readable, writable = socket.socketpair()
    readable.setblocking(False)
    writable.setblocking(False)
    old_wakeup = signal.set_wakeup_fd(writable.fileno(), warn_on_full_buffer=False)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
    old_handlers = {number: signal.signal(number, _let_the_byte_speak) for number in numbers}
    try:
        yield readable
    finally:
        for number, handler in old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(old_wakeup)
        readable.close()
        writable.close()


def _let_the_byte_speak(signal_number: int, frame: FrameType | None) -> None:
    del signal_number, frame


@dataclass
class _Worker:
    index: int
    process: subprocess.Popen[bytes]
    ready_pipe: int | None
    started_at: float
    is_ready: bool = False

    def signal_all(self, signal_number: signal.Signals) -> None:
        """To the worker and the processes that it has started, which share its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal_number)


@dataclass
class _Supervisor:
    listeners: Sequence[socket.socket]
    command: Callable[[int, int], list[str]]
    env: Mapping[str, str]
    drain_seconds: float
    on_ready: Callable[[], None]
    watch: Callable[[], bool] | None
    wakeups: socket.socket
    beside: Sequence[socket.socket] = ()

    workers: list[_Worker] = field(default_factory=list)
    restarts: dict[int, float] = field(default_factory=dict)  # index of a dead worker -> when to start it again
    early_deaths: int = 0
    was_ready: bool = False
    exit_code: int | None = None  # set when stopping
    kill_at: float | None = None
    next_watch: float = field(default_factory=time.monotonic)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> int:
        self.selector.register(self.wakeups, selectors.EVENT_READ)
        try:
            for index in range(len(self.listeners)):
                self._start(index)
            while self.exit_code is None or self.workers:
                self._wait()
                self._bury_the_dead()
                self._keep_time()
        finally:
            self._kill()
            for worker in self.workers:
                worker.process.wait()
                self._close_pipe(worker)
            self._close_listeners()
            self.selector.close()
        return self.exit_code

    def _wait(self) -> None:
        """Until a signal, a word from a worker, or the next thing that is due."""
        due = list(self.restarts.values())
        if self.kill_at is not None:
            due.append(self.kill_at)
        if self.watch and self.exit_code is None:
            due.append(self.next_watch)
        patience = max(0, min(due) - time.monotonic()) if due else None
        for key, _ in self.selector.select(patience):
            if key.fileobj is self.wakeups:
                self._heed(self.wakeups.recv(4096))
            else:
                self._hear(key.data)

    def _heed(self, signal_numbers: bytes) -> None:
        for number in signal_numbers:
            if number == signal.SIGINT and self.exit_code is not None:
                self.exit_code = _EXIT_INTERRUPTED
                self._kill()
            elif number in {signal.SIGINT, signal.SIGTERM}:
                self._stop(_EXIT_STOPPED)

    def _hear(self, worker: _Worker) -> None:
        said = os.read(worker.ready_pipe, 4096) if worker.ready_pipe is not None else b""
        if said and b"\n" not in said:
            return
        self._close_pipe(worker)
        worker.is_ready = bool(said)
        if not self.was_ready and len(self.workers) == len(self.listeners) and all(w.is_ready for w in self.workers):
            self.was_ready = True
            self.on_ready()

    def _start(self, index: int) -> None:
        listener = self.listeners[index].fileno()
        ready_pipe, ready_end = os.pipe()
        try:
            process = subprocess.Popen(
                self.command(index, listener),
                env={**self.env, "PIXELHOST_READY_FD": str(ready_end)},
                stdin=subprocess.DEVNULL,
                pass_fds=(listener, ready_end, *(one.fileno() for one in self.beside[index : index + 1])),
                # Ctrl-C in the terminal is for the supervisor alone, which lets the workers finish.
                process_group=0,
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 - two system calls and nothing else
            )
        except OSError:
            os.close(ready_pipe)
            raise
        finally:
            os.close(ready_end)
        worker = _Worker(index, process, ready_pipe, started_at=time.monotonic())
        self.selector.register(ready_pipe, selectors.EVENT_READ, worker)
        self.workers.append(worker)

    def _bury_the_dead(self) -> None:
        for worker in list(self.workers):
            if worker.process.poll() is None:
                continue
            self.workers.remove(worker)
            self._close_pipe(worker)
            worker.signal_all(signal.SIGKILL)
            if self.exit_code is None:
                self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        end = _how_it_ended(worker.process.returncode)
        is_early = not worker.is_ready or time.monotonic() - worker.started_at < _EARLY_DEATH_SECONDS
        self.early_deaths = self.early_deaths + 1 if is_early else 0
        if self.early_deaths >= _EARLY_DEATHS_TOLERATED:
            _log.error("worker %d %s; workers keep dying at their start, so pixelhost gives up", worker.index, end)
            self._stop(_EXIT_FAILED)
            return
        pause_seconds = _FIRST_PAUSE_SECONDS * 2 ** (self.early_deaths - 1) if is_early else 0
        _log.error("worker %d %s; it is started again in %.1f s", worker.index, end, pause_seconds)
        self.restarts[worker.index] = time.monotonic() + pause_seconds

    def _keep_time(self) -> None:
        now = time.monotonic()
        for index in [index for index, due in self.restarts.items() if due <= now]:
            del self.restarts[index]
            self._start(index)
        if self.watch and self.exit_code is None and self.next_watch <= now:
            self.next_watch = now + _WATCH_SECONDS
            if not self.watch():
                _log.error("the database has stopped, so pixelhost stops too")
                self._stop(_EXIT_FAILED)
        if self.kill_at is not None and self.kill_at <= now:
            _log.warning("workers were still busy after %g s, and are killed", self.drain_seconds)
            self._kill()

    def _stop(self, exit_code: int) -> None:
        """Begin to shut down: refuse connections, let workers finish."""
        if self.exit_code is not None:
            return
        self.exit_code = exit_code
        self.kill_at = time.monotonic() + self.drain_seconds
        self.restarts.clear()
        self._close_listeners()
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.process.terminate()

    def _kill(self) -> None:
        self.kill_at = None
        for worker in self.workers:
            worker.signal_all(signal.SIGKILL)

    def _close_listeners(self) -> None:
        for listener in (*self.listeners, *self.beside):
            listener.close()

    def _close_pipe(self, worker: _Worker) -> None:
        if worker.ready_pipe is not None:
            self.selector.unregister(worker.ready_pipe)
            os.close(worker.ready_pipe)
            worker.ready_pipe = None


def _how_it_ended(returncode: int) -> str:
    if returncode >= 0:
        return f"exited with code {returncode}"
    return f"was killed by {signal.Signals(-returncode).name}"


def _die_with_parent() -> Callable[[], None]:
    """For `preexec_fn`: have Linux send SIGTERM when the supervisor's main thread ends, even by SIGKILL."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    parent = os.getpid()

    def ask() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM.value)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
