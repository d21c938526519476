"""What of a filesystem is not for everybody who reads a directory above it: shared with others only, or taken down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from pixelhost.core import sharing
from pixelhost.core.callers import Caller
from pixelhost.db import nodeshares
from pixelhost.site import Site


@dataclass(frozen=True)
class Shares:
    """IDs of the nodes that are `shared`, of those among them that the caller may not read, and of the directories that
    are `taken_down`, below which nobody sees anything, however it is shared.
    """

    shared: Collection[int]
    hidden: Collection[int]
    taken_down: Collection[int]

    def hides(self, way: Sequence[int]) -> bool:
        """Whether the last of some nodes is hidden, which lie below each other and below a readable directory.

        The most specific shared one decides.
        """
        if any(node_id in self.taken_down for node_id in way[:-1]):
            return True
        return next((node_id in self.hidden for node_id in reversed(way) if node_id in self.shared), False)


NOTHING_HIDDEN = Shares((), (), ())


async def seen_by(site: Site, caller: Caller, owner_id: UUID) -> Shares:
    """Those of an account's filesystem. To its owner they make no difference."""
    if caller.owns(owner_id):
        return NOTHING_HIDDEN
    shared = await nodeshares.of_owner(site.db, owner_id)
    hidden = {node_id for node_id, permissions in shared.items() if not sharing.granted(site, caller, permissions).read}
    return Shares(shared.keys(), hidden, await nodeshares.taken_down(site.db, owner_id))
