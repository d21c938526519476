"""Deleting from filesystems: a tree is cut off at once, then deleted in slices that let other changes in between."""

from collections.abc import Collection, Sequence
from uuid import UUID

from pixelhost import errors
from pixelhost.core import activity, nodechecks, nodes, nodeturns
from pixelhost.core.activity import Spot
from pixelhost.core.callers import Caller
from pixelhost.core.nodeturns import Change
from pixelhost.core.paths import Path
from pixelhost.db import nodedeletion, users
from pixelhost.db import nodes as rows
from pixelhost.model.nodes import Node
from pixelhost.site import Site

DELETED_AT_ONCE = 2_000


async def delete(site: Site, caller: Caller, path: Path, *, recursive: bool) -> None:
    """Delete a node; of a directory that is a bucket's root, what is in it.

    It is gone at once; what lies below is deleted before this returns. Raises PATH_NOT_FOUND, PERMISSION_DENIED,
    DIRECTORY_NOT_EMPTY.
    """
    async with nodeturns.changing(site, caller, path) as change:
        nodechecks.refuse_missing(change.place)
        await nodechecks.refuse_deleting(site, caller, change.tx, change.place, recursive=recursive)
        if change.node.child_count and not recursive:
            raise errors.DIRECTORY_NOT_EMPTY()
        if change.place.is_bucket and change.node.is_directory:
            doomed = await rows.children(change.tx, change.node.id)
            directories = change.place.chain.nodes
        else:
            doomed, directories = [change.node], change.place.chain.nodes[:-1]
        doomed_ids = await _cut_off(change, directories, doomed)
    await _delete_trees(site, change.owner.id, doomed_ids)


async def delete_children(site: Site, caller: Caller, path: Path, names: Collection[str]) -> None:
    """Delete some of a directory's children with all below them: all or none. Raises as `delete`."""
    async with nodeturns.changing(site, caller, path) as change:
        nodechecks.refuse_missing(change.place)
        wanted = frozenset(names)
        found = [child for child in await rows.children(change.tx, change.node.id) if child.name in wanted]
        if len(found) < len(wanted):
            raise errors.PATH_NOT_FOUND(message=nodes.GONE_MEANWHILE)
        if not change.place.rights.owner:
            for node in found:
                place = await nodes.find(site, caller, path.child(node.name), change.tx)
                await nodechecks.refuse_deleting(site, caller, change.tx, place, recursive=True)
        doomed_ids = await _cut_off(change, change.place.chain.nodes, found)
    await _delete_trees(site, change.owner.id, doomed_ids)


async def go_on(site: Site) -> int:
    """Go on with deletions that were interrupted. Returns how many trees."""
    trees = await nodedeletion.cut_off_trees(site.db)
    for owner_id, node_ids in trees.items():
        await _delete_trees(site, owner_id, node_ids)
    return sum(len(node_ids) for node_ids in trees.values())


async def _cut_off(change: Change, directories: Sequence[Node], doomed: Sequence[Node]) -> Sequence[int]:
    """From the last of `directories`: they are gone at once, and deleted afterwards. Their IDs."""
    doomed_ids = [node.id for node in doomed]
    await nodedeletion.cut_off(change.tx, directories[-1].id, doomed_ids)
    await activity.note_all(change.tx, change.now, "delete", [Spot(directories, node) for node in doomed])
    return doomed_ids


async def _delete_trees(site: Site, owner_id: UUID, node_ids: Sequence[int]) -> None:
    """Some nodes at a time, so that other changes of this filesystem get their turn in between."""
    ids = await nodedeletion.ids_of_trees(site.db, node_ids)
    for start in range(0, len(ids), DELETED_AT_ONCE):
        async with nodeturns.turn(owner_id), site.db.acquire() as tx, tx.transaction():
            await users.claim(tx, owner_id)
            await nodedeletion.delete(tx, ids[start : start + DELETED_AT_ONCE])
