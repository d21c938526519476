"""Taking down and bringing back: a content is down for everybody, in every file and node that has or gets it.

A directory is taken down by itself, with what is below it: the harmless files in it are fine elsewhere. Owners are told
by a job, and see it in their activity log.
"""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar, get_args
from urllib.parse import quote
from uuid import UUID

from pixelhost import errors
from pixelhost.core import mail, removals
from pixelhost.core.callers import Caller
from pixelhost.core.reports import AbuseType
from pixelhost.db import reports, takedowns
from pixelhost.db.connect import Deadlock
from pixelhost.db.takedowns import News
from pixelhost.model.abuse import Copy, Takedown
from pixelhost.site import Site

TYPES: Final = (*get_args(AbuseType), "copyright", "unknown")
"""Reports of visitors name one of the first; the others come by post."""

SAID: Final[Mapping[str, str]] = {
    "terrorism": "terrorism",
    "gore": "extreme violence",
    "child_abuse": "sexual abuse of children",
    "zoophilia": "sexual abuse of animals",
    "revenge_porn": "intimate images without consent",
    "doxing": "somebody's private data",
    "malware": "malware",
    "copyright": "a violation of copyright",
    "unknown": "a reason that was not given",
}
"""In letters."""
assert set(SAID) == set(TYPES)

DIGEST_LENGTH: Final = 64  # in hexadecimal
REPORTER_MAX: Final = 100
NOTE_MAX: Final = 500
TRIES: Final = 5
NEWS_BATCH: Final = 200
NAMED_IN_LETTER: Final = 20
COPIES_SHOWN: Final = 1000

T = TypeVar("T")

log = logging.getLogger(__name__)


async def of_content(site: Site, by: UUID, digest: bytes, kind: str, reporter: str, note: str) -> bool:
    """Take down a content, whether anybody has it or not; reports of it are granted. False when it was down before."""

    async def take_down() -> bool:
        now = site.clock.now()
        new = Takedown(0, digest, None, kind, reporter, note, now)
        async with site.db.acquire() as tx, tx.transaction():
            await takedowns.claim_content(tx, digest, now)
            takedown_id = await takedowns.insert(tx, new, by)
            if takedown_id is not None:
                await takedowns.mark_content(tx, takedown_id)
            await reports.grant(tx, digest, now)
            await takedowns.release_content(tx, digest)
        return takedown_id is not None

    is_new = await _again_after_deadlock(take_down)
    site.changes.note()
    if is_new:
        log.info("%s is taken down: %s, reported by %s", digest.hex(), kind, reporter)
    return is_new


async def of_node(site: Site, by: UUID, node_id: int, kind: str, reporter: str, note: str) -> bool:
    """Take down a directory and all that is and comes below it, or an empty file. False when it was down before."""
    new = Takedown(0, None, node_id, kind, reporter, note, site.clock.now())
    async with site.db.acquire() as tx, tx.transaction():
        takedown_id = await takedowns.insert(tx, new, by)
        if takedown_id is not None:
            await takedowns.mark_directory(tx, takedown_id)
    if takedown_id is not None:
        log.info("the node %d is taken down: %s, reported by %s", node_id, kind, reporter)
    return takedown_id is not None


async def lift(site: Site, caller: Caller, takedown_id: int) -> None:
    """Bring back what was taken down, for all who have it; they are told.

    Raises AUTHENTICATION_REQUIRED, FORBIDDEN, NOT_FOUND.
    """
    by = caller.require_admin()

    async def bring_back() -> Takedown:
        async with site.db.acquire() as tx, tx.transaction():
            found = await takedowns.claim(tx, takedown_id)
            if found is None:
                raise errors.NOT_FOUND(message="There is no such takedown, or it was lifted already")
            if found.digest is not None:
                await takedowns.claim_content(tx, found.digest, site.clock.now())
            await takedowns.unmark(tx, found)
            for owner_id in await takedowns.owners(tx, found):
                names = _names(await takedowns.copies(tx, found.digest, found.node_id, NAMED_IN_LETTER + 1, owner_id))
                await mail.queue_to_account(tx, site, owner_id, "restored", **names)
            await takedowns.delete(tx, takedown_id)
            if found.digest is not None:
                await takedowns.release_content(tx, found.digest)
        return found

    lifted = await _again_after_deadlock(bring_back)
    site.changes.note()
    log.info("%s lifted the takedown %d of %s", by.name, takedown_id, shown(lifted))


async def one(site: Site, takedown_id: int) -> tuple[Takedown, Sequence[Copy]]:
    """With what it took down, at most 1,000 of them. Raises NOT_FOUND."""
    found = await takedowns.by_id(site.db, takedown_id)
    if found is None:
        raise errors.NOT_FOUND(message="There is no such takedown, or it was lifted already")
    return found, await takedowns.copies(site.db, found.digest, found.node_id, COPIES_SHOWN)


async def search(site: Site, kind: str, digest: str, limit: int, offset: int) -> tuple[Sequence[Takedown], int]:
    """The latest first, and how many there are in all; empty texts are anything, `digest` is how one begins."""
    begins = digest.strip().lower()
    return (
        await takedowns.search(site.db, kind, begins, limit, offset),
        await takedowns.count(site.db, kind, begins),
    )


async def tell(site: Site) -> int:
    """Log to owners what of theirs was taken down, and write to them. Returns how many things that were."""
    told, here = 0, site.settings.base_url
    while True:
        async with site.db.acquire() as tx, tx.transaction():
            taken, news = await takedowns.take_news(tx, NEWS_BATCH)
            by_letter: defaultdict[tuple[UUID, int], list[News]] = defaultdict(list)
            for one in news:
                await removals.note_blocked(tx, site.clock.now(), one.copy, one.takedown.type)
                by_letter[one.copy.owner_id, one.takedown.id].append(one)
            for (owner_id, takedown_id), ones in by_letter.items():
                cause = ones[0].takedown
                await mail.queue_to_account(
                    tx,
                    site,
                    owner_id,
                    "taken_down",
                    reason=SAID.get(cause.type, cause.type),
                    reporter=cause.reporter,
                    # Where the site doesn't know its address there is no link that leads here.
                    appeal_url=here and f"{here}/appeal/{takedown_id}",
                    **_names([one.copy for one in ones]),
                )
        told += len(news)
        if taken < NEWS_BATCH:
            return told


async def tidy(site: Site) -> int:
    """Tell owners, and forget takedowns of directories that are gone. Returns how many things that were."""
    return await tell(site) + await takedowns.delete_nodeless(site.db)


def shown(takedown: Takedown) -> str:
    """What it is about, for people."""
    return takedown.digest.hex() if takedown.digest is not None else f"node {takedown.node_id}"


def page(copy: Copy) -> str:
    """Where its owner sees it."""
    return f"/d/me{quote(copy.name)}" if copy.is_node else f"/u/{copy.file_id}"


def _names(copies: Sequence[Copy]) -> dict[str, object]:
    """Of a letter: the names of some things, and whether there are more."""
    return {"names": [copy.name for copy in copies[:NAMED_IN_LETTER]], "has_more": len(copies) > NAMED_IN_LETTER}


async def _again_after_deadlock(run: Callable[[], Awaitable[T]]) -> T:
    """An overwrite locks the new content, then the node, then the old content: who goes the other way may meet it."""
    for _ in range(TRIES - 1):
        try:
            return await run()
        except Deadlock:
            log.info("a takedown met an overwrite, and is tried again")
    return await run()
