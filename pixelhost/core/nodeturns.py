"""Changes of one filesystem take turns.

Every change locks the owner's account first, walks its path again and then acts on what is there: so moves that cross
can't make a circle, and no quota or limit is passed by a hair.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from weakref import WeakValueDictionary

from pixelhost import errors
from pixelhost.core import nodes
from pixelhost.core.activity import Spot
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.core.paths import ME, Path
from pixelhost.db import nodes as rows
from pixelhost.db import users
from pixelhost.db.connect import Transaction
from pixelhost.ids import is_id
from pixelhost.model.accounts import User
from pixelhost.model.nodes import Node
from pixelhost.site import Site

_turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class Change:
    """A transaction that has the owner locked, and what is at the path in it."""

    site: Site
    caller: Caller
    tx: Transaction
    owner: User
    place: Place
    now: datetime

    @property
    def node(self) -> Node:
        return self.place.node

    @property
    def spot(self) -> Spot:
        return Spot(self.place.chain.nodes[:-1], self.node)

    @property
    def new_name(self) -> str:
        """Of what is to be made at the path."""
        return self.place.path.names[-1]


@asynccontextmanager
async def changing(site: Site, caller: Caller, path: Path) -> AsyncIterator[Change]:
    """Raises as `nodes.find`, ACCOUNT_BANNED, IP_BANNED."""
    await admit(site, caller, path)
    async with claimed(site, caller, path) as change:
        yield change


async def admit(site: Site, caller: Caller, path: Path) -> None:
    """Raises as `changing`."""
    if caller.user is not None and caller.user.is_banned:
        raise errors.ACCOUNT_BANNED()
    if caller.is_ip_banned:
        raise errors.IP_BANNED()
    if caller.node_password:
        # Guesses are counted, which a transaction that is rolled back can't do.
        await nodes.find(site, caller, path)


@asynccontextmanager
async def claimed(site: Site, caller: Caller, path: Path) -> AsyncIterator[Change]:
    """Of a caller who was admitted."""
    owner_id = await _owner_id(site, caller, path)
    async with turn(owner_id), site.db.acquire() as tx, tx.transaction():
        owner = await users.claim(tx, owner_id)
        place = await nodes.find(site, caller, path, tx)
        if owner is None or place.node.owner_id != owner.id:
            raise errors.NOT_FOUND()
        yield Change(site, caller, tx, owner, place, site.clock.now())


def turn(owner_id: UUID) -> asyncio.Lock:
    """Changes of one filesystem wait here, each without a connection: those of the pool are for everybody."""
    return _turns.setdefault(owner_id, asyncio.Lock())


async def _owner_id(site: Site, caller: Caller, path: Path) -> UUID:
    if path.bucket == ME:
        return caller.require_user().id
    owner_id = await rows.owner_of_share(site.db, path.bucket) if is_id(path.bucket) else None
    if owner_id is None:
        raise errors.NOT_FOUND()
    return owner_id
