"""Pages with others beside them: their places, what is asked before something goes, and what their addresses say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

from aiohttp import web

from pixelhost.errors import ApiError, ApiErrors
from pixelhost.wire import params

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    path: str
    label: str


CONFIRMED: Final = "confirmed"
"""The field that a question's own button sends."""


@dataclass(frozen=True)
class Question:
    """What is asked before something goes for good. Its words are translated already; `sent` is sent again."""

    heading: str
    texts: Sequence[str]
    action: str
    sent: Mapping[str, str]
    names: Sequence[str] = ()
    """Of what goes, as far as they are shown."""


def look(request: web.Request, wanted: type[T]) -> T:
    """The query as a `wanted`, which has a default for everything: what can't be understood counts for nothing."""
    try:
        return params.query(request, wanted)
    except (ApiError, ApiErrors):
        return wanted()


def address(request: web.Request, **changes: str | int) -> str:
    """This page with another query; what is empty is left out."""
    query = {name: value for name, value in request.query.items() if name != "done"} | changes
    kept = {name: value for name, value in query.items() if value != ""}
    return request.path + ("?" + urlencode(kept) if kept else "")
