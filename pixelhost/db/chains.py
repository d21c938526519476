"""Chains: paths of filesystems walked in one query, as far as they go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pixelhost.db import nodes
from pixelhost.db.connect import Db
from pixelhost.model.nodes import Node


@dataclass(frozen=True)
class Chain:
    """The nodes from the root of a filesystem down to the last one of a path that is there.

    `base` is the index of the bucket's node, `is_complete` whether the path was walked to its end.
    """

    nodes: tuple[Node, ...]
    base: int
    is_complete: bool

    @property
    def last(self) -> Node:
        return self.nodes[-1]

    @property
    def nodes_from_bucket(self) -> Sequence[Node]:
        return self.nodes[self.base :]


async def walk_to(db: Db, node_id: int) -> Chain | None:
    """From the root of a filesystem down to a node, which is the bucket. None when there is none, or it is going."""
    chain = await _walk(db, "id = $1", node_id, ())
    return chain if chain is not None and chain.nodes[0].name == "" else None


async def walk_own(db: Db, owner_id: UUID, names: Sequence[str]) -> Chain | None:
    """From the root of an account's filesystem along `names`, in one query. None when there is no such account."""
    return await _walk(db, "owner_id = $1 AND parent_id IS NULL AND NOT is_cut_off", owner_id, names)


async def walk_shared(db: Db, share_id: str, names: Sequence[str]) -> Chain | None:
    """From a shared node along `names`, in one query, with what is above it. None when nothing has this ID."""
    chain = await _walk(db, "share_id = $1", share_id, names)
    # What hangs on no root any more is being deleted.
    return chain if chain is not None and chain.nodes[0].name == "" else None


async def _walk(db: Db, start: str, value: object, names: Sequence[str]) -> Chain | None:
    rows = await db.fetch(
        f"""WITH RECURSIVE up (id, parent_id, depth) AS (
                SELECT id, parent_id, 0 FROM nodes WHERE {start}
                 UNION ALL
                SELECT n.id, n.parent_id, up.depth - 1 FROM up JOIN nodes n ON n.id = up.parent_id),
            down (id, depth) AS (
                SELECT id, 0 FROM up WHERE depth = 0
                 UNION ALL
                SELECT n.id, down.depth + 1
                  FROM down JOIN nodes n ON n.parent_id = down.id AND n.name = ($2::text[])[down.depth + 1])
            SELECT w.depth, {nodes.COLUMNS}
              FROM (SELECT id, depth FROM up WHERE depth < 0 UNION ALL SELECT id, depth FROM down) w
              JOIN nodes n USING (id) {nodes.JOINED} ORDER BY w.depth""",
        value,
        names,
    )
    if not rows:
        return None
    return Chain(_inheriting([nodes.node(row) for row in rows]), -rows[0]["depth"], rows[-1]["depth"] == len(names))


def _inheriting(walked: Sequence[Node]) -> tuple[Node, ...]:
    """Nodes from the top down: what lies below a directory that was taken down is so with it."""
    found: list[Node] = []
    for one in walked:
        found.append(under(found[-1], one) if found else one)
    return tuple(found)


def under(directory: Node, node: Node) -> Node:
    """A node as it is below a directory."""
    if not directory.abuse_type or node.abuse_type:
        return node
    return replace(node, abuse_type=directory.abuse_type, abuse_reported_at=directory.abuse_reported_at)
