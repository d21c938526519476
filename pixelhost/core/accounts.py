"""What people change about their own account, and how it ends."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from pixelhost import errors
from pixelhost.core import accountfields, callers, emaillinks, login, mail, passwords, ratelimit
from pixelhost.core.callers import Caller
from pixelhost.db import emaillinks as links
from pixelhost.db import logins, sessions, users
from pixelhost.db.connect import Transaction, UniqueViolation
from pixelhost.db.users import Field
from pixelhost.errors import ApiError
from pixelhost.model.accounts import AccountSettings, User
from pixelhost.model.unset import UNSET, Unset
from pixelhost.plans import NO_LIMIT
from pixelhost.site import Site

PREPAID_PLANS: Final = ("prepaid", "prepaid_lite")
PREPAID_CREDIT_MICRO_EUR: Final = 1_000_000
TRANSFER_CAP_MAX: Final = 2**63 - 1
DELETED_AFTER: Final = timedelta(days=7)
LATE_LOGINS: Final = timedelta(days=1)  # by clocks that are slow; they must not cancel what has begun
DELETE_BATCH: Final = 1000


@dataclass(frozen=True)
class Changes:
    """What PUT /user may send. Only what is sent is changed."""

    username: str | Unset = UNSET
    email: str | Unset = UNSET
    password_new: str | Unset = UNSET
    subscription: str | Unset = UNSET
    hotlinking_enabled: bool | Unset = UNSET
    transfer_cap: int | Unset = UNSET
    skip_file_viewer: bool | Unset = UNSET
    embed_domains: str | Unset = UNSET
    affiliate_user_name: str | Unset = UNSET
    checkout_country: str | Unset = UNSET
    checkout_name: str | Unset = UNSET
    checkout_provider: str | Unset = UNSET


Values = dict[Field, object]


async def settings_of(site: Site, user: User) -> AccountSettings:
    return await users.settings_of(site.db, user.id)


async def change(site: Site, caller: Caller, wanted: Changes, problems: Sequence[ApiError], base_url: str) -> bool:
    """Change an account: all that was sent, or nothing. Returns whether a link went to a new e-mail address.

    The name, the address and the cap as they are, an empty password and an empty plan are no change; an empty e-mail
    address removes it. A new password ends all sessions but the caller's, and all links that are on their way.
    `problems` are those that were found with the request before: they are raised with ours.

    Raises, all at once where there are several: FIELD_CONTAINS_ILLEGAL_CHARACTER, STRING_OUT_OF_RANGE,
    INTEGER_OUT_OF_RANGE, ENUM_PARSE_FAILED, USERNAME_ALREADY_REGISTERED, INVALID_EMAIL_ADDRESS,
    EMAIL_ADDRESS_ALREADY_REGISTERED, LOGIN_LINK_ALREADY_SENT, NOT_ENOUGH_CREDIT_FOR_PREPAID,
    CANNOT_DISABLE_PATREON_SUB, INVALID_DOMAIN_NAME, USER_NOT_FOUND. Then as `callers.claim`.
    """
    user, session = caller.require_user(), caller.require_session()
    found = list(problems)
    values: Values = {}
    for check in CHECKS:
        with accountfields.collected(found):
            values |= await check(site, user, wanted)
    password = _new_password(wanted, found)
    email = await _new_email(site, user, wanted, found)
    errors.raise_all(found)
    password_hash = await passwords.hashed(password) if password else None
    try:
        async with site.db.acquire() as tx, tx.transaction():
            await _claim(tx, caller, values)
            if values:
                await users.set_fields(tx, user.id, values)
            if password_hash:
                await logins.set_password(tx, user.id, password_hash)
                await sessions.delete_of_user(tx, user.id, but=session.id)
                await links.delete_of_user(tx, user.id, ["login", "verify", "reset"])
            if email is not None:
                await _change_email(tx, site, user, email, base_url)
    except UniqueViolation as error:
        raise login.taken(error) from error
    site.changes.note()
    return bool(email)


async def schedule_deletion(site: Site, caller: Caller, base_url: str) -> None:
    """End all sessions now, and the account in a week; a login until then cancels it.

    Raises AUTHENTICATION_REQUIRED, ACCOUNT_BANNED, AUTHENTICATION_FAILED.
    """
    caller.require_user()
    delete_at = site.clock.now() + DELETED_AFTER
    async with site.db.acquire() as tx, tx.transaction():
        user = await callers.claim(tx, caller)
        await logins.set_delete_at(tx, user.id, delete_at)
        await sessions.delete_of_user(tx, user.id)
        await links.delete_of_user(tx, user.id, ["login", "verify", "reset"])
        if user.email and await ratelimit.may_mail(site, tx, user.email):
            await ratelimit.note_mail(site, tx, user.email)
            await mail.queue(
                tx,
                site,
                user.email,
                "account_deletion",
                here=urlsplit(base_url).hostname or base_url,
                name=user.name,
                day=f"{delete_at:%d %B %Y, %H:%M} UTC",
                link=f"{base_url}/login",
            )


async def delete(site: Site, user_id: UUID) -> None:
    """Now, with all files and nodes; their bytes go with the sweep. In pieces, so that nobody waits long for a lock."""
    while await users.delete_some_files(site.db, user_id, DELETE_BATCH):
        pass
    while await users.delete_some_nodes(site.db, user_id, DELETE_BATCH):
        pass
    await users.delete(site.db, user_id)
    site.changes.note()


async def delete_due(site: Site) -> int:
    """Delete accounts whose owners asked for it a week ago, and forget links that have expired. Returns how many."""
    now = site.clock.now()
    deleted = 0
    for user_id in await users.due(site.db, now):
        if await logins.end(site.db, user_id, now, now - LATE_LOGINS):
            await delete(site, user_id)
            deleted += 1
    await links.delete_expired(site.db, now)
    return deleted


async def _claim(tx: Transaction, caller: Caller, values: Values) -> None:
    """Lock the account. What was true before may not be any more: the key, and the credit for a plan."""
    user = await callers.claim(tx, caller)
    if "plan_id" in values and user.balance_micro_eur < PREPAID_CREDIT_MICRO_EUR:
        raise errors.NOT_ENOUGH_CREDIT_FOR_PREPAID()


async def _change_email(tx: Transaction, site: Site, user: User, email: str, base_url: str) -> None:
    """Raises LOGIN_LINK_ALREADY_SENT."""
    if not email:
        await users.set_email(tx, user.id, "", is_verified=False)
        await links.delete_of_user(tx, user.id, ["login", "verify", "reset"])
    elif not await emaillinks.send(tx, site, user, "verify", to=email, base_url=base_url):
        raise errors.LOGIN_LINK_ALREADY_SENT()


def _new_password(wanted: Changes, problems: list[ApiError]) -> str:
    """Empty when it stays."""
    if isinstance(wanted.password_new, Unset) or not wanted.password_new:
        return ""
    with accountfields.collected(problems):
        accountfields.password("password_new", wanted.password_new)
    return wanted.password_new


async def _new_email(site: Site, user: User, wanted: Changes, problems: list[ApiError]) -> str | None:
    """None when it stays, empty when it goes."""
    if isinstance(wanted.email, Unset) or wanted.email.lower() == user.email.lower():
        return None
    if not wanted.email:
        return ""
    with accountfields.collected(problems):
        accountfields.email(wanted.email)
        if await users.is_email_taken(site.db, wanted.email):
            raise errors.EMAIL_ADDRESS_ALREADY_REGISTERED()
    with accountfields.collected(problems):
        if await links.is_active(site.db, user.id, "verify", site.clock.now()):
            raise errors.LOGIN_LINK_ALREADY_SENT()
    return wanted.email


async def _check_name(site: Site, user: User, wanted: Changes) -> Values:
    if isinstance(wanted.username, Unset) or wanted.username == user.name:
        return {}
    name = accountfields.name(wanted.username)
    if (await users.by_names(site.db, [name])).get(name, user.id) != user.id:
        raise errors.USERNAME_ALREADY_REGISTERED()
    return {"name": name}


async def _check_plan(site: Site, user: User, wanted: Changes) -> Values:
    if isinstance(wanted.subscription, Unset) or wanted.subscription in {"", user.plan_id}:
        return {}
    allowed = [plan_id for plan_id in PREPAID_PLANS if plan_id in site.settings.plans]
    if wanted.subscription not in allowed:
        raise errors.ENUM_PARSE_FAILED(field="subscription", allowed_values=allowed)
    if site.plan(user.plan_id).type == "patreon":
        raise errors.CANNOT_DISABLE_PATREON_SUB()
    if user.balance_micro_eur < PREPAID_CREDIT_MICRO_EUR:
        raise errors.NOT_ENOUGH_CREDIT_FOR_PREPAID()
    return {"plan_id": wanted.subscription}


async def _check_transfer_cap(site: Site, user: User, wanted: Changes) -> Values:
    """Against the plan that the same request asks for, if it does. As it was it stays, above a new plan's cap too."""
    if isinstance(wanted.transfer_cap, Unset) or wanted.transfer_cap == user.terms.transfer_cap_bytes:
        return {}
    asked = "" if isinstance(wanted.subscription, Unset) else wanted.subscription
    of_plan = site.plan(asked if asked in PREPAID_PLANS else user.plan_id).monthly_transfer_cap
    highest = of_plan if of_plan > NO_LIMIT else TRANSFER_CAP_MAX
    if not 0 <= wanted.transfer_cap <= highest:
        raise errors.INTEGER_OUT_OF_RANGE(field="transfer_cap", min_val=0, max_val=highest, val=wanted.transfer_cap)
    return {"transfer_cap_bytes": wanted.transfer_cap}


