"""The application: a Site with every dialect's routes, and the server that it runs in."""

from typing import Any

from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from pixelhost import customdomains, errors, openapi, pixeldrain, privasfer, pwpush
from pixelhost import web as pages
from pixelhost.core import health
from pixelhost.core.domains import Domains
from pixelhost.customdomains import DOMAINS
from pixelhost.pixeldrain import envelope
from pixelhost.site import Site
from pixelhost.wire import dialect, manual, websocket
from pixelhost.wire.dialect import SITE, Dialect, site_of

DIALECTS = (pixeldrain.DIALECT, pwpush.DIALECT, privasfer.DIALECT, openapi.DIALECT, pages.DIALECT)

ELSEWHERE: web.AppKey[web.Application] = web.AppKey("elsewhere", web.Application)
"""What answers on custom domains."""

HTTP_LIMITS: dict[str, Any] = {
    "max_line_size": 32 << 10,  # a path of 4095 bytes is three times as long when encoded
    "max_field_size": 32 << 10,
    "lingering_time": 2.0,  # after a refusal, how long the rest of an upload is read and dropped
    "keepalive_timeout": 75.0,
    "auto_decompress": False,  # what is uploaded is stored as it was sent
    "read_bufsize": 256 << 10,
    "access_log": None,
}


def build_app(site: Site) -> web.Application:
    app = web.Application()
    app[SITE] = site
    app[manual.MANUALS] = [one.manual for one in DIALECTS]
    for one in DIALECTS:
        dialect.mount(app, one)
    for path in ("/health", "/up"):
        app.router.add_get(path, _health)
    dialect.finish(app, _dialect_of)
    app.on_shutdown.append(websocket.close_all)
    _add_domains(app, site)
    return app


def _add_domains(app: web.Application, site: Site) -> None:
    """The other application, which starts and ends with this one; the Runner chooses between them."""
    app[DOMAINS] = Domains(site)
    app[ELSEWHERE] = elsewhere = customdomains.build_app(site)
    elsewhere.pre_freeze()
    elsewhere.freeze()
    app.cleanup_ctx.append(customdomains.followed)
    app.on_shutdown.append(lambda _app: elsewhere.shutdown())


def _dialect_of(path: str) -> Dialect:
    """Whose way of saying no an unknown path gets."""
    if pwpush.PATHS.fullmatch(path):
        return pwpush.DIALECT
    if privasfer.PATHS.fullmatch(path):
        return privasfer.DIALECT
    return pixeldrain.DIALECT if path == "/api" or path.startswith("/api/") else pages.DIALECT


async def _health(request: web.Request) -> web.Response:
    """200 when the database and the store answer, else 503."""
    problems = await health.problems(site_of(request))
    return envelope.ok({"healthy": not problems, "problems": problems}, 503 if problems else 200)


class Runner(web.AppRunner):
    """aiohttp's runner, but a request that isn't even HTTP gets the envelope too."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        known, elsewhere = self.app[DOMAINS], self.app[ELSEWHERE]

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                if customdomains.is_misdirected(known, request):
                    return customdomains.misdirected()
                if isinstance(request, web.Request) and customdomains.is_for_a_domain(known, request):
                    return await elsewhere._handle(request)  # noqa: SLF001
                return await made.request_handler(request)
            except (web.HTTPExpectationFailed, UnicodeEncodeError):
                # aiohttp refuses an odd Expect header before it says that there is no such route, and stumbles over
                # one that isn't ASCII.
                return _dialect_of(request.path).render(request, errors.INVALID_ENDPOINT())

        return _Server(handle, request_factory=made.request_factory, **made._kwargs)  # noqa: SLF001


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    def data_received(self, data: bytes) -> None:
        """When the server stops, aiohttp drops what still arrives: here the rest of a running upload is still taken."""
        closing = self._close, self._force_close
        if not (any(closing) and self._request_in_progress) or self.transport is None:
            super().data_received(data)
            return
        self._close = self._force_close = False
        try:
            super().data_received(data)
        finally:
            self._close, self._force_close = closing

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may tell about our insides
    ) -> web.StreamResponse:
        """What aiohttp refuses before any route: a broken head, or one that is too large."""
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun")
        if status >= 500:
            self.log_exception("Error handling request", exc_info=exc)
        refusal = errors.INTERNAL() if status >= 500 else errors.ERROR_READING_INPUT(message="This is not valid HTTP")
        response = envelope.refuse(request, refusal)
        response.headers.update({hdrs.SERVER: "pixelhost", "X-Content-Type-Options": "nosniff"})
        response.force_close()
        return response
