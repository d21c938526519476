"""All that is below a directory, as far as somebody may see it."""

from collections.abc import Sequence
from operator import attrgetter

from pixelhost.core import sharing
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.db.trees import TreeRow
from pixelhost.site import Site


def in_order(site: Site, caller: Caller, place: Place, rows: Sequence[TreeRow]) -> list[tuple[TreeRow, bool]]:
    """Of what is below a directory: parents before their children, siblings by name, and whether each may be seen.

    What was taken down, malware of others, and what is shared with others only, may not. What no way leads to is left
    out.
    """
    below: dict[int, list[TreeRow]] = {}
    for row in sorted(rows, key=attrgetter("name"), reverse=True):
        below.setdefault(row.parent_id, []).append(row)
    ordered: list[tuple[TreeRow, bool]] = []
    waiting = [(row, False) for row in below.get(place.node.id, ())]
    while waiting:
        row, is_above_hidden = waiting.pop()
        is_hidden = _is_hidden(site, caller, row, is_above_hidden=is_above_hidden, is_owner=place.rights.owner)
        is_kept_back = row.is_taken_down or (row.is_infected and not place.rights.owner)
        ordered.append((row, not is_hidden and not is_kept_back))
        waiting += [(child, is_hidden) for child in below.get(row.id, ())]
    return ordered


def _is_hidden(site: Site, caller: Caller, row: TreeRow, *, is_above_hidden: bool, is_owner: bool) -> bool:
    """Whether it is shared with others only; what isn't shared for itself is as what it is in."""
    if is_owner or row.permissions is None:
        return is_above_hidden
    return not sharing.granted(site, caller, row.permissions).read
