"""The manual of a dialect: what each of its routes does, takes, answers and refuses.

The page of the API and the OpenAPI document are made of it. What a route takes is not told again here: `query`, `form`
and `json` are the dataclasses that its handler reads. A test holds the manual against the routes and the handlers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from aiohttp import web

from pixelhost import errors
from pixelhost.errors import ErrorKind
from pixelhost.wire import params
from pixelhost.wire.params import AnyCharacter, Between, Flag, Length, Mode

JSON = "application/json"
BYTES = "application/octet-stream"

Who = Literal["anyone", "owner", "account", "administrator"]
"""Strangers are `forbidden` what is the owner's; of the rest they are told that it takes a key."""

Place = Literal["path", "query", "form", "json", "header"]

Voice = Literal["codes", "words", "messages"]
"""How an API says no: with the code of the registry, or in words alone, which with 422 stand by field; as a message
they have those fields beside it.
"""


class ReadByName:
    """Base of dataclasses that only the manual has: of parameters that are looked up one by one."""


@dataclass(frozen=True)
class Operation:
    """One thing that a route does; where a parameter decides what it does, `variant` is that, like `?stat`.

    `route` is a method and a path below `base`. `explained` says what parameters mean. In `curl`, `{here}` is this
    site. `answer` is an example. Where there is an `envelope`, the fields lie in an object of that name; in a form they
    are called like `push[payload]`.
    """

    route: str
    title: str
    text: str = ""
    who: Who = "account"
    base: str = "/api"
    variant: str = ""
    envelope: str = ""
    query: Sequence[type] = ()
    form: Sequence[type] = ()
    json: Sequence[type] = ()
    explained: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Parts of a multipart form that hold a file."""
    takes_bytes: bool = False
    """The body is a file, as it is."""
    status: int = 200
    media_type: str = JSON
    returns: str = ""
    answer: Any = None
    refuses: Sequence[ErrorKind] = ()
    curl: str = ""

    @property
    def name(self) -> str:
        """Of it alone."""
        return f"{self.route} {self.variant}".rstrip()

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.route.partition(" ")[2]


@dataclass(frozen=True)
class Parameter:
    """`is_file` is a part of a multipart form that holds one."""

    name: str
    place: Place
    text: str
    is_required: bool = True
    declared: params.Field | None = None
    is_file: bool = False


@dataclass(frozen=True)
class Chapter:
    """Operations that belong together. `general` is what is worth knowing before them."""

    name: str
    title: str
    operations: Sequence[Operation]
    general: str = ""


@dataclass(frozen=True, eq=False)
class Manual:
    """`unlisted` are routes that stand for others or for nothing, with what they are."""

    chapters: Sequence[Chapter]
    unlisted: Mapping[str, str] = field(default_factory=dict)
    voice: Voice = "codes"

    @property
    def operations(self) -> list[Operation]:
        return [operation for chapter in self.chapters for operation in chapter.operations]


NO_MANUAL = Manual(())

MANUALS: web.AppKey[list[Manual]] = web.AppKey("manuals", list[Manual])

ANYWHERE: Sequence[ErrorKind] = (
    errors.INTERNAL,
    errors.AUTHENTICATION_FAILED,
    errors.READ_ONLY_MODE_ENABLED,
    errors.REQUEST_ORIGIN_INVALID,
    errors.MULTIPLE_ERRORS,
    errors.UTF8_STRING_PARSE_FAILED,
    errors.ERROR_READING_INPUT,
)
"""What any route may answer, so that it isn't told of each."""

_PLACEHOLDER = re.compile(r"\{(\w+)(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}")
_SUFFIX = re.compile(r"\{suffix:[^{}]*\}")


def key(method: str, path: str, prefix: str = "/api") -> str:
    """How a manual names a route: `GET /file/{id}`. A suffix that makes no difference isn't told."""
    return f"{method} " + _PLACEHOLDER.sub(r"{\1}", _SUFFIX.sub("", path.removeprefix(prefix)))


