"""`pixelhost serve` from its first start to its end."""

from __future__ import annotations

import filecmp
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import asyncpg
import pytest

from tests.support import postgres
from tests.support.running import (
    PYTHON_PATH,
    STOP_SECONDS,
    Running,
    authorization,
    children,
    command,
    data_directory,
    environment,
    is_alive,
    processes_on,
    serving,
    until,
)

pytestmark = pytest.mark.journey

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ORDINARY_USER = "www-data"
HALF_BYTES = 8 << 20

_names = (f"serve_{os.getpid()}_{number}" for number in itertools.count())


@pytest.fixture
def directory() -> Iterator[Path]:
    with data_directory() as directory:
        yield directory


@pytest.fixture
async def empty_database() -> str:
    """An empty database on the suite's server."""
    name = next(_names)
    yield await postgres.create_database(os.environ["TEST_POSTGRES_URL"], name)
    await postgres.drop_database(os.environ["TEST_POSTGRES_URL"], name)


def refuses(running: Running) -> bool:
    host, _, port = running.url.removeprefix("http://").rpartition(":")
    with socket.socket() as connection:
        return connection.connect_ex((host, int(port))) != 0


def test_the_first_start_tells_of_admin_once_and_what_it_tells_works(directory):
    with serving(directory) as running:
        banner = running.banner
        password = re.search(r"password +(\S+)", banner)[1]
        assert re.search(rf"API key +{UUID}\n", banner)
        assert banner.count(running.key) == 2
        line = re.search(r"curl -T photo\.jpg .*", banner)[0]
        (directory / "photo.jpg").write_bytes(b"a photo")
        uploaded = subprocess.run(line.split(), cwd=directory, capture_output=True, check=True)
        assert json.loads(uploaded.stdout)["name"] == "photo.jpg"
        form = ("-F", "username=admin", "-F", f"password={password}")
        login = subprocess.run(["curl", "-s", *form, f"{running.url}/api/user/login"], capture_output=True, check=True)
        assert re.fullmatch(UUID, json.loads(login.stdout)["auth_key"])
        assert running.ask("GET", "/api/user").json["is_admin"] is True
        key = running.key

    with serving(directory) as again:
        assert "API key" not in again.banner
        assert "password" not in again.banner
        assert key not in again.banner
        assert again.ask("GET", "/api/user", key=key).json["username"] == "admin"
    log = (directory / "log.txt").read_text()
    assert key not in log
    assert password not in log


def test_the_address_in_use_is_told_before_anything_is_made(directory):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        done = command("serve", "--listen", f"127.0.0.1:{port}", env=environment(data_dir=directory / "data"))

    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: another program listens there" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (directory / "data").exists()


def test_a_second_pixelhost_on_the_same_data_is_refused_and_the_first_goes_on(directory):
    with serving(directory, workers=1) as running:
        done = command("serve", "--listen", "127.0.0.1:0", env=running.env)

        assert done.returncode == 1
        assert f"another pixelhost is running on this data directory (pid {running.process.pid})" in done.stderr
        assert running.ask("GET", "/health").status == 200


def test_every_mistake_in_the_settings_is_told_at_once(directory):
    wrong = environment(
        data_dir=directory / "data", workers="many", registration="perhaps", lisen="x", default_plan="gold"
    )

    done = command("serve", env=wrong)

    assert done.returncode == 1
    assert "PIXELHOST_WORKERS: 'many' is not a whole number" in done.stderr
    assert "PIXELHOST_REGISTRATION: 'perhaps' is not one of 'open', 'closed'" in done.stderr
    assert "PIXELHOST_LISEN: there is no such setting; did you mean PIXELHOST_LISTEN?" in done.stderr
    assert "PIXELHOST_DEFAULT_PLAN: there is no plan 'gold'" in done.stderr
    assert len(done.stderr.splitlines()) == 4
    assert not (directory / "data").exists()


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", "::1:8080"])
def test_a_malformed_address_is_told_with_an_example(directory, listen):
    done = command("serve", "--listen", listen, env=environment(data_dir=directory / "data"))

    assert done.returncode == 2
    assert "127.0.0.1:8080" in done.stderr


