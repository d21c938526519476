"""A dialect is a table of routes and one way to say no. `mount` makes handlers of it: caller first, errors last."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.core import callers
from pixelhost.core.callers import Caller
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.site import Site
from pixelhost.wire import accesslog, body, credentials, security
from pixelhost.wire.credentials import Credential
from pixelhost.wire.manual import NO_MANUAL, Manual

log = logging.getLogger(__name__)

SITE: web.AppKey[Site] = web.AppKey("site", Site)
CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
OPEN_ROUTE: web.RequestKey[bool] = web.RequestKey("open route", bool)
BEGUN: web.RequestKey[web.StreamResponse] = web.RequestKey("begun", web.StreamResponse)
"""Where `content` keeps a response whose head is out: a failure after that cuts the connection."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Render = Callable[[web.BaseRequest, ApiError | ApiErrors], web.StreamResponse]

CORS_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-None-Match, If-Range, Content-Digest, "
    "Repr-Digest, X-Node-Password",
    "Access-Control-Max-Age": "86400",
}
EXPOSED = "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag"


@dataclass(frozen=True)
class Route:
    """`takes_node_password`: what was sent as a key and has not the shape of one opens a shared node.

    `is_for_strangers`: a key doesn't matter, not even one that is no longer good.
    `is_open_to_other_sites`: as of a dialect, for one route of it.
    `accepts`: only requests whose Accept header names this media type; the others go to the route of another dialect
    with the same method and path, which is mounted later.
    """

    method: str
    path: str
    handler: Handler
    takes_node_password: bool = False
    is_for_strangers: bool = False
    is_open_to_other_sites: bool = False
    accepts: str = ""


@dataclass(frozen=True)
class Dialect:
    """`is_open_to_other_sites`: pages of other sites may call it, though never with the visitor's cookie. Without it
    they may only read: whatever else a browser sends along by itself, a password it was asked for too, does nothing.

    `is_elsewhere`: on domains that aren't the site's: the login cookie makes nobody of a caller, links go by the host.
    `forgives_cookies`: a login cookie that is no longer valid makes a stranger of the caller, not an error.
    `manual`: of its routes, where they are an API.
    `headers`: of every response, where it doesn't say otherwise itself.
    `admit`: is asked first, before anybody's key is looked at; raises where there were too many requests. Also where
    there is no route.
    """

    name: str
    render: Render
    routes: Sequence[Route]
    is_open_to_other_sites: bool = False
    forgives_cookies: bool = False
    is_elsewhere: bool = False
    manual: Manual = NO_MANUAL
    headers: Mapping[str, str] = field(default_factory=dict)
    admit: Callable[[web.Request], Awaitable[None]] | None = None
    headers_of: Callable[[web.BaseRequest], Mapping[str, str]] | None = None
    """As `headers`, where they differ by request."""


DIALECT: web.RequestKey[Dialect] = web.RequestKey("dialect", Dialect)
OTHERWISE: web.AppKey[dict[tuple[str, str], Handler]] = web.AppKey("otherwise", dict[tuple[str, str], Handler])
"""By method and path, who answers what the first route doesn't accept."""


def mount(app: web.Application, dialect: Dialect) -> None:
    """Add a dialect's routes. GET routes answer HEAD too."""
    otherwise = app.setdefault(OTHERWISE, {})
    for route in dialect.routes:
        handler = _wrapped(dialect, route)
        key = (route.method, route.path)
        if key in otherwise:
            otherwise[key] = handler
            continue
        if route.accepts:
            otherwise[key] = _nothing_else
            handler = _choosing(route, handler, otherwise)
        methods = [route.method, hdrs.METH_HEAD] if route.method == hdrs.METH_GET else [route.method]
        for method in methods:
            app.router.add_route(method, route.path, handler, expect_handler=_hold_back_continue)


def _choosing(route: Route, handler: Handler, otherwise: Mapping[tuple[str, str], Handler]) -> Handler:
    async def choosing(request: web.Request) -> web.StreamResponse:
        if route.accepts in request.headers.get(hdrs.ACCEPT, ""):
            return await handler(request)
        return await otherwise[route.method, route.path](request)

    return choosing


async def _nothing_else(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


def finish(app: web.Application, choose: Callable[[str], Dialect]) -> None:
    """What holds for every dialect: headers of every response, and answers to what no route takes.

    `choose` tells a path's dialect.
    """

    @web.middleware
    async def answer_unrouted(request: web.Request, handler: Handler) -> web.StreamResponse:
        unrouted = request.match_info.http_exception
        if unrouted is None:
            return await handler(request)
        dialect = request[DIALECT] = choose(request.path)
        return await _answered(request, dialect, partial(_unrouted, dialect, unrouted))

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.SERVER] = "pixelhost"
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        dialect = request.get(DIALECT)
        if dialect is None:
            return
        varying = dialect.headers_of(request) if dialect.headers_of is not None else {}
        for name, value in {**dialect.headers, **varying}.items():
            response.headers.setdefault(name, value)
        if (dialect.is_open_to_other_sites or OPEN_ROUTE in request) and hdrs.COOKIE not in request.headers:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers.setdefault("Access-Control-Expose-Headers", EXPOSED)

    app.middlewares.append(answer_unrouted)
    app.on_response_prepare.append(add_headers)


