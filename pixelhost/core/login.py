"""Logins, API keys and accounts."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pixelhost import errors, ids
from pixelhost.core import ratelimit
from pixelhost.core.callers import Caller
from pixelhost.db import sessions, users
from pixelhost.db.connect import UniqueViolation
from pixelhost.keyring import key_hash
from pixelhost.model import Session, User
from pixelhost.site import Site

APP_NAME_MAX = 100
PASSWORD_MIN, PASSWORD_MAX = 5, 50
NAME_SHAPE = re.compile(r"[A-Za-z0-9_.-]{3,32}", re.ASCII)
EMAIL_SHAPE = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}")

# RFC 9106 and OWASP: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobody_hash = _hasher.hash("nobody has this password")
_threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")  # each costs a core for its time


async def with_password(site: Site, caller: Caller, name_or_email: str, password: str, app_name: str) -> Session:
    """A new session, its key included.

    Raises IP_RATE_LIMIT_REACHED, USER_NOT_FOUND, PASSWORD_INCORRECT, and NO_LOGIN_METHOD_AVAILABLE without a password.
    """
    await ratelimit.refuse_above(site, "login", caller.ip, site.settings.login_attempts_per_minute)
    if not password:
        if "@" in name_or_email:
            raise errors.API_NOT_IMPLEMENTED(message="Login links by e-mail do not exist yet on this server")
        raise errors.NO_LOGIN_METHOD_AVAILABLE()
    found = await users.by_login(site.db, name_or_email)
    # The same work for unknown users, so that the time tells nothing.
    is_right = await _verify(found[1] if found else None, password)
    if found is None:
        raise errors.USER_NOT_FOUND()
    if not is_right:
        raise errors.PASSWORD_INCORRECT()
    return await new_session(site, found[0].id, app_name=app_name, ip=caller.ip, user_agent=caller.user_agent)


async def new_session(site: Site, user_id: UUID, *, app_name: str = "", ip: str = "", user_agent: str = "") -> Session:
    """A new API key. Only here is the clear key at hand without decrypting it."""
    key = ids.new_key()
    hashed = key_hash(key.bytes)
    made = await sessions.insert(
        site.db,
        user_id,
        key_sha256=hashed,
        key_sealed=site.keyring.seal_key(key.bytes, hashed),
        app_name=app_name,
        user_agent=user_agent[:500],
        ip=ip,
        now=site.clock.now(),
    )
    return replace(made, key=key)


async def sessions_of(site: Site, user: User) -> list[Session]:
    """All of an account's sessions with their keys; a key sealed by another master key is left out (None)."""
    found = await sessions.of_user(site.db, user.id)
    return [replace(one, key=_opened(site, hashed, sealed)) for one, hashed, sealed in found]


async def end_session(site: Site, session: Session) -> None:
    await sessions.delete(site.db, session.id)


async def add_user(
    site: Site, name: str, *, email: str = "", password: str | None = None, plan_id: str = "", is_admin: bool = False
) -> User:
    """A new account. Without a password it has keys only.

    Raises FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE, INVALID_EMAIL_ADDRESS, ENUM_PARSE_FAILED (the plan),
    USERNAME_ALREADY_REGISTERED, EMAIL_ADDRESS_ALREADY_REGISTERED.
    """
    plan_id = plan_id or site.settings.default_plan
    _check_account(site, name, email, password, plan_id)
    try:
        return await users.insert(
            site.db,
            name,
            email=email,
            email_verified=bool(email),  # whoever may make accounts vouches for it
            password_hash=None if password is None else await hashed(password),
            plan_id=plan_id,
            is_admin=is_admin,
            now=site.clock.now(),
        )
    except UniqueViolation as error:
        if error.constraint_name == "users_email":
            raise errors.EMAIL_ADDRESS_ALREADY_REGISTERED() from error
        raise errors.USERNAME_ALREADY_REGISTERED() from error


async def hashed(password: str) -> str:
    """argon2id, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


def _check_account(site: Site, name: str, email: str, password: str | None, plan_id: str) -> None:
    problems = []
    if not NAME_SHAPE.fullmatch(name):
        problems.append(_name_problem(name))
    if email and not EMAIL_SHAPE.fullmatch(email):
        problems.append(errors.INVALID_EMAIL_ADDRESS())
    if password is not None and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        problems.append(
            errors.STRING_OUT_OF_RANGE(field="password", min_len=PASSWORD_MIN, max_len=PASSWORD_MAX, len=len(password))
        )
    if plan_id not in site.settings.plans:
        problems.append(errors.ENUM_PARSE_FAILED(field="plan", allowed_values=list(site.settings.plans)))
    errors.raise_all(problems)


def _name_problem(name: str) -> errors.ApiError:
    for position, char in enumerate(name):
        if not re.fullmatch(r"[A-Za-z0-9_.-]", char, re.ASCII):
            return errors.FIELD_CONTAINS_ILLEGAL_CHARACTER(field="username", char=char, char_position=position)
    return errors.STRING_OUT_OF_RANGE(field="username", min_len=3, max_len=32, len=len(name))


async def _verify(password_hash: str | None, password: str) -> bool:
    known = password_hash or _nobody_hash
    try:
        await asyncio.get_running_loop().run_in_executor(_threads, _hasher.verify, known, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _opened(site: Site, hashed_key: bytes, sealed: bytes) -> UUID | None:
    key = site.keyring.open_key(sealed, hashed_key)
    return UUID(bytes=key) if key else None
