"""User methods: logins and API keys."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.core import callers, secondfactor
from pixelhost.core import login as logins
from pixelhost.core.login import Attempt
from pixelhost.model.accounts import Session
from pixelhost.pixeldrain import envelope, shapes
from pixelhost.wire import credentials, params, security
from pixelhost.wire.dialect import caller_of, here, site_of
from pixelhost.wire.params import Length


@dataclass(frozen=True)
class Login:
    username: str = ""
    password: str = ""
    totp: Annotated[str, Length(0, 20)] = ""
    app_name: Annotated[str, Length(0, logins.APP_NAME_MAX)] = ""
    redirect: Annotated[str, Length(0, 1000)] = ""
    link_login_user_id: UUID | None = None
    link_login_id: UUID | None = None


@dataclass(frozen=True)
class NewSession:
    app_name: Annotated[str, Length(0, logins.APP_NAME_MAX)] = ""


@dataclass(frozen=True)
class KeyToKeep:
    api_key: str


@dataclass(frozen=True)
class SecondFactorAction:
    action: Literal["generate", "verify", "delete"]


@dataclass(frozen=True)
class SecondFactorProof:
    secret: Annotated[str, Length(0, 200)]
    otp: Annotated[str, Length(0, 20)]


async def login(request: web.Request) -> web.Response:
    """POST /user/login by password or by an e-mailed link; with an e-mail address alone it has a link sent.

    The key comes in the answer and as a cookie. Whatever key is sent along doesn't matter.
    """
    security.refuse_other_sites(request)
    wanted = await params.form(request, Login)
    attempt = Attempt(caller_of(request), wanted.app_name, wanted.totp)
    if wanted.link_login_id is not None or wanted.link_login_user_id is not None:
        return _entered(request, await _by_link(request, attempt, wanted))
    if not wanted.username:
        raise errors.MISSING_FIELD(field="username")
    if wanted.password:
        return _entered(
            request, await logins.with_password(site_of(request), attempt, wanted.username, wanted.password)
        )
    if "@" not in wanted.username:
        raise errors.NO_LOGIN_METHOD_AVAILABLE()
    await logins.send_link(site_of(request), attempt, wanted.username, base_url=here(request), redirect=wanted.redirect)
    return envelope.accepted(errors.LOGIN_LINK_SENT)


async def sessions(request: web.Request) -> web.Response:
    """GET /user/session: tokens have no key to be told, and are left out."""
    found = await logins.sessions_of(site_of(request), caller_of(request).require_user())
    return envelope.ok([shapes.session(one) for one in found if not one.is_token])


async def new_session(request: web.Request) -> web.Response:
    caller = caller_of(request)
    caller.require_user()
    wanted = await params.form(request, NewSession)
    return _created(request, await logins.another_session(site_of(request), caller, wanted.app_name))


async def logout(request: web.Request) -> web.Response:
    await logins.end_session(site_of(request), caller_of(request).require_session())
    response = envelope.done()
    forget_cookie(request, response)
    return response


async def set_cookie(request: web.Request) -> web.Response:
    """GET /user/session/set_cookie: a key becomes the login cookie, at the address where it was made."""
    wanted = params.query(request, KeyToKeep)
    caller = caller_of(request)
    holder = await callers.identify(site_of(request), wanted.api_key, caller.ip, caller.user_agent)
    holder.require_user()
    if holder.require_session().created_ip != caller.ip:
        raise errors.INVALID_KEY_IP()
    response = envelope.done()
    _keep_cookie(request, response, wanted.api_key)
    return response


async def second_factor(request: web.Request) -> web.Response:
    """POST /user/totp: `generate` a secret, `verify` it, which asks for codes from then on, or `delete` it."""
    caller = caller_of(request)
    user = caller.require_user()
    fields = await params.fields(request)
    action = params.from_text(fields, SecondFactorAction).action
    if action == "generate":
        made = secondfactor.enrolment(user)
        return envelope.success({"secret": made.secret, "uri": made.uri, "qr_svg": made.qr_svg})
    if action == "verify":
        proof = params.from_text(fields, SecondFactorProof)
        await secondfactor.enable(site_of(request), caller, proof.secret, proof.otp)
    else:
        await secondfactor.disable(site_of(request), caller)
    return envelope.done()


def forget_cookie(request: web.Request, response: web.Response) -> None:
    """End the login cookie, where it was what the request came with."""
    credential = credentials.sent(request)
    if credential is not None and credential.is_cookie:
        credentials.forget(response)


async def _by_link(request: web.Request, attempt: Attempt, wanted: Login) -> Session:
    errors.raise_all(
        [
            errors.MISSING_FIELD(field=name)
            for name in ("link_login_user_id", "link_login_id")
            if getattr(wanted, name) is None
        ]
    )
    assert wanted.link_login_user_id is not None
    assert wanted.link_login_id is not None
    return await logins.with_link(site_of(request), attempt, wanted.link_login_user_id, wanted.link_login_id)


def _entered(request: web.Request, made: Session) -> web.Response:
    response = _created(request, made)
    _keep_cookie(request, response, str(made.key))
    return response


def _created(request: web.Request, made: Session) -> web.Response:
    domain = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    return envelope.ok(shapes.session(made, [domain]), 201)


def _keep_cookie(request: web.Request, response: web.Response, key: str) -> None:
    is_https = security.is_https(request, site_of(request).settings.trusted_proxies)
    credentials.keep(response, key, is_https=is_https)
