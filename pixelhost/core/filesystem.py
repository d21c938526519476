"""Changing filesystems: put, make directories, move, update, import, delete.

Every change locks the owner's account first, walks its path again and then acts on what is there: changes of one
filesystem take turns, so moves that cross can't make a circle, and no quota or limit is passed by a hair.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pixelhost import errors
from pixelhost.blobs.contract import BlobMissing
from pixelhost.core import access, activity, gates, intake, nodechanges, nodes, paths, sharing, storage, uploads
from pixelhost.core.activity import Spot
from pixelhost.core.callers import Caller
from pixelhost.core.nodechanges import NodeChanges
from pixelhost.core.nodes import Place
from pixelhost.core.nodeturns import Change, changing, turn
from pixelhost.core.paths import Path
from pixelhost.core.storage import Received
from pixelhost.core.uploads import Admission
from pixelhost.db import nodes as rows
from pixelhost.db import users
from pixelhost.db.nodes import Chain
from pixelhost.media.mime import mime_type
from pixelhost.media.zipstream import unique_names
from pixelhost.model import UNSET, Blob, File, Node
from pixelhost.plans import NO_LIMIT
from pixelhost.site import Site

FILE_MODE = 0o644
DIRECTORY_MODE = 0o700
DELETED_AT_ONCE = 2_000
NOTHING_ELSE = NodeChanges()


async def admit(
    site: Site, caller: Caller, path: Path, expected_bytes: int | None, changes: NodeChanges, *, make_parents: bool
) -> Admission:
    """Leave to write a file, before its bytes are read.

    Raises NOT_FOUND, PATH_NOT_FOUND, PERMISSION_DENIED, NODE_IS_A_DIRECTORY, NODE_IS_NOT_A_DIRECTORY,
    TOO_MANY_CHILDREN, NAME_TOO_LONG, PATH_TOO_LONG, TOO_MANY_NESTED_LEVELS, OUT_OF_TRANSFER, and what admission to an
    account does.
    """
    place = await nodes.find(site, caller, path)
    _refuse_writing(place)
    nodechanges.refuse_others(caller, place.node.owner_id, changes)
    _refuse_file_at(site, place, make_parents=make_parents)
    is_own = caller.owns(place.node.owner_id)
    owner = caller.user if is_own else await users.by_id(site.db, place.node.owner_id)
    if owner is None:
        raise errors.NOT_FOUND()
    return await uploads.admit_to_filesystem(site, caller, owner, expected_bytes, _replaced_bytes(place))


async def put(
    site: Site, caller: Caller, path: Path, got: Received, changes: NodeChanges, *, make_parents: bool
) -> Place:
    """Make received bytes the file at a path, replacing the one that is there: readers see one or the other whole.

    Raises as `admit`, and as `nodechanges.apply`.
    """
    async with storage.placed(site, got) as blob, changing(site, caller, path) as change:
        _refuse_writing(change.place)
        _refuse_file_at(site, change.place, make_parents=make_parents)
        admission = uploads.filesystem_admission(site, change.owner, _replaced_bytes(change.place))
        admission.refuse_size(blob.size_bytes)
        if change.place.is_complete:
            placed = await _overwrite(change, blob, got.head, changes)
        else:
            directories = await _make_directories(change, DIRECTORY_MODE)
            mime = mime_type(change.new_name, got.head)
            placed = await _add(change, directories, change.new_name, FILE_MODE, changes, blob, mime)
        await intake.ensure_there(site.store, blob.location, got.staged)
        return placed


async def make_directory(site: Site, caller: Caller, path: Path, mode: int, *, make_parents: bool) -> None:
    """Raises PATH_NOT_FOUND, NODE_ALREADY_EXISTS, NODE_IS_NOT_A_DIRECTORY, TOO_MANY_CHILDREN and those of paths."""
    async with changing(site, caller, path) as change:
        _refuse_writing(change.place)
        if change.place.is_complete:
            raise errors.NODE_ALREADY_EXISTS()
        _refuse_parents(site, change.place, make_parents=make_parents)
        await _add(change, await _make_directories(change, mode), change.new_name, mode, NOTHING_ELSE)


async def update(site: Site, caller: Caller, path: Path, changes: NodeChanges) -> Place:
    """Raises PATH_NOT_FOUND, CANNOT_MODIFY_ROOT_DIR, and as `nodechanges.apply`."""
    async with changing(site, caller, path) as change:
        _refuse_missing(change.place)
        _refuse_writing(change.place)
        if change.node.parent_id is None:
            raise errors.CANNOT_MODIFY_ROOT_DIR()
        await nodechanges.apply(site, caller, change.tx, change.node, changes)
        await activity.note(change.tx, change.now, "update", change.spot, is_directory=change.node.is_directory)
        # Not by walking the path again: its bucket may be what was unshared.
        return await _refreshed(change)


async def move(
    site: Site, caller: Caller, path: Path, target: Path, changes: NodeChanges, *, make_parents: bool
) -> Place:
    """Move or rename a node; what lies below goes with it. To the place where it is: only the changes are made.

    Raises PATH_NOT_FOUND, CANNOT_MODIFY_ROOT_DIR, NODE_ALREADY_EXISTS, CIRCULAR_DEPENDENCY, PERMISSION_DENIED also for
    a target in somebody else's filesystem, NODE_IS_NOT_A_DIRECTORY, TOO_MANY_CHILDREN, and those of paths.
    """
    async with changing(site, caller, path) as change:
        _refuse_missing(change.place)
        _refuse_writing(change.place)
        if change.place.is_bucket:
            raise errors.CANNOT_MODIFY_ROOT_DIR()
        goal = await nodes.find(site, caller, target, change.tx)
        _refuse_writing(goal)
        _refuse_goal(change.node, goal)
        if not goal.is_complete:
            _refuse_parents(site, goal, make_parents=make_parents, moved=change.node)
            if goal.node.id != change.node.parent_id:
                # Where it was it is gone: who may not delete it there would by moving it.
                await _refuse_deleting(change, recursive=True)
            await _move(change, replace(change, place=goal))
        await nodechanges.apply(site, caller, change.tx, change.node, changes)
        return await nodes.find(site, caller, target, change.tx)


async def import_files(site: Site, caller: Caller, path: Path, file_ids: Sequence[str]) -> None:
    """Copy the caller's files into a directory, under names that are free, moving no bytes: all or none.

    Raises PATH_NOT_FOUND, NODE_IS_NOT_A_DIRECTORY, LIST_FILE_NOT_FOUND, FILE_TAKEN_DOWN, VIRUS_DETECTED,
    TOO_MANY_CHILDREN, USER_OUT_OF_SPACE, and those of paths.
    """
    found = {file.id: file for file in await access.some_files(site, list(file_ids)) if caller.owns(file.owner_id)}
    missing = next((file_id for file_id in file_ids if file_id not in found), None)
    if missing is not None:
        raise errors.LIST_FILE_NOT_FOUND(file_not_found=missing)
    for file in found.values():
        if refusal := gates.taken_down(file) or gates.infected(file):
            raise refusal
    async with changing(site, caller, path) as change:
        _refuse_missing(change.place)
        _refuse_writing(change.place)
        if not change.node.is_directory:
            raise errors.NODE_IS_NOT_A_DIRECTORY()
        admission = uploads.filesystem_admission(site, change.owner, 0)
        admission.refuse_space(sum(file.size_bytes for file in found.values()))
        _refuse_full(site, change.node, len(found))
        names = await _free_names(change, [file.name for file in found.values()])
        # Transactions that lock the same blobs lock them in the same order, so that none waits in a circle.
        for file, name in sorted(zip(found.values(), names, strict=True), key=lambda pair: pair[0].blob.digest):
            await _import(change, file, name)


async def delete(site: Site, caller: Caller, path: Path, *, recursive: bool) -> None:
    """Delete a node; of a directory that is a bucket's root, what is in it.

    It is gone at once; what lies below is deleted before this returns. Raises PATH_NOT_FOUND, PERMISSION_DENIED,
    DIRECTORY_NOT_EMPTY.
    """
    async with changing(site, caller, path) as change:
        _refuse_missing(change.place)
        await _refuse_deleting(change, recursive=recursive)
        if change.node.child_count and not recursive:
            raise errors.DIRECTORY_NOT_EMPTY()
        if change.place.is_bucket and change.node.is_directory:
            doomed = await rows.children(change.tx, change.node.id)
            directories = change.place.chain.nodes
        else:
            doomed, directories = [change.node], change.place.chain.nodes[:-1]
        await _cut_off(change, directories, doomed)
    await _delete_trees(site, change.owner.id, [node.id for node in doomed])


async def delete_children(site: Site, caller: Caller, path: Path, names: Collection[str]) -> None:
    """Delete some of a directory's children with all below them: all or none. Raises as `delete`."""
    async with changing(site, caller, path) as change:
        _refuse_missing(change.place)
        found = [child for child in await rows.children(change.tx, change.node.id) if child.name in names]
        if len(found) < len(set(names)):
            raise errors.PATH_NOT_FOUND()
        if not change.place.rights.owner:
            for node in found:
                place = await nodes.find(site, caller, path.child(node.name), change.tx)
                await _refuse_deleting(replace(change, place=place), recursive=True)
        await _cut_off(change, change.place.chain.nodes, found)
    await _delete_trees(site, change.owner.id, [node.id for node in found])


