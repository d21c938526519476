"""The page of the API: every operation of every manual, with a line for curl."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import web

from pixelhost.errors import ErrorKind
from pixelhost.web.docs import frame
from pixelhost.wire import dialect, manual, params
from pixelhost.wire.manual import ANYWHERE, MANUALS, Manual, Operation, Voice
from pixelhost.wire.params import Between, Flag, Length, Mode

KINDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole number",
    bool: "`true` or `false`",
    datetime: "time like `2026-01-31T12:00:00Z`",
    UUID: "UUID",
    Mode: "octal",
    Flag: "counts when it is sent",
}


VARIABLES: Final = {
    "KEY": "An API key.",
    "ID": "The ID of a file of yours.",
    "LIST": "The ID of a list of yours.",
    "ARCHIVE": "The ID of a zip, 7z or tar with a `notes.txt` in it.",
    "TORRENT": "The ID of a torrent.",
    "NAME": "The name of an account.",
    "PASSWORD": "Its password.",
    "BANNED": "The name of an account that is banned.",
    "INVOICE": "The ID of an invoice of yours.",
    "LINK": "The `key` in a link that was mailed.",
    "PUSH": "The token of a push of yours.",
    "SENT": "The token of a push of yours with a file.",
    "REQUEST": "The token of a request link of yours.",
    "HOOK": "The ID of a webhook of yours.",
    "RECEIVER": "An address of yours that takes messages.",
    "TRANSFER": "The ID of a file of yours that is to be sent.",
    "CATEGORY": "The ID of a category of yours.",
    "MAIL": "The ID of a message that you have sent.",
    "RECEIVED": "The ID of a message in your inbox.",
    "DOWNLOAD": "The ID of its download.",
    "DOWNLOAD_KEY": "A key for that download.",
    "TOKEN": "The ID of a token of yours.",
}


@dataclass(frozen=True)
class Row:
    """A parameter as the page has it."""

    name: str
    place: str
    kind: str
    is_required: bool
    default: str
    text: str


@dataclass(frozen=True)
class Told:
    """An operation as the page has it; `anchor` is what a link to it ends in, `refusals` come with their statuses."""

    operation: Operation
    anchor: str
    rows: Sequence[Row]
    refusals: Sequence[tuple[ErrorKind, int]]
    example: str
    voice: Voice


@dataclass(frozen=True)
class Part:
    """A chapter as the page has it."""

    name: str
    title: str
    general: str
    told: Sequence[Told]


async def show(request: web.Request) -> web.Response:
    """GET /docs/api"""
    here, manuals = dialect.here(request), request.app[MANUALS]
    return frame.answer(
        request,
        "api.html",
        parts=parts(tuple(manuals)),
        anywhere=[(kind, kind.status) for kind in ANYWHERE],
        variables=VARIABLES,
        line=lambda curl: filled(curl, here),
    )


def filled(curl: str, here: str) -> str:
    """The line with the address of this site."""
    return curl.replace("{here}", here).replace("{socket}", "ws" + here.removeprefix("http"))


@lru_cache(maxsize=1)
def parts(manuals: tuple[Manual, ...]) -> Sequence[Part]:
    return [
        Part(chapter.name, chapter.title, chapter.general, [_told(each, one.voice) for each in chapter.operations])
        for one in manuals
        for chapter in one.chapters
    ]


def _told(operation: Operation, voice: Voice) -> Told:
    anchor = "-".join("".join(char if char.isalnum() else " " for char in operation.name).lower().split())
    example = msgspec.json.format(msgspec.json.encode(operation.answer)) if operation.answer is not None else b""
    rows = [_row(one, operation.envelope) for one in manual.parameters(operation)]
    refusals = [(kind, manual.status(kind, voice)) for kind in manual.refusals(operation)]
    return Told(operation, anchor, rows, refusals, example.decode(), voice)


def _row(one: manual.Parameter, envelope: str) -> Row:
    declared = one.declared
    kind = _kind(declared) if declared else "file" if one.is_file else KINDS[str]
    default = _default(declared) if declared else ""
    if envelope and one.place == "json":
        return Row(f"{envelope}[{one.name}]", "json, form", kind, one.is_required, default, one.text)
    return Row(one.name, one.place, kind, one.is_required, default, one.text)


def _kind(declared: params.Field) -> str:
    if allowed := params.choices(declared.type):
        return ", ".join(f"`{choice}`" for choice in allowed)
    kind = KINDS.get(declared.type, "JSON")
    for mark in declared.marks:
        if isinstance(mark, Between):
            return f"{kind}, {mark.lowest:,} to {mark.highest:,}"
        if isinstance(mark, Length):
            return f"{kind}, {mark.shortest:,} to {mark.longest:,} characters"
    return kind


def _default(declared: params.Field) -> str:
    value = declared.default
    if value is None or value in {"", ()} or declared.type is Flag:
        return ""
    if declared.type is Mode:
        return f"{value:o}"
    return str(value).lower() if isinstance(value, bool) else str(value)
