"""A real `pixelhost serve` in processes of its own, and what one does to it: ask, signal, kill."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.support import postgres

TOP = Path(__file__).parents[2]
PYTHON_PATH = ":".join([str(TOP), *(path for path in sys.path if path.endswith("-packages"))])
START_SECONDS = 180
STOP_SECONDS = 120


def environment(**settings: object) -> dict[str, str]:
    """Ours without any PIXELHOST_* but `settings`, named without the prefix and in lower case."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIXELHOST_")}
    chosen = {f"PIXELHOST_{name.upper()}": str(value) for name, value in settings.items()}
    return kept | {"PYTHONPATH": PYTHON_PATH} | chosen


def command(
    *arguments: str, env: Mapping[str, str], stdin: str = "", seconds: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run `pixelhost ARGUMENTS` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pixelhost", *arguments],
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """One start of `pixelhost serve`. `key` is that of admin, known only from the first start on a database."""

    def __init__(self, directory: Path, env: Mapping[str, str], workers: int, **popen: Any) -> None:
        self.directory = directory
        self.env = env
        self.output = directory / "output.txt"
        self.log = directory / "log.txt"
        arguments = ["serve", "--listen", "127.0.0.1:0", "--workers", str(workers)]
        popen = {"args": [sys.executable, "-m", "pixelhost", *arguments], "cwd": directory} | popen
        with self.output.open("wb") as output, self.log.open("ab") as log:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=log, **popen
            )
        self.workers = workers
        self.url = ""
        self.key = ""

    @property
    def banner(self) -> str:
        return self.output.read_text()

    def await_ready(self) -> Running:
        until(lambda: "Ctrl-C stops" in self.banner or self.process.poll() is not None, START_SECONDS)
        assert self.process.returncode is None, self.log.read_text()
        self.url = self.banner.partition("serves on ")[2].split()[0]
        self.key = self.banner.partition("API key ")[2].strip().partition("\n")[0]
        return self

    @property
    def worker_pids(self) -> list[int]:
        """The workers that are there now, oldest first."""
        found = children(self.process.pid)
        return [pid for pid in found if b"\0worker\0" in _read(Path(f"/proc/{pid}/cmdline"))]

    def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None, seconds: float = 120) -> Reply:
        """One request on a connection of its own, with the key of admin if there is no other."""
        with closing(self.connect(seconds)) as connection:
            connection.request(method, path, body, authorization(self.key if key is None else key))
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())

    def connect(self, seconds: float = 120) -> http.client.HTTPConnection:
        host, _, port = urlsplit(self.url).netloc.rpartition(":")
        return http.client.HTTPConnection(host, int(port), timeout=seconds)

    def upload(self, name: str, data: bytes, **options: Any) -> str:
        """The ID of the new file."""
        answer = self.ask("PUT", f"/api/file/{quote(name, safe='')}", data, **options)
        assert answer.status == 201, answer.body
        file_id: str = answer.json["id"]
        return file_id

    def command(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Another command on the same data."""
        return command(*arguments, env=self.env, **options)

    def fsck(self) -> dict[str, Any]:
        """The report of a deep one."""
        done = self.command("fsck", "--deep", "--json")
        assert done.stdout, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (1 if report["problems"] else 0)
        return report

    @property
    def data_dir(self) -> Path:
        return Path(self.env["PIXELHOST_DATA_DIR"])

    @property
    def incoming(self) -> list[str]:
        """Names of what is staged."""
        return [path.name for path in (self.data_dir / "blobs" / "incoming").iterdir()]

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        self.process.send_signal(signal_number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to the supervisor, the workers and Postgres, all at once."""
        kill_all(processes_on(self.data_dir))
        self.process.wait(STOP_SECONDS)


@contextmanager
def data_directory() -> Iterator[Path]:
    """A short directory for servers on one `data`. Whatever still runs on it is killed at the end."""
    with postgres.server_directory() as directory:
        try:
            yield directory
        finally:
            kill_all(processes_on(directory))


@contextmanager
def serving(
    directory: Path, workers: int = 2, popen: Mapping[str, Any] | None = None, **settings: Any
) -> Iterator[Running]:
    """A server on `directory`/data that answers. At the end it is stopped, if it still runs, and waited for."""
    env = environment(**({"data_dir": directory / "data"} | settings))
    running = Running(directory, env, workers, **(popen or {}))
    try:
        yield running.await_ready()
        if running.process.poll() is None:
            assert running.stop() == 0
    finally:
        running.kill()


def authorization(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f":{key}".encode()).decode()} if key else {}


def until(is_so: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    return [int(child) for child in _read(Path(f"/proc/{pid}/task/{pid}/children")).split()]


def processes_on(directory: Path) -> list[int]:
    """Whoever has the directory in the environment or works inside it: supervisor, workers, Postgres, commands."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            works_here = (process / "cwd").readlink().is_relative_to(directory)
        except OSError:
            works_here = False
        if works_here or str(directory).encode() + b"/" in _read(process / "environ").replace(b"\0", b"/\0"):
            found.append(int(process.name))
    return found


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    """A zombie is not."""
    state = _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return bool(state) and state[0] not in {b"Z", b"X"}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
