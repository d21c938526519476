"""Addresses of nodes: of their pages, of their bytes; and names of entries as forms send them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from aiohttp import web

from pixelhost import errors
from pixelhost.core import nodelocks, paths, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.web import appealing, languages, nodetheme, pages, servednode
from pixelhost.web.languages import mark
from pixelhost.wire import target
from pixelhost.wire.dialect import caller_of, site_of

PREFIX: Final = "/d/"
PICK: Final = "pick:"
"""What the names of checkboxes begin with; the name of an entry follows, percent-encoded: forms change line ends."""

ROOT_NAME: Final = mark("Filesystem")
NOTHING_CHOSEN: Final = mark("Nothing was chosen. Tick the entries first")
TOO_MANY_CHOSEN: Final = mark("That is too much at once. Choose fewer entries, and the others after them")
BAD_NAME: Final = mark("A name has at least one character and no slash, and is neither '.' nor '..'")


def asked(request: web.Request) -> Path:
    """Raises NOT_FOUND, PATH_NOT_FOUND, UTF8_STRING_PARSE_FAILED."""
    bucket = servednode.bucket()
    if bucket is not None:
        return paths.parse(f"{bucket}/{target.path_tail(request, '/', 'path')}")
    return paths.parse(target.path_tail(request, PREFIX, "path"))


def page(path: Path, **query: str) -> str:
    return servednode.page(path) + (f"?{urlencode(query)}" if query else "")


def api(path: Path) -> str:
    return f"/api/filesystem{quote(str(path))}"


def stats(path: Path) -> str:
    """Where scripts are told what was downloaded of a node, as it changes."""
    return f"{api(path)}?download_stats"


def content(request: web.Request, place: Place, path: Path) -> str:
    """Where the bytes of a node at or below a place are. Another origin gets no cookies, so only what is open to
    everybody is read from there.
    """
    site = site_of(request)
    if servednode.bucket() is not None:
        return api(path)
    is_open = sharing.rights(site, Caller(ip=""), place.nodes).read
    return pages.content_url(site, f"/filesystem{quote(str(path))}") if is_open else api(path)


def content_origin(request: web.Request) -> str:
    return "" if servednode.bucket() is not None else site_of(request).settings.content_origin


def child(path: Path, name: str) -> Path:
    """Where something called so would be. Raises PATH_NOT_FOUND for what can't be a name."""
    if not name or "/" in name or "\0" in name or name in {".", ".."}:
        raise errors.PATH_NOT_FOUND(message=BAD_NAME)
    return path.child(name)


def parent(path: Path) -> Path:
    """Raises NOT_FOUND for a bucket."""
    if not path.names:
        raise errors.NOT_FOUND()
    return Path(path.bucket, path.names[:-1])


def picked(sent: Mapping[str, str]) -> list[str]:
    """The names of the entries that were chosen in a form. Raises UTF8_STRING_PARSE_FAILED."""
    try:
        return [unquote(name.removeprefix(PICK), errors="strict") for name in sent if name.startswith(PICK)]
    except UnicodeDecodeError:
        raise errors.UTF8_STRING_PARSE_FAILED(field="pick") from None


def picks(names: Iterable[str]) -> list[str]:
    """As fields of a form."""
    return [PICK + quote(name, safe="") for name in names]


def trail(request: web.Request, place: Place) -> Sequence[tuple[str, str]]:
    """Names and addresses of the directories from the bucket down to the node."""
    return [
        (node.name or shown_bucket(request, place.path), page(place.path_of(index)))
        for index, node in enumerate(place.nodes)
    ]


def shown_bucket(request: web.Request, path: Path) -> str:
    is_own = path.bucket == ME
    return languages.of(request).translations.gettext(ROOT_NAME) if is_own else path.bucket


async def common(request: web.Request, place: Place) -> dict[str, Any]:
    """What every page of a node is made with."""
    node, path = place.node, place.path
    can_unlock = not place.rights.owner and await nodelocks.takes_password(site_of(request), path)
    return {
        "node": node,
        "name": node.name or shown_bucket(request, path),
        "path": str(path),
        "here": page(path),
        "up": page(parent(path)) if path.names else None,
        "trail": trail(request, place),
        "rights": place.rights,
        "is_root": node.parent_id is None,
        "is_bucket": place.is_bucket,
        "can_unlock": can_unlock,
        "may_have_domain": place.rights.owner and site_of(request).plan(node.owner_plan_id).custom_domains,
        "is_unlocked": bool(caller_of(request).node_password),
        "theme": nodetheme.of(place),
        "appeal_url": await appealing.of_node(request, place),
        "report_url": _report_url(request, place),
    }


def _report_url(request: web.Request, place: Place) -> str:
    """Where to write about a shared node; empty for its owner, and where nobody is named. The subject is a link that
    administrators can paste into the form for takedowns, also from a custom domain.
    """
    settings = site_of(request).settings
    if place.rights.owner or not settings.abuse_contact:
        return ""
    link = f"{settings.base_url}{PREFIX}{quote(str(place.path).lstrip('/'))}"
    return f"mailto:{quote(settings.abuse_contact, safe='@')}?subject={quote(link, safe='')}"
