"""Making a cluster: whole and on disk, or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

from .cluster import Account, Cluster, EmbeddedPostgresError
from .programs import Programs
from .server import die_with_parent, environment, last_lines

SUPERUSER: Final = "pixelhost"
DATABASE: Final = "pixelhost"

_FIRST_MAJOR_WITH_BUILTIN_LOCALE: Final = 17
_BUILTIN_LOCALE_OPTIONS: Final = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_INITDB_OPTIONS: Final = (
    f"--username={SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--data-checksums",
    "--no-sync",
)


def create(cluster: Cluster, programs: Programs) -> None:
    """Make the cluster with our database in it. It gets its name last, so that a crash leaves nothing half-made."""
    if cluster.directory.exists() and any(cluster.directory.iterdir()):
        raise EmbeddedPostgresError(
            f"{cluster.directory} is not empty but holds no Postgres cluster: move it away, or choose another directory"
        )
    draft = cluster.directory.with_name(f"{cluster.directory.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    os.chown(draft, cluster.account.uid, cluster.account.gid)
    initdb, postgres = programs.directory / "initdb", programs.directory / "postgres"
    builtin_locale = _BUILTIN_LOCALE_OPTIONS if programs.major >= _FIRST_MAJOR_WITH_BUILTIN_LOCALE else ()
    _run([initdb, *_INITDB_OPTIONS, *builtin_locale, "-D", draft], cluster.account)
    single_user: list[str | Path] = [postgres, "--single", "-D", draft, "-c", "exit_on_error=on", "postgres"]
    _run(single_user, cluster.account, stdin=f"CREATE DATABASE {DATABASE};\n")
    _run([initdb, "--sync-only", "-D", draft], cluster.account)
    draft.rename(cluster.directory)
    _sync_directory(cluster.directory.parent)


def _run(arguments: list[str | Path], account: Account, stdin: str = "") -> None:
    done = subprocess.run(
        arguments,
        check=False,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env=environment(),
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    if done.returncode != 0:
        raise EmbeddedPostgresError(
            f"{Path(arguments[0]).name} failed with exit code {done.returncode}; mend what it names and start again. "
            f"Its last words:\n{last_lines(done.stdout)}"
        )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
