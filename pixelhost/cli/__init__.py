"""The command line: thin. Each command reads the settings, opens what it needs, and calls one verb."""

from typing import Any

import click

from pixelhost import __version__
from pixelhost import serve as supervisor
from pixelhost.blobs.contract import StoreError
from pixelhost.cli import accounts, serving, upkeep
from pixelhost.db import connect, embedded, migrate
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.keyring import KeyringError
from pixelhost.settings import SettingsError

COMMANDS = (
    serving.serve,
    serving.worker_command,
    accounts.user_group,
    accounts.key,
    upkeep.job,
    upkeep.fsck,
    upkeep.rotate_key,
    upkeep.migrate_command,
    upkeep.config,
)

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


for _command in COMMANDS:
    main.add_command(_command)


def _explanation(error: BaseException) -> list[str]:
    if isinstance(error, SettingsError):
        return error.problems
    if isinstance(error, ApiErrors):
        return [line for one in error.errors for line in _explanation(one)]
    if isinstance(error, ApiError):
        facts = ", ".join(f"{name}: {value}" for name, value in error.extra.items())
        return [f"{error.message} ({facts})" if facts else error.message]
    return str(error).splitlines()
