"""User methods: the account itself, login by password, and its sessions."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from pixelhost import errors
from pixelhost.core import login as logins
from pixelhost.model import Session
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.wire import credentials, params, security
from pixelhost.wire.dialect import caller_of, site_of
from pixelhost.wire.params import Length

NOT_THERE_YET = (
    ("PUT", "/user"),
    ("DELETE", "/user"),
    ("POST", "/user/register"),
    ("GET", "/user/files"),
    ("GET", "/user/lists"),
    ("GET", "/user/time_series/{statistic}"),
    ("GET", "/user/activity/{month}"),
    ("GET", "/user/transactions/{month}"),
    ("POST", "/user/invoice"),
    ("GET", "/user/invoice"),
    ("GET", "/user/pay_invoice/{id}"),
    ("PUT", "/user/file_customization"),
    ("GET", "/user/session/set_cookie"),
    ("POST", "/user/totp"),
)
"""Documented methods that this version doesn't have."""

COOKIE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Login:
    username: str = ""
    password: str = ""
    app_name: Annotated[str, Length(0, logins.APP_NAME_MAX)] = ""
    link_login_id: str | None = None


@dataclass(frozen=True)
class NewSession:
    app_name: Annotated[str, Length(0, logins.APP_NAME_MAX)] = ""


async def show(request: web.Request) -> web.Response:
    return envelope.ok(shapes.user(site_of(request), caller_of(request).require_user()))


async def login(request: web.Request) -> web.Response:
    """POST /user/login by password. The key comes in the answer and as a cookie."""
    security.refuse_foreign_origin(request)
    wanted = await params.form(request, Login)
    if wanted.link_login_id is not None:
        raise errors.API_NOT_IMPLEMENTED(message="Login links by e-mail do not exist yet on this server")
    if not wanted.username:
        raise errors.MISSING_FIELD(field="username")
    made = await logins.with_password(
        site_of(request), caller_of(request), wanted.username, wanted.password, wanted.app_name
    )
    response = _created(request, made)
    _set_cookie(request, response, str(made.key))
    return response


async def sessions(request: web.Request) -> web.Response:
    found = await logins.sessions_of(site_of(request), caller_of(request).require_user())
    return envelope.ok([shapes.session(one) for one in found])


async def new_session(request: web.Request) -> web.Response:
    caller = caller_of(request)
    user = caller.require_user()
    wanted = await params.form(request, NewSession)
    made = await logins.new_session(
        site_of(request), user.id, app_name=wanted.app_name, ip=caller.ip, user_agent=caller.user_agent
    )
    return _created(request, made)


async def logout(request: web.Request) -> web.Response:
    await logins.end_session(site_of(request), caller_of(request).require_session())
    response = envelope.done()
    credential = credentials.sent(request)
    if credential is not None and credential.is_cookie:
        response.del_cookie(credentials.COOKIE, path="/")
    return response


async def not_there_yet(_request: web.Request) -> web.Response:
    raise errors.API_NOT_IMPLEMENTED()


def _created(request: web.Request, made: Session) -> web.Response:
    domain = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    return envelope.ok(shapes.session(made, [domain]), 201)


def _set_cookie(request: web.Request, response: web.Response, key: str) -> None:
    is_https = security.is_https(request, site_of(request).settings.trusted_proxies)
    response.set_cookie(
        credentials.COOKIE, key, max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="Lax", secure=is_https
    )
