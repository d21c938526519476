"""`pixelhost user` and `pixelhost key`."""

import sys
from collections.abc import Awaitable, Callable

import click

from pixelhost.cli.opening import on_site
from pixelhost.core import admin as administration
from pixelhost.core import login
from pixelhost.db import users
from pixelhost.model.accounts import AccountDetails, User
from pixelhost.site import Site

PAGE = 1000


@click.group("user")
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

    click.echo(on_site(add))


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

    on_site(show)


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


@click.command()
@click.argument("name")
@click.option("--app-name", default="command line", help="What the key is for, shown in the account's list of keys.")
def key(name: str, app_name: str) -> None:
    """Make another API key for the account NAME. The last line printed is the key."""

    async def make(site: Site) -> str:
        found = await users.by_login(site.db, name)
        if found is None:
            raise click.ClickException(f"there is no account '{name}'; make it with: pixelhost user add {name}")
        return str((await login.new_session(site, found[0].id, app_name=app_name)).key)

    click.echo(on_site(make))


def _on_account(name: str, change: Callable[[Site, User], Awaitable[None]]) -> None:
    async def found(site: Site) -> None:
        await change(site, await administration.find(site, name))

    on_site(found)


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