def test_a_data_directory_that_cannot_be_made_is_told(directory):
    (directory / "file").touch()

    done = command("serve", "--listen", "127.0.0.1:0", env=environment(data_dir=directory / "file" / "data"))

    assert done.returncode == 1
    assert "PIXELHOST_DATA_DIR" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(directory, empty_database):
    settings = environment(data_dir=directory / "data", database_url=empty_database)
    assert command("migrate", env=settings).returncode == 0
    connection = await asyncpg.connect(empty_database)
    await connection.execute("INSERT INTO schema_version (version) VALUES (9999)")

    done = command("serve", "--listen", "127.0.0.1:0", env=settings)

    assert done.returncode == 1
    assert re.search(
        r"schema version 9999, and this pixelhost knows versions up to \d+: install the newer", done.stderr
    )
    assert "Traceback" not in done.stderr
    assert await connection.fetchval("SELECT count(*) FROM users") == 0
    await connection.close()


def test_a_database_that_does_not_answer_is_told(directory):
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{bound.getsockname()[1]}/none"
        settings = environment(data_dir=directory / "data", database_url=url)
        done = command("serve", "--listen", "127.0.0.1:0", env=settings)

    assert done.returncode == 1
    assert "cannot connect to the database" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_a_database_url_no_postgres_is_started(directory, empty_database):
    with serving(directory, database_url=empty_database) as running:
        assert running.ask("GET", "/health").json["healthy"] is True
        file_id = running.upload("a.txt", b"abc")
        assert running.ask("GET", f"/api/file/{file_id}").body == b"abc"
        assert sorted(children(running.process.pid)) == sorted(running.worker_pids)
        assert not (running.data_dir / "postgres").exists()
        assert running.fsck()["problems"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_a_download_and_an_upload_end_and_leaves_no_process(directory, number):
    data = os.urandom(8_000_000)
    with serving(directory, drain_seconds=STOP_SECONDS) as running:
        key = running.key
        file_id = running.upload("large.bin", data)
        mine = processes_on(directory)
        assert len(mine) > 3
        download = subprocess.Popen(
            ["curl", "-sS", "--limit-rate", "4M", "-o", directory / "back.bin", f"{running.url}/api/file/{file_id}"]
        )
        half_sent, may_end, uploaded = threading.Event(), threading.Event(), []
        sender = threading.Thread(target=lambda: uploaded.append(upload_slowly(running, data, half_sent, may_end)))
        sender.start()
        assert half_sent.wait(STOP_SECONDS)
        until(lambda: (directory / "back.bin").exists() and (directory / "back.bin").stat().st_size)

        running.process.send_signal(number)
        until(lambda: refuses(running))
        time.sleep(0.2)
        assert running.process.poll() is None
        may_end.set()

        assert download.wait(STOP_SECONDS) == 0
        sender.join(STOP_SECONDS)
        assert uploaded, "the upload was cut off"
        assert running.process.wait(STOP_SECONDS) == 0
        assert not any(is_alive(pid) for pid in mine)
        assert processes_on(directory) == []
    (directory / "data.bin").write_bytes(data)
    assert filecmp.cmp(directory / "data.bin", directory / "back.bin", shallow=False)
    with serving(directory) as again:
        assert again.ask("GET", f"/api/file/{uploaded[0]}", key=key).body == data
        assert again.ask("GET", f"/api/file/{file_id}/info", key=key).json["bandwidth_used"] == len(data)


def upload_slowly(running: Running, data: bytes, half_sent: threading.Event, may_end: threading.Event) -> str:
    with closing(running.connect()) as connection:
        headers = authorization(running.key) | {"Content-Length": str(len(data))}
        connection.putrequest("PUT", "/api/file/slow.bin")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(data[: len(data) // 2])
        half_sent.set()
        may_end.wait(STOP_SECONDS)
        connection.send(data[len(data) // 2 :])
        answer = connection.getresponse()
        assert answer.status == 201
        return json.loads(answer.read())["id"]


def test_idle_connections_do_not_hold_up_a_stop(directory):
    patient = serving(directory, workers=1, drain_seconds=2 * STOP_SECONDS)
    with patient as running, closing(running.connect()) as idle:
        idle.request("GET", "/health")
        assert idle.getresponse().read()
        assert running.stop() == 0


def test_an_upload_that_never_ends_is_cut_when_the_time_to_drain_is_over(directory):
    with serving(directory, workers=1, drain_seconds=1) as running, closing(running.connect()) as stalled:
        stalled.putrequest("PUT", "/api/file/stalled.bin")
        for name, value in (authorization(running.key) | {"Content-Length": str(2 * HALF_BYTES)}).items():
            stalled.putheader(name, value)
        stalled.endheaders(bytes(HALF_BYTES))
        until(lambda: running.incoming)
        assert running.stop() == 0
    with serving(directory, workers=1) as again:
        until(lambda: again.incoming == [])
        assert again.fsck() == {"blobs": 0, "size_bytes": 0, "waiting_to_be_swept": 0, "problems": []}


def test_health_tells_of_a_store_that_is_gone(directory):
    with serving(directory, workers=1) as running:
        well = running.ask("GET", "/health")
        assert (well.status, well.json) == (200, {"healthy": True, "problems": []})
        (running.data_dir / "blobs").rename(directory / "away")

        sick = running.ask("GET", "/health")
        assert (sick.status, sick.json["problems"]) == (503, ["store"])
        assert running.ask("PUT", "/api/file/a.txt", b"abc").json["value"] == "writing"

        (directory / "away").rename(running.data_dir / "blobs")
        assert running.ask("GET", "/health").status == 200


def test_when_postgres_dies_pixelhost_stops_and_the_next_start_has_everything(directory):
    with serving(directory) as running:
        file_id = running.upload("a.txt", b"abc")
        (database,) = set(children(running.process.pid)) - set(running.worker_pids)
        os.kill(database, signal.SIGKILL)

        assert running.process.wait(STOP_SECONDS) == 1
        until(lambda: processes_on(directory) == [])
        assert "the database has stopped" in running.log.read_text()
    with serving(directory) as again:
        assert again.ask("GET", f"/api/file/{file_id}").body == b"abc"


def interpreter_for(account: pwd.struct_passwd) -> str | None:
    """A Python of our version that this user can run our packages with."""
    system_wide = shutil.which(f"python3.{sys.version_info[1]}", path="/usr/local/bin:/usr/bin:/bin")
    for candidate in filter(None, (sys.executable, system_wide)):
        tried = (
            subprocess.run(
                [candidate, "-c", "import pixelhost.cli"],
                env={"PYTHONPATH": PYTHON_PATH, "PATH": os.environ["PATH"]},
                user=account.pw_uid,
                group=account.pw_gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
            if can_enter(candidate)
            else None
        )
        if tried and tried.returncode == 0:
            return candidate
    return None


def can_enter(program: str) -> bool:
    """Whether everybody may run it."""
    steps = (*Path(program).parents, *Path(program).resolve().parents)
    return all(step.stat().st_mode & 0o001 for step in steps)


@pytest.mark.skipif(os.geteuid() != 0, reason="every other journey has shown it: this is not root")
def test_it_runs_as_an_ordinary_user_of_the_system(directory):
    try:
        account = pwd.getpwnam(ORDINARY_USER)
    except KeyError:
        pytest.skip(f"this system has no user {ORDINARY_USER}")
    interpreter = interpreter_for(account)
    if interpreter is None:
        pytest.skip(f"no Python with our packages can be reached by {ORDINARY_USER}")
    data = directory / "data"
    data.mkdir()
    os.chown(data, account.pw_uid, account.pw_gid)
    as_user = {
        "args": [interpreter, "-m", "pixelhost", "serve", "--listen", "127.0.0.1:0", "--workers", "2"],
        "user": account.pw_uid,
        "group": account.pw_gid,
        "extra_groups": [],
        "cwd": "/",
    }

    with serving(directory, popen=as_user) as running:
        file_id = running.upload("mine.txt", b"abc")

        assert running.ask("GET", f"/api/file/{file_id}").body == b"abc"
        assert owners(data.rglob("*")) == {account.pw_uid}
        assert owners(Path(f"/proc/{pid}") for pid in processes_on(directory)) == {account.pw_uid}


def owners(paths: Iterable[Path]) -> set[int]:
    """Of those that are still there: Postgres deletes files, and ends processes."""
    found = set()
    for path in paths:
        with suppress(FileNotFoundError):
            found.add(path.stat().st_uid)
    return found
