"""The command line: thin. Each command reads the settings, opens what it needs, and calls one verb."""

import asyncio
import logging
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from pixelhost import __version__, jobs, worker
from pixelhost import serve as supervisor
from pixelhost import settings as settings_module
from pixelhost.blobs.contract import StoreError
from pixelhost.core import admin as administration
from pixelhost.core import keyrotation, login, verify
from pixelhost.db import connect, embedded, migrate, users
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.keyring import KeyringError
from pixelhost.model import AccountDetails, User
from pixelhost.settings import Settings, SettingsError
from pixelhost.site import Site, open_site

T = TypeVar("T")

log = logging.getLogger("pixelhost")

PAGE = 1000

TIME_TO_CLOSE_SECONDS = 3
"""What a worker has after draining to write its counters, before it is killed."""

EXPLAINED = (
    ApiError,
    ApiErrors,
    KeyringError,
    SettingsError,
    StoreError,
    connect.DatabaseError,
    embedded.EmbeddedPostgresError,
    migrate.SchemaError,
    supervisor.ListenError,
)
"""Failures whose text is written for the person at the terminal."""


class _Commands(click.Group):
    """Turns explained failures into one message and exit code 1, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPLAINED as error:
            for line in _explanation(error):
                click.echo(f"pixelhost: {line}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pixelhost")
def main() -> None:
    """A self-hosted, Pixeldrain-compatible file host. Settings come from PIXELHOST_* variables: see `config`."""


@main.command()
@click.option("--listen", metavar="HOST:PORT", help="Address to serve on (PIXELHOST_LISTEN).")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes on the one port (PIXELHOST_WORKERS).")
@click.option("--data-dir", type=Path, help="Where everything is kept (PIXELHOST_DATA_DIR).")
def serve(listen: str | None, workers: int | None, data_dir: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM. The first start makes the account `admin`."""
    try:
        address = settings_module.listen_address(listen) if listen is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None
    settings = _settings(listen=address, workers=workers, data_dir=data_dir)
    listeners = supervisor.open_listeners(settings.listen, settings.workers)
    with _database(settings, partial(embedded.start, settings=_postgres_settings(settings))) as (url, is_running):
        welcome = asyncio.run(_prepare(settings, url))
        here = _address(listeners[0])
        code = supervisor.supervise(
            listeners,
            lambda _index, descriptor: [sys.executable, "-m", "pixelhost", "worker", str(descriptor)],
            _worker_environment(settings, url),
            settings.drain_seconds + TIME_TO_CLOSE_SECONDS,
            lambda: click.echo(_banner(here, welcome)),
            watch=is_running,
        )
    sys.exit(code)


@main.command("worker", hidden=True)
@click.argument("descriptor", type=int)
def worker_command(descriptor: int) -> None:
    """One process of `serve`, on an open listening socket."""
    settings = _settings()
    asyncio.run(worker.work(settings, os.environ["PIXELHOST_WORKER_DATABASE_URL"], socket.socket(fileno=descriptor)))


@main.group("user")
def user_group() -> None:
    """Accounts."""


@user_group.command("add")
@click.argument("name")
@click.option("--email", default="", help="E-mail address; counts as verified.")
@click.option("--password", help="Password of 5 to 50 characters. Without one the account has keys only.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--plan", default="", help="ID of a plan (default: PIXELHOST_DEFAULT_PLAN).")
@click.option("--admin", is_flag=True, help="Make it an administrator.")
def user_add(name: str, email: str, password: str | None, password_stdin: bool, plan: str, admin: bool) -> None:
    """Make an account. The last line printed is an API key of it."""
    if password is not None and password_stdin:
        raise click.UsageError("--password and --password-stdin exclude each other")
    given = sys.stdin.readline().rstrip("\n") if password_stdin else password

    async def add(site: Site) -> str:
        made = await login.add_user(site, name, email=email, password=given, plan_id=plan, is_admin=admin)
        click.echo(f"Made the account {made.name} with the plan {made.plan_id}. Its API key:")
        return str((await login.new_session(site, made.id, app_name="command line")).key)

    click.echo(_on_site(add))


@user_group.command("list")
@click.option("--search", default="", help="Only those with this text in their name or e-mail address.")
def user_list(search: str) -> None:
    """List the accounts: name, plan, files, bytes, e-mail address, and what else there is to know."""

    async def show(site: Site) -> None:
        offset = 0
        while (page := await administration.search(site, search, PAGE, offset)).accounts:
            for found in page.accounts:
                click.echo(_account_line(found))
            offset += PAGE

    _on_site(show)


@user_group.command("plan")
@click.argument("name")
@click.argument("plan")
def user_plan(name: str, plan: str) -> None:
    """Give the account NAME the plan with the ID PLAN."""
    _on_account(name, lambda site, user: administration.set_plan(site, user, plan))
    click.echo(f"{name} has the plan {plan} now")


@user_group.command("ban")
@click.argument("name")
@click.option("--reason", default="", help="Kept with the ban, for administrators.")
def user_ban(name: str, reason: str) -> None:
    """Ban the account NAME: from now on its keys do no more than a stranger can."""
    _on_account(name, lambda site, user: administration.ban(site, user, reason))
    click.echo(f"{name} is banned")


@user_group.command("unban")
@click.argument("name")
def user_unban(name: str) -> None:
    """Lift the ban of the account NAME."""
    _on_account(name, administration.unban)
    click.echo(f"{name} is banned no more")


@user_group.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
def user_delete(name: str, yes: bool) -> None:
    """Delete the account NAME at once and for ever, with all its files."""
    if not yes:
        click.confirm(f"Delete {name} with all its files, for ever?", abort=True)
    _on_account(name, administration.delete)
    click.echo(f"{name} is deleted")


@user_group.command("reset-totp")
@click.argument("name")
def user_reset_totp(name: str) -> None:
    """Let the account NAME log in without a one-time password, for who has lost their device."""
    _on_account(name, administration.reset_totp)
    click.echo(f"{name} logs in without a one-time password now")


@main.command()
@click.argument("name")
@click.option("--app-name", default="command line", help="What the key is for, shown in the account's list of keys.")
def key(name: str, app_name: str) -> None:
    """Make another API key for the account NAME. The last line printed is the key."""

    async def make(site: Site) -> str:
        found = await users.by_login(site.db, name)
        if found is None:
            raise click.ClickException(f"there is no account '{name}'; make it with: pixelhost user add {name}")
        return str((await login.new_session(site, found[0].id, app_name=app_name)).key)

    click.echo(_on_site(make))


@main.command()
@click.argument("name", required=False)
@click.option("--list", "list_them", is_flag=True, help="List the jobs.")
def job(name: str | None, list_them: bool) -> None:
    """Run the background job NAME now."""
    if list_them or name is None:
        for one in jobs.JOBS.values():
            click.echo(f"{one.name:12} every {one.every_seconds:g} s: {one.help}")
        return
    if name not in jobs.JOBS:
        raise click.BadParameter(f"there is no job '{name}', only {', '.join(jobs.JOBS)}")
    count = _on_site(lambda site: jobs.run(site, name))
    click.echo(f"{name}: a worker is at it already" if count is None else f"{name}: {count} done")


@main.command()
@click.option("--deep", is_flag=True, help="Read and hash every byte.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def fsck(deep: bool, as_json: bool) -> None:
    """Compare the database with the bytes. Changes nothing; exit code 1 when something is wrong."""
    report = _on_site(lambda site: verify.fsck(site, deep=deep, progress=_progress))
    if as_json:
        click.echo(msgspec.json.encode(report.as_json()))
    else:
        for problem in report.problems:
            click.echo(f"{problem.kind}: {problem.subject}: {problem.detail}")
        found = f"{len(report.problems)} problems" if report.problems else "all is well"
        swept = f" ({report.waiting_to_be_swept} of them wait to be swept)" if report.waiting_to_be_swept else ""
        click.echo(f"{report.blobs} blobs{swept}, {report.size_bytes} bytes: {found}")
    sys.exit(1 if report.problems else 0)


@main.command("rotate-key")
@click.option("--drop-earlier", is_flag=True, help="Instead forget earlier keys, once nothing needs them any more.")
def rotate_key(drop_earlier: bool) -> None:
    """Make a new secret key, and seal with it what earlier ones have sealed. Beside a running server, too."""
    change = keyrotation.drop_earlier if drop_earlier else keyrotation.rotate
    told = _on_site(lambda site: change(site, _rotation_progress))
    click.echo(err=True)
    click.echo("\n".join(told))


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to this version. `serve` does it too."""
    settings = _settings()
    with _database(settings, embedded.attach_or_start) as (url, _):
        version = asyncio.run(_migrated(url))
    click.echo(f"The schema is at version {version}")


@main.command()
def config() -> None:
    """Print the effective settings, secrets hidden, with what they mean."""
    for variable, value in settings_module.shown(_settings()).items():
        click.echo(f"# {settings_module.FIELDS[variable].metadata['help']}\n{variable}={value}")


def _settings(**overrides: Any) -> Settings:
    settings = settings_module.load(os.environ, **overrides)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    return settings


def _postgres_settings(settings: Settings) -> dict[str, str]:
    """Room for the pool of every worker, its two connections for listening and for slots, and for commands beside."""
    wanted = settings.workers * (connect.CONNECTIONS_PER_PROCESS + 2) + 20
    return {"max_connections": str(max(100, wanted))}


@contextmanager
def _database(
    settings: Settings, begin: Callable[[Path], embedded.EmbeddedPostgres]
) -> Iterator[tuple[str, Callable[[], bool] | None]]:
    """The URL of the database, and where it is our own, whether it still runs. Our own stops with the block."""
    if settings.database_url:
        yield settings.database_url, None
        return
    _make_data_dir(settings.data_dir)
    postgres = begin(settings.data_dir / "postgres")
    try:
        yield postgres.url, postgres.is_running
    finally:
        postgres.stop()


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError([f"PIXELHOST_DATA_DIR: {data_dir} cannot be made: {error.strerror}"]) from error


def _on_site(run: Callable[[Site], Awaitable[T]]) -> T:
    """Run something on a Site of its own, beside a server that may be running."""
    settings = _settings()
    with _database(settings, embedded.attach_or_start) as (url, _):

        async def within() -> T:
            await _migrated(url)
            async with open_site(settings, url) as site:
                return await run(site)

        return asyncio.run(within())


def _on_account(name: str, change: Callable[[Site, User], Awaitable[None]]) -> None:
    async def found(site: Site) -> None:
        await change(site, await administration.find(site, name))

    _on_site(found)


def _account_line(found: AccountDetails) -> str:
    user = found.user
    remarks = {
        "administrator": user.is_admin,
        "second factor": found.otp_enabled,
        f"banned: {found.ban_reason}" if found.ban_reason else "banned": user.is_banned,
        "to be deleted": found.goes_at is not None,
    }
    told = ", ".join(remark for remark, is_true in remarks.items() if is_true)
    columns = (user.name, user.plan_id, str(user.file_count), str(user.storage_used_bytes), user.email or "-", told)
    return "\t".join(columns).rstrip()


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    connection = await connect.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def _migrated(url: str) -> int:
    async with _connection(url) as connection:
        return await migrate.migrate(connection)


async def _prepare(settings: Settings, url: str) -> str:
    """Migrate, and where there is no account yet make `admin`. Returns what to tell about it, once."""
    await _migrated(url)
    async with open_site(settings, url) as site:
        await site.store.check()
        if await users.count(site.db):
            return ""
        password = secrets.token_urlsafe(12)
        admin = await login.add_user(site, "admin", password=password, is_admin=True)
        made = await login.new_session(site, admin.id, app_name="first start")
        return f"  user      admin\n  password  {password}\n  API key   {made.key}\n"


def _worker_environment(settings: Settings, url: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "PIXELHOST_DATA_DIR_FILE"}
    return inherited | {
        "PIXELHOST_DATA_DIR": str(settings.data_dir.resolve()),
        "PIXELHOST_WORKER_DATABASE_URL": url,
    }


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _banner(here: str, welcome: str) -> str:
    if not welcome:
        return f"pixelhost {__version__} serves on {here} - Ctrl-C stops it"
    key_of_admin = welcome.rsplit(maxsplit=1)[-1]
    return (
        f"\npixelhost {__version__} serves on {here}\n\n"
        f"This is the first start. Keep these, they are shown only now:\n\n{welcome}\n"
        f"Upload a file:\n\n  curl -T photo.jpg -u :{key_of_admin} {here}/api/file/\n\n"
        f"and open {here}/u/ID with the id of the answer. Ctrl-C stops the server.\n"
    )


def _progress(blobs: int, size_bytes: int) -> None:
    if sys.stderr.isatty() and blobs % 100 == 0:
        click.echo(f"\r{blobs} blobs, {size_bytes / 1e9:.1f} GB checked", nl=False, err=True)


def _rotation_progress(what: str, count: int) -> None:
    click.echo(f"\r{what}: {count:<16}", nl=False, err=True)


def _explanation(error: BaseException) -> list[str]:
    if isinstance(error, SettingsError):
        return error.problems
    if isinstance(error, ApiErrors):
        return [line for one in error.errors for line in _explanation(one)]
    if isinstance(error, ApiError):
        facts = ", ".join(f"{name}: {value}" for name, value in error.extra.items())
        return [f"{error.message} ({facts})" if facts else error.message]
    return str(error).splitlines()
