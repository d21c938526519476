"""Changing filesystems: put, make directories, move, update, import. `nodedeletion` deletes.

Changes of one filesystem take turns (`nodeturns`): each acts on what is there in its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from pixelhost import errors
from pixelhost.blobs.contract import BlobMissing
from pixelhost.core import (
    access,
    activity,
    gates,
    intake,
    nodechanges,
    nodechecks,
    nodeintake,
    nodes,
    nodeturns,
    paths,
    storage,
    uploads,
)
from pixelhost.core.activity import Spot
from pixelhost.core.callers import Caller
from pixelhost.core.nodechanges import NodeChanges
from pixelhost.core.nodeintake import Arrival
from pixelhost.core.nodes import Place
from pixelhost.core.nodeturns import Change
from pixelhost.core.paths import Path
from pixelhost.core.storage import Received
from pixelhost.core.uploads import Admission
from pixelhost.db import nodes as rows
from pixelhost.db import users
from pixelhost.db.chains import Chain
from pixelhost.media.mime import extension, mime_type
from pixelhost.media.zipstream import unique_names
from pixelhost.model.accounts import User
from pixelhost.model.files import Blob, File
from pixelhost.model.nodes import Node
from pixelhost.model.unset import UNSET, Unset
from pixelhost.site import Site

FILE_MODE = 0o644
DIRECTORY_MODE = 0o700
NOTHING_ELSE = NodeChanges()

T = TypeVar("T")


@dataclass(frozen=True)
class Leave:
    """To write a file. `is_new` tells that nothing but the file was missing then: it may share a turn with others."""

    admission: Admission
    is_new: bool


@dataclass(frozen=True)
class Sniffed:
    """The first bytes of a blob."""

    digest: bytes
    head: bytes


async def admit(
    site: Site, caller: Caller, path: Path, expected_bytes: int | None, changes: NodeChanges, *, make_parents: bool
) -> Leave:
    """Before the bytes are read.

    Raises NOT_FOUND, PATH_NOT_FOUND, PERMISSION_DENIED, NODE_IS_A_DIRECTORY, NODE_IS_NOT_A_DIRECTORY,
    TOO_MANY_CHILDREN, NAME_TOO_LONG, PATH_TOO_LONG, TOO_MANY_NESTED_LEVELS, OUT_OF_TRANSFER, and what admission to an
    account does.
    """
    place = await nodes.find(site, caller, path)
    nodechecks.refuse_writing(place)
    nodechanges.refuse_others(caller, place.node.owner_id, changes)
    nodechecks.refuse_file_at(site, place, make_parents=make_parents)
    is_own = caller.owns(place.node.owner_id)
    owner = caller.user if is_own else await users.by_id(site.db, place.node.owner_id)
    if owner is None:
        raise errors.NOT_FOUND()
    admission = await uploads.admit_to_filesystem(site, caller, owner, expected_bytes, _replaced_bytes(place))
    return Leave(admission, is_new=len(place.missing) == 1)


async def put(
    site: Site, caller: Caller, path: Path, got: Received, changes: NodeChanges, *, make_parents: bool, is_new: bool
) -> Place:
    """Make received bytes the file at a path, replacing the one that is there: readers see one or the other whole.

    `is_new` as in `Leave`; where it isn't so any more that costs time and nothing else. Raises as `admit`, and as
    `nodechanges.apply`.
    """
    async with storage.placed(site, got) as blob:
        if is_new and _besides_columns(changes) == NOTHING_ELSE:
            name, creator, now = path.names[-1], caller.require_user(), site.clock.now()
            mime = mime_type(name, got.head)
            new = _new(caller, creator, None, name, FILE_MODE, changes, now, blob, mime)
            if placed := await nodeintake.add(Arrival(site, caller, path, got, new)):
                return placed
        return await _put(site, caller, path, got, blob, changes, make_parents=make_parents)


async def _put(
    site: Site, caller: Caller, path: Path, got: Received, blob: Blob, changes: NodeChanges, *, make_parents: bool
) -> Place:
    async with nodeturns.changing(site, caller, path) as change:
        nodechecks.refuse_writing(change.place)
        nodechecks.refuse_file_at(site, change.place, make_parents=make_parents)
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
    async with nodeturns.changing(site, caller, path) as change:
        nodechecks.refuse_writing(change.place)
        if change.place.is_complete:
            raise errors.NODE_ALREADY_EXISTS()
        nodechecks.refuse_parents(site, change.place, make_parents=make_parents)
        await _add(change, await _make_directories(change, mode), change.new_name, mode, NOTHING_ELSE)


async def update(site: Site, caller: Caller, path: Path, changes: NodeChanges) -> Place:
    """Raises PATH_NOT_FOUND, CANNOT_MODIFY_ROOT_DIR, and as `nodechanges.apply`."""
    async with nodeturns.changing(site, caller, path) as change:
        nodechecks.refuse_missing(change.place)
        nodechecks.refuse_writing(change.place)
        if change.node.parent_id is None:
            raise errors.CANNOT_MODIFY_ROOT_DIR()
        await nodechanges.apply(site, caller, change.tx, change.node, changes)
        # Not by walking the path again: its bucket may be what was unshared.
        place = await _refreshed(change)
        await activity.note(change.tx, change.now, "update", replace(change, place=place).spot)
        return place


async def move(
    site: Site, caller: Caller, path: Path, target: Path, changes: NodeChanges, *, make_parents: bool
) -> Place:
    """Move or rename a node; what lies below goes with it. To the place where it is: only the changes are made.

    Raises PATH_NOT_FOUND, CANNOT_MODIFY_ROOT_DIR, NODE_ALREADY_EXISTS, CIRCULAR_DEPENDENCY, PERMISSION_DENIED also for
    a target in somebody else's filesystem, NODE_IS_NOT_A_DIRECTORY, TOO_MANY_CHILDREN, and those of paths, which also
    hold for what lies below.
    """
    await nodeturns.admit(site, caller, path)
    await nodeturns.admit(site, caller, target)
    sniffed = await _sniff(site, caller, path, target)
    async with nodeturns.claimed(site, caller, path) as change:
        nodechecks.refuse_missing(change.place)
        nodechecks.refuse_writing(change.place)
        if change.place.is_bucket:
            raise errors.CANNOT_MODIFY_ROOT_DIR()
        goal = await nodes.find(site, caller, target, change.tx)
        nodechecks.refuse_writing(goal)
        nodechecks.refuse_goal(change.node, goal)
        nodechecks.refuse_leaving(change.place, goal)
        if not goal.is_complete:
            nodechecks.refuse_parents(site, goal, make_parents=make_parents, moved=change.node)
            if goal.node.id != change.node.parent_id:
                # Where it was it is gone: who may not delete it there would by moving it.
                await nodechecks.refuse_deleting(site, caller, change.tx, change.place, recursive=True)
            await nodechecks.refuse_reach(change.tx, change.place, goal)
            await _move(change, replace(change, place=goal), sniffed)
        await nodechanges.apply(site, caller, change.tx, change.node, changes)
        return await nodes.find(site, caller, target, change.tx)


async def import_files(site: Site, caller: Caller, path: Path, file_ids: Sequence[str]) -> None:
    """Copy the caller's files into a directory, under names that are free, moving no bytes: all or none.

    Raises PATH_NOT_FOUND, NODE_IS_NOT_A_DIRECTORY, LIST_FILE_NOT_FOUND, FILE_TAKEN_DOWN, VIRUS_DETECTED,
    TOO_MANY_CHILDREN, USER_OUT_OF_SPACE, and those of paths.
    """
    await nodeturns.admit(site, caller, path)
    nodechecks.refuse_writing(await nodes.find(site, caller, path, site.db))
    found = {file.id: file for file in await access.some_files(site, list(file_ids)) if caller.owns(file.owner_id)}
    missing = next((file_id for file_id in file_ids if file_id not in found), None)
    if missing is not None:
        raise errors.LIST_FILE_NOT_FOUND(file_not_found=missing)
    for file in found.values():
        if refusal := gates.taken_down(file) or gates.infected(file):
            raise refusal
    async with nodeturns.claimed(site, caller, path) as change:
        nodechecks.refuse_missing(change.place)
        nodechecks.refuse_writing(change.place)
        if not change.node.is_directory:
            raise errors.NODE_IS_NOT_A_DIRECTORY()
        admission = uploads.filesystem_admission(site, change.owner, 0)
        admission.refuse_space(sum(file.size_bytes for file in found.values()))
        nodechecks.refuse_full(site, change.node, len(found))
        names = await _free_names(change, [file.name for file in found.values()])
        # Transactions that lock the same blobs lock them in the same order, so that none waits in a circle.
        for file, name in sorted(zip(found.values(), names, strict=True), key=lambda pair: pair[0].blob.digest):
            await _import(change, file, name)


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
    new = _new(change.caller, change.owner, directories[-1].id, name, mode, changes, change.now, blob, mime)
    node = await rows.insert(change.tx, new)
    node = await _changed(change, node, changes)
    await activity.note(change.tx, change.now, "create", Spot(directories, node))
    return replace(change.place, chain=Chain((*directories, node), change.place.chain.base, is_complete=True))


def _new(
    caller: Caller,
    owner: User,
    parent_id: int | None,
    name: str,
    mode: int,
    changes: NodeChanges,
    now: datetime,
    blob: Blob | None,
    mime: str,
) -> Node:
    creator = caller.require_user()
    return Node(
        id=0,
        owner_id=owner.id,
        owner_plan_id=owner.plan_id,
        parent_id=parent_id,
        name=name,
        blob=blob,
        mime_type=mime,
        mode=_sent(changes.mode, mode),
        created_at=_sent(changes.created_at, now),
        modified_at=_sent(changes.modified_at, now),
        created_by=creator.id,
        created_by_name=creator.name,
    )


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
    await _changed(change, change.node, changes)
    place = await _refreshed(change)
    await activity.note(change.tx, change.now, "update", replace(change, place=place).spot)
    return place


async def _refreshed(change: Change) -> Place:
    """The place with its node as it is now."""
    node = await rows.by_id(change.tx, change.node.id)
    chain = change.place.chain
    return replace(change.place, chain=replace(chain, nodes=(*chain.nodes[:-1], node)))


async def _changed(change: Change, node: Node, changes: NodeChanges) -> Node:
    """After what is not among the columns of a file that is written: its sharing and so on."""
    rest = _besides_columns(changes)
    if rest == NOTHING_ELSE:
        return node
    await nodechanges.apply(change.site, change.caller, change.tx, node, rest)
    return await rows.by_id(change.tx, node.id)


def _besides_columns(changes: NodeChanges) -> NodeChanges:
    return replace(changes, created_at=UNSET, modified_at=UNSET, mode=UNSET)


async def _sniff(site: Site, caller: Caller, path: Path, target: Path) -> Sniffed | None:
    """How a file begins whose new name may be that of another type: read before others wait for the owner's lock."""
    if not path.names or not target.names or extension(path.names[-1]) == extension(target.names[-1]):
        return None
    # Not counted: whoever guesses at a password was admitted a moment ago.
    place = await nodes.find(site, caller, path, site.db)
    if place.node.blob is None or not place.is_complete or not place.rights.write:
        return None
    return Sniffed(place.node.blob.digest, await storage.head_of(site, place.node.blob))


async def _move(change: Change, goal: Change, sniffed: Sniffed | None) -> None:
    directories = await _make_directories(goal, DIRECTORY_MODE)
    node = change.node
    mime = await _type_under(change, goal.new_name, sniffed)
    await rows.move(change.tx, node.id, directories[-1].id, goal.new_name, mime)
    new = Spot(directories, replace(node, name=goal.new_name))
    await activity.note_move(change.tx, change.now, change.spot, new)


async def _type_under(change: Change, name: str, sniffed: Sniffed | None) -> str:
    """Of a node when it is called `name`."""
    node = change.node
    if node.blob is None or extension(name) == extension(node.name):
        return node.mime_type
    if sniffed is None or sniffed.digest != node.blob.digest:
        # It was overwritten, or put in another's place, since it was looked at.
        return mime_type(name, await storage.head_of(change.site, node.blob))
    return mime_type(name, sniffed.head)


def _sent(value: T | Unset, otherwise: T) -> T:
    return otherwise if value is UNSET else value


def _replaced_bytes(place: Place) -> int:
    return place.node.size_bytes if place.is_complete else 0
