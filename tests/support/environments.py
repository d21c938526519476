"""Programs of others in virtual environments of their own: two versions of one package can't share ours."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

INSTALL_SECONDS = 600
PATIENT = ("--retries", "10", "--timeout", "60")


def installed(lock: Path, shared: Path) -> Path:
    """Where the programs are of exactly the packages of a lock file, below a directory that processes may share.

    Raises CalledProcessError, with what pip said, where they can't be had.
    """
    environment = shared / lock.stem
    with (shared / f"{lock.stem}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (environment / "complete").exists():
            _run(sys.executable, "-m", "venv", "--clear", environment)
            _run(environment / "bin" / "pip", "install", *PATIENT, "--quiet", "--require-hashes", "-r", lock)
            (environment / "complete").touch()
    return environment / "bin"


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr[-3000:])