async def _check_affiliate(site: Site, user: User, wanted: Changes) -> Values:
    if isinstance(wanted.affiliate_user_name, Unset):
        return {}
    if not wanted.affiliate_user_name:
        return {"affiliate_user_id": None}
    found = await users.by_names(site.db, [wanted.affiliate_user_name])
    if not found:
        raise errors.USER_NOT_FOUND()
    if user.id in found.values():
        raise errors.USER_NOT_FOUND(message="An account gets no rewards for its own purchases")
    return {"affiliate_user_id": found[wanted.affiliate_user_name]}


def _plain(field: Field, check: Callable[[str], str] | None = None) -> "Check":
    """A check of a field that depends on nothing else."""

    async def checked(_site: Site, _user: User, wanted: Changes) -> Values:
        value = getattr(wanted, field)
        if isinstance(value, Unset):
            return {}
        return {field: check(value) if check else value}

    return checked


Check = Callable[[Site, User, Changes], Awaitable[Values]]

CHECKS: Final[Sequence[Check]] = (
    _check_name,
    _check_plan,
    _plain("hotlinking_enabled"),
    _check_transfer_cap,
    _plain("skip_file_viewer"),
    _plain("embed_domains", accountfields.embed_domains),
    _check_affiliate,
    _plain("checkout_country", accountfields.country),
    _plain("checkout_name", accountfields.checkout_name),
    _plain("checkout_provider", accountfields.checkout_provider),
)
