"""Searching a directory: names with the term in them, wherever below, as far as the caller may read."""

import asyncio
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, chain

from pixelhost import errors
from pixelhost.core import nodes, nodeshares
from pixelhost.core.callers import Caller
from pixelhost.core.nodeshares import Shares
from pixelhost.core.paths import Path
from pixelhost.db import nodesearch
from pixelhost.db.nodesearch import Found
from pixelhost.model.nodes import Node
from pixelhost.site import Site

TERM_SHORTEST, TERM_LONGEST = 2, 100
RESULTS_MAX = 1000

DIRECTORIES_MAX = 10_000
SAMPLED_DIRECTORIES = 1_000
SAMPLED_NAMES = 20_000
NAMES_MAX = 1_000_000
LOOKED_UP_MAX = 2 * RESULTS_MAX
HEAD_START_SECONDS = 0.008

Way = tuple[str, ...]
"""The names from below the directory down to a match."""


@dataclass(frozen=True)
class Search:
    """What is looked for, below what, and what of the filesystem is not for the caller."""

    directory: Node
    term: str
    limit: int
    shares: Shares


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
    shares = await nodeshares.seen_by(site, caller, place.node.owner_id)
    ways = await _matches(site, Search(place.node, term, limit, shares))
    return sorted(str(Path(path.bucket, (*path.names, *way))) for way in ways)


async def _matches(site: Site, wanted: Search) -> Sequence[Way]:
    """A sample of the names below finds enough of what is frequent there, and below a small directory is all of them.

    The index finds what is rare. What is frequent elsewhere and rare below a large directory takes a look at all names
    below it. Time is bounded: of more than 10,000 directories or 1,000,000 names not all are looked at, and of a term
    that thousands of other names have matches may then be missed.
    """
    shares = wanted.shares
    below = await nodesearch.survey(site.db, wanted.directory.id, shares.hidden, shares.taken_down, DIRECTORIES_MAX)
    totals = list(accumulate(below.child_counts))
    looked_at = below.visible[: bisect_right(totals, NAMES_MAX)]
    is_all = below.is_all and len(looked_at) == len(below.visible)
    opened = await _opened(site, wanted, below.hidden)
    is_small = is_all and (not totals or totals[-1] <= SAMPLED_NAMES)
    found = await (_all_names(site, wanted, looked_at) if is_small else _sample(site, wanted, looked_at))
    if is_small or len(opened) + len(found) >= wanted.limit:
        return await _ways(site, wanted, [*opened, *found][: wanted.limit])
    looking = asyncio.create_task(_looked_up(site, wanted))
    try:
        with suppress(TimeoutError):
            ways, is_enough = await asyncio.wait_for(asyncio.shield(looking), HEAD_START_SECONDS)
            if is_enough:
                return ways
        if is_all:
            # What follows is certain to end, and the faster the less else is going on.
            looking.cancel()
        halves = (looked_at[::2], looked_at[1::2])
        found = [*opened, *chain(*await asyncio.gather(*(_all_names(site, wanted, half) for half in halves)))]
        if is_all or len(found) >= wanted.limit:
            return await _ways(site, wanted, found[: wanted.limit])
        ways, is_enough = await looking
        return ways if is_enough else list({*ways, *await _ways(site, wanted, found)})[: wanted.limit]
    finally:
        looking.cancel()


async def _opened(site: Site, wanted: Search, hidden_directories: Sequence[int]) -> Sequence[Found]:
    """Matches that are shared with the caller themselves, where the rest of the directory isn't."""
    if not hidden_directories:
        return []
    opened = set(wanted.shares.shared) - set(wanted.shares.hidden)
    return await nodesearch.among(site.db, opened, hidden_directories, wanted.term, wanted.limit)


async def _sample(site: Site, wanted: Search, directory_ids: Sequence[int]) -> Sequence[Found]:
    """From everywhere: what is frequent somewhere below may be rare in the first directories."""
    some = directory_ids[:: len(directory_ids) // SAMPLED_DIRECTORIES + 1]
    each = SAMPLED_NAMES // max(1, len(some))
    return await nodesearch.by_name(site.db, some, each, wanted.term, wanted.shares.hidden, wanted.limit)


async def _all_names(site: Site, wanted: Search, directory_ids: Sequence[int]) -> Sequence[Found]:
    return await nodesearch.by_name(site.db, directory_ids, None, wanted.term, wanted.shares.hidden, wanted.limit)


async def _looked_up(site: Site, wanted: Search) -> tuple[list[Way], bool]:
    """Matches by the index, and whether there are no more or as many as wanted."""
    found = await nodesearch.by_index(site.db, wanted.directory.owner_id, wanted.term, LOOKED_UP_MAX)
    ways = await _ways(site, wanted, found)
    return ways[: wanted.limit], len(ways) >= wanted.limit or len(found) < LOOKED_UP_MAX


async def _ways(site: Site, wanted: Search, found: Sequence[Found]) -> list[Way]:
    """The names from below the directory down to each node; none for those that are elsewhere or hidden."""
    above = await nodesearch.ancestors(site.db, found)
    ways = [_way_down(wanted.directory.id, one, above) for one in found]
    return [
        tuple(step.name for step in way) for way in ways if way and not wanted.shares.hides([step.id for step in way])
    ]


def _way_down(directory_id: int, found: Found, above: Mapping[int, Found]) -> list[Found]:
    """From below the directory to a node; empty where the node is elsewhere."""
    way = []
    step: Found | None = found
    while step is not None:
        way.append(step)
        if step.parent_id == directory_id:
            return way[::-1]
        step = above.get(step.parent_id) if step.parent_id is not None else None
    return []
