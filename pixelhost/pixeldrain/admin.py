"""Admin methods, for administrators alone: strangers get `authentication_required`, all others `forbidden`.

A user in a path is an ID, a name or an e-mail address; in a form it is one of the fields `id`, `name` and `email`. What
is found is `user_not_found` (404) otherwise. An administrator may not ban or delete their own account (`forbidden`).
The header `Admin-User-Override`, with a user, makes GET /user/files and GET /user/lists those of that account.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any

from aiohttp import web

from pixelhost import __version__, errors
from pixelhost.core import admin, billing, domains
from pixelhost.core.runtime import GLOBALS
from pixelhost.model.accounts import AccountDetails, AddressBan, User
from pixelhost.model.money import Invoice
from pixelhost.model.unset import UNSET, Unset
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.site import Site
from pixelhost.wire import months, params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Between, Length

OVERRIDE = "Admin-User-Override"
REASON_MAX = 500
PAGE_MAX = 1000
CREDIT_MAX_MICRO_EUR = 10**12


@dataclass(frozen=True)
class Search:
    search: Annotated[str, Length(0, 254)] = ""
    limit: Annotated[int, Between(1, PAGE_MAX)] = 100
    offset: Annotated[int, Between(0, 2**31)] = 0


@dataclass(frozen=True)
class UserChange:
    subscription: str | Unset = UNSET


@dataclass(frozen=True)
class WhichUser:
    """Fields that are sent empty count as not sent."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Reason:
    reason: Annotated[str, Length(1, REASON_MAX)]


@dataclass(frozen=True)
class NewAddressBan:
    address: str
    reason: Annotated[str, Length(1, REASON_MAX)]
    expire_time: datetime | None = None


@dataclass(frozen=True)
class Credit:
    credit: Annotated[int, Between(-CREDIT_MAX_MICRO_EUR, CREDIT_MAX_MICRO_EUR)]
    reason: Annotated[str, Length(0, REASON_MAX)] = ""


@dataclass(frozen=True)
class GlobalChange:
    key: str
    value: str


async def account_asked_for(request: web.Request) -> User:
    """Whose files or lists a request is for. Raises as `admin.account_asked_for`."""
    return await admin.account_asked_for(site_of(request), caller_of(request), request.headers.get(OVERRIDE))


async def users(request: web.Request) -> web.Response:
    """GET /admin/users?search=&limit=&offset=: `{users: [...], total}`, by name, with `total` of the whole search."""
    caller_of(request).require_admin()
    site, wanted = site_of(request), params.query(request, Search)
    page = await admin.search(site, wanted.search, wanted.limit, wanted.offset)
    return envelope.ok({"users": [_account(site, one) for one in page.accounts], "total": page.total})


async def user(request: web.Request) -> web.Response:
    """GET /admin/users/{user}: the account as in GET /user, with what only administrators see."""
    caller_of(request).require_admin()
    site = site_of(request)
    return envelope.ok(_account(site, await admin.show(site, await admin.find(site, _user_in_path(request)))))


async def change_user(request: web.Request) -> web.Response:
    """PUT /admin/users/{user}: `subscription` is the ID of a plan, whatever the account has paid."""
    caller_of(request).require_admin()
    site = site_of(request)
    found = await admin.find(site, _user_in_path(request))
    wanted = await params.form(request, UserChange)
    if wanted.subscription is not UNSET:
        await admin.set_plan(site, found, wanted.subscription)
    return envelope.done()


async def delete_user(request: web.Request) -> web.Response:
    """DELETE /admin/users/{user}: at once and for ever, with all its files."""
    caller = caller_of(request)
    caller.require_admin()
    site = site_of(request)
    await admin.delete(site, await admin.find_other(site, caller, _user_in_path(request)))
    return envelope.done()


async def reset_totp(request: web.Request) -> web.Response:
    """DELETE /admin/users/{user}/totp: logins need no one-time password any more."""
    caller_of(request).require_admin()
    site = site_of(request)
    await admin.reset_totp(site, await admin.find(site, _user_in_path(request)))
    return envelope.done()


async def user_bans(request: web.Request) -> web.Response:
    """GET /admin/user_ban: `[{user_id, user, offences: [{reason, reporter, ban_time, expire_time}]}]`, latest first.

    A ban of an account ends only when it is lifted, so there is one offence, without an end.
    """
    caller_of(request).require_admin()
    site = site_of(request)
    return envelope.ok(
        [
            {
                "user_id": str(one.user.id),
                "user": _account(site, one),
                "offences": [_offence(one.ban_reason, one.banned_at, None)],
            }
            for one in await admin.banned(site)
        ]
    )


async def ban_user(request: web.Request) -> web.Response:
    """POST /admin/user_ban with `reason`: from now on its keys do no more than a stranger without one can."""
    caller = caller_of(request)
    caller.require_admin()
    site = site_of(request)
    sent = await params.fields(request)
    wanted = params.from_text(sent, Reason)
    await admin.ban(site, await admin.find_other(site, caller, _user_in_form(sent)), wanted.reason)
    return envelope.done()


async def unban_user(request: web.Request) -> web.Response:
    """DELETE /admin/user_ban/{user}. `not_found` when it isn't banned."""
    caller_of(request).require_admin()
    site = site_of(request)
    await admin.unban(site, await admin.find(site, _user_in_path(request)))
    return envelope.done()


async def address_bans(request: web.Request) -> web.Response:
    """GET /admin/ip_ban: `[{address, offences: [{reason, reporter, ban_time, expire_time}]}]`, latest first."""
    caller_of(request).require_admin()
    return envelope.ok([_address_ban(one) for one in await admin.banned_addresses(site_of(request))])


