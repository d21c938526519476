"""One account, as administrators see and change it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID, uuid4

from aiohttp import web

from pixelhost import errors
from pixelhost.core import admin, billing
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.accounts import User
from pixelhost.web import amounts, forms, languages, pages
from pixelhost.web.account import problems
from pixelhost.web.administration import frame
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.web.sections import CONFIRMED, Question
from pixelhost.web.wording import honest
from pixelhost.wire import params, target
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

MICRO_PER_EURO: Final = 1_000_000
CREDIT_MAX_EURO: Final = 1_000_000
REASON_MAX: Final = 500
NOT_AN_AMOUNT: Final = mark("Write it as a number of euro, like 10 or -2.50.")
NOTHING: Final = mark("Nothing would change.")
TOO_MUCH: Final = mark("At most %(most)s euro at a time.")


@dataclass(frozen=True)
class Ban:
    reason: Annotated[str, Length(1, REASON_MAX)]


@dataclass(frozen=True)
class Credit:
    credit: str
    credit_key: UUID
    credit_reason: Annotated[str, Length(0, REASON_MAX)] = ""


async def show(request: web.Request) -> web.Response:
    """GET /admin/users/{user}"""
    frame.admin_of(request)
    return await _page(request, await _found(request), {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /admin/users/{user}: what the field `action` says."""
    frame.admin_of(request)
    account, sent = await _found(request), await forms.sent(request)
    try:
        if sent.get("action") not in ACTIONS:
            raise errors.INVALID_ACTION()
        return await ACTIONS[sent["action"]](request, account, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, account, sent, problems.of(request, error))


async def _set_plan(request: web.Request, account: User, sent: Mapping[str, str]) -> web.Response:
    await admin.set_plan(site_of(request), account, sent.get("subscription", ""))
    return _done(request, "saved")


async def _give_credit(request: web.Request, account: User, sent: Mapping[str, str]) -> web.Response:
    wanted = params.from_text(sent, Credit)
    amount = _micro_euros(request, wanted.credit)
    by, why = frame.admin_of(request).name, wanted.credit_reason.strip()
    reason = f"{by}: {why}" if why else by
    given = await billing.give_credit_once(site_of(request), account.id, amount, reason, wanted.credit_key)
    return _done(request, "credit_given" if given is not None else "credit_given_before")


async def _ban(request: web.Request, _account: User, sent: Mapping[str, str]) -> web.Response:
    wanted = params.from_text({name: text.strip() for name, text in sent.items()}, Ban)
    site = site_of(request)
    await admin.ban(site, await admin.find_other(site, caller_of(request), _named(request)), wanted.reason)
    return _done(request, "banned")


async def _unban(request: web.Request, account: User, _sent: Mapping[str, str]) -> web.Response:
    await admin.unban(site_of(request), account)
    return _done(request, "unbanned")


async def _reset_totp(request: web.Request, account: User, sent: Mapping[str, str]) -> web.Response:
    if CONFIRMED not in sent:
        say = languages.of(request).translations.gettext
        return frame.ask(
            request,
            Question(
                heading=say(mark("End two-factor login of %(name)s?")) % {"name": honest(account.name)},
                texts=[say(mark("Whoever knows the password gets in then. Be sure who asked you for it."))],
                action=say(mark("End it")),
                sent={"action": "reset_totp"},
            ),
        )
    await admin.reset_totp(site_of(request), account)
    return _done(request, "two_factor_off")


async def _delete(request: web.Request, account: User, sent: Mapping[str, str]) -> web.Response:
    site = site_of(request)
    other = await admin.find_other(site, caller_of(request), _named(request))
    if CONFIRMED not in sent:
        language = languages.of(request)
        say = language.translations.gettext
        return frame.ask(
            request,
            Question(
                heading=say(mark("Delete the account %(name)s?")) % {"name": honest(account.name)},
                texts=[
                    say(mark("At once and for ever, with all its files, lists and its filesystem.")),
                    say(mark("All links to them stop working.")),
                ],
                action=say(mark("Delete the account")),
                sent={"action": "delete"},
            ),
        )
    await admin.delete(site, other)
    return pages.see_other("/admin/users", done="deleted")


Action = Callable[[web.Request, User, Mapping[str, str]], Awaitable[web.Response]]

ACTIONS: Final[Mapping[str, Action]] = {
    "plan": _set_plan,
    "credit": _give_credit,
    "ban": _ban,
    "unban": _unban,
    "reset_totp": _reset_totp,
    "delete": _delete,
}


def _micro_euros(request: web.Request, euros: str) -> int:
    """Raises INTEGER_PARSE_FAILED, INTEGER_OUT_OF_RANGE."""
    try:
        amount = int(amounts.parsed(euros) * MICRO_PER_EURO)
    except ValueError:
        raise errors.INTEGER_PARSE_FAILED(field="credit", message=NOT_AN_AMOUNT) from None
    most = CREDIT_MAX_EURO * MICRO_PER_EURO
    if amount and abs(amount) <= most:
        return amount
    say = languages.of(request).translations.gettext
    message = say(TOO_MUCH) % {"most": CREDIT_MAX_EURO} if amount else NOTHING
    raise errors.INTEGER_OUT_OF_RANGE(field="credit", min_val=-most, max_val=most, val=amount, message=message)


def _named(request: web.Request) -> str:
    return target.path_segment(request, 2, "user")


async def _found(request: web.Request) -> User:
    """The account in the path: its ID, name or e-mail address. Raises USER_NOT_FOUND."""
    return await admin.find(site_of(request), _named(request))


def _done(request: web.Request, notice: str) -> web.Response:
    return pages.see_other(request.path, done=notice)


async def _page(request: web.Request, account: User, sent: Mapping[str, str], found: Problems) -> web.Response:
    site = site_of(request)
    return frame.answer(
        request,
        "user.html",
        found.status,
        account=await admin.show(site, account),
        is_own=caller_of(request).owns(account.id),
        plan=site.plan(account.plan_id),
        plans=[(plan.id, plan.name) for plan in site.settings.plans.values()],
        sent=sent,
        problems=found,
        credit_key=uuid4(),
        reason_max=REASON_MAX,
    )