async def delete_cut_off(site: Site) -> int:
    """Go on with deletions that were interrupted. Returns how many trees."""
    trees = await rows.cut_off_trees(site.db)
    for node_id, owner_id in trees:
        await _delete_trees(site, owner_id, [node_id])
    return len(trees)


async def _make_directories(change: Change, mode: int) -> Sequence[Node]:
    """Those that the path misses, without its last name. Returns the directories from the root down to the last."""
    directories: Sequence[Node] = change.place.chain.nodes
    for name in change.place.missing[:-1]:
        directories = (await _add(change, directories, name, mode, NOTHING_ELSE)).chain.nodes
    return directories


async def _add(
    change: Change,
    directories: Sequence[Node],
    name: str,
    mode: int,
    changes: NodeChanges,
    blob: Blob | None = None,
    mime: str = "",
) -> Place:
    """A new file, or without `blob` a directory, in the last of `directories`."""
    creator = change.caller.require_user()
    new = Node(
        id=0,
        owner_id=change.owner.id,
        owner_plan_id=change.owner.plan_id,
        parent_id=directories[-1].id,
        name=name,
        blob=blob,
        mime_type=mime,
        mode=_sent(changes.mode, mode),
        created_at=_sent(changes.created_at, change.now),
        modified_at=_sent(changes.modified_at, change.now),
        created_by=creator.id,
        created_by_name=creator.name,
    )
    node = await rows.insert(change.tx, new)
    await activity.note(change.tx, change.now, "create", Spot(directories, name), is_directory=blob is None)
    node = await _changed(change, node, changes)
    return replace(change.place, chain=Chain((*directories, node), change.place.chain.base, is_complete=True))


