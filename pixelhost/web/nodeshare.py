"""Sharing a node: the link with its rights, people, passwords."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import filesystem, sharing
from pixelhost.core.nodechanges import NodeChanges
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.model.nodes import Rights
from pixelhost.pixeldrain import shapes
from pixelhost.web import nodepanels, nodepaths, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of

RIGHTS: Final = ("read", "write", "delete")
EMPTY_ROWS: Final = 2
READING: Final = {"read": True, "write": False, "delete": False}


async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """Raises PERMISSION_DENIED to everybody but the owner."""
    if not place.rights.owner:
        raise errors.PERMISSION_DENIED(message=mark("Only the owner of a filesystem changes how it is shared"))
    shown = await shapes.node(site_of(request), place)
    share_id = place.node.share_id
    people, passwords = shown.get("user_permissions", {}), shown.get("password_permissions", {})
    if problems:
        people, passwords = _rows(sent, "person"), _rows(sent, "password")
    return await nodepanels.answer(
        request,
        "share",
        place,
        sent,
        problems,
        share_url=f"{dialect.here(request)}/d/{share_id}" if share_id else None,
        link_rights=_checked(sent, "link") if problems else shown.get("link_permissions", READING),
        people=[*people.items(), *[("", READING)] * EMPTY_ROWS],
        passwords=[*passwords.items(), *[("", READING)] * EMPTY_ROWS],
        sharing_above=_shared_above(place),
        names_of_rights=RIGHTS,
    )


async def ask(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """Whether to stop sharing. Raises PERMISSION_DENIED to everybody but the owner."""
    if not place.rights.owner or place.node.share_id is None:
        return await show(request, place, sent, problems)
    share_url = f"{dialect.here(request)}/d/{place.node.share_id}"
    return await nodepanels.answer(request, "unshare", place, sent, problems, share_url=share_url)


async def save(request: web.Request, path: Path, sent: Mapping[str, str], done: str) -> web.Response:
    changes = NodeChanges(
        is_shared=True,
        link_permissions=_rights(_checked(sent, "link")),
        user_permissions={name: _rights(given) for name, given in _rows(sent, "person").items()},
        password_permissions={name: _rights(given) for name, given in _rows(sent, "password").items()},
    )
    await filesystem.update(site_of(request), caller_of(request), path, changes)
    return pages.see_other(nodepaths.page(path, share=""), done)


async def stop(request: web.Request, path: Path, _sent: Mapping[str, str], done: str) -> web.Response:
    """The ID is gone with it, and with the ID the page that was reached by it."""
    site, caller = site_of(request), caller_of(request)
    place = await filesystem.update(site, caller, path, NodeChanges(is_shared=False))
    is_gone = not path.names
    return pages.see_other("/d/me" if is_gone else nodepaths.page(place.path, share=""), done)


def _shared_above(place: Place) -> str | None:
    """The address of a directory above that is shared, where this one isn't."""
    if place.node.share_id is not None:
        return None
    for index in range(len(place.nodes) - 2, -1, -1):
        if place.nodes[index].share_id is not None:
            return nodepaths.page(place.path_of(index), share="")
    return None


def _rows(sent: Mapping[str, str], kind: str) -> dict[str, dict[str, bool]]:
    """Fields `person.0`, `person.0.read` and so on, those without a name left out."""
    rows = {}
    for number in range(sharing.ENTRIES_MAX + EMPTY_ROWS):
        name = sent.get(f"{kind}.{number}", "")
        name = name.strip() if kind == "person" else name
        if name:
            rows[name] = _checked(sent, f"{kind}.{number}")
    return rows


def _checked(sent: Mapping[str, str], prefix: str) -> dict[str, bool]:
    return {right: f"{prefix}.{right}" in sent for right in RIGHTS}


def _rights(given: Mapping[str, bool]) -> Rights:
    return Rights(read=given["read"], write=given["write"], delete=given["delete"])
