"""What an earlier pixelhost left behind: running servers, backends of a killed one, files that name a reused pid."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .cluster import EmbeddedPostgresError

_SHUTDOWN_SECONDS: Final = 60
_LAST_SECONDS: Final = 5

_log = logging.getLogger("pixelhost")


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says, which may be about a server long dead."""

    pid: int
    socket_dir: Path
    is_ready: bool


def read_postmaster(directory: Path) -> Postmaster | None:
    """Lines 1, 5 and 8 of postmaster.pid (src/include/utils/pidfile.h); None until the server has written them all."""
    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 8:
        return None
    return Postmaster(pid=int(lines[0]), socket_dir=Path(lines[4]), is_ready=lines[7].strip() == "ready")


def is_postgres(pid: int, directory: Path) -> bool:
    """Whether `pid` is a process of Postgres on that cluster, where they all work, or a reused number."""
    process = Path("/proc", str(pid))
    try:
        return (process / "comm").read_text() == "postgres\n" and (process / "cwd").samefile(directory)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def end(directory: Path) -> None:
    """Stop whatever still runs on the cluster in `directory`. Only for the holder of its lock."""
    found = read_postmaster(directory)
    if found and is_postgres(found.pid, directory):
        _log.warning("stopping a Postgres (pid %d) that an earlier pixelhost left running", found.pid)
        _signal([found.pid], signal.SIGINT)
        _await_gone(directory, _SHUTDOWN_SECONDS)
    for signal_number in (signal.SIGQUIT, signal.SIGKILL):
        pids = _processes_on(directory)
        if not pids:
            return
        _signal(pids, signal_number)
        _await_gone(directory, _LAST_SECONDS)
    if _processes_on(directory):
        raise EmbeddedPostgresError(f"an old Postgres on {directory} does not stop: restart this machine")


def disarm_stale_pid(directory: Path) -> None:
    """Keep Postgres from taking an unrelated process with a dead server's pid for that server.

    It takes only its own parent's pid for stale, so the file gets that; by the rest of the file it cleans up the shared
    memory of the dead server. An empty file, from a crash while it was written, it would refuse. Call after `end`.
    """
    path = directory / "postmaster.pid"
    if not path.exists():
        return
    lines = path.read_text().splitlines()
    if not lines:
        path.unlink()
    elif Path("/proc", lines[0]).exists():
        path.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))


def _signal(pids: list[int], signal_number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


def _await_gone(directory: Path, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while _processes_on(directory) and time.monotonic() < deadline:
        time.sleep(0.02)


def _processes_on(directory: Path) -> list[int]:
    if not directory.exists():
        return []
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if is_postgres(pid, directory)]
