"""Counting: views and downloads once per address, every byte that was sent. Gathered in memory, flushed by a job."""

from uuid import uuid4

from pixelhost.core.callers import Caller
from pixelhost.db import sessions, stats
from pixelhost.model import File
from pixelhost.site import Site


def note_view(site: Site, caller: Caller, file: File) -> None:
    """Somebody looks at the page of a file."""
    site.counters.add_view(file, site.keyring.visitor(caller.ip))


def note_sent(site: Site, caller: Caller, file: File, bytes_sent: int) -> None:
    """Bytes of a file went out. They are paid for when either side has a plan that pays."""
    if bytes_sent:
        is_paid = is_premium(site, caller, file)
        site.counters.add_sent(file, site.keyring.visitor(caller.ip), bytes_sent, is_paid=is_paid)


def is_premium(site: Site, caller: Caller, file: File) -> bool:
    """Whether the downloader's plan is a paid one, or the owner's pays for its visitors."""
    if caller.user is not None and site.plan(caller.user.plan_id).is_premium:
        return True
    owners = site.plan(file.owner_plan_id)
    return owners.is_premium and owners.hotlinking


async def flush(site: Site) -> int:
    """Write what was gathered. Returns how many visits.

    A batch that can't be written stays, with its ID: the next flush tries it again, and it counts once even if it
    was only the answer of the database that got lost.
    """
    if keys_used := site.counters.take_keys_used():
        await sessions.set_last_used(site.db, keys_used)
    waiting = site.counters.unwritten
    if visits := site.counters.take_visits():
        waiting.append((uuid4(), visits))
    written = 0
    while waiting:
        batch_id, visits = waiting[0]
        async with site.db.acquire() as db, db.transaction():
            await stats.claim_turn(db)
            await stats.add(db, batch_id, visits, site.clock.now())
        site.changes.note()
        waiting.pop(0)
        written += len(visits)
    return written