async def ban_address(request: web.Request) -> web.Response:
    """POST /admin/ip_ban: `address` is one or a network, `expire_time` may end it. Who is banned may not upload."""
    caller_of(request).require_admin()
    wanted = await params.form(request, NewAddressBan)
    await admin.ban_address(site_of(request), wanted.address, wanted.reason, wanted.expire_time)
    return envelope.done()


async def unban_address(request: web.Request) -> web.Response:
    """DELETE /admin/ip_ban/{address}, a network with its slash. `not_found` when it isn't banned."""
    caller_of(request).require_admin()
    await admin.unban_address(site_of(request), target.path_tail(request, "/api/admin/ip_ban/", "address"))
    return envelope.done()


async def take_domain_away(request: web.Request) -> web.Response:
    """DELETE /admin/custom_domain/{name}: from the node that is served on it. `not_found` when none is."""
    caller_of(request).require_admin()
    await domains.take_away(site_of(request), target.path_segment(request, 3, "name"))
    return envelope.done()


async def show_globals(request: web.Request) -> web.Response:
    """GET /admin/globals: `[{key, value, default, description}]`."""
    caller_of(request).require_admin()
    values = await site_of(request).runtime.values()
    return envelope.ok(
        [
            {"key": key, "value": values[key], "default": one.default, "description": one.help}
            for key, one in GLOBALS.items()
        ]
    )


async def set_global(request: web.Request) -> web.Response:
    """POST /admin/globals with `key` and `value`: in force at once, on every worker."""
    caller_of(request).require_admin()
    wanted = await params.form(request, GlobalChange)
    await site_of(request).runtime.set(wanted.key, wanted.value)
    return envelope.done()


async def give_credit(request: web.Request) -> web.Response:
    """POST /admin/give_credit: `credit` in micro-euro is added to the balance; a negative one is taken from it."""
    by = caller_of(request).require_admin()
    site = site_of(request)
    sent = await params.fields(request)
    wanted = params.from_text(sent, Credit)
    if not wanted.credit:
        raise errors.INTEGER_OUT_OF_RANGE(field="credit", min_val=1, max_val=CREDIT_MAX_MICRO_EUR, val=0)
    found = await admin.find(site, _user_in_form(sent))
    reason = f"{by.name}: {wanted.reason}" if wanted.reason else by.name
    balance = await billing.give_credit(site, found.id, wanted.credit, reason)
    return envelope.success({"balance_micro_eur": balance})


async def invoices(request: web.Request) -> web.Response:
    """GET /admin/invoices/{month}: as GET /user/invoice, but of all accounts, with `user_id`, the oldest first."""
    caller_of(request).require_admin()
    start, end = months.parsed(target.path_segment(request, 3, "month"))
    return envelope.ok([_invoice(one) for one in await admin.invoices_between(site_of(request), start, end)])


async def host_metrics(request: web.Request) -> web.Response:
    """GET /admin/host_metrics: numbers of the instance as they are now. Sizes are bytes.

    `storage_used` is what the accounts count, `blob_storage_used` what is stored for it, each content once.
    """
    caller_of(request).require_admin()
    site = site_of(request)
    found = await admin.figures(site)
    metrics = {name.removesuffix("_bytes"): number for name, number in asdict(found).items()}
    return envelope.ok({"time": shapes.time(site.clock.now()), "version": __version__, "metrics": metrics})


async def nothing_here(request: web.Request) -> web.Response:
    """What isn't there is told to administrators alone."""
    caller_of(request).require_admin()
    raise errors.INVALID_ENDPOINT()


def _user_in_path(request: web.Request) -> str:
    return target.path_segment(request, 3, "user")


def _user_in_form(sent: dict[str, str]) -> str:
    which = params.from_text(sent, WhichUser)
    named = which.id or which.name or which.email
    if not named:
        raise errors.MISSING_FIELD(field="id")
    return named


def _account(site: Site, found: AccountDetails) -> dict[str, Any]:
    user = found.user
    return {
        "id": str(user.id),
        "username": user.name,
        "email": user.email,
        "email_addresses": [user.email] if user.email else [],
        "email_verified": user.email_verified,
        "otp_enabled": found.otp_enabled,
        "subscription": shapes.subscription(site.plan(user.plan_id)),
        "storage_space_used": user.storage_used_bytes,
        "filesystem_storage_used": user.filesystem_used_bytes,
        "file_count": user.file_count,
        "filesystem_node_count": user.node_count,
        "is_admin": user.is_admin,
        "balance_micro_eur": user.balance_micro_eur,
        "creation_time": shapes.time(user.created_at),
        "last_used_time": shapes.time(found.last_used_at),
        "is_banned": user.is_banned,
        "ban_time": shapes.time(found.banned_at),
        "ban_reason": found.ban_reason,
        "deletion_time": shapes.time(found.goes_at),
    }


def _invoice(made: Invoice) -> dict[str, Any]:
    """`user_id` is empty when the account is gone."""
    return {
        "id": made.id,
        "user_id": str(made.user_id) if made.user_id else "",
        "time": shapes.time(made.created_at),
        "amount": made.amount_micro_eur,
        "vat": made.vat_micro_eur,
        "processing_fee": 0,
        "country": made.country,
        "payment_gateway": made.gateway,
        "payment_method": made.network,
        "status": made.status,
    }


def _address_ban(ban: AddressBan) -> dict[str, Any]:
    return {"address": ban.network, "offences": [_offence(ban.reason, ban.banned_at, ban.expires_at)]}


def _offence(reason: str, banned_at: datetime | None, expires_at: datetime | None) -> dict[str, Any]:
    """The reporter is for bans that follow a report."""
    return {
        "reason": reason,
        "reporter": "",
        "ban_time": shapes.time(banned_at),
        "expire_time": shapes.time(expires_at),
    }
