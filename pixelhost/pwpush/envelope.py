"""How Password Pusher's API answers: bare JSON, and refusals in the shapes that its clients know."""

from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors

JSON: Final = "application/json"

_encode = msgspec.json.Encoder().encode


def ok(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=_encode(data), status=status, content_type=JSON)


def refuse(_request: web.BaseRequest, error: ApiError | ApiErrors) -> web.Response:
    """The one renderer of errors of this dialect."""
    all_errors = error.errors if isinstance(error, ApiErrors) else (error,)
    by_field: dict[str, list[str]] = {}
    for one in all_errors:
        if one.kind is errors.PUSH_INVALID:
            by_field.setdefault(one.extra["field"], []).append(one.message)
    if by_field and len(by_field) == len({one.extra.get("field") for one in all_errors}):
        return ok(by_field, 422)
    first = all_errors[0]
    # 422 is about fields, each with its sentences.
    response = ok(_refusal(first), 400 if error.status == 422 else error.status)
    response.headers.update(first.headers)
    if error.status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="pixelhost"'
    return response


def _refusal(error: ApiError) -> dict[str, str]:
    if error.status == 404:
        return {"error": "not-found"}
    if error.kind is errors.PUSH_PASSPHRASE_INCORRECT:
        how = "Send the passphrase of this push as the parameter passphrase, like ?passphrase=..."
        return {"error": error.message, "message": how, "status": "unauthorized"}
    return {"error": error.message}