async def _free_names(change: Change, wanted: Sequence[str]) -> Sequence[str]:
    """For new files in the directory. Raises NAME_TOO_LONG, PATH_TOO_LONG, TOO_MANY_NESTED_LEVELS."""
    taken = [child.name for child in await rows.children(change.tx, change.node.id)]
    names = unique_names([*taken, *wanted])[len(taken) :]
    for name in names:
        errors.raise_all(paths.problems([*change.place.names_from_root, name]))
    return names


async def _import(change: Change, file: File, name: str) -> None:
    await _add(change, change.place.chain.nodes, name, FILE_MODE, NOTHING_ELSE, file.blob, file.mime_type)
    try:
        await intake.ensure_there(change.site.store, file.blob.location, None)
    except BlobMissing as error:
        raise errors.LIST_FILE_NOT_FOUND(file_not_found=file.id) from error


async def _overwrite(change: Change, blob: Blob, head: bytes, changes: NodeChanges) -> Place:
    await rows.overwrite(
        change.tx,
        change.node.id,
        blob,
        mime_type(change.node.name, head),
        created_at=_sent(changes.created_at, change.node.created_at),
        modified_at=_sent(changes.modified_at, change.now),
        mode=_sent(changes.mode, change.node.mode),
        now=change.now,
    )
    await activity.note(change.tx, change.now, "update", change.spot, is_directory=False)
    await _changed(change, change.node, changes)
    return await _refreshed(change)


async def _refreshed(change: Change) -> Place:
    """The place with its node as it is now."""
    node = await rows.by_id(change.tx, change.node.id)
    chain = change.place.chain
    return replace(change.place, chain=replace(chain, nodes=(*chain.nodes[:-1], node)))


