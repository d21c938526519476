"""API keys of an account: found by the program they are for, ended one by one or all but the one in use."""

from uuid import UUID

from pixelhost import errors
from pixelhost.core import login
from pixelhost.core.callers import Caller
from pixelhost.db import sessions
from pixelhost.site import Site


async def for_app(site: Site, caller: Caller, app_name: str) -> UUID:
    """The key that the account has for a program, so that asking twice makes no second one; else a new one.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, AUTHENTICATION_FAILED.
    """
    for session in await login.sessions_of(site, caller.require_user()):
        if session.app_name == app_name and session.key is not None:
            return session.key
    made = await login.another_session(site, caller, app_name)
    assert made.key is not None
    return made.key


async def revoke(site: Site, caller: Caller, session_id: UUID) -> None:
    """Raises NOT_FOUND where the caller has no such key (any more)."""
    if not await sessions.delete_one_of_user(site.db, caller.require_user().id, session_id):
        raise errors.NOT_FOUND()


async def revoke_others(site: Site, caller: Caller) -> None:
    """All but the one that the caller came with."""
    await sessions.delete_of_user(site.db, caller.require_user().id, but=caller.require_session().id)
