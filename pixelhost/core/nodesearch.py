"""Searching a directory: names with the term in them, wherever below, as far as the caller may read."""

from collections.abc import Collection, Mapping, Sequence

from pixelhost import errors
from pixelhost.core import nodes, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import Path
from pixelhost.db import nodesearch
from pixelhost.db.nodesearch import Found
from pixelhost.model import Node
from pixelhost.site import Site

TERM_SHORTEST, TERM_LONGEST = 2, 100
RESULTS_MAX = 1000

WALKED_MAX = 5_000
LOOKED_UP_MAX = 2 * RESULTS_MAX


async def search(site: Site, caller: Caller, path: Path, term: str, limit: int) -> list[str]:
    """Paths of at most `limit` matches, the bucket as asked for, in their order. Cases don't differ.

    Raises as `nodes.readable`, SEARCH_NOT_A_DIRECTORY, SEARCH_TERM_TOO_SHORT, SEARCH_TERM_TOO_LONG.
    """
    place = await nodes.readable(site, caller, path)
    if not place.node.is_directory:
        raise errors.SEARCH_NOT_A_DIRECTORY()
    if len(term) < TERM_SHORTEST:
        raise errors.SEARCH_TERM_TOO_SHORT()
    if len(term) > TERM_LONGEST:
        raise errors.SEARCH_TERM_TOO_LONG()
    hidden = await _hidden(site, caller, place.node)
    ways = await _matches(site, place, term, hidden, limit)
    return sorted(str(Path(path.bucket, (*path.names, *way))) for way in ways)


async def _hidden(site: Site, caller: Caller, directory: Node) -> Collection[int]:
    """What of the filesystem is shared so that the caller may not read it."""
    if caller.owns(directory.owner_id):
        return ()
    return {
        node.id
        for node in await nodesearch.shared(site.db, directory.owner_id)
        if not sharing.granted(site, caller, node.permissions).read
    }


async def _matches(
    site: Site, place: Place, term: str, hidden: Collection[int], limit: int
) -> Sequence[tuple[str, ...]]:
    """Names from below the directory down to each match.

    A look around finds all below a small directory, and enough of what is frequent; the index finds what is rare. Only
    what is frequent elsewhere and rare below a large directory takes a walk through all of it.
    """
    directory = place.node
    found, is_all = await nodesearch.by_walking(site.db, directory.id, term, hidden, limit, WALKED_MAX)
    if is_all:
        return await _ways(site, directory, found, hidden)
    found = await nodesearch.by_index(site.db, directory.owner_id, term, LOOKED_UP_MAX)
    ways = await _ways(site, directory, found, hidden)
    if len(ways) >= limit or len(found) < LOOKED_UP_MAX:
        return ways[:limit]
    found, _ = await nodesearch.by_walking(site.db, directory.id, term, hidden, limit, None)
    return await _ways(site, directory, found, hidden)


async def _ways(site: Site, directory: Node, found: Sequence[Found], hidden: Collection[int]) -> list[tuple[str, ...]]:
    """The names from below the directory down to each node; none for those that are elsewhere or hidden."""
    above = await nodesearch.ancestors(site.db, found)
    ways = [_way_up(directory.id, one, above) for one in found]
    return [tuple(step.name for step in reversed(way)) for way in ways if way and not _is_hidden(way, hidden)]


def _way_up(directory_id: int, found: Found, above: Mapping[int, Found]) -> list[Found]:
    """From a node up to below the directory; empty where the node is elsewhere."""
    way = []
    step: Found | None = found
    while step is not None:
        way.append(step)
        if step.parent_id == directory_id:
            return way
        step = above.get(step.parent_id) if step.parent_id is not None else None
    return []


def _is_hidden(way: Sequence[Found], hidden: Collection[int]) -> bool:
    """Whether the most specific shared node is; what the directory itself is shared for lets its caller read."""
    return next((step.id in hidden for step in way if step.is_shared), False)
