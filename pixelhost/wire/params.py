"""Parameters: declared once as frozen dataclasses, read and refused here.

    @dataclass(frozen=True)
    class ThumbnailSize:
        width: Annotated[int, Between(16, 256)] = 256

No default = required. The type picks the parser, marks pick the checks. All fields are tried and the failures raised
together, in the order of declaration. `UNSET` as a default tells "not sent" from "sent empty".
"""

import asyncio
import dataclasses
import re
import stat
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec
from aiohttp import BodyPartReader, web

from pixelhost import errors
from pixelhost.errors import ApiError
from pixelhost.model.unset import UNSET, Unset
from pixelhost.wire import body, target

T = TypeVar("T")

JSON_FAILED = (msgspec.DecodeError, UnicodeError, RecursionError)


@dataclass(frozen=True)
class Between:
    """A range for whole numbers, both ends allowed."""

    lowest: int
    highest: int

    def check(self, field: str, value: Any) -> None:
        if not self.lowest <= value <= self.highest:
            raise errors.INTEGER_OUT_OF_RANGE(field=field, min_val=self.lowest, max_val=self.highest, val=value)


@dataclass(frozen=True)
class Length:
    """A range for the number of characters, both ends allowed."""

    shortest: int
    longest: int

    def check(self, field: str, value: Any) -> None:
        if not self.shortest <= len(value) <= self.longest:
            raise errors.STRING_OUT_OF_RANGE(field=field, min_len=self.shortest, max_len=self.longest, len=len(value))


Mode = NewType("Mode", int)
"""A Unix file mode, sent in octal: 0 to 7777. The type of a file or directory may be in front, as stat(2) has it."""

Flag = NewType("Flag", bool)
"""True when it is sent, with whatever value but `false`."""


@dataclass(frozen=True)
class AnyCharacter:
    """NUL is let pass: the rules of what reads this value refuse it in their own way."""


Mark = Between | Length | AnyCharacter


@dataclass(frozen=True)
class Field:
    """A parameter as it is declared. `default` is None where it is required, or where not sending it is nothing."""

    name: str
    type: Any
    marks: tuple[Mark, ...]
    is_required: bool
    default: Any
    parse: Callable[[str, str], Any]


def query(request: web.BaseRequest, wanted: type[T]) -> T:
    """Parameters of the URL's query. Unknown ones are ignored."""
    return from_text(pairs(target.raw_query(request)), wanted)


async def form(request: web.Request, wanted: type[T]) -> T:
    """Parameters of a small form, URL-encoded or multipart. Unknown ones are ignored."""
    return from_text(await fields(request), wanted)


async def json(request: web.Request, wanted: type[T]) -> T:
    """Members of the body's JSON object. Unknown ones are ignored. Raises JSON_BODY_PARSE_FAILED."""
    try:
        members = msgspec.json.decode(await body.small(request), type=dict[str, msgspec.Raw])
    except JSON_FAILED as error:
        raise errors.JSON_BODY_PARSE_FAILED() from error
    return from_json(members, wanted)


def from_json(sent: Mapping[str, msgspec.Raw], wanted: type[T]) -> T:
    """Members of an object that was read already."""
    return _build(wanted, sent, _json_value)


def from_text(sent: Mapping[str, str], wanted: type[T]) -> T:
    """Parameters that were read already, like those of an upload's form."""
    return _build(wanted, sent, lambda field, text: field.parse(field.name, text))


async def fields(request: web.Request) -> dict[str, str]:
    """The fields of a small form as text, the first of a name counting. Raises ERROR_READING_INPUT."""
    return _first_of_each(await all_fields(request))


async def all_fields(request: web.Request) -> list[tuple[str, str]]:
    """Names and values in the order of the form, also of a name that comes again. Raises as `fields`."""
    if body.is_multipart(request):
        return await _multipart_fields(request)
    try:
        return all_pairs((await body.small(request)).decode("utf-8"))
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field="body") from None


def pairs(text: str) -> dict[str, str]:
    """URL-encoded names and values (WHATWG URL, 5.1), decoded strictly; the first of a name counts."""
    return _first_of_each(all_pairs(text))


def all_pairs(text: str) -> list[tuple[str, str]]:
    """As `pairs`, also those of a name that comes again."""
    found = []
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            key = _unquoted(name, "query")
            found.append((key, _unquoted(value, key)))
    return found


