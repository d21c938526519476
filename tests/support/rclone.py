"""rclone, and the trees of files that it carries."""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

RCLONE = Path(sys.executable).with_name("rclone")
PATIENCE_SECONDS = 600


class Rclone:
    """Runs it in a home of its own, with the remote `pd:` and nothing else configured."""

    def __init__(self, home: Path, url: str, key: str) -> None:
        self.home = home
        config = home / "rclone.conf"
        config.write_text(f"[pd]\ntype = pixeldrain\napi_key = {key}\napi_url = {url}/api\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RCLONE_", "XDG_"))}
        self.env = kept | {"RCLONE_CONFIG": str(config), "HOME": str(home)}

    def try_(self, *arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [RCLONE, *map(str, arguments)],
            env=self.env,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def __call__(self, *arguments: object, stdin: bytes = b"") -> str:
        """What it says when it succeeds without a complaint."""
        done = self.try_(*arguments, stdin=stdin)
        complaints = done.stderr.decode()
        assert (done.returncode, "ERROR" in complaints) == (0, False), complaints[-3000:]
        return done.stdout.decode()

    def listed(self, remote: str) -> dict[str, dict[str, Any]]:
        """Everything below, by path, with hashes and metadata."""
        found = json.loads(self("lsjson", "-R", "--hash", "-M", remote))
        return {entry["Path"]: entry for entry in found}

    def names(self, remote: str) -> list[str]:
        return sorted(entry["Name"] for entry in json.loads(self("lsjson", remote)))

    @contextlib.contextmanager
    def begun(self, *arguments: object) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """It runs beside the block, at whose end it is killed; and the file that it writes its messages to."""
        messages = self.home / "messages.txt"
        with messages.open("wb") as file:
            process = subprocess.Popen([RCLONE, *map(str, arguments)], env=self.env, stdin=subprocess.PIPE, stderr=file)
        try:
            yield process, messages
        finally:
            process.kill()
            with contextlib.suppress(BrokenPipeError):
                process.communicate()


def files_of(top: Path) -> dict[str, Path]:
    return {str(path.relative_to(top)): path for path in top.rglob("*") if path.is_file()}


def directories_of(top: Path) -> dict[str, Path]:
    return {str(path.relative_to(top)): path for path in top.rglob("*") if path.is_dir()}


def assert_same(left: Path, right: Path) -> None:
    """Two local trees, bytes and times."""
    assert files_of(left).keys() == files_of(right).keys()
    assert directories_of(left).keys() == directories_of(right).keys()
    for name, path in files_of(left).items():
        assert filecmp.cmp(path, right / name, shallow=False), name
        assert milliseconds(path) == milliseconds(right / name), name


def milliseconds(path: Path) -> int:
    """When it was changed; rclone's backend keeps that much of it."""
    return path.stat().st_mtime_ns // 1_000_000


def moment(text: str) -> int:
    """A time of lsjson in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