def site_of(request: web.Request) -> Site:
    return request.app[SITE]


def caller_of(request: web.Request) -> Caller:
    return request[CALLER]


def here(request: web.Request) -> str:
    """The address of this site, for links, without a slash at its end. Raises ERROR_READING_INPUT."""
    settings = request.app[SITE].settings
    configured = "" if request[DIALECT].is_elsewhere else settings.base_url
    if not configured:
        security.refuse_odd_host(request)
    return security.base_url(request, configured, settings.trusted_proxies)


def cut(request: web.BaseRequest) -> None:
    """End the connection at once: a response that can't be completed must not look as if it were."""
    if request.transport is not None:
        request.transport.abort()


async def _answered(request: web.Request, dialect: Dialect, answer: Handler) -> web.StreamResponse:
    """What `answer` says where the dialect admits the request, or the refusal, rendered."""
    try:
        if dialect.admit is not None:
            await dialect.admit(request)
        return await answer(request)
    except (ApiError, ApiErrors) as error:
        refusal: ApiError | ApiErrors = error
    except Exception:
        log.exception("%s %s failed", request.method, accesslog.shown_path(request.rel_url.raw_path))
        refusal = errors.INTERNAL()
    begun: web.StreamResponse | None = request.get(BEGUN)
    if begun is not None:
        cut(request)
        return begun
    return dialect.render(request, refusal)


async def _unrouted(dialect: Dialect, unrouted: web.HTTPException, request: web.Request) -> web.StreamResponse:
    allowed = unrouted.headers.get(hdrs.ALLOW)
    if request.method == hdrs.METH_OPTIONS and allowed and dialect.is_open_to_other_sites:
        return web.Response(status=204, headers=CORS_HEADERS | {hdrs.ALLOW: allowed})
    error = errors.INVALID_ENDPOINT()
    if unrouted.status == 405:
        error.status = 405
    response = dialect.render(request, error)
    if allowed:
        response.headers[hdrs.ALLOW] = allowed
    return response


def _wrapped(dialect: Dialect, route: Route) -> Handler:
    identify = _stranger if route.is_for_strangers else _node_caller if route.takes_node_password else _caller

    async def wrapped(request: web.Request) -> web.StreamResponse:
        request[DIALECT] = dialect
        try:
            response = await _answered(request, dialect, answer)
        finally:
            is_spent = body.give_back(request)
        if is_spent:
            response.force_close()
        return response

    async def answer(request: web.Request) -> web.StreamResponse:
        if route.is_open_to_other_sites:
            request[OPEN_ROUTE] = True
        elif not dialect.is_open_to_other_sites:
            security.refuse_other_sites(request)
        request[CALLER] = await identify(request, dialect)
        return await route.handler(request)

    return wrapped


async def _node_caller(request: web.Request, dialect: Dialect) -> Caller:
    password = credentials.node_password(request)
    credential = credentials.sent(request)
    if credential is not None and credential.is_node_password:
        return replace(await _identified(request, dialect, None), node_password=password or credential.key)
    return replace(await _identified(request, dialect, credential), node_password=password)


async def _caller(request: web.Request, dialect: Dialect) -> Caller:
    return await _identified(request, dialect, credentials.sent(request))


async def _stranger(request: web.Request, dialect: Dialect) -> Caller:
    return await _identified(request, dialect, None)


async def _identified(request: web.Request, dialect: Dialect, credential: Credential | None) -> Caller:
    site = request.app[SITE]
    ip = security.client_ip(request, site.settings.trusted_proxies)
    user_agent = request.headers.get(hdrs.USER_AGENT, "").encode("utf-8", "replace").decode("utf-8")
    if credential is None or (credential.is_cookie and dialect.is_elsewhere):
        return Caller(ip, user_agent)
    if credential.is_cookie:
        security.refuse_other_sites(request)
    try:
        return await callers.identify(site, credential.key, ip, user_agent)
    except ApiError:
        if credential.is_cookie and dialect.forgives_cookies:
            return Caller(ip, user_agent)
        raise


async def _hold_back_continue(_request: web.Request) -> None:
    """Send no `100 Continue` yet: `body` does when the upload is admitted, a refusal does not."""
