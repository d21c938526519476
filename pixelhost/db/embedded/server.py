"""The server process: what it is started with, when it is ready, how it ends."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from . import leftovers, sockets
from .cluster import Cluster, EmbeddedPostgresError
from .programs import Programs

START_SECONDS: Final = 60
QUIT_SECONDS: Final = 5

_LARGEST_LOG_BYTES: Final = 10 * 1024 * 1024
_PR_SET_PDEATHSIG: Final = 1

_log = logging.getLogger("pixelhost")

SETTINGS: Final[Mapping[str, str]] = {
    # The private socket directory is the only door, and its mode the only key.
    "listen_addresses": "",
    "port": sockets.PORT,
    "unix_socket_permissions": "0700",
    # Said aloud, so that no line in postgresql.conf can trade an acknowledged upload for speed.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # The rows of a small host fit; the rest of the memory serves the files themselves.
    "shared_buffers": "128MB",
    # A pool of ten in each of eight workers, and room for the commands beside them.
    "max_connections": "100",
    # Where a container sees huge pages that it may not use, trying kills the server.
    "huge_pages": "off",
    # Nothing replicates from a private server, and its log is smaller without that.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # After a checkpoint the first change of a page logs the whole page: mostly compressible, and mostly of one row.
    "wal_compression": "on",
    # Compiling a query, or spreading it over processes, takes longer than our short queries do.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # On a solid disk, or in memory, an index beats a scan earlier than the default thinks.
    "random_page_cost": "1.1",
    # Counters rewrite the same rows all day: clean up at a twentieth of dead rows, not at a fifth.
    "autovacuum_vacuum_scale_factor": "0.05",
    # Time is aware UTC everywhere, whatever zone the machine is in.
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log is for trouble, and must not repeat the values in a refused row (addresses, names).
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
}


def spawn(
    cluster: Cluster, programs: Programs, socket_dir: Path, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = [f"--{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
    log = os.open(cluster.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        cluster.account.own(log)
        return subprocess.Popen(
            [programs.directory / "postgres", "-D", cluster.directory, "-k", socket_dir, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(),
            # Ctrl-C in the terminal is for pixelhost, which stops the server last.
            start_new_session=True,
            user=cluster.account.uid,
            group=cluster.account.gid,
            extra_groups=cluster.account.groups,
            preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 - two system calls and nothing else
        )
    finally:
        os.close(log)


def await_ready(process: subprocess.Popen[bytes], cluster: Cluster, log_start: int) -> None:
    """Wait until the server takes connections, as long as it likes while it says that it recovers."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        found = leftovers.read_postmaster(cluster.directory)
        is_ours = found is not None and found.pid == process.pid
        if found and is_ours and found.is_ready:
            return
        if time.monotonic() > deadline and not is_ours:
            raise EmbeddedPostgresError(f"Postgres does not start: read {cluster.log_path}, and start again")
        if time.monotonic() > deadline:
            _log.warning("Postgres is still recovering; %s may tell more", cluster.log_path)
            deadline += START_SECONDS
        time.sleep(0.01)
    with cluster.log_path.open(errors="replace") as log:
        log.seek(log_start)
        last_words = last_lines(log.read())
    raise EmbeddedPostgresError(
        f"Postgres ended while starting, with exit code {process.returncode}; mend what it names and start again. "
        f"Its last words, from {cluster.log_path}:\n{last_words}"
    )


def end(process: subprocess.Popen[bytes], timeout_seconds: float) -> None:
    """Fast shutdown, then immediate shutdown, then no questions."""
    for signal_number, patience in ((signal.SIGINT, timeout_seconds), (signal.SIGQUIT, QUIT_SECONDS)):
        if process.poll() is None:
            process.send_signal(signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
    if process.poll() is None:
        process.kill()
        process.wait()


def rotate_log(path: Path) -> int:
    """Put a large log aside, as one older log. The size of what stays."""
    if not path.exists():
        return 0
    size_bytes = path.stat().st_size
    if size_bytes <= _LARGEST_LOG_BYTES:
        return size_bytes
    path.replace(path.with_name(f"{path.name}.1"))
    return 0


def last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-10:])


def environment() -> dict[str, str]:
    """Ours without what would steer Postgres elsewhere (PGDATA, PGPORT) or change the language of its messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def die_with_parent(signal_number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: have Linux send `signal_number` when the thread that starts this process ends.

    Subprocess calls it after the change of user, which would clear the request. All it needs is looked up before the
    fork.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    parent = os.getpid()

    def ask() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal_number.value)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask
