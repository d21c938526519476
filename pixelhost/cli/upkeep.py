"""What keeps an instance well: jobs, checks, keys, the schema, and a look at the settings."""

import asyncio
import sys

import click
import msgspec

from pixelhost import jobs
from pixelhost import settings as settings_module
from pixelhost.cli.opening import database, migrated, on_site, settings_now
from pixelhost.core import keyrotation, verify
from pixelhost.db import embedded


@click.command()
@click.argument("name", required=False)
@click.option("--list", "list_them", is_flag=True, help="List the jobs.")
def job(name: str | None, list_them: bool) -> None:
    """Run the background job NAME now."""
    if list_them or name is None:
        for one in jobs.JOBS.values():
            often = f"every {one.every_seconds:g} s" if one.every_seconds != jobs.BY_HAND else "by hand"
            click.echo(f"{one.name:16} {often}: {one.help}")
        return
    if name not in jobs.JOBS:
        raise click.BadParameter(f"there is no job '{name}', only {', '.join(jobs.JOBS)}")
    count = on_site(lambda site: jobs.run(site, name))
    click.echo(f"{name}: a worker is at it already" if count is None else f"{name}: {count} done")


@click.command()
@click.option("--deep", is_flag=True, help="Read and hash every byte.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def fsck(deep: bool, as_json: bool) -> None:
    """Compare the database with the bytes. Changes nothing; exit code 1 when something is wrong."""
    report = on_site(lambda site: verify.fsck(site, deep=deep, progress=_progress))
    if as_json:
        click.echo(msgspec.json.encode(report.as_json()))
    else:
        for problem in report.problems:
            click.echo(f"{problem.kind}: {problem.subject}: {problem.detail}")
        found = f"{len(report.problems)} problems" if report.problems else "all is well"
        swept = f" ({report.waiting_to_be_swept} of them wait to be swept)" if report.waiting_to_be_swept else ""
        click.echo(f"{report.blobs} blobs{swept}, {report.size_bytes} bytes: {found}")
    sys.exit(1 if report.problems else 0)


@click.command("rotate-key")
@click.option("--drop-earlier", is_flag=True, help="Instead forget earlier keys, once nothing needs them any more.")
def rotate_key(drop_earlier: bool) -> None:
    """Make a new secret key, and seal with it what earlier ones have sealed. Beside a running server, too."""
    change = keyrotation.drop_earlier if drop_earlier else keyrotation.rotate
    told = on_site(lambda site: change(site, _rotation_progress))
    click.echo(err=True)
    click.echo("\n".join(told))


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to this version. `serve` does it too."""
    settings = settings_now()
    with database(settings, embedded.attach_or_start) as (url, _):
        version = asyncio.run(migrated(url))
    click.echo(f"The schema is at version {version}")


@click.command()
def config() -> None:
    """Print the effective settings, secrets hidden, with what they mean."""
    for variable, value in settings_module.shown(settings_now()).items():
        click.echo(f"# {settings_module.FIELDS[variable].metadata['help']}\n{variable}={value}")


def _progress(blobs: int, size_bytes: int) -> None:
    if sys.stderr.isatty() and blobs % 100 == 0:
        click.echo(f"\r{blobs} blobs, {size_bytes / 1e9:.1f} GB checked", nl=False, err=True)


def _rotation_progress(what: str, count: int) -> None:
    click.echo(f"\r{what}: {count:<16}", nl=False, err=True)
