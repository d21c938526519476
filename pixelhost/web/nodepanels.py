"""Forms about nodes, each a page of its own that works without JavaScript; scripts show it as a dialog."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import nodes, paths, shares
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.model.nodes import Node
from pixelhost.pixeldrain import shapes
from pixelhost.web import nodepaths, pages
from pixelhost.web.forms import Problems
from pixelhost.web.languages import mark
from pixelhost.wire.dialect import caller_of, site_of

ONE_ONLY: Final = mark("Only one entry can be renamed at a time")

Panel = Callable[[web.Request, Place, Mapping[str, str], Problems], Awaitable[web.Response]]


@dataclass(frozen=True)
class Branch:
    """A directory in the tree to choose from, with what is open below it."""

    name: str
    path: str
    is_here: bool
    can_take: bool
    branches: Sequence["Branch"] = ()


def of_parent(panel: Panel) -> Panel:
    """A form about one node, which its parent's page has about the entries that were chosen."""

    async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
        up = await nodes.readable(site_of(request), caller_of(request), nodepaths.parent(place.path))
        picked = nodepaths.picks([place.node.name])
        return await panel(request, up, dict(sent) | dict.fromkeys(picked, "yes"), problems)

    return show


def needing(panel: Panel, *rights: str) -> Panel:
    """A form for those who have one of these rights. Strangers are led to the login, others refused."""

    async def show(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
        if not any(getattr(place.rights, right) for right in rights):
            caller_of(request).require_user()
            raise errors.PERMISSION_DENIED()
        return await panel(request, place, sent, problems)

    return show


async def answer(
    request: web.Request, template: str, place: Place, sent: Mapping[str, str], problems: Problems, **context: Any
) -> web.Response:
    return pages.answer(
        request,
        f"nodes/{template}.html",
        problems.status,
        **await nodepaths.common(request, place),
        sent=sent,
        problems=problems,
        **context,
    )


async def mkdir(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    return await answer(request, "mkdir", place, sent, problems)


async def upload(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """Where nothing may be seen but files be brought: the page of that."""
    return await answer(request, "upload" if place.rights.read else "dropbox", place, sent, problems)


async def properties(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """What is shared with others only isn't counted."""
    site, is_directory = site_of(request), place.node.is_directory
    children = await nodes.readable_outlines(site, caller_of(request), place) if is_directory else ()
    shown = await shapes.node(site, place)
    return await answer(request, "properties", place, sent, problems, shown=shown, count=len(children))


async def rename(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    """Raises MISSING_FIELD unless one entry is chosen."""
    chosen = await _chosen(request, place, sent)
    if len(chosen) != 1:
        raise errors.MISSING_FIELD(field="pick", message=ONE_ONLY)
    return await answer(request, "rename", place, sent, problems, chosen=chosen[0], picks=_picks(chosen))


async def delete(request: web.Request, place: Place, sent: Mapping[str, str], problems: Problems) -> web.Response:
    chosen = await _chosen(request, place, sent)
    return await answer(
        request,
        "delete",
        place,
        sent,
        problems,
        chosen=chosen,
        picks=_picks(chosen),
        extent=await shares.extent(site_of(request), caller_of(request), place, chosen),
    )


async def move(
    request: web.Request,
    place: Place,
    sent: Mapping[str, str],
    problems: Problems,
    failures: Sequence[tuple[str, str]] = (),
) -> web.Response:
    """With a tree to choose a directory from, open down to the one that was browsed to."""
    chosen = await _chosen(request, place, sent)
    goal = paths.parse(sent.get("browse") or sent.get("to") or str(place.path))
    tree = await _tree(request, goal, {str(place.path.child(node.name)) for node in chosen})
    return await answer(
        request,
        "move",
        place,
        sent,
        problems,
        failures=failures,
        chosen=chosen,
        picks=_picks(chosen),
        tree=tree,
        goal=str(goal),
        goal_name=goal.names[-1] if goal.names else nodepaths.shown_bucket(request, goal),
        is_elsewhere=goal != place.path,
    )


async def _chosen(request: web.Request, place: Place, sent: Mapping[str, str]) -> list[Node]:
    """Raises MISSING_FIELD when nothing is."""
    names = nodepaths.picked(sent)
    if not names:
        raise errors.MISSING_FIELD(field="pick", message=nodepaths.NOTHING_CHOSEN)
    return await nodes.readable_named(site_of(request), caller_of(request), place, names)


def _picks(chosen: Sequence[Node]) -> list[str]:
    return nodepaths.picks(node.name for node in chosen)


async def _tree(request: web.Request, goal: Path, moved: set[str]) -> Branch:
    """The directories of a bucket: those on the way down to `goal`, and what is beside them and in it."""
    site, caller = site_of(request), caller_of(request)
    below: list[Branch] = []
    opened: Branch | None = None
    for depth in range(len(goal.names), -1, -1):
        path = Path(goal.bucket, goal.names[:depth])
        place = await nodes.readable_directory(site, caller, path)
        below = []
        for node in await nodes.readable_directories(site, caller, place):
            at = path.child(node.name)
            is_open = opened is not None and opened.path == str(at)
            branch = opened if is_open and opened else Branch(node.name, str(at), False, str(at) not in moved)
            below.append(branch)
        name = place.node.name or nodepaths.shown_bucket(request, path)
        below.sort(key=lambda branch: branch.name.casefold())
        opened = Branch(name, str(path), path == goal, str(path) not in moved, below)
    assert opened is not None
    return opened
