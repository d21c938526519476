"""Pages with others beside them: their places, what is asked before something goes, and their addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import web


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


def address(request: web.Request, **changes: str | int) -> str:
    """This page with another query; what is empty is left out."""
    query = {name: value for name, value in request.query.items() if name != "done"} | changes
    kept = {name: value for name, value in query.items() if value != ""}
    return request.path + ("?" + urlencode(kept) if kept else "")
