"""What is sent in a body: a JSON object, or a form whose lists are `files[]` or `files[0]` and so on.

Empty texts and null are as if not sent.
Of a value that can't be understood the problem is kept, so that it can be told together with all others.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from pixelhost import errors
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.wire import body, params

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

EMPTY: Final = frozenset({b"null", b'""'})
NO_UUID: Final = UUID(int=0)
"""Nothing has it."""

_LISTED: Final = re.compile(r"(\w+)\[\d*\]")


@dataclass(frozen=True)
class Sent(Generic[T_co]):
    """`values` are those that were understood; `empty` are the names of those that were sent empty."""

    values: T_co
    problems: Sequence[ApiError]
    empty: frozenset[str]


async def read(request: web.Request, wanted: type[T]) -> Sent[T]:
    """Every field of `wanted` must have a default.

    Raises JSON_BODY_PARSE_FAILED, FILE_TOO_LARGE, ERROR_READING_INPUT.
    """
    if body.is_multipart(request):
        return _from_form(await params.all_fields(request), wanted)
    data = await body.small(request)
    is_form = request.content_type == "application/x-www-form-urlencoded" and not data.lstrip().startswith(b"{")
    if is_form:
        return _from_form(_urlencoded(data), wanted)
    try:
        members = msgspec.json.decode(data or b"{}", type=dict[str, msgspec.Raw])
    except params.JSON_FAILED:
        raise errors.JSON_BODY_PARSE_FAILED(message="The body is not a JSON object.") from None
    full = {name: raw for name, raw in members.items() if bytes(raw).strip() not in EMPTY}
    return _understood(full, wanted, params.from_json, frozenset(members.keys() - full.keys()))


def uuids(texts: Sequence[str]) -> list[UUID]:
    """In the same places; what is no UUID becomes one that nothing has."""
    return [uuid(text) for text in texts]


def uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return NO_UUID


def _urlencoded(data: bytes) -> list[tuple[str, str]]:
    try:
        return params.all_pairs(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field="body") from None


def _gathered(form: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The values of a list, in the order of the form, as JSON; of other names the first."""
    found: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for name, value in form:
        if listed := _LISTED.fullmatch(name):
            lists.setdefault(listed[1], []).append(value)
        else:
            found.setdefault(name, value)
    return found | {name: msgspec.json.encode(values).decode() for name, values in lists.items()}


def _from_form(form: Sequence[tuple[str, str]], wanted: type[T]) -> Sent[T]:
    fields = _gathered(form)
    full = {name: text for name, text in fields.items() if text}
    return _understood(full, wanted, params.from_text, frozenset(fields.keys() - full.keys()))


def _understood(members: Mapping[str, Any], wanted: type[T], build: Any, empty: frozenset[str]) -> Sent[T]:
    try:
        return Sent(build(members, wanted), (), empty)
    except ApiError as problem:
        problems: Sequence[ApiError] = [problem]
    except ApiErrors as several:
        problems = several.errors
    broken = {problem.extra["field"] for problem in problems}
    rest = {name: value for name, value in members.items() if name not in broken}
    return Sent(build(rest, wanted), problems, empty)
