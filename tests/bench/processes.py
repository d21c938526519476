"""Programs that the bench runs: started, watched through /proc, and stopped by their process ids."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 40.0
GONE_SECONDS = 5.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class NotMeasuredError(Exception):
    """Something that a measurement needs isn't there, or failed; the text says what to do."""


def find_program(name: str, package: str) -> Path:
    """Beside this Python, else on the PATH or among the system's servers. Raises NotMeasuredError."""
    beside = Path(sys.executable).with_name(name)
    if beside.exists():
        return beside
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise NotMeasuredError(f"{name} is not installed: {package}")
    return Path(found)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A program with its output in `log`, and with pipes only where the caller writes to it. Stopped with the block."""
    with log.open("a") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=folder,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the bench alone, which then stops everything in order.
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """SIGTERM and patience; what is left of the program and its children afterwards is killed."""
    with _uninterrupted(), contextlib.ExitStack() as opened:
        family = []
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                # A descriptor stays with its process; a number may already be somebody else's.
                descriptor = os.pidfd_open(pid)
                opened.callback(os.close, descriptor)
                family.append(descriptor)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        end = time.monotonic() + GONE_SECONDS
        for descriptor in family:
            if not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits, so that nothing is left half stopped."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def await_answer(process: subprocess.Popen[str], port: int, path: str, log: Path) -> None:
    """Return when GET `path` answers 200. Raises NotMeasuredError when the program ends before, or takes too long."""
    _await(lambda: _answers(port, path), process, log)


def await_listeners(process: subprocess.Popen[str], port: int, count: int, log: Path) -> None:
    """Return when `count` sockets listen on the port, for programs that share one."""
    _await(lambda: _listeners(port) >= count, process, log)


def _await(is_ready: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > end:
            raise NotMeasuredError(f"{log.stem} did not start: {last_words(log.read_text(errors='replace'))}")
        time.sleep(0.05)


def last_words(text: str) -> str:
    """The end of what a program has said, in a line."""
    return " | ".join(line.strip() for line in text.strip().splitlines()[-4:])


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listeners(port: int) -> int:
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines())
    return sum(fields[1].endswith(f":{port:04X}") and fields[3] == "0A" for fields in lines)


def descendants(pid: int) -> list[int]:
    """The process and all below it, parents first."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        # Tasks come and go meanwhile.
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += descendants(int(child))
    return found


def cpu_seconds(pids: Sequence[int]) -> dict[str, float]:
    """User and system time that the processes and those below them have used so far, by the names of the programs."""
    used: dict[str, float] = {}
    for each in (below for pid in pids for below in descendants(pid)):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{each}/stat").read_text()
            name = text[text.index("(") + 1 : text.rindex(")")]
            fields = text[text.rindex(")") + 2 :].split()
            used[name] = used.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return used


def own_cpu_seconds() -> float:
    """What this process and the programs that it has waited for have used: the clients, where servers run on."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def peak_resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def reset_peak(pid: int) -> None:
    """Let VmHWM start anew from what is resident now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
