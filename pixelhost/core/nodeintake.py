"""Group commit for filesystems: new files that come while a change of theirs runs share the next turn.

Only what is plain shares it: a new file of one's own, in a directory that is there. All else, and whatever would be
refused, takes a turn of its own, where it is told why.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID
from weakref import WeakValueDictionary

from pixelhost import threads
from pixelhost.batching import Batcher
from pixelhost.core import activity, intake, nodechecks, nodes, nodeturns, uploads
from pixelhost.core.activity import Spot
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.core.storage import Received
from pixelhost.db import nodes as rows
from pixelhost.db import users
from pixelhost.db.connect import Transaction
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.model.accounts import User
from pixelhost.model.nodes import Node
from pixelhost.site import Site


@dataclass(frozen=True, eq=False)
class Arrival:
    """`new` is the file without its ID and its directory."""

    site: Site
    caller: Caller
    path: Path
    got: Received
    new: Node

    @property
    def directory(self) -> Path:
        return Path(self.path.bucket, self.path.names[:-1])


_groups: WeakValueDictionary[UUID, Batcher[Arrival, Place]] = WeakValueDictionary()


async def add(arrival: Arrival) -> Place | None:
    """Commit a new file whose bytes were placed. None when it can't share a turn: nothing has been done then.

    Raises as `nodeturns.admit`, StoreError.
    """
    if arrival.path.bucket != ME or not arrival.path.names:
        return None
    await nodeturns.admit(arrival.site, arrival.caller, arrival.path)
    owner_id = arrival.caller.require_user().id
    group = _groups.setdefault(owner_id, Batcher(lambda arrivals: _commit(owner_id, arrivals)))
    # Whoever is cancelled drops the staged bytes next, which may be needed until the commit.
    return await threads.to_the_end(asyncio.ensure_future(group.get(arrival)))


async def _commit(owner_id: UUID, arrivals: Sequence[Arrival]) -> Mapping[Arrival, Place]:
    """Where those are that went in."""
    db = arrivals[0].site.db
    async with nodeturns.turn(owner_id), db.acquire() as tx, tx.transaction():
        owner = await users.claim(tx, owner_id)
        if owner is None:
            return {}
        fitting = await _fitting(tx, owner, arrivals)
        ids = await rows.insert_files(tx, [place.node for place in fitting.values()])
        made = {
            arrival: _with_id(place, ids[place.node.parent_id, place.node.name])
            for arrival, place in fitting.items()
            if (place.node.parent_id, place.node.name) in ids
        }
        now = arrivals[0].site.clock.now()
        await activity.note_all(tx, now, "create", [Spot(one.chain.nodes[:-1], one.node) for one in made.values()])
        for arrival, place in made.items():
            assert place.node.blob is not None
            await intake.ensure_there(arrival.site.store, place.node.blob.location, arrival.got.staged)
    return made


async def _fitting(tx: Transaction, owner: User, arrivals: Sequence[Arrival]) -> Mapping[Arrival, Place]:
    """Where those go for which there is room beside the ones before them, and which nothing else keeps out."""
    directories: dict[Path, Place] = {}
    taken: set[tuple[int, str]] = set()
    fitting = {}
    for arrival in arrivals:
        try:
            if arrival.directory not in directories:
                directories[arrival.directory] = await nodes.find(arrival.site, arrival.caller, arrival.directory, tx)
            directory = directories[arrival.directory]
            key = (directory.node.id, arrival.new.name)
            if not directory.is_complete or key in taken:
                continue
            _refuse(arrival, owner, directory)
        except (ApiError, ApiErrors):
            continue
        taken.add(key)
        size_bytes = arrival.new.size_bytes
        owner = replace(
            owner,
            storage_used_bytes=owner.storage_used_bytes + size_bytes,
            filesystem_used_bytes=owner.filesystem_used_bytes + size_bytes,
        )
        directories[arrival.directory] = _with_one_more_child(directory)
        new = replace(arrival.new, owner_id=owner.id, owner_plan_id=owner.plan_id, parent_id=directory.node.id)
        chain = replace(directory.chain, nodes=(*directory.chain.nodes, new))
        fitting[arrival] = replace(directory, path=arrival.path, chain=chain)
    return fitting


def _refuse(arrival: Arrival, owner: User, directory: Place) -> None:
    """Raises what `filesystem.put` does."""
    place = replace(directory, path=arrival.path, chain=replace(directory.chain, is_complete=False))
    nodechecks.refuse_writing(place)
    nodechecks.refuse_file_at(arrival.site, place, make_parents=False)
    uploads.filesystem_admission(arrival.site, owner, 0).refuse_size(arrival.new.size_bytes)


def _with_one_more_child(place: Place) -> Place:
    grown = replace(place.node, child_count=place.node.child_count + 1)
    return replace(place, chain=replace(place.chain, nodes=(*place.chain.nodes[:-1], grown)))


def _with_id(place: Place, node_id: int) -> Place:
    named = replace(place.node, id=node_id)
    return replace(place, chain=replace(place.chain, nodes=(*place.chain.nodes[:-1], named)))
