"""What is sent to the routes that Password Pusher doesn't have: JSON, whose problems are told by field as in a push."""

from typing import Any, TypeVar

from aiohttp import web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.wire import params

T = TypeVar("T")


async def json(request: web.Request, wanted: type[T]) -> T:
    """Members of the body's JSON object. Raises PUSH_INVALID, or several of it; JSON_BODY_PARSE_FAILED."""
    try:
        return await params.json(request, wanted)
    except (ApiError, ApiErrors) as error:
        all_errors = error.errors if isinstance(error, ApiErrors) else (error,)
        found = [_by_field(one) for one in all_errors if "field" in one.extra]
        if len(found) < len(all_errors):
            raise
        errors.raise_all(found)
        raise


def _by_field(error: ApiError) -> ApiError:
    extra: dict[str, Any] = dict(error.extra)
    return errors.PUSH_INVALID(field=extra["field"], message=error.message)