async def _changed(change: Change, node: Node, changes: NodeChanges) -> Node:
    """After what is not among the columns of a file that is written: its sharing and so on."""
    rest = replace(changes, created_at=UNSET, modified_at=UNSET, mode=UNSET)
    if rest == NOTHING_ELSE:
        return node
    await nodechanges.apply(change.site, change.caller, change.tx, node, rest)
    return await rows.by_id(change.tx, node.id)


async def _move(change: Change, goal: Change) -> None:
    directories = await _make_directories(goal, DIRECTORY_MODE)
    node = change.node
    mime = node.mime_type
    if node.blob is not None and goal.new_name != node.name:
        mime = mime_type(goal.new_name, await storage.head_of(change.site, node.blob))
    await rows.move(change.tx, node.id, directories[-1].id, goal.new_name, mime)
    new = Spot(directories, goal.new_name)
    await activity.note_move(change.tx, change.now, change.spot, new, is_directory=node.is_directory)


async def _cut_off(change: Change, directories: Sequence[Node], doomed: Sequence[Node]) -> None:
    """From the last of `directories`: they are gone at once, and deleted afterwards."""
    await rows.cut_off(change.tx, [node.id for node in doomed])
    spots = [(Spot(directories, node.name), node.is_directory) for node in doomed]
    await activity.note_all(change.tx, change.now, "delete", spots)


async def _delete_trees(site: Site, owner_id: UUID, node_ids: Sequence[int]) -> None:
    """Some nodes at a time, so that other changes of this filesystem get their turn in between."""
    ids = await rows.ids_of_trees(site.db, node_ids)
    for start in range(0, len(ids), DELETED_AT_ONCE):
        async with turn(owner_id), site.db.acquire() as tx, tx.transaction():
            await users.claim(tx, owner_id)
            await rows.delete(tx, ids[start : start + DELETED_AT_ONCE])


def _sent(value: Any, otherwise: Any) -> Any:
    return otherwise if value is UNSET else value


def _replaced_bytes(place: Place) -> int:
    return place.node.size_bytes if place.is_complete else 0


def _refuse_missing(place: Place) -> None:
    if not place.is_complete:
        raise errors.PATH_NOT_FOUND()


def _refuse_writing(place: Place) -> None:
    if not place.rights.write:
        raise errors.PERMISSION_DENIED()


def _refuse_file_at(site: Site, place: Place, *, make_parents: bool) -> None:
    if not place.is_complete:
        _refuse_parents(site, place, make_parents=make_parents)
    elif place.node.is_directory:
        raise errors.NODE_IS_A_DIRECTORY()


def _refuse_parents(site: Site, place: Place, *, make_parents: bool, moved: Node | None = None) -> None:
    """Why nothing can be made, or moved, to a path that isn't there."""
    if not place.node.is_directory:
        raise errors.NODE_IS_NOT_A_DIRECTORY()
    errors.raise_all(paths.problems(place.names_from_root))
    if len(place.missing) > 1 and not make_parents:
        raise errors.PATH_NOT_FOUND(message="The directory that this should be in does not exist")
    if moved is None or moved.parent_id != place.node.id:
        _refuse_full(site, place.node, 1)


def _refuse_full(site: Site, directory: Node, more: int) -> None:
    if NO_LIMIT < site.plan(directory.owner_plan_id).directory_children_limit < directory.child_count + more:
        raise errors.TOO_MANY_CHILDREN()


def _refuse_goal(node: Node, goal: Place) -> None:
    if goal.node.owner_id != node.owner_id:
        raise errors.PERMISSION_DENIED(message="A node stays in its filesystem")
    passed = goal.chain.nodes[:-1] if goal.is_complete else goal.chain.nodes
    if any(one.id == node.id for one in passed):
        raise errors.CIRCULAR_DEPENDENCY()
    if goal.is_complete and goal.node.id != node.id:
        raise errors.NODE_ALREADY_EXISTS()


async def _refuse_deleting(change: Change, *, recursive: bool) -> None:
    """Whoever may write may delete what they uploaded themselves."""
    node, rights = change.node, change.place.rights
    is_own_upload = not node.is_directory and rights.write and change.caller.owns(node.created_by)
    if not rights.delete and not is_own_upload:
        raise errors.PERMISSION_DENIED()
    if node.child_count and recursive and not rights.owner:
        for permissions in await rows.shared_below(change.tx, node.id):
            if not sharing.granted(change.site, change.caller, permissions).delete:
                raise errors.PERMISSION_DENIED(message="Something below is shared without the right to delete it")
