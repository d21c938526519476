"""Appeals: the owner of something that was taken down says why it should be back, once; an administrator decides."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pixelhost import errors
from pixelhost.core import mail, takedowns
from pixelhost.core.callers import Caller
from pixelhost.core.nodes import Place
from pixelhost.db import appeals
from pixelhost.db import takedowns as rows
from pixelhost.model.abuse import Appeal, Copy, Takedown
from pixelhost.model.files import File
from pixelhost.site import Site

log = logging.getLogger(__name__)

TEXT_MAX: Final = 2000
ANSWER_MAX: Final = 500
SHOWN_MAX: Final = 200


@dataclass(frozen=True)
class Case:
    """What was taken down of one account, and what it has said against it; at most 200 things are told."""

    takedown: Takedown
    things: Sequence[Copy]
    appeal: Appeal | None


async def case(site: Site, caller: Caller, takedown_id: int) -> Case:
    """Raises AUTHENTICATION_REQUIRED, and NOT_FOUND where nothing of the caller's was taken down so."""
    user = caller.require_user()
    found = await rows.by_id(site.db, takedown_id)
    things = await rows.copies(site.db, found.digest, found.node_id, SHOWN_MAX, user.id) if found is not None else []
    if found is None or not things:
        raise errors.NOT_FOUND(message="Nothing of yours is taken down under this number, or not any more")
    return Case(found, things, await appeals.of_user(site.db, takedown_id, user.id))


async def against_file(site: Site, caller: Caller, file: File) -> int | None:
    """The number of the takedown that the caller may appeal against; None where there is none, or it isn't theirs."""
    if not caller.owns(file.owner_id) or not file.abuse_type:
        return None
    found = await rows.by_digest(site.db, file.blob.digest)
    return found.id if found is not None else None


async def against_node(site: Site, place: Place) -> int | None:
    """The same of a node, or of the directory above it that was taken down."""
    if not place.rights.owner or not place.node.abuse_type:
        return None
    found = await rows.by_nodes(site.db, [node.id for node in reversed(place.chain.nodes)])
    if found is None and place.node.blob is not None:
        found = await rows.by_digest(site.db, place.node.blob.digest)
    return found.id if found is not None else None


async def add(site: Site, caller: Caller, takedown_id: int, text: str) -> None:
    """Raises as `case`, STRING_OUT_OF_RANGE, RESOURCE_ALREADY_EXISTS for a second time."""
    user = caller.require_user()
    await case(site, caller, takedown_id)
    if not 1 <= len(text) <= TEXT_MAX:
        raise errors.STRING_OUT_OF_RANGE(field="text", min_len=1, max_len=TEXT_MAX, len=len(text))
    async with site.db.acquire() as tx, tx.transaction():
        if await rows.claim(tx, takedown_id) is None:
            raise errors.NOT_FOUND()
        if not await appeals.insert(tx, takedown_id, user.id, text, site.clock.now()):
            raise errors.RESOURCE_ALREADY_EXISTS(message="You have appealed against this already")


async def undecided(site: Site) -> Sequence[Appeal]:
    """The oldest first."""
    return await appeals.undecided(site.db, SHOWN_MAX)


async def grant(site: Site, caller: Caller, appeal_id: int) -> None:
    """Lift the takedown, for all. Raises AUTHENTICATION_REQUIRED, FORBIDDEN, NOT_FOUND."""
    caller.require_admin()
    found = await appeals.by_id(site.db, appeal_id)
    if found is None:
        raise errors.NOT_FOUND()
    await takedowns.lift(site, caller, found.takedown.id)


async def reject(site: Site, caller: Caller, appeal_id: int, answer: str) -> None:
    """It stays down, and whoever appealed is told why. Raises as `grant`, also when it was decided before."""
    by = caller.require_admin()
    async with site.db.acquire() as tx, tx.transaction():
        found = await appeals.by_id(tx, appeal_id)
        if found is None or not await appeals.set_rejected(tx, appeal_id, answer, site.clock.now()):
            raise errors.NOT_FOUND(message="There is no such appeal, or it was decided already")
        things = await rows.copies(tx, found.takedown.digest, found.takedown.node_id, 1, found.user_id)
        name = things[0].name if things else ""
        await mail.queue_to_account(tx, site, found.user_id, "appeal_rejected", thing=name, answer=answer)
    log.info("%s rejected the appeal %d", by.name, appeal_id)
