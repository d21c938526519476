"""The servers that are compared: pixelhost as `pixelhost serve` runs it, and its yardsticks, each on its own port."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from pixelhost.db import embedded
from tests.bench import bare, load
from tests.bench.processes import (
    NotMeasuredError,
    await_answer,
    await_listeners,
    descendants,
    find_program,
    free_port,
    last_words,
    running,
)

TOP = Path(__file__).parents[2]
CORES = len(os.sched_getaffinity(0))
CLI_SECONDS = 60

NGINX_CONF = """
daemon off;
worker_processes auto;
pid {folder}/pid;
error_log {folder}/error.log warn;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 10000000;
    client_max_body_size 0;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/root;
        location / {{ dav_methods PUT; }}
    }}
}}
"""


@dataclass(frozen=True)
class Server:
    """`folder` is what it serves; pixelhost's is its data directory."""

    port: int
    pid: int
    folder: Path


@dataclass(frozen=True)
class Pixelhost(Server):
    key: str

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return [pid for pid in descendants(self.pid) if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def put(self, body: bytes) -> str:
        """Upload a small file; its ID."""
        return self.put_all([body])[0]

    def put_all(self, bodies: list[bytes]) -> list[str]:
        """Upload small files; their IDs, in no particular order."""
        answers: list[bytes] = []
        requests = (load.put(f"/api/file/{number}.bin", self.key, body) for number, body in enumerate(bodies))
        load.drive(self.port, requests, min(32, len(bodies)), answers.append)
        return [answer.partition(b'"id":"')[2].partition(b'"')[0].decode() for answer in answers]

    def sql(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """One statement in its own database, for what would take too long by requests."""
        lines = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()
        url = f"postgresql://pixelhost@/pixelhost?host={lines[4]}&port={lines[3]}"
        return asyncio.run(_fetched(url, statement, arguments))

    def add_user(self, name: str) -> str:
        """The key of a new account."""
        return _pixelhost_cli(self.folder, "user", "add", name).split()[-1]

    def fsck(self) -> None:
        """Raises NotMeasuredError when it finds something: figures of a broken account are worth nothing."""
        _pixelhost_cli(self.folder, "fsck")

    def delete_file(self, file_id: str) -> None:
        """Delete the file and its bytes. The server itself would keep them for an hour, in memory here."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("DELETE", f"/api/file/{file_id}", headers={"Authorization": load.basic(self.key)})
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != http.HTTPStatus.OK:
            raise NotMeasuredError(f"pixelhost answered {status} to DELETE /api/file/{file_id}")
        self.sweep()

    def sweep(self) -> None:
        """Delete the bytes that nothing refers to, now."""
        _pixelhost_cli(self.folder, "job", "sweep", grace_seconds=0)


async def _fetched(url: str, statement: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


@contextlib.contextmanager
def pixelhost(folder: Path, **settings: object) -> Iterator[Pixelhost]:
    """`pixelhost serve` with its defaults but for `settings`, on a fresh data directory that goes with the block."""
    with _fresh(folder / "pixelhost") as data_dir:
        port, log = free_port(), folder / "pixelhost.log"
        command = [str(find_program("pixelhost", "make test")), "serve", "--listen", f"127.0.0.1:{port}"]
        with running(command, log, _environment(data_dir) | _as_variables(settings), TOP) as process:
            await_answer(process, port, "/health", log)
            key = _pixelhost_cli(data_dir, "key", "admin").split()[-1]
            yield Pixelhost(port, process.pid, data_dir, key)


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """Debian's nginx: GET of what is in its folder, and PUT into it."""
    program = find_program("nginx", "apt-get install nginx-light")
    with _fresh(folder / "nginx") as home:
        port, log, root = free_port(), folder / "nginx.log", home / "root"
        root.mkdir()
        (root / "up").write_text("up")
        # Under root the workers would be another user's, who owns nothing here.
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        conf = home / "nginx.conf"
        conf.write_text(NGINX_CONF.format(folder=home, port=port, user=user))
        with running([program, "-p", home, "-e", log, "-c", conf], log) as process:
            await_answer(process, port, "/up", log)
            yield Server(port, process.pid, root)


@contextlib.contextmanager
def rclone(folder: Path) -> Iterator[Server]:
    """`rclone serve webdav` of a folder, with its defaults."""
    program = find_program("rclone", "make test installs it")
    with _fresh(folder / "rclone") as root:
        port, log = free_port(), folder / "rclone.log"
        env = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
        env |= {"RCLONE_CONFIG": str(folder / "rclone.conf"), "HOME": str(folder)}
        (root / "up").write_text("up")
        with running([program, "serve", "webdav", root, "--addr", f"127.0.0.1:{port}"], log, env) as process:
            await_answer(process, port, "/up", log)
            yield Server(port, process.pid, root)


@contextlib.contextmanager
def copyparty(folder: Path, processes: int) -> Iterator[Server]:
    """Read access to a folder for everyone; silent, because a line for each request would slow it down."""
    program = find_program("copyparty", "make test installs it")
    with _fresh(folder / f"copyparty-{processes}") as home:
        port, log, root = free_port(), folder / f"copyparty-{processes}.log", home / "root"
        root.mkdir()
        (home / "config").mkdir()
        (root / "up").write_text("up")
        env = dict(os.environ) | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
        command = [str(program), "-q", "-i", "127.0.0.1", "-p", str(port), "-v", f"{root}::r", "-j", str(processes)]
        with running(command, log, env, home) as process:
            await_answer(process, port, "/up", log)
            yield Server(port, process.pid, root)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URL of another Postgres such as pixelhost starts, with the table of the bare programs."""
    with _fresh(folder / "bare") as home:
        try:
            server = embedded.start(home / "postgres")
        except embedded.EmbeddedPostgresError as error:
            raise NotMeasuredError(str(error)) from error
        try:
            yield server.url
        finally:
            server.stop()


@contextlib.contextmanager
def bare_info(folder: Path, processes: int) -> Iterator[tuple[list[Server], str]]:
    """The bare handlers of one query, which share a port, and a path that they answer."""
    with _bare(folder, "info", processes) as (started, file_id):
        yield started, f"/{file_id}"


@contextlib.contextmanager
def bare_insert(folder: Path, processes: int) -> Iterator[list[Server]]:
    """The bare handlers of one row, which share a port: POST /."""
    with _bare(folder, "insert", processes) as (started, _):
        yield started


@contextlib.contextmanager
def _bare(folder: Path, handler: str, processes: int) -> Iterator[tuple[list[Server], str]]:
    """And the ID of a row."""
    with postgres(folder) as url, contextlib.ExitStack() as started:
        file_id = asyncio.run(bare.prepare(url))
        port, log = free_port(), folder / "bare.log"
        command = [sys.executable, "-m", "tests.bench.bare", handler, str(port), url]
        servers = []
        for number in range(1, processes + 1):
            process = started.enter_context(running(command, log, folder=TOP))
            await_listeners(process, port, number, log)
            servers.append(Server(port, process.pid, folder))
        yield servers, file_id


@contextlib.contextmanager
def _fresh(directory: Path) -> Iterator[Path]:
    """Enterable by others, because Postgres runs as somebody else under root."""
    directory.mkdir()
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _environment(data_dir: Path) -> dict[str, str]:
    """Ours without anybody's settings: the defaults are what is measured."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIXELHOST_")}
    return own | {"PIXELHOST_DATA_DIR": str(data_dir)}


def _as_variables(settings: Mapping[str, object]) -> dict[str, str]:
    return {f"PIXELHOST_{name.upper()}": str(value) for name, value in settings.items()}


def _pixelhost_cli(data_dir: Path, *arguments: str, grace_seconds: int | None = None) -> str:
    env = _environment(data_dir)
    if grace_seconds is not None:
        env["PIXELHOST_SWEEP_GRACE_SECONDS"] = str(grace_seconds)
    command = [str(find_program("pixelhost", "make test")), *arguments]
    done = subprocess.run(command, env=env, cwd=TOP, capture_output=True, text=True, timeout=CLI_SECONDS, check=False)
    if done.returncode:
        raise NotMeasuredError(f"pixelhost {' '.join(arguments)} failed: {last_words(done.stderr)}")
    return done.stdout
