"""Logins, API keys and accounts.

Whoever comes in does so under a lock on the account, so that no key is made with what a change of password, a ban or
another use of the same code or link has made worthless meanwhile.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pixelhost import errors, ids
from pixelhost.core import accountfields, callers, emaillinks, passwords, ratelimit, secondfactor
from pixelhost.core.callers import Caller
from pixelhost.db import emaillinks as links
from pixelhost.db import logins, sessions, users
from pixelhost.db.connect import Db, Transaction, UniqueViolation
from pixelhost.db.emaillinks import EmailLink
from pixelhost.db.logins import Credentials
from pixelhost.errors import ApiError
from pixelhost.keyring import key_hash
from pixelhost.model.accounts import Session, User
from pixelhost.site import Site

APP_NAME_MAX = 100


@dataclass(frozen=True)
class Attempt:
    """Who wants to come in: from where, with what program, and with what one-time password."""

    caller: Caller
    app_name: str = ""
    otp: str = ""

    @property
    def network(self) -> str:
        return ratelimit.network_of(self.caller.ip)


async def with_password(site: Site, attempt: Attempt, name_or_email: str, password: str) -> Session:
    """A new session, its key included. A deletion of the account that was to come is cancelled.

    Raises IP_RATE_LIMIT_REACHED, USER_NOT_FOUND, PASSWORD_INCORRECT, ACCOUNT_BANNED, OTP_REQUIRED, OTP_INCORRECT.
    """
    found = await _with_right_password(site, attempt, name_or_email, password)
    async with site.db.acquire() as tx, tx.transaction():
        account = await _claim(tx, site, attempt, found.user.id)
        if account.password_hash != found.password_hash:
            raise errors.PASSWORD_INCORRECT()
        refusal = await _second_factor(tx, site, attempt, account, "password")
        if refusal is None:
            return await _enter(tx, site, attempt, account)
    raise refusal  # now that the wrong code is counted


async def with_link(site: Site, attempt: Attempt, user_id: UUID, secret: UUID) -> Session:
    """A new session for whoever holds an e-mailed link; one to verify an address does that too.

    Raises IP_RATE_LIMIT_REACHED, INVALID_LOGIN_LINK, ACCOUNT_BANNED, OTP_REQUIRED, OTP_INCORRECT (both leave the link
    good), EMAIL_ADDRESS_ALREADY_REGISTERED.
    """
    await _refuse_hasty(site, attempt)
    async with site.db.acquire() as tx, tx.transaction():
        link = await emaillinks.find(tx, site, secret)
        if link is None or link.user_id != user_id:
            raise errors.INVALID_LOGIN_LINK()
        account = await _claim(tx, site, attempt, user_id)
        if not _opens(link, account.user):
            raise errors.INVALID_LOGIN_LINK()
        refusal = await _second_factor(tx, site, attempt, account, "link")
        if refusal is None:
            if not await emaillinks.use_up(tx, secret):
                raise errors.INVALID_LOGIN_LINK()
            await _verify_email(tx, link)
            return await _enter(tx, site, attempt, account)
    raise refusal


async def send_link(site: Site, attempt: Attempt, email: str, *, base_url: str, redirect: str) -> None:
    """Mail a login link. An address that was never verified gets a link to verify it instead, which logs in as well.

    Raises IP_RATE_LIMIT_REACHED, INVALID_EMAIL_ADDRESS, USER_NOT_FOUND, LOGIN_LINK_ALREADY_SENT.
    """
    await _refuse_hasty(site, attempt)
    accountfields.email(email)
    found = await logins.by_name(site.db, email, attempt.network, site.clock.now())
    if found is None:
        raise errors.USER_NOT_FOUND()
    user = found.user
    purpose: links.Purpose = "login" if user.email_verified else "verify"
    async with site.db.acquire() as tx, tx.transaction():
        if not await emaillinks.send(tx, site, user, purpose, to=user.email, base_url=base_url, redirect=redirect):
            raise errors.LOGIN_LINK_ALREADY_SENT()


async def new_session(site: Site, user_id: UUID, *, app_name: str = "") -> Session:
    """A new API key, without any login."""
    return await _insert_session(site.db, site, user_id, app_name)


async def another_session(site: Site, caller: Caller, app_name: str) -> Session:
    """A new API key for the holder of one that is still good. Raises as `callers.claim`."""
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        return await _insert_session(tx, site, user.id, app_name, caller)


async def sessions_of(site: Site, user: User) -> list[Session]:
    """All of an account's sessions with their keys; a key sealed by another master key is left out (None), and so is
    that of a token.
    """
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
            password_hash=None if password is None else await passwords.hashed(password),
            plan_id=plan_id,
            is_admin=is_admin,
            now=site.clock.now(),
        )
    except UniqueViolation as error:
        raise taken(error) from error


def taken(violation: UniqueViolation) -> ApiError:
    """The refusal for a name or an e-mail address that another account has."""
    if violation.constraint_name == "users_email":
        return errors.EMAIL_ADDRESS_ALREADY_REGISTERED()
    return errors.USERNAME_ALREADY_REGISTERED()


def _check_account(site: Site, name: str, email: str, password: str | None, plan_id: str) -> None:
    problems: list[ApiError] = []
    with accountfields.collected(problems):
        accountfields.name(name)
    if email:
        with accountfields.collected(problems):
            accountfields.email(email)
    if password is not None:
        with accountfields.collected(problems):
            accountfields.password("password", password)
    if plan_id not in site.settings.plans:
        problems.append(errors.ENUM_PARSE_FAILED(field="plan", allowed_values=list(site.settings.plans)))
    errors.raise_all(problems)


async def _refuse_hasty(site: Site, attempt: Attempt) -> None:
    await ratelimit.refuse_above(site, "login", attempt.network, site.settings.login_attempts_per_minute)


async def _with_right_password(site: Site, attempt: Attempt, name_or_email: str, password: str) -> Credentials:
    """The same work for unknown users, so that the time tells nothing."""
    await _refuse_hasty(site, attempt)
    found = await logins.by_name(site.db, name_or_email, attempt.network, site.clock.now())
    # A name that nobody has is guessed at like any other, and may be of any length.
    account = str(found.user.id) if found else site.keyring.visitor(f"login {name_or_email.lower()}").hex()
    is_known = found is not None and found.is_known_address
    await ratelimit.refuse_guesser(site, account, attempt.network, is_known=is_known)
    if await passwords.is_right(found.password_hash if found else None, password) and found is not None:
        return found
    await ratelimit.note_wrong_password(site, account, attempt.network, is_known=is_known)
    raise errors.PASSWORD_INCORRECT() if found else errors.USER_NOT_FOUND()


async def _claim(tx: Transaction, site: Site, attempt: Attempt, user_id: UUID) -> Credentials:
    account = await logins.claim(tx, user_id, attempt.network, site.clock.now())
    if account is None:
        raise errors.USER_NOT_FOUND()
    if account.user.is_banned:
        raise errors.ACCOUNT_BANNED()
    return account


async def _second_factor(
    tx: Transaction, site: Site, attempt: Attempt, account: Credentials, way: str
) -> ApiError | None:
    """None when there is none to give, or it is right."""
    if account.totp_secret_sealed is None:
        return None
    if not attempt.otp:
        return errors.OTP_REQUIRED()
    user_id = account.user.id
    budget = attempt.network if account.is_known_address else way
    if not await ratelimit.may_try_code(site, tx, user_id, budget):
        return errors.IP_RATE_LIMIT_REACHED(message="Too many wrong one-time passwords. Try again in an hour")
    if await secondfactor.spend(tx, site, user_id, account.totp_secret_sealed, attempt.otp):
        return None
    await ratelimit.note_wrong_code(site, tx, user_id, budget)
    return errors.OTP_INCORRECT()


def _opens(link: EmailLink, user: User) -> bool:
    """Whether a link still logs in to its account: one that went to an address it had before does not."""
    return link.purpose == "verify" or (link.purpose == "login" and link.email == user.email)


async def _verify_email(tx: Transaction, link: EmailLink) -> None:
    if link.purpose == "login":
        return
    try:
        await users.set_email(tx, link.user_id, link.email, is_verified=True)
    except UniqueViolation as error:
        raise taken(error) from error
    await links.delete_of_user(tx, link.user_id, ["login", "reset"])  # they went to another address


async def _enter(tx: Transaction, site: Site, attempt: Attempt, account: Credentials) -> Session:
    if account.delete_at is not None:
        await logins.set_delete_at(tx, account.user.id, None)
    return await _insert_session(tx, site, account.user.id, attempt.app_name, attempt.caller)


async def _insert_session(db: Db, site: Site, user_id: UUID, app_name: str, caller: Caller | None = None) -> Session:
    """Only here is the clear key at hand without decrypting it."""
    key = ids.new_key()
    hashed = key_hash(key.bytes)
    made = await sessions.insert(
        db,
        user_id,
        key_sha256=hashed,
        key_sealed=site.keyring.seal_key(key.bytes, hashed),
        app_name=app_name,
        user_agent=caller.user_agent[:500] if caller else "",
        ip=caller.ip if caller else "",
        now=site.clock.now(),
    )
    return replace(made, key=key)


def _opened(site: Site, hashed_key: bytes, sealed: bytes | None) -> UUID | None:
    key = site.keyring.open_key(sealed, hashed_key) if sealed is not None else None
    return UUID(bytes=key) if key else None
