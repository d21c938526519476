"""What somebody shares of their filesystem, and what some entries of a directory come to."""

from collections.abc import Sequence
from dataclasses import dataclass

from pixelhost.core import nodes, nodetrees
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.db import nodesearch, nodeshares, trees
from pixelhost.model.nodes import Node
from pixelhost.site import Site


@dataclass(frozen=True)
class Share:
    """A shared node, and where it is in its owner's filesystem."""

    path: Path
    node: Node


@dataclass(frozen=True)
class Extent:
    """All that some nodes are, with what is below them."""

    files: int
    directories: int
    size_bytes: int


async def of_caller(site: Site, caller: Caller) -> Sequence[Share]:
    """By path. Raises as `nodes.root`."""
    root = await nodes.root(site, caller)
    found = await nodeshares.nodes_of_owner(site.db, root.node.owner_id)
    above = await nodesearch.ancestors(
        site.db, [nodesearch.Found(node.id, node.parent_id, node.name) for node in found]
    )
    shares = []
    for node in found:
        names, parent_id = [node.name], node.parent_id
        while parent_id is not None and parent_id != root.node.id and parent_id in above:
            names.append(above[parent_id].name)
            parent_id = above[parent_id].parent_id
        # What hangs on another root is being deleted.
        if parent_id == root.node.id:
            shares.append(Share(Path(ME, tuple(reversed(names))), node))
    return sorted(shares, key=lambda share: share.path.names)


async def extent(site: Site, caller: Caller, place: Place, chosen: Sequence[Node]) -> Extent:
    """Of some children of a directory, as far as the caller may see what is in them."""
    top_ids = {node.id for node in chosen}
    rows = [row async for some in trees.below(site.db, place.node.id) for row in some]
    wanted = [row for row in rows if row.parent_id != place.node.id or row.id in top_ids]
    seen = [row for row, is_seen in nodetrees.in_order(site, caller, place, wanted) if is_seen]
    blobs = [row.blob for row in seen if row.blob is not None]
    return Extent(len(blobs), len(seen) - len(blobs), sum(blob.size_bytes for blob in blobs))
