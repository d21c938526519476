"""Who is asking: a key becomes a caller. Dialects pass the caller on; rules ask it, never the request.

The account is read with each request, so a ban holds from the next one on: whoever is banned may do what a stranger
may, and is told why where that is not enough.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.db import sessions, users
from pixelhost.db.connect import Transaction
from pixelhost.keyring import key_hash
from pixelhost.model.accounts import Session, User
from pixelhost.site import Site

KEY_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """`user` and `session` are None for strangers. `ip` is the client's, with trusted proxies seen through."""

    ip: str
    user_agent: str = ""
    user: User | None = None
    session: Session | None = None
    is_ip_banned: bool = False
    """Looked up for callers with an account: strangers may only read."""
    node_password: str = ""
    """What was sent to open a shared node with."""

    @property
    def account(self) -> User | None:
        """Whose plan and rights count: nobody's where the account is banned."""
        return None if self.user is None or self.user.is_banned else self.user

    def owns(self, owner_id: UUID | None) -> bool:
        return self.account is not None and self.account.id == owner_id

    def require_user(self) -> User:
        """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED."""
        if self.user is None:
            raise errors.AUTHENTICATION_REQUIRED()
        if self.user.is_banned:
            raise errors.ACCOUNT_BANNED()
        return self.user

    def require_admin(self) -> User:
        """Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, FORBIDDEN."""
        user = self.require_user()
        if not user.is_admin:
            raise errors.FORBIDDEN(message="Only administrators may do this")
        return user

    def require_session(self) -> Session:
        """Raises AUTHENTICATION_REQUIRED."""
        if self.session is None:
            raise errors.AUTHENTICATION_REQUIRED()
        return self.session


async def claim(tx: Transaction, caller: Caller) -> User:
    """Lock the caller's account, as it is now: it may have been banned, or the key revoked, since the request came.

    Raises AUTHENTICATION_REQUIRED, AUTHENTICATION_FAILED, ACCOUNT_BANNED.
    """
    session = caller.require_session()
    user = await users.claim(tx, session.user_id)
    if user is None or not await sessions.exists(tx, session.id):
        raise errors.AUTHENTICATION_FAILED()
    return replace(caller, user=user).require_user()


async def identify(site: Site, key: str, ip: str, user_agent: str) -> Caller:
    """The caller that this API key or token belongs to. Raises AUTHENTICATION_FAILED."""
    found = await site.sessions.get((_hashed(key), ip))
    if found is None:
        raise errors.AUTHENTICATION_FAILED()
    session, user, is_ip_banned = found
    now = site.clock.now()
    if now - session.last_used_at >= KEY_USE_NOTED_EVERY:
        site.counters.keys_used[session.id] = now
    return Caller(ip, user_agent, user, session, is_ip_banned)


def _hashed(key: str) -> bytes:
    """Raises AUTHENTICATION_FAILED for what has the shape of neither."""
    if ids.is_token(key):
        return key_hash(key.encode())
    try:
        return key_hash(UUID(key).bytes)
    except ValueError:
        raise errors.AUTHENTICATION_FAILED() from None
