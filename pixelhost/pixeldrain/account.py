"""User methods: the account itself, how it begins, changes and ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import accounts, registration
from pixelhost.core.accounts import Changes
from pixelhost.core.registration import NewAccount
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.pixeldrain import envelope, sessions, shapes
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, here, site_of


@dataclass(frozen=True)
class Reset:
    email: str


@dataclass(frozen=True)
class NewPassword:
    key: UUID
    new_password: str


async def show(request: web.Request) -> web.Response:
    return envelope.ok(await shapes.user(site_of(request), caller_of(request).require_user()))


async def update(request: web.Request) -> web.Response:
    """PUT /user: all problems of the request are told at once, and nothing is changed if there are any."""
    caller = caller_of(request)
    caller.require_user()
    wanted, problems = _understood(await params.fields(request))
    is_link_sent = await accounts.change(site_of(request), caller, wanted, problems, here(request))
    return envelope.accepted(errors.LOGIN_LINK_SENT) if is_link_sent else envelope.done()


async def delete(request: web.Request) -> web.Response:
    """DELETE /user: logged out at once, deleted in a week unless somebody logs in."""
    await accounts.schedule_deletion(site_of(request), caller_of(request), here(request))
    response = envelope.done()
    sessions.forget_cookie(request, response)
    return response


async def register(request: web.Request) -> web.Response:
    """POST /user/register: 201, and a link to verify the address by mail. The account works before it is used."""
    wanted = await params.form(request, NewAccount)
    await registration.register(site_of(request), caller_of(request), wanted, here(request))
    return envelope.created()


async def ask_for_reset(request: web.Request) -> web.Response:
    """POST /user/password_reset: a link to set a new password by mail. The answer is the same without an account."""
    wanted = await params.form(request, Reset)
    await registration.send_reset(site_of(request), caller_of(request), wanted.email, here(request))
    return envelope.done()


async def reset_password(request: web.Request) -> web.Response:
    """POST /user/password_reset_confirm: `key` from the mailed link sets `new_password`, and ends all sessions."""
    wanted = await params.form(request, NewPassword)
    await registration.reset_password(site_of(request), caller_of(request), wanted.key, wanted.new_password)
    return envelope.done()


def _understood(fields: Mapping[str, str]) -> tuple[Changes, list[ApiError]]:
    """What of a form could be read, and what is wrong with the rest."""
    try:
        return params.from_text(fields, Changes), []
    except ApiError as problem:
        problems = [problem]
    except ApiErrors as several:
        problems = list(several.errors)
    broken = {problem.extra["field"] for problem in problems}
    return params.from_text({name: text for name, text in fields.items() if name not in broken}, Changes), problems