def status(kind: ErrorKind, voice: Voice) -> int:
    """What a refusal is answered with. In words, 422 is about fields only; as messages, whatever is about a field."""
    if voice == "messages" and kind.status in {400, 422}:
        return 422 if "field" in kind.extra or kind is errors.USER_OUT_OF_SPACE else 400
    return 400 if voice == "words" and kind.status == 422 and kind is not errors.PUSH_INVALID else kind.status


def parameters(operation: Operation) -> list[Parameter]:
    """All that can be sent: in the path, headers, the query, the body.

    A KeyError for one that isn't explained; with an empty explanation it is one that does nothing here, and left out.
    """
    in_path = _PLACEHOLDER.findall(operation.path)
    found = [Parameter(name, "path", operation.explained[name]) for name in in_path]
    found += [Parameter(name, "header", text, is_required=False) for name, text in operation.headers.items()]
    sent: list[tuple[Place, Sequence[type]]] = [
        ("query", operation.query),
        ("form", operation.form),
        ("json", operation.json),
    ]
    for place, wanted in sent:
        for one in wanted:
            found += [
                Parameter(declared.name, place, operation.explained[declared.name], declared.is_required, declared)
                for declared in params.declared(one)
                if operation.explained[declared.name] and declared.name not in in_path
            ]
    found += [Parameter(name, "form", text, is_required=False, is_file=True) for name, text in operation.files.items()]
    return found


def refusals(operation: Operation) -> list[ErrorKind]:
    """What it may refuse with, besides what any route may: said in the manual, or following from what it takes."""
    found: dict[ErrorKind, None] = {}
    if operation.who in {"account", "administrator"}:
        found |= dict.fromkeys((errors.AUTHENTICATION_REQUIRED, errors.ACCOUNT_BANNED))
    if operation.who in {"owner", "administrator"}:
        found[errors.FORBIDDEN] = None
    for wanted in (*operation.query, *operation.form, *operation.json):
        is_checked = not issubclass(wanted, ReadByName)
        told = [one for one in params.declared(wanted) if is_checked and operation.explained[one.name]]
        found |= dict.fromkeys(kind for one in told for kind in _refused(one))
    if operation.form or operation.json:
        found[errors.FILE_TOO_LARGE] = None
    if operation.json:
        found[errors.JSON_BODY_PARSE_FAILED] = None
    found |= dict.fromkeys(operation.refuses)
    return sorted(found, key=lambda kind: (kind.status, kind.code))


def _refused(declared: params.Field) -> list[ErrorKind]:
    """What a parameter is refused with by its type and its marks."""
    found = [errors.MISSING_FIELD] if declared.is_required else []
    found += _BY_TYPE.get(declared.type, [errors.JSON_PARSE_FAILED])
    if params.choices(declared.type):
        found = [*found[: declared.is_required], errors.ENUM_PARSE_FAILED]
    for mark in declared.marks:
        found += [_BY_MARK[type(mark)]] if type(mark) in _BY_MARK else []
    if declared.type is str and AnyCharacter() not in declared.marks:
        found.append(errors.FIELD_CONTAINS_ILLEGAL_CHARACTER)
    return found


_BY_TYPE: Mapping[Any, list[ErrorKind]] = {
    str: [],
    Flag: [],
    int: [errors.INTEGER_PARSE_FAILED, errors.INTEGER_OUT_OF_RANGE],
    Mode: [errors.INTEGER_PARSE_FAILED, errors.INTEGER_OUT_OF_RANGE],
    bool: [errors.BOOL_PARSE_FAILED],
    datetime: [errors.TIME_PARSE_FAILED],
    UUID: [errors.UUID_PARSE_FAILED],
}
_BY_MARK: Mapping[type, ErrorKind] = {
    Between: errors.INTEGER_OUT_OF_RANGE,
    Length: errors.STRING_OUT_OF_RANGE,
}
