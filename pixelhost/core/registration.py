"""Registration, and passwords set anew by mail.

A new account works at once, with its e-mail address unverified until the link that was sent there is used. Until then
the address gets no login links, only ones to verify it; a password may be reset through it, which verifies it too.
"""

from dataclasses import dataclass
from uuid import UUID

from pixelhost import errors
from pixelhost.core import accountfields, emaillinks, login, passwords, ratelimit
from pixelhost.core.callers import Caller
from pixelhost.db import emaillinks as links
from pixelhost.db import logins, sessions, users
from pixelhost.db.connect import UniqueViolation
from pixelhost.errors import ApiError
from pixelhost.model.accounts import User
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site


@dataclass(frozen=True)
class NewAccount:
    """All three must be sent, though the e-mail address may be empty."""

    username: str | Unset = UNSET
    email: str | Unset = UNSET
    password: str | Unset = UNSET


async def register(site: Site, caller: Caller, new: NewAccount, base_url: str) -> User:
    """A new account on the default plan, and a link to verify its e-mail address.

    Raises FORBIDDEN where registration is closed and the caller no admin, IP_RATE_LIMIT_REACHED; all at once
    MISSING_FIELD, FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE, INVALID_EMAIL_ADDRESS,
    USERNAME_ALREADY_REGISTERED, EMAIL_ADDRESS_ALREADY_REGISTERED.
    """
    is_admin = caller.user is not None and caller.require_user().is_admin
    if site.settings.registration == "closed" and not is_admin:
        raise errors.FORBIDDEN(message="Nobody can register here. Ask the administrator for an account")
    if not is_admin:
        await _refuse_hasty(site, caller, "register")
    name, email, password = await _checked(site, new)
    password_hash = await passwords.hashed(password)
    try:
        async with site.db.acquire() as tx, tx.transaction():
            user = await users.insert(
                tx,
                name,
                email=email,
                email_verified=False,
                password_hash=password_hash,
                plan_id=site.settings.default_plan,
                is_admin=False,
                now=site.clock.now(),
            )
            if email:
                await emaillinks.send(tx, site, user, "verify", to=email, base_url=base_url)
            return user
    except UniqueViolation as error:
        raise login.taken(error) from error


async def send_reset(site: Site, caller: Caller, email: str, base_url: str) -> None:
    """Mail a link to set a new password, where there is an account; the caller can't tell.

    Raises IP_RATE_LIMIT_REACHED, INVALID_EMAIL_ADDRESS.
    """
    await _refuse_hasty(site, caller, "password reset")
    accountfields.email(email)
    found = await logins.by_name(site.db, email, ratelimit.network_of(caller.ip), site.clock.now())
    if found is None:
        return
    async with site.db.acquire() as tx, tx.transaction():
        await emaillinks.send(tx, site, found.user, "reset", to=found.user.email, base_url=base_url)


async def reset_password(site: Site, caller: Caller, secret: UUID, password: str) -> None:
    """Set a new password with an e-mailed link, which is used up. Sessions and other links end; a second factor stays.

    Raises IP_RATE_LIMIT_REACHED, STRING_OUT_OF_RANGE, INVALID_LOGIN_LINK.
    """
    await _refuse_hasty(site, caller, "password reset")
    accountfields.password("new_password", password)
    link = await emaillinks.find(site.db, site, secret)
    if link is None or link.purpose != "reset":
        raise errors.INVALID_LOGIN_LINK()
    password_hash = await passwords.hashed(password)
    async with site.db.acquire() as tx, tx.transaction():
        user = await users.claim(tx, link.user_id)
        if user is None or user.email != link.email or not await emaillinks.use_up(tx, secret):
            raise errors.INVALID_LOGIN_LINK()
        await logins.set_password(tx, user.id, password_hash)
        await users.set_email(tx, user.id, user.email, is_verified=True)
        await sessions.delete_of_user(tx, user.id)
        await links.delete_of_user(tx, user.id, ["login", "verify", "reset"])


async def _checked(site: Site, new: NewAccount) -> tuple[str, str, str]:
    """The name, the e-mail address and the password, if nothing is wrong with them."""
    problems: list[ApiError] = []
    name = email = password = ""
    with accountfields.collected(problems):
        name = accountfields.name(_sent("username", new.username))
        if await users.by_names(site.db, [name]):
            raise errors.USERNAME_ALREADY_REGISTERED()
    with accountfields.collected(problems):
        email = _sent("email", new.email)
        if email and await users.is_email_taken(site.db, accountfields.email(email)):
            raise errors.EMAIL_ADDRESS_ALREADY_REGISTERED()
    with accountfields.collected(problems):
        password = accountfields.password("password", _sent("password", new.password))
    errors.raise_all(problems)
    return name, email, password


def _sent(field: str, value: str | Unset) -> str:
    if isinstance(value, Unset):
        raise errors.MISSING_FIELD(field=field)
    return value


async def _refuse_hasty(site: Site, caller: Caller, action: str) -> None:
    network = ratelimit.network_of(caller.ip)
    await ratelimit.refuse_above(site, action, network, site.settings.login_attempts_per_minute)
