"""Tokens: keys with a name that are shown once, and looked up by their hash alone."""

from typing import Final
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.core import callers
from pixelhost.core.callers import Caller
from pixelhost.core.transferfiles import invalid
from pixelhost.db import sessions
from pixelhost.keyring import key_hash
from pixelhost.model.accounts import Session
from pixelhost.site import Site

NAME_MAX: Final = 100
TOKENS_MAX: Final = 1000
TOO_MANY: Final = f"There are at most {TOKENS_MAX} tokens."
AGENT_MAX: Final = 500


async def of_caller(site: Site, caller: Caller) -> list[Session]:
    """Oldest first. Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
    return await sessions.tokens_of_user(site.db, caller.require_user().id)


async def create(site: Site, caller: Caller, name: str) -> tuple[Session, str]:
    """And the token, which can't be had again. Raises TRANSFER_INVALID; as `callers.claim`."""
    caller.require_user()
    token = ids.new_text(ids.TOKEN_LENGTH)
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        if await sessions.count_tokens(tx, user.id) >= TOKENS_MAX:
            raise invalid("name", TOO_MANY)
        made = await sessions.insert(
            tx,
            user.id,
            key_sha256=key_hash(token.encode()),
            key_sealed=None,
            app_name=name,
            user_agent=caller.user_agent[:AGENT_MAX],
            ip=caller.ip,
            now=site.clock.now(),
        )
    return made, token


async def revoke(site: Site, caller: Caller, token_id: UUID) -> None:
    """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, NOT_FOUND."""
    if not await sessions.delete_token(site.db, caller.require_user().id, token_id):
        raise errors.NOT_FOUND()
