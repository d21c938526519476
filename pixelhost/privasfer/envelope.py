"""How Privasfer's API answers: `data`, and refusals as Laravel words them, with a map of what is wrong by field."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors, ErrorKind
from pixelhost.wire.dialect import site_of

JSON: Final = "application/json"
RESET: Final = "X-RateLimit-Reset"
"""Of a 429, the second since 1970 from which on it is good again."""

NOT_ACCEPTED: Final = frozenset({400, 422})
"""Statuses of the registry that are 422 here where they are about a field."""

ABOUT_FILES: Final = frozenset({errors.USER_OUT_OF_SPACE, errors.TOO_MANY_FILES})
SAID_BY_STATUS: Final[Mapping[int, str]] = {
    401: "Unauthenticated.",
    404: "Not Found.",
    429: "Too Many Attempts.",
    500: "Server Error",
}
SAID_OF_FIELDS: Final[Mapping[ErrorKind, str]] = {
    errors.MISSING_FIELD: "The {name} field is required.",
    errors.INTEGER_PARSE_FAILED: "The {name} must be an integer.",
    errors.INTEGER_OUT_OF_RANGE: "The {name} must be between {min_val} and {max_val}.",
    errors.BOOL_PARSE_FAILED: "The {name} field must be true or false.",
    errors.UUID_PARSE_FAILED: "The {name} must be a valid UUID.",
    errors.ENUM_PARSE_FAILED: "The selected {name} is invalid.",
    errors.JSON_PARSE_FAILED: "The {name} is not of the type that is expected.",
    errors.FIELD_CONTAINS_ILLEGAL_CHARACTER: "The {name} has a character that is not allowed.",
}

_encode = msgspec.json.Encoder().encode


def data(shown: Any, status: int = 200) -> web.Response:
    return _json({"data": shown}, status)


def nothing() -> web.Response:
    return web.Response(status=204)


def refuse(request: web.BaseRequest, error: ApiError | ApiErrors) -> web.Response:
    """The one renderer of errors of this dialect."""
    all_errors = error.errors if isinstance(error, ApiErrors) else (error,)
    others = [one for one in all_errors if _field(one) is None]
    if others:
        return _refusal(request, others[0])
    by_field: dict[str, list[str]] = {}
    for one in all_errors:
        by_field.setdefault(_field(one) or "", []).append(_said_of_field(one))
    return _json({"message": "The given data was invalid.", "errors": by_field}, 422)


def _refusal(request: web.BaseRequest, error: ApiError) -> web.Response:
    status = 400 if error.kind is errors.JSON_BODY_PARSE_FAILED else error.status
    response = _json({"message": _said(request, error)}, status)
    response.headers.update(error.headers)
    if status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="pixelhost"'
    if error.status == 429 and isinstance(request, web.Request) and (again_at := _again_at(request, error)):
        response.headers[RESET] = str(again_at)
    return response


def _again_at(request: web.Request, error: ApiError) -> int | None:
    """The same moment as its Retry-After."""
    if error.again_at is not None:
        return int(error.again_at.timestamp())
    seconds = error.headers.get(hdrs.RETRY_AFTER)
    return int(site_of(request).clock.now().timestamp()) + int(seconds) if seconds else None


def _is_of_a_limit_of_its_own(error: ApiError) -> bool:
    """Whether it is about more than requests, like wrong PINs: it says by itself what there was too much of."""
    return error.status == 429 and error.message != error.kind.message


def _said(request: web.BaseRequest, error: ApiError) -> str:
    if error.status == 405:
        return f"The {request.method} method is not supported for this route."
    if error.kind is errors.FORBIDDEN:
        return "This action is unauthorized."
    return error.message if _is_of_a_limit_of_its_own(error) else SAID_BY_STATUS.get(error.status, error.message)


def _field(error: ApiError) -> str | None:
    if error.kind in ABOUT_FILES:
        return "file"
    return error.extra.get("field") if error.status in NOT_ACCEPTED else None


def _said_of_field(error: ApiError) -> str:
    name = str(_field(error)).replace("_", " ")
    if error.kind is errors.STRING_OUT_OF_RANGE:
        if error.extra["len"] < error.extra["min_len"]:
            return f"The {name} must be at least {error.extra['min_len']} characters."
        return f"The {name} must not be greater than {error.extra['max_len']} characters."
    said = SAID_OF_FIELDS.get(error.kind, "")
    facts = {key: value for key, value in error.extra.items() if key != "name"}
    return said.format(name=name, **facts) or error.message


def _json(shown: Any, status: int) -> web.Response:
    return web.Response(body=_encode(shown), status=status, content_type=JSON)
