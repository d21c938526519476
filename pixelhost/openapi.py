"""The OpenAPI 3.1 document, made of the manuals of all dialects: GET /api/openapi.json."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import hdrs, web

from pixelhost import __version__, errors
from pixelhost.errors import ErrorKind
from pixelhost.pixeldrain import envelope
from pixelhost.wire import manual, params
from pixelhost.wire.credentials import COOKIE
from pixelhost.wire.dialect import Dialect, Route, here
from pixelhost.wire.manual import BYTES, JSON, Manual, Operation, Parameter, Voice
from pixelhost.wire.params import Between, Flag, Length, Mode

BASE: Final = "/api"
SCHEMAS: Final = "#/components/schemas/"
Schema = dict[str, Any]

BY_TYPE: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    UUID: {"type": "string", "format": "uuid"},
    Mode: {"type": "string", "pattern": "^[0-7]{1,12}$"},
    Flag: {"type": "boolean"},
}
SECURITY_SCHEMES: Final = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The API key as the password; the user name doesn't matter.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "The API key."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "How a browser is logged in."},
}
ERROR: Final[Schema] = {
    "type": "object",
    "required": ["success", "value", "message"],
    "properties": {
        "success": {"const": False},
        "value": {"type": "string", "description": "What went wrong, for programs: it never changes."},
        "message": {"type": "string", "description": "What went wrong, in words."},
        "extra": {"type": "object", "description": "More about it, like the `field` that it is about."},
        "errors": {
            "type": "array",
            "items": {"$ref": f"{SCHEMAS}Error"},
            "description": "Of `multiple_errors`: each of them.",
        },
    },
}
WORDED_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string", "description": "What went wrong, in words."}},
}
FIELD_ERRORS: Final[Schema] = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}},
    "description": "By the name of a field, what is wrong with it.",
}
MESSAGE: Final[Schema] = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "description": "What went wrong, in words."},
        "errors": FIELD_ERRORS,
    },
}


async def show(request: web.Request) -> web.Response:
    """GET /api/openapi.json"""
    known = request.app[manual.MANUALS]
    body = _encoded(tuple(known), here(request))
    return web.Response(body=body, content_type=JSON, headers={hdrs.CACHE_CONTROL: "public, max-age=300"})


DIALECT: Final = Dialect(
    name="openapi",
    render=envelope.refuse,
    routes=(Route("GET", "/api/openapi.json", show, is_for_strangers=True),),
    is_open_to_other_sites=True,
)


@lru_cache(maxsize=8)
def _encoded(manuals: tuple[Manual, ...], address: str) -> bytes:
    return msgspec.json.encode(document(manuals, address))


def document(manuals: Sequence[Manual], address: str) -> Schema:
    """`address` is that of this site, without a slash at its end."""
    components: Schema = {"Error": ERROR, "WordedError": WORDED_ERROR, "FieldErrors": FIELD_ERRORS, "Message": MESSAGE}
    paths: dict[str, Schema] = {}
    voices: dict[str, Voice] = {chapter.name: one.voice for one in manuals for chapter in one.chapters}
    chapters = [chapter for one in manuals for chapter in one.chapters]
    for chapter in chapters:
        by_route: dict[str, list[Operation]] = {}
        for operation in chapter.operations:
            by_route.setdefault(operation.route, []).append(operation)
        for operations in by_route.values():
            first = operations[0]
            told = _operation(chapter.name, operations, components, voices[chapter.name])
            elsewhere = {"servers": [{"url": address + first.base}]} if first.base != BASE else {}
            paths.setdefault(first.path, {})[first.method.lower()] = told | elsewhere
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pixelhost",
            "version": __version__,
            "description": "Refusals are JSON: with `success`, `value` and `message`, but those of Password Pusher's "
            f"API with `error` alone, or a list of sentences by field. See {address}/docs/api.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": address + BASE}],
        "tags": [_tag(chapter.name, chapter.title, chapter.general) for chapter in chapters],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SECURITY_SCHEMES},
    }


def _tag(name: str, title: str, general: str) -> Schema:
    return {"name": name, "description": f"{title}. {general}".strip()}


def _operation(tag: str, operations: Sequence[Operation], components: Schema, voice: Voice) -> Schema:
    """One route. Where it does several things, what they take is all there, and the text says which takes what."""
    first = operations[0]
    made = {
        "operationId": _identifier(first),
        "tags": [tag],
        "summary": first.title if len(operations) == 1 else "; ".join(one.title for one in operations),
        "description": "\n\n".join(_description(one, is_one_of_several=len(operations) > 1) for one in operations),
        "security": _security(first),
        "parameters": _parameters(operations, components),
        "responses": _responses(operations, voice),
    }
    content = _body(operations, components)
    return made | ({"requestBody": {"content": content, "required": True}} if content else {})


def _identifier(operation: Operation) -> str:
    """`GET /file/{id}/info` is `getFileIdInfo`."""
    words = "".join(char if char.isalnum() else " " for char in operation.path).split()
    return operation.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _description(operation: Operation, *, is_one_of_several: bool) -> str:
    told = " ".join(filter(None, (operation.text, f"Answers: {operation.returns}")))
    return f"**{operation.variant or operation.path}**: {operation.title}. {told}" if is_one_of_several else told


def _security(operation: Operation) -> list[Schema]:
    known: list[Schema] = [{name: []} for name in SECURITY_SCHEMES]
    return [{}, *known] if operation.who == "anyone" else known


def _parameters(operations: Sequence[Operation], components: Schema) -> list[Schema]:
    found: dict[tuple[str, str], Schema] = {}
    for operation in operations:
        flag = operation.variant.removeprefix("?")
        told = manual.parameters(operation)
        if operation.variant.startswith("?") and flag not in {one.name for one in told}:
            found.setdefault(("query", flag), _flag(flag, operation.title))
        for one in told:
            if one.place in {"path", "query", "header"}:
                is_required = one.place == "path" or (one.is_required and len(operations) == 1)
                found.setdefault((one.place, one.name), _parameter(one, components, is_required=is_required))
    return list(found.values())


def _parameter(one: Parameter, components: Schema, *, is_required: bool) -> Schema:
    schema = BY_TYPE[str] if one.declared is None else _text_schema(one.declared, components)
    return {"name": one.name, "in": one.place, "required": is_required, "description": one.text, "schema": schema}


def _flag(name: str, title: str) -> Schema:
    return {"name": name, "in": "query", "description": title, "allowEmptyValue": True, "schema": {"type": "string"}}


def _body(operations: Sequence[Operation], components: Schema) -> Schema:
    if operations[0].takes_bytes:
        return {BYTES: {}}
    if operations[0].envelope:
        return _enveloped(operations[0], components)
    if operations[0].json:
        return {JSON: {"schema": _object(operations[0], "json", components)}}
    forms = [_object(one, "form", components) for one in operations if one.form]
    if not forms:
        return {}
    schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
    types = [] if operations[0].files else ["application/x-www-form-urlencoded"]
    return {media_type: {"schema": schema} for media_type in [*types, "multipart/form-data"]}


def _enveloped(operation: Operation, components: Schema) -> Schema:
    """Fields in an object of their own, or in a form, whose names say so; only a multipart form has files."""
    name, fields = operation.envelope, _object(operation, "json", components)
    in_form = {f"{name}[{field}]": schema for field, schema in fields["properties"].items()}
    form = {"type": "object", "properties": in_form}
    files = {one: {"type": "array", "items": _part(), "description": text} for one, text in operation.files.items()}
    return {
        JSON: {"schema": {"type": "object", "required": [name], "properties": {name: fields}}},
        "application/x-www-form-urlencoded": {"schema": form},
        "multipart/form-data": {"schema": form | {"properties": in_form | files}},
    }


def _object(operation: Operation, place: str, components: Schema) -> Schema:
    sent = [one for one in manual.parameters(operation) if one.place == place]
    schema_of = _json_schema if place == "json" else _text_schema
    properties = {
        one.name: {"description": one.text} | (schema_of(one.declared, components) if one.declared else _part())
        for one in sent
    }
    required = [one.name for one in sent if one.is_required]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _part() -> Schema:
    return {"type": "string", "contentMediaType": BYTES}


def _text_schema(declared: params.Field, components: Schema) -> Schema:
    """Of what travels as text: JSON in it is said to be."""
    if allowed := params.choices(declared.type):
        schema: Schema = {"type": "string", "enum": list(allowed)}
    elif declared.type in BY_TYPE:
        schema = dict(BY_TYPE[declared.type])
    else:
        return {"type": "string", "contentMediaType": JSON, "contentSchema": _msgspec(declared.type, components)}
    return schema | _limits(declared) | _default(declared)


def _json_schema(declared: params.Field, components: Schema) -> Schema:
    return _msgspec(declared.type, components) | _limits(declared) | _default(declared)


def _limits(declared: params.Field) -> Schema:
    found: Schema = {}
    for mark in declared.marks:
        if isinstance(mark, Between):
            found |= {"minimum": mark.lowest, "maximum": mark.highest}
        elif isinstance(mark, Length):
            found |= {"minLength": mark.shortest, "maxLength": mark.longest}
    return found


def _default(declared: params.Field) -> Schema:
    if declared.default is None or declared.default == ():
        return {}
    return {"default": f"{declared.default:o}" if declared.type is Mode else declared.default}


def _msgspec(kind: Any, components: Schema) -> Schema:
    (schema,), found = msgspec.json.schema_components([kind], ref_template=SCHEMAS + "{name}")
    components |= found
    return schema


def _responses(operations: Sequence[Operation], voice: Voice) -> Schema:
    by_status: dict[int, list[Operation]] = {}
    for operation in operations:
        by_status.setdefault(operation.status, []).append(operation)
    responses: Schema = {str(status): _answers(some) for status, some in by_status.items()}
    refused: dict[int, dict[str, ErrorKind]] = {}
    for operation in operations:
        for kind in manual.refusals(operation):
            refused.setdefault(manual.status(kind, voice), {}).setdefault(kind.code, kind)
    for status, kinds in sorted(refused.items()):
        responses[str(status)] = _told(status, list(kinds.values()), voice)
    return responses | {"default": _refusal(manual.ANYWHERE, voice)}


def _answers(operations: Sequence[Operation]) -> Schema:
    """What comes with one status."""
    by_type: dict[str, list[Operation]] = {}
    for operation in operations:
        if operation.media_type:
            by_type.setdefault(operation.media_type, []).append(operation)
    told = [f"- `{one.variant or one.path}`: {one.returns}" for one in operations]
    description = operations[0].returns if len(operations) == 1 else "\n".join(told)
    content = {media_type: _content(some) for media_type, some in by_type.items()}
    return {"description": description} | ({"content": content} if content else {})


def _content(operations: Sequence[Operation]) -> Schema:
    """Of one media type: any of the shapes that the operations answer with."""
    told = {one.variant.removeprefix("?") or "answer": one.answer for one in operations if one.answer is not None}
    if not told:
        return {}
    if len(told) == 1:
        return {"schema": shape(*told.values()), "example": next(iter(told.values()))}
    shapes: list[Schema] = []
    for answer in told.values():
        if shape(answer) not in shapes:
            shapes.append(shape(answer))
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
    return {"schema": schema, "examples": {name: {"value": value} for name, value in told.items()}}


def _told(status: int, kinds: Sequence[ErrorKind], voice: Voice) -> Schema:
    """A few codes are none of errors, but of things that are under way."""
    return _refusal(kinds, voice) if status >= 400 else {"description": " ".join(kind.message for kind in kinds)}


def _refusal(kinds: Sequence[ErrorKind], voice: Voice) -> Schema:
    if voice != "codes":
        in_words = "FieldErrors" if errors.PUSH_INVALID in kinds else "WordedError"
        name = in_words if voice == "words" else "Message"
        told = "\n".join(f"- {kind.message}" for kind in kinds)
        return {"description": told, "content": {JSON: {"schema": {"$ref": SCHEMAS + name}}}}
    codes = list(dict.fromkeys(kind.code for kind in kinds))
    schema = {"allOf": [{"$ref": f"{SCHEMAS}Error"}, {"properties": {"value": {"enum": codes}}}]}
    text = "\n".join(f"- `{kind.code}`: {kind.message}" for kind in kinds)
    return {"description": text, "content": {JSON: {"schema": schema}}}


def shape(example: Any) -> Schema:
    """A schema that an example fits: what its members are, by their types."""
    if isinstance(example, dict):
        return {"type": "object", "properties": {name: shape(value) for name, value in example.items()}}
    if isinstance(example, list):
        return {"type": "array"} | ({"items": shape(example[0])} if example else {})
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, int):
        return {"type": "integer"}
    if isinstance(example, float):
        return {"type": "number"}
    return {"type": "string"} if isinstance(example, str) else {}
