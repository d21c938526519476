"""How the Pixeldrain API answers: JSON, and every refusal as `success, value, message, extra`."""

from typing import Any

import msgspec
from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors, ErrorKind

JSON = "application/json"
SENT_BY_BROWSERS = (hdrs.ORIGIN, hdrs.COOKIE, "Sec-Fetch-Mode")

_encode = msgspec.json.Encoder().encode


def ok(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=_encode(data), status=status, content_type=JSON)


def success(data: dict[str, Any], status: int = 200) -> web.Response:
    return ok({"success": True} | data, status)


def done() -> web.Response:
    return success({"value": "ok", "message": "The requested action was successfully performed"})


def created() -> web.Response:
    return success({"value": "created", "message": "The submitted resource was created"}, 201)


def accepted(kind: ErrorKind) -> web.Response:
    """One of the registry's codes that is no error."""
    return success({"value": kind.code, "message": kind.message}, kind.status)


def refuse(request: web.BaseRequest, error: ApiError | ApiErrors) -> web.Response:
    """The one renderer of errors of this dialect."""
    if isinstance(error, ApiErrors):
        body = _refusal(errors.MULTIPLE_ERRORS()) | {"errors": [_refusal(one) for one in error.errors]}
        return ok(body, error.status)
    response = ok(_refusal(error), error.status)
    response.headers.update(error.headers)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = _challenge(request)
    return response


def _challenge(request: web.BaseRequest) -> str:
    """Basic; but a script's request would wait while the browser itself asks for a name and a password then."""
    if any(name in request.headers for name in SENT_BY_BROWSERS):
        return 'Bearer realm="pixelhost"'
    return 'Basic realm="pixelhost", charset="UTF-8"'


def _refusal(error: ApiError) -> dict[str, Any]:
    body = {"success": False, "value": error.kind.code, "message": error.message}
    return body | {"extra": dict(error.extra)} if error.extra else body
