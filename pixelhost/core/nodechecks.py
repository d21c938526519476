"""Why a filesystem is not changed as somebody wants: each check raises the refusal, or lets pass."""

from pixelhost import errors
from pixelhost.core import paths, sharing
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.db import nodes
from pixelhost.db.connect import Transaction
from pixelhost.model.nodes import Node
from pixelhost.plans import NO_LIMIT
from pixelhost.site import Site


def refuse_missing(place: Place) -> None:
    if not place.is_complete:
        raise errors.PATH_NOT_FOUND()


def refuse_writing(place: Place) -> None:
    if not place.rights.write:
        raise errors.PERMISSION_DENIED()


def refuse_file_at(site: Site, place: Place, *, make_parents: bool) -> None:
    if not place.is_complete:
        refuse_parents(site, place, make_parents=make_parents)
    elif place.node.is_directory:
        raise errors.NODE_IS_A_DIRECTORY()


def refuse_parents(site: Site, place: Place, *, make_parents: bool, moved: Node | None = None) -> None:
    """Why nothing can be made, or moved, to a path that isn't there."""
    if not place.node.is_directory:
        raise errors.NODE_IS_NOT_A_DIRECTORY()
    errors.raise_all(paths.problems(place.names_from_root))
    if len(place.missing) > 1 and not make_parents:
        raise errors.PATH_NOT_FOUND(message="The directory that this should be in does not exist")
    if moved is None or moved.parent_id != place.node.id:
        refuse_full(site, place.node, 1)


def refuse_full(site: Site, directory: Node, more: int) -> None:
    if NO_LIMIT < site.plan(directory.owner_plan_id).directory_children_limit < directory.child_count + more:
        raise errors.TOO_MANY_CHILDREN()


def refuse_goal(node: Node, goal: Place) -> None:
    if goal.node.owner_id != node.owner_id:
        raise errors.PERMISSION_DENIED(message="A node stays in its filesystem")
    passed = goal.chain.nodes[:-1] if goal.is_complete else goal.chain.nodes
    if any(one.id == node.id for one in passed):
        raise errors.CIRCULAR_DEPENDENCY()
    if goal.is_complete and goal.node.id != node.id:
        raise errors.NODE_ALREADY_EXISTS()


def refuse_leaving(place: Place, goal: Place) -> None:
    """Raises NODE_TAKEN_DOWN for what would leave a directory that was taken down: it would be up again."""
    directories = place.chain.nodes[:-1]
    down = next((node for node in directories if node.abuse_type), None)
    if down is not None and down.id not in {node.id for node in goal.chain.nodes}:
        raise errors.NODE_TAKEN_DOWN(abuse_type=down.abuse_type)


async def refuse_deleting(site: Site, caller: Caller, tx: Transaction, place: Place, *, recursive: bool) -> None:
    """Whoever may write may delete what they uploaded themselves."""
    node, rights = place.node, place.rights
    is_own_upload = not node.is_directory and rights.write and caller.owns(node.created_by)
    if not rights.delete and not is_own_upload:
        raise errors.PERMISSION_DENIED()
    if node.child_count and recursive and not rights.owner:
        for permissions in await nodes.shared_below(tx, node.id):
            if not sharing.granted(site, caller, permissions).delete:
                raise errors.PERMISSION_DENIED(message="Something below is shared without the right to delete it")


async def refuse_reach(tx: Transaction, place: Place, goal: Place) -> None:
    """Raises PATH_TOO_LONG, TOO_MANY_NESTED_LEVELS for what lies below a directory that moves to `goal`.

    It can only be at fault where the directory gets deeper or its path longer.
    """
    old, new = place.names_from_root, goal.names_from_root
    is_further = len(new) > len(old) or paths.size_bytes(new) > paths.size_bytes(old)
    if not place.node.child_count or not is_further:
        return
    too_deep, too_long = await nodes.exceeded_below(
        tx,
        place.node.id,
        levels=len(new),
        path_bytes=paths.size_bytes(new),
        levels_max=paths.LEVELS_MAX,
        path_max_bytes=paths.PATH_MAX_BYTES,
    )
    found = [errors.PATH_TOO_LONG()] if too_long else []
    if too_deep:
        found.append(errors.TOO_MANY_NESTED_LEVELS())
    errors.raise_all(found)
