"""The page of a directory: what is in it, in an order and a view that are remembered."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from pixelhost.core import nodes
from pixelhost.core.nodes import Place
from pixelhost.model.nodes import Node, Outline
from pixelhost.pixeldrain import shapes
from pixelhost.web import assets, forms, nodepaths, pages, servednode
from pixelhost.web.forms import Problems
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of

COOKIE: Final = "pd_directory"
COOKIE_SECONDS: Final = 365 * 24 * 3600
PAGE_ENTRIES: Final = 250
"""On a page without JavaScript. A directory of no more is embedded whole; of a larger one the script asks the API."""

VIEWS: Final = ("list", "compact", "gallery")
Key = Callable[[Outline], Any]
KEYS: Final[Mapping[str, Key]] = {
    "name": lambda node: natural(node.name),
    "size": lambda node: node.size_bytes,
    "modified": lambda node: node.modified_at,
    "type": lambda node: node.mime_type,
}
DOWNWARDS_AT_FIRST: Final = frozenset({"size", "modified"})

DIGITS: Final = re.compile("([0-9]+)")

ICONS: Final[Mapping[str, str]] = {
    "image/": "image",
    "video/": "video",
    "audio/": "audio",
    "text/": "text",
    "application/pdf": "pdf",
    "application/json": "text",
    "application/xml": "text",
    "application/zip": "archive",
    "application/gzip": "archive",
    "application/x-7z-compressed": "archive",
    "application/x-tar": "archive",
    "application/x-xz": "archive",
    "application/zstd": "archive",
    "application/vnd.rar": "archive",
    "application/x-bzip2": "archive",
}
"""By what a type begins with. Scripts have the same table."""


@dataclass(frozen=True)
class Manner:
    """How a visitor looks at directories."""

    view: str = "list"
    key: str = "name"
    is_downwards: bool = False

    @property
    def sort(self) -> str:
        return f"-{self.key}" if self.is_downwards else self.key

    def sort_by(self, key: str) -> str:
        """What the heading of a column leads to: the other way round where it is the one already."""
        is_downwards = not self.is_downwards if key == self.key else key in DOWNWARDS_AT_FIRST
        return f"-{key}" if is_downwards else key


@dataclass(frozen=True)
class Entry:
    node: Node
    page_url: str
    thumbnail_url: str
    pick: str
    icon: str


def natural(name: str) -> tuple[list[str | int], str]:
    """A key by which `b10` comes after `B9`, and `é` with `e`."""
    plain = name
    if not name.isascii():
        plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    runs = DIGITS.split(plain.casefold())
    return [int(run) if index % 2 else run for index, run in enumerate(runs)], name


def ordered(children: Sequence[Outline], manner: Manner) -> list[Outline]:
    """Directories before files, and what is equal by name."""
    found = sorted(children, key=KEYS["name"])
    found.sort(key=KEYS[manner.key], reverse=manner.is_downwards)
    return sorted(found, key=lambda node: not node.is_directory)


def icon_of(node: Node) -> str:
    if node.is_directory:
        return "folder"
    return next((icon for beginning, icon in ICONS.items() if node.mime_type.startswith(beginning)), "file")


def manner_of(request: web.Request) -> Manner:
    """What the query asks for, else what was asked for the last time."""
    view, _, sort = request.cookies.get(COOKIE, "").partition(".")
    view = _among(VIEWS, request.query.get("view"), view)
    sort = _among([*KEYS, *(f"-{key}" for key in KEYS)], request.query.get("sort"), sort or "name")
    return Manner(view, sort.removeprefix("-"), sort.startswith("-"))


def _among(allowed: Sequence[str], *wanted: str | None) -> str:
    return next((one for one in wanted if one is not None and one in allowed), allowed[0])


async def show(
    request: web.Request, place: Place, sent: Mapping[str, str] = pages.NO_MORE, problems: Problems = forms.NONE
) -> web.Response:
    site, caller = site_of(request), caller_of(request)
    manner = manner_of(request)
    children = ordered(await nodes.readable_outlines(site, caller, place), manner)
    page_count = max(1, -(-len(children) // PAGE_ENTRIES))
    page = min(_page_number(request), page_count)
    shown = await nodes.outlined(site, children[(page - 1) * PAGE_ENTRIES : page * PAGE_ENTRIES])
    embedded = await shapes.node_stat(site, caller, place, shown if page_count == 1 else [])
    response = pages.answer(
        request,
        "directory.html",
        problems.status,
        content_origin=nodepaths.content_origin(request),
        **await nodepaths.common(request, place),
        manner=manner,
        views=VIEWS,
        entries=[_entry(place, node) for node in shown],
        count=len(children),
        size_bytes=sum(child.size_bytes for child in children),
        page=page,
        page_count=page_count,
        stat=pages.embedded(embedded),
        entries_url=None if page_count == 1 else nodepaths.page(place.path, entries=""),
        page_url=dialect.here(request) + nodepaths.page(place.path),
        zip_url=f"{nodepaths.content(request, place, place.path)}?bulk_download",
        sent=sent,
        problems=problems,
    )
    if {"view", "sort"} & request.query.keys():
        # Scripts set it too, so it isn't HttpOnly.
        value, path = f"{manner.view}.{manner.sort}", servednode.prefix()
        response.set_cookie(COOKIE, value, max_age=COOKIE_SECONDS, path=path, samesite="Lax")
    return response


async def entries(request: web.Request, place: Place) -> web.Response:
    """GET /d/{path}?entries: all of them for the script, in no order; a tenth of what the API tells of as many."""
    found = await nodes.readable_outlines(site_of(request), caller_of(request), place)
    told = {"permissions": shapes.rights(place.rights), "children": [shapes.node_entry(one) for one in found]}
    response = web.Response(
        body=msgspec.json.encode(told),
        headers={hdrs.CONTENT_TYPE: "application/json", hdrs.CACHE_CONTROL: "private, no-cache"},
    )
    if assets.accepts_gzip(request):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def _entry(place: Place, node: Node) -> Entry:
    path = place.path.child(node.name)
    return Entry(
        node,
        nodepaths.page(path),
        f"{nodepaths.api(path)}?thumbnail&width=192&height=192",
        nodepaths.picks([node.name])[0],
        icon_of(node),
    )


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1
