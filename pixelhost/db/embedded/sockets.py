"""The directory of the server's socket: private, and on a path short enough for one."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .cluster import Account, Cluster, EmbeddedPostgresError, short_hash

PORT: Final = "5432"

_SOCKET_NAME: Final = f".s.PGSQL.{PORT}"
_LONGEST_PATH_BYTES: Final = 107  # sun_path in unix(7), without its closing NUL
_RANDOM_SUFFIX: Final = "-xxxxxxxx"  # as long as the one that mkdtemp adds


def make_directory(cluster: Cluster) -> Path:
    """A directory that only the cluster's account and root may enter, without sockets of a dead server."""
    name = f"pixelhost-{cluster.account.uid}-{short_hash(cluster.directory)}"
    for place in _places(cluster):
        if not _is_fit(place, cluster.account, name):
            continue
        directory = place / name
        if not _claim(directory, cluster.account):
            # Somebody was quicker with this name; a random one cannot be taken.
            directory = Path(tempfile.mkdtemp(dir=place, prefix=f"{name}-"))
            os.chown(directory, cluster.account.uid, cluster.account.gid)
        for old in directory.glob(".s.PGSQL.*"):
            old.unlink()
        return directory
    raise EmbeddedPostgresError(
        "there is no private place with a short path for the socket of Postgres: "
        "set XDG_RUNTIME_DIR to a directory of your own, or make /tmp writable"
    )


def _places(cluster: Cluster) -> Iterator[Path]:
    for variable in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        if os.environ.get(variable):
            # systemd joins several with colons.
            yield Path(os.environ[variable].split(":")[0])
    if os.geteuid() == 0:
        yield Path("/run")
    yield Path("/tmp")  # noqa: S108 - _claim trusts nothing it finds there
    yield cluster.directory.parent


def _is_fit(place: Path, account: Account, name: str) -> bool:
    """Whether `place` leaves room for the socket's path, nobody can swap what is in it, and the account gets there."""
    longest = place / f"{name}{_RANDOM_SUFFIX}" / _SOCKET_NAME
    if not place.is_absolute() or len(os.fsencode(longest)) > _LONGEST_PATH_BYTES:
        return False
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return False
    mode = place.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        return False
    return account.can_enter(place)


def _claim(directory: Path, account: Account) -> bool:
    """Make `directory` for the account alone, or take ours of last time; False if it is open or somebody else's."""
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    facts = directory.lstat()
    is_private = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == stat.S_IRWXU
    if not is_private or facts.st_uid not in {account.uid, os.geteuid()}:
        return False
    os.chown(directory, account.uid, account.gid, follow_symlinks=False)
    return True
