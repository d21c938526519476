"""Where a cluster lies, which user runs it, and who holds it.

Postgres refuses to run as root. Under root it runs as the owner of an existing cluster, else as `nobody`. What that
user cannot reach where it is, lies under /var/lib/pixelhost-postgres instead, because the modes of other people's
directories are not ours to change.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT_HOME = Path("/var/lib/pixelhost-postgres")

_NOBODY_UID: Final = 65534
_NOBODY_GID: Final = 65534
_NOTE_NAME: Final = "LOCATION"


class EmbeddedPostgresError(Exception):
    """The private Postgres cannot run; the message says what to do next."""


@dataclass(frozen=True)
class Account:
    """The user that initdb and postgres run as."""

    uid: int
    gid: int

    @property
    def groups(self) -> list[int] | None:
        """Supplementary groups to take on; only root may, and must, drop its own."""
        return [] if os.geteuid() == 0 else None

    def can_enter(self, directory: Path) -> bool:
        """Whether the mode bits of `directory` and all above it let this user through; yes to all when not root."""
        if os.geteuid() != 0:
            return True
        return all(self._may_search(step.stat()) for step in (directory, *directory.parents))

    def own(self, file: int) -> None:
        """Leave an open file, made as root, to this user."""
        if os.geteuid() == 0:
            os.fchown(file, self.uid, self.gid)

    def _may_search(self, facts: os.stat_result) -> bool:
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


@dataclass(frozen=True)
class Cluster:
    """One data directory of Postgres. `directory` is `data_dir`, unless the account could not reach that."""

    data_dir: Path
    directory: Path
    account: Account

    @property
    def exists(self) -> bool:
        return (self.directory / "PG_VERSION").exists()

    @property
    def major(self) -> int:
        return int((self.directory / "PG_VERSION").read_text())

    @property
    def log_path(self) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.log")

    @property
    def _lock_path(self) -> Path:
        # Beside the files themselves: a copied LOCATION must not give them a second owner.
        return self.directory.with_name(f"{self.directory.name}.lock")

    def try_lock(self) -> int | None:
        """An open file that holds the cluster's lock until it is closed, or None when another one does."""
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        self.account.own(lock)
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        return lock

    def owner_pid(self) -> str:
        """Who took the lock last."""
        return self._lock_path.read_text().strip()

    def give_to_account(self) -> None:
        """Hand over the files, which belong to root after a copy or a restore."""
        if self.directory.stat().st_uid != self.account.uid:
            for parent, _, names in os.walk(self.directory):
                for path in (Path(parent), *(Path(parent, name) for name in names)):
                    os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def leave_note(self) -> None:
        """Say in the data directory that the cluster is elsewhere."""
        note = self.data_dir / _NOTE_NAME
        if self.directory == self.data_dir or note.exists():
            return
        self.data_dir.mkdir(exist_ok=True)
        note.write_text(
            f"{self.directory}\n\n"
            "The database of this pixelhost is in the directory above, because the user that runs Postgres\n"
            "cannot enter this one. Keep this file, and copy both when you copy the data.\n"
        )


def locate(data_dir: Path) -> Cluster:
    """The cluster that belongs, or will belong, to `data_dir`. Makes the directory it lies in."""
    data_dir = data_dir.resolve()
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    account = _account_for(data_dir)
    note = data_dir / _NOTE_NAME
    if note.exists():
        directory = Path(note.read_text().splitlines()[0])
        return Cluster(data_dir, directory, _account_for(directory))
    if account.can_enter(data_dir.parent):
        return Cluster(data_dir, data_dir, account)
    if (data_dir / "PG_VERSION").exists():
        raise EmbeddedPostgresError(not_entered(account, data_dir.parent))
    return Cluster(data_dir, make_root_home() / short_hash(data_dir), account)


def make_root_home() -> Path:
    """The place for what root's Postgres cannot reach where it is."""
    ROOT_HOME.mkdir(parents=True, exist_ok=True)
    ROOT_HOME.chmod(0o755)
    return ROOT_HOME


def short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def not_entered(account: Account, directory: Path) -> str:
    return (
        f"the user that runs Postgres (uid {account.uid}) cannot enter {directory}: "
        "allow it with `chmod o+x` on that directory and those above it"
    )


def _account_for(directory: Path) -> Account:
    owner_uid = directory.stat().st_uid if directory.exists() else os.geteuid()
    return _account_under_root(owner_uid) if os.geteuid() == 0 else _own_account(directory, owner_uid)


def _own_account(directory: Path, owner_uid: int) -> Account:
    if owner_uid != os.geteuid():
        raise EmbeddedPostgresError(
            f"{directory} belongs to another user (uid {owner_uid}): run pixelhost as that user or as root"
        )
    if not _has_name(owner_uid):
        raise EmbeddedPostgresError(
            f"Postgres needs a user with a name, and uid {owner_uid} has none in /etc/passwd: "
            "add one, run as another user, or set PIXELHOST_DATABASE_URL"
        )
    return Account(owner_uid, os.getegid())


def _account_under_root(owner_uid: int) -> Account:
    if owner_uid != 0 and _has_name(owner_uid):
        # Taking the files from their owner would lock them out when they next start without root.
        return Account(owner_uid, pwd.getpwuid(owner_uid).pw_gid)
    if not _has_name(_NOBODY_UID):
        raise EmbeddedPostgresError(
            f"Postgres does not run as root, and there is no user `nobody` (uid {_NOBODY_UID}) to run it: "
            "add one, run pixelhost as an ordinary user, or set PIXELHOST_DATABASE_URL"
        )
    return Account(_NOBODY_UID, _NOBODY_GID)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