def _first_of_each(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    first: dict[str, str] = {}
    for name, value in found:
        first.setdefault(name, value)
    return first


async def _multipart_fields(request: web.Request) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    size = 0
    try:
        await body.ask_for_body(request)
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            refuse_undecodable(part)
            value = bytearray()
            size += len(part.name) + 1  # also where both are empty there is a row
            while chunk := await _next_chunk(part):
                size += len(chunk)
                if size > body.SMALL_BODY_BYTES:
                    raise errors.FILE_TOO_LARGE(message="The form is too large")
                value += chunk
            found.append((part.name, text_of(bytes(value), part.name)))
    except (*body.READING_FAILED, ValueError, RuntimeError, AssertionError) as error:
        raise errors.ERROR_READING_INPUT(message="The multipart form could not be read") from error
    return found


async def _next_chunk(part: BodyPartReader) -> bytes:
    async with asyncio.timeout(body.SMALL_BODY_STALL_SECONDS):
        return await part.read_chunk()


def refuse_undecodable(part: BodyPartReader) -> None:
    """Raises UTF8_STRING_PARSE_FAILED for a name that isn't UTF-8: aiohttp lets its bytes pass as surrogates."""
    for text in (part.name, part.filename):
        if text is not None and not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                raise errors.UTF8_STRING_PARSE_FAILED(field="name") from None


def text_of(value: bytes, field: str) -> str:
    """Raises UTF8_STRING_PARSE_FAILED."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field=field) from None


def _unquoted(text: str, field: str) -> str:
    return text_of(unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogateescape")), field)


def _build(wanted: type[T], sent: Mapping[str, Any], parse: Callable[[Field, Any], Any]) -> T:
    values: dict[str, Any] = {}
    problems: list[ApiError] = []
    for field in declared(wanted):  # type: ignore[arg-type]  # a class is hashable
        try:
            if field.name in sent:
                value = parse(field, sent[field.name])
                _check(field, value)
                values[field.name] = value
            elif field.is_required:
                problems.append(errors.MISSING_FIELD(field=field.name))
        except ApiError as error:
            problems.append(error)
    errors.raise_all(problems)
    return wanted(**values)


def _check(field: Field, value: Any) -> None:
    if AnyCharacter() not in field.marks:
        _refuse_nul(field.name, value)
    for mark in field.marks:
        if not isinstance(mark, AnyCharacter):
            mark.check(field.name, value)


@cache
def declared(wanted: Hashable) -> tuple[Field, ...]:
    """The parameters of a dataclass, in the order of declaration."""
    hints = get_type_hints(wanted, include_extras=True)
    made = []
    for field in dataclasses.fields(wanted):  # type: ignore[arg-type]
        kind, marks = _taken_apart(hints[field.name])
        is_required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = None if field.default in {dataclasses.MISSING, UNSET} else field.default
        made.append(Field(field.name, kind, marks, is_required, default, _parser(kind)))
    return tuple(made)


def _taken_apart(hint: Any) -> tuple[Any, tuple[Mark, ...]]:
    """The type of a value that was sent, and its marks: `Annotated[int, Between(0, 9)] | Unset` is an int with one."""
    if get_origin(hint) in {Union, UnionType}:
        sent = [one for one in get_args(hint) if one not in {Unset, type(None)}]
        return _taken_apart(sent[0]) if len(sent) == 1 else (hint, ())
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        kind, inner_marks = _taken_apart(inner)
        return kind, (*inner_marks, *marks)
    return hint, ()


def _json_value(field: Field, raw: msgspec.Raw) -> Any:
    if field.type in {datetime, UUID, str}:
        return field.parse(field.name, _decoded(field, raw, str))
    return _decoded(field, raw, field.type)


def _decoded(field: Field, raw: msgspec.Raw, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except JSON_FAILED as error:
        message = f"The JSON member '{field.name}' could not be understood: {error}"
        raise errors.JSON_PARSE_FAILED(field=field.name, message=message) from error


def choices(kind: Any) -> dict[str, Any]:
    """What may be sent where only certain texts may, with the values that they stand for."""
    if get_origin(kind) is Literal:
        return {choice: choice for choice in get_args(kind)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {choice.value: choice for choice in kind}
    return {}


def _parser(kind: Any) -> Callable[[str, str], Any]:
    if allowed := choices(kind):
        return _one_of(allowed)
    return _PARSERS.get(kind, _json_text(kind))


def _one_of(allowed: dict[str, Any]) -> Callable[[str, str], Any]:
    def parse(field: str, text: str) -> Any:
        if text not in allowed:
            raise errors.ENUM_PARSE_FAILED(field=field, allowed_values=list(allowed))
        return allowed[text]

    return parse


def _json_text(kind: Any) -> Callable[[str, str], Any]:
    def parse(field: str, text: str) -> Any:
        try:
            return msgspec.json.decode(text, type=kind)
        except JSON_FAILED as error:
            raise errors.JSON_PARSE_FAILED(field=field) from error

    return parse


def _text(_field: str, text: str) -> str:
    return text


def _refuse_nul(field: str, value: Any) -> None:
    """Postgres keeps any text but one with NUL."""
    if isinstance(value, str) and "\0" in value:
        raise errors.FIELD_CONTAINS_ILLEGAL_CHARACTER(field=field, char="\0", char_position=value.index("\0"))


def _whole(field: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
        raise errors.INTEGER_PARSE_FAILED(field=field)
    value = int(text)
    Between(-(2**63), 2**63 - 1).check(field, value)
    return value


def _mode(field: str, text: str) -> int:
    if not re.fullmatch(r"[0-7]{1,12}", text):
        raise errors.INTEGER_PARSE_FAILED(field=field)
    mode = int(text, 8)
    if stat.S_IFMT(mode) in {stat.S_IFREG, stat.S_IFDIR}:
        mode = stat.S_IMODE(mode)
    Between(0, 0o7777).check(field, mode)
    return mode


def _flag(_field: str, text: str) -> bool:
    return text != "false"


def _bool(field: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise errors.BOOL_PARSE_FAILED(field=field)
    return text == "true"


def _uuid(field: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise errors.UUID_PARSE_FAILED(field=field) from None


_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


def _time(field: str, text: str) -> datetime:
    """RFC 3339; digits beyond microseconds are cut off, never rounded; a leap second is the one after."""
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise errors.TIME_PARSE_FAILED(field=field)
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC
        ) + timedelta(seconds=int(second) == 60, microseconds=int((fraction or "").ljust(6, "0")[:6]))
        if int(second) > 60 or int(offset_minutes or 0) > 59 or int(offset_hours or 0) > 23:
            raise ValueError("out of range")
        offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
        return moment + offset if sign == "-" else moment - offset
    except (ValueError, OverflowError):
        raise errors.TIME_PARSE_FAILED(field=field) from None


_PARSERS: Mapping[Any, Callable[[str, str], Any]] = {
    str: _text,
    int: _whole,
    bool: _bool,
    datetime: _time,
    UUID: _uuid,
    Mode: _mode,
    Flag: _flag,
}
